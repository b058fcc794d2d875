"""What stands before the texts of a role: who decides, what is stated, and that it is put there once."""

import json
import logging
import shutil

import misbehaving
import numpy as np
import pytest
from conftest import needed
from misbehaving import Server

from freqbias import models
from freqbias.errors import InputError
from freqbias.models import backends
from freqbias.models.names import prompts
from freqbias.models.names.prompts import decide, settings_of
from freqbias.models.protocols import Loading, ModelInfo

E5 = {"query": "query: ", "document": "passage: "}
BARE = {"query": "", "document": ""}
TEXTS = ["the doctor healed", "a car"]
FILE = "config_sentence_transformers.json"


def own(**texts):
    return {"prompts": texts}


@pytest.mark.parametrize(
    ("name", "repository", "options", "expected", "origin"),
    [
        ("intfloat/e5-base-v2", {}, {}, E5, "table"),
        ("intfloat/e5-base-v2", None, {}, E5, "table"),
        ("e5-base-v2", own(query="", document=""), {}, E5, "table"),  # as sentence-transformers saves every model
        ("e5-base-v2", {"prompts": None, "default_prompt_name": None}, {}, E5, "table"),
        ("e5-base-v2", own(query="q: ", document="d: "), {}, {"query": "q: ", "document": "d: "}, "repository"),
        ("e5-base-v2", own(query="q: ", document="d: "), {"query_prompt": "x "}, {"query": "x ", "document": "d: "}, "mixed"),
        ("e5-base-v2", {}, {"query_prompt": "", "document_prompt": ""}, BARE, "options"),
        ("e5-base-v2", {}, {"query_prompt": "a ", "document_prompt": "b "}, {"query": "a ", "document": "b "}, "options"),
        ("own/model", {}, {"query_prompt": "a "}, {"query": "a ", "document": ""}, "options"),
        ("own/model", {}, {}, BARE, "none"),
        ("sentence-transformers/all-MiniLM-L6-v2", {}, {}, BARE, "none"),
        ("BAAI/bge-m3", {}, {}, BARE, "none"),
        ("own/model", own(query="q: ", passage="p: "), {}, {"query": "q: ", "document": "p: "}, "repository"),
        ("own/model", own(query="q: ", document="", passage="p: "), {}, {"query": "q: ", "document": "p: "}, "repository"),
        ("own/model", own(corpus="c: "), {}, {"query": "", "document": "c: "}, "repository"),
        (
            "own/model",
            {"prompts": {"retrieval.query": "q: ", "retrieval.passage": "p: "}},
            {},
            {"query": "q: ", "document": "p: "},
            "repository",
        ),
        ("own/model", own(search_query="q: ", search_document="p: "), {}, {"query": "q: ", "document": "p: "}, "repository"),
        ("own/model", own(web_search_query="w: ", sts_query="s: "), {}, {"query": "w: ", "document": ""}, "repository"),
        ("own/model", own(s2p_query="w: ", s2s_query="s: "), {}, {"query": "w: ", "document": ""}, "repository"),
        ("own/model", own(sts="s: ", clustering="c: "), {}, BARE, "none"),
        ("own/model", {"prompts": {"any": "x: "}, "default_prompt_name": "any"}, {}, {"query": "x: ", "document": "x: "}, "repository"),
        ("own/model", {"prompts": {"query": "x: "}, "default_prompt_name": "query"}, {}, {"query": "x: ", "document": ""}, "repository"),
        (
            "own/model",
            {"prompts": {"passage": "x: "}, "default_prompt_name": "passage"},
            {},
            {"query": "", "document": "x: "},
            "repository",
        ),
        ("own/model", {"prompts": {"query": "x: "}, "default_prompt_name": "gone"}, {}, {"query": "x: ", "document": ""}, "repository"),
        ("nomic-embed-text:latest", {}, {}, {"query": "search_query: ", "document": "search_document: "}, "table"),
        ("bge-m3", {}, {}, BARE, "none"),
        ("acme/e5-base-v2", {}, {}, BARE, "none"),
    ],
)
def test_options_come_before_the_repository_and_that_before_the_table(name, repository, options, expected, origin):
    found = decide(name, repository, Loading(**options))
    assert found.by_role() == expected
    assert found.stated() == {"prompts": expected, "prompts_from": {"mixed": "query: options, document: repository"}.get(origin, origin)}


@pytest.mark.parametrize(
    ("name", "repository", "options", "level", "words"),
    [
        (
            "e5-base-v2",
            {},
            {},
            "INFO",
            "its repository registers no prompts; as documented for E5, 'query: ' stands before queries and 'passage: '",
        ),
        ("bge-base-en", {}, {}, "INFO", "relevant passages: ' stands before queries and nothing before documents"),
        ("e5-base-v2", None, {}, "INFO", "its repository could not be asked for prompts; as documented for E5"),
        ("acme/e5-base-v2", {}, {}, "WARNING", "(E5) asks for --query-prompt 'query: ' and --document-prompt 'passage: '"),
        (
            "e5-base-v2",
            own(query="query: "),
            {},
            "WARNING",
            "(E5) asks for --document-prompt 'passage: ', and no such prompt is used",
        ),
        ("e5-base-v2", {}, {"query_prompt": "", "document_prompt": ""}, "INFO", "(E5) asks for --query-prompt"),
        ("own/model", None, {}, "WARNING", "the hub could not be asked for its prompts, so none is used"),
    ],
)
def test_one_line_says_what_the_table_adds_and_what_is_missing(caplog, name, repository, options, level, words):
    with caplog.at_level(logging.INFO):
        decide(name, repository, Loading(**options))
    (record,) = caplog.records
    assert record.levelname == level
    assert words in record.getMessage()
    assert f"model '{name}'" in record.getMessage()


