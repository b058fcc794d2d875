"""Over 500 worlds without an effect, every contrast of the embedding probes is significant as often as its level says."""

import numpy as np
import pytest
from scipy import stats
from tables import Table, named_pairs, texts_of

from freqbias import registry
from freqbias.analysis import estimate, frame
from freqbias.analysis.stats.resampling import named_rng, sign_flip_p
from freqbias.analysis.table.contrasts import pair_gaps

WORLDS, ITEMS, LEVEL = 500, 24, 0.05
SEED = 20_260  # fixed before the first run
RESAMPLES = 499
CONTRASTS = {
    "similarity": [("gloss", "dot"), ("background", "dot"), ("neutral", "dot"), ("gloss_specific", "dot"), ("match_asymmetry", "dot")],
    "inversion": [("exact_form", "dot"), ("decoy_form", "dot"), ("exact_form", "win_rate"), ("interaction", "win_rate")],
    "retrieval": [("document_form", "ndcg_at_10"), ("document_form", "negative_rank")],
    "geometry": [("centroid", "cosine"), ("hubness", "k_occurrence")],
}
PAIRS = named_pairs(ITEMS)
TEXTS = texts_of(PAIRS)
ITEM = np.array([int(text.split()[1]) if " " in text else -1 for text in TEXTS])
NOISE = np.array([1.5 if text[0] in "hld" else 0.2 for text in TEXTS])[:, None]


def world(rng, name):
    """Return an embedder in which everything lies near its item, documents less so, whatever their form."""
    axes = np.vstack([rng.normal(size=(ITEMS, 8)), np.zeros(8)])
    return Table(dict(zip(TEXTS, axes[ITEM] + NOISE * rng.normal(size=(len(TEXTS), 8)), strict=True)), name=name)


@pytest.mark.simulation
@pytest.mark.parametrize("name", list(CONTRASTS))
def test_false_positives(name):
    probe, wanted = registry.load("probes", name), CONTRASTS[name]
    rng = np.random.default_rng(SEED)
    measures = {measure for _, measure in wanted}
    rows = [row for k in range(WORLDS) for row in probe(PAIRS, world(rng, f"world {k}")) if row.measure in measures]
    gaps = pair_gaps(frame(rows)).groupby(["contrast", "measure", "model", "item"])["gap"].mean()
    # every world has signs of its own, as every seed of a run has
    p_values = {
        key: [sign_flip_p(gaps[(*key, f"world {k}")].to_numpy(), named_rng(k, *key), RESAMPLES) for k in range(WORLDS)] for key in wanted
    }
    hits = {key: int(np.sum(np.array(values) <= LEVEL)) for key, values in p_values.items()}
    low, high = stats.binom.interval(0.999, WORLDS, LEVEL)
    assert all(low <= count <= high for count in hits.values()), hits
    _same_as_in_a_run([row for row in rows if row.model == "world 0"], {key: values[0] for key, values in p_values.items()})


def _same_as_in_a_run(rows, p_values):
    whole = {(row.contrast, row.measure): row for row in estimate(frame(rows), PAIRS, resamples=RESAMPLES) if row.term == "mean"}
    for key, p_value in p_values.items():
        assert whole[key].n_items == ITEMS
        assert whole[key].p_value == pytest.approx(p_value, abs=0.1)  # other signs: two shares of 499 draws differ by less
