r"""Numbers as people and models write them: read strictly, or not at all, with the reason.

Read are signs, thousands separators, decimals, percent, `3/4`, `1 1/2`, `½`, LaTeX's `\frac{3}{4}`, clock times and ratios (`3:45`),
money, and one number in the middle of words. Not read are two different numbers, a decimal comma, letters stuck to a number that are no
unit, and numbers in words.
"""

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction

NO_NUMBER = "no number in digits"
SEVERAL_NUMBERS = "several numbers"
DECIMAL_COMMA = "a comma that does not separate thousands"
STUCK = "letters stuck to the number"
FORMULA = "a formula"
TOO_LONG = "a number of very many digits"
MINUS_APART = "a minus or a dash before the number"
FRACTION_IN_WORDS = "a number partly in words"
OTHER_UNIT = "a unit that the gold answer is not in"
TIME_OR_RATIO = "a time and a ratio, or two ratios that may be the same"

#: By what they measure, as multiples of one of them, so that an answer in another unit than the gold's is converted, exactly.
UNITS = {
    name: (kind, Fraction(factor))
    for kind, table in {
        "money": {"cent cents ¢": "1", "dollar dollars $": "100"},
        "euros": {"euro euros €": "1"},
        "pounds": {"£": "1"},
        "time": {
            "second seconds sec secs": "1",
            "minute minutes min mins": "60",
            "hour hours hr hrs h": "3600",
            "day days": "86400",
            "week weeks": "604800",
        },
        "months": {"month months": "1", "year years": "12"},
        "distance": {
            "mm millimeter millimeters millimetre millimetres": "1",
            "cm centimeter centimeters centimetre centimetres": "10",
            "m meter meters metre metres": "1000",
            "km kilometer kilometers kilometre kilometres": "1000000",
            "inch inches": "25.4",
            "foot feet ft": "304.8",
            "yard yards yd": "914.4",
            "mile miles": "1609344",
        },
        "weight": {
            "mg milligram milligrams": "1",
            "g gram grams": "1000",
            "kg kilogram kilograms": "1000000",
            "ounce ounces oz": "28349.523125",
            "lb lbs": "453592.37",
        },
    }.items()
    for names, factor in table.items()
    for name in names.split()
}
SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_MONEY = "$€£"
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+"
_NUMBER = re.compile(
    rf"(?P<sign>(?<![\w)\]])[-+])?(?P<money>[{_MONEY}]\s?)?(?P<inner>(?<=[{_MONEY}])-)?"
    rf"(?:(?P<pair>\d+:\d+(?::\d+)?\b(?:\s?(?P<half>[ap])\.?m\b\.?)?)"
    rf"|(?:(?P<whole>\d+)[ ])?(?P<top>\d+)\s?/\s?(?P<bottom>\d+)(?![\d/])"
    rf"|(?P<digits>{_DIGITS}))(?P<percent>\s?(?:%|per\s?cent\b))?",
    re.IGNORECASE,
)
_FORMULA = re.compile(r"\\[a-zA-Z]+|[√π∞^²³]")
_OPERATOR = re.compile(r"\s*(?:[-+*/×÷·:x]|times|plus|minus|divided by)\s*")  # between two numbers: a sum that is not worked out
MAX_DIGITS = 100  # longer ones are no answer but a model that repeats itself
_GLUED = re.compile(r"[^\W\d_]+")
_WORD = re.compile(r"[^\W\d_]+|[¢€]")
_ORDINAL = frozenset({"st", "nd", "rd", "th"})
_DATE = re.compile(r"(?<=\d|m|\.)\s*,?\s+on\s+\d{1,2}\s+[A-Z][a-z]+\s+\d{4}")  # behind a time of day: no other number
_APART = re.compile(r"(^|[\s(=])-\s+$")
_LIST = re.compile(r"[,;]\s|\b(and|or)\b|\n")
_UNREAD = re.compile(r"\s*(dozens?|and an? (half|third|quarter)|halves|thirds|tenths|hundredths|thousandths)\b", re.IGNORECASE)
_LATEX = (
    (re.compile(r"(?<=\d)\s*(?=\\[dt]?frac)"), " "),
    (re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}"), r"\1/\2"),
    (re.compile(r"\\(?:text|mathrm|textbf|mathbf)\s*\{([^{}]*)\}"), r" \1"),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"\\([$%,!;: ])"), lambda found: found[1] if found[1] in "$%" else ""),
    (re.compile(r"\\[()\[\]]|\*\*|__|`"), " "),
)
_GROUPS = re.compile(r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3}(?!\d))")  # narrow spaces between thousands


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number with what stood around it; `reason` says why there is none. Times and ratios keep both parts in `pair`, as written."""

    value: Fraction | None = None
    percent: bool = False
    unit: str | None = None
    pair: tuple[int, ...] | None = None
    half: str | None = None
    reason: str | None = None


def number(text: str) -> Number:
    """Return the one number of a text, or the reason why there is not exactly one.

    >>> number("about 1,234.50 dollars").value
    Fraction(2469, 2)
    >>> number("3 or 4").reason
    'several numbers'
    """
    text = _result(_DATE.sub("", _plain(text)))
    if _FORMULA.search(text):
        return Number(reason=FORMULA)
    found: list[Number] = []
    end = None
    for match in _NUMBER.finditer(text):
        one = _read(match, text)
        if one.reason is not None:
            return one
        if end is not None and _OPERATOR.fullmatch(text[end : match.start()] + (match["sign"] or "")):
            return Number(reason=SEVERAL_NUMBERS)
        end = match.end()
        found.append(one)
    if not found:
        return Number(reason=NO_NUMBER)
    alike = all(same(one, found[0]) == (True, None) for one in found)  # "$12, that is 12 dollars"
    return found[0] if alike else Number(reason=SEVERAL_NUMBERS)


def _result(text: str) -> str:
    """Return what stands behind the last `=`, unless that may be one of several equations."""
    before, _, after = text.rpartition("=")
    return text if _LIST.search(before) else after


def _plain(text: str) -> str:
    """Return a text without LaTeX and Markdown, with one kind of minus, space and fraction."""
    for pattern, replacement in _LATEX:
        text = pattern.sub(replacement, text)
    text = _GROUPS.sub(",", text)
    for mark in {mark for mark in text if unicodedata.category(mark) == "No"}:
        whole = unicodedata.normalize("NFKC", mark)
        text = text.replace(mark, f" {whole}" if "\u2044" in whole else mark)
    return text.replace("\u2044", "/").replace("\u2212", "-").replace("\u00a0", " ")


def _read(match: re.Match[str], text: str) -> Number:
    """Return what one match stands for; a number that would be read wrongly has a reason."""
    before, after = text[: match.start()], text[match.end() :]
    if reason := TOO_LONG if match.end() - match.start() > MAX_DIGITS else _unsound(before, after):
        return Number(reason=reason)
    if match["pair"]:
        parts = tuple(int(part) for part in re.findall(r"\d+", match["pair"]))
        value = Fraction(parts[0], parts[1]) if len(parts) == 2 and parts[1] else None
        return Number(value=value, pair=parts, half=match["half"].lower() if match["half"] else None)
    if match["bottom"] and int(match["bottom"]) == 0:
        return Number(reason=NO_NUMBER)
    if match["top"]:
        value = Fraction(int(match["whole"] or 0)) + Fraction(int(match["top"]), int(match["bottom"]))
    else:
        value = Fraction(match["digits"].replace(",", ""))
    sign = -1 if "-" in ((match["sign"] or "") + (match["inner"] or "")) else 1
    unit, scale = _unit(after)
    return Number(value=sign * value * scale, percent=bool(match["percent"]), unit=(match["money"] or "").strip() or unit)


def _unsound(before: str, after: str) -> str | None:
    """Return why digits between two texts cannot be read as a number of their own."""
    glued = _GLUED.match(after)
    if before[-1:].isalpha() or before[-1:] == "_" or (glued and glued[0].lower() not in (*UNITS, *_ORDINAL)):
        return STUCK
    if re.match(r",\d", after) or (before[-1:] == "," and before[-2:-1].isdigit()):
        return DECIMAL_COMMA
    if _APART.search(before):
        return MINUS_APART
    return FRACTION_IN_WORDS if _UNREAD.match(after) else None


def _unit(after: str) -> tuple[str | None, int]:
    """Return the unit behind a number, and what a word of scale multiplies it by; a rate, such as miles per hour, is no unit here."""
    scale, words = 1, after.strip().lower()
    word = _WORD.match(words)
    if word and word[0] in SCALES:
        scale, words = SCALES[word[0]], words[word.end() :].strip()
        word = _WORD.match(words)
    rate = word is not None and re.match(r"\s*(/|per\b|an?\b)", words[word.end() :])
    return (word[0] if word and word[0] in UNITS and not rate else None), scale


def same(answer: Number, gold: Number) -> tuple[bool, str | None]:
    """Tell whether an answer is the gold number, exactly; with a reason where that cannot be told.

    Units are converted where both are known; a percent sign is a unit that may be left out, or written as its hundredth.
    """
    if gold.pair or answer.pair:
        return _same_pair(answer, gold)
    if answer.value is None or gold.value is None:
        return False, NO_NUMBER
    if answer.unit and gold.unit and answer.unit != gold.unit:
        (kind, factor), (wanted, other) = UNITS[answer.unit], UNITS[gold.unit]
        return (False, OTHER_UNIT) if kind != wanted else (answer.value * factor == gold.value * other, None)
    if answer.value == gold.value:
        return True, None
    hundredth = (answer.value, gold.value * 100) if answer.percent and not gold.percent else (answer.value * 100, gold.value)
    return answer.percent != gold.percent and hundredth[0] == hundredth[1], None


def _same_pair(answer: Number, gold: Number) -> tuple[bool, str | None]:
    """Compare times and ratios as they are written; one ratio in other numbers cannot be told from another time."""
    if answer.pair is None or gold.pair is None:
        return (False, TIME_OR_RATIO) if answer.value is not None and answer.value == gold.value else (False, None)
    left, right = _clock(answer), _clock(gold)
    if left == right:
        return (True, None) if not (answer.half and gold.half and answer.half != gold.half) else (False, None)
    if answer.half or gold.half:  # times, of which one may leave out the half of the day
        unclear = not (answer.half and gold.half) and _clock(answer, 12) == _clock(gold, 12)
    else:
        unclear = answer.value == gold.value
    return False, TIME_OR_RATIO if unclear else None


def _clock(time: Number, hours: int = 0) -> tuple[int, ...]:
    """Return both parts, hours from 0 to 23 where the text says which half of the day; modulo `hours` where given."""
    first, *rest = time.pair or (0,)
    if time.half:
        first = first % 12 + (12 if time.half == "p" else 0)
    return (first % hours if hours else first, *rest)
