"""Numbers of a text, whatever they are written in; the audit and the check count them alike."""

import pytest

from freqbias.covariates import numbers_dropped
from freqbias.paraphrases.checks import numbers_equal
from freqbias.quantities import numbers_lost, quantities
from freqbias.records import Pair

SAME = [
    ("2 cars", "two cars"),
    ("1,000 cars", "1000 cars"),
    ("It rose 5%.", "It rose 5 percent."),
    ("It rose 5 %.", "It rose five per cent."),
    ("$1.5 million", "1,500,000 dollars"),
    ("250,000 men", "two hundred and fifty thousand men"),
    ("in 1984", "in nineteen eighty-four"),
    ("the 21st century", "the twenty-first century"),
    ("half a million", "500,000"),
    ("1.5 hours", "one and a half hours"),
    ("2/3 of them", "two thirds of them"),
    ("36 eggs", "three dozen eggs"),
    ("1 car", "one car"),
    ("the 1st man", "the first man"),
    ("10\u202f000 cars", "10,000 cars"),
    ("an 8-year-old", "an eight-year-old"),
    ("5 kilometres", "5 km"),
    ("one of them left", "a man left"),
    ("the first car", "the car in front"),
    ("from 5 to 7", "from five to seven"),
    ("1.50", "1.5"),
]
OTHER = [
    ("2 cars", "three cars"),
    ("1,000 cars", "100 cars"),
    ("It rose 5%.", "It rose 5 points."),
    ("5 kg", "5 g"),
    ("$5", "€5"),
    ("one hundred and one", "one hundred"),
    ("at 10:30", "at 10:45"),
    ("the third man", "the fourth man"),
    ("twenty-one cars", "twenty cars"),
    ("1.5", "15"),
]


@pytest.mark.parametrize(("high", "low"), SAME)
def test_the_same_number_is_not_lost(high, low):
    assert numbers_equal(high, low)
    assert numbers_dropped(Pair(id="1", item="1", high=high, low=low)) == (0, 0)


@pytest.mark.parametrize(("high", "low"), OTHER)
def test_another_number_is(high, low):
    assert not numbers_equal(high, low)
    assert max(numbers_dropped(Pair(id="1", item="1", high=high, low=low))) >= 1


@pytest.mark.parametrize(
    ("language", "first", "second"),
    [
        ("de", "1.000 Autos", "1000 Autos"),
        ("de", "1,5 %", "1,5 Prozent"),
        ("fr", "1\u202f000 voitures, 5 %", "1000 voitures, 5 pour cent"),
        ("es", "12.500,75 euros", "12500,75 €"),
        ("ja", "1,000 台", "1000 台"),
    ],
)
def test_other_languages_write_numbers_in_their_way(language, first, second):
    assert numbers_equal(first, second, language)
    assert quantities(first, language).sure


def test_a_point_is_no_comma():
    assert not numbers_equal("1.000 Autos", "1 Auto", "de")
    assert numbers_equal("1.000 litres", "1 litre", "en")


def test_what_is_lost_is_named():
    assert numbers_lost("it cost a lot", "it cost $5 or 60") == ["5$", "60"]
    assert numbers_lost("it cost $5 or 60", "it cost a lot") == []
