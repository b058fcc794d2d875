"""A verdict retraced is the verdict: the same rules, the same sentences, and every fact read from the estimates that are cited for it."""

import json
from dataclasses import fields
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pytest
from hand_made import GRADED, LEVEL, NOTHING, equivalence, heterogeneity, mean, placebo, row, slopes, told

from freqbias.analysis.report.facts import Facts, facts_of
from freqbias.analysis.report.formatting import Lookup
from freqbias.analysis.report.reasons import reasons_of, rows_of
from freqbias.analysis.report.sentences_facts import FACTS, MEAN
from freqbias.analysis.report.verdicts_of_run import folder_verdicts
from freqbias.judgement import Judgements

ROOT = Path(__file__).parents[3]
RUNS = ("example", "embeddings", "lm")
MADE = [GRADED, LEVEL, NOTHING, [mean(half=None, n_items=1)], [mean(flags=["reversed"])], [row("equal_subwords")]]


def known():
    """Return the verdicts of the committed runs, and on estimates written by hand."""
    return [verdict for run in RUNS for verdict in folder_verdicts(ROOT / "results" / run)] + [told(*rows) for rows in MADE]


def test_every_fact_has_words_and_rows():
    assert list(FACTS) == [own.name for own in fields(Facts)]
    assert all(words.said and words.rows for words in FACTS.values())


def test_the_rules_retraced_are_those_of_the_report():
    for verdict in known():
        found = reasons_of(verdict)
        assert found.rules == verdict.rules
        assert " ".join(step.sentence for step in (*found.headline, *found.beside) if step.holds) == verdict.headline
        assert [step.holds for step in found.headline] == [False] * (len(found.headline) - 1) + [True]
    document = json.loads((ROOT / "results" / "example" / "report.json").read_text(encoding="utf-8"))
    retraced = [reasons_of(verdict).document() for verdict in folder_verdicts(ROOT / "results" / "example")]
    assert [own["rules"] for own in retraced] == [own["rules"] for own in document["verdicts"]]
    assert [own["headline"] for own in retraced] == [own["headline"] for own in document["verdicts"]]


VALUES = (-0.05, -0.015, 0.0, 0.015, 0.05)
FLAGS = (
    "equivalent",
    "differs",
    "at_limit",
    "unmoved",
    "at_chance",
    "one_answer",
    "reversed",
    "duplicates",
    "few_frames",
    "failed_by_dose",
    "failed_matter",
    "in_phrasing",
)
TERMS = sorted({(arm, term.replace("*", "pos" if term == "by:*" else "words")) for words in FACTS.values() for arm, term in words.rows})


def drawn(rng):
    """Return estimates of what facts are read from, each there or not, of any size and with any flags."""
    flags = [flag for flag in FLAGS if rng.random() < 0.1]
    found = [mean(float(rng.choice(VALUES)), flags=flags, p_value=float(rng.choice([0.001, 0.2])))]
    missing = rng.choice([0.1, 0.3, 0.6])
    for arm, term in TERMS:
        if (arm, term) == MEAN or rng.random() < missing:
            continue
        flags = [str(rng.choice([*FLAGS, "not_held:words", "inseparable"]))] if rng.random() < 0.4 else []
        value = None if rng.random() < 0.1 else float(rng.choice(VALUES))
        wide = rng.random() < 0.5
        ends = {"prediction_low": -0.03, "prediction_high": 0.01} if wide else {"prediction_low": -0.001, "prediction_high": 0.001}
        ends |= {"share_above": 0.3 * wide, "share_below": float(rng.choice([0.0, 0.3])) * wide}
        p_value = float(rng.choice([0.001, 0.2]))
        found.append(row(term, value, 0.01, arm=arm, flags=flags, p_value=p_value, details=ends, n_items=int(rng.choice([5, 30]))))
    return found


def facts_from(rows):
    return facts_of(Lookup(rows, "cosine", Judgements()["similarity"], floor=0.02))


def only(rows, fact):
    """Return the mean and the estimates that a fact is said to be read from."""
    cited = (MEAN, *FACTS[fact].rows)
    return [own for own in rows if any(own.arm == arm and fnmatchcase(own.term, term) for arm, term in cited)]


def test_a_fact_is_read_from_the_rows_that_are_cited_and_from_no_other():
    """Without all others it is the same, and each of its own makes a difference in some run."""
    rng = np.random.default_rng(0)
    left = {(fact, *cited) for fact, words in FACTS.items() for cited in words.rows if cited != MEAN}
    for place in range(3000):
        rows = drawn(rng)
        whole = facts_from(rows)
        for fact in FACTS if place < 200 else ():
            assert getattr(facts_from(only(rows, fact)), fact) == getattr(whole, fact), fact
        for arm, term in sorted({(arm, term) for _, arm, term in left}):
            less = facts_from([own for own in rows if not (own.arm == arm and fnmatchcase(own.term, term))])
            left -= {(fact, arm, term) for fact in FACTS if getattr(less, fact) != getattr(whole, fact)}
        if place >= 200 and not left:
            break
    assert sorted(left) == []


@pytest.mark.parametrize("verdict", known(), ids=lambda verdict: verdict.title)
def test_facts_of_the_committed_runs_are_read_from_the_rows_that_are_cited(verdict):
    have = verdict.basis.have
    rows = [own for arm in ("frequency", "placebo", "frequency-placebo") for own in have.of_arm(arm)]
    for fact in FACTS if any(own.term == "mean" for own in rows) else ():
        less = Lookup(only(rows, fact), have.measure, have.judgement, have.floor)
        assert getattr(facts_of(less), fact) == getattr(verdict.basis.facts, fact), fact
        assert {own.key for own in rows_of(fact, have)} <= {own.key for own in rows}


def test_the_steps_are_told_in_words_with_the_rows_that_answer_them():
    lines = reasons_of(told(*LEVEL, *placebo(0.02, difference=0.03))).lines()
    text = "\n".join(lines)
    assert lines[0] == "Does rare wording of the right text cost? Yes."
    assert "1. The gap has a value: yes" in lines
    assert "   gloss / frequency / mean: +0.05 [+0.04, +0.06], p = .001" in lines
    assert "2. It rests on a single item: no (frequency / mean)" in lines
    assert "   so it is not: unknown (1 of 2)" in lines
    assert "The effect exceeds the placebo: yes\n   gloss / frequency-placebo / mean: +0.03 [+0.015, +0.045], p = .001" in text
    assert "   so it is not: reversed_sides, cannot_tell, no_difference, cancels" in lines
    assert "   so it is not: not_graded (1 of 4)" in lines
    assert text.index("so the verdict is not_graded (4 of 4):") < text.index("so this is added by placebo_differs (1 of 2):")
    assert "\n   The placebo, which should show nothing, differs from zero: +0.02 [+0.01, +0.03]" in text


def test_what_decides_is_said_with_its_names_and_its_floor():
    carried = reasons_of(told(mean(), *slopes(0.0), row("part:words", 0.02), row("part:frequency", 0.0)))
    assert any("carry a quarter of the effect or more: yes (length 40 %)" in line for line in carried.lines())
    noise = reasons_of(told(mean(0.01, 0.001), floor=0.02)).lines()
    assert "   noise floor: 0.02 cosine" in noise
    assert "   so the verdict is noise_floor:" in noise
    small = reasons_of(told(*NOTHING, equivalence(0.001, 0.006), heterogeneity(-0.01, 0.012))).lines()
    assert any(line.startswith("   gloss / frequency / equivalence: ") and "(90 % interval)" in line for line in small)
    assert any("(no such estimate was made)" in line for line in reasons_of(told(mean())).lines())
