"""Two runs: paired differences, renamed models, refusals that say how the pairs differ, and the command."""

import json
import re

import numpy as np
import pytest
from scipy import stats
from simulation import simulate

from freqbias.analysis.estimate.compare import compare
from freqbias.analysis.report.comparing import compare_runs
from freqbias.errors import InputError
from freqbias.files import write_records
from freqbias.paraphrases.lexicon import generate
from freqbias.probes import load_probe
from freqbias.records import Observation, Pair
from freqbias.testing import CrowdedEmbedder
from freqbias.testing.planted import CROWD, KnownTexts, noise_of

ITEMS, FRAMES, CHANGE = 40, 2, 0.03
RUN_NOISE = 0.004
TERMS = ("run_difference", "run_relative", "run_quality")


def save(folder, pairs, rows):
    write_records(folder / "pairs.jsonl", pairs)
    write_records(folder / "observations.jsonl", rows)
    return folder


def changed(record, **fields):
    return type(record).from_dict(record.to_dict() | fields)


def moved(rows, rng, change):
    """Return rows with `change` and a little noise added to the gap of the frequency arm."""
    return [changed(row, high=row.high + (change if row.arm == "frequency" else 0) + rng.normal(0, RUN_NOISE)) for row in rows]


def gloss(estimates, term="run_difference"):
    return {row.arm: row for row in estimates if row.contrast == "gloss" and row.term == term}


@pytest.fixture
def runs(tmp_path):
    """Return two run folders whose items differ much among themselves and by .03 between the runs."""
    rng = np.random.default_rng(6)
    pairs, rows = simulate(rng, {"frequency": 0.05, "placebo": 0.0}, items=ITEMS, frames=FRAMES, noise=0.2, level=0.1)
    later = moved(rows, rng, CHANGE)
    return save(tmp_path / "a", pairs, rows), save(tmp_path / "b", pairs, later), pairs, rows, later


def test_planted_change_is_found_because_items_are_paired(runs):
    first, second, _, rows, later = runs
    found = gloss(compare(first, second))
    row = found["frequency"]
    assert row.ci_low <= CHANGE <= row.ci_high
    assert row.p_value < 0.001
    assert found["placebo"].ci_low <= 0 <= found["placebo"].ci_high
    assert (row.n_items, row.n_pairs, row.n_failed, row.model, row.contrast) == (ITEMS, ITEMS * FRAMES, 0, "m", "gloss")
    assert row.std_error < 0.1 * 0.2 / np.sqrt(ITEMS)  # the spread over items cancels
    gaps = [[np.mean([r.high - r.low for r in side if r.item == f"frequency-{item}"]) for item in range(ITEMS)] for side in (rows, later)]
    interval = stats.ttest_rel(gaps[1], gaps[0]).confidence_interval()
    assert (row.ci_low, row.ci_high) == pytest.approx((interval.low, interval.high), abs=1e-6)  # files hold eight decimals
    assert row.extra["values"] == pytest.approx([np.mean(gaps[0]), np.mean(gaps[1])], abs=1e-6)


def test_a_run_against_itself_and_backwards(runs):
    first, second, *_ = runs
    same = compare(first, first)
    assert all((row.value, row.p_value) == (0, 1) for row in same)
    assert all(row.flags == ["constant"] for row in same if row.bound is None and row.arm != "frequency-placebo")
    assert {row.term: row.flags for row in same if row.bound is not None} == {term: ["constant", "equivalent"] for term in TERMS}
    for ahead, back in zip(compare(first, second), compare(second, first), strict=True):
        assert back.value == pytest.approx(-ahead.value)
        assert back.p_value == pytest.approx(ahead.p_value, abs=1e-9)
    assert [row.to_dict() for row in compare(first, second)] == [row.to_dict() for row in compare(first, second)]


@pytest.mark.slow
def test_level_and_coverage_over_many_models(tmp_path):
    """Two hundred models in one pair of runs, each with noise of its own and no change."""
    rng = np.random.default_rng(23)
    runs = 200
    pairs, rows = simulate(rng, {"frequency": 0.05}, items=12, frames=1, contrasts=("background",))
    models = [[changed(row, model=f"m{k}") for row in rows] for k in range(runs)]
    first = save(tmp_path / "a", pairs, [row for own in models for row in own])
    second = save(tmp_path / "b", pairs, [row for own in models for row in moved(own, rng, 0.0)])
    found = compare(first, second)
    assert len(found) == runs
    assert sum(row.p_value <= 0.05 for row in found) <= stats.binom.ppf(0.9995, runs, 0.05)
    covered = sum(row.ci_low <= 0 <= row.ci_high for row in found)
    assert stats.binom.ppf(0.0005, runs, 0.95) <= covered <= stats.binom.ppf(0.9995, runs, 0.95)


