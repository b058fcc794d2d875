"""One normalisation of characters: before words are counted and compared, never in the texts that models read."""

import json
import unicodedata

import pytest

from freqbias import covariates, frequency, read_observations, read_pairs
from freqbias.characters import is_blank, normalised, same_text, visible
from freqbias.errors import InputError
from freqbias.models.adapters.bm25 import _words
from freqbias.paraphrases import make_pair
from freqbias.paraphrases.audit import audit
from freqbias.paraphrases.checks import checked
from freqbias.paraphrases.imported import generate as imported
from freqbias.paraphrases.substitute import pairs_of_texts
from freqbias.paraphrases.words import shared_words
from freqbias.records import Pair

CURLY = "It’s true that he couldn’t swim."
STRAIGHT = CURLY.replace("’", "'")


def test_the_kind_of_apostrophe_is_no_difference_in_frequency():
    pair = make_pair(item="1", high=CURLY, low=STRAIGHT)
    assert pair.zipf_gap == 0
    assert (pair.high, pair.low) == (CURLY, STRAIGHT)  # the texts stay what they are
    found = audit([pair.replace(id=str(number)) for number in range(3)])
    assert {row["code"]: row["level"] for row in found["verdicts"]}["frequency_gap"] == "negligible"
    assert frequency.content_words(CURLY) == frequency.content_words(STRAIGHT) == ["true", "swim"]


@pytest.mark.parametrize("space", ["\u202f", "\u00a0", "\u2009", " ", ""])
def test_a_narrow_space_before_a_mark_is_no_part_of_the_word(space):
    pair = make_pair(item="1", high=f"C'est une voiture{space}!", low=f"C'est une bagnole{space}!", language="fr")
    assert pair.zipf_gap == pytest.approx(1.55)
    assert frequency.unknown_words(pair.high, "fr") == []


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("O’Brien’s car", "en", ["o'brien's", "car"]),
        ("rock ’n’ roll", "en", ["rock", "n", "roll"]),
        ("it`s, it´s, it＇s and itʼs", "en", ["it's", "it's", "it's", "and", "it's"]),
        ("L’homme d’aujourd’hui", "fr", ["l", "homme", "d", "aujourd'hui"]),
        ("здоровʼя і здоров’я", "uk", ["здоров'я", "і", "здоров'я"]),
        ("the auto\u00admobile and the pass\u00adenger", "en", ["the", "automobile", "and", "the", "passenger"]),
        ("Donau\u00addampf\u00adschiff", "de", ["donaudampfschiff"]),
        ("auto\u200bmobile, car\u2060s, \ufeffdog and c\u200dat", "en", ["automobile", "cars", "dog", "and", "cat"]),
        ("cafe\u0301, nai\u0308ve", "en", ["café", "naïve"]),
        ("u\u0308ber", "de", ["über"]),
        ("two\u00a0words\u2009here\u3000too", "en", ["two", "words", "here", "too"]),
        ("می\u200cشود", "fa", ["می\u200cشود"]),  # a word with the joiner in wordfreq's list
        ("दिल्\u200dली", "hi", ["दिल्\u200dली"]),
    ],
)
def test_tokens_are_what_a_reader_sees(text, language, expected):
    assert frequency.tokens(text, language) == expected


def test_the_short_cut_for_plain_text_needs_no_normalisation():
    for text in ("It's a car.", "rock-n-roll", "", "a  b\tc"):
        assert visible(text) is text
        assert normalised(text) is text


@pytest.mark.parametrize("text", ["", " ", "\u200b", "\u00ad", "\u2060 \ufeff", "\u200c\u200d", "\u202f\u00a0", "\n\u200e"])
def test_nothing_visible_is_blank(text, tmp_path):
    assert is_blank(text)
    row = {"id": "1", "item": "1", "high": "a car", "low": "a jalopy"}
    for field in ("id", "item", "high", "low"):
        with pytest.raises(InputError, match=f"^field '{field}' is empty$"):
            Pair.from_dict(row | {field: text})
    with pytest.raises(InputError, match=r"queries\.neutral"):
        Pair.from_dict(row | {"queries": {"neutral": [text]}})
    with pytest.raises(InputError, match=r"queries\.naming_high"):
        Pair.from_dict(row | {"queries": {"naming_high": text}})
    with pytest.raises(InputError, match=r"decoys\.low"):
        Pair.from_dict(row | {"decoys": {"high": "a boat", "low": text}})
    if "\n" not in text:
        path = tmp_path / "pairs.csv"
        path.write_text(f'high,low\na car,"{text}"\n', encoding="utf-8")
        with pytest.raises(InputError, match=r"pairs\.csv:2: low: is empty"):
            imported([path])
    with pytest.raises(InputError, match="none given"):
        pairs_of_texts([text])


