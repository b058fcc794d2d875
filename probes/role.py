"""Embedding probe `role`: whether a query that asks for a role finds the document in that role, or one that has the same words.

A pair (`freqbias pairs roles`) has two queries and two documents about one thing: what it caused and what caused it, who it acted on and
who acted on it, an answer and a question about it, what it is part of and what is part of it. `queries.relevant` asks for the role of the
forms, `queries.other_role` for the role of the decoys; both documents come in frequent and in rare wording. Rows written:

* `role_margin` (confirmatory; measure `MEASURE_margin`, where MEASURE is the model's own): how far a query's right document lies above
  its wrong one, mean of both queries, with both documents in high form and both in low form. `decoys` is 0, what a model has to which
  roles are one, so `relative` is the gap as a share of the frequent form's margin;
* `both_right` (measure `accuracy`): 1 where both queries rank their right document first, else 0; a tie is a half for each query, so
  a constant model has a quarter. This is the pairwise accuracy of NevIR (Weller et al. 2024, arXiv:2305.07614), whose chance is 25 %.

Estimates on the model as a whole, by wording (contrast `frequent_wording`, `rare_wording`) and couple of roles (term: `meta.domain`
of the pair, and `all`), frequency arm: `auc`, of the scores of all queries with their right against their wrong documents, ties a
half, chance .5, percentile interval over items; `accuracy`, mean of item means of `both_right`, exact interval at the effective number
of pairs (Korn & Graubard 1998), which is not empty where all are right. Items are synonym sets: intervals generalise to other words,
not to other templates; `details` holds the lowest and the highest template.

What could fake a result, and what is done about it:

* words and places in common with the query: equal for both documents (by the generator, row by row; `paraphrases.roles`). A model that
  only counts words has ties, AUC .5 and a quarter of the couples;
* a document that is likelier, or nearer to all queries: it is right for one query and wrong for the other, which cancels in the margin,
  gives AUC .5, and *no* couple: an accuracy under 25 % says that the model answers both queries alike;
* both documents that move together with their wording: the margin has only their difference in it;
* the swapped word's fit to one role: both documents hold it, in opposite roles;
* scores of a model that differ by rounding (equal within 1e-9 is a tie).
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from freqbias.models.relevance import Scorer
from freqbias.probes import Finding, Judgement, Probe
from freqbias.probes.common import MIN_ITEMS, TIE, couple_scores, document_covariates, encode_all, observation, text_hash, unscorable
from freqbias.probes.entailment_auc import auc_above_chance
from freqbias.progress import Track
from freqbias.records import Estimate, Observation, Pair
from freqbias.terms import ACCURACY, EMPTY, FEW_ITEMS, FREQUENCY, HIGH, LOW, SIDES

NAME = "role"
AUC = "auc"
ALL = "all"
CATEGORIES = {
    "cause_effect": "Cause and effect",
    "agent_patient": "Agent and patient",
    "question_answer": "Question and answer",
    "part_whole": "Part and whole",
}
WORDINGS = {HIGH: "frequent_wording", LOW: "rare_wording"}
PART = 256  # pairs whose scores are asked for at once for estimates
RESAMPLES = 999  # of items

Floats = NDArray[np.float64]
Scored = dict[str, Floats]  # by pair id: shape (forms, queries, right and wrong document)


def prepare(pairs: Iterable[Pair], model: Scorer, track: Track) -> Scored:
    """Encode every text once, and return where `run` keeps the scores for the estimates."""
    encode_all(pairs, model, track)
    model.prepare((text for pair in pairs for text in queries(pair)), (), track)
    return {}


def queries(pair: Pair) -> list[str]:
    """Return the query for the role of the forms and that for the role of the decoys; nothing for a pair of another kind."""
    other = pair.queries.get("other_role")
    own = pair.queries.get("relevant")
    return [own[0], other[0]] if own and other and set(SIDES) <= pair.decoys.keys() else []


def run(pairs: Sequence[Pair], model: Scorer, common: Scored | None = None) -> Iterator[Observation]:
    """Yield the rows of every pair with queries for both roles; see the module's docstring."""
    usable = [pair for pair in pairs if queries(pair)]
    scored, covariates = _scores(usable, model), document_covariates(usable, model)
    for pair in usable:
        own = scored[pair.id]
        if common is not None and pair.arm == FREQUENCY:
            common[pair.id] = own
        failed = unscorable({document: float(own[k, 0, j] + own[k, 1, 1 - j]) for (k, j), document in _documents(pair).items()})
        asked = [*queries(pair), *_documents(pair).values()]
        margins, right = own[:, :, 0] - own[:, :, 1], both_right(own)
        values: dict[str, Any] = dict(zip(SIDES, margins.mean(axis=1).tolist(), strict=True)) | {"decoys": dict.fromkeys(SIDES, 0.0)}
        rows = [("role_margin", f"{model.measure}_margin", values), ("both_right", ACCURACY.name, dict(zip(SIDES, right, strict=True)))]
        for contrast, measure, fields in rows:
            yield observation(NAME, measure, pair, model, contrast, failed or fields, covariates[pair.id], None, asked)


