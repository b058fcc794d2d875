"""Embedding probe `geometry`: whether an effect of frequency is a property of the space rather than of meaning.

Rows written, for the two documents of a pair:

* `centroid` (measure `cosine`): cosine with the mean direction of the documents of all other items;
* `norm` (measure `l2_norm`): the vector's length; no rows where the model normalises its output;
* `hubness` (measure `k_occurrence`): in how many lists of the ten nearest neighbours the document stands, each form by itself.

The confirmatory estimate is `centroid`. Model-level estimates come without tests, with intervals from resampling items; `term` is
`UNIT:SPACE` with unit `words` (content words of the documents, each alone), `forms` (the swapped words alone), `documents` or
`synonyms`, and space `raw`, `centred` or `all_but_the_top` (centred, without the first d/100 principal components):

* `freq_cos_slope` (measure `cosine_per_doubling`): mean cosine with the texts of other items, per doubling of frequency, at equal
  length and share of the intended sense, within pairs for forms and documents. In unit `synonyms` it is the cosine of a pair's two
  swapped words, which mean the same, against their mean log2 frequency: the claim of Zhou et al. (2022, arXiv:2205.05092) that cosine
  understates the similarity of frequent words is a negative slope there. Centring brings the mean cosine with others near zero for
  every text by construction; the slope of the synonyms has no such floor;
* `norm_freq_corr` (measure `correlation`): length of the vector with Zipf, by ranks, within pairs where there are pairs;
* `hubness_skewness` (measure `skewness`): third standardised moment of the k-occurrence, k = 10 (Radovanović et al. 2010);
* `hubness_freq_corr` (measure `correlation`): k-occurrence with Zipf, by ranks, within pairs where there are pairs.

What could fake a result, and what is done about it: the frame, which is most of a document (slopes and correlations are taken within
pairs, whose forms share it); a centroid or neighbour lists that lean to one form (the pool holds both forms of every pair), or that hold
the document's own item (left out); length and word senses (controls; words alone have no sense counts here, so their slope is not
controlled for senses, which the method says); cosines that rise for every text alike because the space is a cone (the same after
centring and after all-but-the-top: what vanishes there was geometric); a chosen space or unit (all are given, none is tested); ties of
neighbours (broken by the pool's order, which is a hash of the texts, and counted in the method).
Vectors are those of role `document`. Of more than 2,000 pairs or 4,000 words a random part is the pool.
"""

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from freqbias.frequency import content_words, swap, word_zipf
from freqbias.models.relevance import DenseScorer
from freqbias.probes import Judgement, Probe
from freqbias.probes import vector_geometry as space
from freqbias.probes.common import document_covariates, observation, swapped_zipf, text_hash, unscorable
from freqbias.probes.vector_geometry import Fit, Floats, Ints
from freqbias.progress import Track
from freqbias.records import Estimate, Observation, Pair
from freqbias.terms import COSINE, FREQUENCY, K_OCCURRENCE, SIDES, UNDEFINED

log = logging.getLogger(__name__)

MAX_PAIRS = 2_000  # of the pool: 4,000 documents, whose cosines with each other take a second
MAX_WORDS = 4_000
FORM_WORDS = 3  # longer stretches that differ are rewrites, no words
LOG2_10 = math.log2(10)
CONSTANT = 1e-4  # relative spread of norms under which a model normalises; float32 leaves 1e-7


@dataclass(frozen=True)
class Pool:
    """The documents that centroid and neighbour lists are made of, both forms of every pair, usable ones only.

    `items` numbers the rows' items, `numbers` maps an item's hash to that number; `sums` adds up the unit vectors of each item.
    """

    pairs: list[Pair]
    unit: Floats
    sums: Floats
    numbers: dict[int, int]
    items: Ints
    reach: Floats
    norms_vary: bool


