"""Language-model probe `option_frequency`: two answers of equal content and different frequency to the same question.

A gloss is the question, and either form is scored as the *text* of the answer. Forms that say the same compete for the same mass, so the
raw log-probability of an answer says how usual its words are as much as how right it is (surface form competition: Holtzman et al. 2021,
arXiv:2104.08315). Rows written, one a register of the gloss:

* `answer`, measure `pmi_nats` (confirmatory): log p(option | question) - log p(option | the same question with `N/A` in the place of the
  gloss), that is, what the content adds. Two forms of equal content have a gap of zero whatever their frequency: by Bayes' rule
  p(form | content) is proportional to p(form) where p(content | form) is equal. `pmi_bare_nats` has the bare start of an answer in the
  place of that question, which is the shortest premise of the domain;
* `raw`, measure `log_prob_nats`: log p(option | question). It *must* favour frequent words: a good language model does, and that is no
  bias. It is described and not tested; the analysis takes `calibration` from it, the slope on the corpus log-odds, whose null is 1;
* `per_token`, measure `log_prob_per_token_nats`: the same over the number of the option's tokens, as harnesses normalise by length.

An option is the swapped word where the pair's `meta.swap` names it, since the glosses are then of that word, and the whole form
elsewhere. Pairs whose two options are one text, as in the lexicon's arm `length`, have no rows. Templates are rotated over pairs by a
hash, so that both forms of a pair are asked for in the same words, and named in `prompt`. `decoys` holds the same for the wrong option.

What could fake a result, and what is done about it:

* frequency itself: PMI is judged, and log p only described;
* the task's own pull, as when a question for a word calls for rarer words than what follows "Answer:" elsewhere: the judged premise keeps
  the question, the bare one stands beside it;
* a premise that leaks content: neither holds a word of the item;
* senses: a frequent word has more of them, so a gloss of one *should* support it less. A negative gap is no dislike of frequent words
  before `n_senses` is held, which the analysis does where pairs have it;
* splitting: a split word gains per token, since its later pieces are nearly certain, so that measure is secondary. Sums obey the chain
  rule, and `subwords` and `whole_word` are those of the options;
* length of an option: what it costs by itself cancels between the two terms of a PMI;
* register: two glosses with equal weight, and the analysis holds the form's own. Word repetition: glosses share no stem with the forms;
* a gloss that fits one form better: the analysis holds `gloss_fit` and `gloss_lean`;
* tokens at the border: a context ends in a colon and an option begins with a blank; a token that straddles them counts as the option's
  for every form and premise alike (`freqbias.models.adapters.borders`);
* an option that begins a longer word: that word's mass is counted with it in both terms of the PMI, so it distorts raw log p more.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from freqbias.characters import same_text
from freqbias.models import LanguageModel
from freqbias.models.labels import ANSWER_START, answer_context
from freqbias.models.log_probs import checked
from freqbias.probes import Finding, Judgement, Probe
from freqbias.probes.common import observation, prompt, text_hash
from freqbias.probes.whole_word import swapped_spans
from freqbias.records import Observation, Pair
from freqbias.terms import FREQUENCY, HIGH, LOG_PROB, LOW, REGISTERS, SIDES

NAME = "option_frequency"
PMI, PMI_BARE, PER_TOKEN = "pmi_nats", "pmi_bare_nats", "log_prob_per_token_nats"
CONTENT_FREE = "N/A"  # in the place of a gloss, as in contextual calibration (Zhao et al. 2021, arXiv:2102.09690)
WORD_PROMPTS = ("option-word-meaning-v1", "option-word-description-v1", "option-word-definition-v1")
TEXT_PROMPTS = ("option-text-meaning-v1", "option-text-description-v1", "option-text-reworded-v1")
TEMPLATES = {name: prompt(name) for name in (*WORD_PROMPTS, *TEXT_PROMPTS)}

Couple = tuple[str, str]  # context, option
Scores = Mapping[Couple, float]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a pair is asked with: its options by side, those of the decoy, the name of the template, and the contexts of the answer.

    `questions` are contexts by register, `free` is the one without content.
    """

    pair: Pair
    options: Mapping[str, str]
    decoys: Mapping[str, str]
    template: str
    questions: Mapping[str, str]
    free: str

    @property
    def texts(self) -> list[str]:
        """Every option, right ones first."""
        return [*self.options.values(), *self.decoys.values()]

    def couples(self) -> Iterator[Couple]:
        """Yield every context with every option."""
        contexts = (*self.questions.values(), self.free, ANSWER_START)
        return ((context, text) for context in contexts for text in self.texts)


