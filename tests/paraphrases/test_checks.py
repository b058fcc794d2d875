"""Each check on forms that pass and forms that fail."""

import pytest

from freqbias.paraphrases import checks
from freqbias.records import Pair


@pytest.mark.parametrize(
    ("check", "high", "low", "verdict"),
    [
        ("numbers_equal", "It cost $5.", "The price was 5$.", True),
        ("numbers_equal", "She bought 3 kg of flour.", "She purchased three kg of flour.", True),
        ("numbers_equal", "She bought 3 kg of flour.", "She purchased 3 g of flour.", False),
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
        # what is written otherwise is no other name
        ("names_kept", "I'm tired.", "I am tired.", True),
        ("names_kept", "She says I’ll win.", "She says I will win.", True),
        ("names_kept", "We met O’Brien.", "We met O'Brien.", True),
        ("names_kept", "We saw Anna’s car.", "We saw the car of Anna.", True),
        ("names_kept", "In the U.S. it rained.", "In the US it rained.", True),
        ("names_kept", "Then Vitamin A helps.", "Then vitamin A helps.", True),
        ("names_kept", "He ran. Isn't it far?", "He ran. Wasn't it far?", True),
        ("names_kept", "He met Doctor Smith.", "He met Dr. Smith.", True),
        ("names_kept", "Man Buys Red Car Near Coast", "Man Buys Red Auto Near Coast", True),
        ("names_kept", "He said “Go home.”", "He said “Leave now.”", True),
        ("names_kept", "no capitals for anna", "We met Anna.", True),
        # at the start of a sentence too
        ("names_kept", "Anna left.", "Bob and Kim left.", False),
        ("names_kept", "Obama spoke. It rained.", "The man spoke. It rained.", False),
        ("names_kept", "It rained. Tuesday was wet.", "It rained. The day was wet.", False),
        ("names_kept", "Suddenly it rained.", "Abruptly it rained.", True),
        ("names_kept", "Nevertheless it rained.", "Still it rained.", True),
        ("names_kept", "Hello there.", "Hi there.", True),
        # behind a title or an initial no sentence begins
        ("names_kept", "Dr. Smith left.", "Dr. Jones left.", False),
        ("names_kept", "We saw Mrs. Rose there.", "We saw Mrs. Brown there.", False),
        ("names_kept", "We saw J. Rose there.", "We saw J. Brown there.", False),
        ("names_kept", "Dr. Smith left.", "Dr. Smith went.", True),
        # one letter is a name as it is
        ("names_kept", "Vitamin A is good.", "Vitamin C is good.", False),
        ("names_kept", "It was Plan B, a car.", "It was Plan A, a car.", False),
        ("names_kept", "Take vitamin A in a glass.", "Take vitamin D in a glass.", False),
        ("articles_right", "Vitamin A is good.", "Vitamin A helps.", True),
        ("articles_right", "People of type A obese.", "He has blood type A or B.", True),
        ("articles_right", "Plan A usually works.", "Then Plan A often works.", True),
        ("articles_right", "A apple fell.", "An apple fell.", False),
        ("articles_right", "It was a 8-year-old.", "It was an 8-year-old.", False),
        ("articles_right", "It was an 8-year-old.", "It was an 80-year-old.", True),
        ("articles_right", "An 11-year-old, an 18-hole course.", "A 7-year-old, a 100-mile run.", True),
        ("articles_right", "An 800-page book, an 18,000-seat hall.", "A 180-page book.", True),
        ("articles_right", "It is a 11-year-old.", "It is an 11-year-old.", False),
        ("articles_right", "It is an 1-year-old.", "It is a 1-year-old.", False),
        ("articles_right", 'It is an "idea".', 'It is a "notion".', True),
        ("articles_right", 'It is a "idea".', 'It is a "notion".', False),
        ("articles_right", "It is an ‘idea’.", "It is an ‘notion’.", False),
        ("articles_right", "An FBI agent and a UN body.", "An MBA and a NASA engineer.", True),
        ("articles_right", "It is a historic day.", "It is an historic day.", True),
        # style and closing punctuation of a quotation are not its words
        ("quotes_kept", 'He said "go".', "He said “go”.", True),
        ("quotes_kept", "“Go,” he said.", "He said: 'go'.", True),
        ("quotes_kept", "„Los“, sagte er.", "Er sagte: «Los!»", True),
        ("quotes_kept", "She said ‘it’s late’.", 'She uttered "it\'s late".', True),
        ("quotes_kept", "She said ‘it’s late’.", "She said it was late.", False),
        ("quotes_kept", "the dogs' bowl and the cats' bed", "the hounds' bowl and the cats' bed", True),
        ("quotes_kept", 'a 5" pipe and a 6" one', 'a 5" tube and a 6" one', True),
        ("quotes_kept", "'Tis the boys' room.", "It is the boys' room.", True),
        ("quotes_kept", "“Well, kid, what do you think?”", "“Well, kid, what do you suppose?”", True),
        ("quotes_kept", 'That was an "idea" of his.', 'That was a "notion" of his.', True),
        ("quotes_kept", "“Go home now, all of you.”", "“Leave at once, and be quick.”", False),
        ("question_kept", "« C'est loin ? »", "« C'est distant ? »", True),
        ("question_kept", "(Is it far?)", "Is it distant?", True),
        ("negation_parity", "See No. 5 there.", "See number 5 there.", True),
    ],
)
def test_check(check, high, low, verdict):
    assert checks.CHECKS[check](high, low, "en") is verdict


def test_german_nouns_are_no_names():
    assert checks.names_kept("Das Auto hielt vor dem Haus.", "Der Wagen hielt vor dem Gebäude.", "de") is None
    assert checks.names_kept("La voiture de Marie.", "La bagnole de Marie.", "fr") is True
    assert checks.names_kept("La voiture de Marie.", "La voiture de Luc.", "fr") is False


def test_checks_that_do_not_apply_elsewhere():
    assert checks.negation_parity("nicht", "nie", "de") is None
    assert checks.articles_right("a apple", "x", "de") is None


def test_checked_adds_verdicts_and_names_duplicates():
    one = Pair(id="1", item="a", high="a car", low="a jalopy", checks={"mine": True})
    rows = checks.checked([one, Pair(id="2", item="b", high="a car", low="a jalopy"), Pair(id="3", item="c", high="x", low="y")])
    assert rows[0].checks["mine"] is True
    assert [row.checks["not_a_duplicate"] for row in rows] == [False, False, True]
    assert set(checks.CHECKS) <= set(rows[0].checks)
