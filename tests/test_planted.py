"""Synthetic models with and without planted effects, through the command line, from pairs to estimates."""

import pytest
import synthetic

from freqbias.analysis.estimates import CONFIRMATORY_FAMILY
from freqbias.jsonl import read_estimates


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from freqbias.jsonl import write_records
    from freqbias.paraphrases.lexicon import generate

    path = tmp_path_factory.mktemp("planted")
    write_records(path / "pairs.jsonl", generate(n=60, seed=3))
    return path


@pytest.fixture
def estimates(cli, folder, monkeypatch):
    """Return a function that probes and analyses one model and finds estimates by contrast, arm and term."""
    monkeypatch.setenv("FREQBIAS_TEST_PAIRS", str(folder / "pairs.jsonl"))

    def call(option, name):
        assert cli("probe", folder, option, f"synthetic:{name}").exit_code == 0
        assert cli("analyze", folder).exit_code == 0
        rows = {(row.contrast, row.arm, row.term): row for row in read_estimates(folder)}

        def find(contrast, arm="frequency", term="mean"):
            return rows[contrast, arm, term]

        return find

    return call


def contains(row, value):
    return row.ci_low <= value <= row.ci_high


def test_null_embedder(estimates):
    find = estimates("--embedder", "embed_null")
    for contrast in ("gloss", "background", "gloss_specific", "register_match", "neutral"):
        for arm in ("frequency", "placebo", "frequency-placebo"):
            assert contains(find(contrast, arm), 0.0), (contrast, arm)
    assert "equivalent" in find("gloss", "placebo", "equivalence").flags
    assert "equivalent" in find("gloss", "frequency", "equivalence").flags


def test_planted_gloss_effect(estimates):
    find = estimates("--embedder", "embed_gloss")
    truth = synthetic.GLOSS_EFFECT * 0.954  # a gloss's weight on its item's axis, sqrt(1 - .3²)
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
    truth = synthetic.BACKGROUND_EFFECT * 0.3
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


def test_embedder_without_directions_fails_by_row(estimates):
    find = estimates("--embedder", "embed_zero")
    row = find("gloss")
    assert row.value is None
    assert row.n_failed == 60


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