def _documents(pair: Pair) -> dict[tuple[int, int], str]:
    """Return the documents by form and by role: 0 is the forms' own, 1 the decoys'."""
    return {(k, j): (getattr(pair, side), pair.decoys[side])[j] for k, side in enumerate(SIDES) for j in (0, 1)}


def _scores(pairs: Sequence[Pair], model: Scorer) -> Scored:
    """Return the scores of each pair, shape (forms, queries, right and wrong document)."""
    known = couple_scores(model, ((query, text) for pair in pairs for query in queries(pair) for text in _documents(pair).values()))
    return {
        pair.id: np.array(
            [[[known[query, _documents(pair)[k, j ^ role]] for j in (0, 1)] for role, query in enumerate(queries(pair))] for k in (0, 1)]
        )
        for pair in pairs
    }


def both_right(scores: Floats) -> list[float]:
    """Return, form by form, the probability that both queries rank right where ties are broken at random."""
    leads = scores[:, :, 0] - scores[:, :, 1]
    won = np.where(np.abs(leads) <= TIE, 0.5, (leads > 0).astype(float))
    found: list[float] = won.prod(axis=1).tolist()
    return found


def estimates(pairs: Iterable[Pair], model: Scorer, common: Scored | None) -> Iterator[Estimate]:
    """Yield AUC and accuracy by wording and couple of roles; pairs that an interrupted run had measured before are asked again."""
    known = {} if common is None else common
    wanted = [pair for pair in pairs if pair.arm == FREQUENCY and queries(pair)]
    missing = [pair for pair in wanted if pair.id not in known]
    for start in range(0, len(missing), PART):
        known |= _scores(missing[start : start + PART], model)
    present = {str(pair.meta.get("domain")) for pair in wanted}
    for name in [*[name for name in CATEGORIES if name in present], *sorted(present - {*CATEGORIES, "None"}), ALL]:
        chosen = [pair for pair in wanted if name in (ALL, pair.meta.get("domain"))]
        sound = [pair for pair in chosen if np.isfinite(known[pair.id]).all()]
        for k, side in enumerate(SIDES):
            scores = np.array([known[pair.id][k] for pair in sound]).reshape(-1, 2, 2)
            for measure, fields in ((AUC, _auc(sound, scores, name)), (ACCURACY.name, _accuracy(sound, scores))):
                about: dict[str, Any] = {"model": model.info.name, "probe": NAME, "measure": measure, "contrast": WORDINGS[side]}
                counts: dict[str, Any] = {"n_pairs": len(sound), "n_failed": len(chosen) - len(sound)}
                yield Estimate(**about, arm=FREQUENCY, term=name, **counts, **fields)


def area(scores: Floats) -> float:
    """Return the AUC of scores of shape (pairs, queries, right and wrong), ties counting one half."""
    flat = scores.reshape(-1)
    return (auc_above_chance(flat, np.arange(len(flat)) % 2 == 0) + 1) / 2


