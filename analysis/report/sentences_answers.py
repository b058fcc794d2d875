"""The sentences on models that are asked for answers, in prompts: part of `sentences.SENTENCES`, by id."""

ANSWER_WORDS = {
    "with_rewording": "rewording of any kind, as far as can be told",
    "short_rewording": "goes with rewording, perhaps",
    "rewording": "Rewording the original in equally frequent words: {size}, {p}. Negative means that rewording costs.",
    "rewording_beyond": "The gap minus what rewording costs: {size}.",
    "prompts": "Asked in {n} prompts, the gap is least in {prompt_least}, and most in {prompt_most}.",
    "prompts_accuracy": "In accuracy it is least in {prompt_least}, and most in {prompt_most}.",
    "prompt_in": "{prompt}: {size}",
    "crossed_frames": "{n} frames",
    "crossed_prompts": "{n} prompts",
    "right_documents": "documents",
    "right_answers": "answers",
    "answered": "It got {right} of {answers} answers right, counting all wordings of both arms.{guessing}",
    "discordant": "Answers that differ between the forms: {high_only} pairs right in the frequent form only, {low_only} in the rare "
    "form only.",
    "discordant_mcnemar": "The exact McNemar test gives {p}.",
    "discordant_items": "Items have several pairs each, so the test is that of the mean over items: {p}.",
    "logit_none": "Among these pairs no slope is given{why}.",
    "logit": "Among these pairs the log-odds that the frequent form is the right one rise by {size} per Zipf unit{clear}.{few}",
    "logit_few": " With so few pairs a slope tends to be overestimated.",
    "no_better": "it answers no better than by guessing",
    "next_to_nothing": "it gets next to nothing right",
    "guessing": " Guessing alone gives {chance}.",
    "harder_problems": "harder problems",
}
