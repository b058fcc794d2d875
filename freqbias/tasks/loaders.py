"""Read tasks from a user's own files; `freqbias.tasks.installed` has those of packages.

Every function yields `TaskItem`s. A fault is one line, `file:line: field: reason`, which stops the reading, or is put into `listed` and
its row left out. Licences are those that the authors of the data state.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from freqbias.characters import is_blank
from freqbias.errors import InputError
from freqbias.lines import EMPTY_LINE, Faults, Line, lines
from freqbias.rows import name_of, read_table, text_of
from freqbias.tasks.items import NO_LICENCE, TaskItem
from freqbias.tasks.numbers import number
from freqbias.terms import COMMONSENSE, MATH, ORIGINAL, TRANSLATION

_MARK = "####"  # GSM8K's, before the final answer


@dataclass(frozen=True, kw_only=True)
class Fields:
    """What the columns of a user's file are called; `options` may be absent, and then the answer is a number."""

    question: str = "question"
    options: str = "options"
    answer: str = "answer"
    id: str | None = None


def fields_of(renamed: Sequence[str]) -> Fields:
    """Return fields by what a command line gives of them, `question=stem` and so on; `InputError` for a field that is not there."""
    names: dict[str, str] = {}
    for given in renamed:
        field, equals, name = given.partition("=")
        if field not in Fields.__dataclass_fields__ or not equals or not name:
            raise InputError(f"field '{given}': write FIELD=COLUMN, FIELD one of {', '.join(Fields.__dataclass_fields__)}")
        names[field] = name
    return Fields(**names)


Read = Callable[[dict[str, Any]], dict[str, Any]]  # a row to the fields of an item; raises `InputError` without file and line


def task_file(
    path: str | Path,
    fields: Fields | None = None,
    *,
    source: str | None = None,
    licence: str = NO_LICENCE,
    listed: list[str] | None = None,
) -> Iterator[TaskItem]:
    """Yield the tasks of a file of rows (see `freqbias.rows`) with a question, an answer, and options where there is a choice.

    Options are a list of texts, or an object or a list of `{label, text}` by letter. The answer is a letter, the text of an option or its
    place counted from 0; without options, a number.
    """
    fields = fields or Fields()

    def read(row: dict[str, Any]) -> dict[str, Any]:
        question = text_of(row[fields.question], fields.question)
        given = row.get(fields.options)
        if given is None:
            return {"family": MATH, "question": question, "answer": _gold_number(row[fields.answer], fields.answer)}
        options = _options(given, fields.options)
        return {
            "family": COMMONSENSE,
            "question": question,
            "options": options,
            "answer": _place(row[fields.answer], options, fields.answer),
        }

    wanted = [fields.question, fields.answer, *([fields.id] if fields.id else [])]
    origin = Origin(source=source or Path(path).stem, licence=licence)
    return read_items(path, wanted, read, origin, also=[fields.options], listed=listed, id_column=fields.id)


def gsm8k(path: str | Path, *, listed: list[str] | None = None) -> Iterator[TaskItem]:
    """Yield GSM8K's problems from its JSON lines: `question`, and `answer` with the number behind `####`."""

    def read(row: dict[str, Any]) -> dict[str, Any]:
        solution = text_of(row["answer"], "answer")
        if _MARK not in solution:
            raise InputError(f"answer: has no '{_MARK}' before the final number")
        gold = _gold_number(solution.rpartition(_MARK)[2].strip(), "answer")
        return {"family": MATH, "question": text_of(row["question"], "question"), "answer": gold}

    return read_items(path, ["question", "answer"], read, Origin(source="GSM8K", licence="MIT"), listed=listed)


def commonsenseqa(path: str | Path, *, listed: list[str] | None = None) -> Iterator[TaskItem]:
    """Yield CommonsenseQA's questions from its own JSON lines, or from those with `choices` beside `question`, as hubs have them."""

    def read(row: dict[str, Any]) -> dict[str, Any]:
        inner = row["question"] if isinstance(row["question"], dict) else {"stem": row["question"], "choices": row.get("choices")}
        if inner.get("choices") is None:
            raise InputError("choices: is missing")
        options = _options(inner["choices"], "choices")
        gold = _place(row["answerKey"], options, "answerKey")
        return {"family": COMMONSENSE, "question": text_of(inner.get("stem"), "question.stem"), "options": options, "answer": gold}

    origin = Origin(source="CommonsenseQA", licence="MIT")
    return read_items(path, ["question", "answerKey"], read, origin, also=["id", "choices"], listed=listed, id_column="id")


