"""Zipfian whitening of static word vectors."""

import numpy as np
import pytest
import spaces
from conftest import missing, needed

from freqbias.errors import InputError
from freqbias.models import embedder
from freqbias.models.names.aliases import find_alias
from freqbias.models.relevance import as_scorer
from freqbias.remedies import load_remedy
from freqbias.remedies.static import shares_of, whitened


def test_words_count_as_often_as_they_are_used():
    pieces = shares_of(["[PAD]", "the", "house", "##ing", "zzqx"])
    assert pieces[[0, 3, 4]].tolist() == [0, 0, 0]
    assert pieces.sum() == pytest.approx(1)
    assert pieces[1] > 50 * pieces[2] > 0
    assert (shares_of(["<s>", "▁the", "the", "▁house"]) > 0).tolist() == [False, True, False, True]


def test_the_weighted_mean_is_zero_and_the_weighted_covariance_one():
    rng = np.random.default_rng(0)
    vectors, shares = rng.normal(size=(500, 6)) * [5, 4, 3, 2, 1, 1e-7] + 3, rng.dirichlet(np.ones(500))
    found = whitened(vectors, shares)
    assert found.shape == (500, 5)  # a direction without variance is none
    assert shares @ found == pytest.approx(np.zeros(5), abs=1e-9)
    assert (found * shares[:, None]).T @ found == pytest.approx(np.eye(5), abs=1e-9)


def test_a_static_model_is_whitened(lexicon_pairs):
    needed("model2vec")
    if find_alias("static-multilingual").ready_directory() is None:
        missing("model static-multilingual; run: freqbias models fetch static-multilingual")
    model = as_scorer(embedder("static-multilingual"))
    found = load_remedy("zipfian-whiten")(model, lexicon_pairs)
    assert found.info.name == "static-multilingual+zipfian-whiten"
    couples = [pair.queries["gloss_plain"][0] for pair in lexicon_pairs[:20]], [pair.high for pair in lexicon_pairs[:20]]
    scores, before = found.scores(*couples), model.scores(*couples)
    assert np.isfinite(scores).all()
    assert not np.allclose(scores, before)
    same = model.inner.with_vectors(model.inner.vectors, model.info)
    assert as_scorer(same).scores(*couples) == pytest.approx(before, abs=1e-5)


def test_other_models_have_no_word_vectors(cli, lexicon_pairs, tmp_path):
    with pytest.raises(InputError, match="is for static word vectors, and model 'space' has none"):
        load_remedy("zipfian-whiten")(as_scorer(spaces.Space(lexicon_pairs)), lexicon_pairs)
    result = cli("run", "--embedder", "bm25", "--remedy", "zipfian-whiten", "--out", tmp_path / "run")
    assert (result.exit_code, "is for models used as static, and 'bm25' is used as bm25" in result.stderr) == (2, True)
