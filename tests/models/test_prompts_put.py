"""That every adapter and backend puts the prompts that it states, once."""

import json
import shutil

import misbehaving
import numpy as np
import pytest
from misbehaving import Server

from freqbias import models
from freqbias.errors import InputError
from freqbias.models import backends
from freqbias.models.names import prompts

E5 = {"query": "query: ", "document": "passage: "}
BARE = {"query": "", "document": ""}
TEXTS = ["the doctor healed", "a car"]
FILE = "config_sentence_transformers.json"


def own(**texts):
    return {"prompts": texts}


def assert_put(path, expected, plain, **options):
    """Check that the model puts what it states, once, and nothing else."""
    model = models.embedder(path, **options)
    assert model.info.details["prompts"] == expected
    for role, prompt in expected.items():
        np.testing.assert_allclose(
            model.encode(TEXTS, role=role), plain.encode([prompt + text for text in TEXTS], role=role), atol=1e-6, err_msg=role
        )
    return model


def test_sentence_transformers_puts_what_is_stated_once(folder):
    plain = models.embedder(folder("plain"))
    assert plain.info.details["prompts"] == BARE
    assert plain.info.details["prompts_from"] == "none"
    assert_put(folder("e5-base-v2"), E5, plain)
    registered = folder("own", own(query="the big ", document="the hill "))
    assert_put(registered, {"query": "the big ", "document": "the hill "}, plain)
    assert_put(registered, {"query": "in ", "document": "the hill "}, plain, query_prompt="in ")
    assert_put(registered, BARE, plain, query_prompt="", document_prompt="")
    assert_put(folder("passage", own(query="the big ", passage="the hill ")), {"query": "the big ", "document": "the hill "}, plain)
    default = {"prompts": {"any": "the big "}, "default_prompt_name": "any"}
    assert_put(folder("default", default), {"query": "the big ", "document": "the big "}, plain)
    only_queries = {"prompts": {"query": "the big "}, "default_prompt_name": "query"}
    assert_put(folder("queries", only_queries), {"query": "the big ", "document": ""}, plain)


def test_a_directory_with_a_named_pooling_gets_the_prompts_too(tiny, tmp_path, folder):
    plain = models.embedder(f"cls:{folder('plain')}")
    assert_put(f"cls:{folder('own', own(query='the big '))}", {"query": "the big ", "document": ""}, plain)
    shutil.copytree(tiny / "bert", tmp_path / "e5-small-v2")  # a config.json alone
    assert_put(f"cls:{tmp_path / 'e5-small-v2'}", E5, plain)


def test_a_model_in_memory_has_what_it_says_of_itself(folder, caplog):
    from sentence_transformers import SentenceTransformer

    from freqbias.models.loading import loaded

    path = folder("plain")
    bare = loaded(SentenceTransformer(path, device="cpu"), "e5-base-v2")
    assert bare.info.details["prompts"] == BARE
    assert "(E5) asks for --query-prompt 'query: '" in caplog.text
    prompted = loaded(SentenceTransformer(path, device="cpu", prompts={"query": "a ", "passage": "b "}), "mine")
    assert prompted.info.details["prompts"] == {"query": "a ", "document": "b "}


#: As PyLate saves them.
MARKERS = {"query_prefix": "[Q] ", "document_prefix": "[D] ", "query_length": 20, "document_length": 20, "do_query_expansion": False}


def test_late_interaction_keeps_its_markers(tiny, tmp_path, caplog):
    shutil.copytree(tiny / "late", tmp_path / "e5-late")
    settings = json.loads((tmp_path / "e5-late" / FILE).read_text())
    plain = models.embedder(str(tiny / "late"))
    assert plain.info.details["prompts"] == BARE
    (tmp_path / "e5-late" / FILE).write_text(json.dumps({**settings, **MARKERS}))
    model = models.embedder(str(tmp_path / "e5-late"))
    assert model.info.details["prompts"] == {"query": "[Q] ", "document": "[D] "}
    assert model.info.details["prompts_from"] == "repository"
    for role, marker in (("query", "[Q] "), ("document", "[D] ")):
        found, expected = model.encode_tokens(TEXTS, role=role), plain.encode_tokens([marker + text for text in TEXTS], role=role)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)


def test_sparse_models_have_prompts_too(tmp_path):
    from freqbias.models.names.aliases import aliases

    source = aliases()["splade-tiny"].ready_directory()
    if source is None:
        pytest.skip("model splade-tiny; run: freqbias models fetch splade-tiny")
    plain = models.embedder("splade-tiny")
    assert plain.info.details["prompts"] == BARE
    prompted = models.embedder("splade-tiny", query_prompt="find: ", document_prompt="text: ")
    assert prompted.info.details["prompts"] == {"query": "find: ", "document": "text: "}
    expected = plain.matrix([f"find: {text}" for text in TEXTS], [f"text: {text}" for text in TEXTS])
    np.testing.assert_allclose(prompted.matrix(TEXTS, TEXTS), expected, rtol=1e-5)
    np.testing.assert_allclose(prompted.uncached().matrix(TEXTS, TEXTS), expected, rtol=1e-5)


def test_others_take_no_prompts_and_say_so(tiny):
    assert models.embedder(str(tiny / "cross")).info.details["prompts"] == BARE
    rows = {
        str(tiny / "cross"): "reads query and document together",
        str(tiny / "late"): "puts markers of its own",
        "bm25": "counts words",
        "ql:smollm2-135m": "puts a text of its own",
        "synthetic:embed_words": "is told the role of a text",
    }
    for name, reason in rows.items():
        with pytest.raises(InputError, match=rf"{reason}.*; leave out --query-prompt and --document-prompt"):
            models.embedder(name, query_prompt="x")
        with pytest.raises(InputError, match=reason):
            models.embedder(name, document_prompt="")


