"""Questions for texts that come without queries, each named in the pair as what it is (`meta.questions`).

* `gloss_plain`, `gloss_elevated`: the text with a gap where each swapped word stood, and the gloss of one of them (`meta.asked_for`: the
  one whose words lie farthest apart);
* `relevant`, where no set of the text has a gloss: the text with the gaps alone;
* `naming_high`, `naming_low`: the unedited original with the word in either form. Both forms are edited elsewhere, so none is the query;
* `neutral`: other texts of the same source, which share no word or stem with what is swapped.

A language model may write `relevant` later (`written`); then `meta.written_by` names it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from freqbias.paraphrases.everyday import running_sets
from freqbias.paraphrases.swapping import Swap, forms_with
from freqbias.paraphrases.words import shared_words
from freqbias.records import Pair
from freqbias.terms import ELEVATED, PLAIN

GAP = "…"
NEIGHBOURS = 5
GLOSS_IN_CONTEXT, CONTEXT, ORIGINAL, NEIGHBOUR = ("gloss_in_context", "context", "original", "neighbours")
BY_MODEL = "written_by_model"
#: What a reader is told of each kind of question.
MEANINGS = {
    GLOSS_IN_CONTEXT: "the gloss of the swapped word in the text's own context",
    CONTEXT: "the text without the swapped word",
    ORIGINAL: "the unedited original in either word, against forms that are both edited elsewhere",
    NEIGHBOUR: "other texts of the same source",
    BY_MODEL: "questions written by a language model",
}
ARTICLE = re.compile(r"\b[Aa]n?\s+$")


def questions(
    text: str, arm: str, swaps: Sequence[Swap], neighbours: Iterable[str], *, edited: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the queries of a pair and what its `meta` says of them; `edited` says that both forms are changed elsewhere too."""
    words = [form for swap in swaps for form in swap.couple[:2]]
    context = without_words(text, swaps)
    queries: dict[str, Any] = {}
    kinds: dict[str, str] = {}
    asked = None
    if not shared_words([context], words):
        asked = _asked_for(arm, swaps)
        for register, glosses in _glosses(arm, asked).items():
            found = [f"{context} ({GAP}: {gloss})" for gloss in glosses if not shared_words([gloss], words)]
            if found:
                queries[f"gloss_{register}"], kinds[f"gloss_{register}"] = found, GLOSS_IN_CONTEXT
        if not queries:
            queries["relevant"], kinds["relevant"] = [context], CONTEXT
    if edited:
        queries["naming_high"], queries["naming_low"] = forms_with(text, swaps)
        kinds["naming"] = ORIGINAL
    around = _free(text, words, neighbours)
    if around:
        queries["neutral"], kinds["neutral"] = around, NEIGHBOUR
    told = {"questions": kinds, **({"asked_for": asked} if GLOSS_IN_CONTEXT in kinds.values() else {})}
    return queries, told


def without_words(text: str, swaps: Sequence[Swap]) -> str:
    """Return a text with a gap in the place of every swapped word and of the article before it, which would tell the word."""
    found, end = "", 0
    for swap in swaps:
        found += ARTICLE.sub("", text[end : swap.start]) + GAP
        end = swap.end
    return found + text[end:]


def _asked_for(arm: str, swaps: Sequence[Swap]) -> str | None:
    """Return the set with a gloss whose words lie farthest apart in frequency, the first of equals."""
    from freqbias.frequency import mean_zipf_gap

    with_gloss = [swap for swap in swaps if any(_glosses(arm, swap.couple[2]).values())]
    best = max(with_gloss, key=lambda swap: abs(mean_zipf_gap([swap.couple[:2]]) or 0.0), default=None)
    return None if best is None else best.couple[2]


def _glosses(arm: str, name: str | None) -> Mapping[str, Sequence[str]]:
    item = running_sets(arm).get(name or "")
    return {} if item is None else {PLAIN: item.gloss_plain, ELEVATED: item.gloss_elevated}


def _free(text: str, words: Sequence[str], neighbours: Iterable[str]) -> list[str]:
    found: list[str] = []
    for other in neighbours:
        if other != text and other not in found and not shared_words([other], words):
            found.append(other)
        if len(found) == NEIGHBOURS:
            break
    return found


def asked_with(pairs: Iterable[Pair]) -> Iterator[str]:
    """Yield what the pairs ask with, and in how many of them; nothing where none says."""
    counts: Counter[str] = Counter()
    for pair in pairs:
        kinds = pair.meta.get("questions")
        if isinstance(kinds, Mapping):
            counts.update({_meaning(kind, pair) for kind in kinds.values() if kind in MEANINGS})
    for meaning in sorted(counts, key=lambda meaning: (_order(meaning), meaning)):
        yield f"{counts[meaning]} pairs ask with {meaning}"


def _meaning(kind: str, pair: Pair) -> str:
    """Return what a reader is told of a kind of question; of one that a model wrote, which model."""
    by = pair.meta.get("written_by")
    return f"questions written by {by}" if kind == BY_MODEL and by else MEANINGS[kind]


def _order(meaning: str) -> int:
    known = list(MEANINGS.values())
    return known.index(meaning) if meaning in known else len(known)
