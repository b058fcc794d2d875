"""Frequent against rare phrasing: the bundled sentences, row by row, and what readers said of them."""

import json
import math
import re
from collections import Counter
from importlib.resources import files

import jsonschema
import pytest

from freqbias.frequency import content_words
from freqbias.paraphrases.constructions import CONJUNCT_ORDER, KINDS, OTHER_CONTENT, dose_of, rates, sentences
from freqbias.paraphrases.words import related, shared_words, stem

ROWS = sentences()
OF_KIND = {kind: [row for row in ROWS if row.construction == kind] for kind in (*KINDS, CONJUNCT_ORDER)}
#: Words that turn a verb into a verb with a nominalisation; judged by hand.
LIGHT = {"made", "make", "makes", "gave", "carried", "carry", "performed", "conducted", "conduct", "held"}
LIGHT |= {"paid", "raised", "came", "had", "has", "was", "there", "arrange"}
PARTICLES = {"up", "out", "off", "down", "in", "on", "away", "back", "over"}
PHRASAL = PARTICLES | {"into", "after", "together", "forward"}


def contents(text):
    return Counter(stem(word) for word in content_words(text))


def words_of(text):
    return re.findall(r"[\w'-]+", text.lower())


def sides(row):
    return (row.high, row.low), (row.decoy_high, row.decoy_low)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_row(row):
    glosses = [*row.gloss_plain, *row.gloss_elevated]
    texts = [text for couple in sides(row) for text in couple]
    assert len(row.gloss_plain) == len(row.gloss_elevated) == 2
    assert len({*texts, *glosses}) == 8
    for text in (*texts, *glosses):
        assert text[0].isupper()
        assert text.endswith(".")
        assert text.isascii()
        assert "  " not in text
        assert " ," not in text
        assert len(re.findall(r"[.!?]", text)) == 1
    assert not shared_words(glosses, texts)
    for gloss in glosses:
        assert 4 <= len(gloss.split()) <= 22, gloss
    assert contents(row.high) != contents(row.decoy_high)
    lengths = [[len(text.split()) for text in couple] for couple in sides(row)]
    assert all(3 <= length <= 15 for couple in lengths for length in couple)
    assert abs((lengths[0][1] - lengths[0][0]) - (lengths[1][1] - lengths[1][0])) <= 1, "the decoy grows as the right text does"


@pytest.mark.parametrize("row", [row for row in ROWS if row.construction not in OTHER_CONTENT], ids=lambda row: row.id)
def test_content_words_are_constant(row):
    for high, low in sides(row):
        assert contents(high) == contents(low)


@pytest.mark.parametrize("row", OF_KIND["phrasal_latinate"], ids=lambda row: row.id)
def test_of_a_phrasal_verb_only_the_verb_differs(row):
    for high, low in sides(row):
        first, second = Counter(words_of(high)), Counter(words_of(low))
        gone, come = first - second, second - first
        assert come.total() == 1
        assert gone.total() == 2
        assert set(gone) & PHRASAL


@pytest.mark.parametrize("row", OF_KIND["nominalisation"], ids=lambda row: row.id)
def test_of_a_nominalisation_the_verb_becomes_its_noun_and_nothing_is_added_but_light_words(row):
    for high, low in sides(row):
        gone, come = contents(high) - contents(low), contents(low) - contents(high)
        assert come.total() <= 3
        heavy = [word for word in come if word not in {stem(light) for light in LIGHT}]
        assert all(any(nominal(word, verb) for verb in gone) for word in heavy), (gone, come)


#: Nouns that share neither stem nor five letters with their verb.
NOUNS = {("entri", "enter"), ("rise", "rose"), ("fall", "fell"), ("sharp", "sharpli"), ("steadi", "steadili"), ("cut", "shorten")}
NOUNS |= {
    ("slow", "slowli"),
    ("argument", "argu"),
    ("decis", "decid"),
    ("agreement", "agre"),
    ("acquitt", "acquit"),
    ("quick", "quickli"),
}
NOUNS |= {("propos", "propos"), ("explan", "explain"), ("smooth", "smoothli")}


def nominal(noun, verb):
    return (noun, verb) in NOUNS or related(noun, verb)


def passive(text):
    return re.search(r"\b(was|were|is|are)\b.*\bby\b", text) is not None


def cleft(text):
    return re.match(r"It was .* (that|who) ", text) is not None


def particle_behind(high, low):
    """Tell whether the second text is the first with a particle moved behind the object."""
    first, second = words_of(high), words_of(low)
    k = next(k for k, (a, b) in enumerate(zip(first, second, strict=True)) if a != b)
    rest = second[k:]
    return first[k] in PARTICLES and any(rest[:j] == first[k + 1 : k + 1 + j] and rest[j] == first[k] for j in range(1, len(rest)))


def conjuncts(text):
    before, after = text.lower().rstrip(".").split(" and ")
    return before.split()[-1], next(word for word in after.split() if word not in {"a", "an", "the", "our", "her", "his", "your"})


SHAPES = {
    "active_passive": lambda high, low: passive(low) and not passive(high),
    "it_cleft": lambda high, low: cleft(low) and not cleft(high),
    "dative": lambda high, low: (
        len(words_of(low)) == len(words_of(high)) + 1 and Counter(words_of(low)) - Counter(words_of(high)) == {"to": 1}
    ),
    "particle": particle_behind,
    CONJUNCT_ORDER: lambda high, low: conjuncts(high) == conjuncts(low)[::-1] and len(conjuncts(high)[0]) < len(conjuncts(high)[1]),
}