def aligned(
    source: str | Path,
    references: Sequence[str | Path],
    *,
    to: str,
    name: str = "FLORES",
    licence: str = "CC-BY-SA-4.0",
    listed: list[str] | None = None,
) -> Iterator[TaskItem]:
    """Yield translations from aligned files, as FLORES has them: line n of the source and of every reference; `to` is a language.

    `InputError` where the files do not have equally many lines.
    """
    paths, faults, origin = [Path(source), *map(Path, references)], Faults(source, listed), Origin(source=name, licence=licence)
    for place, row in enumerate(zip_longest(*map(lines, paths)), start=1):
        if None in row:
            short = next(path for path, line in zip(paths, row, strict=True) if line is None)
            raise InputError(f"{short}:{place}: the file ends before the others; aligned files have equally many lines")
        fault = next((line.fault or EMPTY_LINE for line in row if line.fault or is_blank(line.text)), None)
        if fault:
            faults(place, fault)
            continue
        text, *golds = (line.text.strip() for line in row)
        meta = {"to": to}
        yield origin.item({"id": f"{paths[0].stem}-{place}", "family": TRANSLATION, "question": text, "answer": golds, "meta": meta})


def with_forms(items: Iterable[TaskItem], texts: Mapping[str, str | Path]) -> Iterator[TaskItem]:
    """Yield tasks with their questions in other words: for each form a file whose line n is item n's, such as the pairs of Adam's Law.

    `InputError` where a file has another number of lines than there are items.
    """
    rows: Iterator[tuple[Line | None, ...]] = zip_longest(*map(lines, texts.values()))
    for place, (item, found) in enumerate(zip_longest(items, rows), start=1):
        made: dict[str, str] = {}
        for (form, path), line in zip(texts.items(), found or [None] * len(texts), strict=True):
            if line is None or item is None:
                what = "no line for a task" if line is None else "no task for the line"
                raise InputError(f"{path}:{place}: {what}; give as many lines as tasks")
            if line.fault or is_blank(line.text):
                raise InputError(f"{path}:{place}: {line.fault or EMPTY_LINE}")
            made[form] = line.text.strip()
        if item is not None:
            yield TaskItem.from_dict(item.to_dict() | {"forms": {**item.forms, **made}})


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where tasks come from, and on what terms; `package` is the one that ships them, with its version."""

    source: str
    licence: str = NO_LICENCE
    package: str | None = None

    def item(self, row: Mapping[str, Any]) -> TaskItem:
        """Return a task whose only form is the given one."""
        shipped = {"package": self.package} if self.package else {}
        own = {"source": self.source, "licence": self.licence, "forms": {ORIGINAL: row["question"]}}
        return TaskItem.from_dict(own | {**row, "meta": {**row.get("meta", {}), **shipped}})


def read_items(
    path: str | Path,
    wanted: Sequence[str],
    read: Read,
    origin: Origin,
    *,
    also: Sequence[str] = (),
    listed: list[str] | None = None,
    id_column: str | None = None,
) -> Iterator[TaskItem]:
    """Yield what `read` makes of the rows of a file; a row that it makes nothing of is left out. An id seen twice is a fault."""
    faults, seen = Faults(path, listed), set()
    for place, row in read_table(path, wanted, also, listed=listed):
        try:
            made = read(row)
            if not made:
                continue
            own = name_of(row.get(id_column), id_column) if id_column else None
            item = origin.item({"id": own or f"{origin.source.lower()}-{place}", **made})
            if item.id in seen:
                raise InputError(f"id: repeats '{item.id}'")
        except InputError as error:
            faults(place, error)
            continue
        seen.add(item.id)
        yield item


def _gold_number(value: Any, name: str) -> str:
    """Return a gold number as text; `InputError` with the field for anything else."""
    text = repr(value) if isinstance(value, int | float) and not isinstance(value, bool) else text_of(value, name)
    if reason := number(text).reason:
        raise InputError(f"{name}: must be a number ({reason}), found '{text[:40]}'; a choice needs options")
    return text


def _options(given: Any, name: str) -> list[str]:
    """Return options as a list of texts, in the order of their letters where these are given."""
    if isinstance(given, Mapping) and given.keys() == {"label", "text"}:
        labels, texts = given["label"], given["text"]
        if not isinstance(labels, list) or not isinstance(texts, list) or len(labels) != len(texts):
            raise InputError(f"{name}: must have as many labels as texts, in two lists")
        given = [{"label": label, "text": text} for label, text in zip(labels, texts, strict=True)]
    if isinstance(given, Mapping):
        given = [{"label": label, "text": text} for label, text in given.items()]
    if not isinstance(given, list) or len(given) < 2:
        raise InputError(f"{name}: must be a list of at least two texts")
    if all(isinstance(each, Mapping) and each.keys() >= {"label", "text"} for each in given):
        if [str(each["label"]) for each in given] != [chr(ord("A") + place) for place in range(len(given))]:
            raise InputError(f"{name}: must be labelled A, B, C and so on, in that order")
        given = [each["text"] for each in given]
    return [text_of(each, name) for each in given]


def _place(value: Any, options: Sequence[str], name: str) -> int:
    """Return the place of the right option by its letter, its text or its place; `InputError` where these tell two, or none."""
    text = str(value).strip()
    found = {place for place, option in enumerate(options) if option == text}
    if len(text) == 1 and text.isascii() and text.isalpha() and 0 <= (letter := ord(text.upper()) - ord("A")) < len(options):
        found.add(letter)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(options):
        found.add(value)
    if len(found) != 1:
        what = "is none of the options" if not found else "may be either of two options; give the letter or the text"
        raise InputError(f"{name}: {what}: '{text[:40]}'")
    return found.pop()
