"""What a verdict may and may not say an effect goes with: planted data on which a sentence could claim more than the numbers hold."""

import numpy as np
import pandas as pd
import pytest

from freqbias.analysis import estimate, frame
from freqbias.analysis.estimate.predictors import never_level, predictors
from freqbias.analysis.report.verdict import verdicts
from freqbias.covariates import token_overlap
from freqbias.records import Estimate, Observation, Pair


def run(seed, gap, items=60, placebo=True, noise=0.03, correlation=-0.8, zipf_spread=0.6, shift=0.0, **fields):
    """Return terms and verdict of `gap(zipf, words, rng)` on one pair an item; `fields` make more of a pair's record, item by item."""
    rng = np.random.default_rng(seed)
    pairs, rows = [], []
    for arm in ("frequency", *(["placebo"] if placebo else [])):
        for item in range(items):
            first = rng.normal()
            second = correlation * first + np.sqrt(1 - correlation**2) * rng.normal()
            zipf, words = (1.8 + zipf_spread * first, int(np.round(-4 + 4 * second))) if arm == "frequency" else (0.0, 0)
            texts = [f"{' '.join(['on'] * (30 + max(side * words, 0)))} {arm}{item}{side}" for side in (1, -1)]
            more = {name: make(item, zipf, rng) for name, make in fields.items()}
            pair = Pair(id=f"{arm}{item}", item=f"{arm}{item}", arm=arm, high=texts[0], low=texts[1], zipf_gap=zipf, **more)
            pairs.append(pair)
            value = shift + rng.normal(0, noise) + (gap(zipf, words, pair) if arm == "frequency" else 0.0)
            key = {"probe": "p", "measure": "cosine", "contrast": "gap", "model": "m"}
            rows.append(Observation(pair_id=pair.id, item=pair.item, arm=arm, high=value, low=0.0, **key))
    estimates = estimate(frame(rows), pairs, curve=False, resamples=999)
    (found,) = verdicts(estimates)
    return {row.term: row for row in estimates if row.arm == "frequency"}, found


def test_more_than_a_placebo_is_not_frequency_where_length_went_along():
    """The placebo is level in length; few items cannot tell length from frequency, and then the verdict may not either."""
    found = [run(seed, lambda zipf, words, pair: -0.006 * words, items=40)[1] for seed in range(20)]
    assert sum(verdict.credits for verdict in found) <= 1
    untold = {"favoured_unexplained", "confounder_only", "cannot_tell", "not_beyond_placebo", "inseparable"}
    assert sum(verdict.rules[0] in untold for verdict in found) >= 15


def test_what_the_placebo_shows_as_well_is_not_credited():
    """The frames favour either arm's high form; only length works beside that."""
    _, found = run(1, lambda zipf, words, pair: -0.02 * words, items=120, shift=0.03)
    assert found.rules[0] == "confounder_only"
    assert " of it goes with length" in found.headline
    assert " The interval of the part that goes with frequency includes zero." in found.headline
    _, found = run(1, lambda zipf, words, pair: 0.03 - 0.02 * words, items=120, shift=0.03, zipf_spread=0.2)
    assert found.rules[0] == "not_graded"
    assert " of it goes with length" in found.headline
    assert any("; beyond the placebo, adjusted alike, " in sentence for sentence in found.findings)


def test_what_is_left_at_equal_length_is_not_denied():
    """An effect of being frequent, whatever the size of the gap: no slope tells of it, the mean at equal length does."""
    rows, found = run(1, lambda zipf, words, pair: 0.05 - 0.006 * words, items=240, zipf_spread=0.2)
    assert rows["adjusted"].ci_low > 0
    assert found.rules[:2] == ("not_graded", "confounder")
    assert "The form called frequent is favoured, but it is not shown to be favoured more for larger frequency gaps" in found.headline
    parts = [rows[f"part:{name}"].value for name in ("frequency", "words", "rest")]
    assert sum(parts) == pytest.approx(rows["mean"].value, abs=1e-6)
    assert any("Unexplained: " in sentence for sentence in found.findings)


def test_frequency_that_goes_the_other_way_is_not_credited():
    rows, found = run(2, lambda zipf, words, pair: -0.02 * zipf - 0.03 * words, items=240)
    assert rows["mean"].value > 0 > rows["part:frequency"].ci_high
    assert " of it goes with length" in found.headline
    assert "Frequency itself works in the opposite direction. The gap changes by " in found.headline


