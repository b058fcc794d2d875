"""What is searched twice: one query and what it asks for, of which either has a word in its frequent and in its rare form."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from freqbias.collection.folder import Collection
from freqbias.collection.ranking import Case
from freqbias.frequency import swap
from freqbias.records import Pair
from freqbias.terms import DOCUMENT_SIDE, FREQUENCY, SIDE

#: Frequent word, rare word.
Words = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Twin:
    """Two cases that differ in the form of a swapped word alone; `words` are what was swapped, as found in the texts.

    `document` is the one that is looked for: the changed one, or of a changed query None, the best of those that it asks for.
    """

    pair: Pair
    document: int | None
    high: Case
    low: Case
    words: tuple[Words, ...]

    @property
    def side(self) -> str:
        """Which side of the search has two forms."""
        return str(self.pair.meta[SIDE])


def twins_of(collection: Collection, pairs: Iterable[Pair]) -> Iterator[Twin]:
    """Yield the twins of the pairs of arm `frequency`: a changed document for each query that asks for it, or a changed query."""
    for pair in pairs:
        if pair.arm != FREQUENCY:
            continue
        words = words_of(pair)
        if pair.meta[SIDE] == DOCUMENT_SIDE:
            number = collection.numbers[pair.meta["document_id"]]
            for name in pair.meta["query_ids"]:
                if number in collection.grades.get(name, {}):
                    text = collection.queries[name]
                    high, low = (Case(query=text, query_id=name, replaced=number, replacement=own) for own in (pair.high, pair.low))
                    yield Twin(pair=pair, document=number, high=high, low=low, words=words)
        else:
            high, low = (Case(query=own, query_id=pair.meta["query_id"]) for own in (pair.high, pair.low))
            yield Twin(pair=pair, document=None, high=high, low=low, words=words)


def words_of(pair: Pair) -> tuple[Words, ...]:
    """Return the words that face each other, each couple once; none where the forms differ by more than words."""
    found = swap(pair.high, pair.low, pair.language)
    return tuple(dict.fromkeys(zip(found.high, found.low, strict=True))) if found.aligned else ()
