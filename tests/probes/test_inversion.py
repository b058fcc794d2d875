"""Probe `inversion` on scores that are known."""

import numpy as np
import pytest
from tables import Reranker, named_pairs, random_table

from freqbias.probes.inversion import probe
from freqbias.probes.similarity import probe as similarity
from freqbias.records import Pair

PAIR = named_pairs(1)[0]
PLAIN = ["p 0", "pp 0"]
# the frequent decoy beats the rare exact text in plain glosses; the elevated gloss ties with the rare decoy
PLAIN_SCORES = {"h 0 0": 5.0, "l 0 0": 3.0, "dh 0 0": 4.0, "dl 0 0": 1.0}
ELEVATED_SCORES = {"h 0 0": 2.0, "l 0 0": 1.0, "dh 0 0": 0.0, "dl 0 0": 1.0}


def by_hand(query, document):
    return (PLAIN_SCORES if query in PLAIN else ELEVATED_SCORES)[document]


def rows(pairs=(PAIR,), score=by_hand):
    return {(row.pair_id, row.contrast, row.measure): row for row in probe(list(pairs), Reranker(score))}


def find(contrast, measure, found=None):
    return (found or rows())[PAIR.id, contrast, measure]


def test_margins_by_hand():
    # cells: plain exact - decoy, elevated exact - decoy, averaged
    cells = {"hh": (1 + 2) / 2, "hl": (4 + 1) / 2, "lh": (-1 + 1) / 2, "ll": (2 + 0) / 2}
    assert find("crossed", "logit").cells == cells
    exact, decoy = find("exact_form", "logit"), find("decoy_form", "logit")
    assert (exact.high, exact.low) == (2.0, 0.5)
    assert (decoy.high, decoy.low) == (-0.75, -1.75)
    assert decoy.high - decoy.low == pytest.approx((4 + 0) / 2 - (1 + 1) / 2)  # the decoy's own scores


def test_rates_by_hand():
    cells = {"hh": 1.0, "hl": 1.0, "lh": (0 + 1) / 2, "ll": (1 + 0.5) / 2}
    assert find("crossed", "win_rate").cells == cells
    exact, decoy, interaction = (find(name, "win_rate") for name in ("exact_form", "decoy_form", "interaction"))
    assert (exact.high, exact.low) == (1.0, 0.625)
    assert (decoy.high, decoy.low) == (0.25, 0.125)
    assert (interaction.high, interaction.low) == (0.0, -0.25)
    both = find("both_forms", "win_rate")
    assert (both.high, both.low) == (1.0, 0.75)


def test_both_forms_is_what_the_right_ones_wording_costs_beyond_the_wrong_ones():
    made = probe(named_pairs(5), random_table(named_pairs(5), seed=3))
    gaps = {}
    for row in made:
        if row.measure == "win_rate" and row.cells is None:
            gaps.setdefault(row.pair_id, {})[row.contrast] = row.high - row.low
    assert len(gaps) == 5
    for gap in gaps.values():
        assert gap["both_forms"] == pytest.approx(gap["exact_form"] - gap["decoy_form"])


def test_ties_count_one_half():
    everything = rows(score=lambda query, document: 0.0)
    for contrast in ("exact_form", "decoy_form"):
        row = find(contrast, "win_rate", everything)
        assert (row.high, row.low) == (0.5, 0.5)


def test_scores_that_differ_by_rounding_are_ties():
    row = find("exact_form", "win_rate", rows(score=lambda query, document: 1e-12 * len(document)))
    assert (row.high, row.low) == (0.5, 0.5)


def test_exact_form_is_the_gloss_gap_of_similarity_on_the_same_scale():
    pairs = named_pairs(5)
    table = random_table(pairs, seed=2)
    gloss = {}
    for row in similarity(pairs, table):
        if row.contrast == "gloss":
            gloss.setdefault(row.pair_id, []).append((row.high - row.low, row.high - row.decoys["high"] + row.low - row.decoys["low"]))
    for row in probe(pairs, table):
        if (row.contrast, row.measure) == ("exact_form", "dot"):
            margin = row.high - row.decoys["high"] + row.low - row.decoys["low"]
            assert (row.high - row.low, margin) == pytest.approx(np.mean(gloss[row.pair_id], axis=0))


@pytest.mark.parametrize("broken", ["h 0 0", "dl 0 0"])
def test_a_document_without_score_makes_every_row_an_error(broken):
    found = rows(score=lambda query, document: np.nan if document == broken else 1.0)
    assert len(found) == 8
    for row in found.values():
        assert broken in row.error
        assert (row.high, row.low, row.cells) == (None, None, None)


def test_pairs_without_glosses_or_decoys_are_not_asked():
    no_gloss = Pair.from_dict(PAIR.to_dict() | {"queries": {}})
    no_decoy = Pair.from_dict(PAIR.to_dict() | {"decoys": {}})
    assert rows([no_gloss, no_decoy]) == {}
