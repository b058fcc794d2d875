"""Each check on forms that pass and forms that fail."""

import pytest

from freqbias.paraphrases import checks
from freqbias.records import Pair


@pytest.mark.parametrize(
    ("check", "high", "low", "verdict"),
    [
        ("numbers_equal", "It cost $5.", "The price was 5$.", True),
        ("numbers_equal", "She bought 3 kg of flour.", "She purchased three kg of flour.", False),
        ("numbers_equal", "Twelve men left.", "12 men departed.", True),
        ("numbers_equal", "It rose 5%.", "It rose 5 points.", False),
        ("numbers_equal", "1,000 cars", "1000 autos", True),
        ("numbers_equal", "2 cars and 3 boats", "3 cars and 3 boats", False),
        ("negation_parity", "He did not go.", "He never went.", True),
        ("negation_parity", "He did not go.", "He stayed away.", False),
        ("negation_parity", "It isn’t nothing.", "It is something.", True),
        ("names_kept", "We met Anna in Rome.", "In Rome we ran into Anna.", True),
        ("names_kept", "We met Anna in Rome.", "We met Anna in Paris.", False),
        ("names_kept", "The car stopped.", "My jalopy stopped.", True),
        ("quotes_kept", 'He said "go".', 'He uttered "go".', True),
        ("quotes_kept", 'He said "go".', "He told us to go.", False),
        ("question_kept", "Is it far?", "Is it distant?", True),
        ("question_kept", "Is it far?", "It is far.", False),
        ("length_ratio", "Short one.", "A somewhat longer one.", False),
        ("articles_right", "He ate an apple.", "He ate a pippin.", True),
        ("articles_right", "He ate a apple.", "He ate a pippin.", False),
        ("articles_right", "It took an hour.", "It was a unicorn.", True),
    ],
)
def test_check(check, high, low, verdict):
    assert checks.CHECKS[check](high, low, "en") is verdict


def test_checks_that_do_not_apply_elsewhere():
    assert checks.negation_parity("nicht", "nie", "de") is None
    assert checks.articles_right("a apple", "x", "de") is None


def test_checked_adds_verdicts_and_names_duplicates():
    one = Pair(id="1", item="a", high="a car", low="a jalopy", checks={"mine": True})
    rows = checks.checked([one, Pair(id="2", item="b", high="a car", low="a jalopy"), Pair(id="3", item="c", high="x", low="y")])
    assert rows[0].checks["mine"] is True
    assert [row.checks["not_a_duplicate"] for row in rows] == [False, False, True]
    assert set(checks.CHECKS) <= set(rows[0].checks)
