"""What a report says of a model that was asked problems: how many it solves, its margin, failures beside the answer, what not to cite."""

import pytest
from task_runs import JUDGEMENT, PROBE, task_run

from freqbias.analysis import estimate, frame
from freqbias.analysis.report.verdict import verdicts
from freqbias.judgement import Judgements

KNOWN = Judgements({PROBE: JUDGEMENT})


def verdict_of(change=lambda row: row, **world):
    pairs, rows = task_run(5, items=40, **world)
    (found,) = verdicts(estimate(frame(map(change, rows)), pairs, curve=False, resamples=99, judgements=KNOWN), judgements=KNOWN)
    return found, rows


def test_how_many_problems_are_solved_at_all_is_said_once():
    """In the findings of a model that can answer; a model that cannot is refused for it, in the headline."""
    able, rows = verdict_of()
    own = [row for row in rows if row.measure == "accuracy" and row.contrast == "gap"]
    right = sum(row.high + row.low for row in own)
    (said,) = (sentence for sentence in able.findings if sentence.startswith("It got "))
    assert said.startswith(f"It got {right:.0f} of {2 * len(own)} answers right, ")
    assert said.endswith("Guessing alone gives 20 %.")
    unable, _ = verdict_of(level=-2.5)
    assert "answers right" in unable.headline
    assert not any(sentence.startswith("It got ") for sentence in unable.findings)


def test_a_model_that_cannot_answer_has_no_number_to_cite():
    assert verdict_of()[0].cite
    assert verdict_of(level=-2.5)[0].cite == ""


def test_a_margin_is_one_between_answers_and_has_a_unit_of_its_own():
    words = " ".join(verdict_of()[0].findings)
    assert "margin between right and wrong answers" in words
    assert "documents" not in words
    assert "Nats of margin " in words or ": nats of margin " in words


@pytest.mark.parametrize("failed", [True, False])
def test_failures_in_another_measure_are_no_clean_slate(failed):
    """An answer that nobody can read is missing in the accuracy and not in the log-probability that the verdict rests on."""

    def change(row):
        if not (failed and row.measure == "accuracy" and row.item in ("item 3", "item 4")):
            return row
        return row.replace(high=None, low=None, error="the answer cannot be read")

    line = next(line for line in verdict_of(change)[0].trust if line.what == "Failures")
    told = "No pair failed in what the answer rests on. In another measure 6 did." if failed else "No pair failed."
    assert line.sentence == told