def test_a_few_phrases_do_not_hide_length_in_characters():
    rng = np.random.default_rng(3)
    pairs, rows = [], []
    for item in range(240):
        first = rng.normal()
        zipf, longer = 1.8 + 0.6 * first, int(np.clip(np.round(4 - 3 * (-0.8 * first + 0.6 * rng.normal())), 0, 12))
        low = f"the w{'e' * longer}{' ' if item < 3 else ''}ird one"
        pairs.append(Pair(id=str(item), item=str(item), high=f"the wird one {item}h", low=f"{low} {item}l", zipf_gap=zipf))
        gap = 0.02 * longer + rng.normal(0, 0.03)
        rows.append(
            Observation(pair_id=str(item), item=str(item), probe="p", measure="cosine", contrast="gap", model="m", high=gap, low=0.0)
        )
    found = {row.term: row for row in estimate(frame(rows), pairs, curve=False) if row.arm == "frequency"}
    assert "words_slope" not in found
    assert found["characters_slope"].ci_high < 0
    assert found["zipf_slope"].ci_low <= 0 <= found["zipf_slope"].ci_high


def fit_of_gloss(item, zipf, rng):
    return {"gloss_fit": [0.0, 2 * zipf + rng.normal()]}


def test_the_rare_form_is_named_where_it_is_favoured():
    _, found = run(1, lambda zipf, words, pair: -(0.05 - 0.006 * words), items=240, zipf_spread=0.2)
    assert found.headline.startswith("A document in rare wording")
    assert found.rules[:2] == ("not_graded", "confounder")
    assert "The form called rare is favoured, but it is not shown to be favoured more" in found.headline


def test_parts_add_up_to_the_mean_by_regression_where_frames_are_uneven():
    """The intercept of fixed frames is their plain mean; these items stand in frames that are not equally common."""
    rng = np.random.default_rng(10)
    pairs, rows = [], []
    for item in range(60):
        for frame_id in range(1 + item % 4):
            zipf = 1.8 + 0.6 * rng.normal()
            texts = [f"a {'b' * int(rng.integers(1, 9))} {item}{frame_id}{side}" for side in "xy"]
            pairs.append(
                Pair(id=f"{item}-{frame_id}", item=str(item), high=texts[0], low=texts[1], zipf_gap=zipf, meta={"frame": str(frame_id)})
            )
            key = {"probe": "p", "measure": "cosine", "contrast": "gap", "model": "m"}
            rows.append(
                Observation(pair_id=pairs[-1].id, item=str(item), high=0.05 + 0.2 * frame_id + rng.normal(0, 0.01), low=0.0, **key)
            )
    found = {row.term: row for row in estimate(frame(rows), pairs, curve=False) if row.arm == "frequency"}
    total = sum(row.value for term, row in found.items() if term.startswith("part:"))
    assert total == pytest.approx(np.mean([row.high for row in rows]), abs=0.01)


def test_a_sense_that_few_pairs_lack_costs_them_and_no_more():
    """The pairs that lack it may be the only ones in which some rival varies."""
    few = {"covariates": lambda item, zipf, rng: {} if item < 4 else {"sense_share": [float(rng.uniform(0.1, 1.0)), 1.0]}}
    few["meta"] = lambda item, zipf, rng: {"original": "12 13" if item < 2 else "12" if item < 4 else "none"}
    rows, _ = run(9, lambda zipf, words, pair: 0.03 * zipf, items=120, **few)
    assert rows["sense_zipf_slope"].n_pairs == 116


@pytest.mark.parametrize(("missing", "held"), [(1, True), (20, False)])
def test_a_rival_that_some_pairs_lack_is_held_level_or_named(missing, held):
    def covariates(item, zipf, rng):
        values = fit_of_gloss(item, zipf, rng)
        return {"gloss_fit": [0.0, None]} if item < missing else values

    def gap(zipf, words, pair):
        low = pair.covariates["gloss_fit"][1]
        return 0.0 if low is None else 0.02 * low

    rows, found = run(4, gap, items=120, covariates=covariates)
    assert ("gloss_fit_slope" in rows) is held
    assert rows["zipf_slope"].n_pairs == (120 - missing if held else 120)
    assert (rows["zipf_slope"].flags == ["not_held:gloss_fit"]) is not held
    named = "Not adjusted for (more than a tenth of the pairs lack a value): the fit of the gloss." in found.findings
    assert named is not held
    assert any(f"over the {120 - missing} of 120 pairs whose" in sentence for sentence in found.findings) is held