def _auc(pairs: Sequence[Pair], scores: Floats, name: str) -> dict[str, Any]:
    method = (
        f"area under the ROC curve, right against wrong documents; chance .5; percentile interval from {RESAMPLES} resamples of items"
    )
    if not pairs:
        return {"value": None, "flags": [EMPTY], "method": method}
    items = np.unique([pair.item for pair in pairs], return_inverse=True)[1]
    own = [scores[items == item] for item in range(items.max() + 1)]
    found = {"value": area(scores), "n_items": len(own), "method": method, "details": by_template(pairs, lambda rows: area(scores[rows]))}
    if len(own) < MIN_ITEMS:
        return found | {"flags": [FEW_ITEMS]}
    rng = np.random.default_rng(text_hash(NAME, name))
    drawn = [area(np.concatenate([own[i] for i in rng.integers(len(own), size=len(own))])) for _ in range(RESAMPLES)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return found | {"ci_low": float(low), "ci_high": float(high), "std_error": float(np.std(drawn, ddof=1))}


def _accuracy(pairs: Sequence[Pair], scores: Floats) -> dict[str, Any]:
    values = np.array(both_right(scores))
    return mean_share(values, pairs, "both queries rank right; chance .25")


def mean_share(values: Floats, pairs: Sequence[Pair], what: str) -> dict[str, Any]:
    """Return the fields of an `Estimate` for the mean of item means of shares, with an exact interval at the effective number of pairs.

    That number is p(1 - p) over the squared standard error of the mean of item means, at most the pairs; the items where all are alike.
    Source: Korn & Graubard 1998, Survey Methodology 24, 193-201; the interval is Clopper and Pearson's.
    """
    method = f"{what}; mean of item means, exact binomial interval at the effective number of pairs"
    if not pairs:
        return {"value": None, "flags": [EMPTY], "method": method}
    items = np.unique([pair.item for pair in pairs], return_inverse=True)[1]
    means = np.bincount(items, values) / np.bincount(items)
    p, n = float(means.mean()), len(means)
    found: dict[str, Any] = {"value": p, "n_items": n, "method": method}
    found["details"] = by_template(pairs, lambda rows: float(values[rows].mean()))
    if n < MIN_ITEMS:
        return found | {"flags": [FEW_ITEMS]}
    from scipy import stats

    error = float(means.std(ddof=1)) / math.sqrt(n)
    adjusted = (stats.norm.ppf(0.975) / stats.t.ppf(0.975, n - 1)) ** 2  # Korn & Graubard's for the degrees of freedom of few items
    size = min(p * (1 - p) / error**2 * adjusted, float(len(pairs))) if error > 0 else float(n)
    hits = p * size
    low = float(stats.beta.ppf(0.025, hits, size - hits + 1)) if p > 0 else 0.0
    high = float(stats.beta.ppf(0.975, hits + 1, size - hits)) if p < 1 else 1.0
    return found | {"ci_low": low, "ci_high": high, "std_error": error}


def by_template(pairs: Sequence[Pair], value: Callable[[NDArray[np.bool_]], float]) -> dict[str, float]:
    """Return the lowest and the highest value of a template, and how many there are."""
    frames = np.array([str(pair.meta.get("frame")) for pair in pairs])
    values = [value(frames == frame) for frame in np.unique(frames)]
    return {"templates": len(values), "template_lowest": min(values), "template_highest": max(values)}


def _findings() -> Iterator[Finding]:
    for name, said in CATEGORIES.items():
        for measure, what in ((AUC, "AUC {first}, 95 % interval {interval}"), (ACCURACY.name, "both queries right {first} {interval}")):
            sentence = f"{said} in frequent wording, number of pairs in brackets: {what}."
            yield Finding(contrast=WORDINGS[HIGH], term=name, measure=measure, sentence=sentence)


probe = Probe(
    name=NAME,
    needs="scorer",
    summary="lead of the document in the role that is asked for over one with the same words in the other role",
    questions={"role_margin": "Are roles told apart better in frequent wording?"},
    glossary={
        "role_margin": "How much further the document in the asked role lies above the one in the other role when both are in frequent "
        "wording. Both hold the same words.",
        "both_right": "How much more often both queries find their own document first in frequent wording. Guessing gives a quarter.",
        WORDINGS[HIGH]: "How well a model tells roles apart where the documents are in frequent wording.",
        WORDINGS[LOW]: "How well a model tells roles apart where the documents are in rare wording.",
        AUC: "How often a right document scores higher than a wrong one, over all couples: 0.5 is chance, 1 is without error.",
        "cause_effect": "Queries for what a thing caused, or for what caused it.",
        "agent_patient": "Queries for whom somebody acted on, or for who acted on them.",
        "question_answer": "Queries for an answer about a thing, or for a question about it.",
        "part_whole": "Queries for what a thing is part of, or for what is part of it.",
    },
    judgement=Judgement(
        contrast="role_margin",
        secondary=(ACCURACY.name, AUC),
        unit="of score",
        meaning="lies further above one that has the same words in the other role",
        findings=(
            *_findings(),
            Finding(
                contrast="both_right",
                measure=ACCURACY.name,
                sentence="Both queries find their own document first in {high} of couples in frequent wording, in {low} in rare wording: "
                "{size}, {p}. Guessing gives a quarter; a model that answers both queries alike has none.",
            ),
        ),
    ),
    wants="queries relevant and other_role, and decoys in both forms (freqbias pairs roles)",
    prepare=prepare,
    run=run,
    estimates=estimates,
    settings={"tie": TIE, "resamples": RESAMPLES},
    by_default=False,
)
