"""What stands before the texts of a role: who decides, and what is stated. `test_prompts_put` tests that it is put there."""

import json
import logging

import pytest
from conftest import needed

from freqbias.errors import InputError
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
        ("e5-base-v2", {}, {"query_prompt": "q "}, "INFO", "as documented for E5, 'passage: ' stands before documents"),
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


def test_vectors_of_another_prompt_are_not_taken_for_these():
    from freqbias.models.store import store_key

    infos = [
        ModelInfo(
            name="m", kind="embedder", source="directory", fingerprint="f", details=decide("m", {}, Loading(query_prompt=text)).stated()
        )
        for text in ("", "a ", "b ")
    ]
    assert len({store_key(info, "query") for info in infos}) == 3
