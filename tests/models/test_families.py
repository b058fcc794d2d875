"""The table of families: who belongs to which row, and that its rows can be relied on."""

import pytest

from freqbias.models.names.families import families, family_of, resembling
from freqbias.models.names.kinds import USES

E5 = {"query": "query: ", "document": "passage: "}
NOMIC = {"query": "search_query: ", "document": "search_document: "}
BGE = {"query": "Represent this sentence for searching relevant passages: ", "document": ""}


@pytest.mark.parametrize(
    ("name", "prompts"),
    [
        ("intfloat/e5-base-v2", E5),
        ("intfloat/e5-base-v2@main", E5),
        ("cls:intfloat/e5-base-v2", E5),
        ("INTFLOAT/E5-Base-V2", E5),
        ("huggingface/intfloat/e5-base-v2", E5),
        ("/models/e5-base-v2", E5),
        ("./models/e5-base-v2", E5),
        ("/cache/models--intfloat--e5-base-v2/snapshots/0123abc", E5),
        ("nomic-embed-text:latest", NOMIC),
        ("ollama/nomic-embed-text", NOMIC),
        ("bge-large", BGE),
        ("mxbai-embed-large:latest", BGE),
        ("BAAI/bge-m3", None),
        ("bge-m3", None),
        ("bge-m3:567m", None),
        ("sentence-transformers/all-MiniLM-L6-v2", None),
        ("all-minilm:22m", None),
    ],
)
def test_a_model_is_found_under_the_names_that_it_goes_by(name, prompts):
    family = family_of(name)
    assert family is not None
    assert family.prompts == prompts


@pytest.mark.parametrize(
    "name", ["bert-base-uncased", "text-embedding-3-small", "acme/own-model", "acme/own-lm", "mymodule:function", ""]
)
def test_other_models_belong_to_no_family(name):
    assert family_of(name) is None
    assert resembling(name) is None


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("acme/e5-base-v2", "E5"),
        ("Xenova/bge-base-en-v1.5", "BGE (English)"),
        ("qllama/nomic-embed-text", "nomic-embed v1"),
        ("dragonkue/snowflake-arctic-embed-l-v2.0-ko", "arctic-embed v2"),
    ],
)
def test_the_same_name_under_another_owner_only_resembles(name, family):
    assert family_of(name) is None
    found = resembling(name)
    assert found is not None
    assert found.name == family


def test_every_row_is_found_by_its_example_and_states_its_source():
    assert len(families()) >= 25
    for family in families():
        assert family_of(family.example) is family, family.name
        assert family.kind in ("embedder", "language_model")
        assert family.kind == "language_model" or family.use in USES
        assert family.source
        assert all(page.startswith("https://") for page in family.source)
        assert (family.prompts is None) == (family.prompts_from is None), family.name
        assert family.prompts is None or set(family.prompts) == {"query", "document"}
        assert family.prompts is None or any(family.prompts.values()), family.name


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("Qwen/Qwen3.5-4B-Base", "Qwen3.5"),
        ("/models/Qwen3.5-0.8B", "Qwen3.5"),
        ("qwen3.5:4b", "Qwen3.5"),
        ("Qwen/Qwen3-0.6B", "Qwen3"),
        ("google/gemma-4-E2B-it", "Gemma 4"),
        ("google/gemma-3-4b-pt", "Gemma 3"),
        ("perplexity-ai/pplx-embed-v1-4b", "pplx-embed"),
        ("perplexity-ai/pplx-embed-v1-late-0.6b", None),
        ("./snowflake-arctic-embed-l-v2.0-ko", "arctic-embed v2"),
        ("./bge-base-en-v1.5-legal", "BGE (English)"),
        ("./bge-small-zh-v1.5-law", "BGE (Chinese)"),
        ("MongoDB/mdbr-leaf-mt", "mdbr-leaf"),
        ("BAAI/bge-reranker-v2-m3", "BGE reranker"),
        ("BAAI/bge-reranker-v2-gemma", None),  # a language model that is asked for "Yes"
        ("jinaai/jina-reranker-v3", None),  # reads a list of documents at once
    ],
)
def test_neighbours_are_told_apart(name, family):
    found = family_of(name)
    assert (found and found.name) == family


def test_names_of_rows_are_unique():
    names = [family.name for family in families()]
    assert len(set(names)) == len(names)
