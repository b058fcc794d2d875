"""The words of verdicts on estimates made by hand, for each sign and each thing that may be missing."""

import numpy as np
import pytest
from hand_made import words
from simulation import simulate

from freqbias.analysis import estimate, frame
from freqbias.analysis.report.verdict import number, verdicts
from freqbias.records import Estimate, Observation, Pair
from freqbias.terms import PARTS


def told(probe, *rows):
    """Return the verdict on estimates given as (measure, contrast, value, fields), each with an interval of ± .01."""
    own = [
        Estimate(
            **{
                "model": "m",
                "probe": probe,
                "measure": measure,
                "contrast": contrast,
                "arm": "frequency",
                "value": value,
                "std_error": 0.005,
                "ci_low": None if value is None else value - 0.01,
                "ci_high": None if value is None else value + 0.01,
                "p_value": 0.001,
                "n_items": 30,
                "method": "given",
            }
            | fields
        )
        for measure, contrast, value, fields in rows
    ]
    (found,) = verdicts(own)
    return found


@pytest.mark.parametrize(
    ("signs", "lead", "exact", "instead", "wrong", "rarely", "beyond"),
    [
        (1, "+0.02 cosine [+0.01, +0.03]", "90 %", "60 %", "30 %", "25 %", "+0.1 [+0.09, +0.11]"),
        (-1, "−0.02 cosine [−0.03, −0.01]", "60 %", "90 %", "25 %", "30 %", "−0.1 [−0.11, −0.09]"),
    ],
)
def test_inversion_in_words_for_either_sign(signs, lead, exact, instead, wrong, rarely, beyond):
    def levels(more, less):
        return dict(zip(("high_mean", "low_mean"), (more, less)[::signs], strict=True))

    found = told(
        "inversion",
        ("cosine", "exact_form", 0.06 * signs, {}),
        ("cosine", "decoy_form", 0.02 * signs, {}),
        ("win_rate", "exact_form", 0.3 * signs, levels(0.9, 0.6)),
        ("win_rate", "decoy_form", 0.05 * signs, levels(0.3, 0.25)),
        ("win_rate", "interaction", 0.1 * signs, {"high_mean": 0.02, "low_mean": -0.08}),
    )
    forms = ("rare", "frequent")[::signs]
    assert found.headline.startswith(
        f"In {forms[0]} wording the right document loses to a wrong one on its topic in 40 % instead of 10 % of comparisons. In "
        f"{forms[1]} wording it "
        "outscores a wrong document by more: "
    )
    assert (
        f"Wrong document: frequent instead of rare wording changes its lead over the right one by {lead}, p = .001. The claim "
        "that a frequent wrong document outranks a rare right one predicts a positive value."
    ) in found.findings
    assert any(
        text.startswith(
            f"The right document comes first in {exact} of comparisons in its frequent wording, in {instead} in its rare wording: "
        )
        for text in found.findings
    )
    assert any(
        text.startswith(f"The wrong document comes first in {wrong} in its frequent wording, in {rarely} in its rare wording: ")
        for text in found.findings
    )
    assert any(
        text.startswith(
            "Frequent instead of rare wording of the wrong document changes how often the right one comes first. The change is 2 % where "
            f"the right one is frequent and −8 % where it is rare (percentage points): difference {beyond}, "
        )
        for text in found.findings
    )


@pytest.mark.parametrize(("value", "way"), [(0.5, "+0.5 [+0.49, +0.51]"), (-0.5, "−0.5 [−0.51, −0.49]")])
def test_retrieval_in_words_for_either_sign(value, way):
    bucket = {"term": "bucket:1", "n_pairs": 7, "ci_low": None, "ci_high": None, "details": {"corpus": 137}}
    found = told(
        "retrieval",
        ("ndcg_at_10", "document_form", value, {}),
        ("negative_rank", "document_form", value, {}),
        ("recall_at_1", "document_form", value, {}),
        ("ndcg_at_10", "zipf_buckets", 0.25, bucket),
    )
    assert found.headline.startswith(
        f"A document in {'frequent' if value > 0 else 'rare'} wording ranks higher for a description of its content"
    )
    assert (
        f"Rank: frequent instead of rare wording moves the right document by {way} places; positive is up, towards rank 1."
        in found.findings
    )
    assert any(sentence.startswith(f"In other measures: Recall@1 {number(value)} ") for sentence in found.findings)
    buckets = "(number of documents in brackets): 0.25 (7) where they are rarest. It is 0.25 (7) where they are most frequent."
    assert any(sentence.endswith(buckets) for sentence in found.findings)
    assert "The corpus holds 137 documents." in found.findings


