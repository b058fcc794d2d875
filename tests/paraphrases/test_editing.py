"""Both forms edited alike in a second place: what is changed, what is told of it, and the warning where the author's text is one form."""

import pytest

from freqbias.paraphrases.audit import audit
from freqbias.paraphrases.editing import COMMA, EQUAL_WORD, SAME_WORDING, authors_own, edits_of, elsewhere, mostly_own
from freqbias.paraphrases.substitute import Coverage, generate, pairs_of_texts
from freqbias.paraphrases.swapping import swaps_of
from freqbias.terms import EDITED, FREQUENCY, RIVALS

HUGE = "The room was huge"


def pair_of(text, **options):
    return next(pair for pair in pairs_of_texts([text], max_share=1.0, **options) if pair.arm == FREQUENCY)


@pytest.mark.parametrize(
    ("rest", "changed", "kind"),
    [
        (" and she cleaned it every day.", " and she cleaned it each day.", EQUAL_WORD),
        (" and did not smell.", " and didn't smell.", SAME_WORDING),
        (" and had three windows.", " and had 3 windows.", SAME_WORDING),
        (" and had bright colours.", " and had bright colors.", SAME_WORDING),
        (" inside, and she cleaned it.", " inside and she cleaned it.", COMMA),
    ],
)
def test_both_forms_are_changed_alike(rest, changed, kind):
    pair = pair_of(HUGE + rest)
    assert pair.high == HUGE + changed
    assert pair.low == pair.high.replace("huge", "enormous")
    assert pair.meta["edited_elsewhere"]["kind"] == kind
    assert pair.covariates[EDITED] == [1, 2]
    assert pair.meta["original"] == HUGE + rest


def test_where_nothing_can_be_changed_one_form_is_the_authors():
    pair = pair_of(f"{HUGE}.")
    assert pair.high == pair.meta["original"]
    assert pair.meta["edited_elsewhere"] is None
    assert pair.covariates[EDITED] == [0, 1]
    rare = pair_of("The room was enormous.")
    assert rare.covariates[EDITED] == [1, 0]


def test_a_neighbour_of_the_swapped_word_and_a_quotation_of_code_are_left_alone():
    text = "It was huge, and `did not` run."
    assert elsewhere(text, swaps_of(text, FREQUENCY)) is None
    assert edits_of(text, swaps_of(text, FREQUENCY), None) == [0, 1]


@pytest.mark.parametrize(("count", "said"), [(6, False), (7, True)])
def test_the_warning_stands_above_three_fifths_only(count, said):
    assert (mostly_own(count, 10) is not None) is said
    pairs = pairs_of_texts(
        [f"On floor {k + 21} the room was huge." for k in range(count)]
        + [f"On floor {k + 41} the room was enormous." for k in range(10 - count)],
        max_share=1.0,
    )
    assert authors_own(pairs) == (count, 10)
    verdicts = {row["code"]: row["message"] for row in audit(pairs)["verdicts"]}
    assert ("authors_text" in verdicts) is said
    if said:
        assert "the author's own text in 7 of 10 pairs" in verdicts["authors_text"]


def test_the_command_counts_second_edits_and_warns(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text(f"{HUGE} and did not smell.\n{HUGE}.\n")
    coverage = Coverage()
    generate([path], max_share=1.0, coverage=coverage)
    said = "\n".join(coverage.lines())
    assert "frequency: both forms are edited alike elsewhere in 1 of 2 pairs (1 by another wording of the same)" in said
    assert "author's own text" not in said
    generate([path], max_share=1.0, edit_both=False, coverage=coverage)
    assert "the author's own text in 2 of 2 pairs: an effect may go with edited against unedited" in "\n".join(coverage.lines())


def test_edits_are_a_rival_of_frequency():
    assert RIVALS[EDITED] == "edits to the author's text"