def run(pairs: Sequence[Pair], model: LanguageModel, common: None = None) -> Iterator[Observation]:
    """Yield the rows of every pair that has a gloss and two options; see the module's docstring."""
    model = checked(model)
    asked = [found for pair in pairs if (found := _asked(pair, model)) is not None]
    scores = _scores(asked, model)
    tokens = _token_counts(asked, model)
    for own in asked:
        for register in own.questions:
            yield from _rows(own, register, model, scores, tokens)


def _asked(pair: Pair, model: LanguageModel) -> Asked | None:
    options, decoys, names = _options(pair)
    glosses = {register: texts[0] for register in REGISTERS if (texts := pair.queries.get(f"gloss_{register}"))}
    if not glosses or same_text(options[HIGH], options[LOW]):
        return None
    template = names[text_hash(pair.id) % len(names)]
    messages = [TEMPLATES[template].format(gloss=gloss) for gloss in (*glosses.values(), CONTENT_FREE)]
    *questions, free = (answer_context(model, message) for message in messages)
    return Asked(
        pair=pair,
        options=options,
        decoys=decoys if pair.arm == FREQUENCY else {},
        template=template,
        questions=dict(zip(glosses, questions, strict=True)),
        free=free,
    )


def _options(pair: Pair) -> tuple[dict[str, str], Mapping[str, str], tuple[str, ...]]:
    """Return the options and the decoy's by side, with the names of the templates that ask for such options."""
    words = pair.meta.get("swap")
    if not isinstance(words, list | tuple) or len(words) != len(SIDES):
        return {side: getattr(pair, side) for side in SIDES}, pair.decoys, TEXT_PROMPTS
    options = {side: str(word) for side, word in zip(SIDES, words, strict=True)}
    decoys = {side: word for side in SIDES if (word := _decoy_word(pair, side, options[side])) is not None}
    return options, decoys if len(decoys) == len(SIDES) else {}, WORD_PROMPTS


def _decoy_word(pair: Pair, side: str, word: str) -> str | None:
    """Return what stands in the decoy in the place of a word; None where it shows an inflection, so that the two would differ in that."""
    if side not in pair.decoys:
        return None
    form, decoy = getattr(pair, side), pair.decoys[side]
    spans = swapped_spans(pair.replace(high=form, low=decoy)) if not same_text(form, decoy) else None
    if spans is None or any(len(places) != 1 for places in spans):
        return None
    (first,), (second,) = spans
    shown, wrong = form[slice(*first)], decoy[slice(*second)]
    if shown.casefold() != word.casefold():
        return None
    return str(wrong if shown == word else wrong[0].lower() + wrong[1:])


def _scores(asked: Sequence[Asked], model: LanguageModel) -> dict[Couple, float]:
    """Return log p(option | context) in nats of every distinct couple."""
    couples = list(dict.fromkeys(couple for own in asked for couple in own.couples()))
    values = model.continuation_log_probs([context for context, _ in couples], [f" {text}" for _, text in couples])
    return dict(zip(couples, map(float, values), strict=True))


def _token_counts(asked: Iterable[Asked], model: LanguageModel) -> dict[str, int]:
    """Return how many tokens each option has behind the start of an answer; empty where the model counts none."""
    texts = list(dict.fromkeys(text for own in asked for text in own.texts))
    counts = model.token_counts([ANSWER_START, *(f"{ANSWER_START} {text}" for text in texts)]) if texts else None
    return {} if counts is None else {text: max(count - counts[0], 1) for text, count in zip(texts, counts[1:], strict=True)}


