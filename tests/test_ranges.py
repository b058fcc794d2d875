"""Values that a measure cannot have: refused where they are read and where somebody else's code gives them; rounding is none."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from freqbias import read_observations
from freqbias.errors import InputError
from freqbias.models import ModelInfo
from freqbias.probes import Judgement, Probe
from freqbias.records import Observation
from freqbias.terms import MEASURES, RANGE_ROUNDING

HERE = Path(__file__).stem
ROW = {
    "pair_id": "p1",
    "item": "i1",
    "probe": "similarity",
    "measure": "cosine",
    "contrast": "gloss",
    "model": "m",
    "high": 0.5,
    "low": 0.4,
}
CROSSED = ROW | {"contrast": "crossed", "high": None, "low": None, "cells": {"hh": 0.5, "hl": 0.5, "lh": 0.5, "ll": 0.5}}
INFO = ModelInfo(name="odd-model", kind="embedder", source="plugin", revision="1")


def write(path, *rows):
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"high": 1.2}, "field 'high' is 1.2, but cosine is from -1 to 1"),
        ({"low": -1.01}, "field 'low' is -1.01, but cosine is from -1 to 1"),
        ({"decoys": {"high": 0.1, "low": 3}}, "field 'decoys.low' is 3, but cosine is from -1 to 1"),
        ({"measure": "accuracy", "high": 50.0}, "field 'high' is 50, but accuracy is from 0 to 1"),
        ({"probe": "inversion", "low": 2.5}, "field 'low' is 2.5, but cosine is from -2 to 2"),
        ({"probe": "inversion", "measure": "win_rate", "low": -1.5}, "field 'low' is -1.5, but win_rate is from -1 to 1"),
        ({"measure": "win_rate", "low": -0.1}, "field 'low' is -0.1, but win_rate is from 0 to 1"),
        ({"measure": "ndcg_at_10", "low": 1.5}, "field 'low' is 1.5, but ndcg_at_10 is from 0 to 1"),
        ({"measure": "recall_at_100", "high": 2}, "field 'high' is 2, but recall_at_100 is from 0 to 1"),
        (CROSSED | {"cells": CROSSED["cells"] | {"lh": -2}}, "field 'cells.lh' is -2, but cosine is from -1 to 1"),
    ],
)
def test_a_value_beyond_its_measure_is_one_line(tmp_path, change, field):
    path = write(tmp_path / "observations.jsonl", ROW, ROW | change)
    with pytest.raises(InputError) as caught:
        list(read_observations(path))
    assert str(caught.value) == f"{path}:2: {field}; measure it anew"


@pytest.mark.parametrize(
    "change",
    [
        {"high": 1.0, "low": -1.0},
        {"high": 1 + RANGE_ROUNDING / 2, "low": -1 - RANGE_ROUNDING / 2},
        {"high": float(np.float32(1.0000001))},
        {"measure": "win_rate", "high": 1.0, "low": 0.0},
        {"measure": "win_rate", "high": 1.000001, "low": -0.000001},
        {"probe": "inversion", "high": 1.4, "low": -1.2},  # margins of two cosines
        {"probe": "inversion", "measure": "win_rate", "contrast": "interaction", "low": -0.5},
        {"measure": "dot", "high": 12.0},
        {"measure": "log_prob_nats", "high": -30.0, "low": -40.0},
        {"measure": "negative_rank", "high": -1, "low": -90},
        {"measure": "my_own", "high": 300.0},
        {"high": None, "low": None, "error": "no score"},
    ],
)
def test_values_that_a_measure_can_have_are_read(tmp_path, change):
    (row,) = read_observations(write(tmp_path / "observations.jsonl", ROW | change))
    assert row.measure == change.get("measure", "cosine")


def test_rounding_of_float32_is_within_what_is_allowed():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(200, 4096)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    beyond = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float32) - 1
    assert 0 < np.abs(beyond).max() < RANGE_ROUNDING


def test_every_share_has_the_range_of_one():
    assert all(measure.between == (0.0, 1.0) for measure in MEASURES.values() if measure.share)


def test_the_analysis_refuses_them_with_status_2(cli, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    pair = {"id": "p1", "item": "i1", "high": "a car", "low": "an auto"}
    write(folder / "pairs.jsonl", pair)
    write(folder / "observations.jsonl", ROW | {"high": 1.5})
    result = cli("analyze", folder)
    assert result.exit_code == 2
    assert "observations.jsonl:1: field 'high' is 1.5" in result.output.replace("\n", "")


def test_a_share_of_a_probes_own_is_held_to_its_range(cli, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    write(folder / "pairs.jsonl", {"id": "p1", "item": "i1", "high": "a car", "low": "an auto"})
    write(folder / "observations.jsonl", ROW | {"probe": "mine", "measure": "mine", "high": 40.0})
    manifest = {"schema": 1, "judgements": {"mine": {"measure": "mine", "share": True}}}
    write(folder / "manifest.json", manifest)
    result = cli("analyze", folder)
    assert result.exit_code == 2
    assert "observations.jsonl:1: field 'high' is 40, but mine is from 0 to 1" in result.output.replace("\n", "")


def rows_of(measure, value):
    def run(pairs, model, common):
        for pair in pairs:
            rest = {"measure": measure, "contrast": "gap", "model": model.info.name, "high": value, "low": 0.5}
            yield Observation(pair_id=pair.id, item=pair.item, arm=pair.arm, probe="odd", **rest)

    return run


def probe_of(name, value, **judgement):
    return Probe(name="odd", needs="embedder", summary="x", run=rows_of(name, value), judgement=Judgement(**judgement))


cosine_of_two = probe_of("cosine", 2.0)
share_of_forty = probe_of("mine", 40.0, measure="mine", share=True)
half_a_share = probe_of("mine", 0.5, measure="mine", share=True)


class Scorer:
    """A plugin that scores by itself, and calls cosine what is none."""

    info, measure, pairwise, max_tokens = INFO, "cosine", True, None

    def prepare(self, queries, documents, track=None):
        pass

    def scores(self, queries, documents):
        return np.array([0.5 if "car" in text else 7.0 for text in documents])

    def matrix(self, queries, documents):
        return np.array([self.scores(queries[:1] * len(documents), documents) for _ in queries])

    def pooled(self, queries, weights):
        from freqbias.models.relevance import Pool

        return Pool(1.0, lambda documents: np.zeros(len(documents)))

    def uncached(self):
        return self

    def token_counts(self, texts):
        return None


scorer = Scorer()


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent)
    yield
    sys.modules.pop(HERE, None)


@pytest.mark.parametrize(
    ("probe", "reason"),
    [("cosine_of_two", "'high' is 2, but cosine is from -1 to 1"), ("share_of_forty", "'high' is 40, but mine is from 0 to 1")],
)
def test_a_plugins_probe_is_told_and_leaves_nothing(cli, pair_file, tmp_path, probe, reason):
    out = tmp_path / "observations.jsonl"
    result = cli("probe", pair_file, "--embedder", "bm25", "--probe", f"{HERE}:{probe}", "--out", out)
    assert result.exit_code == 2
    assert reason in result.output.replace("\n", " ")
    assert not out.exists()


def test_a_share_of_a_plugins_own_is_taken(cli, pair_file, tmp_path):
    out = tmp_path / "observations.jsonl"
    assert cli("probe", pair_file, "--embedder", "bm25", "--probe", f"{HERE}:half_a_share", "--out", out).exit_code == 0


def test_a_plugins_scores_are_held_to_what_they_are_called(cli, pair_file, tmp_path):
    out = tmp_path / "observations.jsonl"
    result = cli("probe", pair_file, "--embedder", f"{HERE}:scorer", "--probe", "similarity", "--out", out)
    assert result.exit_code == 2
    assert "is 7, but cosine is from -1 to 1" in result.output.replace("\n", " ")