def test_a_renamed_model_is_paired_only_where_it_is_alone(runs, tmp_path):
    first, _, pairs, _, later = runs
    renamed = [changed(row, model="n") for row in later]
    row = compare(first, save(tmp_path / "c", pairs, renamed))[0]
    assert (row.model, row.extra["models"]) == ("m → n", ["m", "n"])
    two = save(tmp_path / "d", pairs, [*renamed, *(changed(row, model="k") for row in later)])
    with pytest.raises(InputError) as caught:
        compare(first, two)
    assert str(caught.value) == (
        f"cannot tell which model goes with which: {first} holds m; {two} holds k, n; name them: --a MODEL --b MODEL"
    )
    for chosen in ({"a": ["m"], "b": ["k"]}, {"b": ["k"]}):
        assert {row.model for row in compare(first, two, **chosen)} == {"m → k"}
    both = compare(two, two, a=["k", "n"], b=["n", "k"])
    assert {row.model for row in both} == {"k → n", "n → k"}
    assert all(row.value == 0 for row in both if row.arm == "frequency")  # the same rows under two names
    three = save(tmp_path / "e", pairs, [*renamed, *later])
    assert {row.model for row in compare(first, three)} == {"m"}


def test_failed_pairs_leave_both_sides(runs, tmp_path):
    first, _, pairs, rows, later = runs
    lost = pairs[0].id
    broken = [changed(row, high=None, low=None, decoys=None, error="x") if row.pair_id == lost else row for row in later]
    row = gloss(compare(first, save(tmp_path / "c", pairs, broken)))["frequency"]
    assert (row.n_pairs, row.n_failed, row.n_items) == (ITEMS * FRAMES - 1, 1, ITEMS)
    kept = [[row for row in side if row.pair_id != lost] for side in (rows, later)]
    same = compare(save(tmp_path / "d", pairs, kept[0]), save(tmp_path / "e", pairs, kept[1]))
    assert row.value == pytest.approx(gloss(same)["frequency"].value)


def test_missing_pairs_are_counted_and_the_first_is_named(runs, tmp_path):
    first, _, pairs, rows, _ = runs
    lost = {pair.id for pair in pairs[3:5]}
    other = save(tmp_path / "c", [*pairs[:3], *pairs[5:]], [row for row in rows if row.pair_id not in lost])
    with pytest.raises(InputError) as caught:
        compare(first, other)
    assert f"the runs' pairs differ: 2 only in {first} (first: '{pairs[3].id}'); run both over one file" in str(caught.value)
    with pytest.raises(InputError, match=f"2 only in {first}"):
        compare(other, first)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"high": "another text"}, "high"),
        ({"item": "other"}, "item"),
        ({"context": "before"}, "context"),
        ({"queries": {"gloss_plain": ["a vehicle"]}}, "queries.gloss_plain"),
        ({"decoys": {"low": "a tree"}}, "decoys.low"),
    ],
)
def test_changed_texts_are_refused_by_field(runs, tmp_path, fields, named):
    first, _, pairs, rows, _ = runs
    other = save(tmp_path / "c", [pairs[0], changed(pairs[1], **fields), *pairs[2:]], rows)
    with pytest.raises(InputError) as caught:
        compare(first, other)
    assert f"1 with the same id and another text (first: '{pairs[1].id}', field '{named}')" in str(caught.value)


def test_another_collection_is_refused(runs, tmp_path):
    """The same words among other documents have other ranks, whatever the model."""
    _, _, pairs, rows, later = runs
    sides = [
        save(tmp_path / digest, [changed(pair, meta={"collection_sha256": digest}) for pair in pairs], own)
        for digest, own in (("c", rows), ("d", later))
    ]
    with pytest.raises(InputError, match=f"{len(pairs)} are of another collection, or of one that has changed") as caught:
        compare(*sides)
    assert f"(first: '{pairs[0].id}'); run both over one file" in str(caught.value)
    assert compare(sides[0], sides[0])


