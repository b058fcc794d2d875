"""Embedding probe `near-miss`: whether a paraphrase scores above a near-miss of the same words, and whether wording matters for that.

For an anchor sentence a near-miss says something else with all but the same words: who did what to whom exchanged (`role`), a negation
more or less (`negation`), two attributes exchanged (`binding`), the relation turned round (`spatial`). One vector a text tells such
sentences apart badly (arXiv:2604.16351); a mean similarity would not show it, since a model that calls everything alike has a high one.
The pairs are those of `freqbias pairs near-miss`: `high` and `low` are the paraphrase, `decoys` the near-miss, `naming_high` and
`naming_low` the anchor, all in one wording. Rows written, in the model's own measure (`cosine_margin`,
`maxsim_margin`, …: a difference of two scores) and as `win_rate`:

* `margin`: the paraphrase's score less the near-miss's, anchor and both candidates in frequent and in rare wording. Role, negation and
  binding, where overlap and order are level. The confirmatory estimate, in the model's own measure: positive where frequent wording
  makes the two easier to tell apart. Its scale (`decoys`) has a sentence on something else in the paraphrase's place;
* `margin_role`, `margin_negation`, `margin_binding`, `margin_spatial`: the same by category.

Of the model as a whole (`probes.near_miss_auc`): AUC, equal error rate and accuracy by category and wording, with intervals over items,
beside what word overlap and word order alone would reach.

What could fake a result, and what is done about it: overlap, order and length (level by construction, see
`freqbias.paraphrases.near_miss`; the two baselines say what is left); a liking for one candidate (each is the paraphrase of one anchor
and the near-miss of another); a scale that rare wording shrinks as a whole (`relative` divides by the model's own margin; `win_rate`
and AUC have none); an AUC that templates of different level blur (the accuracy compares within an anchor); ties (one half); sentences
that share a synonym set (the set is the item). `spatial` has an antonym in the paraphrase, so that overlap speaks for the near-miss: it
is in no mean of categories. Cosines, sums of token matches, logits and log-probabilities are all read by their order alone.

What a pair scorer makes of near-misses depends on what it was trained for: a model of entailment is asked for just this, a reranker
for relevance, under which a near-miss *is* relevant.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from freqbias.models.relevance import Scorer
from freqbias.probes import Finding, Judgement, Probe
from freqbias.probes.common import (
    TIE,
    couple_scores,
    document_covariates,
    encode_all,
    naming_queries,
    observation,
    unscorable,
)
from freqbias.probes.near_miss_auc import (
    ACCURACY,
    AUC,
    BOTH,
    CATEGORIES,
    EER,
    GLOSSARY,
    RESAMPLES,
    SPATIAL,
    TOLD_APART,
    Candidates,
    model_estimates,
)
from freqbias.progress import Track
from freqbias.records import Estimate, Observation, Pair
from freqbias.terms import FREQUENCY, SIDES, WIN_RATE

NAME = "near-miss"
MARGIN = "margin"
BY_CATEGORY = {"role": "margin_role", "negation": "margin_negation", "binding": "margin_binding", SPATIAL: "margin_spatial"}
UNRELATED = "Taxes will rise again next year."  # stands for every sentence on something else: no word of the generator's is in it
PART = 256  # pairs that are scored at once for estimates

Scores = Mapping[tuple[str, str], float]


def prepare(pairs: Iterable[Pair], model: Scorer, track: Track) -> dict[str, Candidates]:
    """Encode every text once, and return where `run` keeps what the estimates need of each pair."""
    encode_all(pairs, model, track)
    return {}


def run(pairs: Sequence[Pair], model: Scorer, common: dict[str, Candidates] | None = None) -> Iterator[Observation]:
    """Yield the rows of every pair that is a near-miss; see the module's docstring."""
    usable = [pair for pair in pairs if _usable(pair)]
    scores = couple_scores(model, (couple for pair in usable for couple in _couples(pair)))
    covariates = document_covariates(usable, model)
    for pair in usable:
        _keep(pair, scores, common)
        category = pair.meta["category"]
        contrasts = [BY_CATEGORY[category]] if category == SPATIAL else [MARGIN, BY_CATEGORY[category]]
        for measure, values in _values(pair, scores, model.measure):
            for contrast in contrasts:
                yield observation(NAME, measure, pair, model, contrast, values, covariates[pair.id])


