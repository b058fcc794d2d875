"""Probe `option_frequency`: PMI tells what frequency alone, length alone and a preference for frequent answers do to an answer."""

import math

import numpy as np
import pytest

from freqbias.analysis import estimate, frame
from freqbias.frequency import tokens
from freqbias.models import ModelInfo, language_model
from freqbias.models.labels import ANSWER_START
from freqbias.paraphrases.lexicon import generate
from freqbias.probes.option_frequency import CONTENT_FREE, NAME, PER_TOKEN, PMI, PMI_BARE, TEMPLATES, TEXT_PROMPTS, WORD_PROMPTS, probe
from freqbias.records import Pair
from freqbias.terms import ELEVATED, FREQUENCY, LENGTH, LOG_PROB, PLACEBO, PLAIN
from freqbias.testing import check_probe
from freqbias.testing.planted import ln_p, noise_of

FLAT = -40.0  # nats of an option where nothing speaks for it: no sum of what is planted comes above 0
NOISE = 0.2  # nats
PULL = 0.3  # nats of a nat of frequency, beyond what the option has without a question
PER_CHARACTER = -0.5

WORD = Pair(
    id="1",
    item="a",
    high="Every doctor must sign.",
    low="Every physician must sign.",
    queries={"gloss_plain": ["who treats the ill", "second"], "gloss_elevated": ["one that heals"]},
    decoys={"high": "Every teacher must sign.", "low": "Every pedagogue must sign."},
    meta={"swap": ["doctor", "physician"]},
)


class Answers:
    """A model in which log p of an option is planted: by its frequency, its length, and by what a question with content adds to it."""

    path = None

    def __init__(self, *, frequency=0.0, length=0.0, beyond=0.0, noise=NOISE):
        self.info = ModelInfo(name="answers", kind="language_model", source="memory", details={"prompt_format": "plain"})
        self._frequency, self._length, self._beyond, self._noise = frequency, length, beyond, noise
        self.asked = []

    def continuation_log_probs(self, contexts, continuations):
        self.asked += list(zip(contexts, continuations, strict=True))
        return np.array([self._one(context, text) for context, text in zip(contexts, continuations, strict=True)])

    def _one(self, context, text):
        odds = sum(ln_p(word) for word in tokens(text))
        asked = context != ANSWER_START and CONTENT_FREE not in context
        found = FLAT + self._frequency * odds + self._length * len(text) + self._noise * float(noise_of(context + text)[0])
        return found + (self._beyond * odds if asked else 0.0)

    def log_probs(self, texts):
        return [np.array([self._one("", text)]) for text in texts]

    def format_prompt(self, prompt):
        return prompt

    def token_counts(self, texts):
        return [len(tokens(text)) for text in texts]


@pytest.fixture(scope="module")
def pairs():
    return generate(n=80, seed=2)


def judged(model, pairs):
    """Return estimates by measure, contrast, arm and term."""
    rows = estimate(frame(probe(pairs, model)), pairs, resamples=1999, curve=False)
    return {(row.measure, row.contrast, row.arm, row.term): row for row in rows}


def test_rows_by_hand():
    model = Answers(noise=0.0, length=-1.0)
    rows = {(row.register, row.contrast, row.measure): row for row in probe([WORD], model)}
    assert len(rows) == 8
    raw = rows[PLAIN, "raw", LOG_PROB.name]
    assert (raw.high, raw.low) == (FLAT - len(" doctor"), FLAT - len(" physician"))
    assert raw.decoys == {"high": FLAT - len(" teacher"), "low": FLAT - len(" pedagogue")}
    per_token = rows[ELEVATED, "per_token", PER_TOKEN]
    assert (per_token.high, per_token.low) == (raw.high, raw.low)  # one word each
    for measure in (PMI, PMI_BARE):
        assert (rows[PLAIN, "answer", measure].high, rows[PLAIN, "answer", measure].low) == (0.0, 0.0)
    assert raw.covariates == {"subwords": [1, 1], "whole_word": [1, 1]}
    assert {row.prompt for row in rows.values()} < set(WORD_PROMPTS)


def test_every_option_stands_behind_the_same_words_and_no_premise_holds_content():
    model = Answers()
    (row, *_) = probe([WORD], model)
    contexts = {context for context, _ in model.asked}
    template = TEMPLATES[row.prompt]
    ends = f"\n{ANSWER_START}"
    assert contexts == {
        template.format(gloss="who treats the ill") + ends,
        template.format(gloss="one that heals") + ends,
        template.format(gloss=CONTENT_FREE) + ends,
        ANSWER_START,
    }
    options = {" doctor", " physician", " teacher", " pedagogue"}
    assert set(model.asked) == {(context, option) for context in contexts for option in options}
    assert len(model.asked) == 16  # nothing twice


def test_options_are_whole_forms_where_no_words_are_named():
    pair = WORD.replace(meta={})
    model = Answers()
    rows = list(probe([pair], model))
    assert {text for _, text in model.asked} == {f" {text}" for text in (pair.high, pair.low, *pair.decoys.values())}
    assert {row.prompt for row in rows} < set(TEXT_PROMPTS)


