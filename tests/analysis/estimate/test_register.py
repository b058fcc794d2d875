"""Register is a factor: an effect of marked words, informal and formal alike, is found where one scale would have cancelled it."""

import numpy as np
import pytest

from freqbias.analysis import estimate, frame
from freqbias.analysis.report.verdict import verdicts
from freqbias.analysis.table.contrasts import pair_table
from freqbias.covariates import covariates
from freqbias.paraphrases.audit import audit
from freqbias.progress import silent
from freqbias.records import Observation, Pair
from freqbias.run import stages

PER_MARKED = 0.06


def world(seed, register, items=120, per_marked=PER_MARKED, per_zipf=0.0, noise=0.03):
    """Return terms, verdict and pairs: two rare forms in three are marked, half of them formal, and the more the rarer they are.

    `register(low)` gives the covariates of a pair of which the rare form is `low` (-1 informal, 0, 1 formal).
    """
    rng = np.random.default_rng(seed)
    pairs, rows = [], []
    for arm in ("frequency", "placebo"):
        for item in range(items):
            zipf = 1.8 + 0.6 * rng.normal() if arm == "frequency" else 0.0
            marked = arm == "frequency" and rng.uniform() < 0.65 + 0.4 * (zipf - 1.8)
            low = int(rng.choice([-1, 1])) if marked else 0
            name = f"{arm}{item}"
            texts = {"high": f"the usual form {name}", "low": f"the scarce form {name}"}
            more = {"zipf_gap": zipf, "covariates": register(low), "generator": "lexicon"}
            pairs.append(Pair(id=name, item=name, arm=arm, **texts, **more))
            key = {"probe": "p", "measure": "cosine", "contrast": "gap", "model": "m"}
            gap = per_marked * abs(low) + (per_zipf * zipf if arm == "frequency" else 0.0) + rng.normal(0, noise)
            rows.append(Observation(pair_id=name, item=name, arm=arm, high=gap, low=0.0, **key))
    found = estimate(frame(rows), pairs, curve=False, resamples=499)
    return {row.term: row for row in found if row.arm == "frequency"}, verdicts(found)[0], pairs


def indicators(low):
    return {"informal": [0, int(low < 0)], "formal": [0, int(low > 0)]}


def test_markedness_was_put_down_to_frequency_and_is_found_now():
    """One scale averages to nothing, so nothing of the gap could go with it; two indicators carry all of it."""
    before = [world(seed, lambda low: {"scale": [0, low]})[1] for seed in range(10)]
    assert sum(found.credits for found in before) >= 8
    after = [world(seed, indicators) for seed in range(10)]
    for rows, found, pairs in after:
        scale = [pair.covariates["informal"][1] - pair.covariates["formal"][1] for pair in pairs if pair.arm == "frequency"]
        assert abs(np.mean(scale)) < 0.2
        assert rows["part:register"].ci_low > 0.5 * rows["mean"].value
        assert " of it goes with register" in found.headline
    assert sum(found.credits for _, found, _ in after) <= 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_both_indicators_are_recovered_and_the_parts_add_up(seed):
    rows, found, pairs = world(seed, indicators, items=240, per_zipf=0.03)
    for name in ("informal", "formal"):
        assert rows[f"{name}_slope"].ci_low <= -PER_MARKED <= rows[f"{name}_slope"].ci_high
    assert rows["zipf_slope"].ci_low <= 0.03 <= rows["zipf_slope"].ci_high
    assert found.credits
    assert " of it goes with register" in found.headline
    own = [pair for pair in pairs if pair.arm == "frequency"]
    share = np.mean([abs(pair.covariates["informal"][1] + pair.covariates["formal"][1]) for pair in own])
    assert rows["part:register"].ci_low <= PER_MARKED * share <= rows["part:register"].ci_high
    parts = [row.value for term, row in rows.items() if term.startswith("part:")]
    assert sum(parts) == pytest.approx(rows["mean"].value, abs=1e-6)
    assert not {"part:informal", "part:formal"} & rows.keys()
    (sentence,) = [text for text in found.findings if text.startswith("The mean gap split by regression")]
    assert sentence.count("Register: ") == 1


def test_where_only_one_kind_occurs_its_part_is_the_registers():
    rows, _, _ = world(4, lambda low: {"informal": [0, 0], "formal": [0, abs(low)]}, items=240)
    assert "informal_slope" not in rows
    assert rows["part:register"].value == pytest.approx(
        rows["formal_slope"].value
        * -np.mean([abs(p.covariates["formal"][1]) for p in world(4, lambda low: {"formal": [0, abs(low)]}, items=240)[2][:240]])
    )


def test_nothing_planted_names_no_register():
    _, found, _ = world(5, indicators, per_marked=0.0)
    assert not found.credits
    assert "register" not in found.headline


OLD = Pair(
    id="1",
    item="a",
    arm="placebo",
    high="the gadget",
    low="the doodad",
    generator="lexicon",
    covariates={"formality": [0, -1], "sense_share": [0.9, 0.8]},
    meta={"oriented_by": "formality"},
)


@pytest.mark.parametrize(
    ("sides", "informal", "formal", "rival"),
    [
        ([0, -1], 1, 0, "informal"),
        ([-1, 0], -1, 0, "informal"),
        ([0, 1], 0, 1, "formal"),
        ([-1, 1], -1, 1, "formal"),
        ([0, 0], 0, 0, "register"),
    ],
)
def test_pairs_made_before_are_read_with_two_indicators(sides, informal, formal, rival):
    old = OLD.replace(covariates={"formality": sides, "sense_share": [0.9, 0.8]})
    row = pair_table([old]).loc["1"]
    assert (row["informal_gap"], row["formal_gap"], row["oriented_by"]) == (-informal, -formal, rival)
    found = covariates(old)
    assert (found["informal"], found["formal"]) == (tuple(int(s == -1) for s in sides), tuple(int(s == 1) for s in sides))
    assert "formality" not in found


def test_a_scale_of_ones_own_by_that_name_stays():
    own = OLD.replace(generator="import", covariates={"formality": [0.2, -1.4]})
    assert covariates(own)["formality"] == (0.2, -1.4)
    missing = OLD.replace(covariates={"formality": [0, None]})
    assert covariates(missing)["informal"] == (0, None)


def marked_pairs():
    texts = [("the car stopped here", "the jalopy stopped here"), ("the house burned down", "the abode burned down")]
    for n in range(80):
        high, low = texts[n % 2]
        yield Pair(id=str(n), item=str(n), high=f"{high} {n:02}", low=f"{low} {n:02}", covariates=indicators((0, 0, 0, -1, 1)[n % 5]))


def test_audit_and_matching_take_both(tmp_path):
    rows = audit(marked_pairs())["covariates"]
    assert (rows["informal"]["high_mean"], rows["informal"]["low_mean"], rows["formal"]["low_mean"]) == (0, 0.2, 0.2)
    assert rows["informal"]["dz"] == rows["formal"]["dz"] < -0.4
    path = tmp_path / "pairs.jsonl"
    stages.write_records(path, marked_pairs())
    total, balance = stages.match_pairs(path, ["informal", "formal"], tmp_path / "level.jsonl", track=silent)
    kept = list(stages.read_pairs(tmp_path / "level.jsonl"))
    assert (total, len(kept)) == (80, 48)
    assert all(pair.covariates["formal"] == [0, 0] for pair in kept)
    assert {row.name: row.mean_after for row in balance} == {"informal": 0, "formal": 0}