TASKS = """
from sentence_transformers.sentence_transformer.modules import Transformer as Own

TASKS = {tasks}


class Transformer(Own):
    def forward(self, features, task=None, **more):
        if task not in TASKS:
            raise ValueError(f"Unsupported task '{{task}}'. Supported tasks are: {{', '.join(TASKS)}}")
        features = super().forward(features, **more)
        features["token_embeddings"] = features["token_embeddings"] + 10.0 ** TASKS.index(task)
        return features
"""


def with_tasks(folder, name, tasks, settings=None):
    path = folder(name, settings)
    modules = json.loads((prompts.Path(path) / "modules.json").read_text())
    modules[0].update(type="custom_st.Transformer", kwargs=["task"])
    (prompts.Path(path) / "modules.json").write_text(json.dumps(modules))
    (prompts.Path(path) / "custom_st.py").write_text(TASKS.format(tasks=tasks))
    return path


@pytest.mark.parametrize(
    ("name", "tasks", "registered", "expected"),
    [
        (
            "jina-embeddings-v3",
            ["retrieval.query", "retrieval.passage"],
            {},
            {"query": "retrieval.query", "document": "retrieval.passage"},
        ),
        ("jina-embeddings-v4", ["code", "retrieval"], {}, {"query": "retrieval", "document": "retrieval"}),
        ("own", ["find", "retrieval.query", "retrieval.passage"], {}, {"query": "retrieval.query", "document": "retrieval.passage"}),
        ("named", ["search_query", "search_document"], {"search_query": "a ", "search_document": "b "}, None),
        ("plain", ["query", "document"], {}, {}),
    ],
)
def test_code_with_tasks_of_its_own_is_told_their_names(folder, name, tasks, registered, expected):
    path = with_tasks(folder, name, tasks, {"prompts": registered})
    model = models.embedder(path, trust_remote_code=True)
    expected = {"query": "search_query", "document": "search_document"} if expected is None else expected
    assert model.info.details.get("tasks", {}) == expected
    plain = models.embedder(folder("bare"))
    for role in ("query", "document"):
        prompt, task = model.info.details["prompts"][role], expected.get(role, role)
        found = model.encode(TEXTS, role=role)
        bare = plain.encode([prompt + text for text in TEXTS], role=role)
        np.testing.assert_allclose(found, bare + 10.0 ** tasks.index(task), rtol=1e-4, atol=1e-5)


def test_code_with_unknown_tasks_is_one_line(folder):
    path = with_tasks(folder, "own", ["find", "keep"])
    with pytest.raises(
        InputError, match=r"model 'own' takes names of tasks that are not known here \(tried: query, .*Unsupported task 'query'"
    ):
        models.embedder(path, trust_remote_code=True)


def serving(name):
    """Return a server of one model, and the texts that it is sent."""
    sent = []

    def embeddings(body):
        sent.extend(body["input"])
        return misbehaving.embeddings(body)

    return Server(models=lambda body: {"data": [{"id": name}]}, embeddings=embeddings), sent


@pytest.mark.parametrize(
    ("name", "settings", "options", "expected", "origin"),
    [
        ("intfloat/e5-base-v2", None, {}, E5, "table"),
        ("own/model", own(query="q: ", passage="p: "), {}, {"query": "q: ", "document": "p: "}, "repository"),
        ("own/model", own(query="q: "), {"query_prompt": ""}, BARE, "query: options, document: repository"),
        ("own/plain", None, {}, BARE, "none"),
        ("nomic-embed-text:latest", None, {}, {"query": "search_query: ", "document": "search_document: "}, "table"),
        ("bge-m3", None, {}, BARE, "none"),
        ("small", None, {"document_prompt": "text: "}, {"query": "", "document": "text: "}, "options"),
    ],
)
def test_a_server_is_sent_what_the_manifest_states(hub, monkeypatch, name, settings, options, expected, origin):
    if "/" in name:
        hub(name, settings)
    monkeypatch.setattr(backends, "_tokens", lambda *arguments: None)
    server, sent = serving(name)
    with server:
        model = models.embedder(name, base_url=server.url, **options)
        sent.clear()
        for role in ("query", "document"):
            model.encode(["a"], role=role)
    assert sent == [expected["query"] + "a", expected["document"] + "a"]
    assert model.info.details["prompts"] == expected
    assert model.info.details["prompts_from"] == origin


def test_a_served_directory_and_one_here_put_the_same(folder, monkeypatch):
    path = folder("e5-base-v2", own(query="the big ", passage="the hill "))
    server, sent = serving(path)
    with server:
        served = models.embedder(path, base_url=server.url)
        served.encode(["a"], role="document")
    assert sent[-1] == "the hill a"
    here = models.embedder(path)
    for name in ("prompts", "prompts_from"):
        assert served.info.details[name] == here.info.details[name]
    assert served.max_tokens is None


@pytest.mark.parametrize(
    ("name", "settings", "expected", "origin"),
    [("intfloat/e5-base-v2", None, E5, "table"), ("own/model@v1", own(query="q: "), {"query": "q: ", "document": ""}, "repository")],
)
def test_vllm_is_given_the_prompts_of_a_hub_id(hub, monkeypatch, name, settings, expected, origin):
    from freqbias.models.adapters import vllm

    hub(name.partition("@")[0], settings, name.partition("@")[2] or "main")
    monkeypatch.setattr(vllm, "VllmEmbedder", lambda path, info, loading, texts: (info, loading.revision, texts))
    info, revision, texts = models.embedder(name, backend="vllm")
    assert texts == expected
    assert info.details == {"prompts": expected, "prompts_from": origin}
    assert revision == (name.partition("@")[2] or None)
