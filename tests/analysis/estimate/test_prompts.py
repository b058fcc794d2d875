"""Prompts are crossed with items as frames are, and each is told apart without a test; what else a row carries is no rival."""

import numpy as np
import pytest
from handmade import couple, estimates_of

from freqbias.analysis import frame
from freqbias.analysis.estimate.predictors import rivals_in
from freqbias.analysis.report.verdict import verdicts
from freqbias.analysis.table import contrasts

EFFECTS = {"plain": 0.02, "polite": 0.05, "terse": 0.11}


def asked(prompts, items=30, seed=0, spread=0.01, **covariates):
    """Return pairs and rows of every item in every prompt, the gap of a prompt as given."""
    rng = np.random.default_rng(seed)
    made = []
    for item in range(items):
        own, dose = rng.normal(0, spread), rng.uniform(0.7, 3)
        for prompt, effect in prompts.items():
            gap = effect + own + rng.normal(0, spread / 2)
            pair, row = couple(gap, f"i{item}", name=f"i{item} {prompt}", dose=dose)
            made.append((pair, row.replace(prompt=prompt, covariates=covariates)))
    return made


def test_each_prompt_has_its_mean_and_no_test():
    made = asked(EFFECTS)
    found = estimates_of(made)
    for name, effect in EFFECTS.items():
        row = found["frequency", f"prompt:{name}"]
        assert row.value == pytest.approx(effect, abs=0.01)
        assert row.value == pytest.approx(np.mean([own.high - own.low for _, own in made if own.prompt == name]))
        assert row.ci_low < row.value < row.ci_high
        assert (row.p_value, row.family, row.n_pairs, row.n_items) == (None, None, 30, 30)


def test_prompts_are_the_crossed_factor():
    """Three prompts are few frames, and what differs between them is told by name."""
    found = estimates_of(asked(EFFECTS))
    mean = found["frequency", "mean"]
    assert "few_frames" in mean.flags
    assert (mean.details["frames"], mean.details["prompts"], mean.n_items) == (3, 3, 30)
    assert found["frequency", "by:prompt"].p_value < 0.001
    assert ("frequency", "by:frame") not in found
    seven = estimates_of(asked({f"p{k}": 0.05 for k in range(7)}))
    assert "items and frames like these" in seven["frequency", "zipf_slope"].method
    assert "prompts" not in seven["frequency", "mean"].details


@pytest.mark.parametrize("count", [1, 13])
def test_one_prompt_and_very_many_are_not_listed(count):
    found = estimates_of(asked({f"p{k}": 0.05 for k in range(count)}, items=12))
    assert not [term for _, term in found if term.startswith("prompt:")]


def test_the_findings_name_the_prompts_with_least_and_most():
    rows = list(estimates_of(asked(EFFECTS)).values())
    (verdict,) = verdicts(rows)
    (line,) = [sentence for sentence in verdict.findings if sentence.startswith("Asked in 3 prompts")]
    assert "least in plain: +0.0" in line
    assert "most in terse: +0.11" in line
    assert "This is an average over these 3 prompts; others may differ." in verdict.headline
    assert any(own.sentence.startswith("Everything was asked in the same 3 prompts") for own in verdict.trust)
    same = [row.replace(value=0.0) if row.term.startswith("prompt:") else row for row in rows]
    assert not any("Asked in" in sentence for sentence in verdicts(same)[0].findings)
    assert not any("Asked in" in sentence for sentence in verdicts(list(estimates_of(asked({"plain": 0.02})).values()))[0].findings)


def test_the_prompt_takes_the_frames_place_only_where_there_is_one():
    pairs, rows = zip(*(couple(0.1, f"i{k}", frame="f") for k in range(4)), strict=True)
    rows = [rows[0].replace(prompt="plain"), *rows[1:]]
    observations = frame(rows)
    table = contrasts.join(contrasts.pair_gaps(observations), contrasts.pair_table(pairs), observations)
    assert table.sort_values("pair_id")["frame"].tolist() == ["plain", "f", "f", "f"]
    bare = frame([row.replace(prompt=None) for row in rows])
    assert "prompt" not in contrasts.join(contrasts.pair_gaps(bare), contrasts.pair_table(pairs), bare).columns


def test_chance_and_answers_are_no_rivals():
    """Whatever rows say of guessing and of letters, every estimate but the flags of capability stays as it is."""
    made = asked(EFFECTS)
    told = [(pair, row.replace(covariates={"chance": [0.2, 0.2], "answer": [k % 5, (k + 1) % 5]})) for k, (pair, row) in enumerate(made)]
    assert {key: (own.value, own.ci_low) for key, own in estimates_of(made).items()} == {
        key: (own.value, own.ci_low) for key, own in estimates_of(told).items()
    }
    pairs, rows = zip(*told, strict=True)
    table = contrasts.join(contrasts.pair_gaps(frame(rows)), contrasts.pair_table(pairs), frame(rows))
    assert not [name for name in rivals_in(table) if name.startswith(("chance", "answer"))]
    assert not [name for name in table.columns if name.startswith(("chance", "answer"))]
