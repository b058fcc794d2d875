"""Which tasks `freqbias pairs tasks` is to make pairs of: bundled ones, those of an installed package, or a user's files."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from freqbias.errors import InputError
from freqbias.paraphrases import task_rows, task_templates
from freqbias.registry import suggestion
from freqbias.tasks.installed import INSTALLED, installed
from freqbias.tasks.items import NO_LICENCE, TaskItem
from freqbias.tasks.loaders import aligned, commonsenseqa, fields_of, gsm8k, task_file, with_forms
from freqbias.tasks.prompts import LANGUAGES
from freqbias.terms import FAMILIES, HIGH, LOW, ORIGINAL, PLACEBO, TRANSLATION

ROWS, GSM8K, COMMONSENSEQA, LINES = LAYOUTS = ("rows", "gsm8k", "commonsenseqa", "lines")
CODE_LETTERS = 3  # of a language code at most


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is asked for; see `freqbias.paraphrases.tasks.generate`."""

    sources: Sequence[Path] = ()
    data: str | None = None
    layout: str | None = None
    fields: str | None = None
    to: str | None = None
    forms: tuple[tuple[str, str], ...] = ()
    skipped: list[str] | None = None

    def languages(self) -> list[str]:
        """Return the target languages of translations."""
        if self.to is None:
            return [*task_rows.LANGUAGES]
        found = list(dict.fromkeys(name.strip() for name in self.to.split(",") if name.strip()))
        if not found:
            raise InputError("-o to= is empty; give a language code, or several with commas")
        return found

    def check(self) -> None:
        """Raise `InputError` for options that do not go together."""
        if self.sources and self.data:
            raise InputError(f"-o data={self.data}: with files of your own, leave it out")
        if self.layout is not None and not self.sources:
            raise InputError(f"-o layout={self.layout} is for files of your own; leave it out")
        if self.layout is not None and self.layout not in LAYOUTS:
            raise InputError(f"-o layout={self.layout}: unknown{suggestion(self.layout, LAYOUTS)}")
        if self.fields is not None and (not self.sources or self.layout not in (None, ROWS)):
            raise InputError(f"-o fields={self.fields} is for files of your own with layout={ROWS}; leave it out")
        if self.to is not None and self.sources and self.layout != LINES:
            raise InputError(f"-o to={self.to} is for translations, layout={LINES}; leave it out")


def items_of(wanted: Wanted) -> tuple[list[TaskItem], Counter[str]]:
    """Return the tasks that are asked for, and how many rows of the source are none, by reason."""
    left_out: Counter[str] = Counter()
    wanted.check()
    found = list(_of_files(wanted) if wanted.sources else _named(wanted, left_out))
    if wanted.forms:
        found = list(with_forms(found, dict(wanted.forms)))
    fair = [item for item in found if not item.is_right_twice]
    if len(fair) < len(found):
        left_out["the right option stands there twice"] += len(found) - len(fair)
    if not fair:
        raise InputError(f"{wanted.sources[0] if wanted.sources else wanted.data}: contains no tasks")
    return fair, left_out


def _named(wanted: Wanted, left_out: Counter[str]) -> Iterator[TaskItem]:
    known = (*FAMILIES, *INSTALLED)
    if wanted.data is None:
        raise InputError(f"name the tasks, or give files: -o data=NAME, one of {', '.join(known)}")
    if wanted.data in FAMILIES:
        yield from bundled_items(wanted.data, wanted.languages())
    elif wanted.data in INSTALLED:
        yield from installed(wanted.data, left_out)
    else:
        raise InputError(f"unknown tasks '{wanted.data}'{suggestion(wanted.data, known)}")


def bundled_items(family: str, languages: Sequence[str] = task_rows.LANGUAGES) -> Iterator[TaskItem]:
    """Yield the bundled tasks of a family in all forms; a translation once for each language, under one id."""
    if family in task_templates.FAMILIES:
        yield from task_templates.task_items(family)
        return
    words = task_rows.slot_words()
    for row in task_rows.read_rows(family):
        forms = task_rows.forms(row, words)
        for language in languages if family == TRANSLATION else [None]:
            if language is not None and language not in row["references"]:
                raise InputError(f"-o to={language}: the bundled translations are into {', '.join(row['references'])}")
            own: dict[str, Any] = (
                {"answer": row["calls"], "meta": {"tools": row["tools"]}}
                if language is None
                else {"answer": row["references"][language], "meta": {"to": language}}
            )
            yield TaskItem(
                id=row["id"],
                family=family,
                source=task_templates.SOURCE,
                licence=task_templates.LICENCE,
                question=forms[ORIGINAL],
                forms=forms,
                **own,
            )


def _of_files(wanted: Wanted) -> Iterator[TaskItem]:
    first, *rest = wanted.sources
    if wanted.layout == LINES:
        if not rest or len(wanted.languages()) != 1:
            raise InputError("-o layout=lines: give the file of English lines, its references, and their language: -o to=de")
        (language,) = wanted.languages()
        if len(language) <= CODE_LETTERS and language not in LANGUAGES:
            raise InputError(f"-o to={language}: write the language as a prompt names it, such as to=Italian")
        return aligned(first, rest, to=language, name=Path(first).stem, licence=NO_LICENCE, listed=wanted.skipped)
    if rest:
        raise InputError(f"{rest[0]}: give one file of tasks at a time")
    readers: dict[str, Callable[..., Iterator[TaskItem]]] = {GSM8K: gsm8k, COMMONSENSEQA: commonsenseqa}
    if wanted.layout is not None and wanted.layout in readers:
        return readers[wanted.layout](first, listed=wanted.skipped)
    names = [name.strip() for name in (wanted.fields or "").split(",") if name.strip()]
    return task_file(first, fields_of(names) if names else None, listed=wanted.skipped)


def forms_given(high: str | None, low: str | None, placebo: str | None) -> tuple[tuple[str, str], ...]:
    """Return the files of wordings that were named, by form; `InputError` where one of the two of an arm is missing."""
    if (high is None) != (low is None):
        raise InputError("-o high_file and -o low_file go together: give both")
    return tuple((form, path) for form, path in ((HIGH, high), (LOW, low), (PLACEBO, placebo)) if path is not None)