def test_what_is_not_the_authors_is_one_rival():
    """Edited places and overlap with the original say the same of a text, longer or shorter; both at once would share one slope."""
    rng = np.random.default_rng(4)
    edited = rng.integers(-2, 3, 60)
    rows = pd.DataFrame(
        {"zipf_gap": rng.normal(2, 0.5, 60), "edited_gap": edited, "overlap_with_original_gap": -edited / rng.integers(8, 20, 60)}
    )
    assert predictors(rows) == ["zipf_gap", "edited_gap"]
    assert predictors(rows.drop(columns="edited_gap")) == ["zipf_gap", "overlap_with_original_gap"]


@pytest.mark.parametrize(("level", "told"), [(0.05, True), (0.3, False)])
def test_an_adjusted_mean_says_where_hardly_a_pair_is_level(level, told):
    """The author wrote the frequent word nearly everywhere: what an unedited pair would show is read off a line."""
    rng = np.random.default_rng(6)
    side = np.where(rng.random(200) < level, 1, -1)
    rows = pd.DataFrame({"zipf_gap": rng.normal(2, 0.5, 200), "edited_gap": side})
    assert never_level(rows, ["zipf_gap", "edited_gap"]) == (["edited_gap"] if told else [])


def test_overlap_with_the_original_and_dropped_numbers_are_rivals():
    """Paraphrases of a text of ten words: the frequent form keeps more of them, and the gap goes with nothing else."""
    rng = np.random.default_rng(5)
    pairs, rows = [], []
    for item in range(240):
        own = "".join("abcdefghij"[int(digit)] for digit in str(item))  # in letters: digits would be numbers that a form can drop
        words, others, rare = ([f"{kind}{own}{'abcdefghij'[k]}" for k in range(10)] for kind in "xyz")
        first = rng.normal()
        kept = int(np.clip(np.round(4 + 2 * (0.7 * first + 0.7 * rng.normal())), 0, 9))
        number = int(rng.integers(0, 2))
        high = [*words[:kept], *others[kept:], "12"]
        low = [*rare, *(["12"] if number else ["xx"])]
        meta = {"original": " ".join([*words, "12"])}
        pair = Pair(id=str(item), item=str(item), high=" ".join(high), low=" ".join(low), zipf_gap=1.8 + 0.6 * first, meta=meta)
        shared = [token_overlap(form, meta["original"]) for form in (pair.high, pair.low)]
        gap = 0.3 * (shared[0] - shared[1]) + 0.1 * (1 - number) + rng.normal(0, 0.03)
        pairs.append(pair)
        rows.append(
            Observation(pair_id=str(item), item=str(item), probe="p", measure="cosine", contrast="gap", model="m", high=gap, low=0.0)
        )
    estimates = estimate(frame(rows), pairs, curve=False)
    found = {row.term: row for row in estimates if row.arm == "frequency"}
    assert found["overlap_with_original_slope"].ci_low > 0
    assert found["numbers_dropped_slope"].ci_high < 0
    assert found["zipf_slope"].ci_low <= 0 <= found["zipf_slope"].ci_high
    assert "overlap with the original" in verdicts(estimates)[0].headline


def test_the_intended_sense_gives_a_slope_of_its_own():
    rows, found = run(
        6,
        lambda zipf, words, pair: 0.03 * (zipf + np.log10(pair.covariates["sense_share"][0])),
        items=240,
        covariates=lambda item, zipf, rng: {"sense_share": [float(rng.uniform(0.1, 1.0)), 1.0]},
    )
    assert rows["sense_zipf_slope"].ci_low <= 0.03 <= rows["sense_zipf_slope"].ci_high
    assert rows["sense_zipf_slope"].p_value is None
    assert any("By the frequency of the intended sense" in sentence for sentence in found.findings)


def test_without_regression_more_than_the_placebo_is_all_that_is_said():
    _, found = run(7, lambda zipf, words, pair: 0.1, items=8)
    assert "too few items, or frequency gaps too much alike, to adjust for length and other confounders" in found.headline
    assert not found.credits


def told(*rows):
    """Return the verdict on estimates given as (contrast, value, fields), each with an interval of ± .01."""
    fixed = {
        "model": "m",
        "probe": "similarity",
        "measure": "cosine",
        "std_error": 0.005,
        "p_value": 0.001,
        "n_items": 30,
        "method": "given",
    }
    own = [
        Estimate(
            **fixed | {"arm": "frequency", "contrast": contrast, "value": value, "ci_low": value - 0.01, "ci_high": value + 0.01} | more
        )
        for contrast, value, more in rows
    ]
    return verdicts(own)[0]


NONE = {"value": None, "ci_low": None, "ci_high": None, "std_error": None, "n_items": 0}


