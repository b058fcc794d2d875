"""What a language model is planted to write, and the texts that it is asked about."""

import json

import pytest
import rewriting


@pytest.fixture
def script(tmp_path, monkeypatch):
    """Plant the rewrites of all texts, and return a function that plants others."""
    path = tmp_path / "planted.json"
    monkeypatch.setenv("FREQBIAS_TEST_REWRITES", str(path))

    def plant(rewrites):
        path.write_text(json.dumps(rewrites))

    plant({rewriting.text(n): rewriting.planted(n) for n in range(len(rewriting.WORDS))})
    for model in (rewriting.scripted, rewriting.quitting, rewriting.greedy):
        model.calls.clear()
    rewriting.quitting.stopped = None
    return plant


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("".join(rewriting.text(n) + "\n" for n in range(len(rewriting.WORDS))))
    return path