@pytest.mark.parametrize("row", [row for row in ROWS if row.construction in SHAPES], ids=lambda row: row.id)
def test_both_couples_have_the_two_phrasings_of_their_kind(row):
    for high, low in sides(row):
        assert SHAPES[row.construction](high, low)


def lines_of(name):
    return [json.loads(line) for line in files("freqbias.paraphrases").joinpath("data", name).read_text(encoding="utf-8").splitlines()]


READ = lines_of("constructions_read.jsonl")
VERDICTS = {"clean", "doubtful", "wrong"}
#: Pairs that both readers passed and that were mended nevertheless, for a fault that they named in another pair.
MENDED_ON_PURPOSE = {"no08"}
#: Datives in which a possessive can be of one person only; judged by hand.
ONE_OWNER = {"da09", "da11", "da24"}


def judged(row):
    return [row[reader]["verdict"] for reader in ("reader_1", "reader_2") if row[reader] is not None]


def test_the_first_reading_is_of_every_pair():
    first = [row for row in READ if row["reading"] == 1]
    assert sorted(row["item"] for row in first) == sorted(row.id for row in ROWS)
    assert {row["reading"] for row in READ} <= {1, 2}
    kinds = {row.id: row.construction for row in ROWS}
    for row in READ:
        assert row["construction"] == kinds[row["item"]]
        assert judged(row)
        assert set(judged(row)) <= VERDICTS
        for reader in ("reader_1", "reader_2"):
            assert row[reader] is None or row[reader]["verdict"] == "clean" or row[reader]["note"]


@pytest.mark.parametrize("row", READ, ids=lambda row: f"{row['item']}-{row['reading']}")
def test_what_was_passed_is_in_the_data_word_for_word_and_what_was_doubted_is_not(row):
    (now,) = [sentence for sentence in ROWS if sentence.id == row["item"]]
    held = {row["a"], row["b"]} == {now.high, now.low}
    assert row["mended"] == (not held)
    if set(judged(row)) == {"clean"}:
        assert held != (row["item"] in MENDED_ON_PURPOSE and row["reading"] == 1)
    else:
        assert not held
        assert {row["a"], row["b"]} not in [{sentence.high, sentence.low} for sentence in ROWS]


def test_a_pair_in_the_data_was_read_as_it_stands_or_is_marked_as_mended():
    """Each sentence of the data is one that was read, or its row of the first reading says that it was mended."""
    texts = {frozenset((row["a"], row["b"])) for row in READ}
    mended = {row["item"] for row in READ if row["mended"]}
    assert {row.id for row in ROWS if frozenset((row.high, row.low)) not in texts} <= mended


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_faults_that_readers_named_do_not_come_back(row):
    for text in (text for couple in sides(row) for text in couple):
        assert words_of(text).count("by") <= 1 or "one by one" in text or "bit by bit" in text
        assert not {"undertook", "undertakes"} & set(words_of(text))
        if row.construction == "dative":
            assert row.id in ONE_OWNER or not {"his", "her", "their", "its"} & set(words_of(text))


def test_sizes_and_schema():
    assert len({row.id for row in ROWS}) == len(ROWS)
    assert all(len(OF_KIND[kind]) >= 27 for kind in KINDS)
    assert sum(len(OF_KIND[kind]) for kind in KINDS) >= 150
    assert len(OF_KIND[CONJUNCT_ORDER]) >= 40
    texts = Counter(text for row in ROWS for couple in sides(row) for text in couple)
    assert max(texts.values()) == 1
    assert all(len({row.domain for row in OF_KIND[kind]}) >= 20 for kind in KINDS)
    folder = files("freqbias.paraphrases").joinpath("data")
    schema = json.loads(folder.joinpath("schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator({"$ref": "#/$defs/construction", "$defs": schema["$defs"]})
    for line in folder.joinpath("constructions.jsonl").read_text(encoding="utf-8").splitlines():
        validator.validate(json.loads(line))


def test_a_rate_has_counts_and_a_source_or_a_reason():
    assert set(rates()) == {*KINDS, CONJUNCT_ORDER}
    for kind, known in rates().items():
        assert known["how_sure"]
        if dose_of(kind) is None:
            assert known["high"] is known["low"] is known["unit"] is None
            assert len(known["reason"]) > 20
            continue
        assert known["reason"] is None
        assert known["sources"]
        assert known["corpus"]
        high, low = dose_of(kind)
        assert high > low
        for value, side in ((high, "high"), (low, "low")):
            assert 0 < known[side]["count"] <= known[side]["of"]
            assert value == pytest.approx(math.log10(1e6 * known[side]["count"] / known[side]["of"]))
    assert dose_of("active_passive") == pytest.approx((5.9635, 4.0523), abs=1e-3)
    assert dose_of("it_cleft")[0] - dose_of("it_cleft")[1] == pytest.approx(math.log10(68656 / 400))
    assert dose_of("particle")[0] - dose_of("particle")[1] == pytest.approx(math.log10(1251 / 1192))
    assert {kind for kind in rates() if dose_of(kind) is None} == {"phrasal_latinate", "nominalisation", CONJUNCT_ORDER}
