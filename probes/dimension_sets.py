"""Probe `dimension`: corpora in both wordings, their vectors in fewer numbers, and estimates on the model as a whole."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from freqbias.models.protocols import Role
from freqbias.models.relevance import DenseScorer
from freqbias.probes import top_sets
from freqbias.probes.common import MIN_ITEMS, encode_all, gloss_queries, mean_over_items, text_hash
from freqbias.probes.top_sets import Floats, Ints
from freqbias.progress import Track
from freqbias.records import Estimate, Pair
from freqbias.terms import FREQUENCY, HIGH, LOW, PLACEBO, SIDES, UNDEFINED

log = logging.getLogger(__name__)

NAME = "dimension"
KEPT, SET_MARGIN, REACHABLE, MARGIN_SHARE, RECALL = ("top_10_kept", "set_margin_sd", "sets_reachable", "margin_share", "recall_at_2")
K = 10  # of the lists, as in the suite's other rankings
PCA, TRUNCATED, FULL = ("pca", "truncated", ("full", 0))
DIMENSIONS = (4, 8, 16, 32, 64, 128)
FEW_DIMENSIONS = (4, 8, 16, 32)  # of the best query: from 16 on it finds nearly every set
DOCUMENTS = 46  # that sets of two are taken of, as in the small corpus of Weller et al. 2025
BLOCKS, ASKED = 2, 400  # sets of that many documents; queries of two glosses in each
MAX_ITEMS = 500  # of a corpus: 2,000 vectors in two arms, whose principal axes take seconds

Space = tuple[str, int]  # reduction and dimension


@dataclass(frozen=True)
class Corpus:
    """One document an item and form, in the order of the items' hashes, with the vectors as the model gave them by side."""

    items: list[int]
    pairs: list[Pair]
    vectors: dict[str, Floats]


@dataclass(frozen=True)
class Common:
    """The corpus of every arm, principal axes of all, and sets of two documents: by block all, and those asked for, with queries.

    `cosine` says whether scores are products of vectors of length 1, or of vectors as they are.
    """

    corpora: dict[str, Corpus]
    axes: Floats
    cosine: bool
    blocks: list[Ints]
    joint: list[tuple[Ints, list[str]]]
    placed: dict[tuple[str, str, Space], Floats]

    def place(self, vectors: Floats, space: Space) -> Floats:
        """Return vectors in a space, shape (n, dimension).

        One without a direction in the full space is NaN; one that loses its direction scores 0.
        """
        kind, width = space
        found = vectors if space == FULL else vectors @ self.axes[:, :width] if kind == PCA else vectors[:, :width]
        norms = np.linalg.norm(found, axis=1, keepdims=True)
        return np.asarray(found / np.where(norms != 0, norms, np.nan if space == FULL else 1.0) if self.cosine else found)

    def corpus(self, arm: str, side: str, space: Space) -> Floats:
        """Return the documents of an arm's corpus in a space."""
        if (arm, side, space) not in self.placed:
            self.placed[arm, side, space] = self.place(self.corpora[arm].vectors[side], space)
        return self.placed[arm, side, space]


def prepare(pairs: Iterable[Pair], model: DenseScorer, track: Track) -> Common | None:
    """Encode every text once, choose the corpora and fit the axes; None, and a warning, for a model without vectors."""
    if not hasattr(model, "encode"):
        log.warning("dimension: %s has no dense vectors, so there is nothing to measure", model.info.name)
        return None
    encode_all(pairs, model, track)
    found: dict[str, dict[int, Pair]] = {}
    for pair in pairs:
        known, item = found.setdefault(pair.arm, {}), text_hash(pair.item)
        if gloss_queries(pair) and (item not in known or text_hash(pair.id) < text_hash(known[item].id)):
            known[item] = pair
    counts = [len(found[arm]) for arm in (FREQUENCY, PLACEBO) if found.get(arm)]
    corpora = {arm: _corpus(known, min([*counts, MAX_ITEMS]), model) for arm, known in found.items() if known}
    blocks, joint = _blocks(corpora.get(FREQUENCY))
    model.prepare([query for _, queries in joint for query in queries], (), track)
    return Common(corpora, _axes(corpora), model.measure == "cosine", blocks, joint, {})


def vectors_of(model: DenseScorer, texts: Sequence[str], role: Role) -> Floats:
    """Return the vectors of some texts in double precision, shape (n, d)."""
    return model.encode(texts, role=role).astype(np.float64)


