"""One normalisation of characters, applied before texts and words are counted or compared, never to a text that a model reads.

What a reader cannot see or takes for the same must not make two words of one: composed and decomposed letters (NFC), soft hyphens,
zero-width characters, the kinds of apostrophe and of space.

And one form of what a terminal, a browser or a spreadsheet would obey instead of showing it.
"""

import re
import unicodedata

#: Characters that show nothing: soft hyphen, zero-width space, marks of direction, word joiner, byte-order mark; and joiners.
INVISIBLE = "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
JOINERS = "\u200c\u200d"
#: A regular expression for one character that a reader sees.
VISIBLE = rf"[^\s{INVISIBLE}{JOINERS}]"
# Joiners are spelling between the letters of Arabic and Indic scripts: wordfreq knows 2,395 Persian words with one.
_JOINED = "[\u0590-\u1dff\u2070-\U0010ffff]"
_VISIBLE = re.compile(VISIBLE)
_HIDDEN = re.compile(f"[{INVISIBLE}{JOINERS}]")
_REMOVED = re.compile(f"[{INVISIBLE}]+")
_JOINER = re.compile(f"[{JOINERS}](?!{_JOINED})|(?<!{_JOINED})[{JOINERS}]")
_ACCENT_AS_APOSTROPHE = re.compile(r"(?<=[^\W\d_])[`\u00b4](?=[^\W\d_])")
_APOSTROPHE = re.compile("[\u2018\u2019\u201b\u02bc\uff07]")  # quotation marks, the letter apostrophe, the full-width one
_SPACE = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")  # Unicode's spaces other than U+0020

# C0 and C1 controls, separators of lines, marks that turn the direction of what follows, halves of a surrogate pair.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
#: A spreadsheet computes a cell that begins so (OWASP, "CSV Injection"), and shows one behind an apostrophe as text.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def visible(text: str) -> str:
    """Return a text as NFC without what shows nothing: two texts that agree in it are one text."""
    if text.isascii():
        return text
    if _HIDDEN.search(text):
        text = _JOINER.sub("", _REMOVED.sub("", text))
    return unicodedata.normalize("NFC", text)


def normalised(text: str) -> str:
    """Return the `visible` text with one kind of apostrophe (') and one of space, as tokens are counted and compared."""
    if text.isascii() and "`" not in text:
        return text
    text = _SPACE.sub(" ", _APOSTROPHE.sub("'", visible(text)))
    return _ACCENT_AS_APOSTROPHE.sub("'", text) if "`" in text or "\u00b4" in text else text


def escaped(text: str, *, lines: bool = True) -> str:
    r"""Return a text in which nothing is obeyed: control characters and marks of direction read `\x1b`, `\u202e`.

    Line ends and tabs stay; without `lines` a line end reads `\n`, so that a message is one line whoever wrote it.
    """
    text = _OBEYED.sub(_named, text)
    return text if lines else text.replace("\n", "\\n")


def _named(found: re.Match[str]) -> str:
    number = ord(found[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def escaped_json(text: str) -> str:
    r"""Return a JSON document with the same content in which nothing is obeyed: what stands raw in its strings is written `\u009b`."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def guarded(cell: str) -> str:
    """Return a text as a cell of CSV: `escaped`, and behind an apostrophe where a spreadsheet would compute it."""
    text = escaped(cell)
    return f"'{text}" if text.startswith(FORMULA) else text


def unguarded(cell: str) -> str:
    """Return a cell without the apostrophe of `guarded`."""
    return cell[1:] if cell.startswith(tuple(f"'{sign}" for sign in FORMULA)) else cell


def is_blank(text: str) -> bool:
    """Tell whether a text holds nothing that a reader sees."""
    return not _VISIBLE.search(text)


def same_text(first: str, second: str) -> bool:
    """Tell whether two texts are one: equal, or different in nothing that a reader sees."""
    return first == second or visible(first) == visible(second)
