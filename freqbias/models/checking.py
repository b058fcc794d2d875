"""Whether a model's numbers here are those of the library that it comes from, and what is applied to get them: `freqbias models check`.

The other side is `freqbias.models.reference`: the library's own calls on a model that is loaded afresh.
"""

import gc
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from freqbias.errors import BackendError, InputError, in_one_line, install_hint
from freqbias.models import check_name, embedder, language_model
from freqbias.models.adapters.opening import quiet_loading
from freqbias.models.loading import from_hub
from freqbias.models.names.aliases import ModelRef, resolve
from freqbias.models.names.families import family_of
from freqbias.models.names.kinds import POOLINGS, split
from freqbias.models.objects import is_given
from freqbias.models.protocols import Loading, ModelInfo
from freqbias.models.reference import CONTINUED, REGISTERED, TEXTS, Expected, Numbers, Wanted, couples, expected, facts
from freqbias.models.relevance import as_scorer

KINDS = ("embedder", "language_model")
#: How the architectures of language models end; those that read images too (Gemma 3 from 4B on, Qwen3.5) generate "conditionally".
CAUSAL = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")
#: What may differ, by number format, as a share of the larger of 1 and the library's number (a score, or the length of a vector). Seen:
#: 1e-6 in float32 (minilm), .018 and .027 in bfloat16 (minilm, splade-tiny).
TOLERANCE = {"float32": 1e-4, "float16": 1e-2, "bfloat16": 5e-2}
#: Nats a token. Seen with smollm2-135m: 2e-5 in float32, .14 in bfloat16, whose steps are .06 at logits of 16.
TOKEN_TOLERANCE = {"float32": 1e-3, "float16": 5e-2, "bfloat16": 0.5}
WHY = {
    "float32": "float32 has 24 bits; other batches move a score by 1e-7 to 1e-5, a wrong pooling or prompt by .01 and more",
    "float16": "float16 has 11 bits; other batches move a score by up to some thousandths",
    "bfloat16": "bfloat16 has 8 bits; other batches move a score by some hundredths, which may hide a small fault: check in float32 too",
}
TOKEN_WHY = {
    "float32": "float32 has 24 bits; other batches move a token by 1e-6 to 1e-4 nats, a wrong first token or border by .1 and more",
    "float16": "float16 has 11 bits; other batches move a token by up to some hundredths of a nat",
    "bfloat16": "bfloat16 has 8 bits; other batches move a token by tenths of a nat, which may hide a small fault: check in float32 too",
}
#: The adapters by class, and how each uses a model.
ADAPTERS = {
    "BM25Scorer": "bm25",
    "StaticEmbedder": "static",
    "SparseScorer": "sparse",
    "MultiVectorModel": "late",
    "CrossEncoderScorer": "cross",
    "QueryLikelihoodScorer": "ql",
    "SentenceTransformerEmbedder": "dense",
    "TransformersLanguageModel": "lm",
}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Our numbers against a library's.

    `difference` is the largest one as a share of the larger of 1 and the library's number; None where one side has a number and the
    other has none, or where there is nothing to compare. `without` counts what neither gives a number (a text beyond the window).
    """

    what: str
    by: str
    numbers: int
    without: int
    difference: float | None
    tolerance: float

    @property
    def ok(self) -> bool:
        """Whether the largest difference is within the tolerance."""
        return self.difference is not None and self.difference <= self.tolerance


@dataclass(frozen=True, kw_only=True)
class Check:
    """What is applied to a model, and how its numbers compare; `why` says where the tolerance comes from."""

    name: str
    applied: Mapping[str, Any]
    comparisons: tuple[Comparison, ...]
    why: str

    @property
    def ok(self) -> bool:
        """Whether every comparison is within its tolerance."""
        return all(row.ok for row in self.comparisons)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        rows = [{**asdict(row), "ok": row.ok} for row in self.comparisons]
        return {"name": self.name, "ok": self.ok, "applied": dict(self.applied), "comparisons": rows, "why": self.why}


def checked(name: str, kind: str | None = None, **options: Any) -> Check:
    """Load a model as a run would, and compare its numbers on ten texts with those of its library; `options` are fields of `Loading`.

    `InputError` for a name that leads nowhere, or to something that has no library of its own; `BackendError` where one side fails.
    """
    loading = Loading(**options)
    if loading.dtype not in TOLERANCE:
        raise InputError(f"unknown dtype '{loading.dtype}'; known: {', '.join(TOLERANCE)}")
    kind = kind_of(name, kind)
    place, applied, ours, template = _ours(name, kind, options)
    gc.collect()  # so that two copies of the weights are not held at a time
    use, folder = applied["use"], _folder(place)
    row = family_of(name)
    applied["family"] = row and row.name
    documented = row.prompts if row and row.use == use else {role: text for role, text in (applied["prompts"] or {}).items() if text}
    given = {role: options[f"{role}_prompt"] for role in REGISTERED if options.get(f"{role}_prompt") is not None}
    prompts = Wanted(given=given, documented=documented or {})
    try:
        with in_one_line(BackendError, f"model '{name}', by its own library", object()), quiet_loading():
            found = expected(use, folder, loading, prompts, template)
            own = facts(use, folder, loading)
    except ModuleNotFoundError as error:
        raise InputError(f"the comparison needs '{error.name}'; run: {install_hint('embed,lm')}") from error
    applied |= {**({"window": own["window"]} if use in ("lm", "ql") else {}), "tokenizer": own["tokenizer"]}
    tolerances, why = (TOKEN_TOLERANCE, TOKEN_WHY) if use in ("lm", "ql") else (TOLERANCE, WHY)
    rows = tuple(_compared(row, ours[row.what], tolerances[loading.dtype]) for row in found)
    return Check(name=name, applied=applied, comparisons=rows, why=why[loading.dtype])


def kind_of(name: str, kind: str | None) -> str:
    """Return whether a name is checked as an `embedder` or a `language_model`: as told, else as it says itself.

    `InputError` for a name that leads nowhere, to a function, or to a model that is not of the kind.
    """
    if kind is not None and kind not in KINDS:
        raise InputError(f"--kind is '{kind}'; known: {', '.join(KINDS)}")
    use, rest = split(name)
    if is_given(name) or is_given(rest):
        raise InputError(f"model '{name}' is a function or a plugin, which has no library of its own to be compared with")
    found = kind or ("embedder" if use else _seen_kind(resolve(rest)))
    check_name(name, found)
    return found


def _seen_kind(place: ModelRef) -> str:
    if place.alias is not None:
        return place.alias.kind
    folder = Path(place.path)
    if not folder.is_dir():
        return _kind_on_the_hub(place)
    if (folder / "modules.json").is_file():
        return "embedder"
    config = _read(folder / "config.json")
    causal = ("ForCausalLM", "LMHeadModel") if config.get("is_encoder_decoder") else CAUSAL
    return "language_model" if any(str(name).endswith(causal) for name in config.get("architectures") or []) else "embedder"


def _kind_on_the_hub(place: ModelRef) -> str:
    folder = from_hub(place, place.revision, only=["modules.json", "config.json"])
    return _seen_kind(ModelRef(given=place.given, name=place.name, path=str(folder), source="directory"))


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def _ours(name: str, kind: str, options: dict[str, Any]) -> tuple[ModelRef, dict[str, Any], dict[str, Numbers], str]:
    """Return where the model is, what is applied, our numbers by what they are, and the template of query likelihood."""
    model: Any = language_model(name, **options) if kind == "language_model" else embedder(name, **options)
    prefix, rest = split(name) if kind == "embedder" else (None, name)
    place = resolve(rest)
    adapter = type(model).__name__
    if adapter not in ADAPTERS:
        raise InputError(f"model '{name}' has no other library here to be compared with")
    use = ADAPTERS[adapter]
    if use == "dense" and (prefix in POOLINGS or not (Path(_folder(place)) / "modules.json").is_file()):
        use = prefix or POOLINGS[0]
    info: ModelInfo = model.info
    applied = {"kind": kind, "use": use, "because": _because(prefix, place, kind), "adapter": adapter, **_stated(model, info, use)}
    ours = _language_numbers(model) if use == "lm" else _scores(model)
    if "query vectors" in ours:
        norms = np.linalg.norm(ours["query vectors"], axis=1)
        applied["normalised"] = bool(np.abs(norms[norms > 0] - 1).max(initial=0.0) < 0.01)
        applied["dimensions"] = ours["query vectors"].shape[1]
    return place, applied | _identity(info, Loading(**options)), ours, str(info.details.get("template", ""))


def _because(prefix: str | None, place: ModelRef, kind: str) -> str:
    """Return what decided how a model is used."""
    if prefix:
        return f"the prefix '{prefix}:'"
    if place.alias is not None and place.alias.use:
        return "the table of short names"
    folder = Path(_folder(place))
    if kind == "embedder" and (folder / "modules.json").is_file():
        said = _read(folder / "config_sentence_transformers.json").get("model_type")
        return f"modules.json, model type {said}" if said else "modules.json"
    config = _read(folder / "config.json")
    names = ", ".join(map(str, config.get("architectures") or [])) or str(config.get("model_type", "no model type"))
    return f"config.json, {names}"


def _stated(model: Any, info: ModelInfo, use: str) -> dict[str, Any]:
    """Return what the adapter says that it does with texts."""
    said = info.details
    if use == "lm":
        names = ("first_token_context", "prompt_format", "scoring")
        return {"pooling": None, "prompts": None, "similarity": None, **{name: said.get(name) for name in names}}
    measure = getattr(model, "measure", None) or getattr(model, "similarity", None)
    prompts = {role: text for role, text in dict(said.get("prompts") or {}).items() if role in ("query", "document")}
    stated = {
        "pooling": said.get("pooling"),
        "prompts": prompts if any(prompts.values()) else None,
        "prompts_from": said.get("prompts_from"),
    }
    return {**stated, "similarity": measure, "window": model.max_tokens}


def _identity(info: ModelInfo, loading: Loading) -> dict[str, Any]:
    return {
        "dtype": loading.dtype,
        "quantisation": info.quantisation,
        "trust_remote_code": loading.trust_remote_code,
        "allow_pickle": loading.allow_pickle,
        "source": info.source,
        "revision": info.revision,
        "fingerprint": info.fingerprint,
    }


def _scores(model: Any) -> dict[str, Numbers]:
    """Return relevances as a run takes them, and the vectors where there are any."""
    texts, scorer = list(TEXTS), as_scorer(model)
    if scorer.pairwise:
        return {"scores": scorer.scores(*couples())}
    scorer.prepare(texts, texts)
    found = {"scores": scorer.matrix(texts, texts)}
    if hasattr(model, "encode"):
        found["query vectors"] = np.asarray(model.encode(texts, role="query"), np.float64)
        found["document vectors"] = np.asarray(model.encode(texts, role="document"), np.float64)
    return found


def _language_numbers(model: Any) -> dict[str, Numbers]:
    contexts, continuations = zip(*CONTINUED, strict=True)
    nats = model.continuation_log_probs(contexts, continuations)
    return {"tokens": np.concatenate(model.log_probs(TEXTS)), "continuations": nats}


def _folder(place: ModelRef) -> str:
    """Return the directory of a model that has been loaded, whose files are here by now."""
    if Path(place.path).is_dir() or (place.alias is not None and place.alias.use == "bm25"):
        return place.path
    from huggingface_hub import snapshot_download

    return str(snapshot_download(place.path, revision=place.revision, local_files_only=True))


def _compared(row: Expected, ours: Numbers, tolerance: float) -> Comparison:
    """Compare two sets of numbers of one shape; vectors by their distance, as a share of the library's length."""
    theirs = row.values
    if ours.shape != theirs.shape:
        return Comparison(what=row.what, by=row.by, numbers=theirs.size, without=0, difference=None, tolerance=tolerance)
    if row.what.endswith("vectors"):
        apart, size = np.linalg.norm(ours - theirs, axis=1), np.linalg.norm(theirs, axis=1)
        good = np.isfinite(ours).all(axis=1), np.isfinite(theirs).all(axis=1)
        size = np.where(size > 0, size, 1.0)
    else:
        apart, size = np.abs(ours - theirs), np.maximum(1.0, np.abs(theirs))
        good = np.isfinite(ours), np.isfinite(theirs)
    both = good[0] & good[1]
    agree = bool((good[0] == good[1]).all() and both.any())
    difference = float((apart[both] / size[both]).max()) if agree else None
    without = int((~good[0] & ~good[1]).sum())
    return Comparison(what=row.what, by=row.by, numbers=int(both.sum()), without=without, difference=difference, tolerance=tolerance)
