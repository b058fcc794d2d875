"""What a verdict says of a simulated task, through the command line: planted on frequency, on length, on rewording, or on nothing."""

import json

import pytest
from task_runs import JUDGEMENT, PROBE, task_run, write_task_run

from freqbias.analysis import estimate, frame
from freqbias.analysis.report.verdict import verdicts
from freqbias.judgement import Judgements

WORLDS = {
    "frequency": {"per_zipf": 0.3},
    "length": {"per_word": -0.2},
    "rewording by word": {"per_swap": -0.2},
    "rewording at all": {"reworded": -0.4},
    "nothing": {"items": 200},
}


@pytest.fixture
def told(cli, tmp_path):
    """Return a function that runs analysis and report of a world and returns the report's verdict and its estimates."""

    def call(seed=1, keep_original=True, **world):
        pairs, rows = task_run(seed, **world)
        if not keep_original:
            pairs = [pair.replace(meta={name: value for name, value in pair.meta.items() if name != "original"}) for pair in pairs]
        write_task_run(tmp_path / "run", pairs, rows)
        for command in ("analyze", "report"):
            result = cli(command, tmp_path / "run")
            assert result.exit_code == 0, result.output
        document = json.loads((tmp_path / "run" / "report.json").read_text(encoding="utf-8"))
        (verdict,) = document["verdicts"]
        estimates = {tuple(row[name] for name in ("measure", "contrast", "arm", "term")): row for row in document["estimates"]}
        return verdict, estimates

    return call


def test_log_p_that_depends_on_zipf_goes_with_frequency(told):
    verdict, found = told(**WORLDS["frequency"])
    assert verdict["credits"]
    slope = found["log_prob_nats", "gap", "frequency", "zipf_slope"]
    assert slope["ci_low"] < 0.3 < slope["ci_high"]
    cost = found["log_prob_nats", "gap", "placebo", "paraphrase"]
    assert abs(cost["value"]) < 4 * cost["std_error"]
    assert not {"beside_rewording", "placebo_differs", "confounder"} & set(verdict["rules"])
    prompts = {term for _, _, _, term in found if term.startswith("prompt:")}
    assert prompts == {"prompt:plain", "prompt:polite", "prompt:stepwise"}
    assert found["accuracy", "gap", "frequency", "discordant"]["details"]["high_only"] > 0
    assert found["log_prob_nats", "gap", "frequency", "mean"]["details"]["accuracy"] > 0.4


def test_log_p_that_depends_on_length_goes_with_length(told):
    verdict, found = told(**WORLDS["length"])
    assert not verdict["credits"]
    assert verdict["rules"][0] == "confounder_only"
    assert "of it goes with length" in verdict["headline"]
    slope = found["log_prob_nats", "gap", "frequency", "words_slope"]
    assert slope["ci_low"] < -0.2 < slope["ci_high"]
    part = found["log_prob_nats", "gap", "frequency", "part:frequency"]
    assert part["ci_low"] < 0 < part["ci_high"]


@pytest.mark.parametrize("world", ["rewording by word", "rewording at all"])
@pytest.mark.parametrize("keep_original", [True, False])
def test_log_p_that_depends_on_rewording_does_not_go_with_frequency(told, world, keep_original):
    """Whether the pairs bring their original, so that overlap with it is a rival, or not, so that only the contrast shows it."""
    verdict, found = told(keep_original=keep_original, **WORLDS[world])
    assert not verdict["credits"]
    assert verdict["rules"][0] == "paraphrase"
    assert "Rewording the original in equally frequent words changes it by −0." in verdict["headline"]
    contrast, term = (found["log_prob_nats", *of] for of in (("paraphrase", "placebo", "mean"), ("gap", "placebo", "paraphrase")))
    assert contrast["value"] == term["value"] < -0.3
    assert term["ci_high"] < 0
    assert any(sentence.startswith("Rewording the original in equally frequent words: −0.") for sentence in verdict["controls"])
    assert ("overlap with the original" in verdict["headline"]) == keep_original


def test_rewording_explains_no_gap_between_forms_that_are_both_reworded(told):
    verdict, found = told(both=True, reworded=-0.5, constant=-0.3)
    assert found["log_prob_nats", "gap", "placebo", "paraphrase"]["ci_high"] < 0
    assert ("log_prob_nats", "gap", "frequency-placebo", "beyond_paraphrase") not in found
    assert verdict["rules"][0] == "not_graded"
    assert not verdict["credits"]


def test_a_graded_effect_beside_rewording_is_credited_with_a_reservation(told):
    verdict, found = told(per_zipf=0.25, reworded=-0.6)
    assert verdict["credits"]
    beyond = found["log_prob_nats", "gap", "frequency-placebo", "beyond_paraphrase"]
    assert beyond["value"] == pytest.approx(
        found["log_prob_nats", "gap", "frequency", "mean"]["value"] + found["log_prob_nats", "gap", "placebo", "paraphrase"]["value"]
    )
    assert ("beside_rewording" in verdict["rules"]) == (beyond["ci_low"] < 0)


def test_the_claims_alone_give_the_same_verdict():
    """What verdicts rest on holds what rewording costs, so a look at the claims of a held-out half says what the whole report would."""
    pairs, rows = task_run(2, items=40, **WORLDS["rewording at all"])
    found = [
        verdicts(estimate(frame(rows), pairs, curve=False, resamples=99, judgements=known, claims_only=only), judgements=known)[0]
        for known in [Judgements({PROBE: JUDGEMENT})]
        for only in (False, True)
    ]
    assert found[0].rules[0] == found[1].rules[0] == "paraphrase"


def test_nothing_planted_is_no_effect(told):
    verdict, _ = told(**WORLDS["nothing"])
    assert verdict["rules"][0] in ("cannot_tell", "no_difference")
    assert not verdict["credits"]


def test_a_model_that_guesses_is_refused(told):
    verdict, _ = told(level=-2.5, **WORLDS["frequency"])
    assert verdict["rules"] == ["incapable"]


@pytest.mark.simulation
@pytest.mark.parametrize("world", ["length", "rewording by word", "rewording at all", "nothing"])
def test_frequency_is_credited_in_hardly_any_run_without_it(world):
    """40 runs a world, of which at a rate of 5 % more than 7 would be credited in one case of a thousand."""

    known, credited = Judgements({PROBE: JUDGEMENT}), 0
    for seed in range(100, 140):
        pairs, rows = task_run(seed, **WORLDS[world])
        found = estimate(frame(rows), pairs, curve=False, resamples=199, judgements=known, claims_only=True)
        credited += sum(verdict.credits for verdict in verdicts(found, judgements=known))
    assert credited <= 7