@pytest.mark.parametrize(
    ("name", "repository"),
    [("minilm", {}), ("own/model", {}), ("BAAI/bge-m3", None), ("own", own(sts="x")), ("e5", own(**E5)), ("bm25", {})],
)
def test_nothing_is_said_of_models_that_have_what_they_want(caplog, name, repository):
    with caplog.at_level(logging.INFO):
        decide(name, repository, Loading())
    assert not caplog.records


def test_settings_of_a_directory(tmp_path):
    assert settings_of(str(tmp_path)) == {}
    assert settings_of("") == {}
    assert settings_of("no-folder") == {}
    (tmp_path / FILE).write_text('{"prompts": {"query": "q: "}}')
    assert settings_of(str(tmp_path)) == own(query="q: ")
    (tmp_path / FILE).write_text("[]")
    assert settings_of(str(tmp_path)) == {}
    (tmp_path / FILE).write_text("{")
    with pytest.raises(InputError, match=r"config_sentence_transformers\.json: cannot be read"):
        settings_of(str(tmp_path))


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Return a function that puts a repository into an empty cache of a hub that cannot be reached."""
    huggingface_hub = needed("huggingface_hub")
    monkeypatch.setattr(needed("huggingface_hub.constants"), "HF_HUB_CACHE", str(tmp_path / "hub"))

    def unreachable(*arguments, **options):
        assert options["timeout"] <= 5
        raise OSError("no route to host")

    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", unreachable)

    def put(repo, settings, revision="main", commit="0123456789abcdef0123456789abcdef01234567"):
        folder = tmp_path / "hub" / f"models--{repo.replace('/', '--')}"
        snapshot = folder / "snapshots" / commit
        snapshot.mkdir(parents=True)
        (folder / "refs").mkdir(exist_ok=True)
        (folder / "refs" / revision).write_text(commit)
        if settings is None:
            (folder / ".no_exist" / commit).mkdir(parents=True)
            (folder / ".no_exist" / commit / FILE).touch()
        else:
            (snapshot / FILE).write_text(json.dumps(settings))

    return put


def test_settings_of_a_hub_id_come_from_the_cache_at_the_revision(hub):
    hub("own/model", own(query="q: "))
    hub("own/model", own(query="older: "), "v1", "a" * 40)
    hub("own/none", None)
    assert settings_of("own/model") == own(query="q: ")
    assert settings_of("own/model", "v1") == own(query="older: ")
    assert settings_of("own/none") == {}
    assert settings_of("own/other") is None  # it may have some, and nobody can be asked
    assert settings_of("not/a/repository/id") == {}


def test_one_file_is_fetched_from_a_hub_that_answers(hub, tmp_path, monkeypatch):
    import huggingface_hub
    from huggingface_hub import errors

    asked = []

    def download(repo, file, **options):
        asked.append((repo, file, options["revision"]))
        (tmp_path / file).write_text(json.dumps(own(query="q: ")))
        return str(tmp_path / file)

    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", lambda *arguments, **options: None)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    assert settings_of("own/model", "v1") == own(query="q: ")
    assert asked == [("own/model", FILE, "v1")]

    def missing(kind):
        def answer(*arguments, **options):
            raise kind("404", response=needed("httpx").Response(404, request=needed("httpx").Request("HEAD", "https://hub")))

        monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", answer)

    missing(errors.RemoteEntryNotFoundError)
    assert settings_of("own/model") == {}
    missing(errors.RepositoryNotFoundError)
    assert settings_of("own/model") == {}
    missing(errors.GatedRepoError)
    assert settings_of("own/model") is None


@pytest.fixture
def folder(tiny, tmp_path):
    """Return a function that saves the tiny encoder under a name, with settings of its own."""
    needed("sentence_transformers")

    def saved(name, settings=None):
        from sentence_transformers import SentenceTransformer

        path = tmp_path / name
        SentenceTransformer(str(tiny / "bert"), device="cpu").save_pretrained(str(path), create_model_card=False)
        if settings is not None:
            (path / FILE).write_text(json.dumps({**json.loads((path / FILE).read_text()), **settings}))
        return str(path)

    return saved


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


def test_vectors_of_another_prompt_are_not_taken_for_these():
    from freqbias.models.store import store_key

    infos = [
        ModelInfo(
            name="m", kind="embedder", source="directory", fingerprint="f", details=decide("m", {}, Loading(query_prompt=text)).stated()
        )
        for text in ("", "a ", "b ")
    ]
    assert len({store_key(info, "query") for info in infos}) == 3
