"""Probe `consistency`: the noise of drawing and agreement by chance cancel, a change of answers does not."""

import zlib

import numpy as np
import pytest

from freqbias.errors import InputError
from freqbias.paraphrases.tasks import generate
from freqbias.probes.consistency import FLIP, SAMPLES, _between, _within, probe
from freqbias.tasks.asked import asked_of
from freqbias.testing.solver import PlantedSolver
from tests.probes.test_task import mean


@pytest.fixture(scope="module")
def math():
    return generate(data="math", n=60)


class Draws(PlantedSolver):
    """A solver that draws its answer: right with a probability that depends on the wording, else one of two wrong ones."""

    def __init__(self, pairs, right):
        super().__init__(pairs)
        self._right = right

    def write(self, prompts, *, n, max_tokens, temperature, seed):
        return [self._draws(prompt, n, seed) for prompt in prompts]

    def _draws(self, prompt, n, seed):
        asked, question = self._known[prompt]
        rng = np.random.default_rng([zlib.crc32(prompt.encode()), seed])  # the same in every process, whatever its hashes
        chances = self._right(question)
        answers = [asked.gold[0], *asked.wrong[:2]]
        return [f" {answers[place]}." for place in rng.choice(3, n, p=[chances, (1 - chances) / 2, (1 - chances) / 2])]


def test_answers_that_vary_alike_show_nothing(math):
    rows = list(probe(math, Draws(math, lambda question: 0.5)))
    for contrast in ("gap", FLIP):
        value, error = mean(rows, "agreement", contrast=contrast)
        assert abs(value) < error
    levels = [row.high for row in rows if row.contrast == FLIP]
    assert np.mean(levels) == pytest.approx(0.5**2 + 2 * 0.25**2, abs=0.04)


def test_surer_answers_to_frequent_wording_are_found(math):
    frequent = {pair.high for pair in math if pair.arm == "frequency"}
    rows = list(probe(math, Draws(math, lambda question: 0.9 if question in frequent else 0.4)))
    value, error = mean(rows, "agreement")
    planted = (0.9**2 + 2 * 0.05**2) - (0.4**2 + 2 * 0.3**2)
    assert abs(value - planted) < error
    value, error = mean(rows, "agreement", contrast=FLIP)
    assert abs(value - ((0.9 - 0.4) ** 2 + 2 * (0.05 - 0.3) ** 2) / 2) < error
    value, error = mean(rows, "agreement", "placebo", FLIP)
    assert abs(value) < error


def test_half_the_squared_distance_by_hand():
    first, second = {"A": 0.7, "B": 0.3}, {"A": 0.2, "B": 0.8}
    assert (_within(first) + _within(second)) / 2 - _between(first, second) == pytest.approx((0.5**2 + 0.5**2) / 2)


def test_letters_are_taken_by_their_probability():
    pairs = generate(data="commonsense", n=10)
    rows = list(probe(pairs, PlantedSolver(pairs, letters={"B": 30.0})))
    assert {row.contrast for row in rows} == {"gap", FLIP}
    for row in rows:
        assert row.high == pytest.approx(1.0, abs=1e-3)  # always B
        assert row.high - row.low == pytest.approx(0.0, abs=1e-3)


def test_unreadable_answers_are_no_agreement(math):
    item = math[0].item

    class Mumbles(Draws):
        def _draws(self, prompt, n, seed):
            return [None] * (n - 1) + [" 7."] if self._known[prompt][0].item.id == item else super()._draws(prompt, n, seed)

    rows = list(probe(math, Mumbles(math, lambda question: 0.5)))
    assert {row.item for row in rows if row.error is not None} == {item}
    assert all("fewer than two answers" in row.error for row in rows if row.item == item)


def test_calls_that_say_the_same_agree():
    pairs = generate(data="tools", n=4)

    class Spaced(PlantedSolver):
        def write(self, prompts, *, n, max_tokens, temperature, seed):
            gold = [self._known[prompt][0].gold[0] for prompt in prompts]
            return [[" " + text.replace(": ", ":   ") if draw % 2 else f" {text}" for draw in range(n)] for text in gold]

    rows = list(probe(pairs, Spaced(pairs)))
    assert {(row.high, row.low) for row in rows} == {(1.0, 1.0)}


def test_a_model_without_draws_has_one_answer(math):
    rows = list(probe(math[:6], PlantedSolver(math)))
    assert {(row.high, row.low) for row in rows if row.contrast == "gap"} == {(1.0, 1.0)}
    assert asked_of(math[0]).prompt.max_tokens
    assert SAMPLES >= 2


def test_translations_have_no_one_answer():
    with pytest.raises(InputError, match="translations have no one answer"):
        list(probe(generate(data="translation", n=2, to="de"), PlantedSolver([])))
