"""A second edit, the same in both forms of a text, so that neither form is what its author wrote.

A pair whose frequent form is the author's own sentence compares edited with unedited as much as rare with frequent. So a place away from
the swapped words is changed alike in both: an equally frequent word of the bundled sets where the text has one, else a wording that
says the same (`does not` and `doesn't`, `three` and `3`), else a comma. How many words of a form are not the author's is its covariate
`edited`; the forms still differ by the one swap.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from freqbias.paraphrases.swapping import Swap, swaps_of
from freqbias.paraphrases.tagging import Tagger, by_rules
from freqbias.paraphrases.untouched import spans
from freqbias.records import Pair
from freqbias.terms import FREQUENCY, PLACEBO

EQUAL_WORD, SAME_WORDING, COMMA = ("an equally frequent word", "another wording of the same", "a comma")
MAX_OWN_SHARE = 0.6  # of an arm's pairs; above it the frequent form is mostly what its author wrote

_NUMBERS = {"two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10"}
_EACH_WAY = (
    *(("for example", "for instance"), ("each other", "one another"), ("at once", "immediately"), ("nobody", "no one")),
    *(("although", "though"), ("cannot", "can't"), ("colour", "color"), ("colours", "colors"), ("favourite", "favorite")),
    *(("neighbour", "neighbor"), ("neighbours", "neighbors"), ("centre", "center"), ("grey", "gray"), ("realise", "realize")),
    *(("recognise", "recognize"), ("organise", "organize"), ("organisation", "organization"), ("towards", "toward")),
    *(("everyone", "everybody"), ("someone", "somebody"), ("anyone", "anybody"), ("while", "whilst"), ("among", "amongst")),
    *(
        ("afterwards", "afterward"),
        ("cancelled", "canceled"),
        ("travelling", "traveling"),
        ("per cent", "percent"),
        ("behaviour", "behavior"),
    ),
)
_NEGATED = "do|does|did|is|are|was|were|has|have|had|would|could|should"
_WORDINGS: Sequence[tuple[re.Pattern[str], str]] = (
    *((re.compile(rf"(?<![\w’'-]){a}(?![\w’'-])"), b) for pair in _EACH_WAY for a, b in (pair, pair[::-1])),
    (re.compile(rf"\b({_NEGATED}) not\b(?! only)"), r"\1n't"),
    (re.compile(rf"\b({_NEGATED})n['’]t\b"), r"\1 not"),
    (re.compile(r"\b([Ii]t|[Hh]e|[Ss]he) is(?= (?:a|an|the|not|very|too|\w+ing)\b)"), r"\1's"),
    (re.compile(r"\b(I|[Ww]e|[Yy]ou|[Tt]hey) have(?= (?:been|had|lost|read|bought|\w+ed)\b)"), r"\1've"),
    (re.compile(r"\bI am\b(?= \w)"), "I'm"),
    (re.compile(r"\b([Ww]e|[Yy]ou|[Tt]hey) are\b(?= \w)"), r"\1're"),
    (re.compile(r"\b(I|[Ww]e|[Yy]ou|[Tt]hey)['’]ve\b(?= (?:been|had|lost|read|bought|\w+ed)\b)"), r"\1 have"),
    (re.compile(r"\b(says|said|think|know|believe|hope|sure|agree|feel) that(?= (?:I|he|she|it|we|they|you|the)\b)"), r"\1"),
    (re.compile(r"\b(cent|once|twice|times|hours|days|wine|pounds|dollars|leave) a(?= (?:day|week|month|year)\b)"), r"\1 per"),
    (re.compile(r"\b(all|both|half) of(?= the\b)"), r"\1"),
    (re.compile(r"\blicence\b"), "license"),  # not back: `to license` has no c
    (re.compile(r"\ba lot of\b"), "lots of"),
    (re.compile(r"\bin order to\b"), "to"),
    (re.compile(r"\babout(?= (?:\d|two|three|four|five|six|seven|eight|nine|ten|twenty|thirty)\b)"), "around"),
    (re.compile(r"\bmore than(?= (?:\d|two|three|four|five|six|seven|eight|nine|ten|twenty|thirty)\b)"), "over"),
    (re.compile(r"\bneed to\b"), "have to"),
    *((re.compile(rf"(?<![\w’'-]){word}(?= [a-z])(?! of\b)"), digit) for word, digit in _NUMBERS.items()),
)
_COMMAS = (
    (re.compile(r"(?<=\w), (?=(?:and|but|so|or) )"), " "),
    (re.compile(r"(?<=\w) (?=(?:and|but) (?:he|she|it|they|we|I|nobody|everyone)\b)"), ", "),
    (re.compile(r"(?<=\w) (?=because (?:he|she|it|they|we|I|the|my|of)\b)"), ", "),
    (re.compile(r"(?<=\w, )(\w+) and(?= \w+[.,!?])"), r"\1, and"),
)


class Edit(NamedTuple):
    """The place that is changed alike in both forms, as a swap of a word for itself, and what kind of change it is."""

    swap: Swap
    kind: str


def elsewhere(text: str, swaps: Sequence[Swap], tag: Tagger = by_rules) -> Edit | None:
    """Return a change of a text away from its swaps; None where there is none to be had."""
    return next(_edits(text, swaps, tag), None)


def _edits(text: str, swaps: Sequence[Swap], tag: Tagger) -> Iterator[Edit]:
    for own in swaps_of(text, PLACEBO, tag):
        high, low, name = own.couple
        other = low if text[own.start : own.end].lower() == high else high
        if _apart(own.start, own.end, swaps):
            yield Edit(Swap(own.start, own.end, (other, other, name)), EQUAL_WORD)
    untouched = spans(text)
    for kind, patterns in ((SAME_WORDING, _WORDINGS), (COMMA, _COMMAS)):
        for pattern, replacement in patterns:
            for match in pattern.finditer(text):
                start, end = match.span()
                if _apart(start, end, swaps) and not any(a < end and start < b for a, b in untouched):
                    new = match.expand(replacement)
                    yield Edit(Swap(start, end, (new, new, "")), kind)


def _apart(start: int, end: int, swaps: Sequence[Swap]) -> bool:
    """Tell whether a place is no neighbour of a swapped word, whose article or comma it could be."""
    return all(end < swap.start - 1 or swap.end + 1 < start for swap in swaps)


def edits_of(text: str, swaps: Sequence[Swap], edit: Edit | None) -> list[int]:
    """Return how many places of the high and of the low form are not what the author wrote."""
    written = [text[swap.start : swap.end].lower() for swap in swaps]
    return [int(edit is not None) + sum(swap.couple[side] != word for swap, word in zip(swaps, written, strict=True)) for side in (0, 1)]


def authors_own(pairs: Iterable[Pair], arm: str = FREQUENCY) -> tuple[int, int]:
    """Return in how many of an arm's pairs with a known original the frequent form is that very text, and how many these pairs are."""
    own = [pair.high == pair.meta["original"] for pair in pairs if pair.arm == arm and isinstance(pair.meta.get("original"), str)]
    return sum(own), len(own)


def mostly_own(count: int, total: int) -> str | None:
    """Return the warning that frequent forms are mostly the authors' own texts; None where they are not."""
    if not total or count <= MAX_OWN_SHARE * total:
        return None
    return (
        f"the frequent form is the author's own text in {count} of {total} pairs: an effect may go with edited against unedited; "
        "covariate `edited` tells the forms apart"
    )


def edit_lines(pairs: Sequence[Pair]) -> Iterator[str]:
    """Yield what the second edits were, by arm, and the warning where most frequent forms are the authors' own."""
    for arm in (FREQUENCY, PLACEBO):
        own = [pair for pair in pairs if pair.arm == arm]
        kinds = Counter(pair.meta["edited_elsewhere"]["kind"] for pair in own if pair.meta.get("edited_elsewhere"))
        if kinds:
            what = ", ".join(f"{count} by {kind}" for kind, count in kinds.most_common())
            yield f"{arm}: both forms are edited alike elsewhere in {kinds.total()} of {len(own)} pairs ({what})"
    warning = mostly_own(*authors_own(pairs))
    if warning is not None:
        yield f"{FREQUENCY}: {warning}"
