"""Embedding probe `dimension`: what fewer numbers in a vector cost frequent and rare wording, and which sets of documents they can give.

Weller et al. 2025 (arXiv:2508.21038) hold that the dimension of vectors limits which sets of documents a query can find; Wang et al. 2026
(arXiv:2601.20844v3) that four numbers are enough for all pairs, so that the limit is one of margins and of learning. Both are here, from
`freqbias.probes.top_sets`, beside what the model's own vectors give when they are reduced: `pca`, their projection on the first principal
axes of the documents, and `truncated`, their first numbers, which is meant for models trained for it (Kusupati et al. 2022,
arXiv:2205.13147). What is scored is scored as the model says (cosine, or dot product), after the reduction.

Rows, for a corpus of as many documents of other items as both arms have, and the pair's own:

* `kept` (`top_10_kept`; confirmatory): which part of the ten documents that come first for a gloss in the full space still does with 32
  numbers (`pca`); high is a corpus in frequent wording, low the same contents in rare wording. Glosses, and registers, are averaged;
* `kept_truncated`: the same for the first 32 numbers;
* both in `set_margin_sd` too: lowest score of the ten minus highest of the rest, in standard deviations of the query's scores.

Estimates on the model as a whole, described and not tested, terms `REDUCTION:DIMENSION:high`, `:low` and (high − low) `:gap`:

* `kept_by_dimension`: as `kept`, by dimension, for one pair an item;
* `any_query`: of 46 documents, which share of the 1,035 pairs *some* query finds as its first two (`sets_reachable`), and at what
  margin, as a share of the largest that is possible (`margin_share`); the query is the best there is, not one of the model's;
* `two_topics`: which share of the two documents (`recall_at_2`) is found for a query of two glosses; by chance 2 of 46;
* `in_theory`: the same for any model: the moment curve in both precisions, the largest margin, and how many documents a plain optimiser
  manages in four numbers, by its temperature (best of three starts; it belongs to the optimiser, and nothing is extrapolated).

What could fake a result, and what is done about it: axes that suit one wording (fitted on both forms of the same items; they are fitted
on what they are judged on, which flatters both alike); a larger or denser corpus in one arm (as many documents in each); the pair's own
item, which would stand there twice (replaced); recall that a tie or a hair decides (margins beside it; ties by the order of the corpus, a
hash that both forms share); sets that overlap (jackknife by document); a full space that ranks badly (`kept` compares it with itself:
read it beside `retrieval`). In a model of no more than 32 numbers nothing is cut, and all is kept.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from freqbias.models.relevance import DenseScorer
from freqbias.probes import Finding, Judgement, Probe, top_sets
from freqbias.probes import dimension_sets as space
from freqbias.probes.common import document_covariates, gloss_queries, observation, text_hash, unscorable
from freqbias.probes.dimension_sets import FULL, KEPT, NAME, PCA, SET_MARGIN, TRUNCATED, Common, K
from freqbias.probes.top_sets import Floats
from freqbias.progress import Track
from freqbias.records import Estimate, Observation, Pair
from freqbias.terms import SIDES

CUT = 32  # numbers that are left in a row: a twelfth of the 384 of the smallest embedding models in use
CONTRASTS = {"kept": (PCA, CUT), "kept_truncated": (TRUNCATED, CUT)}


def prepare(pairs: Iterable[Pair], model: DenseScorer, track: Track) -> Common | None:
    """Return the corpora that lists are made of; see `dimension_sets`."""
    return space.prepare(pairs, model, track)


def run(pairs: Sequence[Pair], model: DenseScorer, common: Common | None) -> Iterator[Observation]:
    """Yield the rows of every pair that has a gloss; see the module's docstring."""
    if common is None:
        return
    covariates = document_covariates(pairs, model)
    for pair in pairs:
        glosses = list(gloss_queries(pair).values())
        if not glosses:
            continue
        queries = space.vectors_of(model, [text for own in glosses for text in own], "query")
        weights = np.concatenate([np.full(len(own), 1 / (len(own) * len(glosses))) for own in glosses])  # registers weigh the same
        for contrast, reduction in CONTRASTS.items():
            found = {side: _lists(pair, side, queries, reduction, model, common) for side in SIDES}
            for k, measure in enumerate((KEPT, SET_MARGIN)):
                values = {side: float(weights @ own[k]) if own is not None else np.nan for side, own in found.items()}
                yield observation(NAME, measure, pair, model, contrast, _error(pair, found, values) or values, covariates[pair.id])


