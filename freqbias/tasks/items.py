"""The record of a task: `TaskItem`, a problem with its gold answer, in one wording or in several."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import field

from freqbias.characters import is_blank
from freqbias.errors import InputError
from freqbias.records import Record, Text
from freqbias.tasks.numbers import number
from freqbias.terms import FAMILIES, FORMS, MATH, ORIGINAL, TOOLS, TRANSLATION

NO_LICENCE = "none stated"
MAX_OPTIONS = 26  # each has a letter, A to Z


class TaskItem(Record, frozen=True, kw_only=True):
    """A problem with its gold answer.

    `question` is the text as it was given, `options` what there is to choose from. `answer` is the place of the right option, counted
    from 0, where there are options; else by family: a number as text (`math`), reference translations (`translation`), or the calls
    that are right (`tools`), each as `{function: {argument: [accepted values]}}`, where an accepted value of `""` means that the
    argument may be left out. `forms` has the question in other words: `original` always, `placebo`, `high` and `low` where they were
    made. `meta.tools` are the functions that may be called: `name`, `description`, and `parameters` as a JSON schema.
    """

    id: Text
    family: Text
    source: Text
    licence: Text = NO_LICENCE
    question: Text
    options: Sequence[Text] = ()
    answer: Any
    forms: Mapping[str, Text] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)

    def check_together(self) -> None:
        """Check family, forms, and an answer that fits both."""
        if self.family not in FAMILIES:
            raise InputError(f"field 'family' must be one of {', '.join(FAMILIES)}, found '{self.family}'")
        if strange := sorted(self.forms.keys() - {*FORMS}):
            raise InputError(f"field 'forms' has '{strange[0]}'; its keys are {', '.join(FORMS)}")
        if self.forms and self.forms.get(ORIGINAL) != self.question:
            raise InputError(f"field 'forms.{ORIGINAL}' must be the text of 'question'")
        if fault := self._fault():
            raise InputError(f"field 'answer' {fault}")

    @property
    def is_right_twice(self) -> bool:
        """Whether another option is the right one too, under another letter."""
        texts = [" ".join(option.split()).casefold() for option in self.options]
        return bool(texts) and texts.count(texts[self.answer]) > 1

    def _fault(self) -> str | None:
        """Return what is wrong with the answer, as the rest of a sentence."""
        if len(self.options) == 1 or len(self.options) > MAX_OPTIONS:
            return f"cannot be chosen of {len(self.options)} options; give 2 to {MAX_OPTIONS}"
        if self.options:
            sound = isinstance(self.answer, int) and not isinstance(self.answer, bool) and 0 <= self.answer < len(self.options)
            return None if sound else f"must be the place of the right option, 0 to {len(self.options) - 1}, found {self.answer!r}"
        if self.family == MATH:
            found = number(self.answer) if isinstance(self.answer, str) else None
            reason = "it is not text" if found is None else found.reason
            return f"must be a number, as text ({reason})" if reason else None
        if self.family == TRANSLATION:
            sound = isinstance(self.answer, list) and bool(self.answer) and all(map(_is_text, self.answer))
            return None if sound else "must be a list of reference translations"
        if self.family == TOOLS:
            sound = isinstance(self.answer, list) and bool(self.answer) and all(map(_is_call, self.answer))
            return None if sound else "must be a list of calls, each {function: {argument: [accepted values]}}"
        return "needs 'options' to choose from"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not is_blank(value)


def _is_call(value: Any) -> bool:
    if not isinstance(value, dict) or len(value) != 1:
        return False
    ((name, arguments),) = value.items()
    return (
        _is_text(name) and isinstance(arguments, dict) and all(isinstance(accepted, list) and accepted for accepted in arguments.values())
    )