def test_queries_of_a_collection_are_not_called_glosses():
    pairs, rows = simulate(np.random.default_rng(0), {"frequency": -0.06}, contrasts=("document_form",))
    change = {"probe": "retrieval", "measure": "ndcg_at_10"}
    (found,) = verdicts(estimate(frame([Observation.from_dict(row.to_dict() | change) for row in rows]), pairs))
    assert "in rare wording ranks higher for the queries that it is judged relevant to" in found.headline
    assert "gloss" not in found.headline
    assert "nothing here removes word overlap" in words(found)


@pytest.mark.parametrize("probe", ["similarity", "inversion", "retrieval", "geometry", "likelihood", "mine"])
def test_nothing_is_said_of_what_failed_throughout(probe):
    """A placebo, a background and a yardstick of which every pair failed have no value; 'no preference was detected' would be a claim."""
    judged = {"similarity": "gloss", "inversion": "exact_form", "retrieval": "document_form", "geometry": "centroid"}
    contrast = judged.get(probe, "downstream" if probe == "likelihood" else "gap")
    measure = {"retrieval": "ndcg_at_10", "likelihood": "log_prob_nats"}.get(probe, "cosine")
    none = {"std_error": None, "p_value": None, "n_items": 0, "n_failed": 3, "flags": ["all_failed"]}
    failed = [(measure, contrast, None, none | {"arm": arm}) for arm in ("placebo", "length")]
    names = ("background", "gloss_specific", "match", "decoy_form", "zipf_buckets", "calibration")
    failed += [(measure, name, None, none) for name in names]
    beside = {"inversion": ["win_rate"], "retrieval": ["negative_rank", "recall_at_1"]}
    failed += [(name, contrast, None, none) for name in beside.get(probe, [])]
    found = told(probe, (measure, contrast, 0.05, {}), *failed)
    assert found.controls == ["Placebo: none of its 3 pairs could be measured."]
    assert "–" not in words(found)
    assert "Background" not in words(found)


@pytest.mark.parametrize(
    ("value", "left"),
    [
        (0.05, "+0.05 [+0.04, +0.06]."),
        (0.005, "so no effect is detected there."),
        (-0.05, "so the effect is reversed there."),
    ],
)
def test_what_is_left_at_equal_subwords_is_said(value, left):
    found = told("similarity", ("cosine", "gloss", 0.05, {}), ("cosine", "gloss", value, {"term": "equal_subwords"}))
    (sentence,) = [text for text in found.findings if "the same number of subwords" in text]
    assert sentence.endswith(left)


def test_levels_stand_beside_the_gap():
    found = told("p", ("accuracy", "gap", 0.05, {"high_mean": 0.71, "low_mean": 0.66}))
    assert "Levels: 0.71 accuracy for the frequent form, 0.66 for the rare one." in found.findings


def test_shares_of_items_tell_ties():
    found = told("p", ("score", "gap", 0.05, {"share_positive": 0.1, "share_negative": 0.07}))
    assert "The gap favours the frequent form in 10 % of the items, the rare form in 7 %. In 83 % it is zero." in found.findings
    found = told("p", ("score", "gap", 0.05, {"share_positive": 0.6, "share_negative": 0.4}))
    assert "The gap favours the frequent form in 60 % of the items, the rare form in 40 %." in found.findings


def test_a_rival_without_an_equivalence_test_passed_is_not_called_different():
    placebo = {"arm": "placebo", "level": 0.9, "bound": 0.02, "flags": ["not_equivalent"]}
    rows = [("cosine", "gloss", 0.015, placebo | {"term": term}) for term in ("equivalence", "equivalence:formal")]
    found = told("similarity", ("cosine", "gloss", 0.05, {}), *rows)
    assert (
        found.controls[1]
        == "Placebo by what distinguishes its two words, where not shown to be equivalent to zero. Positive favours the "
        "unmarked, shorter or less split one; intervals are of 90 %. Formality: +0.015 [+0.005, +0.025]."
    )


def test_a_part_of_the_placebo_of_a_few_items_is_not_told():
    placebo = {"arm": "placebo", "level": 0.9, "bound": 0.02, "flags": ["not_equivalent"]}
    rows = [("cosine", "gloss", 0.015, placebo | {"term": "equivalence"})]
    rows += [
        ("cosine", "gloss", 0.015, placebo | {"term": f"equivalence:{name}", "n_items": n}) for name, n in (("formal", 4), ("words", 5))
    ]
    found = told("similarity", ("cosine", "gloss", 0.05, {}), *rows)
    assert "Words: +0.015" in found.controls[1]
    assert "ormal" not in found.controls[1]