def test_a_decoy_in_another_inflection_is_left_out():
    pair = WORD.replace(
        high="Both doctors sign.",
        low="Both physicians sign.",
        decoys={"high": "Both teachers sign.", "low": "Both pedagogues sign."},
    )
    model = Answers()
    assert {row.decoys for row in probe([pair], model)} == {None}
    assert {text for _, text in model.asked} == {" doctor", " physician"}


def test_a_decoy_at_the_beginning_of_a_sentence_is_written_as_its_option_is():
    pair = WORD.replace(
        high="Doctors sign.",
        low="Physicians sign.",
        meta={"swap": ["doctors", "physicians"]},
        decoys={"high": "Teachers sign.", "low": "Tutors sign."},
    )
    model = Answers()
    list(probe([pair], model))
    assert {text for _, text in model.asked} == {" doctors", " physicians", " teachers", " tutors"}


def test_pairs_without_gloss_or_with_one_option_have_no_rows(pairs):
    assert list(probe([WORD.replace(queries={})], Answers())) == []
    rows = list(probe(pairs, Answers()))
    assert {row.arm for row in rows} == {FREQUENCY, PLACEBO}
    assert LENGTH in {pair.arm for pair in pairs}
    assert all(row.decoys is None for row in rows if row.arm == PLACEBO)


def test_templates_are_rotated_over_pairs(pairs):
    prompts = {row.pair_id: row.prompt for row in probe(pairs, Answers()) if row.arm == FREQUENCY}
    shares = [list(prompts.values()).count(name) / len(prompts) for name in WORD_PROMPTS]
    assert min(shares) > 0.15


def test_without_a_tokenizer_only_the_measure_per_token_fails():
    model = Answers()
    model.token_counts = lambda texts: None
    rows = list(probe([WORD], model))
    assert {row.contrast for row in rows if row.error} == {"per_token"}
    assert "does not say how many tokens" in next(row.error for row in rows if row.error)
    assert all(row.covariates == {} for row in rows)


def test_values_that_are_not_finite_are_rows_with_error():
    rows = list(probe([WORD], language_model("synthetic:lm_broken")))
    assert len(rows) == 8
    assert all("no finite log-probability" in row.error for row in rows if row.contrast != "per_token")


def test_frequency_alone_moves_raw_log_p_and_not_pmi(pairs):
    found = judged(Answers(frequency=1.0), pairs)
    assert found[LOG_PROB.name, "raw", FREQUENCY, "mean"].value > 2
    assert found[LOG_PROB.name, "raw", FREQUENCY, "mean"].p_value is None  # described, not tested
    slope = found[LOG_PROB.name, "calibration", FREQUENCY, "mean"]
    assert slope.value == pytest.approx(1.0, abs=0.05)
    for measure in (PMI, PMI_BARE):
        assert found[measure, "answer", FREQUENCY, "mean"].p_value > 0.001
        assert abs(found[measure, "answer", FREQUENCY, "mean"].value) < NOISE


def test_length_alone_moves_raw_log_p_and_not_pmi(pairs):
    swaps = {pair.id: pair.meta["swap"] for pair in pairs if pair.arm == FREQUENCY}
    rows = [row for row in probe(pairs, Answers(length=PER_CHARACTER, noise=0.0)) if row.arm == FREQUENCY]
    expected = {key: PER_CHARACTER * (len(high) - len(low)) for key, (high, low) in swaps.items()}
    assert max(map(abs, expected.values())) > 2
    for row in rows:
        if row.contrast == "raw":
            assert row.high - row.low == pytest.approx(expected[row.pair_id])
        elif row.contrast == "answer":
            assert row.high - row.low == pytest.approx(0.0)


def test_what_a_question_adds_to_frequent_answers_is_recovered(pairs):
    found = judged(Answers(frequency=1.0, beyond=PULL), pairs)
    gaps = [math.log(10) * pair.zipf_gap for pair in pairs if pair.arm == FREQUENCY]
    for measure in (PMI, PMI_BARE):
        row = found[measure, "answer", FREQUENCY, "mean"]
        assert row.value == pytest.approx(PULL * np.mean(gaps), abs=NOISE / 2)
        assert row.p_value < 0.001
        assert row.ci_low > 0
    dose = found[PMI, "answer", FREQUENCY, "zipf_slope"]
    assert abs(dose.value - PULL * math.log(10)) < 3 * dose.std_error
    assert found[PMI, "answer", PLACEBO, "mean"].p_value > 0.001
    assert found[LOG_PROB.name, "calibration", FREQUENCY, "mean"].value == pytest.approx(1 + PULL, abs=0.05)


def test_the_probe_keeps_what_probes_promise(pairs):
    whole = [pair.replace(meta={}) for pair in generate(n=40, seed=0) if pair.arm != LENGTH]  # so that a form itself is asked for
    check_probe(probe, whole, planted=Answers(frequency=1.0, beyond=PULL), null=Answers(frequency=1.0))
    check_probe(probe, whole, sign=-1, planted=Answers(frequency=1.0, beyond=-PULL), null=Answers(length=PER_CHARACTER))


def test_it_is_run_by_name_only():
    assert not probe.by_default
    assert probe.name == NAME
    assert set(probe.prompts) == {*WORD_PROMPTS, *TEXT_PROMPTS}