def _rows(own: Asked, register: str, model: LanguageModel, scores: Scores, tokens: Mapping[str, int]) -> Iterator[Observation]:
    question = own.questions[register]

    def pmi(premise: str) -> dict[str, float]:
        return {text: scores[question, text] - scores[premise, text] for text in own.texts}

    raw = {text: scores[question, text] for text in own.texts}
    per_token = {text: raw[text] / tokens[text] for text in own.texts} if tokens else None
    covariates = _covariates(own, tokens)
    for contrast, measure, values, premise in (
        ("answer", PMI, pmi(own.free), own.free),
        ("answer", PMI_BARE, pmi(ANSWER_START), ANSWER_START),
        ("raw", LOG_PROB.name, raw, None),
        ("per_token", PER_TOKEN, per_token, None),
    ):
        asked = [f"{context} {text}" for context in (question, premise) if context is not None for text in own.texts]
        fields = _fields(own, values, model)
        yield observation(NAME, measure, own.pair, model, contrast, fields, covariates, register, asked, prompt=own.template)


def _fields(own: Asked, values: Mapping[str, float] | None, model: LanguageModel) -> dict[str, Any]:
    if values is None:
        return {"error": f"{model.info.name} does not say how many tokens a text has"}
    if not np.isfinite(list(values.values())).all():
        return {"error": f"{model.info.name} gave no finite log-probability"}
    fields: dict[str, Any] = {side: values[text] for side, text in own.options.items()}
    return fields | ({"decoys": {side: values[text] for side, text in own.decoys.items()}} if own.decoys else {})


def _covariates(own: Asked, tokens: Mapping[str, int]) -> dict[str, list[int]]:
    """Return `subwords` and `whole_word` of the two options; whole where every word of an option is one token."""
    if not tokens:
        return {}
    counts = [tokens[text] for text in own.options.values()]
    whole = [int(count <= len(text.split())) for text, count in zip(own.options.values(), counts, strict=True)]
    return {"subwords": counts, "whole_word": whole}


probe = Probe(
    name=NAME,
    needs="language_model",
    summary="log-probability, log-probability per token and PMI of either form as the answer to a question that describes both",
    questions={"answer": "Does a question support its frequent answer more than its rare one?"},
    glossary={
        "answer": "How much more the question adds to the frequent answer than to the rare one. Both answers have the same content.",
        "raw": "How much likelier the model finds the frequent answer. Any good model does, so this is described and not tested.",
        "per_token": "How much likelier the frequent answer is for each of its tokens. A word in several pieces gains from this.",
        "PMI": "Pointwise mutual information, in nats: how much likelier an answer is with the question than without it, as a logarithm.",
        PMI: "How much likelier an answer becomes by what the question describes: against the same question without content.",
        PMI_BARE: "How much likelier an answer becomes by the whole question: against the bare start of an answer.",
        PER_TOKEN: "The log-probability of an answer divided by the number of its tokens.",
    },
    judgement=Judgement(
        contrast="answer",
        measure=PMI,
        secondary=(PMI_BARE, LOG_PROB.name, PER_TOKEN),
        unit="PMI",
        subject="candidate answer",
        meaning="gains more from a question that describes its content",
        findings=(
            Finding(
                contrast="answer",
                measure=PMI_BARE,
                sentence="Against the bare start of an answer the frequent answer gains {value} nats {interval} more, {p}. "
                "This holds what any question for an answer does, too.",
            ),
            Finding(
                contrast="raw",
                measure=LOG_PROB.name,
                sentence="The frequent answer itself is likelier by {value} nats {interval}. A good language model finds frequent words "
                "likelier, so this is no bias.",
            ),
            Finding(
                contrast="per_token",
                measure=PER_TOKEN,
                sentence="For each token the frequent answer is likelier by {value} nats {interval}, {p}. "
                "Words that are split into pieces gain from this measure.",
            ),
        ),
    ),
    wants="queries gloss_plain or gloss_elevated",
    run=run,
    prompts=TEMPLATES,
    settings={"content_free": CONTENT_FREE, "start": ANSWER_START},
    by_default=False,
)
