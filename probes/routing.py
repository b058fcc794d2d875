"""Probes `routing` and `routing_lm`: whether a query in rare wording is sent to another form of knowledge than in frequent wording.

StructRAG (Li et al. 2024, arXiv:2410.08815) first chooses the form in which knowledge is put for a query: table, graph, algorithm,
catalogue or chunk. The prompt that its authors released offers three of these; here all five are offered, so the accuracies of the two
do not compare. Pairs come from `freqbias pairs routing`, which knows the right form for each query (`meta.route`). `routing` sends a
query where the description of the form has the highest relevance (any embedding model or scorer); `routing_lm` where the letter of the
form is likeliest (five letters scored, in a random order of the forms and in its reverse, averaged). Rows, contrast `route`:

* `accuracy` (confirmatory): 1 where the query is sent right, 1/k of k forms that tie; a gap above zero says that frequent wording is;
* `route_margin` (`route_margin_nats`): the right form ahead of the best other.

Estimates on the model as a whole, from `freqbias.probes.routing_estimates`:

* `flips` (`flip_rate`): the share of queries whose two wordings go to different forms: arm `frequency`, arm `placebo` (two words that are
  equally frequent: what any change of a word does), and the first minus the second, which alone says something of frequency;
* `accuracy_by_route`: by route and wording, by chance 1 in 5, and that of a router by keywords as the baseline (`keywords`), whose flips
  are 0 by construction: no keyword is ever swapped.

What could fake a result, and what is done about it: words that hint at a form (every topic stands in every template of every form);
length and place of the slot (the same for both wordings, and topics the same in every form); a liking for a form or a letter (in both
wordings alike; order and reverse, drawn by item and template); a flip between two wrong forms, or one that any swap causes (accuracy
beside flips, and flips minus those of the placebo); templates that repeat (the synonym set is the item, so intervals are for other words
in these templates and not for other templates).
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from freqbias.models import LanguageModel
from freqbias.models.labels import BY_FIRST, label_log_probs, label_texts, labels_measure
from freqbias.models.log_probs import checked
from freqbias.models.relevance import Scorer
from freqbias.probes import Finding, Judgement, Probe
from freqbias.probes.common import document_covariates, form_covariates, observation, prompt, text_hash
from freqbias.probes.routing_estimates import FLIP_RATE, ROUTES, Found, Scoring, model_estimates, right, route_of
from freqbias.probes.vector_geometry import Floats
from freqbias.progress import Track
from freqbias.records import Estimate, Observation, Pair
from freqbias.terms import ACCURACY, ANSWER, CHANCE, DIFFERENCE, SIDES

BY_DESCRIPTION, BY_LETTER = "routing", "routing_lm"
CONTRAST, MARGIN, MARGIN_NATS = ("route", "route_margin", "route_margin_nats")
#: What each form is for, in the paper's division; no word of a topic and no sentence of a template.
DESCRIPTIONS = {
    "table": "A table of figures, for statistics and for comparing many records.",
    "graph": "A graph of people and things with the links between them, for questions that need several links in a row.",
    "algorithm": "An algorithm, for plans and procedures that are carried out one step after another.",
    "catalogue": "A catalogue of headings and contents, for summaries of long or of many documents.",
    "chunk": "A chunk of plain text, for a single fact that stands in one passage.",
}
LETTERS = ("A", "B", "C", "D", "E")
PROMPT = prompt("routing-v1")


def prepare(pairs: Iterable[Pair], model: Any, track: Track) -> Found:
    """Return where `run` keeps what the estimates need, so that nothing is asked twice."""
    return {}


def prepare_scorer(pairs: Iterable[Pair], model: Scorer, track: Track) -> Found:
    """Encode queries and descriptions."""
    model.prepare((getattr(pair, side) for pair in pairs if route_of(pair) for side in SIDES), list(DESCRIPTIONS.values()), track)
    return {}


def by_description(pairs: Sequence[Pair], model: Scorer) -> Found:
    """Return the relevance of every form's description to both wordings of each pair."""
    couples = [(getattr(pair, side), text) for pair in pairs for side in SIDES for text in DESCRIPTIONS.values()]
    scores = model.scores(*map(list, zip(*couples, strict=True))) if couples else np.zeros(0)
    return dict(zip((pair.id for pair in pairs), np.reshape(scores, (-1, 2, len(ROUTES))), strict=True))


def by_letter(pairs: Sequence[Pair], model: LanguageModel) -> Found:
    """Return the log-probability of every form's letter for both wordings of each pair, mean of two orders, in nats."""
    asked = [(message, order) for pair in pairs for side in SIDES for message, order in _messages(pair, side)]
    values = label_log_probs(checked(model), [message for message, _ in asked], LETTERS) if asked else np.zeros((0, len(ROUTES)))
    scores = np.empty((len(asked), len(ROUTES)))
    for row, (_, order) in enumerate(asked):
        scores[row, order] = values[row]
    return dict(zip((pair.id for pair in pairs), scores.reshape(len(pairs), 2, 2, len(ROUTES)).mean(axis=2), strict=True))


def _messages(pair: Pair, side: str) -> list[tuple[str, list[int]]]:
    """Return the question in an order of the forms that both wordings share, and in its reverse."""
    order = np.random.default_rng(text_hash(pair.item, str(pair.meta.get("frame")))).permutation(len(ROUTES)).tolist()
    texts = list(DESCRIPTIONS.values())
    return [
        (PROMPT.format(options="\n".join(f"{a}. {texts[k]}" for a, k in zip(LETTERS, own, strict=True)), query=getattr(pair, side)), own)
        for own in (order, order[::-1])
    ]


