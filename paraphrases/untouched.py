"""Parts of a text in which no word is ever swapped: addresses, code, tags, names and fixed phrases."""

import re
from functools import cache
from importlib.resources import files

#: Characters that no reader sees; a word around one is half a word.
INVISIBLE = "\u00ad\u200b-\u200d\u2060\ufeff"

_SPANS = re.compile(
    r"```.*?```|``.*?``|`[^`\n]*`"  # code
    r"|<[^<>\n]{1,200}>"  # a tag, an address in angle brackets
    r"|\{[^{}\n]{1,200}\}"
    r"|\S*(?:://|www\.)\S+"  # URLs
    r"|\S+@\S+|[@#$%&~^|]+[\w-]+"  # mail, mentions, hashtags, variables
    r"|[\w-]*\w\.[A-Za-z]\w*[\w./-]*"  # file and domain names, attributes
    r"|\S*[/\\]\S*"  # paths and alternatives
    r"|\S*[=_]\S*|\w+[(\[]\S*|--?\w[\w-]*"  # code without marks, options
    r"|\*+\w+\*+"  # parameters and emphasis
    rf"|\S*[{INVISIBLE}]\S*",
    re.DOTALL,
)
#: Shortened titles and the like, after whose full stop a sentence goes on.
_SHORTENED = re.compile(
    r"(?:^|[^\w.])(?:[A-Z]|Mr|Mrs|Ms|Messrs|Dr|Prof|St|Sen|Rep|Gov|Gen|Col|Lt|Capt|Cpt|Sgt|Maj|Adm|Rev|Hon|Pres|Fr|Sr|Jr|vs|v|No|Nos"
    r"|Inc|Co|Corp|Ltd|Bros|Mt|Ft|Ave|Blvd|e\.g|i\.e|cf|al|etc|approx|dept|Jan|Feb|Mar|Apr|Aug|Sept?|Oct|Nov|Dec|[A-Z](?:\.[A-Z])+)"
    r"\.[\"'”’)]*\s+$"
)
_STARTS_SENTENCE = re.compile(r"(?:^|[.!?][\"'”’)]*\s+|[\n\"“(])$")


def spans(text: str) -> list[tuple[int, int]]:
    """Return where a text holds what is no prose or a fixed phrase, as (start, end)."""
    return [match.span() for pattern in (_SPANS, _phrases()) for match in pattern.finditer(text)]


def starts_sentence(text: str, place: int) -> bool:
    """Tell whether a sentence begins at `place`; the full stop of `Mr.` or `J.` ends none."""
    before = text[max(0, place - 40) : place]
    return bool(_STARTS_SENTENCE.search(before)) and not _SHORTENED.search(before)


def in_name(text: str, match: re.Match[str]) -> bool:
    """Tell whether a word is capitalised inside a sentence, at its start with another capital after it, or owned by a name."""
    before, after = text[max(0, match.start() - 40) : match.start()], text[match.end() : match.end() + 2]
    if match[0].islower():
        return bool(re.search(r"\b[A-Z]\w*['’]s? $", before)) and not _of_a_sentence_start(text, match.start())
    if len(match[0]) > 1 and match[0].isupper():
        return True  # an abbreviation, or shouting
    return not starts_sentence(text, match.start()) or (after[:1] == " " and (after[1:].isupper() or after[1:].isdigit()))


def _of_a_sentence_start(text: str, place: int) -> bool:
    """Tell whether the owner before `place` is only capitalised as a sentence's first word, and no name: `It's`, `That's`."""
    owner = re.search(r"\b([A-Z]\w*)['’]s? $", text[max(0, place - 40) : place])
    return owner is not None and owner[1].lower() in {"it", "that", "he", "she", "there", "here", "what", "who", "let", "how", "where"}


@cache
def fixed_phrases() -> tuple[str, ...]:
    """Return the committed phrases; `*` after a word stands for any ending."""
    text = files("freqbias.paraphrases").joinpath("data", "fixed_phrases.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))


@cache
def _phrases() -> re.Pattern[str]:
    written = (r"\s+".join(re.escape(word).replace(r"\*", r"\w*") for word in phrase.split()) for phrase in fixed_phrases())
    return re.compile(rf"(?<![\w-])(?:{'|'.join(written)})(?![\w-])", re.IGNORECASE)
