"""Figures of right and wrong answers hold the numbers of their rows, and are there only where answers were recorded."""

import re

import numpy as np
import pandas as pd
import pytest
from simulation import write_run
from task_runs import JUDGEMENT, PROBE, task_run, write_task_run

from freqbias.analysis import estimate, frame
from freqbias.analysis.figures.answers import accuracy, discordant
from freqbias.analysis.figures.svg import Subject
from freqbias.analysis.report.report import write_report
from freqbias.analysis.table.contrasts import pair_gaps
from freqbias.files import write_records
from freqbias.judgement import Judgements

KNOWN = Judgements({PROBE: JUDGEMENT})
SUBJECT = Subject(model="m", probe=PROBE, measure="log_prob_nats", key="m-quiz", judgement=JUDGEMENT)


@pytest.fixture(scope="module")
def run():
    pairs, rows = task_run(4, items=30, per_zipf=0.4)
    return pairs, rows, estimate(frame(rows), pairs, curve=False, resamples=99, judgements=KNOWN)


def test_accuracy_by_wording_is_that_of_the_rows(run):
    _, rows, _ = run
    observations = frame(rows)
    chart = accuracy(SUBJECT, pair_gaps(observations, KNOWN), observations)
    right = [row for row in rows if row.measure == "accuracy"]
    sides = {
        "original": [row.low for row in right if row.contrast == "paraphrase"],
        "equally frequent words": [row.high for row in right if row.contrast == "paraphrase"],
        "frequent words": [row.high for row in right if (row.contrast, row.arm) == ("gap", "frequency")],
        "rare words": [row.low for row in right if (row.contrast, row.arm) == ("gap", "frequency")],
    }
    assert list(chart.data["wording"]) == list(sides)
    for drawn, values in zip(chart.data.itertuples(index=False), sides.values(), strict=True):
        assert drawn.accuracy == pytest.approx(np.mean(values))
        assert drawn.ci_low < drawn.accuracy < drawn.ci_high
        assert drawn.n_items == 30
    assert chart.data["chance"].tolist() == pytest.approx([0.2] * 4)
    (label,) = re.findall(r'aria-label="([^"]+)"', chart.svg)
    assert label.startswith("Accuracy by wording of m, quiz: original 0.")
    assert label.endswith("by guessing 0.2")


def test_bars_are_the_discordant_counts_with_their_p_value(run):
    _, rows, estimates = run
    chart = discordant(SUBJECT, pair_gaps(frame(rows), KNOWN), estimates)
    found = {row.key[2:]: row for row in estimates}
    counts = found["accuracy", "gap", "frequency", "discordant"].details
    assert list(chart.data["right"])[:2] == ["only in frequent words", "only in rare words"]
    assert list(chart.data["pairs"])[:2] == [counts["high_only"], counts["low_only"]]
    assert list(chart.data["p_value"])[:2] == [found["accuracy", "gap", "frequency", "mean"].p_value] * 2
    lost = [row for row in rows if (row.measure, row.contrast) == ("accuracy", "paraphrase")]
    assert list(chart.data["pairs"])[2:] == [sum(row.low > row.high for row in lost), sum(row.high > row.low for row in lost)]
    assert f"only in frequent words {counts['high_only']} of 90" in chart.svg


def test_one_pair_an_item_shows_mcnemars_p_value(run):
    pairs, rows, _ = run
    pairs = [pair for pair in pairs if pair.id.endswith("plain")]
    rows = [row for row in rows if row.prompt == "plain"]
    estimates = estimate(frame(rows), pairs, curve=False, resamples=99, judgements=KNOWN)
    chart = discordant(SUBJECT, pair_gaps(frame(rows), KNOWN), estimates)
    (counts,) = [row for row in estimates if row.key[2:] == ("accuracy", "gap", "frequency", "discordant")]
    assert counts.p_value is not None
    assert chart.data["p_value"].iloc[0] == counts.p_value


def test_nothing_is_drawn_without_answers(run):
    _, rows, estimates = run
    bare = frame([row for row in rows if row.measure != "accuracy"])
    table = pair_gaps(bare, KNOWN)
    assert accuracy(SUBJECT, table, bare) is None
    assert discordant(SUBJECT, table, estimates) is None
    alike = frame([row.replace(low=row.high) if row.measure == "accuracy" else row for row in rows])
    assert discordant(SUBJECT, pair_gaps(alike, KNOWN), estimates) is None
    halves = frame([row.replace(high=0.5) if row.measure == "accuracy" else row for row in rows])
    assert discordant(SUBJECT, pair_gaps(halves, KNOWN), estimates) is None


def test_the_report_shows_them_where_there_are_answers_and_only_there(tmp_path, run):
    pairs, rows, estimates = run
    write_task_run(tmp_path / "quiz", pairs, rows)
    write_records(tmp_path / "quiz" / "estimates.jsonl", estimates)
    write_run(tmp_path / "other", items=12)
    for name, shown in (("quiz", True), ("other", False)):
        write_report(tmp_path / name)
        html = (tmp_path / name / "report.html").read_text(encoding="utf-8")
        for what in ("Accuracy by wording of", "Pairs right in one wording only"):
            assert (what in html) == shown
        drawn = {path.name.partition("-")[0] for path in (tmp_path / name / "figures").glob("*.csv")}
        assert ({"accuracy", "discordant"} <= drawn) == shown
    (path,) = (tmp_path / "quiz" / "figures").glob("discordant-*.csv")
    assert list(pd.read_csv(path)["arm"]) == ["frequency", "frequency", "placebo", "placebo"]