def prepare(pairs: Iterable[Pair], model: DenseScorer, track: Track) -> Pool | None:
    """Encode both forms of every pair and make the pool from the frequency arm (from all pairs where there is none).

    None, and a warning, for a model that has no vectors (word counts, pair scorers): it has no geometry, and no rows.
    """
    if not hasattr(model, "encode"):
        log.warning("geometry: %s has no dense vectors, so there is nothing to measure", model.info.name)
        return None
    model.prepare([], (getattr(pair, side) for pair in pairs for side in SIDES), track)
    chosen = _part(pairs, lambda pair: pair.arm == FREQUENCY) or _part(pairs, lambda pair: True)
    vectors = _vectors(model, [getattr(pair, side) for pair in chosen for side in SIDES])
    unit = space.unit_rows(vectors)
    usable = np.isfinite(unit).all(axis=1)
    names = [text_hash(pair.item) for pair in chosen for _ in SIDES]
    numbers = {name: i for i, name in enumerate(dict.fromkeys(names))}
    items = np.array([numbers[name] for name in names], dtype=np.int64)[usable]
    unit = unit[usable]
    sums = np.zeros((len(numbers), unit.shape[1]))
    np.add.at(sums, items, unit)
    norms = np.linalg.norm(vectors[usable], axis=1)
    varied = bool(len(norms) and np.ptp(norms) > CONSTANT * norms.max())
    return Pool(chosen, unit, sums, numbers, items, space.neighbours(unit, items).reach, varied)


def _part(pairs: Iterable[Pair], wanted: Callable[[Pair], bool]) -> list[Pair]:
    """Return the pairs with the smallest hashes, in that order, holding no more than twice as many at a time."""
    found: dict[int, Pair] = {}
    for pair in pairs:
        if wanted(pair):
            found[text_hash(pair.id)] = pair
        if len(found) >= 2 * MAX_PAIRS:
            found = dict(sorted(found.items())[:MAX_PAIRS])
    return [found[name] for name in sorted(found)[:MAX_PAIRS]]


def _vectors(model: DenseScorer, texts: Sequence[str]) -> Floats:
    return model.encode(texts, role="document").astype(np.float64) if texts else np.zeros((0, 1))


def run(pairs: Sequence[Pair], model: DenseScorer, common: Pool | None) -> Iterator[Observation]:
    """Yield the rows of every pair; see the module's docstring."""
    if not pairs or common is None:
        return
    vectors = _vectors(model, [getattr(pair, side) for pair in pairs for side in SIDES])
    unit = space.unit_rows(vectors)
    items = np.array([common.numbers.get(text_hash(pair.item), -1) for pair in pairs for _ in SIDES], dtype=np.int64)
    norms = np.linalg.norm(vectors, axis=1)
    rows = [("centroid", COSINE.name, _centroid(unit, items, common)), ("hubness", K_OCCURRENCE.name, _occurrence(unit, items, common))]
    if common.norms_vary:
        rows.append(("norm", "l2_norm", np.where(norms > 0, norms, np.nan)))
    covariates = document_covariates(pairs, model)
    for k, pair in enumerate(pairs):
        for contrast, measure, values in rows:
            sides = dict(zip(SIDES, values[2 * k : 2 * k + 2].tolist(), strict=True))
            failed = unscorable({getattr(pair, side): value for side, value in sides.items()})
            yield observation("geometry", measure, pair, model, contrast, failed or sides, covariates[pair.id])


def _centroid(unit: Floats, items: Ints, pool: Pool) -> Floats:
    """Return each row's cosine with the mean direction of the other items' documents; NaN where there is none."""
    own = np.where(items[:, None] >= 0, pool.sums[items], 0.0) if len(pool.sums) else np.zeros_like(unit)
    others = space.unit_rows(pool.sums.sum(axis=0) - own)
    return np.asarray(np.einsum("ij,ij->i", unit, others))


