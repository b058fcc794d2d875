"""The word pairs that cost places, as synonym lists of Solr, Elasticsearch and OpenSearch.

All three read Solr's format: a rule a line, equivalent words split by commas, `#` before a comment, a backslash before a sign that would
mean something (Lucene's `SolrSynonymParser`). Rules are written lower case, as they stand behind a `lowercase` filter, in the inflections
that were found in the texts. Both words of a rule stand for each other: a query in either finds a document in either. A rare word with
two frequent ones is one rule, since a search engine would merge them.

A list repairs what counts words. A model that reads texts sees nothing of an analyzer: for it the words go into the texts (`remedies`,
`query expansion` and `document expansion`).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from freqbias.files import write_json, write_text
from freqbias.terms import ELASTICSEARCH_SYNONYMS, OPENSEARCH_SYNONYMS, SOLR_SYNONYMS

MAX_RULES = 10_000  # of one Elasticsearch synonyms set
NAME = "freqbias"

_MEANS_SOMETHING = re.compile(r"([\\,=>#])")


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What one query lost by a rare word in place of a frequent one, of the document or of the query itself."""

    high: str
    low: str
    loss: float


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Words that should be searched as one: the rare one, then the frequent ones; mean loss over the queries that showed it."""

    words: tuple[str, ...]
    queries: int
    loss: float


def rules_of(losses: Iterable[Loss]) -> list[Rule]:
    """Return one rule for every rare word whose queries lose on average, the largest sum of losses first."""
    found: dict[str, dict[str, list[float]]] = {}
    for own in losses:
        low, high = _tidy(own.low), _tidy(own.high)
        if low and high and low != high:
            found.setdefault(low, {}).setdefault(high, []).append(own.loss)
    rules = []
    for low, by_high in found.items():
        losing = {high: values for high, values in by_high.items() if sum(values) > 0}
        values = [value for own in losing.values() for value in own]
        if values:
            rules.append(Rule(words=(low, *losing), queries=len(values), loss=sum(values) / len(values)))
    return sorted(rules, key=lambda rule: (-rule.loss * rule.queries, rule.words))[:MAX_RULES]


def _tidy(word: str) -> str:
    return " ".join(word.lower().split())


def solr_rule(words: Sequence[str]) -> str:
    """Return equivalent words as one rule in Solr's format."""
    return ", ".join(_MEANS_SOMETHING.sub(r"\\\1", word) for word in words)


def solr(rules: Iterable[Rule]) -> str:
    """Return the text of a `synonyms.txt`, what was lost as a comment above each rule."""
    lines = ["# Words whose rare form cost places; freqbias. Mean loss in nDCG (1 is a fall from rank 1 to none), number of queries."]
    for rule in rules:
        lines += [f"# {rule.loss:.3f} in {rule.queries}", solr_rule(rule.words)]
    return "\n".join(lines) + "\n"


def elasticsearch(rules: Iterable[Rule]) -> dict[str, Any]:
    """Return the body of `PUT _synonyms/NAME`, which a `synonym_graph` filter with `synonyms_set: NAME` reads."""
    return {"synonyms_set": [{"id": f"{NAME}-{place}", "synonyms": solr_rule(rule.words)} for place, rule in enumerate(rules, start=1)]}


def opensearch(rules: Iterable[Rule]) -> dict[str, Any]:
    """Return the body of `PUT INDEX`: an analyzer for searching with the rules in it (`search_analyzer` of a text field)."""
    analysis: Mapping[str, Any] = {
        "filter": {f"{NAME}_synonyms": {"type": "synonym_graph", "synonyms": [solr_rule(rule.words) for rule in rules]}},
        "analyzer": {f"{NAME}_search": {"type": "custom", "tokenizer": "standard", "filter": ["lowercase", f"{NAME}_synonyms"]}},
    }
    return {"settings": {"analysis": analysis}}


def write_lists(rules: Sequence[Rule], folder: Path) -> list[Path]:
    """Write the rules in all three formats and return the paths."""
    paths = [folder / name for name in (SOLR_SYNONYMS, ELASTICSEARCH_SYNONYMS, OPENSEARCH_SYNONYMS)]
    write_text(paths[0], solr(rules))
    write_json(paths[1], elasticsearch(rules))
    write_json(paths[2], opensearch(rules))
    return paths