def _corpus(known: Mapping[int, Pair], size: int, model: DenseScorer) -> Corpus:
    """Return the items with the smallest hashes, of which both forms have a vector."""
    chosen = [known[item] for item in sorted(known)[:size]]
    vectors = {side: vectors_of(model, [getattr(pair, side) for pair in chosen], "document") for side in SIDES}
    sound = np.all([np.isfinite(own).all(axis=1) & own.any(axis=1) for own in vectors.values()], axis=0)
    kept = [pair for pair, good in zip(chosen, sound, strict=True) if good]
    return Corpus([text_hash(pair.item) for pair in kept], kept, {side: own[sound] for side, own in vectors.items()})


def _axes(corpora: Mapping[str, Corpus]) -> Floats:
    """Return the principal axes of all documents as columns, the largest variance first."""
    both = [corpus.vectors[side] for corpus in corpora.values() for side in SIDES if len(corpus.pairs)]
    if not both:
        return np.zeros((1, 1))
    together = np.concatenate(both)
    return np.asarray(np.linalg.svd(together - together.mean(axis=0), full_matrices=False)[2].T)


def _blocks(corpus: Corpus | None) -> tuple[list[Ints], list[tuple[Ints, list[str]]]]:
    """Return all sets of two of each block of documents, by their places in the corpus, and some of them with a query for each."""
    size = 0 if corpus is None else min(len(corpus.pairs), DOCUMENTS)
    if corpus is None or size <= MIN_ITEMS:
        return [], []
    starts = [start for start in range(0, BLOCKS * size, size) if start + size <= len(corpus.pairs)]
    blocks = [start + top_sets.pairs_of(size) for start in starts]
    names = [pair.id for pair in corpus.pairs]
    chosen = [np.array(sorted(sets.tolist(), key=lambda s: text_hash(names[s[0]], names[s[1]]))[:ASKED]) for sets in blocks]
    return blocks, [(sets, [_two_topics(corpus.pairs[a], corpus.pairs[b]) for a, b in sets]) for sets in chosen]


def _two_topics(one: Pair, other: Pair) -> str:
    """Return a gloss of either pair in one register, in either order; both by a hash of the two."""
    number = text_hash("two topics", one.id, other.id)
    glosses = [list(gloss_queries(pair).values()) for pair in (one, other)]
    register = number // 2 % min(map(len, glosses))
    return "; ".join(own[register][0] for own in glosses[:: 1 if number % 2 else -1])


def kept(full: Floats, reduced: Floats) -> tuple[Floats, Floats]:
    """Return which part of the first ten of each row of scores stays, and their margin in deviations; ties by the columns' order.

    Both of shape (queries, documents); results of shape (queries,), NaN for a row without scores.
    """
    before, after = (np.argsort(-scores, axis=1, kind="stable")[:, :K] for scores in (full, reduced))
    share = (before[:, :, None] == after[:, None]).sum(axis=(1, 2)) / K
    spread = reduced.std(axis=1)
    margin = top_sets.set_margins(reduced, before) / np.where(spread > 0, spread, np.nan)
    sound = np.isfinite(full).all(axis=1) & np.isfinite(reduced).all(axis=1)
    return np.where(sound, share, np.nan), np.where(sound, margin, np.nan)


def model_estimates(model: DenseScorer, common: Common) -> Iterator[Estimate]:
    """Yield what the module `dimension` lists as estimates on the model as a whole."""
    fixed: dict[str, Any] = {"model": model.info.name, "probe": NAME, "arm": FREQUENCY}
    for contrast, rows in (
        ("in_theory", top_sets.in_theory(DOCUMENTS)),
        ("kept_by_dimension", _by_dimension(model, common)),
        ("any_query", _any_query(common)),
        ("two_topics", _two_topics_found(model, common)),
    ):
        for measure, term, fields in rows:
            yield Estimate(**fixed, contrast=contrast, measure=measure, term=term, **fields)


Rows = Iterator[tuple[str, str, dict[str, Any]]]


def _spaces(common: Common, dimensions: Sequence[int]) -> list[Space]:
    width = next((len(own.vectors[HIGH][0]) for own in common.corpora.values() if own.pairs), 0)
    return [(kind, size) for kind in (PCA, TRUNCATED) for size in dimensions if size < width]


def _term(space: Space, form: str) -> str:
    return ":".join([space[0], *([str(space[1])] if space[1] else []), form])


