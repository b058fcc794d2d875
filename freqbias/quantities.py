"""The numbers that a text states, whatever it writes them in: `2` and `two`, `1,000` and `1000`, `5%` and `5 percent` are the same.

Digits are read in every language, with the decimal comma and the grouping of languages that have them; number words in English.
`one`, `first` and `second` are numbers as often as not: they make up for a number of the other text, and are not missed in it.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, lru_cache

#: Languages that write 1.000,5 or 1 000,5 for a thousand and a half (Unicode CLDR 45, numbers).
DECIMAL_COMMA = frozenset(
    {"bg", "ca", "cs", "da", "de", "el", "es", "fi", "fr", "hr", "hu", "id", "is", "it", "lt", "lv", "mk", "nb", "nl", "pl", "pt", "ro"}
    | {"ru", "sh", "sk", "sl", "sr", "sv", "tr", "uk", "vi"}
)
_ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SMALL = {word: value for value, word in enumerate(_ONES + _TEENS)} | {word: 10 * k for k, word in enumerate(_TENS, start=2)}
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
PARTS = {"half": 2, "third": 3, "quarter": 4, "fourth": 4} | {
    f"{stem}th": value for stem, value in (("fif", 5), ("six", 6), ("seven", 7), ("eigh", 8), ("nin", 9), ("ten", 10))
}
ORDINALS = (
    {"first": 1, "second": 2, "third": 3, "fifth": 5, "eighth": 8, "ninth": 9, "twelfth": 12}
    | {f"{word}th": value for word, value in SMALL.items() if value not in (0, 1, 2, 3, 5, 8, 9, 12) and value < 20}
    | {f"{word[:-1]}ieth": value for word, value in SMALL.items() if value >= 20}
)
_UNITS = {
    "%": "% percent pct prozent procent",
    "$": "$ dollar dollars usd bucks",
    "€": "€ euro euros eur",
    "pound": "£ pound pounds lb lbs gbp",
    "¥": "¥ yen",
    "km": "km kilometre kilometres kilometer kilometers",
    "m": "m metre metres meter meters",
    "cm": "cm centimetre centimetres centimeter centimeters",
    "mm": "mm millimetre millimetres millimeter millimeters",
    "kg": "kg kilo kilos kilogram kilograms",
    "g": "g gram grams gramme grammes",
    "mg": "mg milligram milligrams",
    "l": "l litre litres liter liters",
    "ml": "ml millilitre millilitres milliliter milliliters",
    "ft": "ft foot feet",
    "mph": "mph",
    "kmh": "kmh km/h",
    "mb": "mb megabyte megabytes",
    "gb": "gb gigabyte gigabytes",
    "s": "s sec secs second seconds",
    "°": "° degree degrees",
    "°c": "°c",
    "°f": "°f",
}
UNITS = {form: name for name, forms in _UNITS.items() for form in forms.split()} | {
    "per cent": "%",
    "pour cent": "%",
    "por ciento": "%",
    "per cento": "%",
    "por cento": "%",
    "miles per hour": "mph",
    "degrees celsius": "°c",
    "degrees fahrenheit": "°f",
}
_UNIT = re.compile(
    rf"[\s-]?({'|'.join(re.escape(form) for form in sorted(UNITS, key=len, reverse=True))})(?![^\W_])(?!'\w)", re.IGNORECASE
)
_CURRENCY = re.compile(r"(?:\b(?:US|A|C))?([$€£¥])\s?$")
_SIGN = 4  # characters of a currency before its number, as in `US$ 5`
_SPACES = re.compile("[ \u00a0\u202f\u2009']")
_WORD = r"[^\W\d_]+"
_APART = re.compile(r"[\s-]+(?:(and)[\s-]+)?(?:(an?)[\s-]+)?$")


@dataclass(frozen=True)
class Quantities:
    """The numbers of a text with their units, as multisets: those it states, and those that it may mean."""

    sure: Counter[str] = field(default_factory=Counter)
    possible: Counter[str] = field(default_factory=Counter)

    def lost_in(self, other: "Quantities") -> list[str]:
        """Return the numbers stated here that the other text does not have, in order of appearance."""
        return list((self.sure - other.sure - other.possible).elements())


@dataclass
class _Number:
    """A number being read: what it comes to, and what may still join it."""

    start: int
    end: int
    total: Decimal = Decimal(0)
    group: Decimal = Decimal(0)
    room: Decimal = Decimal(0)  # what is added must be smaller: the last multiplier, or the place of the last tens
    scale: int = 10**15
    ordinal: bool = False
    sure: bool = True

    @property
    def value(self) -> Decimal:
        return self.total + self.group


@lru_cache(maxsize=1 << 12)
def quantities(text: str, language: str = "en") -> Quantities:
    """Return the numbers of a text with their units."""
    found = Quantities()
    if not _ANY.search(text):
        return found
    plain = unicodedata.normalize("NFC", text).replace("’", "'").replace("−", "-").replace("\u00ad", "")
    for number in _numbers(plain, language):
        unit = _UNIT.match(plain, number.end)
        name = "" if unit is None or number.ordinal else UNITS[unit[1].lower()]
        if not name and (before := _CURRENCY.search(plain, max(0, number.start - _SIGN), number.start)):
            name = UNITS[before[1]]
        shown = f"{number.value.normalize():f}{'th' if number.ordinal else name}"
        (found.sure if number.sure else found.possible)[shown] += 1
    found.sure.update(map(_as_written, _UNREAD.finditer(plain)))
    return found


def numbers_lost(text: str, reference: str, language: str = "en") -> list[str]:
    """Return the numbers that a reference states and a text lacks."""
    return quantities(reference, language).lost_in(quantities(text, language))


#: Digits that are not one number: times, dates, versions, scores; all but fractions count as they are written.
_UNREAD = re.compile(
    r"(?<!\w)(?:\d+(?:[:/]\d+){2,}|(?!\d{1,3}(?:\.\d{3})+(?!\d))\d+(?:\.\d+){2,}|\d{1,2}:\d{2}|(\d)/(\d|10)|\d+/\d+)(?!\w)"
)
#: What every text with a number has in it; most texts have none, and this says so at once.
_ANY = re.compile(rf"\d|\b(?:{'|'.join(sorted({*SMALL, *SCALES, *ORDINALS, *PARTS, 'hundred', 'dozen'}))})", re.IGNORECASE)


def _as_written(match: re.Match[str]) -> str:
    over, under = match[1], match[2]
    return match[0] if not under or int(under) <= int(over) else f"{_part(int(over), int(under)).normalize():f}"


_UNREAD_BARE = _UNREAD.pattern.replace(r"(\d)/(\d|10)|", "")


@cache
def _tokens_of(language: str) -> re.Pattern[str]:
    point, groups = (",", r"\. ") if language in DECIMAL_COMMA else (r"\.", ",")
    spaces = "\\u00a0\\u202f\\u2009'"
    digits = rf"\d{{1,3}}(?:[{groups}{spaces}]\d{{3}})+(?!\d)(?:{point}\d+)?|\d+(?:{point}\d+)?"
    return re.compile(rf"{_UNREAD_BARE}|(?<![\w.])(?P<sign>-)?(?P<digits>{digits})(?P<th>st|nd|rd|th)?|(?P<word>{_WORD})")


def _numbers(text: str, language: str) -> Iterator[_Number]:
    """Yield the numbers of a text one after the other."""
    now: _Number | None = None
    for match in _tokens_of(language).finditer(text):
        word = (match["word"] or "").lower()
        if match["digits"]:
            if now is not None:
                yield now
            now = _of_digits(match, language)
            if now.ordinal:
                yield now
                now = None
            continue
        if language != "en" or word in ("and", "a", "an"):
            continue
        gap = None if now is None else _APART.match(text, now.end, match.start())
        joined = now is not None and gap is not None and _joined(now, word, gap, match.end())
        if joined:
            continue
        if now is not None:
            yield now
        now = _begun(word, match, text)
    if now is not None:
        yield now


def _of_digits(match: re.Match[str], language: str) -> _Number:
    digits = _SPACES.sub("", match["digits"])
    digits = digits.replace(".", "").replace(",", ".") if language in DECIMAL_COMMA else digits.replace(",", "")
    value = Decimal(f"{match['sign'] or ''}{digits}")
    return _Number(match.start(), match.end(), group=value, ordinal=bool(match["th"]))


def _begun(word: str, match: re.Match[str], text: str) -> _Number | None:
    """Return the number that a word begins; None for a word that is none."""
    begun = _Number(match.start(), match.end())
    if word in SMALL:
        begun.group, begun.sure = Decimal(SMALL[word]), word != "one"
        begun.room = Decimal(10 if SMALL[word] >= 20 else 0)
    elif word == "hundred":
        begun.group, begun.room = Decimal(100), Decimal(100)
    elif word in SCALES:
        begun.total, begun.scale, begun.room = Decimal(SCALES[word]), SCALES[word], Decimal(SCALES[word])
    elif word == "dozen":
        begun.group = Decimal(12)
    elif word == "half":
        begun.group = Decimal("0.5")
    elif word in PARTS and re.search(r"\ba\s+$", text[: match.start()]) and re.match(r"\s+of\b", text[match.end() :]):
        begun.group = _part(1, PARTS[word])
    elif word in ORDINALS:
        begun.group, begun.ordinal, begun.sure = Decimal(ORDINALS[word]), True, ORDINALS[word] > 2
    else:
        return None
    return begun


def _part(count: int | Decimal, of: int) -> Decimal:
    return (Decimal(count) / of).quantize(Decimal("0.0001"))


def _joined(now: _Number, word: str, gap: re.Match[str], end: int) -> bool:
    """Let a word join the number before it, where it does: `two` + `hundred`, `hundred and` + `five`, `twenty-` + `first`."""
    linked, article = gap[1] is not None, gap[2] is not None
    if linked and article and word == "half":
        now.group += Decimal("0.5") * (now.scale if now.total and not now.group else 1)
    elif article and not linked and now.value == Decimal("0.5") and word in {*SCALES, "dozen"}:
        now.group *= SCALES.get(word, 12)
    elif article or now.ordinal:
        return False
    elif word in SMALL and SMALL[word] < now.room and not (linked and now.room == 10):
        now.group += SMALL[word]
        now.room = Decimal(10 if SMALL[word] >= 20 else 0)
    elif not linked and not now.total and now.room == 0 and now.group in range(13, 20) and SMALL.get(word, 0) >= 10:
        now.group = 100 * now.group + SMALL[word]  # a year: nineteen eighty-four
        now.room = Decimal(10 if SMALL[word] >= 20 else 0)
    elif word in ORDINALS and ORDINALS[word] < now.room:
        now.group += ORDINALS[word]
        now.ordinal = True
    elif linked:
        return False
    elif word == "hundred" and 0 < now.group < 100:
        now.group, now.room = now.group * 100, Decimal(100)
    elif word in SCALES and SCALES[word] < now.scale and now.group:
        now.total += now.group * SCALES[word]
        now.group, now.scale, now.room = Decimal(0), SCALES[word], Decimal(SCALES[word])
    elif word == "dozen" and 0 < now.group < 100:
        now.group, now.room = now.group * 12, Decimal(0)
    elif (word.removesuffix("s") in PARTS or word == "halves") and 0 < now.value < 10:
        now.group, now.room = _part(now.value, PARTS.get(word.removesuffix("s"), 2)), Decimal(0)
    else:
        return False
    now.end, now.sure = end, True
    return True
