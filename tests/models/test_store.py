"""The memory-mapped store: what a killed process leaves, what does not fit, and that nothing is encoded twice."""

import tracemalloc

import numpy as np
import pytest

from freqbias.errors import BackendError
from freqbias.models.protocols import ModelInfo
from freqbias.models.relevance import DenseScorer, as_scorer
from freqbias.models.store import DIGEST_BYTES, HEADER, VectorStore, store_key


class Counting:
    """An embedder with an identity that notes which texts it was asked for."""

    max_tokens = None

    def __init__(self, details=None, source="directory"):
        self.asked = []
        self.info = ModelInfo(name="counting", kind="embedder", source=source, fingerprint="f", dtype="float32", details=details or {})

    def encode(self, texts, *, role):
        self.asked.extend((role, text) for text in texts)
        return np.array([[len(text), ord(text[0]) if text else 0, role == "query"] for text in texts], dtype=np.float32)

    def token_counts(self, texts):
        return None


def filled(folder, count=5):
    store = VectorStore(folder, "k")
    store.add([f"text {i}" for i in range(count)], np.arange(count * 3, dtype=np.float32).reshape(count, 3))
    return store


def test_vectors_come_back_in_the_order_asked_for(tmp_path):
    store = filled(tmp_path)
    np.testing.assert_array_equal(store.rows(["text 4", "text 0", "text 4"]), [[12, 13, 14], [0, 1, 2], [12, 13, 14]])
    store.add(["later"], [[9, 9, 9]])
    np.testing.assert_array_equal(store.rows(["later", "text 1"]), [[9, 9, 9], [3, 4, 5]])
    assert store.rows([]).shape == (0, 3)
    assert VectorStore().rows([]).shape == (0, 0)


def test_token_matrices_of_different_lengths(tmp_path):
    store = VectorStore(tmp_path, "k")
    parts = [np.ones((2, 4), np.float32), np.empty((0, 4), np.float32), np.full((3, 4), 7, np.float32)]
    store.add(["two", "none", "three"], parts)
    again = VectorStore(tmp_path, "k")
    for found, given in zip(again.matrices(["three", "none", "two"]), [parts[2], parts[1], parts[0]], strict=True):
        np.testing.assert_array_equal(found, given)


def test_another_process_finds_what_was_written(tmp_path):
    filled(tmp_path)
    again = VectorStore(tmp_path, "k")
    assert again.missing(["text 0", "new", "a longer new one", "new"]) == ["a longer new one", "new"]
    np.testing.assert_array_equal(again.rows(["text 2"]), [[6, 7, 8]])
    assert len(VectorStore(tmp_path, "another")) == 0


@pytest.mark.parametrize("cut", range(DIGEST_BYTES + 4 + 1))
def test_torn_list_of_texts(tmp_path, cut):
    filled(tmp_path)
    path = tmp_path / "k.texts"
    path.write_bytes(path.read_bytes()[: path.stat().st_size - cut])
    again = VectorStore(tmp_path, "k")
    assert len(again) == (5 if cut == 0 else 4 if cut <= DIGEST_BYTES + 4 else 3)
    again.add(again.missing(["text 4"]), [[1, 1, 1]] if cut else [])
    np.testing.assert_array_equal(VectorStore(tmp_path, "k").rows(["text 3", "text 4"])[0], [9, 10, 11])
    np.testing.assert_array_equal(VectorStore(tmp_path, "k").rows(["text 4"])[0], [1, 1, 1] if cut else [12, 13, 14])


def test_torn_vectors_lose_the_texts_that_own_them(tmp_path):
    filled(tmp_path)
    path = tmp_path / "k.vectors"
    path.write_bytes(path.read_bytes()[:-1])
    again = VectorStore(tmp_path, "k")
    assert "text 3" in again
    assert "text 4" not in again


