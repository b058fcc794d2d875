"""Synthetic models with and without planted effects, through the command line, from pairs to estimates."""

import math

import numpy as np
import pytest
import synthetic
from scipy import stats

from freqbias.analysis.estimate.families import CONFIRMATORY_FAMILY
from freqbias.errors import ROWS_FAILED
from freqbias.files import read_estimates, read_observations, read_pairs
from freqbias.frequency import content_words
from freqbias.probes.retrieval import measures


def keeps_article(pair):
    """Tell whether both forms have the same articles: a frequency gap leaves them out, a model of word counts does not."""
    sides = [{"a", "an"} & set(text.lower().split()) for text in (pair.high, pair.low)]
    return pair.arm == "length" or sides[0] == sides[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from freqbias.files import write_records
    from freqbias.paraphrases.lexicon import generate

    path = tmp_path_factory.mktemp("planted")
    write_records(path / "pairs.jsonl", filter(keeps_article, generate(n=90, seed=3)))
    return path


@pytest.fixture
def estimates(cli, folder, monkeypatch):
    """Return a function that probes and analyses one model and finds estimates by contrast, arm and term."""
    monkeypatch.setenv("FREQBIAS_TEST_PAIRS", str(folder / "pairs.jsonl"))

    def call(option, name, probe=None, status=0):
        probe = probe or {"--embedder": "similarity", "--lm": "likelihood"}[option]
        assert cli("probe", folder, "--fresh", option, f"synthetic:{name}", "--probe", probe).exit_code == status
        assert cli("analyze", folder).exit_code == 0
        rows = {(row.measure, row.contrast, row.arm, row.term): row for row in read_estimates(folder)}
        first = next(iter(rows))[0]

        def find(contrast, arm="frequency", term="mean", measure=first):
            return rows[measure, contrast, arm, term]

        return find

    return call


def contains(row, value):
    """Tell whether the 99.9 % interval of an estimate holds a value: at 95 %, one check in twenty would fail by chance."""
    reach = stats.norm.ppf(0.9995) / stats.norm.ppf(0.975)
    middle, half = (row.ci_low + row.ci_high) / 2, reach * (row.ci_high - row.ci_low) / 2
    return middle - half <= value <= middle + half


def test_null_embedder(estimates):
    find = estimates("--embedder", "embed_null")
    for contrast in ("gloss", "background", "gloss_specific", "register_match", "neutral"):
        for arm in ("frequency", "placebo", "frequency-placebo"):
            assert contains(find(contrast, arm), 0.0), (contrast, arm)
    assert "equivalent" in find("gloss", "placebo", "equivalence").flags
    assert "equivalent" in find("gloss", "frequency", "equivalence").flags


def test_planted_gloss_effect(estimates):
    find = estimates("--embedder", "embed_gloss")
    truth = synthetic.GLOSS_EFFECT * synthetic.OWN
    main = find("gloss")
    assert main.family == CONFIRMATORY_FAMILY
    assert contains(main, truth)
    assert main.p_adjusted < 0.001
    assert contains(find("gloss_specific"), truth)
    assert contains(find("background"), 0.0)
    assert contains(find("gloss", "frequency-placebo"), truth)
    assert contains(find("gloss", "placebo"), 0.0)


def test_planted_background_pull(estimates):
    find = estimates("--embedder", "embed_background")
    truth = synthetic.BACKGROUND_EFFECT * synthetic.COMMON
    assert contains(find("background"), truth)
    assert find("background").p_value < 0.001
    assert contains(find("neutral"), truth)
    assert contains(find("gloss"), truth)
    assert contains(find("gloss_specific"), 0.0)


def test_word_counting_embedder_has_its_effect_in_match(estimates):
    find = estimates("--embedder", "embed_words")
    assert find("match").ci_low > 0.1
    for contrast in ("gloss", "background", "neutral"):
        assert find(contrast).value == pytest.approx(0.0, abs=1e-3)  # hashed words meet by chance
    assert contains(find("match_asymmetry"), 0.0)


def test_idf_embedder_has_its_effect_in_match_asymmetry(estimates, folder):
    find = estimates("--embedder", "embed_idf")
    truth = item_mean(folder, _matched_idf)
    asymmetry = find("match_asymmetry", measure="dot")
    assert truth < -0.1
    assert contains(asymmetry, truth)
    assert asymmetry.p_value < 0.001
    assert find("match").ci_low > 0.1
    for contrast in ("gloss", "background", "neutral"):
        assert find(contrast).value == pytest.approx(0.0, abs=0.01)  # hashed words meet by chance


def _matched_idf(pair):
    """Return the squared weights that the frequent query shares with the frequent document, minus those of the rare couple."""
    sides = [
        sum(synthetic.idf(word) ** 2 for word in set(content_words(pair.queries[f"naming_{side}"])) & set(content_words(text)))
        for side, text in (("high", pair.high), ("low", pair.low))
    ]
    return sides[0] - sides[1]


def item_mean(folder, value):
    """Return the mean over items of the mean over a frequency item's pairs."""
    by_item = {}
    for pair in read_pairs(folder):
        if pair.arm == "frequency":
            by_item.setdefault(pair.item, []).append(value(pair))
    return np.mean([np.mean(values) for values in by_item.values()])


def test_noise_in_rare_words_is_tied_to_meaning(estimates):
    find = estimates("--embedder", "embed_rare_noise")
    truth = synthetic.EXACT * (1 - 1 / math.sqrt(1 + synthetic.RARE_NOISE**2))
    assert contains(find("gloss_specific"), truth)
    assert find("gloss_specific").p_value < 0.001
    assert contains(find("background"), 0.0)
    assert contains(find("gloss_specific", "placebo"), 0.0)


def win_rate(lead):
    """Return how often a document with a lead wins, in the world of `embed_close`: the noise of both is normal."""
    return stats.norm.cdf(synthetic.OWN * lead / (math.sqrt(2) * synthetic.WIDE))


LEAD = synthetic.EXACT - synthetic.CLOSE


def test_inversions_without_frequency(estimates):
    find = estimates("--embedder", "embed_close", "inversion")
    for arm in ("frequency", "placebo"):
        for contrast in ("exact_form", "decoy_form"):
            assert contains(find(contrast, arm, measure="cosine"), 0.0), (arm, contrast)
            assert contains(find(contrast, arm, measure="win_rate"), 0.0), (arm, contrast)
        assert contains(find("both_forms", arm, measure="win_rate"), 0.0)
        assert contains(find("interaction", arm, measure="win_rate"), 0.0)


@pytest.mark.parametrize(("form", "other", "sign"), [("exact_form", "decoy_form", 1), ("decoy_form", "exact_form", -1)])
def test_one_form_of_inversions_at_a_time(estimates, form, other, sign):
    find = estimates("--embedder", f"embed_close_{form.removesuffix('_form')}", "inversion")
    margin = find(form, measure="cosine")
    assert contains(margin, synthetic.GLOSS_EFFECT * synthetic.OWN)
    assert margin.p_value < 0.001
    assert contains(find(other, measure="cosine"), 0.0)
    # a frequent exact text wins more often, a frequent decoy makes it lose more often
    rate = abs(win_rate(LEAD + sign * synthetic.GLOSS_EFFECT) - win_rate(LEAD))
    assert contains(find(form, measure="win_rate"), rate)
    assert contains(find(other, measure="win_rate"), 0.0)
    assert contains(find("both_forms", measure="win_rate"), sign * rate)
    assert contains(find("interaction", measure="win_rate"), 0.0)


MEASURES = ("ndcg_at_10", "recall_at_1", "recall_at_10", "mrr_at_10", "negative_rank")


def test_ranks_without_frequency(estimates):
    find = estimates("--embedder", "embed_crowd", "retrieval")
    for measure in MEASURES:
        assert contains(find("document_form", measure=measure), 0.0), measure
        assert contains(find("document_form", "placebo", measure=measure), 0.0), measure


@pytest.mark.slow
def test_planted_ranks(estimates):
    find = estimates("--embedder", "embed_crowd_frequent", "retrieval")
    truth = expected_gaps(documents=120)
    for measure in MEASURES:
        row = find("document_form", measure=measure)
        assert contains(row, truth[measure]), measure
        assert row.p_value < 0.05, measure
        assert contains(find("document_form", "placebo", measure=measure), 0.0), measure


def expected_gaps(documents, draws=20_000):
    """Return the gap of every measure when the right document and the rest are drawn anew as in `embed_crowd`."""
    rng = np.random.default_rng(5)
    spread = 1 / math.sqrt(synthetic.CROWD)  # of a document's noise, and nearly of the part of others that points to this gloss
    others = rng.normal(size=(draws, documents - 1)) * spread * math.sqrt(1 + synthetic.CROWD_LOW**2)
    gold = rng.normal(size=draws)[:, None] * spread
    sides = []
    for near in (synthetic.CROWD_HIGH, synthetic.CROWD_LOW):
        ranks = 1 + (others > near + gold).sum(axis=1)
        sides.append({name: np.mean([measures(rank)[name] for rank in ranks]) for name in MEASURES})
    return {name: sides[0][name] - sides[1][name] for name in MEASURES}


def test_a_cone_pulls_frequent_documents_to_the_centre(estimates):
    find = estimates("--embedder", "embed_cone", "geometry")
    assert find("centroid", measure="cosine").ci_low > 0
    assert contains(find("centroid", "placebo", measure="cosine"), 0.0)
    assert find("norm", measure="l2_norm").ci_low > 0


def test_a_space_without_frequency(estimates):
    find = estimates("--embedder", "embed_random", "geometry")
    for contrast, measure in (("centroid", "cosine"), ("norm", "l2_norm"), ("hubness", "k_occurrence")):
        for arm in ("frequency", "placebo"):
            assert contains(find(contrast, arm, measure=measure), 0.0), (contrast, arm)


@pytest.mark.parametrize(
    ("probe", "contrast", "measure"),
    [
        ("similarity", "gloss", "cosine"),
        ("inversion", "exact_form", "cosine"),
        ("retrieval", "document_form", "ndcg_at_10"),
        ("geometry", "centroid", "cosine"),
    ],
)
@pytest.mark.parametrize("name", ["embed_zero", "embed_nan"])
def test_embedder_without_directions_fails_by_row(estimates, folder, name, probe, contrast, measure):
    find = estimates("--embedder", name, probe, status=ROWS_FAILED)
    row = find(contrast, measure=measure)
    assert row.value is None
    assert row.n_failed == sum(pair.arm == "frequency" for pair in read_pairs(folder)) >= 50
    rows = list(read_observations(folder))
    assert all(row.error for row in rows)
    assert {row.pair_id for row in rows} == {pair.id for pair in read_pairs(folder)}


def test_corpus_language_model_is_calibrated(estimates):
    find = estimates("--lm", "lm_corpus")
    # not exactly 1: 'a' turns into 'an' before some words, which the swap's gap leaves out
    assert find("calibration").value == pytest.approx(1.0, abs=0.02)
    assert find("downstream").value == pytest.approx(0.0, abs=1e-9)
    assert find("raw").p_value is None


def test_amplified_language_model(estimates):
    find = estimates("--lm", "lm_amplified")
    assert find("calibration").value == pytest.approx(synthetic.SLOPE, abs=0.03)
    assert find("downstream").value == pytest.approx(0.0, abs=1e-9)


def test_planted_downstream_effect(estimates):
    find = estimates("--lm", "lm_after")
    assert find("downstream").ci_low > 0
    assert contains(find("downstream", term="zipf_slope"), synthetic.AFTER_EFFECT)
    assert find("calibration").value == pytest.approx(1.0, abs=0.02)
    assert contains(find("downstream", "placebo"), 0.0)


def test_position_preference_is_no_frequency_preference(estimates):
    find = estimates("--lm", "lm_position")
    assert find("calibration").value == pytest.approx(1.0, abs=0.02)
    for arm in ("frequency", "placebo", "frequency-placebo"):
        assert find("downstream", arm).value == pytest.approx(0.0, abs=1e-9)


def test_length_preference_goes_with_length(estimates):
    find = estimates("--lm", "lm_length")
    assert find("downstream", "length").ci_low > 0  # the yardstick: the same words in a longer text
    assert contains(find("downstream", term="characters_slope"), synthetic.LENGTH_EFFECT)
    assert contains(find("downstream", term="zipf_slope"), 0.0)
    assert contains(find("downstream", term="part:frequency"), 0.0)
    assert contains(find("downstream", term="adjusted"), 0.0)
    assert find("calibration", term="adjusted").value == pytest.approx(1.0, abs=0.02)
    assert abs(find("calibration", term="adjusted").value - 1) < abs(find("calibration").value - 1)


def test_frequency_and_length_preferences_are_split(estimates):
    find = estimates("--lm", "lm_after_and_length")
    assert contains(find("downstream", term="zipf_slope"), synthetic.AFTER_EFFECT)
    assert contains(find("downstream", term="characters_slope"), synthetic.LENGTH_EFFECT)
    assert find("downstream", term="part:frequency").ci_low > 0
    assert find("downstream", term="part:characters").ci_low > 0