def _occurrence(unit: Floats, items: Ints, pool: Pool) -> Floats:
    """Return in how many lists of other items' documents each row stands or would stand; NaN without neighbour lists."""
    if not len(pool.reach) or not np.isfinite(pool.reach).any():
        return np.full(len(unit), np.nan)
    found = np.zeros(len(unit))
    for start in range(0, len(pool.unit), step := max(1, space.CELLS_AT_ONCE // len(unit))):
        part = slice(start, start + step)
        near = unit @ pool.unit[part].T >= pool.reach[part] - space.TIE
        found += (near & (pool.items[part] != items[:, None])).sum(axis=1)
    return np.where(np.isfinite(unit).all(axis=1), found, np.nan)


@dataclass(frozen=True)
class Unit:
    """Texts of one kind with what goes with each: its item, its pair (-1 for words), its log2 frequency and its controls."""

    name: str
    vectors: Floats
    items: Ints
    pairs: Ints
    log2_frequency: Floats
    controls: dict[str, Floats]
    unusable: int

    @property
    def paired(self) -> bool:
        """Whether the texts come in pairs of the same content."""
        return bool(len(self.pairs) and self.pairs[0] >= 0)

    def net(self, values: Floats) -> Floats:
        """Return values within pairs where the texts come in pairs."""
        return space.within(values, self.pairs) if self.paired else values


def estimates(pairs: Iterable[Pair], model: DenseScorer, common: Pool | None) -> Iterator[Estimate]:
    """Yield the model-level numbers of the pool; a number that cannot be given has no value and a flag."""
    if common is None:
        return
    for make in (_words, _forms, _documents):
        unit = make(common.pairs, model)
        for where in space.SPACES:
            yield from _unit_estimates(unit, where, model)
            if unit.name == "forms":
                yield _synonyms(unit, where, model)


def _words(pairs: Sequence[Pair], model: DenseScorer) -> Unit:
    found = {(word, pair.language) for pair in pairs for side in SIDES for word in content_words(getattr(pair, side), pair.language)}
    known = sorted((text_hash(*key), *key) for key in found if word_zipf(*key) is not None)[:MAX_WORDS]
    texts = [word for _, word, _ in known]
    rows = range(len(texts))
    return _unit("words", model, texts, list(rows), [-1 for _ in rows], [word_zipf(word, language) for _, word, language in known], None)


def _forms(pairs: Sequence[Pair], model: DenseScorer) -> Unit:
    """Return the swapped words, each couple of them once."""
    couples: dict[tuple[str, str], Pair] = {}
    for pair in pairs:
        swapped = swap(pair.high, pair.low, pair.language)
        if all(0 < len(words) <= FORM_WORDS for words in (swapped.high, swapped.low)):
            couples.setdefault((" ".join(swapped.high), " ".join(swapped.low)), pair)
    return _paired("forms", model, list(couples), list(couples.values()))


def _documents(pairs: Sequence[Pair], model: DenseScorer) -> Unit:
    return _paired("documents", model, [(pair.high, pair.low) for pair in pairs], pairs)


def _paired(name: str, model: DenseScorer, couples: Sequence[tuple[str, str]], pairs: Sequence[Pair]) -> Unit:
    texts = [text for couple in couples for text in couple]
    senses = [share for pair in pairs for share in pair.covariates.get("sense_share", (None, None))]
    zipf = [value for pair in pairs for value in swapped_zipf(pair)]
    items = [text_hash(pair.item) for pair in pairs for _ in SIDES]
    return _unit(name, model, texts, items, [k for k in range(len(pairs)) for _ in SIDES], zipf, senses)


def _unit(
    name: str, model: DenseScorer, texts: list[str], items: list[int], pairs: list[int], zipf: Sequence[Any], senses: Sequence[Any] | None
) -> Unit:
    """Return the texts that have a vector and a frequency; of a pair, both or none."""
    vectors = _vectors(model, texts)
    frequency = np.array(zipf, dtype=float)
    norms = np.linalg.norm(vectors, axis=1)
    keep = np.isfinite(norms) & (norms > 0) & np.isfinite(frequency)
    number = np.array(pairs, dtype=np.int64)
    if len(number) and number[0] >= 0:
        keep &= (np.bincount(number, keep) == np.bincount(number))[number]
    controls = {"log2 characters": np.log2([max(1, len(text)) for text in texts])} if texts else {}
    if senses is not None and len(senses) and None not in senses:
        controls["share of the intended sense"] = np.array(senses, dtype=float)
    return Unit(
        name=name,
        vectors=vectors[keep],
        items=np.unique(np.array(items, dtype=np.int64)[keep], return_inverse=True)[1],
        pairs=np.unique(number[keep], return_inverse=True)[1] if len(number) and number[0] >= 0 else number[keep],
        log2_frequency=frequency[keep] * LOG2_10,
        controls={key: values[keep] for key, values in controls.items()},
        unusable=len(texts) - int(keep.sum()),
    )


def _unit_estimates(unit: Unit, where: str, model: DenseScorer) -> Iterator[Estimate]:
    kind = "ranks, Pearson" + (" within pairs" if unit.paired else "")
    if not len(unit.items):
        for contrast, measure in CONTRASTS.items():
            yield _estimate(unit, where, model, contrast, measure, None, reason="no text with a vector and a frequency")
        return
    placed = space.in_space(unit.vectors, where)
    directions = np.nan_to_num(space.unit_rows(placed))  # a text at the centre has no direction and is near to nothing
    near = space.neighbours(directions, unit.items)
    lists = f"k = {near.k}; {near.ties} lists chose between ties; own item left out"
    norms = np.linalg.norm(placed, axis=1)
    frequency = unit.net(space.ranks(unit.log2_frequency))
    cosines = space.mean_cosine_with_others(directions, unit.items)
    controls = [unit.net(column) for column in unit.controls.values()]
    yield _estimate(
        unit,
        where,
        model,
        "freq_cos_slope",
        "cosine_per_doubling",
        space.slope(unit.net(cosines), unit.net(unit.log2_frequency), controls) if np.isfinite(cosines).all() else None,
        f"least squares{' within pairs' if unit.paired else ''} at equal {', '.join(unit.controls)}",
    )
    varied = bool(np.ptp(norms) > CONSTANT * norms.max())
    by_norm = space.correlation(frequency, unit.net(space.ranks(norms))) if varied else None
    reason = None if varied else "all norms are equal"
    yield _estimate(unit, where, model, "norm_freq_corr", "correlation", by_norm, kind, reason)
    yield _estimate(unit, where, model, "hubness_skewness", "skewness", space.skewness(near.occurrence) if near.k else None, lists)
    by_hubness = space.correlation(frequency, unit.net(space.ranks(near.occurrence))) if near.k else None
    yield _estimate(unit, where, model, "hubness_freq_corr", "correlation", by_hubness, f"{kind}; {lists}")


CONTRASTS = {
    "freq_cos_slope": "cosine_per_doubling",
    "norm_freq_corr": "correlation",
    "hubness_skewness": "skewness",
    "hubness_freq_corr": "correlation",
}


def _synonyms(unit: Unit, where: str, model: DenseScorer) -> Estimate:
    """Return the slope of the two forms' cosine on their mean log2 frequency; row 2k is the high form of pair k, row 2k + 1 the low."""
    directions = np.nan_to_num(space.unit_rows(space.in_space(unit.vectors, where))) if len(unit.items) else unit.vectors
    high, low = slice(0, None, 2), slice(1, None, 2)
    frequency = unit.log2_frequency
    controls = [(column[high] + column[low]) / 2 for column in unit.controls.values()]
    couples = Unit(
        name="synonyms",
        vectors=directions[high],
        items=unit.items[high],
        pairs=np.full(len(unit.items) // 2, -1),
        log2_frequency=(frequency[high] + frequency[low]) / 2,
        controls={},
        unusable=unit.unusable // 2,
    )
    cosines = np.einsum("ij,ij->i", directions[high], directions[low])
    fit = space.slope(cosines, couples.log2_frequency, [frequency[high] - frequency[low], *controls]) if len(cosines) else None
    method = f"least squares at equal {', '.join(['frequency gap', *unit.controls])}"
    return _estimate(couples, where, model, "freq_cos_slope", "cosine_per_doubling", fit, method)


def _estimate(
    unit: Unit,
    where: str,
    model: DenseScorer,
    contrast: str,
    measure: str,
    fit: Fit | None,
    method: str = "none",
    reason: str | None = None,
) -> Estimate:
    """Return one model-level estimate; `fit` holds moments and statistic, None where there is nothing to compute, for a `reason`."""
    rng = np.random.default_rng(text_hash(contrast, unit.name, where))
    found = space.Resampled(None, None, None) if fit is None else space.resampled(fit[0], fit[1], unit.items, rng)
    return Estimate(
        model=model.info.name,
        probe="geometry",
        measure=measure,
        contrast=contrast,
        arm=FREQUENCY,
        term=f"{unit.name}:{where}",
        value=found.value,
        ci_low=found.low,
        ci_high=found.high,
        n_pairs=len(np.unique(unit.pairs)) if unit.paired else len(unit.items),
        n_items=len(np.unique(unit.items)),
        n_failed=unit.unusable,
        method="none" if reason else f"{method}; percentile interval from {space.RESAMPLES} resamples of items",
        details={} if reason is None else {"reason": reason},
        flags=[] if found.value is not None else [UNDEFINED],
    )


GLOSSARY = {
    "centroid": "How much nearer the frequent form lies to the middle of all other texts.",
    "norm": "How much longer the vector of the frequent form is.",
    "hubness": "How much more often the frequent form is among the ten nearest neighbours of other texts. A text that is near to "
    "everything is a hub.",
    "freq_cos_slope": "How the cosine between texts changes when their words become twice as common. Below zero, vectors of common words "
    "lie farther apart than their meanings (Zhou et al. 2022).",
    "norm_freq_corr": "Whether texts in more common words have longer vectors: a correlation of ranks.",
    "hubness_skewness": "How unevenly texts turn up among the nearest neighbours of others. Large values mean that a few are near to "
    "nearly everything (Radovanović et al. 2010).",
    "hubness_freq_corr": "Whether texts in more common words are hubs more often: a correlation of ranks.",
    "l2_norm": "The length of a vector.",
    K_OCCURRENCE.name: "In how many lists of ten nearest neighbours a text stands.",
    "lists": "Lists of the ten nearest neighbours of other texts.",
    "cosine_per_doubling": "The change in cosine for words that are twice as common.",
    "correlation": "How closely two rankings agree, from −1 to 1; 0 is not at all.",
    "skewness": "How lopsided a distribution is; 0 is even.",
    "words:": "A number of single words, each encoded alone; {what} is the space in which it was taken.",
    "forms:": "A number of the swapped words, each encoded alone; {what} is the space in which it was taken.",
    "documents:": "A number of whole documents; {what} is the space in which it was taken.",
    "synonyms:": "A number of the two swapped words against each other; {what} is the space in which it was taken.",
    "raw": "The space as the model gives it.",
    "centred": "The space with the mean of all vectors taken away, so that it is no narrow cone.",
    "all_but_the_top": "The centred space without its few strongest directions. What vanishes here was geometry and not meaning.",
}

probe = Probe(
    name="geometry",
    needs="embedder",
    summary="centroid, norm and hubness by form; slopes of cosine on frequency in raw and corrected space",
    questions={"centroid": "Does frequent wording lie nearer to the centre of the space?"},
    glossary=GLOSSARY,
    outcome=False,
    judgement=Judgement(contrast="centroid", measure=COSINE.name, meaning="lies nearer to the mean direction of all other texts"),
    prepare=prepare,
    run=run,
    estimates=estimates,
    settings={"neighbours": space.NEIGHBOURS, "max_pairs": MAX_PAIRS, "max_words": MAX_WORDS, "resamples": space.RESAMPLES},
)
