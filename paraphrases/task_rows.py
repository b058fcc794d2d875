"""Rows of the bundled task templates that ask for a translation or a tool call: the four forms of each, and what is wrong with it.

A row of `data/tasks/words-tt.jsonl` has four words that mean the same in the slots that use it; a row of `translation.jsonl` or
`tools.jsonl` has a text with slots and its gold answer, which is the same in every form. See `data/tasks/DATASHEET-translation-tools.md`.
"""

import json
import re
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from freqbias.errors import InputError, install_hint
from freqbias.frequency import tokens, word_zipf
from freqbias.paraphrases.task_slots import SLOT, filled
from freqbias.terms import FAMILIES, FORMS, HIGH, LOW, ORIGINAL, PLACEBO, TOOLS, TRANSLATION

Row = Mapping[str, Any]
Words = Mapping[str, Row]

LANGUAGES = ("de", "fr", "es")  # of the references; the text is English
REFERENCES = 2  # a language
MINSLOTS = 3
MIN_GAP, MAX_PLACEBO_GAP = 1.0, 0.3  # Zipf: frequent and rare word of a slot; its original and its placebo word
MAX_LENGTH_LEAN, MAX_PLACEBO_LEAN = 0.1, 0.03  # characters an item, high less low; Zipf a slot, original less placebo: either side of 0
_WORD = re.compile(r"[^\W\d_]+")


@cache
def read_rows(name: str) -> tuple[Row, ...]:
    """Return the rows of a bundled file by its name without ending: `words-tt` or a family."""
    text = files("freqbias.paraphrases").joinpath("data", "tasks", f"{name}.jsonl").read_text(encoding="utf-8")
    return tuple(map(json.loads, text.splitlines()))


@cache
def slot_words() -> Words:
    """Return the rows of words by their ids."""
    return {row["id"]: row for row in read_rows("words-tt")}


def fill(row: Row, form: str, words: Words) -> str:
    """Return the text of a row in a form."""
    return filled(row["text"], {name: words[id_][form] for name, id_ in row["slots"].items()})


def forms(row: Row, words: Words) -> dict[str, str]:
    """Return the text of a row in every form."""
    return {form: fill(row, form, words) for form in FORMS}


def word_faults(row: Row) -> list[str]:
    """Return which rules four words of a slot break: each in wordfreq's list, and as far apart in Zipf as their forms ask."""
    zipf = {form: word_zipf(row[form]) for form in FORMS}
    if unknown := [row[form] for form, value in zipf.items() if value is None]:
        return [f"not in wordfreq's list: {', '.join(unknown)}"]
    high, low, original, placebo = (zipf[form] or 0.0 for form in (HIGH, LOW, ORIGINAL, PLACEBO))
    first, last = sorted((original, placebo))
    rules = {
        f"the frequent word is not {MIN_GAP} Zipf above the rare one": _two_decimals(high - low) >= MIN_GAP,
        f"original and placebo are more than {MAX_PLACEBO_GAP} Zipf apart": _two_decimals(abs(original - placebo)) <= MAX_PLACEBO_GAP,
        "original or placebo is not between the frequent and the rare word": low <= first <= last <= high,
        "original and placebo are one word": row[ORIGINAL] != row[PLACEBO],
    }
    return [fault for fault, holds in rules.items() if not holds]


def _two_decimals(zipf: float) -> float:
    """Return a difference of two values of wordfreq, which come in hundredths, without the error of binary fractions."""
    return round(zipf, 2)


def row_faults(row: Row, words: Words) -> list[str]:
    """Return which rules a row breaks: its slots, that nothing else differs between forms, and the answer of its family."""
    named = [found["name"] for found in SLOT.finditer(row["text"])]
    if sorted(named) != sorted(row["slots"]):
        return ["slots of the text and of the field differ, or one stands twice"]
    faults = [] if len(named) >= MINSLOTS else [f"fewer than {MINSLOTS} slots"]
    own = [{words[id_][form] for form in FORMS} for id_ in row["slots"].values()]
    swapped = set().union(*own)
    if len(swapped) < sum(map(len, own)):
        faults.append("two slots share a word")
    if len({tuple(_fixed(text, swapped)) for text in forms(row, words).values()}) > 1:
        faults.append("more than the slots differs between the forms")
    if repeated := swapped & set(tokens(SLOT.sub("", row["text"]))):
        faults.append(f"words of slots stand beside them: {', '.join(sorted(repeated))}")
    if leaked := swapped & _words_of(_gold(row)):
        faults.append(f"words of slots stand in the answer: {', '.join(sorted(leaked))}")
    check = {TRANSLATION: _reference_faults, TOOLS: _call_faults}.get(row["family"])
    return [*faults, *(check(row) if check else [f"the family is none of {', '.join(FAMILIES)} that stands here"])]