@pytest.mark.parametrize("text", [".", "0", "\u200bx", "क्\u200d", "é", "\u0301"])
def test_what_shows_is_not_blank(text):
    assert not is_blank(text)


@pytest.mark.parametrize(
    ("first", "second"),
    [("café", "cafe\u0301"), ("automobile", "auto\u00admobile"), ("a car", "a car\u200b"), ("naïve", "\ufeffnai\u0308ve")],
)
def test_two_spellings_in_bytes_are_one_text(first, second, tmp_path):
    assert same_text(first, second)
    with pytest.raises(InputError, match="have the same text"):
        Pair.from_dict({"id": "1", "item": "1", "high": first, "low": second})
    path = tmp_path / "pairs.tsv"
    path.write_text(f"high\tlow\n{first}\t{second}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"pairs\.tsv:2: high, low: both sides have the same text"):
        imported([path])
    assert make_pair(item="1", high=first, low="x").id == make_pair(item="1", high=second, low="x").id
    assert covariates.characters(first) == covariates.characters(second)
    assert covariates.words(f"{first} \u200b x") == 2 + first.count(" ")
    assert covariates.edit_distance(first, second) == 0
    assert covariates.token_overlap(first, second) == 1
    assert frequency.swap(first, second).high == ()
    assert frequency.mean_zipf(first) == frequency.mean_zipf(second)


def test_other_texts_stay_two():
    assert not same_text("cafe", "café")
    assert not same_text("its", "it's")
    assert not same_text("می\u200cشود", "میشود")
    assert not same_text("It’s", "It's")  # a model reads two texts there, and no word differs


def test_ids_and_items_are_one_name_however_their_letters_are_composed(tmp_path):
    decomposed = unicodedata.normalize("NFD", "café")
    path = tmp_path / "pairs.jsonl"
    rows = [{"id": name, "item": name, "high": "a car", "low": "a jalopy"} for name in ("café", decomposed)]
    path.write_text(json.dumps(rows[0]) + "\n" + json.dumps(rows[1]) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"pairs\.jsonl:2: field 'id' repeats 'café'"):
        list(read_pairs(path))
    rows[1]["id"] = "2"
    path.write_text(json.dumps(rows[0]) + "\n" + json.dumps(rows[1]) + "\n", encoding="utf-8")
    assert {pair.item for pair in read_pairs(path)} == {"café"}
    seen = {
        "pair_id": decomposed,
        "item": decomposed,
        "probe": "p",
        "measure": "cosine",
        "contrast": "gap",
        "model": "m",
        "high": 1,
        "low": 0,
    }
    path.write_text(json.dumps(seen) + "\n", encoding="utf-8")
    assert next(read_observations(path)).pair_id == "café"
    table = tmp_path / "pairs.csv"
    table.write_text(f"high,low,item\na car,a jalopy,café\na dog,a hound,{decomposed}\n", encoding="utf-8")
    assert {pair.item for pair in imported([table], item="item")} == {"café"}


@pytest.mark.parametrize(
    ("name", "high", "low", "verdict"),
    [
        ("negation_parity", "He isn’t here.", "He isn't here now.", True),
        ("negation_parity", "He is\u00adn’t here.", "He is here.", False),
        ("names_kept", "We met O’Brien.", "We ran into O'Brien.", True),
        ("names_kept", "We met Ange\u0301lique.", "We ran into Angélique.", True),
        ("articles_right", "He ate an\u00a0apple.", "He ate a\u202fpippin.", True),
        ("question_kept", "C’est loin\u202f?", "C'est éloigné ?", True),
        ("numbers_equal", "She bought 3\u00a0kg.", "She purchased 3 kg.", True),
        ("quotes_kept", 'He said "can’t".', 'He uttered "can\'t".', True),
    ],
)
def test_checks_compare_what_a_reader_sees(name, high, low, verdict):
    assert checked([Pair(id="1", item="1", high=high, low=low)])[0].checks[name] is verdict


def test_copies_that_differ_in_an_apostrophe_are_duplicates():
    rows = [
        Pair(id="1", item="1", high="It’s a car.", low="It’s a jalopy."),
        Pair(id="2", item="2", high="It's a car.", low="It's a jalopy."),
        Pair(id="3", item="3", high="It's a dog.", low="It's a hound."),
    ]
    assert [row.checks["not_a_duplicate"] for row in checked(rows)] == [False, False, True]


def test_leaks_are_found_through_soft_hyphens_and_accents():
    assert shared_words(["an auto\u00admobile"], ["the automobile"]) == [("automobile", "automobile")]
    assert shared_words(["a cafe\u0301"], ["the café"]) == [("café", "café")]
    assert shared_words(["the dog’s bowl"], ["a cat's dinner"]) == []


def test_words_are_counted_alike_by_bm25():
    assert _words("The cafe\u0301 auto\u00admobile can’t") == _words("The café automobile can't")
