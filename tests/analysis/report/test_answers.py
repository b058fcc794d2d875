"""What a report begins with: one word a model and question, the number beside it, a sentence, and who is told in one table."""

import json

import pytest
from hand_made import GRADED, NOTHING, equivalence, mean, placebo, row, slopes, told
from worlds import GUESSES, LETTER

from freqbias.analysis.figures.strip import strip
from freqbias.analysis.report.answers import CLAIMS_NONE, GOES_WITH, IN_SHORT, WORDS, matrices
from freqbias.analysis.report.report import write_report
from freqbias.analysis.report.rules import HEADLINE_NAMES
from freqbias.files import write_records
from freqbias.judgement import asking_of
from freqbias.registry import names
from freqbias.terms import REVERSED

COST = "Does rare wording of the right text cost?"
PULL = "Is there a pull toward frequent wording, whatever is asked?"


def answers(found):
    return {answer.question: answer for answer in found.told.answers}


def test_every_headline_has_a_word():
    assert set(CLAIMS_NONE) | set(GOES_WITH) == set(HEADLINE_NAMES)
    assert set(IN_SHORT) == set(GOES_WITH)
    assert not set(CLAIMS_NONE) & set(GOES_WITH)
    assert set(CLAIMS_NONE.values()) < set(WORDS)


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        (GRADED, "yes"),
        ([mean(-0.05), *placebo()], "reversed"),
        (NOTHING, "no"),
        ([mean(0.03, 0.05)], "cannot tell"),
        ([mean(None, None, n_items=0, n_failed=3)], "cannot tell"),
        ([mean(0.0, 0.001, flags=["at_limit"], details={"ceiling_share": 0.95, "floor_share": 0.0})], "cannot be measured"),
        ([mean(0.0, 0.001, flags=["unmoved"], details={"same_share": 0.97})], "cannot be measured"),
        ([*GRADED, GUESSES], "cannot be measured"),
        ([*NOTHING, LETTER], "cannot be measured"),
    ],
)
def test_the_word_is_that_of_the_headline(rows, word):
    found = told(*rows)
    assert answers(found)[COST].said == word
    assert found.told.sentence
    assert "{" not in found.told.sentence


@pytest.mark.parametrize(
    ("value", "half", "fields", "word"),
    [
        (0.03, 0.01, {}, "yes"),
        (-0.03, 0.01, {}, "reversed"),
        (0.001, 0.01, {}, "no"),
        (0.001, 0.05, {}, "cannot tell"),
        (0.0, 0.001, {"flags": ["at_limit"]}, "cannot be measured"),
        (0.03, 0.01, {"p_adjusted": 0.2}, "cannot tell"),
    ],
)
def test_another_question_is_answered_by_its_own_estimate(value, half, fields, word):
    found = answers(told(*GRADED, row("mean", value, half, contrast="background", **fields)))
    assert found[PULL].said == word
    assert found[PULL].cause == ""
    assert PULL not in answers(told(*GRADED))


@pytest.mark.parametrize("refused", [GUESSES, LETTER])
def test_nothing_is_answered_nor_found_of_a_model_that_cannot_answer(refused):
    found = told(*GRADED, refused, row("mean", 0.03, contrast="background"))
    assert [answer.said for answer in answers(found).values()] == ["cannot be measured"] * 2
    assert not found.credits
    assert found.told.sentence == found.headline
    assert not any("Background" in sentence or "Per Zipf unit" in sentence for sentence in found.findings)
    assert any("Background" in sentence for sentence in told(*GRADED, row("mean", 0.03, contrast="background")).findings)


def test_a_confounder_is_named():
    found = told(mean(), *slopes(0.0), row("part:words", 0.04), row("adjusted", 0.005))
    assert found.rules[0] == "confounder_only"
    assert answers(found)[COST].cause.startswith("goes with length more than frequency")
    assert "It goes with: length, more than frequency." in found.told.sentence


