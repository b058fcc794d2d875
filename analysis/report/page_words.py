"""Sentences and words of the report's page around the verdicts, by id: how far to trust them, limits of a run, what to do, labels.

`sentences` holds those of the verdicts; `said` looks both up. An id that ends in `_short` is what a first screen
calls the sentence of the same id, in a few words.
"""

#: Templates by id; names in braces are filled in by whoever says them.
PAGE_WORDS = {
    # marks, for readers who see no sign
    "mark_good": "fine",
    "mark_unsure": "open",
    "mark_bad": "a problem",
    "mark_none": "not known",
    # what is asked of a verdict
    "what_placebo": "Placebo",
    "what_length": "Length control",
    "what_confounders": "Other differences",
    "what_whole": "Whole words",
    "what_power": "Number of items",
    "what_noise": "Numerical noise",
    "what_failures": "Failures",
    "what_frames": "Variety of texts",
    # placebo
    "trust_placebo_none": "These pairs have no placebo, so nothing shows what any swap of words would do.",
    "trust_placebo_none_short": "no placebo",
    "trust_placebo_passes": "Swaps of equally frequent words do nothing that matters, as it should be.",
    "trust_placebo_small": "Swaps of equally frequent words do something, but too little to matter.",
    "trust_placebo_differs": "Swaps of equally frequent words make a difference too, so a part of the effect may be that of any swap.",
    "trust_placebo_differs_short": "swaps of equally frequent words make a difference too",
    "trust_placebo_needs": "{items} cannot show that swaps of equally frequent words do nothing; it takes about {needs}.",
    "trust_placebo_needs_short": "any swap of words may do as much ({items} of the placebo are too few to tell)",
    "trust_placebo_untold": "It is not settled whether swaps of equally frequent words do something that matters.",
    "trust_placebo_untold_short": "any swap of words may do as much (the placebo leaves it open)",
    # length control
    "trust_length_none": "These pairs have no length control.",
    "trust_length_higher": "Empty words added to a text lower its score, so the measure does react to wording.",
    "trust_length_lower": "Empty words added to a text raise its score, so shorter is no advantage here.",
    "trust_length_unclear": "Whether empty words added to a text change its score is not shown either way.",
    # other differences between the forms
    "trust_confounders_inseparable": "Another difference between the two words moves with frequency, so these pairs cannot tell them "
    "apart.",
    "trust_confounders_inseparable_short": "another difference moves with frequency",
    "trust_confounders_carried": "A large part of the effect goes with another difference between the forms: {carriers}.",
    "carrier_share": "{label} ({share})",
    "trust_confounders_carried_short": "a part goes with {carriers}",
    "trust_confounders_held": "The effect remains with length, readability, register and the like held constant.",
    "trust_confounders_lost": "With length, readability, register and the like held constant, the effect is not shown to remain.",
    "trust_confounders_lost_short": "not shown to remain once other differences are held constant",
    "trust_confounders_hidden": "No effect is found, but with other differences held constant there is one.",
    "trust_confounders_hidden_short": "other differences may hide an effect",
    # whole words
    "trust_whole_there": "The effect is also there where the model splits neither word.",
    "trust_whole_absent": "Where the model splits neither word, the effect is gone or reversed.",
    "trust_whole_absent_short": "gone where the model splits neither word",
    "trust_whole_unclear": "Where the model splits neither word, these pairs are too few to tell.",
    "trust_whole_unclear_short": "word splitting is not ruled out",
    "trust_whole_unknown": "It is not known which words the model splits, or it splits one in every pair.",
    "trust_whole_unknown_short": "word splitting is not ruled out",
    # number of items
    "trust_power_letter": "The model gives one letter in nearly every answer, whatever is asked.",
    "trust_power_letter_short": "one letter in nearly every answer",
    "trust_power_chance": "The model can hardly answer what it is asked, so its answers show nothing of wording.",
    "trust_power_chance_short": "a model that can hardly answer",
    "trust_power_limit": "In most pairs both wordings are at the same end of the scale, where no difference could show.",
    "trust_power_limit_short": "most pairs are at the end of the scale",
    "trust_power_same": "In most pairs both wordings score exactly the same, so these queries show the model nothing that differs.",
    "trust_power_same_short": "both wordings score exactly the same",
    "trust_power_one": "A single item has neither an interval nor a test.",
    "trust_power_one_short": "a single item",
    "trust_power_untestable": "{items} are too few for the test, which can find nothing in fewer than {least}.",
    "trust_power_untestable_short": "{items} are too few for any test",
    "trust_power_found": "{items} were enough to find the effect.",
    "trust_power_enough": "{items} are enough to find the smallest effect that matters.",
    "trust_power_needs": "{items} would often miss the smallest effect that matters; finding it takes about {needs}.",
    "trust_power_needs_short": "{items} would often miss what matters",
    "trust_power_no_bound": "This measure has no smallest effect of interest, so nothing says whether {items} are enough.",
    "trust_power_none": "Nothing was measured.",
    "trust_power_none_short": "nothing was measured",
    # noise
    "trust_noise_within": "The effect is smaller than what the model's numbers move by when only the batch changes.",
    "trust_noise_within_short": "smaller than numerical noise",
    "trust_noise_beyond": "The model's numbers move far less with the batch than with the wording.",
    "trust_noise_near": "The effect is less than ten times what the model's numbers move by when only the batch changes.",
    "trust_noise_unknown": "By how much the model's numbers move with the batch was not measured.",
    # failures
    "trust_failures_matter": "{failed} pairs failed, enough to change the answer had they all gone one way.",
    "trust_failures_matter_short": "{failed} pairs failed",
    "trust_failures_all": "All {failed} pairs failed.",
    "trust_failures_some": "{failed} pairs failed, too few to change the answer.",
    "trust_failures_beside": "No pair failed in what the answer rests on. In another measure {failed_beside} did.",
    "trust_failures_none": "No pair failed.",
    # frames
    "trust_frames_prompts": "Everything was asked in the same {frames} prompts, so the answer may hold for these prompts only.",
    "trust_frames_prompts_short": "few prompts",
    "trust_frames_few": "All texts follow {frames} sentence patterns, so the answer may hold for these patterns only.",
    "trust_frames_few_short": "few sentence patterns",
    "trust_frames_same": "Some items share a text, so they are fewer than they look.",
    "trust_frames_same_short": "items that share a text",
    "trust_frames_many": "The texts follow many different sentence patterns, and no two items share one.",
    # numbers behind these lines
    "number_adjusted": "Adjusted for other differences: {size}.",
    "number_whole": "Both words whole: {size} in {items}.",
    "number_split": "Only the rare word split: {size} in {items}.",
    "number_power": "Found four times in five with {items}: {least} {unit} or more. The smallest effect of interest is {bound}.",
    "number_power_alone": "Found four times in five with {items}: {least} {unit} or more.",
    "number_noise": "With the batch, numbers move by up to {floor} {unit}.",
    "number_failures": "{failed} of {all} pairs failed.",
    # the number to cite
    "cite_number": "{value} {unit}, 95 % interval {interval}, {p}{adjusted}; {items}.",
    "cite_adjusted": " ({p} corrected for all claims of this report)",
    # limits of a run
    "limit_cause": "Natural words cannot prove a cause, so an effect goes with frequency at most. Nothing here speaks of models or "
    "texts that "
    "were not measured.",
    "limit_counts": "Frequencies are counts of subtitles, web and books, not of what a model was trained on.",
    "limit_sentences": "The texts are single sentences; in longer ones a single word weighs less.",
    "limit_sentences_short": "one-sentence texts",
    "limit_lexicon": "Language models wrote the synonyms and sentences, and other models read them blind; no person has checked all of "
    "them.",
    "limit_lexicon_short": "texts written by language models",
    "limit_substitute": "Words were swapped by a program in texts of other authors; some fit their place less well than the author's.",
    "limit_substitute_short": "words swapped by a program",
    "limit_rewrite": "A language model rewrote the texts; it may have changed more than how common the words are.",
    "limit_rewrite_short": "texts rewritten by a language model",
    "limit_informal": "{rare} of the rare words are informal, but {frequent} of the frequent ones.",
    "limit_informal_short": "slang among the rare words",
    "limit_formal": "{rare} of the rare words are formal, but {frequent} of the frequent ones.",
    "limit_formal_short": "formal words among the rare ones",
    "limit_english": "All texts are in English; nothing is known of other languages.",
    "limit_language": "All texts are in one language ({languages}); nothing is known of others.",
    "limit_one": "There is one item, so nothing is known of others.",
    "limit_one_short": "only one item",
    "limit_few": "There are {items}, fewer than {least}; expect wide intervals.",
    "limit_few_short": "only {items}",
    "limit_of_run": "{run}: {limit}",
    "limit_quantised": "The weights of {model} were read in quantised form ({bits}); the full model may behave differently.",
    "limit_quantised_short": "quantised weights ({bits})",
    # what to do
    "do_split_embedder": "Rare words cost where the model splits them. Search by exact words as well (a hybrid with BM25), or ask in "
    "everyday "
    "words. `freqbias collection` measures on your documents what either repairs.",
    "do_split_language_model": "Rare words cost where the model splits them. Prefer everyday words in prompts, or take a model whose "
    "vocabulary "
    "holds your terms.",
    "do_frequency_embedder": "Where a rare word adds nothing, write or ask in everyday words. `freqbias collection` measures on your "
    "documents what "
    "query rewriting, document expansion and a hybrid with BM25 repair.",
    "do_frequency_language_model": "Where a rare word adds nothing, write prompts in everyday words.",
    "do_untold": "Do not act on this as an effect of frequency. Measure pairs in which the other differences are level, and more of "
    "them.",
    "do_reversed": "Rare wording is favoured here, so there is nothing to repair. Read the examples before you rely on it.",
    "do_more": "Measure more items before you decide; about {needs} would do. `--n` sets their number.",
    "do_more_any": "Measure more items, with two or more pairs each, before you decide.",
    "do_capable": "Take a larger model, or one that is tuned to follow instructions. Easier problems or another prompt may do as well.",
    "do_harder": "Take harder queries or problems, or more documents: where everything is found, or nothing, wording cannot show.",
    "do_other_queries": "Ask what holds one of the two words, or measure your own queries with `freqbias collection`.",
    "do_swap": "Look at the pair file: its high forms are not the more frequent ones.",
    "do_noise": "Do not act on this: measure in a higher precision.",
    "do_nothing": "Nothing to repair on this evidence.",
    "do_groups": "No difference is shown on average, so look at which items lose: the HTML report has the pairs.",
    "do_measure": "Find out why nothing was measured: all pairs failed, or none of the frequency arm was asked.",
    # summary
    "more_in_page": "{left} more are in [report.html](report.html).",
    # pairs
    "pairs_absent": "They are not shown: it takes `pairs.jsonl` and `observations.jsonl` of the run, and they are not in its folder.",
    "pairs_with": "Ten that show the effect most",
    "pairs_typical": "Ten typical ones",
    "pairs_against": "Ten that go the other way most",
    "pairs_sampled": "{shown} of {all} pairs are in this page, the extremes among them; `pairs.jsonl` holds all.",
    "stratum_of_whole_whole": "both words whole",
    "stratum_of_whole_split": "only the rare word split",
    "stratum_of_split_split": "both words split",
    "stratum_of_other": "other",
    "register_none": "both neutral",
    "register_rare_informal": "rare word informal",
    "register_rare_formal": "rare word formal",
    "register_other": "another register",
}