SLOPES = [
    ("cosine", "gloss", 0.03, {"term": term}) for term in ("zipf_slope", "zipf_slope_robust", "within_slope", "within_slope_robust")
]


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        (None, "It goes with frequency. The gap changes by +0.03 [+0.02, +0.04] per factor"),
        (0.0, "the gap is not shown to exceed that"),
        (0.05, "It goes with frequency. "),
    ],
)
def test_two_that_carry_an_effect_and_the_placebo(difference, said):
    parts = SLOPES + [("cosine", "gloss", 0.03, {"term": f"part:{name}", "p_value": None}) for name in ("frequency", "words")]
    apart = [] if difference is None else [("cosine", "gloss", difference, {"arm": "frequency-placebo"})]
    headline = told("similarity", ("cosine", "gloss", 0.06, {}), *parts, *apart).headline
    assert "By regression 50 % [33, 67] of it goes with length, 50 % [33, 67] with frequency" in headline
    assert said in headline


def test_rivals_held_level_are_named_by_what_they_are():
    values = {"frequency": 0.05, "fkgl": 0.001}
    parts = SLOPES + [("cosine", "gloss", value, {"term": f"part:{name}", "p_value": None}) for name, value in values.items()]
    headline = told("similarity", ("cosine", "gloss", 0.06, {}), *parts).headline
    assert "per factor of ten in frequency within the frequency arm, with readability held constant." in headline


def test_several_rivals_held_level_are_listed():
    values = {"frequency": 0.05, "words": 0.001, "fkgl": 0.001, "register": 0.001}
    parts = SLOPES + [("cosine", "gloss", value, {"term": f"part:{name}", "p_value": None}) for name, value in values.items()]
    headline = told("similarity", ("cosine", "gloss", 0.06, {}), *parts).headline
    assert "in frequency within the frequency arm, with length, readability and register held constant." in headline
    parts.append(("cosine", "gloss", 0.001, {"term": "part:gloss_fit"}))
    assert (
        "in frequency within the frequency arm, with 4 confounders held constant."
        in told("similarity", ("cosine", "gloss", 0.06, {}), *parts).headline
    )


def test_the_total_is_what_its_parts_add_up_to_whatever_rival_has_one():
    names = ["frequency", *PARTS, "rest"]
    values = [0.01 * 2**place for place in range(len(names))]
    parts = [("cosine", "gloss", value, {"term": f"part:{name}"}) for name, value in zip(names, values, strict=True)]
    (sentence,) = [text for text in told("similarity", ("cosine", "gloss", 0.06, {}), *parts).findings if "split by regression" in text]
    assert sentence.startswith(f"The mean gap split by regression, {number(sum(values))} in all. Frequency, splitting included: +0.01 [")
    assert all(f". {label[0].upper()}{label[1:]}: +" in sentence for label in (*PARTS.values(), "unexplained"))
    assert sentence.count(": +") == len(names)


def own_queries(level_gap, matched_gap, matched=20):
    """Return the verdict where queries of a collection share words with one form in `matched` of 40 items."""
    rng = np.random.default_rng(0)
    pairs, rows = [], []
    for n in range(40):
        pair = Pair(id=str(n), item=str(n), high=f"a big dog {n}", low=f"a large hound {n}", zipf_gap=float(rng.uniform(1, 3)))
        gap = (matched_gap if n < matched else level_gap) + float(rng.normal(0, 0.05))
        values = {"high": 0.5 + gap, "low": 0.5, "covariates": {"query_overlap": [0.3, 0.2] if n < matched else [0.2, 0.2]}}
        fixed = {"probe": "retrieval", "measure": "ndcg_at_10", "contrast": "document_form", "model": "m"}
        pairs.append(pair)
        rows.append(Observation(pair_id=pair.id, item=pair.item, arm="frequency", **fixed, **values))
    (found,) = verdicts(estimate(frame(rows), pairs))
    return found


def test_words_that_own_queries_share_with_one_form_are_not_put_down_to_frequency():
    found = own_queries(level_gap=0.0, matched_gap=0.4)
    assert "It goes with word overlap" in found.headline
    assert "Where the queries share as many words with both forms (20 items)" in words(found)
    assert "It goes with word overlap" not in own_queries(level_gap=0.4, matched_gap=0.4).headline
    assert "It goes with word overlap" in own_queries(level_gap=-0.1, matched_gap=0.4).headline
    found = own_queries(level_gap=0.0, matched_gap=0.4, matched=40)
    assert "the effect cannot be separated from word matching" in words(found)
    assert "Whether it goes with frequency or with word overlap cannot be told" in found.headline