def _fixed(text: str, swapped: set[str]) -> Iterator[str]:
    return ("a" if word == "an" else word for word in tokens(text) if word not in swapped)


def _gold(row: Row) -> Any:
    return [row.get(name) for name in ("references", "tools", "calls")]


def _words_of(value: Any) -> set[str]:
    """Return the words of every text in a JSON value, keys and names with underscores among them, in lower case."""
    return set(_WORD.findall(json.dumps(value, ensure_ascii=False).lower()))


def _reference_faults(row: Row) -> Iterator[str]:
    references: Mapping[str, Sequence[str]] = row["references"]
    if tuple(references) != LANGUAGES:
        yield f"the references are not in {', '.join(LANGUAGES)}"
    for language, texts in references.items():
        if len({text.strip() for text in texts} - {""}) < REFERENCES:
            yield f"{language}: fewer than {REFERENCES} different references"
        if wrong := [text for text in texts if text.strip() and language_of(text) != language]:
            yield f"{language}: another language: {wrong[0]}"


def language_of(text: str, languages: Iterable[str] = ("en", *LANGUAGES)) -> str:
    """Return the language in which the words of a text are most frequent on average; words that a language's list lacks count 0 Zipf."""
    return max(languages, key=lambda language: statistics.mean(word_zipf(token, language) or 0.0 for token in tokens(text, language)))


def _call_faults(row: Row) -> Iterator[str]:
    try:
        from jsonschema import Draft202012Validator
        from jsonschema.exceptions import SchemaError
    except ModuleNotFoundError as error:
        raise InputError(f"tool calls need '{error.name}'; run: {install_hint('tasks')}") from error
    tools = {tool["name"]: tool for tool in row["tools"]}
    if not 1 <= len(tools) == len(row["tools"]) <= 3:
        yield "not one to three tools of different names"
    for name, tool in tools.items():
        try:
            Draft202012Validator.check_schema(tool["parameters"])
        except SchemaError as error:
            yield f"{name}: no JSON schema: {error.message}"
            return
    if [*map(len, row["calls"])] != [1] or row["calls"][0].keys() - tools.keys():
        yield "not one call of one of the tools"
        return
    ((name, accepted),) = row["calls"][0].items()
    validator = Draft202012Validator(tools[name]["parameters"])
    for arguments in _accepted_arguments(accepted):
        yield from (f"{name}: {fault.message}" for fault in validator.iter_errors(arguments))


def _accepted_arguments(accepted: Mapping[str, Sequence[Any]]) -> Iterator[dict[str, Any]]:
    """Yield arguments so that each accepted value occurs once at least."""
    for place in range(max([1, *map(len, accepted.values())])):
        yield {name: values[min(place, len(values) - 1)] for name, values in accepted.items() if values}


def family_faults(rows: Sequence[Row], words: Words) -> list[str]:
    """Return which rules a family breaks as a whole: ids, the mean difference in length and that of original and placebo in Zipf."""
    faults = [] if len({row["id"] for row in rows}) == len(rows) else ["an id stands twice"]
    length, zipf = length_lean(rows, words), placebo_lean(rows, words)
    if abs(length) > MAX_LENGTH_LEAN:
        faults.append(f"the frequent form is {length:+.2f} characters longer on average")
    if abs(zipf) > MAX_PLACEBO_LEAN:
        faults.append(f"the original is {zipf:+.3f} Zipf a slot above the placebo on average")
    return faults


def length_lean(rows: Sequence[Row], words: Words) -> float:
    """Return the mean of characters of the frequent form less those of the rare one, articles among them."""
    return statistics.mean(len(fill(row, HIGH, words)) - len(fill(row, LOW, words)) for row in rows)


def placebo_lean(rows: Sequence[Row], words: Words) -> float:
    """Return the mean over all slots of the original word's Zipf less the placebo word's."""
    used = [words[id_] for row in rows for id_ in row["slots"].values()]
    return statistics.mean((word_zipf(each[ORIGINAL]) or 0.0) - (word_zipf(each[PLACEBO]) or 0.0) for each in used)
