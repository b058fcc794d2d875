"""The words in which a task is put to a language model: versioned files, several a family, since no result should hang on one of them."""

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

import msgspec

from freqbias.characters import is_blank
from freqbias.errors import InputError
from freqbias.tasks.answers import letter_of
from freqbias.tasks.items import TaskItem

EACH = 3  # prompts of a family
VERSION = "v1"  # a changed prompt is a new file, so that runs stay comparable
#: Names of target languages in prompts, by code; others go by what they are called.
LANGUAGES = {
    "ar": "Arabic",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "es": "Spanish",
    "fi": "Finnish",
    "fr": "French",
    "hi": "Hindi",
    "hu": "Hungarian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sv": "Swedish",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "zh": "Chinese",
}
_PLACE = re.compile(r"\{(question|options|tools|language)\}")


class TaskPrompt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way to ask.

    `text` is the message to the model, in which `{question}`, `{options}` (a line each, with its letter), `{tools}` (a line of JSON each)
    and `{language}` are filled in. `start` is the beginning of the answer, which the model goes on from. `max_tokens` is how long it may
    write; 0, and it writes nothing: then answers are only scored. With `marked`, an answer is looked for behind a mark such as `Answer:`
    and not at its start, for prompts that let a model reason first.
    """

    name: str
    text: str
    start: str = ""
    max_tokens: int = 0
    marked: bool = False

    @classmethod
    def from_dict(cls, row: Any) -> Self:
        """Build a prompt from decoded fields; `InputError` for one that does not fit or that asks no question."""
        try:
            found = msgspec.convert(row, cls)
        except msgspec.ValidationError as error:
            raise InputError(str(error)) from error
        if "{question}" not in found.text:
            raise InputError("text: must hold {question}, where the wording goes")
        if is_blank(found.name):
            raise InputError("name: is empty")
        if found.max_tokens < 0:
            raise InputError(f"max_tokens: must be at least 0, found {found.max_tokens}")
        return found

    def check_fits(self, item: TaskItem) -> None:
        """Raise `InputError` where the prompt hides what an item has to choose from, or names what it has not."""
        named = {found[1] for found in _PLACE.finditer(f"{self.text}{self.start}")}
        places = _places(item)
        for place, filled in places.items():
            if filled and place not in named and place != "language":  # which may be written out
                raise InputError(f"prompt '{self.name}': text must hold {{{place}}}, since the task '{item.id}' has {place}")
            if place in named and not filled:
                raise InputError(f"prompt '{self.name}': holds {{{place}}}, and the task '{item.id}' has no {place}")

    def message(self, item: TaskItem, question: str) -> str:
        """Return the message that asks for an item in some wording."""
        return _put(self.text, _places(item) | {"question": question})

    def beginning(self, item: TaskItem) -> str:
        """Return the start of the answer."""
        return _put(self.start, _places(item))


def _put(text: str, places: Mapping[str, str]) -> str:
    """Fill all places in at once, so that braces in a question or a tool stay as they are."""
    return _PLACE.sub(lambda found: places.get(found[1], found[0]), text)


def _places(item: TaskItem) -> dict[str, str]:
    to = str(item.meta.get("to") or "")
    return {
        "options": "\n".join(f"{letter_of(place)}. {' '.join(option.split())}" for place, option in enumerate(item.options)),
        "tools": "\n".join(json.dumps(tool, ensure_ascii=False) for tool in item.meta.get("tools", ())),
        "language": LANGUAGES.get(to, to),
    }


def bundled(family: str) -> list[TaskPrompt]:
    """Return the bundled prompts of a family."""
    names = [f"{family}-{number}-{VERSION}" for number in range(1, EACH + 1)]
    return [_parsed(files("freqbias.tasks").joinpath("prompts", f"{name}.toml").read_text(encoding="utf-8"), name) for name in names]


def own_prompts(paths: Sequence[str | Path]) -> list[TaskPrompt]:
    """Return prompts from files of a user's own: `.toml` with the fields of `TaskPrompt`, any other is the text alone.

    The name is that of the file. `InputError` names the file and what to do.
    """
    found: dict[str, TaskPrompt] = {}
    for path in map(Path, paths):
        try:
            text = path.read_text(encoding="utf-8")
            made = _parsed(text, path.stem) if path.suffix == ".toml" else TaskPrompt.from_dict({"name": path.stem, "text": text.strip()})
        except OSError as error:
            raise InputError(f"{path}: {error.strerror or 'cannot be read'}") from error
        except (UnicodeDecodeError, tomllib.TOMLDecodeError, InputError) as error:
            raise InputError(f"{path}: {error}") from error
        if made.name in found:
            raise InputError(f"{path}: another prompt is called '{made.name}'; rename one of the files")
        found[made.name] = made
    return list(found.values())


def _parsed(text: str, name: str) -> TaskPrompt:
    row = tomllib.loads(text)
    trimmed = {key: row[key].strip() for key in ("text", "start") if isinstance(row.get(key), str)}  # an answer brings its own space
    return TaskPrompt.from_dict({"name": name, **row, **trimmed})
