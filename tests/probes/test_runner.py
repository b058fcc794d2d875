"""One probe on one model, part by part: what a failing model costs."""

import math

import numpy as np
import pytest

from freqbias.errors import BackendError
from freqbias.files import PairFile, write_records
from freqbias.models import ModelInfo
from freqbias.probes import Probe
from freqbias.probes.likelihood import probe as likelihood
from freqbias.probes.runner import MAX_CONSECUTIVE_FAILURES, Measurement
from freqbias.probes.similarity import probe as similarity
from freqbias.probes.standins import StandIn
from freqbias.progress import silent
from freqbias.records import Pair

INFO = ModelInfo(name="m", kind="language_model", source="callable")


def pair(n, **more):
    return Pair(id=f"p{n}", item=f"i{n}", high=f"high {n}", low=f"low {n}", queries={"gloss_plain": [f"gloss {n}"]}, **more)


PAIRS = [pair(n) for n in range(12)]


class Model(StandIn):
    """Answers -1 nat a text, but none that ends in a bad number; counts its calls."""

    def __init__(self, bad=(), stopped_after=None):
        super().__init__(INFO)
        self.bad, self.calls, self.stopped, self._after = {str(n) for n in bad}, 0, None, stopped_after

    def log_probs(self, texts):
        self.calls += 1
        for text in texts:
            if text.split()[-1] in self.bad:
                raise BackendError(f"no answer to {text}")
        if self._after is not None and self.calls > self._after:
            self.stopped = "as many requests as --max-requests allows"
            return [np.array([math.nan])] * len(texts)
        return [-np.ones(1)] * len(texts)

    def continuation_log_probs(self, contexts, continuations):
        return np.array([row.sum() for row in self.log_probs([a + b for a, b in zip(contexts, continuations, strict=True)])])


def keys(rows):
    return [(row.pair_id, row.contrast, row.register) for row in rows]


def test_one_bad_text_costs_its_pair():
    whole = Measurement(likelihood, PAIRS, Model(), silent).rows(PAIRS)
    measurement = Measurement(likelihood, PAIRS, Model(bad=[3]), silent)
    rows = measurement.rows(PAIRS)
    assert keys(rows) == keys(whole)
    assert {row.pair_id for row in rows if row.error} == {"p3"}
    assert {row.error for row in rows if row.error} == {"no answer to high 3"}
    assert all((row.high, row.low) == (None, None) for row in rows if row.error)
    assert measurement.stopped is None


def test_a_model_that_fails_again_and_again_is_not_asked_further():
    model = Model(bad=range(4, 12))
    measurement = Measurement(likelihood, PAIRS, model, silent)
    rows = measurement.rows(PAIRS)
    assert {row.pair_id for row in rows if not row.error} == {"p0", "p1", "p2", "p3"}
    assert keys(rows) == keys(Measurement(likelihood, PAIRS, Model(), silent).rows(PAIRS))
    assert isinstance(measurement.stopped, BackendError)
    assert model.calls == 1 + 4 * 2 + MAX_CONSECUTIVE_FAILURES  # all at once, two calls for each good pair, one for each that fails


def test_a_pair_that_fails_half_way_has_its_rows_once():
    def run(pairs, model, common):
        for row in likelihood.run(pairs, model, common):
            if model.__class__ is Model and row.pair_id == "p3" and row.contrast == "downstream":
                raise BackendError("half way")
            yield row

    rows = Measurement(Probe(name="likelihood", needs="language_model", summary="", run=run), PAIRS, Model(), silent).rows(PAIRS)
    assert keys(rows) == keys(Measurement(likelihood, PAIRS, Model(), silent).rows(PAIRS))
    assert [row.contrast for row in rows if row.error == "half way"] == ["raw", "downstream"]


def test_a_model_that_never_answers_raises():
    with pytest.raises(BackendError, match="no answer to high"):
        Measurement(likelihood, PAIRS, Model(bad=range(12)), silent).rows(PAIRS)


def test_a_model_that_has_given_up_says_so():
    measurement = Measurement(likelihood, PAIRS, Model(stopped_after=2), silent)
    assert not [row for row in measurement.rows(PAIRS[:6]) if row.error]
    assert measurement.stopped is None
    assert all(row.error for row in measurement.rows(PAIRS[6:]))
    assert "--max-requests" in str(measurement.stopped)
    with pytest.raises(BackendError, match="--max-requests"):
        Measurement(likelihood, PAIRS, Model(stopped_after=0), silent).rows(PAIRS)


def test_a_stand_in_tells_the_rows_of_a_scoring_probe():
    asked = set()
    model = StandIn(INFO, note=lambda role, texts: asked.update((role, text) for text in texts))
    rows = Measurement(similarity, PAIRS, model, silent).rows(PAIRS)
    assert {row.contrast for row in rows} == {"gloss", "background"}
    assert all(row.error for row in rows)
    expected = {("query", f"gloss {n}") for n in range(12)} | {("document", f"{side} {n}") for n in range(12) for side in ("high", "low")}
    assert asked == expected


def test_a_probe_is_handed_a_file_that_can_be_read_again_and_few_pairs_at_a_time(cli, tmp_path, monkeypatch):
    import failing

    sizes = []

    def prepare(pairs, model, track):
        assert not isinstance(pairs, list)
        first, second = ([pair.id for pair in pairs] for _ in range(2))
        assert first == second == [f"p{n}" for n in range(600)]
        return len(first)

    def run(pairs, model, common):
        sizes.append((len(pairs), common))
        return likelihood.run(pairs, model, None)

    spy = Probe(name="likelihood", needs="language_model", summary="", run=run, prepare=prepare)
    monkeypatch.setattr(failing, "spy", spy, raising=False)
    write_records(tmp_path / "pairs.jsonl", [pair(n) for n in range(600)])
    assert list(PairFile(tmp_path / "pairs.jsonl").after(598)) == [pair(598), pair(599)]
    result = cli("probe", tmp_path / "pairs.jsonl", "--lm", "failing:lm", "--probe", "failing:spy", "--out", tmp_path / "o.jsonl")
    assert result.exit_code == 0, result.output
    assert sizes == [(256, 600), (256, 600), (88, 600)]
    assert (tmp_path / "o.manifest.json").exists()
