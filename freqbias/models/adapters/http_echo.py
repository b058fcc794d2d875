r"""Which of a server's tokens belong to a continuation, where only the text is known here and the server's tokens spell it in their way.

Servers write tokens as text (`" cat"`), as the vocabulary holds them (`"▁cat"`, `"Ġcat"`, `"<0x0A>"`), without white space (`"cat"`), and
a character that several tokens share as bytes (`"bytes:\xe2\x80"`), as U+FFFD, or as nothing until its last token. Where a spelling can
be undone the bytes must be those of the text; else the text is compared without white space, and a token of which one cannot tell on
which side of the border it ends is an error, not a guess.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache

MISSPELT = "tokens that do not spell the text"
UNCLEAR = "a token of which one cannot tell whether it belongs to the context or to what follows"

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_BYTES = re.compile(r"bytes:((?:\\x[0-9A-Fa-f]{2})+)")
_LOST = "\ufffd"  # of a character of which a token has a part
_SPACES = "\u2581\u0120\u010a"  # what vocabularies write for a space (sentencepiece, byte-level BPE) and for a line end


def inside(tokens: Sequence[str], text: str, start: int) -> list[int]:
    """Return the places of the tokens of `text` that end beyond its first `start` characters; what comes after the text is left out.

    `ValueError` where the tokens do not spell the text.
    """
    for spelling in (_as_text, _as_pieces, _as_byte_level):
        for beginning in (b"", b" "):  # sentencepiece puts a space before a text
            found = _exactly(tokens, spelling, beginning + _utf8(text), len(beginning + _utf8(text[:start])))
            if found is not None:
                return found
    return _without_spaces(tokens, text, start)


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _as_text(token: str) -> bytes:
    found = _BYTES.fullmatch(token)
    return bytes.fromhex(found.group(1).replace("\\x", "")) if found else _utf8(token)


def _as_pieces(token: str) -> bytes:
    found = _BYTE.fullmatch(token)
    return bytes.fromhex(found.group(1)) if found else _utf8(token.replace("\u2581", " "))


def _as_byte_level(token: str) -> bytes:
    table = _byte_level()
    return bytes(table[letter] for letter in token)


@cache
def _byte_level() -> dict[str, int]:
    """Return the bytes that byte-level BPE writes as letters: printable ones as they are, the others from U+0100 on."""
    kept = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in kept]
    return {chr(byte): byte for byte in kept} | {chr(256 + k): byte for k, byte in enumerate(others)}


def _exactly(tokens: Sequence[str], spelling: Callable[[str], bytes], text: bytes, start: int) -> list[int] | None:
    """Return the tokens that end beyond byte `start`; None where they are not the text."""
    found, position = [], 0
    for place, token in enumerate(tokens):
        if position == len(text):
            break
        try:
            spelt = spelling(token)
        except KeyError:
            return None
        if not text.startswith(spelt, position):
            return None
        position += len(spelt)
        if position > start or (position == start and not spelt):  # an empty one is the beginning of the next character
            found.append(place)
    return found if position == len(text) else None


def letters(text: str) -> str:
    """Return a text without white space and the marks that tokenizers write for it."""
    return "".join(_with_spaces(text).split())


def without_margins(token: str) -> str:
    """Return a token without the white space around it, and without the marks that tokenizers write for that."""
    return _with_spaces(token).strip()


def _with_spaces(text: str) -> str:
    return text.translate(dict.fromkeys(map(ord, _SPACES), " "))


def _letters_of_token(token: str) -> str:
    if _BYTE.fullmatch(token) or _BYTES.fullmatch(token):
        raw = _as_pieces(token) if _BYTE.fullmatch(token) else _as_text(token)
        return letters(raw.decode("ascii")) if raw.isascii() else _LOST
    return letters(token)


State = tuple[int, bool]  # how many letters are spelt, and whether a part of the next one is, too


def _without_spaces(tokens: Sequence[str], text: str, start: int) -> list[int]:
    """Return the tokens that end beyond the border, compared by what is no white space."""
    whole, border = letters(text), len(letters(text[:start]))
    spelt = [_letters_of_token(token) for token in tokens]
    ways = _ways(spelt, whole)
    at_border = _sides_of_spaces(text, start)
    found = []
    for place, token in enumerate(tokens[: len(ways) - 1]):
        sides = set()
        for begin in ways[place]:
            for end in _after(spelt[place], whole, begin) & ways[place + 1]:
                if begin == end == (border, False):
                    sides |= at_border
                    if not token and not whole[border : border + 1].isascii():  # nothing at all may be the beginning of a character
                        sides.add(True)
                else:
                    sides.add(end > (border, False))
        if len(sides) != 1:
            raise ValueError(UNCLEAR)
        if sides == {True}:
            found.append(place)
    return found


def _sides_of_spaces(text: str, start: int) -> set[bool]:
    """Return whether white space at the border may lie beyond it: where there is white space on both sides one cannot tell."""
    before, after = text[:start][-1:].isspace(), text[start : start + 1].isspace()
    return {False, True} if before and after else {not before}


def _ways(tokens: Sequence[str], whole: str) -> list[set[State]]:
    """Return where each token may begin, and at last where the last one ends: at the end of `whole`; else `ValueError`."""
    goal = (len(whole), False)
    ahead: list[set[State]] = [{(0, False)}]
    for token in tokens:
        if ahead[-1] == {goal}:
            break
        ahead.append({end for begin in ahead[-1] for end in _after(token, whole, begin)})
    if goal not in ahead[-1]:
        raise ValueError(MISSPELT)
    ahead[-1] = {goal}
    for place in range(len(ahead) - 2, -1, -1):
        ahead[place] = {begin for begin in ahead[place] if _after(tokens[place], whole, begin) & ahead[place + 1]}
    return ahead


def _after(token: str, whole: str, begin: State) -> set[State]:
    """Return where a token that begins at a place may end; each U+FFFD in it is a part of a character, or all of it."""
    ends = {begin}
    for piece in re.split(f"({_LOST})", token):
        if piece == _LOST:
            inner = {end for end in ends if end[0] < len(whole) and not whole[end[0]].isascii()}
            ends = {(end[0], True) for end in inner} | {(end[0] + 1, False) for end in inner}
        elif piece:
            ends = {(end + len(piece), False) for end, part in ends if not part and whole.startswith(piece, end)}
    return ends


def spelling(tokens: Sequence[str], text: str) -> int | None:
    """Return how many tokens a server puts before a text (0 to 2: `<s>`, `[gMASK]<sop>`); None where they do not spell it."""
    empty = next((place for place, token in enumerate(tokens[:2]) if token), 0)  # a special token that is not shown
    for before in sorted({empty, 0, 1, 2}, key=lambda count: (count != empty, count)):
        try:
            inside(tokens[before:], text, 0)
        except ValueError:
            continue
        return before
    return None
