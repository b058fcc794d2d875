"""Names that lead to the hub, with and without an owner; misspelt aliases; and repositories whose weights are not fetched."""

import logging
import shutil

import pytest
from conftest import needed

from freqbias.errors import BackendError, InputError
from freqbias.models import check_name, embedder
from freqbias.models.names import aliases


@pytest.fixture(autouse=True)
def said_anew():
    aliases._taken.cache_clear()


OLD = ["gpt2", "gpt2-xl", "distilgpt2", "openai-gpt", "ctrl", "bert-base-uncased", "bert-large-cased-whole-word-masking"]
OLD += ["albert-base-v2", "roberta-base", "t5-small", "xlm-roberta-base", "xlnet-base-cased", "distilbert-base-uncased-distilled-squad"]


@pytest.mark.parametrize("name", OLD)
def test_old_hub_ids_have_no_owner(name, caplog):
    with caplog.at_level(logging.INFO, "freqbias"):
        found = aliases.resolve(name)
        aliases.resolve(name)
    assert (found.source, found.path, found.name, found.revision) == ("hub", name, name, None)
    assert [row.message.partition(";")[0] for row in caplog.records] == [
        f"'{name}' is no folder and no short name here: taken for the hub id '{name}'"
    ]


def test_an_old_name_that_is_near_an_alias_says_so(caplog):
    with caplog.at_level(logging.INFO, "freqbias"):
        assert aliases.resolve("t5-small").source == "hub"
    assert "the short name 'e5-small' is another model" in caplog.text


@pytest.mark.parametrize(
    "name", ["all-MiniLM-L6-v2", "paraphrase-multilingual-MiniLM-L12-v2", "LaBSE", "gtr-t5-base", "average_word_embeddings_glove.6B.300d"]
)
def test_names_that_sentence_transformers_completes(name):
    found = aliases.resolve(f"mean:{name}", "embedder")
    assert (found.path, found.name, found.use) == (f"sentence-transformers/{name}", name, "mean")
    check_name(name, "embedder")


@pytest.mark.parametrize(
    ("name", "near"),
    [("minilmm", "minilm"), ("e5-smal", "e5-small"), ("smollm2-135", "smollm2-135m"), ("bm52", "bm25"), ("mpnett", "mpnet")],
)
def test_a_misspelt_alias_is_no_hub_id(name, near):
    with pytest.raises(InputError, match=rf"unknown model '{name}'; did you mean '{near}'\?"):
        aliases.resolve(name)


@pytest.mark.parametrize("name", ["nosuch", "gpt-2-small", "bert", "my_model", "all", "Qwen3-8B"])
def test_other_names_without_an_owner_ask_for_one(name):
    with pytest.raises(InputError, match=rf"unknown model '{name}'.*a hub id with its owner such as 'org/name'"):
        aliases.resolve(name)


def test_a_folder_of_an_old_name_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gpt2").mkdir()
    assert aliases.resolve("gpt2").source == "directory"


def test_an_old_name_takes_a_revision():
    assert aliases.resolve("gpt2@v1").revision == "v1"
    with pytest.raises(InputError, match="no revision after the '@'"):
        aliases.resolve("gpt2@")


@pytest.fixture
def hub(tiny, tmp_path, monkeypatch):
    """Return a function that puts a repository with these files onto a hub; what a pattern leaves out is not fetched."""
    from fnmatch import fnmatch

    folder = tmp_path / "models--org--name" / "snapshots" / "c0ffee"
    shutil.copytree(tiny / "bert", folder)
    (folder / "model.safetensors").unlink()

    def made(*files):
        def download(name, *, ignore_patterns, **_):
            for file in files:
                if not any(fnmatch(file, pattern) for pattern in ignore_patterns):
                    (folder / file).parent.mkdir(exist_ok=True)
                    (folder / file).write_bytes(b"x")
            return str(folder)

        monkeypatch.setattr("huggingface_hub.snapshot_download", download)
        monkeypatch.setattr("huggingface_hub.list_repo_files", lambda name, revision=None: ["config.json", "tokenizer.json", *files])

    return made


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (["pytorch_model.bin"], "has its weights as pickles only, which can run code when loaded; give --allow-pickle to load them"),
        (["pytorch_model-00001-of-00002.bin", "pytorch_model.bin.index.json"], ".*give --allow-pickle"),
        (["model.pt"], ".*give --allow-pickle"),
        (["model-Q8_0.gguf"], r"has only \.gguf weights.*--base-url"),
        (["onnx/model.onnx", "onnx/model_quantized.onnx"], r"has only \.onnx weights"),
        (["tf_model.h5", "training_args.bin"], r"has only \.h5 weights"),
    ],
)
def test_weights_that_are_not_fetched_are_named(hub, files, reason):
    needed("torch")
    hub(*files)
    with pytest.raises(InputError, match=rf"^model 'org/name' {reason}"):
        embedder("org/name")


def test_without_the_hubs_list_the_loader_says_what_is_missing(hub, monkeypatch):
    needed("torch")
    hub("pytorch_model.bin")

    def offline(*arguments, **options):
        raise OSError("no route")

    monkeypatch.setattr("huggingface_hub.list_repo_files", offline)
    with pytest.raises(InputError, match=r"has no safetensors weights; if it has pickles .* give --allow-pickle to load them$"):
        embedder("org/name")


def test_a_hub_that_cannot_be_reached_is_one_line(monkeypatch):
    def offline(*arguments, **options):
        raise OSError("no route\nto the hub")

    monkeypatch.setattr(needed("huggingface_hub"), "snapshot_download", offline)
    with pytest.raises(BackendError, match=r"model 'bert-base-uncased' is not a directory here and could not be fetched .*: no route$"):
        embedder("bert-base-uncased")
