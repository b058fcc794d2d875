"""The glossary: what the words and identifiers of a report mean, from one table and from what probes declare of their own.

`glossary.toml` is the table; a probe declares what it alone writes (`Probe.glossary`). An identifier with a part of its own
(`part:fkgl`, `informal_slope`) is explained from its parts, and a contrast that nothing explains by what the run's judgement says of it.
"""

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from freqbias import registry
from freqbias.judgement import Judgements, asking_of

NEAR, NEAR_ENOUGH = 3, 0.6  # how many terms are suggested, and how alike they have to be (difflib's own default)
PROBES = "probe:"  # before a probe's name: the group of what it declares
_SENTENCE_END = re.compile(r"(?<=[.!?]) ")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What one term means. `says` holds one to three sentences, with identifiers in backticks.

    `group` is a key of `titles()` or `probe:NAME`. `also` are other spellings, `see` other terms, `source` is a reference. A term that
    ends in a colon explains what begins with it, one that begins with an underscore what ends with it; `of` is the group in which the
    rest is looked up, None where the rest is a name of the run's own.
    """

    term: str
    group: str
    says: str
    also: tuple[str, ...] = ()
    see: tuple[str, ...] = ()
    source: str | None = None
    of: str | None = None

    @property
    def first(self) -> str:
        """The first sentence, which a reader who is no statistician understands."""
        return _SENTENCE_END.split(self.says, maxsplit=1)[0]

    @property
    def hover(self) -> str:
        """All sentences without marks, for a place that shows plain text."""
        return self.says.replace("`", "")

    def document(self) -> dict[str, Any]:
        """Return what `--json` prints of it."""
        return {name: value for name, value in asdict(self).items() if name != "of"}


def explain(term: str, of: str | None = None, judgements: Judgements | None = None) -> Entry | None:
    """Return what a word or identifier means, first in group or probe `of`; None where nothing says so.

    `judgements` are those of a run, which say what the contrasts of a probe mean that is not registered here.
    """
    return next(iter(senses(term, of, judgements)), None)


def senses(term: str, of: str | None = None, judgements: Judgements | None = None) -> list[Entry]:
    """Return every meaning of a word or identifier, that in group or probe `of` first."""
    found = list(_index(_probes()).get(_key(term), ()))
    made = [] if any(_is_of(entry, of) for entry in found) else _patterned(term, of)
    return sorted([*found, *made] or _declared(term, judgements), key=lambda entry: not _is_of(entry, of))


def suggest(term: str) -> list[str]:
    """Return the terms that are spelled most like one that nothing explains, nearest first."""
    spellings: dict[str, str] = {}
    for entry in entries():
        for name in (entry.term, *entry.also):
            spellings.setdefault(_key(name), entry.term)
    near = difflib.get_close_matches(_key(term), spellings, n=NEAR, cutoff=NEAR_ENOUGH)
    return list(dict.fromkeys(spellings[name] for name in near))


def entries(probes: Iterable[str] | None = None) -> list[Entry]:
    """Return every entry: those of the table, then what `probes` declare; else all that are registered, plugins too."""
    return [*_table(), *_of_probes(_probes() if probes is None else tuple(probes))]


def groups(probes: Iterable[str] | None = None) -> dict[str, list[Entry]]:
    """Return the entries by the title of their group, in alphabetic order."""
    found: dict[str, list[Entry]] = {}
    for entry in entries(probes):
        found.setdefault(_title(entry.group), []).append(entry)
    return {title: sorted(own, key=lambda entry: _key(entry.term)) for title, own in found.items()}


@cache
def _file() -> dict[str, dict[str, Any]]:
    return tomllib.loads(files("freqbias.analysis.report").joinpath("glossary.toml").read_text(encoding="utf-8"))


def titles() -> dict[str, str]:
    """Return the title of every group of the table."""
    return {name: title for name, title in _file()["titles"].items() if name != "probe"}


def _title(group: str) -> str:
    name = group.removeprefix(PROBES)
    return str(_file()["titles"]["probe"]).format(name=name) if group != name else titles()[group]


def _filled(template: str, **values: str) -> str:
    return str(_file()["templates"][template]).format_map(values)


@cache
def _table() -> tuple[Entry, ...]:
    return tuple(_entry(group, term, row) for group in titles() for term, row in _file()[group].items())


def _entry(group: str, term: str, row: dict[str, Any]) -> Entry:
    lists = {name: tuple(row[name]) for name in ("also", "see") if name in row}
    return Entry(term=term, group=group, says=row["says"], source=row.get("source"), of=row.get("of"), **lists)


def _probes() -> tuple[str, ...]:
    return tuple(registry.names("probes"))


@cache
def _of_probes(names: tuple[str, ...]) -> tuple[Entry, ...]:
    return tuple(entry for name in names for entry in _of_probe(name))


def _of_probe(name: str) -> Iterator[Entry]:
    """Yield what a registered probe asks, and what it declares of its own contrasts, measures and terms."""
    own, group = asking_of(name), f"{PROBES}{name}"
    template = "probe" if own.questions else "asks_nothing"
    says = _filled(template, questions=" ".join(own.questions.values()), summary=own.summary.removesuffix("."))
    yield Entry(term=name, group=group, says=says)
    for term, text in own.glossary.items():
        yield Entry(term=term, group=group, says=text, of=group if _is_pattern(term) else None)


@cache
def _index(probes: tuple[str, ...]) -> dict[str, tuple[Entry, ...]]:
    found: dict[str, dict[Entry, None]] = {}
    for entry in entries(probes):
        for name in (entry.term, *entry.also):
            found.setdefault(_key(name), {})[entry] = None
    return {key: tuple(own) for key, own in found.items()}


def _key(text: str) -> str:
    """Return what spellings of one term share: capitals, underscores and hyphens make no other term."""
    return re.sub(r"[\s_-]+", " ", text.strip().strip("`").casefold()).strip()


def _is_of(entry: Entry, of: str | None) -> bool:
    return of is not None and entry.group in (of, f"{PROBES}{of}")


def _is_pattern(term: str) -> bool:
    return term.endswith(":") or term.startswith("_")


def _patterned(term: str, of: str | None) -> list[Entry]:
    """Return the entry of an identifier that is made of a known part and another one, the longest known part first."""
    text = term.strip().strip("`")
    patterns = [entry for entry in entries() if _is_pattern(entry.term)]
    for entry in sorted(patterns, key=lambda own: (not _is_of(own, of), -len(own.term))):
        known = entry.term
        rest = text.removeprefix(known) if known.endswith(":") else text.removesuffix(known)
        if rest and rest != text:
            return [_composed(entry, text, rest)]
    return []


def _composed(entry: Entry, term: str, rest: str) -> Entry:
    inner = None if entry.of is None else explain(rest, entry.of)
    says = entry.says.format(what=f"`{rest}`")
    if inner is None:
        return replace(entry, term=term, says=says, also=())
    more = _filled("rest", what=f"`{rest}`", says=inner.first)
    return replace(entry, term=term, says=f"{says} {more}", also=(), see=(*entry.see, rest))


def _declared(term: str, judgements: Judgements | None) -> list[Entry]:
    """Return what the judgements of a run say of a probe, of the contrast that it is judged by, or of its unit."""
    if judgements is None:
        return []
    found = []
    for probe in judgements:
        own = judgements[probe]
        template = "contrast_plain" if own.meaning is None else "contrast"
        says = {probe: template, own.contrast: template} | ({} if own.unit is None else {own.unit: "unit"})
        if term in says:
            text = _filled(says[term], probe=f"`{probe}`", subject=own.subject, meaning=own.meaning or "")
            found.append(Entry(term=term, group=f"{PROBES}{probe}", says=text))
    return found


def listed(own: Sequence[Entry]) -> list[str]:
    """Return the terms of some entries; of a pattern what stands for the rest is shown."""
    return [
        f"{entry.term}…" if entry.term.endswith(":") else f"…{entry.term}" if entry.term.startswith("_") else entry.term for entry in own
    ]
