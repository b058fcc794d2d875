"""Numbers as they are written: read exactly, or not at all with the reason."""

from fractions import Fraction

import pytest

from freqbias.tasks import numbers
from freqbias.tasks.numbers import number, same


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9 apples", "9"),
        ("There are 9 of them.", "9"),
        ("$1,234.50", "1234.5"),
        ("12,345,678", "12345678"),
        ("70\u202f000", "70000"),
        ("-5", "-5"),
        ("−3.5 m", "-3.5"),
        ("(-3)", "-3"),
        ("-$5", "-5"),
        ("$-5", "-5"),
        (".5", "1/2"),
        ("3/4 cup", "3/4"),
        ("1 1/2 hours", "3/2"),
        ("½", "1/2"),
        ("1½", "3/2"),
        (r"\frac{3}{4}", "3/4"),
        (r"1\frac{1}{2}", "3/2"),
        (r"-\dfrac{1}{2}", "-1/2"),
        (r"12\text{ cm}", "12"),
        (r"\$1{,}000", "1000"),
        ("15%", "15"),
        ("15 percent", "15"),
        ("3.5 million", "3500000"),
        ("5cm", "5"),
        ("6th", "6"),
        ("Vendor 2", "2"),
        ("5 + 7 = 12", "12"),
        ("$12 (12 dollars)", "12"),
        ("**12**.", "12"),
        ("about 12, rounded", "12"),
    ],
)
def test_one_number(text, value):
    found = number(text)
    assert found.reason is None
    assert found.value == Fraction(value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("two", numbers.NO_NUMBER),
        ("", numbers.NO_NUMBER),
        ("1/0", numbers.NO_NUMBER),
        ("2 or 3", numbers.SEVERAL_NUMBERS),
        ("10-12", numbers.SEVERAL_NUMBERS),
        ("5 feet 6 inches", numbers.SEVERAL_NUMBERS),
        ("12 feet or 12 inches", numbers.SEVERAL_NUMBERS),
        ("12/24/2014", numbers.SEVERAL_NUMBERS),
        ("3 x 4", numbers.SEVERAL_NUMBERS),
        ("x = 3, y = 4", numbers.SEVERAL_NUMBERS),
        ("3,5", numbers.DECIMAL_COMMA),
        ("1,00,000", numbers.DECIMAL_COMMA),
        ("1,2,3", numbers.DECIMAL_COMMA),
        ("5k", numbers.STUCK),
        ("1e5", numbers.STUCK),
        ("x2", numbers.STUCK),
        ("2^3", numbers.FORMULA),
        ("5²", numbers.FORMULA),
        (r"2\sqrt{3}", numbers.FORMULA),
        ("π/2", numbers.FORMULA),
        ("3 + 3", numbers.SEVERAL_NUMBERS),
        ("3*3", numbers.SEVERAL_NUMBERS),
        ("3 +3", numbers.SEVERAL_NUMBERS),
        ("3 times 3", numbers.SEVERAL_NUMBERS),
        ("1" * 5000, numbers.TOO_LONG),
        ("- 5", numbers.MINUS_APART),
        ("3 dozen", numbers.FRACTION_IN_WORDS),
        ("3 and a half", numbers.FRACTION_IN_WORDS),
    ],
)
def test_what_cannot_be_read_says_why(text, reason):
    assert number(text).reason == reason
    assert number(text).value is None


@pytest.mark.parametrize(
    ("answer", "gold", "right", "reason"),
    [
        ("18", "18 dollars", True, None),
        ("18.0", "18", True, None),
        ("18.01", "18", False, None),
        ("$0.45", "45 cents", True, None),
        ("45", "45 cents", True, None),
        ("120 minutes", "2 hours", True, None),
        ("2 weeks", "14 days", True, None),
        ("100 minutes", "2 hours", False, None),
        ("1 foot", "12 inches", True, None),
        ("6 hours", "6 miles", False, numbers.OTHER_UNIT),
        ("365 days", "1 year", False, numbers.OTHER_UNIT),
        ("15%", "15", True, None),
        ("15%", "0.15", True, None),
        ("0.15", "15%", True, None),
        ("1/3", "2/6", True, None),
        ("0.33", "1/3", False, None),
        ("9:7", "9:7", True, None),
        ("18:14", "9:7", False, numbers.TIME_OR_RATIO),
        ("9/7", "9:7", False, numbers.TIME_OR_RATIO),
        ("9:8", "9:7", False, None),
        ("03:45", "3:45", True, None),
        ("15:45", "3:45 p.m.", True, None),
        ("3:45", "3:45 p.m.", False, numbers.TIME_OR_RATIO),
        ("3:45 a.m.", "3:45 p.m.", False, None),
        ("2:30", "1:15", False, numbers.TIME_OR_RATIO),
        ("12:50 a.m.", "0:50", True, None),
        ("5", "9:7", False, None),
    ],
)
def test_comparison(answer, gold, right, reason):
    assert same(number(answer), number(gold)) == (right, reason)
