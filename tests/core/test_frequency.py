"""Frequencies of words and texts, and the gap over swapped words."""

import pytest
from freqbias import frequency
from freqbias.errors import InputError
from wordfreq import word_frequency, zipf_frequency


def test_means_against_wordfreq():
    text = "The old jalopy broke down."
    words = ["the", "old", "jalopy", "broke", "down"]
    assert frequency.tokens(text) == words
    assert frequency.mean_zipf(text) == pytest.approx(sum(zipf_frequency(w, "en") for w in words) / 5)
    assert frequency.content_words(text) == ["old", "jalopy", "broke"]
    assert frequency.content_zipf(text) == pytest.approx(sum(zipf_frequency(w, "en") for w in words[1:4]) / 3)


def test_unknown_words_are_left_out_and_named():
    assert frequency.mean_zipf("the zzqxv") == zipf_frequency("the", "en")
    assert frequency.unknown_words("the zzqxv") == ["zzqxv"]
    assert frequency.mean_zipf("zzqxv") is None
    assert frequency.content_zipf("the of and") is None


def test_digits_are_no_content():
    assert frequency.content_words("In 1999 the 3rd car") == ["car"]


def test_swap_aligns_words_and_ignores_the_article():
    swap = frequency.swap("He ate an apple with a spoon.", "He ate a pippin with a spoon.")
    assert (swap.high, swap.low) == (("apple",), ("pippin",))
    assert swap.zipf_gap == pytest.approx(zipf_frequency("apple", "en") - zipf_frequency("pippin", "en"))


def test_gap_is_a_difference_of_log_probabilities():
    swap = frequency.swap("the car", "the jalopy")
    ratio = word_frequency("car", "en") / word_frequency("jalopy", "en")
    assert 10**swap.zipf_gap == pytest.approx(ratio, rel=0.03)  # wordfreq rounds Zipf values to two decimals


def test_swap_with_unknown_word_has_no_gap():
    swap = frequency.swap("the car", "the zzqxv")
    assert swap.zipf_gap is None
    assert swap.unknown == ("zzqxv",)


def test_unknown_language():
    with pytest.raises(InputError, match="unknown language 'xx'"):
        frequency.mean_zipf("text", "xx")


def test_stop_list_is_sorted_and_without_repeats():
    words = frequency.stop_words("en")
    assert {"the", "not", "which"} <= words
    assert frequency.stop_words("de") == frozenset()
