"""The word pairs that cost places, as synonym lists of Solr, Elasticsearch and OpenSearch.

All three read Solr's format: a rule a line, equivalent words split by commas, `#` before a comment, a backslash before a sign that would
mean something (Lucene's `SolrSynonymParser`). Rules are written lower case, as they stand behind a `lowercase` filter, in the inflections
that were found in the texts. Both words of a rule stand for each other: a query in either finds a document in either. A rare word with
two frequent ones is one rule, since a search engine would merge them.

A list repairs what counts words. A model that reads texts sees nothing of an analyzer: for it the words go into the texts (`remedies`,
`query expansion` and `document expansion`).
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from freqbias.characters import escaped
from freqbias.files import write_json, write_text
from freqbias.terms import ELASTICSEARCH_SYNONYMS, OPENSEARCH_SYNONYMS, SOLR_SYNONYMS

MIN_LOSS = 0.01  # in nDCG; a synonym for less is not worth the other senses that it brings along
MAX_RULES = 10_000  # of one Elasticsearch synonyms set
NAME = "freqbias"

_MEANS_SOMETHING = re.compile(r"([\\,=>#])")


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What one case lost by rare words in the place of frequent ones; `words` are couples of a frequent and a rare word."""

    words: tuple[tuple[str, str], ...]
    loss: float


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Words that should be searched as one: the rare one, then the frequent ones; mean loss over the cases that showed it."""

    words: tuple[str, ...]
    cases: int
    loss: float


def rules_of(losses: Sequence[Loss]) -> list[Rule]:
    """Return one rule for every rare word that costs `MIN_LOSS` on average, the largest sum of losses first.

    Where several words were swapped at once, their losses are told apart by least squares over all cases, so that a word does not pay for
    its company; what cannot be told apart is shared evenly.
    """
    cases = [tuple(dict.fromkeys(map(_tidy_couple, own.words))) for own in losses]
    counts = Counter(couple for own in cases for couple in own)
    price = _prices(cases, [own.loss for own in losses], list(counts))
    found: dict[str, list[tuple[str, str]]] = {}
    for high, low in counts:
        if high and low and high != low and price[high, low] >= MIN_LOSS:
            found.setdefault(low, []).append((high, low))
    rules = []
    for low, couples in found.items():
        n = sum(counts[couple] for couple in couples)
        mean = sum(counts[couple] * price[couple] for couple in couples) / n
        rules.append(Rule(words=(low, *(high for high, _ in couples)), cases=n, loss=mean))
    return sorted(rules, key=lambda rule: (-rule.loss * rule.cases, rule.words))[:MAX_RULES]


def _prices(cases: Sequence[Sequence[tuple[str, str]]], losses: Sequence[float], couples: Sequence[tuple[str, str]]) -> dict[Any, float]:
    """Return what each couple of words costs: the shortest of the vectors that fit the losses best."""
    from scipy.sparse import csr_array
    from scipy.sparse.linalg import lsqr

    if not couples:
        return {}
    column = {couple: place for place, couple in enumerate(couples)}
    places = [(row, column[couple]) for row, own in enumerate(cases) for couple in own]
    rows, columns = zip(*places, strict=True)
    table = csr_array((np.ones(len(places)), (rows, columns)), shape=(len(cases), len(couples)))
    found = lsqr(table, np.array(losses), atol=1e-10, btol=1e-10)[0]
    return dict(zip(couples, found.tolist(), strict=True))


def _tidy_couple(words: tuple[str, str]) -> tuple[str, str]:
    return _tidy(words[0]), _tidy(words[1])


def _tidy(word: str) -> str:
    return " ".join(word.lower().split())


def solr_rule(words: Sequence[str]) -> str:
    """Return equivalent words as one rule in Solr's format."""
    return ", ".join(_MEANS_SOMETHING.sub(r"\\\1", word) for word in words)


def solr(rules: Iterable[Rule]) -> str:
    """Return the text of a `synonyms.txt`, what was lost as a comment above each rule."""
    lines = ["# Words whose rare form cost places; freqbias. Mean loss in nDCG (1 is a fall from rank 1 to none), number of cases."]
    for rule in rules:
        lines += [f"# {rule.loss:.3f} in {rule.cases}", solr_rule(rule.words)]
    return escaped("\n".join(lines) + "\n")


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
