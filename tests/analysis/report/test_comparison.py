"""Sentences on two runs: who loses more to rare wording, by how much, what became of quality, and when nothing is said."""

import pytest

from freqbias.analysis.report.comparison import comparisons
from freqbias.judgement import Judgements
from freqbias.records import Estimate

OF = {
    "similarity": ("cosine", "gloss"),
    "inversion": ("cosine", "exact_form"),
    "retrieval": ("ndcg_at_10", "document_form"),
    "geometry": ("cosine", "centroid"),
}


def row(value, half, values, term="run_difference", *, probe="similarity", found=None, equal=False, **fields):
    """Return a change of `value` ± `half` between the levels `values`, in the family of the sentences unless `fields` say another."""
    measure, contrast = OF[probe]
    flags = ["equivalent"] if equal else ["not_equivalent"]
    given = {
        "model": "m → n",
        "probe": probe,
        "measure": measure,
        "contrast": contrast,
        "arm": "frequency",
        "family": "compared",
        "p_adjusted": 0.001 if (abs(value) > half if found is None else found) else 0.5,
    }
    return Estimate(
        **given | fields,
        term=term,
        value=value,
        std_error=half / 2,
        ci_low=value - half,
        ci_high=value + half,
        p_value=0.001 if abs(value) > half else 0.5,
        n_items=30,
        n_pairs=60,
        method="given",
        flags=flags if fields.get("family", "compared") else [],
        bound=0.02 if fields.get("family", "compared") else None,
        extra={"models": ["m", "n"], "values": values},
    ).replace(details={"low_90": value - 0.8 * half, "high_90": value + 0.8 * half, **fields.get("details", {})})


def quality(value=0.0, half=0.01, kind="margin", values=(0.2, 0.2), **fields):
    return row(value, half, values, "run_quality", details={"quality": kind}, **fields)


def relative(value=0.1, half=0.02, values=(0.1, 0.2), **fields):
    return row(value, half, values, "run_relative", **fields)


def beyond(value=0.05, half=0.01, **fields):
    return row(value, half, None, arm="frequency-placebo", family=None, p_adjusted=None, **fields)


def told(*rows, floors=None):
    (found,) = comparisons(list(rows), Judgements(), floors)
    return found


RETRIEVAL = {"probe": "retrieval"}
NDCG = row(-0.05, 0.02, (0.08, 0.03), **RETRIEVAL)
NDCG_LEVEL = quality(0.001, 0.004, "level", (0.701, 0.702), equal=True, **RETRIEVAL)
PLACES = {"measure": "negative_rank", **RETRIEVAL}


def test_places_are_told_where_the_verdict_says_the_same():
    found = told(NDCG, NDCG_LEVEL, row(-8.0, 5.0, (12.1, 4.1), **PLACES), beyond(-8.0, 5.0, **PLACES))
    assert found.sentence == (
        "B loses 8 [3, 13] places less to rare wording than A. A loses 12, B loses 4.1. No difference that matters in quality (nDCG@10, "
        "mean of both wordings): +0.001 nDCG@10. Its 90 % interval [−0.0022, +0.0042] lies inside ± 0.02 nDCG@10. Quality is 0.701 in A "
        "and 0.702 in B."
    )
    assert found.more == ("It exceeds what the placebo shows.",)
    assert (found.title, found.differs, found.quality_differs) == ("m → n · retrieval", True, False)


def test_the_verdict_speaks_where_places_tell_nothing():
    found = told(NDCG, NDCG_LEVEL, row(-8.0, 9.0, (12.1, 4.1), **PLACES))
    assert found.sentence.startswith("B loses 0.05 [0.03, 0.07] nDCG@10 less to rare wording than A. A loses 0.08, B loses 0.03. ")
    assert found.more == ("There is no placebo to hold it against.",)


def test_comparisons_stand_for_similarity_and_the_same_number_is_told_once():
    wins = {"probe": "inversion", "measure": "win_rate"}
    rows = [
        row(0.05, 0.01, (0.01, 0.06)),
        relative(),
        quality(),
        row(0.05, 0.01, (0.01, 0.06), probe="inversion", family=None, p_adjusted=None),
        row(0.04, 0.01, (0.02, 0.06), **wins),
        quality(-0.03, 0.01, "level", (0.95, 0.92), **wins),
    ]
    found = told(*rows)
    assert found.title == "m → n · similarity and inversion"
    assert found.sentence == (
        "B loses 4 [3, 5] of 100 comparisons more to rare wording than A. A loses 2, B loses 6. Quality (comparisons that the right "
        "document wins) is lower in B by 3 [2, 4] of 100 comparisons. Quality is 95 % in A and 92 % in B."
    )
    assert found.quality_differs