def test_of_two_models_of_one_run_neither_is_left_out(runs, tmp_path, caplog):
    _, _, pairs, rows, later = runs
    third = [changed(row, model="k") for row in rows]
    both = save(tmp_path / "both", pairs, [*rows, *(changed(row, model="n") for row in later)])
    assert compare(both, both, a=["m"], b=["n"])
    assert "not compared" not in caplog.text
    three = save(tmp_path / "three", pairs, [*rows, *(changed(row, model="n") for row in later), *third])
    assert compare(three, three, a=["m"], b=["n"])
    assert [message for message in caplog.messages if "not compared" in message] == [f"only in {three}, not compared: k (similarity)"]


def test_what_is_no_text_may_differ(runs, tmp_path):
    first, _, pairs, _, later = runs
    other = save(tmp_path / "c", [changed(pair, checks={"new": True}, covariates={"extra": [1, 2]}) for pair in pairs[::-1]], later)
    assert compare(first, other)[0].n_items == ITEMS


def test_observations_of_other_pairs_are_refused(tmp_path):
    foreign = Pair(id="p", item="i", high="x y", low="x z")
    row = Observation(pair_id="q", item="i", probe="p", measure="cosine", contrast="gap", model="m", high=1.0, low=0.0)
    odd = save(tmp_path / "c", [foreign], [row])
    with pytest.raises(InputError, match=r"c/observations.jsonl:1: field 'pair_id': the pair file holds no pair 'q'"):
        compare(odd, odd)


def test_a_pair_that_was_measured_twice_is_refused(runs, tmp_path):
    """Joined with the other run, either row would count."""
    first, _, pairs, rows, _ = runs
    with pytest.raises(InputError, match=r"observations.jsonl:\d+: pair 'frequency-0-0' has a row with the same model, probe"):
        compare(first, save(tmp_path / "twice", pairs, [*rows, rows[0]]))


def test_a_run_without_observations(runs, tmp_path):
    first, _, pairs, *_ = runs
    with pytest.raises(InputError, match=r"against nothing measured"):
        compare(first, save(tmp_path / "c", pairs, []))


def test_models_that_no_run_holds_are_named(runs, tmp_path):
    first, second, pairs, rows, _ = runs
    with pytest.raises(InputError, match=r"--b: .*/b holds no model 'mm'; did you mean 'm'\?"):
        compare(first, second, b=["mm"])
    two = save(tmp_path / "d", pairs, [*rows, *(changed(row, model="k") for row in rows)])
    with pytest.raises(InputError, match="--a and --b name models in couples, found 1 and 2; give as many of either"):
        compare(first, two, a=["m"], b=["m", "k"])
    with pytest.raises(InputError, match=r"cannot tell which .*d holds k, m; .*c holds x, y; name them: --a MODEL --b MODEL"):
        compare(two, save(tmp_path / "c", pairs, [changed(row, model=name) for name in "xy" for row in rows]), a=["k"])


def test_one_family_of_what_sentences_rest_on(runs):
    first, second, *_ = runs
    rows = compare(first, second)
    family = [row for row in rows if row.family is not None]
    assert {(row.contrast, row.arm) for row in family} == {("gloss", "frequency")}
    assert sorted(row.term for row in family) == sorted(TERMS)
    adjusted = stats.false_discovery_control([row.p_value for row in family])
    assert [row.p_adjusted for row in family] == pytest.approx(list(adjusted))
    assert all(row.p_adjusted is None for row in rows if row.family is None)


def test_smaller_scores_change_the_gap_and_not_the_gap_in_margins(tmp_path):
    pairs, rows = simulate(np.random.default_rng(3), {"frequency": 0.2, "placebo": 0.0}, items=ITEMS, noise=0.05, level=0.1)
    first = save(tmp_path / "a", pairs, rows)
    smaller = [
        changed(row, high=row.high / 2, low=row.low / 2, decoys={side: value / 2 for side, value in row.decoys.items()}) for row in rows
    ]
    second = save(tmp_path / "small", pairs, smaller)
    assert gloss(compare(first, second))["frequency"].ci_high < 0
    assert gloss(compare(first, second), "run_relative")["frequency"].value == pytest.approx(0, abs=1e-7)
    assert gloss(compare(first, second), "run_quality")["frequency"].extra["values"] == pytest.approx([0.4, 0.2], abs=1e-6)
    (told,) = compare_runs(first, second).told
    assert not told.differs
    assert "What changed may be the scale of its scores" in told.more[0]


