"""What a page holds packed for its tables: every estimate, and the pairs with their examples."""

import base64
import gzip
import json
import re

import numpy as np
import pandas as pd
import pytest
from simulation import write_run

from freqbias.analysis.report.report import write_report
from freqbias.records import Pair


def unpacked(folder, name):
    """Return what the page holds for one of its tables, read from the page itself."""
    html = (folder / "report.html").read_text(encoding="utf-8")
    (block,) = re.findall(rf'<template id="block-{name}">([^<]*)</template>', html)
    return json.loads(gzip.decompress(base64.b64decode(block)))


def test_the_page_holds_every_estimate(run_folder):
    write_report(run_folder)
    found = unpacked(run_folder, "estimates")
    estimates = json.loads((run_folder / "report.json").read_text(encoding="utf-8"))["estimates"]
    table = pd.read_csv(run_folder / "estimates.csv", keep_default_na=False, na_values=[""])
    assert len(found["rows"]) == len(estimates) == len(table)
    for name in ("model", "term", "value", "ci_low", "p_value", "n_items"):
        place = found["columns"].index(name)
        told = [row.get(name) for row in estimates]
        if isinstance(told[0], str):
            assert [row[place] for row in found["rows"]] == told == table[name].tolist()
        else:
            missing = [value is None for value in told]
            assert [row[place] is None for row in found["rows"]] == missing == table[name].isna().tolist()
            kept = [value for value in told if value is not None]
            assert [row[place] for row in found["rows"] if row[place] is not None] == pytest.approx(kept, rel=1e-5)
            assert table[name].dropna().tolist() == pytest.approx(kept, rel=1e-7)


def test_examples_are_the_extremes_and_the_middle(tmp_path):
    pairs, rows = write_run(tmp_path / "run", effects={"frequency": 0.0, "placebo": 0.5})
    write_report(tmp_path / "run")
    gaps = {}
    for row in rows:
        if row.arm == "frequency":
            gaps.setdefault(row.pair_id, []).append(row.high - row.low)
    means = {name: np.mean(values) for name, values in gaps.items()}
    ordered = sorted(means, key=means.get)
    middle = np.median(list(means.values()))
    page = unpacked(tmp_path / "run", "pairs")
    texts = {pair.id: pair.high for pair in pairs}
    (series,) = page["series"]
    shown = [["".join(words for words, _ in page["pairs"][place]["high"]) for place in places] for places in series["examples"]]
    most, typical, against = ([texts[name] for name in names] for names in (ordered[::-1][:10], ordered, ordered[:10]))
    assert shown[0] == most
    assert shown[2] == against
    assert sorted(shown[1]) == sorted(sorted(typical, key=lambda text: abs(means[names_of(texts)[text]] - middle))[:10])
    marks = [words for pair in page["pairs"] for words, marked in pair["high"] if marked]
    assert set(marks) == {"high"}
    assert len(page["pairs"]) == len(series["values"]) == len(pairs)
    assert page["note"] == ""


def names_of(texts):
    """Return the ids of texts by the text."""
    return {text: name for name, text in texts.items()}


def test_a_pair_of_the_page_is_a_line_of_the_pair_file(tmp_path):
    pairs, _ = write_run(tmp_path / "run", items=4)
    write_report(tmp_path / "run")
    for own in unpacked(tmp_path / "run", "pairs")["pairs"]:
        read = Pair.from_dict(own["line"])
        (pair,) = (pair for pair in pairs if pair.id == read.id)
        assert (read.high, read.low, read.item) == (pair.high, pair.low, pair.item)
        assert read.zipf_gap == pytest.approx(pair.zipf_gap, abs=1e-6)


def test_a_page_holds_a_part_of_many_pairs_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("freqbias.analysis.report.pair_table.MAX_PAIRS", 45)
    pairs, _ = write_run(tmp_path / "run", effects={"frequency": 0.05, "placebo": 0.0})
    write_report(tmp_path / "run")
    page = unpacked(tmp_path / "run", "pairs")
    assert len(page["pairs"]) == len(page["series"][0]["values"]) == 45 < len(pairs)
    assert page["note"].startswith(f"45 of {len(pairs)} pairs are in this page")
    held = {place for place, *_ in page["series"][0]["values"]}
    assert {place for places in page["series"][0]["examples"] for place in places} <= held
