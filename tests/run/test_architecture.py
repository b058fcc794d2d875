"""The architecture of a model is known by its name, without its weights."""

import pytest
from conftest import missing

from freqbias.errors import FreqbiasError
from freqbias.models.names.aliases import find_alias
from freqbias.models.names.kinds import TABLE
from freqbias.run.architecture import BY_USE, architecture_of


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("bm25", "embedder", "bm25"),
        ("minilm", "embedder", "dense"),
        ("cls:minilm", "embedder", "dense"),
        ("static-multilingual", "embedder", "static"),
        ("splade-tiny", "embedder", "sparse"),
        ("ql:smollm2-135m", "embedder", "pair scorer"),
        ("smollm2-135m", "language_model", "language model"),
        ("synthetic:embed_null", "embedder", "dense"),
    ],
)
def test_by_name(name, kind, expected):
    alias = name.rpartition(":")[2]
    if ":" not in name and find_alias(alias).ready_directory() is None and alias != "bm25":
        missing(f"model {alias}: freqbias models fetch {alias}")
    assert architecture_of(name, kind) == expected


class Object:
    """A model of somebody's own, which can do what it is given."""

    def __init__(self, **abilities):
        from freqbias.models import ModelInfo

        self.info = ModelInfo(name="mine", kind="embedder", source="memory")
        self.max_tokens = None
        for name, value in abilities.items():
            setattr(self, name, value)

    def token_counts(self, texts):
        return None


def scores(queries, documents):
    return [0.0] * len(queries)


SCORER = {"scores": scores, "measure": "own", "prepare": print, "matrix": print, "pooled": print, "uncached": print}
late = Object(encode_tokens=print, measure="maxsim")
pair = Object(**SCORER, pairwise=True)
counts = Object(**SCORER, pairwise=False)


@pytest.mark.parametrize(("name", "expected"), [("late", "late interaction"), ("pair", "pair scorer"), ("counts", "other scorer")])
def test_an_object_is_known_by_what_it_can_be_asked(name, expected, monkeypatch):
    import freqbias.run.architecture as module

    monkeypatch.setattr(module, "is_given", lambda rest: True)
    monkeypatch.setattr(module, "model_object", lambda given, kind: globals()[name])
    assert architecture_of(name, "embedder") == expected


def test_every_use_of_a_model_has_an_architecture():
    assert {prefix for row in TABLE for prefix in row.prefixes} <= set(BY_USE)


def test_a_name_that_leads_nowhere_is_told():
    with pytest.raises(FreqbiasError, match="unknown model 'minlm'; did you mean 'minilm'"):
        architecture_of("minlm", "embedder")