def twins(**changes):
    """Return estimates of two probes that measured one number, with the comparisons behind it."""
    fixed = {
        "model": "m",
        "arm": "frequency",
        "std_error": 0.005,
        "p_value": 0.001,
        "p_adjusted": 0.001,
        "n_items": 30,
        "method": "given",
    }
    ends = {"value": 0.08, "ci_low": 0.07, "ci_high": 0.09, "family": "confirmatory"}
    lost = {"value": 0.23, "ci_low": 0.2, "ci_high": 0.26, "high_mean": 0.9, "low_mean": 0.67}
    return [
        Estimate(**fixed | ends | {"probe": "similarity", "measure": "cosine", "contrast": "gloss"}),
        Estimate(**fixed | ends | {"probe": "inversion", "measure": "cosine", "contrast": "exact_form"} | changes),
        Estimate(**fixed | lost | {"probe": "inversion", "measure": "win_rate", "contrast": "exact_form"}),
    ]


def test_one_measurement_is_told_once_in_its_natural_unit():
    (found,) = verdicts(twins())
    assert (found.title, found.probe, found.also) == ("m · similarity and inversion", "similarity", ("inversion",))
    assert found.headline.startswith(
        "In rare wording the right document loses to a wrong one on its topic in 33 % instead of 10 % of comparisons. In "
        "frequent wording it lies nearer to a description of its content that shares no word with it: +0.08 cosine "
        "[+0.07, +0.09], adjusted p = .001."
    )
    assert "The right document's lead over a wrong one changes by the gap above (`exact_form` of inversion)." in found.findings
    assert any(text.startswith("The right document comes first in 90 % of comparisons") for text in found.findings)


@pytest.mark.parametrize("change", [{"value": 0.07}, {"n_items": 29}, {"n_pairs": 3}])
def test_two_measurements_are_told_apart(change):
    """Where a probe left out pairs that the other could measure, there are two numbers."""
    found = verdicts(twins(**change))
    assert [(verdict.title, verdict.also) for verdict in found] == [("m · similarity", ()), ("m · inversion", ())]
    assert found[0].headline.startswith("A document in frequent wording lies nearer")


@pytest.mark.parametrize(
    ("probe", "rows", "opening"),
    [
        (
            "likelihood",
            [("log_prob_nats", "downstream", 0.3434, {})],
            "A document in frequent wording makes a description of its content more likely to follow, by a factor of 1.41 in "
            "probability: ",
        ),
        (
            "likelihood",
            [("log_prob_nats", "downstream", -0.6931, {})],
            "A document in rare wording makes a description of its content more likely to follow, by a factor of 2 in probability: ",
        ),
        (
            "likelihood",
            [("log_prob_nats", "downstream", 0.0, {"p_value": 0.9})],
            "Inconclusive: no effect is detected, nor is one that would matter ruled out. Frequent instead of rare wording "
            "changes the probability by a factor of 1 [0.99, 1.01]. The gap is 0 nats [",
        ),
        (
            "retrieval",
            [("ndcg_at_10", "document_form", 0.2, {"high_mean": 0.5, "low_mean": 0.3}), ("negative_rank", "document_form", 151.4, {})],
            "A document in frequent wording ranks higher for a description of its content, by 151 places on average. Its nDCG@10 is 0.5 "
            "instead of 0.3: ",
        ),
        (
            "retrieval",
            [("ndcg_at_10", "document_form", -0.2, {"high_mean": 0.3, "low_mean": 0.5}), ("negative_rank", "document_form", 2.0, {})],
            "A document in rare wording ranks higher for a description of its content (0.5 instead of 0.3): ",
        ),
        (
            "retrieval",
            [("ndcg_at_10", "document_form", 0.001, {"high_mean": 0.301, "low_mean": 0.3, "p_value": 0.9})],
            "Inconclusive: no effect is detected, nor is one that would matter ruled out. The nDCG@10 is 0.301 in frequent "
            "wording and 0.3 in rare wording. The gap is +0.001 ",
        ),
        (
            "mine",
            [("accuracy", "gap", 0.05, {"high_mean": 0.71, "low_mean": 0.66})],
            "A document in frequent wording has the higher accuracy (71 % instead of 66 %): +0.05 accuracy [",
        ),
        (
            "inversion",
            [("cosine", "exact_form", 0.05, {}), ("win_rate", "exact_form", -0.2, {"high_mean": 0.7, "low_mean": 0.9})],
            "A document in frequent wording outscores a wrong document by more: ",
        ),
        (
            "inversion",
            [("cosine", "exact_form", 0.0, {"p_value": 0.9}), ("win_rate", "exact_form", 0.2, {"high_mean": 0.9, "low_mean": 0.7})],
            "Inconclusive: no effect is detected, nor is one that would matter ruled out. The right document loses to a wrong one "
            "on its topic in 10 % of comparisons in frequent wording and in 30 % in rare wording. The gap is 0 cosine [",
        ),
    ],
)
def test_the_natural_unit_comes_first(probe, rows, opening):
    assert told(probe, *rows).headline.startswith(opening)
