"""Pairs for searching a judged collection: its judged documents, and its judged queries, each in frequent and in rare words.

Documents that a query asks for share what stands in their way, so they are no independent items: the item of a document is the query
that asks for most of the changed documents, of those that ask for it, and the item of a query is itself. `meta` says where the
collection lies (`collection`, with `collection_split`, `collection_field` and `collection_sha256`), which `side` the forms are of, and
which document (`document_id`) or query (`query_id`).
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from freqbias.collection.document_rows import Document
from freqbias.collection.folder import Collection, open_collection
from freqbias.errors import InputError
from freqbias.paraphrases.making import content_id
from freqbias.paraphrases.substitute import Choice, Coverage, pairs_of
from freqbias.records import Pair
from freqbias.terms import COLLECTION, DOCUMENT_SIDE, QUERY_SIDE, SIDE

BOTH = "both"
CHOICES = (DOCUMENT_SIDE, QUERY_SIDE, BOTH)

log = logging.getLogger(__name__)


def pairs_of_collection(
    sources: Sequence[str | Path],
    side: str,
    n: int | None,
    choice: Choice,
    coverage: Coverage,
    *,
    field: str | None = None,
    split: str | None = None,
) -> list[Pair]:
    """Return the pairs of a folder's judged documents, of its judged queries, or of both; `n` limits each arm of either.

    `coverage` is that of the documents, or of the queries where only these are asked for. Raises `InputError` for anything but one folder
    in the layout of BEIR.
    """
    if side not in CHOICES:
        raise InputError(f"-o side={side}: must be one of {', '.join(CHOICES)}")
    if len(sources) != 1:
        raise InputError(f"-o side={side}: takes one folder in the layout of BEIR, found {len(sources)} inputs")
    choice = replace(choice, ask=False)  # what is asked is the judged queries
    found = open_collection(Path(sources[0]).absolute(), split=split, field=field)
    for line in found.unused:
        log.warning("%s", line)
    made: list[Pair] = []
    if side != QUERY_SIDE:
        made += _of_documents(pairs_of(_documents(found), n, choice, coverage, _told("documents")), found)
    if side != DOCUMENT_SIDE:
        own = coverage if side == QUERY_SIDE else Coverage()
        made += _of_queries(pairs_of(_queries(found), n, choice, own, _told("queries")), found)
        for line in own.lines() if own is not coverage else ():
            log.info("queries: %s", line)
    return made


def _told(what: str) -> Any:
    return lambda line: log.info("%s: %s", what, line)


def _documents(found: Collection) -> list[Document]:
    """Return the judged documents with the queries that ask for them, in the order of the collection."""
    asked: dict[int, list[str]] = {}
    for query, own in found.grades.items():
        for number in own:
            asked.setdefault(number, []).append(query)
    return [
        Document(
            id=found.ids[number],
            text=found.texts[number],
            place=f"{found.folder.name}: document {found.ids[number]}",
            query_ids=names,
            queries=[found.queries[name] for name in names],
        )
        for number, names in sorted(asked.items())
    ]


def _queries(found: Collection) -> list[Document]:
    return [Document(id=name, text=text, place=f"{found.folder.name}: query {name}") for name, text in found.queries.items()]


def _of_documents(pairs: Sequence[Pair], found: Collection) -> list[Pair]:
    asked_for = Counter(name for pair in pairs for name in pair.meta["query_ids"])
    return [_placed(pair, found, DOCUMENT_SIDE, min(pair.meta["query_ids"], key=lambda name: (-asked_for[name], name))) for pair in pairs]


def _of_queries(pairs: Sequence[Pair], found: Collection) -> list[Pair]:
    return [_placed(pair, found, QUERY_SIDE, pair.item) for pair in pairs]


def _placed(pair: Pair, found: Collection, side: str, query: str) -> Pair:
    """Return a pair that knows its collection, with an id and an item of its side."""
    where = {
        COLLECTION: str(found.folder),
        f"{COLLECTION}_split": found.split,
        f"{COLLECTION}_field": found.field,
        f"{COLLECTION}_sha256": found.sha256,
        SIDE: side,
        f"{side}_id": pair.item,
    }
    meta = {key: value for key, value in {**pair.meta, **where}.items() if value is not None or key == "oriented_by"}
    if side == QUERY_SIDE:
        meta.pop("query_ids", None)
    return pair.replace(id=content_id(side, pair.arm, pair.item, pair.high, pair.low), item=f"query:{query}", meta=meta)
