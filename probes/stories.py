"""Stories that a language model writes from the texts of pairs, and the words in them, without what a pair itself brought in.

An item opens one story a prompt, with one of its two forms: a hash says which, so that neither form opens more of them. What is counted
is what the model wrote, never its prompt. For a pair, two kinds of stories are left out: those that its own item opened, and those whose
prompt holds one of the words in which its forms differ. So a model that copies its prompt brings none of these into the pair's counts.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import compress

from freqbias.covariates import in_phrasing
from freqbias.frequency import content_words, swap, tokens
from freqbias.frequency.counts import Counts
from freqbias.models import LanguageModel
from freqbias.models.writing import written
from freqbias.probes.common import prompt, text_hash
from freqbias.progress import Track, chunks
from freqbias.records import Pair
from freqbias.terms import FREQUENCY, LENGTH, SIDES

PLACE = "{text}"
#: How a story is asked for, by name. No two share a content word, so that a word which one of them brings up has stories of the others.
PROMPTS = {name: prompt(f"distill-{name}-v1") for name in ("story", "next", "novel")}
LANGUAGE = "en"  # of the prompts
MAX_OPENINGS = 200  # items that open stories: 600 stories, some 50,000 words, an hour of a small model on two cores
MAX_TOKENS = 128  # of a story: some 90 words
TEMPERATURE = 1.0  # the model's own distribution; any other makes frequent words more or less frequent than they are to it
SEED = 0
STORIES_AT_ONCE = 8  # what a display of progress waits for

Words = tuple[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class Story:
    """One story: the item that opened it, the name of its prompt, the words it was asked with, and how often it has which word."""

    item: str
    prompt: str
    asked: frozenset[str]
    words: Counter[str]


class Stories:
    """The stories of one model; `failed` counts those that it did not write."""

    def __init__(self, stories: Sequence[Story], failed: int = 0):
        self.stories = stories
        self.failed = failed

    @cached_property
    def counts(self) -> Counter[str]:
        """How often every word was written."""
        total: Counter[str] = Counter()
        for story in self.stories:
            total.update(story.words)
        return total

    def part(self, wanted: Iterable[bool]) -> "Stories":
        """Return the stories that `wanted` is true of, one by one."""
        return Stories(list(compress(self.stories, wanted)))

    def without(self, item: str, words: Iterable[str]) -> Counts | None:
        """Return the words of the stories that neither this item nor a prompt with one of these words opened; None without any."""
        return self._without(item, frozenset(words))

    @lru_cache(maxsize=64)  # noqa: B019  # the pairs of an item come one after the other
    def _without(self, item: str, words: frozenset[str]) -> Counts | None:
        left: Counter[str] = Counter(self.counts)
        for story in self.stories:
            if story.item == item or not words.isdisjoint(story.asked):
                left.subtract(story.words)
        left = +left
        return Counts(left) if left else None


def is_usable(pair: Pair) -> bool:
    """Tell whether a pair is English and its forms differ in words: not in construction, and not in empty material alone."""
    return pair.language == LANGUAGE and pair.arm != LENGTH and not in_phrasing(pair)


def compared_words(pair: Pair) -> Words:
    """Return the words in which the forms differ, high side first; all content words where one side has none of its own."""
    found = swap(pair.high, pair.low, pair.language)
    if found.high and found.low:
        return found.high, found.low
    return tuple(content_words(pair.high, pair.language)), tuple(content_words(pair.low, pair.language))


def openings(pairs: Iterable[Pair]) -> list[Pair]:
    """Return the pairs that open stories, one an item: of the frequency arm, or of all where it has none; in whatever order they come."""
    return _smallest(pairs, lambda pair: pair.arm == FREQUENCY) or _smallest(pairs, lambda pair: True)


def _smallest(pairs: Iterable[Pair], wanted: Callable[[Pair], bool]) -> list[Pair]:
    """Return the pairs of the items with the smallest hashes, of each the one with the smallest, holding few at a time."""
    found: dict[int, tuple[int, Pair]] = {}
    for pair in pairs:
        if is_usable(pair) and wanted(pair):
            item, own = text_hash(pair.item), (text_hash(pair.id), pair)
            if item not in found or own[0] < found[item][0]:
                found[item] = own
        if len(found) >= 2 * MAX_OPENINGS:
            found = {item: found[item] for item in sorted(found)[:MAX_OPENINGS]}
    return [found[item][1] for item in sorted(found)[:MAX_OPENINGS]]


def write(pairs: Iterable[Pair], model: LanguageModel, track: Track) -> Stories:
    """Return the stories that a model writes; a `Writer` draws them at temperature 1, another model gives its one answer.

    Raises `InputError` for a model that writes nothing at all by its own account.
    """
    asked = [
        (pair.item, name, template.replace(PLACE, getattr(pair, SIDES[(text_hash(pair.item) + place) % 2])))
        for pair in openings(pairs)
        for place, (name, template) in enumerate(PROMPTS.items())
    ]
    stories: list[Story] = []
    what = f"{model.info.name}: writing stories"
    for part in track(chunks(asked, STORIES_AT_ONCE), what, len(asked), unit="stories", size=len):
        texts = written(model, [text for *_, text in part], n=1, max_tokens=MAX_TOKENS, temperature=TEMPERATURE, seed=SEED)
        for (item, name, text), (answer,) in zip(part, texts, strict=True):
            if answer is not None:
                stories.append(Story(item, name, frozenset(tokens(text)), Counter(tokens(answer))))
    return Stories(stories, len(asked) - len(stories))
