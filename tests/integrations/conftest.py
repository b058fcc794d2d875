"""Models of every kind for the tests of what plugs into other tools."""

import socket

import pytest
from conftest import missing, needed

SIZES = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64, "initializer_range": 0.3}


@pytest.fixture(scope="session")
def model_folders(tmp_path_factory):
    """Return a directory of every kind of model: two real ones, the others tiny and random with the vocabulary of a real one."""
    torch, transformers, sentence_transformers = (needed(name) for name in ("torch", "transformers", "sentence_transformers"))
    from freqbias.models.names.aliases import find_alias

    ready = {name: find_alias(name).ready_directory() for name in ("minilm", "splade-tiny")}
    for name, folder in ready.items():
        if folder is None:
            missing(f"model {name}: freqbias models fetch {name}")
    folder = tmp_path_factory.mktemp("models")
    tokenizer = transformers.AutoTokenizer.from_pretrained(ready["minilm"])
    config = transformers.BertConfig(vocab_size=len(tokenizer), num_labels=1, **SIZES)
    torch.manual_seed(0)
    for name, kind in (("tiny", transformers.BertModel), ("cross", transformers.BertForSequenceClassification)):
        kind(config).eval().save_pretrained(folder / name)
        tokenizer.save_pretrained(folder / name)
    late = sentence_transformers.MultiVectorEncoder(str(folder / "tiny"), device="cpu")
    late.save_pretrained(str(folder / "late"), create_model_card=False)
    return {
        "SentenceTransformer": ready["minilm"],
        "SparseEncoder": ready["splade-tiny"],
        "MultiVectorEncoder": folder / "late",
        "CrossEncoder": folder / "cross",
        "tiny": folder / "tiny",
    }


@pytest.fixture
def offline(monkeypatch):
    """Refuse every connection."""

    def refuse(*_):
        raise AssertionError("a connection was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