def margin(scores: Floats, gold: int) -> float:
    """Return the right form's score minus the best other's."""
    return float(scores[gold] - np.delete(scores, gold).max())


def _asked(pair: Pair, model: LanguageModel) -> list[str]:
    """Return the whole texts by which a model knows why it has no number."""
    return [text for side in SIDES for message, _ in _messages(pair, side) for text in label_texts(model, message, LETTERS)]


def _rows(name: str, scoring: Scoring, pairs: Sequence[Pair], model: Any, found: Found | None, measure: str) -> Iterator[Observation]:
    wanted = [pair for pair in pairs if route_of(pair)]
    fresh = scoring(wanted, model)
    if found is not None:
        found.update(fresh)
    covariates = (document_covariates if name == BY_DESCRIPTION else form_covariates)(wanted, model)
    for pair in wanted:
        scores, gold = fresh[pair.id], ROUTES.index(str(route_of(pair)))
        sound = bool(np.isfinite(scores).all())
        asked = [] if sound or name == BY_DESCRIPTION else _asked(pair, model)
        chosen = {ANSWER: scores.argmax(axis=1).tolist()} if sound else {}
        for kind, value, more in ((ACCURACY.name, right, {CHANCE: [1 / len(ROUTES)] * 2} | chosen), (measure, margin, {})):
            fields: dict[str, Any] = {side: value(own, gold) for side, own in zip(SIDES, scores, strict=True)}
            told = fields if sound else {"error": f"{model.info.name} gave no finite score of a form"}
            yield observation(name, kind, pair, model, CONTRAST, told, covariates[pair.id] | more, None, asked)


def run_scorer(pairs: Sequence[Pair], model: Scorer, common: Found | None) -> Iterator[Observation]:
    """Yield the rows of every pair with a route, sent by the forms' descriptions; see the module's docstring."""
    return _rows(BY_DESCRIPTION, by_description, pairs, model, common, MARGIN)


def run_language_model(pairs: Sequence[Pair], model: LanguageModel, common: Found | None) -> Iterator[Observation]:
    """Yield the rows of every pair with a route, sent by letter; see the module's docstring."""
    return _rows(BY_LETTER, by_letter, pairs, model, common, labels_measure(model, MARGIN_NATS))


def estimates_scorer(pairs: Iterable[Pair], model: Scorer, common: Found | None) -> Iterator[Estimate]:
    """Yield flips and accuracies by route of a model that compares descriptions."""
    return model_estimates(BY_DESCRIPTION, by_description, pairs, model, common)


def estimates_language_model(pairs: Iterable[Pair], model: LanguageModel, common: Found | None) -> Iterator[Estimate]:
    """Yield flips and accuracies by route of a language model."""
    return model_estimates(BY_LETTER, by_letter, pairs, model, common)


FINDINGS = (
    Finding(
        contrast="flips",
        measure=FLIP_RATE,
        term="share",
        sentence="The two wordings go to different forms in {value} {interval} of queries, of which any change of a word does a part.",
    ),
    Finding(
        contrast="flips",
        measure=FLIP_RATE,
        term="share",
        arm=DIFFERENCE,
        sentence="That is {value} {interval} more than for two words that are equally frequent.",
    ),
)
GLOSSARY = {
    CONTRAST: "How much more often a query in frequent wording is sent to the right form of knowledge.",
    "flips": "How often the two wordings of a query are sent to different forms of knowledge, right or wrong.",
    "accuracy_by_route": "How often a query is sent right, by the form that is right and by wording.",
    MARGIN: "How far the right form's score is ahead of the best other's.",
    MARGIN_NATS: "How far the right form's letter is ahead of the best other's, as a logarithm.",
    FLIP_RATE: "The share of queries whose two wordings go to different forms.",
    "share": "The share of queries.",
    "keywords": "The same of a router that looks for keywords, none of which is ever swapped.",
    **{f"{route}:": f"A number of queries for which {route} is the right form: {{what}}." for route in ROUTES},
}


def _judgement(margins: tuple[str, ...]) -> Judgement:
    return Judgement(
        contrast=CONTRAST,
        measure=ACCURACY.name,
        secondary=margins,
        subject="query",
        meaning="is more often sent to the right form of knowledge",
        findings=FINDINGS,
    )


by_descriptions = Probe(
    name=BY_DESCRIPTION,
    needs="scorer",
    summary="which of five forms of knowledge a query is sent to by their descriptions, and how often wording changes it",
    questions={CONTRAST: "Is rare wording sent to the wrong form of knowledge?"},
    glossary=GLOSSARY,
    judgement=_judgement((MARGIN,)),
    wants="meta.route, as `freqbias pairs routing` writes it",
    prepare=prepare_scorer,
    run=run_scorer,
    estimates=estimates_scorer,
    settings={"descriptions": DESCRIPTIONS},
    by_default=False,
)
by_letters = Probe(
    name=BY_LETTER,
    needs="language_model",
    summary="which of five forms of knowledge a language model sends a query to by letter, and how often wording changes it",
    questions={CONTRAST: "Does the model send rare wording to the wrong form of knowledge?"},
    glossary=GLOSSARY,
    judgement=_judgement((MARGIN_NATS, BY_FIRST + MARGIN_NATS)),
    wants="meta.route, as `freqbias pairs routing` writes it",
    prepare=prepare,
    run=run_language_model,
    estimates=estimates_language_model,
    settings={"descriptions": DESCRIPTIONS, "letters": list(LETTERS)},
    prompts={"routing": PROMPT},
    by_default=False,
)
