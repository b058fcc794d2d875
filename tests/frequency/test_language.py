"""Texts in another language than the stated one: found where they say enough, and English left in peace."""

import pytest

from freqbias.errors import InputError
from freqbias.frequency.language import ANOTHER_SCRIPT, Strangers, other_language
from freqbias.paraphrases.lexicon import generate

STRANGERS = {
    "fr": [
        "Il est resté car il pleuvait.",
        "Nous avons vu la voiture dans la rue hier soir.",
        "Elle ne veut pas que tu partes avec eux.",
    ],
    "de": [
        "Die Katze sitzt auf dem Tisch und schläft.",
        "Ich habe das Buch noch nicht gelesen.",
        "Wir sind mit dem Zug nach Berlin gefahren.",
    ],
    "es": ["El perro de mi hermano no quiere comer.", "No sé por qué los niños están aquí.", "La casa que compramos es muy grande."],
    "it": ["Il treno per Roma è in ritardo di un'ora.", "Non so che cosa fare con questo libro.", "La mia sorella è andata al mare."],
    "nl": [
        "De man was in een huis op het land.",
        "Ik weet niet wat hij met die auto heeft gedaan.",
        "Het is een mooie dag voor de kinderen.",
    ],
    "sv": ["Jag vet inte vad han har gjort med bilen.", "Det är en vacker dag för barnen.", "Hon bor i ett hus på landet."],
}


@pytest.mark.parametrize(("language", "text"), [(language, text) for language, texts in STRANGERS.items() for text in texts])
def test_short_sentences_of_others_are_found(language, text):
    assert other_language(text) == language
    assert other_language(text, language) is None


@pytest.mark.parametrize(
    "text", ["Мы видели машину на улице.", "我们昨天在街上看到了那辆车。", "ฉันไม่รู้ว่าเขาทำอะไร", "Το αυτοκίνητο σταμάτησε."]
)
def test_other_scripts_are_found_even_without_a_list(text):
    assert other_language(text) == ANOTHER_SCRIPT


@pytest.mark.parametrize(
    "text", ["", "42", "Zzqxv glorp", "déjà vu", "Il Duce", "The jalopy conked out", "a jalopy", "a car in Paris", "in situ"]
)
def test_what_says_too_little_is_left_in_peace(text):
    assert other_language(text) is None


def test_no_bundled_sentence_is_taken_for_another_language():
    texts = {text for pair in generate(n=300, seed=1) for text in (pair.high, pair.low)}
    assert len(texts) > 500
    assert [text for text in texts if other_language(text)] == []


def test_the_stated_language_may_be_any_but_must_be_known():
    assert other_language("The car stopped in the middle of the street.", "fr") == "en"
    assert other_language("The car stopped in the middle of the street.", "ru") == "en"
    with pytest.raises(InputError, match="unknown language 'xx'"):
        other_language("The car stopped.", "xx")


def test_strangers_are_counted_and_the_first_is_named():
    strangers = Strangers("en")
    found = [strangers.includes(text, f"a.txt:{n}") for n, text in enumerate(["The car stopped there.", *STRANGERS["fr"]], start=1)]
    assert found == [False, True, True, True]
    first = "a.txt:2: 'Il est resté car il pleuvait.' looks like fr"
    assert str(strangers) == f"3 of 4 texts are not in language 'en' (first: {first})"
    assert strangers.notable
    strangers.texts = 1000
    assert not strangers.notable