def jittered(rows, rng, change=0.0):
    """Return rows with noise of their own in either form, and `change` in the gap of the frequency arm."""
    more = {"frequency": change}
    ends = [(row, *rng.normal(0, 0.02, size=2)) for row in rows]
    return [changed(row, high=row.high + high, low=row.low + low - more.get(row.arm, 0.0)) for row, high, low in ends]


@pytest.mark.simulation
def test_two_runs_of_one_model_are_said_to_differ_in_five_of_a_hundred(tmp_path):
    """Any false sentence counts, on rare wording or on quality; seed and limits were fixed before the first look."""
    rng = np.random.default_rng(15)
    runs, false, found, covered = 150, 0, 0, 0
    for _ in range(runs):
        pairs, rows = simulate(rng, {"frequency": 0.05, "placebo": 0.0}, items=ITEMS, frames=1, level=0.3)
        first = save(tmp_path / "a", pairs, jittered(rows, rng))
        for change in (0.0, CHANGE):
            second = save(tmp_path / "b", pairs, jittered(rows, rng, change))
            (told,) = compare_runs(first, second).told
            if change == 0.0:
                false += told.differs or told.quality_differs
            else:
                found += "B loses" in told.sentence and "more to rare wording than A" in told.sentence
                row = next(row for row in told.rows if row.term == "run_difference")
                covered += row.ci_low <= CHANGE <= row.ci_high
    assert false <= stats.binom.ppf(0.9995, runs, 0.05)
    assert found >= 0.95 * runs
    assert stats.binom.ppf(0.0005, runs, 0.95) <= covered <= stats.binom.ppf(0.9995, runs, 0.95)


class RareNoise(CrowdedEmbedder):
    """The same model with something added to rare documents, in no direction more or less."""

    def __init__(self, pairs, noise):
        super().__init__(pairs, name=f"noise-{noise}")
        self._documents, self._noise = KnownTexts(pairs).documents, noise

    def vectors(self, texts, role):
        vectors = super().vectors(texts, role)
        for place, text in enumerate(texts):
            if role != "query" and any((arm, side) == ("frequency", "low") for arm, side, _ in self._documents.get(text, {}).values()):
                vectors[place] += self._noise * noise_of(f"more {text}", CROWD) / np.sqrt(CROWD)
        return vectors


def test_the_checkpoint_with_noise_on_rare_words_is_named_with_its_loss(lexicon_pairs, tmp_path):
    rows = {
        noise: [
            row
            for name in ("similarity", "inversion", "retrieval")
            for row in load_probe(name)(lexicon_pairs, RareNoise(lexicon_pairs, noise))
        ]
        for noise in (0, 4)
    }
    base, noisy = (save(tmp_path / f"n{noise}", lexicon_pairs, own) for noise, own in rows.items())
    ranks, nearness = compare_runs(base, noisy).told
    assert (nearness.models, nearness.probes, ranks.probes) == (("noise-0", "noise-4"), ("similarity", "inversion"), ("retrieval",))
    assert nearness.sentence.startswith("B loses ")
    assert "of 100 comparisons more to rare wording than A. " in nearness.sentence
    assert " places more to rare wording than A. " in ranks.sentence
    lost = [by_hand(own, "negative_rank") for own in rows.values()]
    row = next(row for row in ranks.rows if row.measure == "negative_rank" and row.term == "run_difference")
    assert row.value == pytest.approx(lost[1] - lost[0], abs=1e-6)
    back = compare_runs(noisy, base).told
    assert all(told.differs and "less to rare wording than A" in told.sentence for told in back)
    assert {told.sentence for told in compare_runs(base, base).told} == {"A and B gave the same numbers on every pair."}


class Drifted(RareNoise):
    """A checkpoint of one model: every document has moved a little in a direction of its own, rare ones by `noise` more."""

    def __init__(self, pairs, draw, noise=0.0):
        super().__init__(pairs, noise)
        self._draw = draw

    def vectors(self, texts, role):
        vectors = super().vectors(texts, role)
        if role != "query":
            vectors += 0.2 * np.array([noise_of(f"{self._draw} {text}", CROWD) for text in texts]) / np.sqrt(CROWD)
        return vectors


