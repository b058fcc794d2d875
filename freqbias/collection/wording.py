"""Texts with a rare word put in plainer words: the frequent synonym beside it, or in its place."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from freqbias.collection.document_rows import Document
from freqbias.collection.folder import Collection, Texts
from freqbias.collection.index import DOCUMENTS_AT_ONCE
from freqbias.collection.twins import Words
from freqbias.models.relevance import slices

_WORD = re.compile(r"\w+(?:['’-]\w+)*")


class Plainer:
    """The frequent word of every rare one, from the very pairs that are measured: the best table that could be had."""

    def __init__(self, couples: Iterable[Words]):
        found: dict[str, Counter[str]] = {}
        for high, low in couples:
            found.setdefault(low, Counter())[high] += 1
        frequent = {high for highs in found.values() for high in highs}
        self.table = {low: highs.most_common(1)[0][0] for low, highs in found.items() if low not in frequent}

    def expanded(self, text: str) -> str:
        """Return a text with the frequent word in brackets behind the first of every rare word, unless the text has it already.

        Behind the word and not at the end of the text, which a model may never read.
        """
        words = {match[0].lower() for match in _WORD.finditer(text)}
        wanted = {low: high for low in words if (high := self.table.get(low)) is not None and high not in words}
        if not wanted:
            return text
        return _WORD.sub(lambda match: f"{match[0]} ({high})" if (high := wanted.pop(match[0].lower(), None)) else match[0], text)

    def rewritten(self, text: str) -> str:
        """Return a text with the frequent word in the place of every rare one."""
        return _WORD.sub(lambda match: _cased(self.table.get(match[0].lower(), match[0]), match[0]), text)

    def expanded_collection(self, collection: Collection) -> Collection:
        """Return a collection with every document expanded that has a rare word."""
        from dataclasses import replace

        return replace(collection, texts=Texts(self._documents(collection)))

    def _documents(self, collection: Collection) -> Iterator[Document]:
        for part in slices(len(collection), DOCUMENTS_AT_ONCE):
            for number, text in enumerate(collection.texts.part(part), start=part.start):
                name = collection.ids[number]
                yield Document(id=name, text=self.expanded(text), place=name)


def _cased(word: str, like: str) -> str:
    return word if not like[:1].isupper() else word[:1].upper() + word[1:]