def _by_dimension(model: DenseScorer, common: Common) -> Rows:
    if FREQUENCY not in common.corpora:
        return
    corpus = common.corpora[FREQUENCY]
    glosses = [(text, place) for place, pair in enumerate(corpus.pairs) for own in gloss_queries(pair).values() for text in own]
    queries = vectors_of(model, [text for text, _ in glosses], "query") if glosses else np.zeros((0, 1))
    items = np.array([place for _, place in glosses])
    method = f"{len(corpus.pairs)} documents; first {K} for each gloss against the full space; mean of item means, t interval"
    for space in _spaces(common, DIMENSIONS) if len(corpus.pairs) > K else []:
        found = {}
        for side in SIDES:
            full, reduced = (common.place(queries, own) @ common.corpus(FREQUENCY, side, own).T for own in (FULL, space))
            found[side] = kept(full, reduced)
        sound = np.isfinite([value for both in found.values() for value in both]).all(axis=0)
        fixed = {"n_pairs": len(np.unique(items[sound])), "n_failed": int((~sound).sum()), "method": method}
        for k, measure in enumerate((KEPT, SET_MARGIN)):
            for form, values in ((HIGH, found[HIGH][k]), (LOW, found[LOW][k]), ("gap", found[HIGH][k] - found[LOW][k])):
                yield measure, _term(space, form), fixed | mean_over_items(values[sound], items[sound])


def _any_query(common: Common) -> Rows:
    ceiling = top_sets.largest_margin(DOCUMENTS, 2)
    for space in [*_spaces(common, FEW_DIMENSIONS), FULL] if common.blocks else []:
        margins = {side: np.concatenate([_best(common.corpus(FREQUENCY, side, space), sets) for sets in common.blocks]) for side in SIDES}
        sets = np.concatenate(common.blocks)
        method = (
            f"best query for each pair of documents, {len(common.blocks)} times {len(np.unique(common.blocks[0]))}; jackknife by document"
        )
        for form, values in _forms(margins):
            yield MARGIN_SHARE, _term(space, form), _over_sets(values / ceiling, sets, method)
        for form, values in _forms({side: (own > 0).astype(float) for side, own in margins.items()}):
            yield REACHABLE, _term(space, form), _over_sets(values, sets, method)


def _best(documents: Floats, sets: Ints) -> Floats:
    start = int(sets.min())
    return top_sets.best_margins(documents[start : int(sets.max()) + 1], sets - start)


def _two_topics_found(model: DenseScorer, common: Common) -> Rows:
    if not common.joint:
        return
    queries = [vectors_of(model, texts, "query") for _, texts in common.joint]
    sound = np.isfinite(np.concatenate(queries)).all(axis=1)
    sets = np.concatenate([own for own, _ in common.joint])
    size = len(np.unique(common.blocks[0]))
    method = f"two documents of {size} for a query of two glosses, by chance {2 / size:.3f}; jackknife by document"
    for space in [*_spaces(common, DIMENSIONS), FULL]:
        found = {
            side: np.concatenate(
                [_found(common, space, side, own, vectors) for (own, _), vectors in zip(common.joint, queries, strict=True)]
            )
            for side in SIDES
        }
        for form, values in _forms(found):
            yield RECALL, _term(space, form), _over_sets(values[sound], sets[sound], method) | {"n_failed": int((~sound).sum())}


def _found(common: Common, space: Space, side: str, sets: Ints, queries: Floats) -> Floats:
    """Return which part of each set comes first; a tie by the documents' order."""
    start = int(sets.min()) // DOCUMENTS * DOCUMENTS
    documents = common.corpus(FREQUENCY, side, space)[start : start + DOCUMENTS]
    first = np.argsort(-(common.place(queries, space) @ documents.T), axis=1, kind="stable")[:, :2] + start
    return np.asarray((first[:, :, None] == sets[:, None]).sum(axis=(1, 2)) / 2)


def _forms(values: Mapping[str, Floats]) -> list[tuple[str, Floats]]:
    return [*values.items(), ("gap", values[HIGH] - values[LOW])]


def _over_sets(values: Floats, sets: Ints, method: str) -> dict[str, Any]:
    """Return the fields of an estimate over sets that share documents."""
    if not len(values):
        return {"value": None, "flags": [UNDEFINED], "method": method}
    mean, error, half = top_sets.jackknife(values, sets)
    fields = {"value": mean, "std_error": error, "ci_low": mean - half, "ci_high": mean + half}
    return fields | {"n_pairs": len(np.unique(sets)), "n_items": len(np.unique(sets)), "method": method}