def estimates(pairs: Iterable[Pair], model: Scorer, common: dict[str, Candidates] | None) -> Iterator[Estimate]:
    """Yield what is known of the model as a whole; pairs that an interrupted run had measured before are scored again."""
    known = {} if common is None else common
    wanted = [pair for pair in pairs if pair.arm == FREQUENCY and _usable(pair)]
    missing = [pair for pair in wanted if pair.id not in known]
    for start in range(0, len(missing), PART):
        part = missing[start : start + PART]
        scores = couple_scores(model, (couple for pair in part for couple in _couples(pair)))
        for pair in part:
            _keep(pair, scores, known)
    yield from model_estimates(NAME, model.info.name, [known[pair.id] for pair in wanted])


def _usable(pair: Pair) -> bool:
    return pair.meta.get("category") in CATEGORIES and set(SIDES) <= pair.decoys.keys() and bool(naming_queries(pair))


def _couples(pair: Pair) -> Iterator[tuple[str, str]]:
    """Yield anchor and candidate in one wording, and the anchor with a sentence on something else."""
    for side, anchor in naming_queries(pair).items():
        yield from ((anchor, text) for text in (getattr(pair, side), pair.decoys[side], UNRELATED))


def _values(pair: Pair, scores: Scores, measure: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield measure and values of a pair; an error where a text has no score."""
    found = {f"{anchor} | {text}": scores[anchor, text] for anchor, text in _couples(pair)}
    failed: dict[str, Any] = unscorable(found)
    margins, scale, wins = {}, {}, {}
    for side, anchor in naming_queries(pair).items():
        near_miss = scores[anchor, pair.decoys[side]]
        margins[side] = scores[anchor, getattr(pair, side)] - near_miss
        scale[side] = scores[anchor, UNRELATED] - near_miss
        wins[side] = 0.5 if abs(margins[side]) <= TIE else float(margins[side] > 0)
    yield f"{measure}_{MARGIN}", failed or {**margins, "decoys": scale}
    yield WIN_RATE.name, failed or wins


def _keep(pair: Pair, scores: Scores, common: dict[str, Candidates] | None) -> None:
    """Put a pair's scores where the estimates find them."""
    if common is None or pair.arm != FREQUENCY:
        return
    anchors = naming_queries(pair)
    common[pair.id] = Candidates(
        pair=pair,
        paraphrase=[scores[anchors[side], getattr(pair, side)] for side in SIDES],
        near_miss=[scores[anchors[side], pair.decoys[side]] for side in SIDES],
    )


def _finding(category: str, what: str) -> Finding:
    sentence = f"{what}: AUC {{value}} {{interval}} for paraphrases against near-misses; chance is .5."
    return Finding(contrast=TOLD_APART, measure=AUC, term=category, sentence=sentence)


probe = Probe(
    name=NAME,
    needs="scorer",
    summary="whether a paraphrase scores above a near-miss of the same words: roles, negation, attributes, places",
    questions={MARGIN: "Does frequent wording make near-misses easier to tell from paraphrases?"},
    glossary={
        MARGIN: "How much further the paraphrase scores above a near-miss of the same words in frequent than in rare wording. Anchor, "
        "paraphrase and near-miss change together.",
        "margin_role": "The same where the near-miss exchanges who did what to whom.",
        "margin_negation": "The same where the near-miss has a negation more or less.",
        "margin_binding": "The same where the near-miss exchanges the attributes of two things or people.",
        "margin_spatial": "The same where the near-miss turns a relation in space round. The paraphrase has an antonym there.",
        **GLOSSARY,
    },
    judgement=Judgement(
        contrast=MARGIN,
        secondary=(WIN_RATE.name, AUC, EER, ACCURACY, BOTH),
        unit="of the score",
        subject="paraphrase",
        meaning="stands further above a near-miss of the same words",
        findings=(
            _finding("role", "Who did what to whom"),
            _finding("negation", "Negation"),
            _finding("binding", "Which attribute is whose"),
            _finding("spatial", "Where things are, with an antonym in the paraphrase"),
        ),
    ),
    wants="an anchor, a paraphrase and a near-miss; make them with: freqbias pairs near-miss",
    prepare=prepare,
    run=run,
    estimates=estimates,
    settings={"unrelated": UNRELATED, "resamples": RESAMPLES},
    by_default=False,
)