@pytest.mark.parametrize(
    ("level", "difference", "said"),
    [
        ((0.05, {}), (0.0, {}), None),
        ((0.005, {}), (0.04, {}), "It goes with word overlap"),
        (
            (0.005, {"n_items": 4}),
            (0.005, {}),
            "It cannot be distinguished from word matching. Where queries share as many words with both forms (4 items), it is neither",
        ),
        ((0.0, NONE), None, "cannot be told: in every pair queries share more words with one form."),
    ],
)
def test_word_matching_is_claimed_only_where_it_is_shown(level, difference, said):
    rows = [("gloss", 0.05, {"n_pairs": 60}), ("gloss", level[0], level[1] | {"term": "equal_overlap", "n_pairs": 4})]
    rows += [] if difference is None else [("gloss", difference[0], difference[1] | {"term": "overlap_difference", "n_pairs": 60})]
    headline = told(*rows).headline
    assert ("share more words" not in headline and "word matching" not in headline) if said is None else said in headline


@pytest.mark.parametrize(
    ("difference", "adjusted", "claimed", "why"),
    [
        (0.05, 0.05, True, "frequency minus placebo +0.05 [+0.04, +0.06]"),
        (None, 0.05, False, "There is no placebo to hold it against, so no preference"),
        (0.05, None, False, "It cannot be adjusted for confounders, so no preference"),
        (0.005, 0.05, False, "An equally frequent synonym (placebo) may do as much, so no preference"),
        (0.05, 0.005, False, "It is not shown after adjusting for confounders (+0.005 [−0.005, +0.015]), so no preference"),
        (-0.05, -0.05, False, "no preference is claimed"),
    ],
)
def test_preference_is_claimed_only_beyond_placebo_and_rivals(difference, adjusted, claimed, why):
    rows = [("gloss", 0.05, {}), ("background", 0.05, {}), ("background", 0.0, {"term": "formal_slope"})]
    rows += [] if difference is None else [("background", difference, {"arm": "frequency-placebo"})]
    rows += [] if adjusted is None else [("background", adjusted, {"term": "adjusted"})]
    (sentence,) = [text for text in told(*rows).findings if text.startswith("Background")]
    assert ("the model prefers frequent wording" in sentence) is claimed
    assert ("when other items' glosses are the queries, documents in frequent wording lie nearer" in sentence) is not claimed
    assert why in sentence


def test_preference_needs_register_held():
    rows = [("gloss", 0.05, {}), ("background", 0.05, {}), ("background", 0.05, {"arm": "frequency-placebo"})]
    (sentence,) = [text for text in told(*rows, ("background", 0.05, {"term": "adjusted"})).findings if text.startswith("Background")]
    assert "lie nearer" in sentence
    assert "Register is not held constant, so no preference is claimed" in sentence


def test_a_placebo_differs_by_its_own_test_and_not_by_the_narrower_interval():
    placebo = {"arm": "placebo", "level": 0.9, "bound": 0.006, "flags": ["not_equivalent"], "term": "equivalence"}
    for p_value, shown in ((0.095, "not shown to be equivalent to zero"), (0.01, "differs from zero")):
        mean = {"arm": "placebo", "p_value": p_value, "ci_low": 0.011 - 0.012 * (p_value > 0.05)}
        found = told(("gloss", 0.05, {}), ("gloss", 0.011, mean), ("gloss", 0.011, placebo))
        assert found.controls[0].startswith(f"Placebo: {shown}")


def test_a_placebo_of_one_item_is_not_called_none():
    alone = {"arm": "placebo", "ci_low": None, "ci_high": None, "std_error": None, "n_items": 1}
    found = told(("gloss", 0.05, {}), ("gloss", 0.0, alone), ("gloss", 0.05, alone | {"arm": "frequency-placebo"}))
    assert found.headline.endswith("The placebo has too few items to distinguish it from the effect of any synonym swap.")
    assert "Without a placebo arm" in told(("gloss", 0.05, {})).headline


def test_an_effect_that_shrinks_with_the_gap_is_not_called_the_other_way_round():
    rows, found = run(8, lambda zipf, words, pair: 0.12 - 0.03 * zipf, items=240)
    assert rows["part:frequency"].ci_high < 0 < rows["adjusted"].ci_low
    assert "The form called frequent is favoured, but less for larger frequency gaps. " in found.headline


def test_without_a_placebo_an_effect_that_shrinks_is_not_told_from_any_swap():
    _, found = run(8, lambda zipf, words, pair: 0.12 - 0.03 * zipf, items=240, placebo=False)
    assert "but less for larger frequency gaps. " in found.headline
    assert "Without a placebo arm it cannot be distinguished" in found.headline
