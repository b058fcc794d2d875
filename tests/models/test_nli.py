"""The inference model in ONNX: what its score says, that couples do not depend on each other, and what it says where it cannot run."""

import sys

import numpy as np
import pytest
from conftest import missing

from freqbias.errors import InputError
from freqbias.models import checking, embedder, identity
from freqbias.models.names.aliases import aliases
from freqbias.models.relevance import as_scorer
from freqbias.run.ready import needs_of

PREMISE = "The doctor thanked the boy."
FOLLOWS, DOES_NOT = "The boy was thanked by the doctor.", "The doctor was thanked by the boy."


@pytest.fixture(scope="module")
def scorer():
    if aliases()["nli-xsmall"].ready_directory() is None:
        missing("model nli-xsmall; run: freqbias models fetch nli-xsmall")
    pytest.importorskip("onnxruntime")
    return as_scorer(embedder("nli-xsmall"))


def test_what_is_contradicted_scores_lower(scorer):
    found = scorer.scores([PREMISE] * 3, [FOLLOWS, DOES_NOT, "The doctor did not thank the boy."])
    assert found[0] > found[1] + 1
    assert found[0] > found[2] + 1
    assert scorer.measure == "logit"
    assert scorer.pairwise
    assert scorer.info.details["labels"] == ["not contradicted", "contradicted"]


def test_a_couple_scores_alike_whatever_is_asked_with_it(scorer):
    queries, documents = [PREMISE, FOLLOWS, "No"], [FOLLOWS, PREMISE, "The picture showed an apron that was tiny."]
    together = scorer.scores(queries, documents)
    alone = [scorer.scores([query], [document])[0] for query, document in zip(queries, documents, strict=True)]
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(scorer.matrix(queries, documents).diagonal(), together)


def test_window_is_shared_by_both_texts(scorer):
    assert scorer.token_counts(["the the the", ""]) == [3, 0]
    fresh = embedder("nli-xsmall")
    assert fresh.max_tokens == 160 - 3
    fresh.prepare(["the the the"], [])
    assert fresh.max_tokens == 160 - 3 - 3
    assert np.isfinite(scorer.scores(["the " * 300], ["the " * 300])).all()


def test_weights_are_part_of_the_identity(scorer, tmp_path):
    assert scorer.info.fingerprint == identity("nli-xsmall", "embedder").fingerprint
    from freqbias.models.names.aliases import ONNX, WEIGHTS, fingerprint

    (tmp_path / "model.onnx").write_bytes(b"1")
    (tmp_path / "config.json").write_text("{}")
    one, plain = fingerprint(tmp_path, (*WEIGHTS, *ONNX)), fingerprint(tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"2")
    assert fingerprint(tmp_path, (*WEIGHTS, *ONNX)) != one
    assert fingerprint(tmp_path) == plain


def test_what_it_cannot_do_is_one_line(scorer, monkeypatch):
    with pytest.raises(InputError, match="takes no prompts"):
        embedder("nli-xsmall", query_prompt="premise: ")
    with pytest.raises(InputError, match="no other library here"):
        checking.checked("nli-xsmall")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(InputError, match=r"needs 'onnxruntime'; run: .*\[onnx\]"):
        embedder("nli-xsmall")


def test_a_plan_names_its_extra(scorer):
    from freqbias.models import Loading
    from freqbias.probes import load_probe
    from freqbias.run.steps import Step

    step = Step(probe=load_probe("near-miss"), name="nli-xsmall", kind="embedder", info=scorer.info)
    assert needs_of(step, Loading()) == ("onnx", ("onnxruntime", "tokenizers"))