def test_only_a_claim_names_a_cause():
    assert "frequency" in answers(told(*GRADED))[COST].cause
    assert answers(told(*NOTHING))[COST].cause == ""


@pytest.mark.parametrize(
    ("rows", "control"),
    [
        ([mean()], "these pairs have none"),
        ([mean(), *placebo()], "cannot tell"),
        ([mean(), *placebo(), equivalence(0.0, arm="placebo")], "shows nothing, as it should"),
        ([mean(), *placebo(0.04), equivalence(0.04, arm="placebo", held=False)], "shows something"),
        ([mean(), *placebo(0.012), equivalence(0.012, 0.006, arm="placebo")], "shows something too small to matter"),
        ([mean(), *placebo(), row("placebo_joint", 0.0, arm="placebo", p_value=0.001)], "shows something"),
    ],
)
def test_the_placebo_in_words(rows, control):
    assert told(*rows).told.placebo == control


def test_what_qualifies_a_headline_is_named():
    plain, qualified = told(*GRADED), told(*GRADED, mean(flags=["few_frames"], details={"frames": 3}))
    assert len(plain.rules) == 1 < len(qualified.rules)
    assert not answers(plain)[COST].cause.endswith("with reservations")
    assert answers(qualified)[COST].cause.endswith(", with reservations")
    assert "Reservations stand further down" in qualified.told.sentence
    assert "Reservations stand further down" not in plain.told.sentence


def test_sides_that_are_the_wrong_way_round_answer_nothing():
    found = answers(told(mean(0.05, flags=[REVERSED]), row("mean", 0.03, contrast="background")))
    assert [answer.said for answer in found.values()] == ["cannot tell"]


def test_models_that_share_a_question_are_one_table_and_the_space_comes_last():
    space = mean(probe="geometry", contrast="centroid", measure="cosine")
    found = [told(space), told(*GRADED), told(mean(model="other")), told(mean(probe="likelihood", model="lm"))]
    encoders, language = matrices(verdict.told for verdict in found)
    assert [line.model for line in encoders.lines] == ["m", "other"]
    assert encoders.questions == [COST, "Does frequent wording lie nearer to the centre of the space?"]
    assert [line.model for line in language.lines] == ["lm"]
    assert encoders.lines[1].answer(encoders.questions[1]) is None
    assert encoders.reach(COST, "cosine") == pytest.approx(0.06)
    assert encoders.lines[0].items == 30


def test_a_probe_that_asks_nothing_has_a_plain_question():
    assert [answer.question for answer in told(mean(probe="mine:probe")).told.answers] == ["Does mine:probe favour frequent wording?"]


def test_every_probe_of_ours_asks_of_what_it_is_judged_by():
    from freqbias.registry import load

    for name in names("probes"):
        assert load("probes", name).judgement.contrast in asking_of(name).questions, name


def test_a_strip_shows_an_interval_on_its_columns_scale():
    plot = strip(mean(0.05, 0.01), 0.1)
    assert 'd="M67.2 7H76.8"' in plot
    assert 'cx="72.0"' in plot
    assert strip(mean(0.05, None), 0.1) == strip(None, 0.1) == strip(mean(), 0.0) == ""


def test_a_report_begins_with_the_answers(tmp_path):
    write_records(tmp_path / "estimates.jsonl", [*GRADED, row("mean", -0.03, contrast="background")])
    write_report(tmp_path)
    html, text = ((tmp_path / f"report.{kind}").read_text(encoding="utf-8") for kind in ("html", "md"))
    for report, verdict in ((html, 'id="verdict"'), (text, "## How far to trust them")):
        first = report[: report.index(verdict)]
        assert first.index(COST) < first.index("It goes with: ")
        assert "reversed" in first
    assert "**yes** +0.05 [+0.04, +0.06] cosine; goes with frequency" in text
    found = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["answers"]
    assert [(own["question"], own["answer"]) for own in found] == [(COST, "yes"), (PULL, "reversed")]
