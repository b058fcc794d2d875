"""Tiny models of every kind of encoder, made once; repositories and directories with settings of their own."""

import json

import pytest
from conftest import needed

FILE = "config_sentence_transformers.json"


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """Return a folder with one tiny model a kind."""
    torch, tiny_models = needed("torch"), needed("tiny_models")
    folder, threads = tmp_path_factory.mktemp("tiny"), torch.get_num_threads()
    torch.set_num_threads(1)  # for models of this size threads only wait for each other
    tiny_models.bert(folder / "bert")
    tiny_models.multi_vector(folder / "bert", folder / "late")
    tiny_models.cross_encoder(folder / "cross")
    yield folder
    torch.set_num_threads(threads)


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