@pytest.mark.simulation
def test_two_checkpoints_alike_are_passed_over_and_noise_on_rare_words_is_told_in_95_of_100(tmp_path):
    """What is said of quality counts too. Every item is asked for on its own here: in a ranking all share their rivals."""
    runs, silent, named = 100, 0, 0
    pairs = [pair for pair in generate(n=40, seed=15) if pair.arm == "frequency"]
    for draw in range(runs):
        models = [Drifted(pairs, 2 * draw), Drifted(pairs, 2 * draw + 1), Drifted(pairs, 2 * draw + 1, noise=4)]
        rows = [[row for name in ("similarity", "inversion") for row in load_probe(name)(pairs, model)] for model in models]
        base, alike, noisy = (save(tmp_path / str(place), pairs, own) for place, own in enumerate(rows))
        same, other = compare_runs(base, alike).told, compare_runs(base, noisy).told
        silent += not any(told.differs or told.quality_differs for told in same)
        named += any(told.differs and re.match(r"B loses \S+ \[.*\] .*more to rare wording than A\. ", told.sentence) for told in other)
    assert silent >= stats.binom.ppf(0.0005, runs, 0.95)
    assert named >= 0.95 * runs


def by_hand(rows, measure):
    """Return the mean gap over items, registers and frames averaged first."""
    own = [row for row in rows if (row.arm, row.measure, row.contrast) == ("frequency", measure, "document_form") and row.error is None]
    pairs = {}
    for row in own:
        pairs.setdefault(row.item, {}).setdefault(row.pair_id, []).append(row.high - row.low)
    return np.mean([np.mean([np.mean(gaps) for gaps in item.values()]) for item in pairs.values()])


def test_files_hold_what_the_screen_says(cli, runs, tmp_path):
    first, second, *_ = runs
    shown = cli("compare", first, second, "--a", "m", "--b", "m", "--out", tmp_path / "out")
    assert shown.exit_code == 0
    (told,) = compare_runs(first, second).told
    document = json.loads((tmp_path / "out" / "compare.json").read_text())
    assert document["compared"][0]["sentence"] == told.sentence
    assert len(document["estimates"]) == len(compare(first, second))
    assert document == json.loads(cli("compare", first, second, "--json").stdout)
    for name in ("compare.html", "compare.md"):
        text = (tmp_path / "out" / name).read_text()
        assert told.sentence in text.replace("&amp;", "&")
        assert text.index(told.sentence) < text.index("What the sentences rest on") < text.index("Every difference")
        assert str(tmp_path) not in text
    assert told.sentence in shown.stdout
    assert "Every difference" not in shown.stdout
    assert "Every difference" in cli("compare", first, second, "--all").stdout


def test_command(cli, runs, tmp_path):
    first, second, pairs, rows, _ = runs
    result = cli("compare", first, second, "--json")
    found = [row for row in json.loads(result.stdout)["estimates"] if row["contrast"] == "gloss" and row["term"] == "run_difference"]
    assert [row["arm"] for row in found] == ["frequency", "placebo", "frequency-placebo"]
    assert found[0]["ci_low"] <= CHANGE <= found[0]["ci_high"]
    assert found[0]["values"][1] - found[0]["values"][0] == pytest.approx(found[0]["value"], abs=1e-7)
    shown = cli("compare", first, second).stdout
    assert "B − A" in shown
    assert "p < .001" in shown
    other = save(tmp_path / "c", pairs[1:], [row for row in rows if row.pair_id != pairs[0].id])
    refused = cli("compare", first, other)
    assert refused.exit_code == 2
    (only,) = [line for line in refused.stderr.splitlines() if line]
    assert "1 only in" in only
    assert cli("compare", first, tmp_path / "nosuch").exit_code == 2


def test_what_is_left_out_is_said(runs, tmp_path, caplog):
    first, _, pairs, _, later = runs
    other = [changed(row, model="other") for row in later]
    second = save(tmp_path / "c", pairs, [*later[4:], *other])
    compare(first, second)
    assert f"only in {second}, not compared: other (similarity)" in caplog.messages
    assert "up to 2 pairs of a contrast were measured in one run only and are left out" in caplog.messages
    caplog.clear()
    compare(first, first)
    assert caplog.messages == []
