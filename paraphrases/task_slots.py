"""Slots of task templates: the text of a template with words and numbers in the places that it names."""

import re
from collections.abc import Mapping

from freqbias.paraphrases.words import article

#: `{name}`, with the article before it, which is made to fit what comes there.
SLOT = re.compile(r"(?:\b(?P<article>[Aa])n? )?\{(?P<name>\w+)\}")
_SENTENCE_END = (". ", "? ", "! ")


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return a template's text with `values` in its slots: `a` or `an` as the word after it wants, a capital where a sentence begins."""

    def put(found: re.Match[str]) -> str:
        word = values[found["name"]]
        if found["article"]:
            return f"{found['article']}{article(word)[1:]} {word}"
        begins = not found.start() or text[: found.start()].endswith(_SENTENCE_END)
        return word[0].upper() + word[1:] if begins else word

    return SLOT.sub(put, text)
