"""What to do about a loss in a judged collection, made in a run folder: the queries that lose most, synonym lists, and remedies tried."""

import logging
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from freqbias.collection.folder import Collection
from freqbias.collection.remedies import RERANK, rows_of
from freqbias.collection.synonym_list import Loss, rules_of, write_lists
from freqbias.collection.twins import twins_of
from freqbias.collection.worst import Worst, losses, worst, write_worst
from freqbias.errors import InputError
from freqbias.files import atomic, dumps, read_pairs, read_rows
from freqbias.models.objects import known_use
from freqbias.models.protocols import Loading
from freqbias.models.relevance import Scorer, as_scorer
from freqbias.models.scoring import show_progress
from freqbias.probes.collection import key_of, opened
from freqbias.probes.common import document_covariates
from freqbias.progress import Track, silent
from freqbias.records import Pair
from freqbias.run.journal import side_file
from freqbias.run.steps import Plan
from freqbias.terms import FREQUENCY, OBSERVATIONS_FILE, REMEDIES_FILE, WORST_QUERIES_FILE

log = logging.getLogger(__name__)
PAIRWISE = ("cross", "ql")  # uses of models that read query and document together
NOT_PAIRWISE = "--reranker {name}: gives vectors; name a cross-encoder, or ql:MODEL for a language model"


def is_advised(folder: Path, reranker: str | None) -> bool:
    """Tell whether a run folder has its remedies, tried with this model that reads query and document together, or with none."""
    from freqbias.models import identity

    wanted = set() if reranker is None else {identity(reranker, "embedder").name}
    path = folder / REMEDIES_FILE
    return path.is_file() and {row["by"] for row in read_rows(path, dict) if row["remedy"] == RERANK} == wanted


def advise(folder: Path, plan: Plan, reranker: str | None = None, track: Track = silent) -> list[Path]:
    """Write `worst_queries.csv`, the synonym lists and `remedies.jsonl` of a run over a collection; return the paths.

    Vectors that the run has left are used and then removed. `reranker` names a model that reads query and document together. Nothing is
    written where no pair of arm `frequency` comes from a collection; of several collections the first is searched.
    """
    from freqbias.models import embedder

    pairs = [pair for pair in read_pairs(folder) if pair.arm == FREQUENCY and key_of(pair) is not None]
    if not pairs:
        return []
    collection = opened(next(key for pair in pairs if (key := key_of(pair)) is not None))
    loading = plan.loading
    vectors = side_file(folder / OBSERVATIONS_FILE, "vectors")
    last = None if reranker is None else pair_scorer(reranker, loading)
    show_progress(last, track)
    found: list[Worst] = []
    lost: list[Loss] = []
    with atomic(folder / REMEDIES_FILE) as stream:
        for name in dict.fromkeys(plan.embedders):
            scorer = as_scorer(embedder(name, **asdict(loading)), vectors)
            for row in _advice(collection, scorer, pairs, (last, track), found, lost):
                stream.write((dumps(row) + "\n").encode())
        write_worst(found, folder / WORST_QUERIES_FILE)  # before the remedies are there, by which a run counts as advised
        lists = write_lists(rules_of(lost), folder)
    shutil.rmtree(vectors, ignore_errors=True)
    return [folder / WORST_QUERIES_FILE, *lists, folder / REMEDIES_FILE]


def check_reranker(name: str) -> None:
    """Raise `InputError` for a model that is not there, or of which its name or folder says that it has vectors; none is loaded."""
    from freqbias.models import check_name

    check_name(name, "embedder")
    if known_use(name) not in (None, *PAIRWISE):
        raise InputError(NOT_PAIRWISE.format(name=name))


def pair_scorer(name: str, loading: Loading) -> Scorer:
    """Return a model that reads query and document together; `InputError` for one that does not."""
    from freqbias.models import embedder

    found = as_scorer(embedder(name, **asdict(loading)))
    if not found.pairwise:
        raise InputError(NOT_PAIRWISE.format(name=name))
    return found


def _advice(
    collection: Collection, scorer: Scorer, pairs: Sequence[Pair], how: tuple[Scorer | None, Track], found: list[Worst], lost: list[Loss]
) -> Iterator[dict[str, Any]]:
    """Yield the rows of the remedies of one model, tried with a reranker and shown; what lost is added to `found` and `lost`."""
    twins = list(twins_of(collection, pairs))
    if not twins:
        return
    rankings, rows = rows_of(collection, scorer, twins, *how)
    known = document_covariates(pairs, scorer)
    whole = {name: own["whole_word"] for name, own in known.items() if "whole_word" in own}
    found += worst(collection, scorer.info.name, twins, rankings, whole)
    lost += losses(twins, rankings)
    yield from rows