@pytest.mark.parametrize("content", [b"", b"x", b"not a header at all", HEADER.pack(b"fbvec\0\0\2", 3)])
def test_a_file_that_is_no_store_is_started_again(tmp_path, content):
    (tmp_path / "k.texts").write_bytes(content)
    (tmp_path / "k.vectors").write_bytes(b"rubbish")
    store = filled(tmp_path)
    assert len(VectorStore(tmp_path, "k")) == len(store) == 5


def test_what_does_not_fit_is_refused_and_nothing_is_added(tmp_path):
    store = VectorStore(tmp_path, "k", owner="tiny")
    store.add(["a"], [[1, 2, 3]])
    with pytest.raises(BackendError, match=r"tiny returned vectors of different lengths \(2, 3\); they cannot be compared"):
        store.add(["b"], [[1, 2]])
    with pytest.raises(BackendError, match="tiny returned 1 vectors for 2 texts"):
        store.add(["b", "c"], [[1, 2, 3]])
    assert len(VectorStore(tmp_path, "k")) == len(store) == 1


def test_after_a_failed_write_nothing_is_added_that_could_be_taken_for_something_else(tmp_path):
    store = filled(tmp_path)

    class Full:
        """The list of texts on a full disk: what was written stays in memory until there is room."""

        def __init__(self, stream):
            self.stream, self.held = stream, b""

        def write(self, data):
            self.held += data

        def flush(self):
            raise OSError(28, "No space left on device")

        def close(self):
            self.stream.write(self.held)
            self.stream.close()

    store._texts = Full(store._texts)
    with pytest.raises(BackendError, match="No space left on device"):
        store.add(["lost"], [[1, 1, 1]])
    with pytest.raises(BackendError, match="an earlier write has failed"):
        store.add(["other"], [[2, 2, 2]])
    store._texts.close()
    again = VectorStore(tmp_path, "k")
    assert again.missing(["lost", "other", "text 4"]) == ["other", "lost"]
    np.testing.assert_array_equal(again.rows(["text 4"]), [[12, 13, 14]])


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(BackendError, match=r"vectors cannot be kept there: Not a directory"):
        VectorStore(tmp_path / "file" / "store", "k")


def test_an_interrupted_run_encodes_only_the_rest(tmp_path):
    first = Counting()
    as_scorer(first, tmp_path).scores(["q"], ["short"])
    second = Counting()
    scorer = as_scorer(second, tmp_path)
    scorer.prepare(["q"], (text for text in ["short", "a longer one", "short"]))
    assert second.asked == [("document", "a longer one")]


@pytest.mark.parametrize("other", [Counting(details={"pooling": "cls"}), Counting(source="callable")])
def test_vectors_are_never_shared_with_another_model(tmp_path, other):
    as_scorer(Counting(), tmp_path).scores(["q"], ["d"])
    as_scorer(other, tmp_path).scores(["q"], ["d"])
    assert other.asked == [("query", "q"), ("document", "d")]


def test_a_function_is_never_kept(tmp_path):
    as_scorer(Counting(source="callable"), tmp_path).scores(["q"], ["d"])
    assert list(tmp_path.iterdir()) == []
    assert store_key(ModelInfo(name="x", kind="embedder", source="directory"), "query") is None


def test_distinct_texts_are_encoded_once_longest_first():
    model = Counting()
    scorer = DenseScorer(model)
    documents = ["aa", "a", "aaa", "aa"]
    scorer.prepare([], iter(documents))
    scorer.matrix(["q"], documents)
    scorer.scores(["q"] * 4, documents)
    scorer.pooled(["q"], [1.0])(documents)
    assert model.asked == [("document", "aaa"), ("document", "aa"), ("document", "a"), ("query", "q")]


def test_memory_stays_bounded():
    width, count = 256, 20_000
    store = VectorStore()
    tracemalloc.start()
    for start in range(0, count, 500):
        store.add([f"text {i}" for i in range(start, start + 500)], np.ones((500, width), np.float32))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8e6  # the vectors are 20 MB, the index of texts 3 MB
