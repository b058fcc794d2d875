"""The part of the glossary that a page can need: its words, and the identifiers of its own estimates."""

from collections.abc import Iterator, Sequence
from typing import Any

from freqbias import registry
from freqbias.analysis.report.glossary import Entry, explain, groups, titles
from freqbias.judgement import Judgements
from freqbias.records import Estimate

#: Groups whose terms are words that sentences use; those of the others are identifiers, which tables use.
WORDS = ("words", "statistics")


def glossary_of(estimates: Sequence[Estimate], judgements: Judgements) -> list[dict[str, Any]]:
    """Return one object a term, JSON-ready: `term`, `says`, `also` and whether sentences use it (`word`), words first."""
    named = titles()
    words = [
        entry for title, own in groups(registry.BUILT_IN["probes"]).items() if title in {named[key] for key in WORDS} for entry in own
    ]
    found = {(entry.term, entry.says): _row(entry, entry.term, word=True) for entry in words}
    for term, entry in _identifiers(estimates, judgements):
        found.setdefault((term, entry.says), _row(entry, term, word=False))
    return list(found.values())


def _identifiers(estimates: Sequence[Estimate], judgements: Judgements) -> Iterator[tuple[str, Entry]]:
    """Yield every identifier that the table of estimates shows, with what it means there."""
    wanted: dict[tuple[str, str], None] = {}
    for row in estimates:
        wanted |= {(name, row.probe): None for name in (row.probe, row.measure, row.contrast, row.term)}
        wanted |= {(row.arm, "arms"): None} | {(flag, "flags"): None for flag in row.flags}
    for name, of in wanted:
        entry = explain(name, of, judgements)
        if entry is not None:
            yield name, entry


def _row(entry: Entry, term: str, *, word: bool) -> dict[str, Any]:
    return {"term": term, "says": entry.hover, "also": list(entry.also) if word else [], "word": word}
