"""What is said of a model that cannot re-rank, and which run has its remedies."""

import pytest

from freqbias.errors import InputError
from freqbias.files import dumps
from freqbias.models.protocols import Loading
from freqbias.run.advice import is_advised, pair_scorer


def test_a_reranker_that_is_not_there_is_told_before_anything_is_done(cli, tmp_path):
    done = cli("collection", tmp_path, "--embedder", "bm25", "--reranker", "nothere")
    assert done.exit_code == 2
    assert "nothere" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_model_with_vectors_is_no_reranker():
    with pytest.raises(InputError, match="--reranker synthetic:embed_words: gives vectors; name a cross-encoder"):
        pair_scorer("synthetic:embed_words", Loading())


def test_a_run_is_advised_by_the_reranker_that_it_was_tried_with(tmp_path):
    assert not is_advised(tmp_path, None)
    (tmp_path / "remedies.jsonl").write_text(dumps({"remedy": "none", "by": None}) + "\n")
    assert is_advised(tmp_path, None)
    assert not is_advised(tmp_path, "synthetic:embed_words")
    with (tmp_path / "remedies.jsonl").open("a") as stream:
        stream.write(dumps({"remedy": "rerank", "by": "synthetic:embed_words"}) + "\n")
    assert is_advised(tmp_path, "synthetic:embed_words")
    assert not is_advised(tmp_path, None)
