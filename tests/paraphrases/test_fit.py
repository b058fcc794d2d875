"""The fit filter: both words against one threshold, whatever their frequency, and what it took from each arm."""

import math

import numpy as np
import pytest

from freqbias.paraphrases import fit
from freqbias.paraphrases.fit import both_fit, fit_nats
from freqbias.paraphrases.substitute import Coverage, generate


class Scripted:
    """A model to which a word is as likely as `word` says, and what follows as `after` says of the context's last word."""

    def __init__(self, word, after=None):
        self.word, self.after = word, after or {}

    def continuation_log_probs(self, contexts, continuations):
        keys = [(b.strip(), a.split()[-1]) for a, b in zip(contexts, continuations, strict=True)]
        return np.array([self.word.get(b, self.after.get(a, 0.0)) for b, a in keys])


def log_share(word):
    import wordfreq

    return math.log(wordfreq.word_frequency(word, "en"))


def test_fit_does_not_count_frequency():
    words = ["car", "automobile"]
    model = Scripted({word: log_share(word) + 2 for word in words})
    assert fit_nats(model, [("He bought a ", word, " today.") for word in words]) == pytest.approx([2.0, 2.0])


def test_what_follows_counts_against_it():
    model = Scripted({"easy": log_share("easy")}, {"easy": -1.0, "it": -4.0})
    assert fit_nats(model, [("The phone is ", "easy", " to use now and then")]) == pytest.approx([3.0])
    assert fit_nats(model, [("", "easy", "")]) == pytest.approx([3.0])


def test_a_word_without_number_does_not_fit(monkeypatch):
    monkeypatch.setattr(fit, "language_model", lambda name: Scripted({"car": -1.0, "zzqxvw": -1.0}))
    assert both_fit("any", [("a ", "car", "zzqxvw", ".")]) == [False]
    assert both_fit("any", []) == []


@pytest.mark.parametrize(("high", "low", "fits"), [(1, 1, True), (1, -1, False), (-1, 1, False), (-1, -1, False), (0, 0, True)])
def test_both_words_must_fit(monkeypatch, high, low, fits):
    model = Scripted({"car": log_share("car") + high + 1e-9, "automobile": log_share("automobile") + low + 1e-9})
    monkeypatch.setattr(fit, "language_model", lambda name: model)
    assert both_fit("any", [("He bought a ", "car", "automobile", " today.")]) == [fits]


def test_coverage_says_what_the_filter_took_from_each_arm(monkeypatch, tmp_path):
    likely = {word: log_share(word) + 3 for word in ("car", "automobile", "film", "movie")} | {"famous": -30.0, "infamous": -30.0}
    monkeypatch.setattr(fit, "language_model", lambda name: Scripted(likely))
    path = tmp_path / "texts.txt"
    path.write_text("He bought a car.\nThey were famous.\nThe movie is long.\nHe was infamous.\nHe was notorious.")
    coverage = Coverage()
    pairs = generate([path], fit="smollm2-135m", coverage=coverage)
    assert [(pair.arm, pair.low) for pair in pairs] == [("frequency", "He bought an automobile."), ("placebo", "The movie is long.")]
    assert coverage.unfit == {"frequency": 1, "placebo": 2}
    lines = coverage.lines()
    assert "frequency: 1 of 2 swaps left out since a word does not fit its text by smollm2-135m" in lines
    assert "placebo: 2 of 3 swaps left out since a word does not fit its text by smollm2-135m" in lines