@pytest.mark.parametrize(
    ("value", "values", "said"),
    [
        (0.05, (0.01, 0.06), "B loses 0.05 [0.04, 0.06] of its margin between right and wrong documents more to rare wording than A. "),
        (-0.05, (0.06, 0.01), "B loses 0.05 [0.04, 0.06] of its margin between right and wrong documents less to rare wording than A. "),
        (
            -0.05,
            (-0.01, -0.06),
            "B gains 0.05 [0.04, 0.06] of its margin between right and wrong documents more from rare wording than A. ",
        ),
        (
            0.05,
            (-0.06, -0.01),
            "B gains 0.05 [0.04, 0.06] of its margin between right and wrong documents less from rare wording than A. ",
        ),
        (-0.05, (0.02, -0.03), "B loses 0.05 [0.04, 0.06] of its margin between right and wrong documents less to rare wording than A. "),
    ],
)
def test_which_way(value, values, said):
    found = told(row(value, 0.01, values), relative(value, 0.01, values), quality())
    assert found.sentence.startswith(said)
    levels = [f"{side} {'loses' if own > 0 else 'gains'} {abs(own)}" for side, own in zip("AB", values, strict=True)]
    assert f" {', '.join(levels)}. " in found.sentence


def test_smaller_scores_are_no_smaller_loss():
    found = told(row(-0.05, 0.01, (0.1, 0.05)), relative(0.0, 0.02, (0.2, 0.2)), quality(-0.2, 0.01, values=(0.5, 0.3)))
    assert found.sentence.startswith(
        "No difference detected in what rare wording costs A and B: 0 [−0.02, +0.02] of its margin between right and wrong"
    )
    assert found.more[0].startswith("In cosine B loses 0.05 [0.04, 0.06] less than A, but no difference was detected where each is")
    assert not found.differs


def test_nothing_detected_says_what_would_have_been_missed():
    found = told(row(0.01, 0.03, (0.05, 0.06), **RETRIEVAL), quality(0.0, 0.03, "level", (0.7, 0.7), **RETRIEVAL))
    assert found.sentence.startswith(
        "No difference detected in what rare wording costs A and B: +0.01 [−0.02, +0.04] nDCG@10. A loses 0.05, "
    )
    assert (
        " No difference detected in quality (nDCG@10, mean of both wordings): 0 [−0.03, +0.03] nDCG@10. Quality is 0.7 in A"
        in found.sentence
    )
    assert [line.split(" nDCG")[0] for line in found.more] == ["With 30 items a difference under 0.043"]


def test_that_nothing_matters_needs_the_test_of_equivalence():
    found = told(row(0.001, 0.003, (0.05, 0.051), equal=True, **RETRIEVAL), NDCG_LEVEL)
    assert found.sentence.startswith(
        "No difference that matters in what rare wording costs A and B: +0.001 nDCG@10. Its 90 % interval [−0.0014, +0.0034] "
        "lies inside ± 0.02 nDCG@10."
    )
    assert found.more == ()


def test_a_difference_within_the_smallest_of_interest_says_so():
    found = told(row(0.005, 0.002, (0.05, 0.055), equal=True, **RETRIEVAL), quality(0.005, 0.002, "level", equal=True, **RETRIEVAL))
    assert found.differs
    assert found.more == (
        "That is less than the smallest effect of interest, ± 0.02 nDCG@10.",
        "There is no placebo to hold it against.",
        "The difference in quality is less than the smallest effect of interest, ± 0.02 nDCG@10.",
    )


@pytest.mark.parametrize("fields", [{"found": False}, {"p_adjusted": 0.06}])
def test_the_adjusted_test_decides(fields):
    assert not told(row(0.05, 0.01, (0.01, 0.06), **RETRIEVAL, **fields), NDCG_LEVEL).differs


def test_what_the_batch_moves_is_no_difference():
    rows = [row(0.05, 0.01, (0.01, 0.06), **RETRIEVAL), NDCG_LEVEL]
    assert not told(*rows, floors={("n", "ndcg_at_10"): 0.06}).differs
    assert told(*rows, floors={("n", "ndcg_at_10"): 0.04, ("other", "ndcg_at_10"): 0.06}).differs


def test_what_files_round_is_no_difference():
    assert not told(row(2e-8, 1e-8, (0.05, 0.05), **RETRIEVAL), NDCG_LEVEL).differs


def test_a_placebo_that_changes_as_much_is_said():
    assert told(NDCG, NDCG_LEVEL, beyond(-0.01, 0.02, **RETRIEVAL)).more == ("It is not shown to exceed what the placebo shows.",)


def test_equal_runs_and_probes_without_quality():
    same = [row(0.0, 0.0, (0.05, 0.05), **RETRIEVAL), quality(0.0, 0.0, "level", **RETRIEVAL)]
    same = [own.replace(flags=["constant", "not_equivalent"]) for own in same]
    assert (told(*same).sentence, told(*same).more) == ("A and B gave the same numbers on every pair.", ())
    assert told(row(0.05, 0.01, (0.01, 0.06), probe="geometry")).sentence.endswith(" This probe does not measure quality.")


def test_nothing_is_said_of_a_probe_without_what_it_is_judged_by():
    assert comparisons([row(0.05, 0.01, (0.01, 0.06), contrast="background", family=None)], Judgements()) == []
