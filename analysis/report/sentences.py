"""Every sentence of a verdict that is not its headline's, by id: controls, findings, natural units, notes and noise floors.

The headline's own sentences stand in `rules`, each beside the condition under which it is said; what a probe says of its own estimates
stands in its judgement, what a page says around the verdicts in `page_words`. No other module of this package holds a text that readers
meet (a test reads them for strays).
"""

from freqbias.analysis.report.page_words import PAGE_WORDS
from freqbias.analysis.report.sentences_answers import ANSWER_WORDS
from freqbias.analysis.report.sentences_remedied import REMEDIED_WORDS
from freqbias.terms import REVERSED

#: Templates by id; names in braces are filled in by whoever says them.
SENTENCES = {
    # words and marks inside other sentences
    "no_test": "no test",
    "no_interval": "[no interval]",
    "adjusted_p": "adjusted {p}",
    "includes_zero": " (interval includes zero)",
    # the answers that a report begins with
    "word_yes": "yes",
    "word_no": "no",
    "word_untold": "cannot tell",
    "word_reversed": REVERSED,
    "word_mixed": "not on average",
    "word_unseen": "cannot be measured",
    "with_phrasing": "phrasing, or how frequent the construction is",
    "with_overlap": "word overlap with the query, as far as can be told",
    "with_any_swap": "any swap of synonyms, as far as can be told",
    "with_untold": "something that cannot be told from these pairs",
    "with_something_else": "something that these pairs do not single out, not shown to be frequency",
    "with_splitting": "the splitting of rare words into pieces",
    "with_frequency": "frequency, and not through word splitting alone",
    "with_frequency_or_splitting": "frequency; how much through word splitting cannot be told",
    "with_confounder": "other differences between the forms more than frequency",
    "short_phrasing": "goes with phrasing",
    "short_overlap": "goes with word overlap, perhaps",
    "short_any_swap": "not shown to exceed the placebo",
    "short_untold": "with what, cannot be told",
    "short_something_else": "not shown to go with frequency",
    "short_splitting": "goes with word splitting",
    "short_frequency": "goes with frequency",
    "short_frequency_or_splitting": "goes with frequency, perhaps by word splitting",
    "with_confounder_named": "{carriers}, more than frequency",
    "short_confounder_named": "goes with {carriers} more than frequency",
    "short_confounder": "goes with other differences",
    "short_qualified": "{cause}, with reservations",
    "control_small": "shows something too small to matter",
    "control_passes": "shows nothing, as it should",
    "control_untold": "cannot tell",
    "control_differs": "shows something",
    "control_none": "these pairs have none",
    "question_default": "Does {probe} favour frequent wording?",
    "answer_found": "{clause}. It goes with: {cause}.",
    "answer_untold": "No effect is detected, nor is one that would matter ruled out.{level}",
    "answer_no": "There is no difference that matters.{level}",
    "answer_mixed": "On average no difference is detected, but it is not the same everywhere.{level}",
    "answer_unseen": "In most pairs both wordings are at the same end of the scale, where no difference could show.{level}",
    "answer_unmoved": "In most pairs both wordings score exactly the same, so these queries cannot tell them apart.",
    "answer_qualified": "Reservations stand further down, under the model's findings.",
    "answer_example": "scores {size} {unit} higher than",
    # what an effect means in a unit that needs no explanation, found ones first
    "natural_loses": "in {worse} wording the right document loses to a wrong one on its topic in {more} instead of {fewer} of "
    "comparisons. In {form} wording it {meaning}",
    "natural_loses_level": "the right document loses to a wrong one on its topic in {high_loss} of comparisons in frequent wording and "
    "in {low_loss} in rare wording",
    "natural_places": "a {subject} in {form} wording {meaning}, by {places} places on average. Its {unit} is {better_level} instead of "
    "{worse_level}",
    "natural_factor": "a {subject} in {form} wording {meaning}, by a factor of {factor} in probability",
    "factor_beyond": "more than a million",
    "natural_factor_level": "frequent instead of rare wording changes the probability by a factor of {factor} [{factor_low}, "
    "{factor_high}]",
    "natural_levels": "a {subject} in {form} wording {meaning} ({better_level} instead of {worse_level})",
    "natural_levels_level": "the {unit} is {high} in frequent wording and {low} in rare wording",
    "natural_plain": "a {subject} in {form} wording {meaning}",
    "meaning_default": "has the higher {unit}",
    # what the rules of the headline fill in
    "size": "{value} {unit} {interval}",
    "failed_throughout": "failed on every pair of",
    "not_measured": "was not measured in",
    "needed": " To detect ± {bound}, the smallest effect of interest, four times in five takes about {n} items.",
    "uneven": "In an estimated {above} of items frequent wording is favoured by more than {bound} {unit}. Rare wording is favoured by "
    "more than that in {below}.",
    "changes": "For every factor of ten in frequency the gap moves by {size} towards {form} wording.",
    "beside_placebo": "It exceeds what the placebo shows.",
    "beside_placebo_not": "It is not shown to exceed what the placebo shows.",
    "beside_placebo_none": "There is no placebo to hold it against.",
    "per_factor": "The gap changes by {size} per factor of ten in frequency within the frequency arm.",
    "per_factor_held": "The gap changes by {size} per factor of ten in frequency within the frequency arm, with {held} held constant.",
    "confounders": "{n} confounders",
    "per_factor_robust": "{slope} By a test that assumes less: {size}.",
    "in_items": "{size} in {items}",
    "none_split": "no word is split",
    "cost": "With only the rare word split, instead of neither, the gap differs by {size}, at an equal frequency gap.",
    "split": " Where only the rare one is split, it is {where}, unadjusted.",
    "carrier": "{share}{ends} of it goes with {label}",
    "share_ends": " [{low}, {high}]",
    "own_share": ", {share}{ends} with frequency, splitting included",
    "own_share_over": ", {share}{ends} with frequency, splitting included. Some other parts are negative, so these add up to more than "
    "the whole",
    "beyond": "; {size} is left beyond it",
    "placebo_part": " By {label}: {size} (90 % interval).",
    "oriented_formal": "formality",
    "oriented_informal": "informality",
    "oriented_characters": "number of letters",
    "oriented_subwords": "number of pieces",
    "alike": " Where both forms have equally many pieces, whole words included, it is {equal}.",
    "untold_items": "for some items",
    "untold_gaps": "for larger frequency gaps",
    "or": " or ",
    "or_with": " or with {held}",
    "or_with_many": " or with one of {held}",
    "of_items": "{n} of {all} items",
    "share_of_items": "{share} of the items",
    "failures_bounded": "whatever they would have shown, the mean lies between {low} and {high}",
    "some_items": "some items",
    "distinct": ". Counted once, they give {size}",
    "items_failed": "{n} pairs failed",
    # controls
    "placebo_none": "Placebo: these pairs have none.",
    "placebo_unmeasured": "Placebo: none of its {failed} pairs could be measured.",
    "placebo_at_limit": "Placebo: in {limit_share} of its pairs {unit} is at the same end of its scale in either wording, so it shows "
    "nothing. It is {limits}.",
    "limits": "at the top in {top}, at the bottom in {bottom}",
    "harder": "harder queries, or a larger collection",
    "easier": "queries that the model can answer, or another model",
    "placebo_few_alike": "Placebo: both forms score the same in each of its {items}, too few to say that swapping words does nothing.",
    "placebo_unbounded": "Placebo: {size}; no smallest effect of interest to test it against.",
    "placebo_equivalent": "Placebo: equivalent to zero ({where}).",
    "placebo_equivalent_differs": "Placebo: smaller than the smallest effect of interest, yet it differs from zero ({where}).",
    "placebo_whole_only": "Placebo: as a whole smaller than the smallest effect of interest, but not shown to be in each of its parts "
    "({where}).",
    "placebo_whole_only_differs": "Placebo: differs from zero, as a whole by less than the smallest effect of interest ({where}). That "
    "it is so small is not shown of each of its parts.",
    "placebo_differs": "Placebo: differs from zero ({where}).",
    "placebo_unclear": "Placebo: not shown to be equivalent to zero ({where}).",
    "placebo_where": "{value} {unit}, 90 % interval {interval}, {items}; bound ± {bound}",
    "placebo_width": "{where}, interval width {width}",
    "placebo_parts": "Placebo by what distinguishes its two words, where not shown to be equivalent to zero. Positive favours the "
    "unmarked, shorter or less split one; intervals are of 90 %. {parts}.",
    "placebo_joint": "Placebo by what distinguishes its two words, in one test of them all: no difference from zero detected ({p}).",
    "placebo_joint_differs": "Placebo by what distinguishes its two words, in one test of them all: it differs from zero ({p}).",
    "items_one": "{n} item",
    "items_many": "{n} items",
    "difference": "Frequency minus placebo: {size}, {p}.",
    "length_lower": "Length control: text with empty words added scores higher than without them, {size} for the shorter wording. "
    "Leaving them out is no advantage here.",
    "length_higher": "Length control: text without empty words scores higher than with them, as expected, {size} for the shorter "
    "wording.",
    "length_unclear": "Length control: no difference between text with and without empty words detected, {size} for the shorter wording.",
    # findings: size
    "queries_one_register": "Some or all glosses come in one register only. A plain gloss is closer in style to the frequent form, an "
    "elevated one to the rare form.",
    "queries_no_gloss": "The queries are not glosses and may share words with the documents: nothing here removes word overlap as a "
    "confounder.",
    "margin_lost": "{worse} wording loses {share} of the lead that the right document in {form} wording has over a wrong one in "
    "frequent wording. The gap divided by the lead, averaged over both wordings of each, is {size}.{beside}",
    "margin_placebo": " Equally frequent synonyms (placebo) may do as much.",
    "margin_share": "The gap is {size} times this model's margin between right and wrong {texts} (exact − decoy).",
    "margin_untold": "The gap is {size} times this model's margin between right and wrong {texts} (exact − decoy). The interval of "
    "that margin includes zero.",
    "levels": "Levels: {high} {unit} for the frequent form, {low} for the rare one.",
    "shares": "The gap favours the frequent form in {high} of the items, the rare form in {low}.",
    "shares_zero": "The gap favours the frequent form in {high} of the items, the rare form in {low}. In {zero} it is zero.",
    "share_alone": "The gap favours the frequent form in {high} of the items.",
    "flipped": "Suppose right documents scored lower by the smallest effect of interest, {bound} {unit}. Then {share} of their "
    "comparisons with wrong ones in the same wording would turn from won to lost.",
    "detectable": "With {items} an effect under {least} {unit} would have been missed more often than one time in five.",
    "twin": "The right document's lead over a wrong one changes by the gap above (`{contrast}` of {probe}).",
    "secondary": "In other measures: {list}.",
    # findings: who and where
    "spread_unclear": "Items may differ, but there are too few pairs an item to tell that from noise. The standard deviation of their "
    "true effects is estimated at {value} and may be zero. If it is as estimated, the effect of a new item is expected between {low} "
    "and {high}.",
    "spread": "Items differ: the standard deviation of their true effects is {value}. The effect of a new item is expected between "
    "{low} and {high}.",
    "groups": "The gap is not the same by {by} ({p}). Its means: {list}.",
    "by_pos": "part of speech",
    "by_prompt": "prompt",
    "stratum_whole_whole": "both words whole: {size} ({items})",
    "stratum_whole_split": "only the rare word split: {size} ({items})",
    "stratum_split_split": "both split: {size} ({items})",
    "strata": "By whether the swapped word is one token of this model (means, nothing held constant; an item can be in several). {list}.",
    "split_cost": "the rare word split instead of none, confounders and frequency gap held constant: {size}",
    "equal_subwords": "Where both forms have the same number of subwords, whole words included ({items}): {size}{left}.",
    "left_none": ", so no effect is detected there",
    "left_reversed": ", so the effect is reversed there",
    "direct": "Not accounted for by the number of pieces and the confounders, by regression: {size}{left}.{more}",
    "direct_robustness": " An unmeasured confounder would have to explain {robustness} of the residual variance of the gap, and as much "
    "of the predictors', to bring this remainder to zero.",
    "direct_not_whole": " This rests on a straight line through the numbers of pieces. Where both words are whole no effect is seen "
    "(unadjusted).",
    "direct_beyond": " That is more than the whole effect, so together these work the other way.",
    "without_largest": "Without the one item that adds most to it, it is {size}, and its interval {verb} zero.",
    "trimmed": "Without the fifth of the items at either end it is {size}, and its interval {verb} zero.",
    "verb_includes": "includes",
    "verb_excludes": "leaves out",
    "equal_overlap_own": "The queries are the collection's own; they search only those of its texts that have two forms.",
    "equal_overlap_collection": "The queries are the collection's own; they search all of its documents. Each changed one is put in "
    "alone, in the place of the original. An item is a query with the changed documents that it asks for, which share what stands in "
    "their way.",
    "equal_overlap_query": "The queries are the collection's own, asked in either wording; they search all of its documents as they are. "
    "An item is a query.",
    "equal_overlap_query_none": "In every pair one form of the query shares more words with what it asks for. So the effect cannot be "
    "separated from word matching.",
    "equal_overlap_query_level": "Where both forms of the query share as many words with what it asks for ({items}): {size}. Elsewhere "
    "word matching plays a part too.",
    "sharing": "queries share more words with one form",
    "sharing_query": "one form of the query shares more words with what it asks for",
    "matched": "queries share as many words with both forms",
    "matched_query": "both forms of the query share as many words with what it asks for",
    "equal_overlap_none": "In every pair the queries share more words with one form. So the effect cannot be separated from word "
    "matching.",
    "equal_overlap": "Where the queries share as many words with both forms ({items}): {size}. Elsewhere word matching plays a part too.",
    # findings: dose, confounders
    "parts": "The mean gap split by regression, {total} in all. {list}.",
    "part_frequency": "frequency, splitting included: {size}",
    "part_rest": "unexplained: {size}",
    "part": "{label}: {size}",
    "held_over": "Confounders are held constant over the {n_slope} of {n_main} pairs whose frequency and confounders are known.",
    "not_held": "Not adjusted for (more than a tenth of the pairs lack a value): {list}.",
    "dose_none": "Dose: no slope is given{why}.",
    "dose": "Per Zipf unit of frequency gap (a factor of ten{of}), confounders held constant: {size}{clear}.{more}",
    "dose_of_text": ", of all content words of the texts",
    "dose_robust": " By a test that assumes less: {size}.",
    "dose_within": " Within the frequency arm alone: {size}.",
    "dose_beside_split": " Within the frequency arm and the strata of splitting, on average over them: {size}.",
    "dose_sense": " By the frequency of the intended sense: {size}.",
    "dose_sense_same": " By the frequency of the intended sense it is, to the digits shown, what it is within the arm.",
    "dose_source": " By the frequency in {source}: {size}.",
    "dose_instrument": " With the frequency in {source} as instrument: {size}.",
    "dose_sides": "Frequency of each form apart: {high} per Zipf unit of the frequent one, {low} of the rare one.",
    "why": ", {reason}",
    "adjusted": "Adjusted for confounders by regression: {regression}. In the {n} items that are level in length and readability: "
    "{matched}.{disagree}",
    "adjusted_beyond": "Adjusted for confounders by regression: {regression}; beyond the placebo, adjusted alike, {beyond}. In the {n} "
    "items that are level in length and readability: {matched}.{disagree}",
    "disagree": " The two disagree, and only the regression holds the other confounders constant.",
    "adjusted_far": " The regression's is read off a line, since hardly a pair is level in {list}.",
    # findings: other contrasts
    "background_prefers": "Background: the model prefers {form} wording when other items' glosses are the queries: {where}.",
    "background_doubt": "Background: when other items' glosses are the queries, documents in {form} wording lie nearer: {where}. {why}, "
    "so no preference is claimed.",
    "background_noise": "Background: {where}; below this model's noise floor, so no preference is claimed.",
    "background_none": "Background: no preference for either wording was detected when other items' glosses are the queries: {where}.",
    "background_difference": "{where}; frequency minus placebo {size}",
    "doubt_no_placebo": "there is no placebo to hold it against",
    "doubt_placebo": "an equally frequent synonym (placebo) may do as much",
    "doubt_adjusted": "it is not shown after adjusting for confounders ({size})",
    "doubt_unadjusted": "it cannot be adjusted for confounders",
    "doubt_register": "register is not held constant",
    "specific": "Specific to the item's own content (gloss − background): {size}, {p}.",
    "word_matching": "Word matching: a query with the document's own word instead of its synonym gains {match}. The frequent word's "
    "gain minus the rare word's: {asymmetry}.",
    "word_matching_none": "Word matching: a query with the document's own word and one with its synonym score alike, in every pair.",
    "calibration_even": "Calibration: the model's log-odds rise by {size} per unit of corpus log-odds; the interval includes the "
    "corpus's own odds (1).",
    "calibration_steeper": "Calibration: the model's log-odds rise by {size} per unit of corpus log-odds; this is steeper than the "
    "corpus's own odds (1).",
    "calibration_flatter": "Calibration: the model's log-odds rise by {size} per unit of corpus log-odds; this is flatter than the "
    "corpus's own odds (1).",
    "failed_one": "{n} pair could not be measured.",
    "failed_many": "{n} pairs could not be measured.",
    # notes on a run, noise floors
    "note_empty": "{probe} of {model} produced no rows: the pairs have none of the queries it needs, or the model cannot answer them.",
    "note_failed": "{probe} of {model} failed on {n} of {all} pairs; most often: {reason}.",
    "note_cut": "{model} truncated texts of {n} of {all} pairs to its window: words beyond it were not read, so a swap there makes no "
    "difference.",
    # two runs held against each other: A is the first
    "compare_side": "{side}: {model} in {run}",
    "compare_reading": "Gaps are value(frequent) − value(rare), changes are B − A on the same items. Intervals are of 95 %. P-values "
    "that the sentences rest on are adjusted together (Benjamini–Hochberg).",
    "compare_ask": "These runs hold the same pairs, but not one model each. To hold two of them against each other: freqbias compare "
    "{runs} --a MODEL --b MODEL ({first} holds {a}; {second} holds {b}).",
    "compare_table": "What the sentences rest on",
    "compare_table_all": "Every difference",
    "compare_loses_more": "B loses {size} more to rare wording than A. {levels}",
    "compare_loses_less": "B loses {size} less to rare wording than A. {levels}",
    "compare_gains_more": "B gains {size} more from rare wording than A. {levels}",
    "compare_gains_less": "B gains {size} less from rare wording than A. {levels}",
    "compare_level_loses": "{side} loses {size}",
    "compare_level_gains": "{side} gains {size}",
    "compare_same": "A and B gave the same numbers on every pair.",
    "compare_none": "No difference detected in what rare wording costs A and B: {size}. {levels}",
    "compare_none_matters": "No difference that matters in what rare wording costs A and B: {size}. Its 90 % interval {interval} lies "
    "inside ± {bound}. {levels}",
    "compare_small": "That is less than the smallest effect of interest, ± {bound}.",
    "compare_scale": "In {unit} B loses {size} than A, but no difference was detected where each is measured by its own margin between "
    "right and wrong documents. What changed may be the scale of its scores.",
    "compare_scale_more": "{size} more",
    "compare_scale_less": "{size} less",
    "compare_detectable": "With {items} a difference under {least} would have been missed more often than one time in five.",
    "compare_one_item": "One item says nothing on others.",
    "compare_of_margin": "{value} of its margin between right and wrong documents",
    "compare_of_comparisons": "{value} of 100 comparisons",
    "compare_of_share": "{value} points of {unit}",
    "compare_of_unit": "{value} {unit}",
    "compare_quality_higher": "Quality ({what}) is higher in B by {size}. {levels}",
    "compare_quality_lower": "Quality ({what}) is lower in B by {size}. {levels}",
    "compare_quality_same": "Quality ({what}) is the same.",
    "compare_quality_none": "No difference detected in quality ({what}): {size}. {levels}",
    "compare_quality_matters": "No difference that matters in quality ({what}): {size}. Its 90 % interval {interval} lies inside ± "
    "{bound}. {levels}",
    "compare_quality_levels": "Quality is {first} in A and {second} in B.",
    "compare_quality_small": "The difference in quality is less than the smallest effect of interest, ± {bound}.",
    "compare_quality_unknown": "This probe does not measure quality.",
    "compare_what_margin": "the margin between right and wrong documents",
    "compare_what_level": "{unit}, mean of both wordings",
    "compare_what_wins": "comparisons that the right document wins",
    "compare_row_gap": "gap",
    "compare_row_relative": "gap ÷ margin",
    "compare_row_level": "quality (level)",
    "compare_row_margin": "quality (margin)",
    # what to do: the queries that lose most in a collection, and the remedies
    "worst_title_document": "Documents that lose most through a rare word",
    "worst_title_query": "Queries that lose most through a rare word",
    "worst_note": "The worst {shown} of all cases, by nDCG@10. {case} A word's Zipf frequency is log10 of its occurrences in a billion "
    "words: 3 is once in a million, and each step of 1 a factor of ten. Part of what each case has lost is chance: measured again, most "
    "would lose less. Over all {n} the mean loss in nDCG@10 is {mean}; every case that lost is in worst_queries.csv.",
    "worst_case_document": "A case is a changed document with a query that it is judged relevant to; rank is the document's place among "
    "all documents, 1 the top.",
    "worst_case_query": "A case is a changed query; rank is the place of the best document that it asks for, 1 the top.",
    "worst_ranks": "{frequent} → {rare}",
    "worst_word": "{word} ({zipf})",
    "worst_split_both": "both split by the model",
    "worst_split_rare": "the rare one split by the model",
    "worst_split_frequent": "the frequent one split by the model",
    "worst_words": "{frequent} → {rare}",
    "worst_overtaken": "{id}: {text}",
    "count_document": "{n} item",
    "count_document_many": "{n} items",
    "count_query": "{n} query",
    "count_query_many": "{n} queries",
    "remedy_none": "the model as it is",
    "remedy_bm25": "BM25 instead of the model",
    "remedy_hybrid": "the model and BM25 together (reciprocal-rank fusion, k = 60)",
    "remedy_rerank": "the first 50 re-ranked by {by}",
    "remedy_query_expansion": "the frequent synonym added to the query",
    "remedy_document_expansion": "the frequent synonym added to every document with the rare word",
    "remedy_query_rewriting": "the frequent synonym instead of the rare word of the query",
    "remedy_side_document": "in documents",
    "remedy_side_query": "in queries",
    "remedy_what_helps": "What helps with rare words {side}: {names}.",
    "remedy_no_help": "None of what was tried helps with rare words {side}.",
    "remedy_what_costs": "What costs quality: {names}.",
    "remedy_nothing": "Rare words {side}: no loss detected (gap {size} nDCG@10), so no remedy can be judged there.",
    "remedy_line": "With {remedy}: {clauses}.",
    "remedy_gap": "The gap in nDCG@10 goes from {before} to {after}",
    "remedy_helps": "rare words {side} lose less. {gap}, change {change}",
    "remedy_levels": "the gap of rare words {side} narrows, but they rank no higher. {gap}, change {change}",
    "remedy_reverses": "the gap of rare words {side} turns round. {gap}, change {change}",
    "remedy_widens": "rare words {side} lose more. {gap}, change {change}",
    "remedy_unclear": "no change detected for rare words {side}. {gap}, change {change}",
    "remedy_same": "nothing changes for rare words {side} (gap in nDCG@10 {after})",
    "remedy_quality_costs": "quality falls, {size} nDCG@10 over {n}",
    "remedy_quality_gains": "quality rises, {size} nDCG@10 over {n}",
    "remedy_quality_none": "no change of quality detected, {size} nDCG@10 over {n}",
    "remedy_quality_same": "quality stays as it is",
    "remedy_best_case": "Expansion and rewriting know the very words that were swapped: this is the best that a synonym table could do. "
    "In use it will know fewer words, and swap some that mean something else.",
    "remedy_reading": "All remedies were tried on the same cases, a changed text with a judged query each. Gaps are frequent minus "
    "rare, means over items of the means of their cases. The verdict, which takes the mean of each document first, may differ by a "
    "little. Places are how much higher frequent wording ranks; ranks beyond 100 count as 101. The gap in scores is divided by the "
    "margin of the remedy's own scores, so a remedy that only shrinks scores changes nothing here. That margin is the right document in "
    "frequent wording less the mean of the wrong ones among the first 100. Intervals are of 95 % over items; tests of changes are "
    "adjusted together (Benjamini–Hochberg).",
    "remedy_lists": "The word pairs that lost a hundredth in nDCG@10 or more are written as synonym lists for Solr, Elasticsearch and "
    "OpenSearch ({files}). They repair word matching; a model that reads texts needs the words in the texts, as in the rows on "
    "expansion.",
    "remedy_lists_chance": "No model showed a loss, so which words stand there is mostly chance: look at them before you use them.",
    "remedy_no_lists": "No word pair lost a hundredth in nDCG@10 or more, so the synonym lists are empty.",
    "remedy_column": "remedy",
    "remedy_column_gap": "{side}: gap in nDCG@10",
    "remedy_column_places": "{side}: places",
    "remedy_column_relative": "{side}: gap ÷ margin",
    "remedy_column_quality": "nDCG@10 of all queries",
    "remedy_column_cost": "its change",
    # method
    "arm_placebo": "one synonym swapped for an equally frequent one; its high side is the one with fewer subwords, of unmarked register "
    "or the shorter one, in turn",
    "arm_length": "the same wording with and without empty material; high is the shorter one",
    "arm_frequency": "one synonym swapped; high is the more frequent one",
    "arm_frequency-placebo": "difference of the two arms: over different items, or within the items of both where they share most",
    "one_test": " (one test with {name})",
    "noise_unmeasured": "{model}: the noise floor was not measured.",
    "noise_none": "{model}: numbers do not move when only the batch changes.",
    "noise": "{model}: numbers move by {size} {unit} when only the batch changes.",
    **ANSWER_WORDS,
    **PAGE_WORDS,
    **REMEDIED_WORDS,
}


def said(name: str, /, **values: str) -> str:
    """Return a sentence of the table, filled in."""
    return SENTENCES[name].format_map(values)