def _lists(pair: Pair, side: str, queries: Floats, reduction: space.Space, model: DenseScorer, common: Common) -> Any:
    """Return share and margin of each query's list, from the pair's own document and as many of other items for every pair of an arm.

    None where these are too few.
    """
    corpus = common.corpora[pair.arm]
    others = np.flatnonzero(np.array(corpus.items) != text_hash(pair.item))[: len(corpus.items) - 1]
    if len(others) < 2 * K - 1:
        return None
    own = space.vectors_of(model, [getattr(pair, side)], "document")
    scores = []
    for where in (FULL, reduction):
        documents = np.concatenate([common.corpus(pair.arm, side, where)[others], common.place(own, where)])
        scores.append(common.place(queries, where) @ documents.T)
    return space.kept(*scores)


def _error(pair: Pair, found: dict[str, Any], values: dict[str, float]) -> dict[str, str]:
    if None in found.values():
        return {"error": f"fewer than {2 * K - 1} documents of other items, too few for lists of {K}"}
    return unscorable({getattr(pair, side): value for side, value in values.items()})


def estimates(pairs: Iterable[Pair], model: DenseScorer, common: Common | None) -> Iterator[Estimate]:
    """Yield what is known of the model as a whole, and of any model."""
    if common is not None:
        yield from space.model_estimates(model, common)


GLOSSARY = {
    "kept": "How much more of its first ten documents a corpus in frequent wording keeps than one in rare wording, when vectors are "
    f"projected on their {CUT} principal axes.",
    "kept_truncated": f"As `kept`, when only the first {CUT} numbers of each vector are left.",
    "kept_by_dimension": "Which part of the first ten documents is kept, by how many numbers are left of a vector.",
    "any_query": "Which pairs of documents some query would find as its first two: the best query there is, not one of the model's.",
    "two_topics": "Which part of two documents comes first for a query that describes both.",
    "in_theory": "What is known without any model: which sets of documents vectors of four numbers can give, and at what margin.",
    KEPT: "Which part of the first ten documents of the full space still comes first with fewer numbers.",
    "share kept": "Which part of the ten documents that come first in the full space still does with fewer numbers.",
    SET_MARGIN: "By how much the first ten of the full space stay ahead of all others, in standard deviations of the scores. Below zero "
    "at least one has fallen behind.",
    space.REACHABLE: "The share of all pairs of documents that some query can put first.",
    space.MARGIN_SHARE: "How far the best query keeps two documents ahead of the rest, as a share of the most that is possible in any "
    "number of dimensions.",
    space.RECALL: "Which part of the two right documents comes first and second.",
    "pca:": "A number with vectors projected on their principal axes, by how many and by wording: {what}.",
    "truncated:": "A number with only the first numbers of each vector, by how many and by wording: {what}.",
    "full:": "A number with vectors as the model gives them, by wording: {what}.",
    "moment_curve:": "A number of points on the moment curve, whose four numbers are enough for every pair: {what}.",
    "optimiser:": "How many documents a plain optimiser manages in four numbers at temperature {what}. It says nothing on what "
    "is possible.",
    "largest_possible": "The largest margin that all pairs of 46 vectors can have, in any number of dimensions.",
    "margin": "How far a query keeps its documents ahead of all others, for vectors of length 1.",
    "documents": "A number of documents.",
}


probe = Probe(
    name=NAME,
    needs="embedder",
    summary="how much of a ranking fewer numbers in a vector keep, by wording, and which sets of documents they can give",
    questions={"kept": "Do shorter vectors cost rare wording more?"},
    glossary=GLOSSARY,
    judgement=Judgement(
        contrast="kept",
        measure=KEPT,
        secondary=(SET_MARGIN,),
        unit="share kept",
        share=True,
        subject="corpus",
        meaning=f"keeps more of its first ten when vectors are cut to {CUT} principal axes",
        findings=(
            Finding(
                contrast="kept_truncated",
                measure=KEPT,
                sentence=f"With only the first {CUT} numbers the difference is {{value}} {{interval}}, {{p}}.",
            ),
            Finding(
                contrast="any_query",
                measure=space.REACHABLE,
                term="full:high",
                sentence="The best query there is could put {value} of all pairs of documents in frequent wording first.",
            ),
            Finding(
                contrast="two_topics",
                measure=space.RECALL,
                term="full:high",
                sentence="The model's own queries on two topics find {value} {interval} of their documents in frequent wording.",
            ),
            Finding(
                contrast="two_topics",
                measure=space.RECALL,
                term="full:gap",
                sentence="In frequent rather than rare wording they find more of them by {value} {interval}.",
            ),
        ),
    ),
    wants="queries gloss_plain or gloss_elevated",
    prepare=prepare,
    run=run,
    estimates=estimates,
    settings={
        "list": K,
        "cut": CUT,
        "dimensions": list(space.DIMENSIONS),
        "documents": space.DOCUMENTS,
        "blocks": space.BLOCKS,
        "asked": space.ASKED,
        "temperatures": list(top_sets.TEMPERATURES),
        "starts": top_sets.STARTS,
    },
    by_default=False,
)
