"""Word vectors and bags of words as sentence-transformers models: no subwords to count, and everything else as ever."""

import numpy as np
import pytest
from conftest import needed

from freqbias.models import embedder
from freqbias.models.relevance import as_scorer

st, tiny_models = needed("sentence_transformers"), needed("tiny_models")
TEXTS = ["the car drove", "who healed the doctor", "a house"]


@pytest.fixture(scope="module", params=["glove", "bag", "weighted", "convolved"])
def words(request, tmp_path_factory):
    """Return a sentence-transformers directory whose first module is no transformer."""
    from sentence_transformers.sentence_transformer.modules import CNN, BoW, Pooling, WordEmbeddings, WordWeights
    from sentence_transformers.sentence_transformer.modules.tokenizer import WhitespaceTokenizer

    vocabulary = ["PADDING_TOKEN", *tiny_models.WORDS]
    vectors = np.random.default_rng(0).normal(size=(len(vocabulary), 8)).astype(np.float32)
    modules = [WordEmbeddings(WhitespaceTokenizer(vocabulary), vectors, max_seq_length=100), Pooling(8, "mean")]
    if request.param == "weighted":
        modules.insert(1, WordWeights(vocabulary, {"car": 2.0}))
    elif request.param == "convolved":
        modules = [modules[0], CNN(8, 8), Pooling(24, "mean")]
    elif request.param == "bag":
        modules = [BoW(vocabulary)]
    folder = tmp_path_factory.mktemp(request.param)
    st.SentenceTransformer(modules=modules, device="cpu").save_pretrained(str(folder), create_model_card=False)
    return folder


def test_word_vectors_are_models(words):
    model = embedder(str(words))
    assert model.token_counts(TEXTS) is None
    assert model.max_tokens is None
    own = st.SentenceTransformer(str(words), device="cpu")
    np.testing.assert_allclose(model.encode(TEXTS, role="query"), own.encode(TEXTS), atol=1e-6)
    found = as_scorer(model).matrix(TEXTS, TEXTS)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(np.diag(found), 1, atol=1e-6)


def test_word_vectors_go_through_a_run(words, cli, pair_file, tmp_path):
    out = tmp_path / "observations.jsonl"
    result = cli("probe", pair_file, "--embedder", words, "--probe", "similarity", "--out", out)
    assert "not callable" not in result.output
    assert out.stat().st_size


def test_word_vectors_go_through_the_evaluator(words, tmp_path):
    from freqbias.integrations.sentence_transformers import FrequencyBiasEvaluator
    from freqbias.paraphrases.lexicon import generate

    metrics = FrequencyBiasEvaluator(generate(n=4, seed=2), name="bias")(st.SentenceTransformer(str(words), device="cpu"), str(tmp_path))
    assert "bias_n_failed" in metrics
