"""Scores of a few texts by the libraries' own calls, so that our adapters can be held against something that is not ours.

Nothing of `freqbias.models.adapters` is used here. A model is loaded afresh, texts are given one by one, so that nothing is padded, and
once more all at a time where the library has batches; what is compared is what the library's `similarity` or `predict` gives.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from freqbias.characters import normalised
from freqbias.models.protocols import Loading

Numbers = NDArray[np.float64]

TEXTS = (
    "The doctor treated the child.",
    "A physician attended to the infant.",
    "Where can I buy a used car?",
    "We purchased a second-hand automobile last week, and it has not started since.",
    "Größe, façade, naïve: “quoted” — and a dash…",
    "東京の天気は今日も晴れです。 Привет, мир! مرحبا",
    "a",
    "?!",
    "  Two  blanks,\ta tab and a 😀 at the end 👩‍🚀 ",
    "The house on the hill had stood empty for years, and nobody in the village remembered who had built it. " * 20,
)
#: Contexts and continuations for language models; the blank belongs to the continuation, as in every probe.
CONTINUED = (
    ("The doctor", " treated the child."),
    ("The doctor", " attended to the infant."),
    ("We bought a car. It was", " red and rather old"),
    ("Größe heißt auf Englisch", " size"),
)


#: Names under which `encode_query` and `encode_document` of sentence-transformers find a prompt by themselves.
REGISTERED = {"query": ("query",), "document": ("document", "passage", "corpus")}


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a library gives, and how it was asked.

    `what` is `scores` (every couple of `TEXTS`, or those of `couples()`), `query vectors`, `document vectors`, `tokens` (the
    log-probability of every token of every text, in a row) or `continuations`.
    """

    what: str
    by: str
    values: Numbers


def couples() -> tuple[list[str], list[str]]:
    """Return twenty queries and documents for models that read both at once: every text with itself, and with the next one."""
    return [*TEXTS, *TEXTS], [*TEXTS, *TEXTS[1:], TEXTS[0]]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What has to stand before the texts of a role: `given` whatever the model says, `documented` where it registers nothing."""

    given: Mapping[str, str]
    documented: Mapping[str, str]

    def argument(self, role: str, registered: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the library's argument `prompt`; empty where the library takes the one that the model registers."""
        if role in self.given:
            return {"prompt": self.given[role]}
        if any((registered or {}).get(name) for name in REGISTERED[role]) or role not in self.documented:
            return {}
        return {"prompt": self.documented[role]}


def expected(use: str, folder: str, loading: Loading, prompts: Wanted, template: str = "") -> list[Expected]:
    """Return the library's numbers for a model that is used as `use`, in a directory; for `ql` the template is ours."""
    if use == "bm25":
        return [Expected(what="scores", by="the formula, word by word", values=bm25(TEXTS, TEXTS))]
    if use in ("lm", "ql"):
        return _language_model(folder, loading, template)
    if use in ("mean", "cls", "last"):
        return _pooled(use, folder, loading, prompts)
    makers: dict[str, Callable[[str, Loading, Wanted], list[Expected]]]
    makers = {"static": _static, "sparse": _sparse, "late": _late, "cross": _cross}
    return makers.get(use, _dense)(folder, loading, prompts)


def _options(loading: Loading) -> dict[str, Any]:
    safe = {} if loading.allow_pickle else {"use_safetensors": True}
    return {
        "device": loading.device,
        "trust_remote_code": loading.trust_remote_code,
        "model_kwargs": {"dtype": loading.dtype, **safe},
    }


def _device(loading: Loading) -> str:
    import torch

    return loading.device or ("cuda" if torch.cuda.is_available() else "cpu")


def _array(values: Any) -> Numbers:
    return np.asarray(values.float().cpu().numpy() if hasattr(values, "cpu") else values, dtype=np.float64)


def _dense(folder: str, loading: Loading, prompts: Wanted) -> list[Expected]:
    from sentence_transformers import SentenceTransformer

    model: Any = SentenceTransformer(folder, **_options(loading))
    if "instructor" in Path(folder).name.lower():  # what the library does for that hub id, and not for a copy of its files
        model.set_pooling_include_prompt(False)
    calls = {"query": model.encode_query, "document": model.encode_document}
    found = []
    for how, size in (("one text at a time", 1), ("all texts in one batch", len(TEXTS))):
        sides = {}
        for role, encode in calls.items():
            parts = [TEXTS[i : i + size] for i in range(0, len(TEXTS), size)]
            rows = [
                encode(list(part), batch_size=size, show_progress_bar=False, **prompts.argument(role, model.prompts)) for part in parts
            ]
            sides[role] = np.concatenate(rows).astype(np.float64)
        by = f"SentenceTransformer.encode_query, encode_document, {how}"
        found.append(Expected(what="scores", by=by, values=_compared(sides, str(model.similarity_fn_name))))
        found += [Expected(what=f"{role} vectors", by=by, values=rows) for role, rows in sides.items()]
    return found


def _compared(sides: Mapping[str, Numbers], similarity: str) -> Numbers:
    """Return every query's cosine (or product, for `dot`) with every document, in float64."""
    left, right = sides["query"], sides["document"]
    if similarity != "dot":
        with np.errstate(invalid="ignore"):
            left, right = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (left, right))
    return left @ right.T


def _pooled(use: str, folder: str, loading: Loading, prompts: Wanted) -> list[Expected]:
    """Pool the last hidden states of transformers' own model by hand: no padding, hence no mask."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(folder, trust_remote_code=loading.trust_remote_code)
    safe = {} if loading.allow_pickle else {"use_safetensors": True}
    options = {"dtype": getattr(torch, loading.dtype), "trust_remote_code": loading.trust_remote_code, **safe}
    model: Any = AutoModel.from_pretrained(folder, **options)
    limit = min(tokenizer.model_max_length, getattr(model.config, "max_position_embeddings", None) or math.inf)
    model = (model.get_encoder() if model.config.is_encoder_decoder else model).to(_device(loading)).eval()
    cut = {"truncation": True, "max_length": int(limit)} if limit < 1e9 else {}
    sides = {}
    for role in ("query", "document"):
        rows = []
        for text in TEXTS:
            ids = tokenizer(prompts.argument(role).get("prompt", "") + text, return_tensors="pt", **cut).to(model.device)
            with torch.inference_mode():
                hidden = model(**ids).last_hidden_state[0].float()
            rows.append(_array({"mean": hidden.mean(0), "cls": hidden[0], "last": hidden[-1]}[use]))
        sides[role] = np.stack(rows)
    by = f"AutoModel, {use} of the last hidden states, one text at a time"
    return [
        Expected(what="scores", by=by, values=_compared(sides, "cosine")),
        *(Expected(what=f"{role} vectors", by=by, values=rows) for role, rows in sides.items()),
    ]


def _static(folder: str, _: Loading, __: Wanted) -> list[Expected]:
    from model2vec import StaticModel

    model = StaticModel.from_pretrained(folder)
    rows = np.stack([np.asarray(model.encode([text])[0], np.float64) for text in TEXTS])
    sides = {"query": rows, "document": rows}
    by = "model2vec's StaticModel.encode, one text at a time"
    vectors = Expected(what="query vectors", by=by, values=rows)
    return [Expected(what="scores", by=by, values=_compared(sides, "cosine")), vectors]


def _sparse(folder: str, loading: Loading, prompts: Wanted) -> list[Expected]:
    import torch
    from sentence_transformers import SparseEncoder

    model: Any = SparseEncoder(folder, **_options(loading))
    sides = []
    for role, encode in (("query", model.encode_query), ("document", model.encode_document)):
        rows = [encode([text], show_progress_bar=False, **prompts.argument(role, model.prompts)).coalesce().to_dense() for text in TEXTS]
        sides.append(torch.cat(rows))
    by = "SparseEncoder.encode_query, encode_document, similarity, one text at a time"
    return [Expected(what="scores", by=by, values=_array(model.similarity(*sides)))]


def _late(folder: str, loading: Loading, prompts: Wanted) -> list[Expected]:
    from sentence_transformers import MultiVectorEncoder

    model: Any = MultiVectorEncoder(folder, **_options(loading))
    sides = []
    for role, encode in (("query", model.encode_query), ("document", model.encode_document)):
        sides.append([encode([text], show_progress_bar=False, **prompts.argument(role, model.prompts))[0].float() for text in TEXTS])
    by = "MultiVectorEncoder.encode_query, encode_document, similarity, one text at a time"
    return [Expected(what="scores", by=by, values=_array(model.similarity(*sides)))]


def _cross(folder: str, loading: Loading, _: Wanted) -> list[Expected]:
    """Ask `CrossEncoder.predict` for the logit of its one label, or the share of `entailment`."""
    import torch
    from sentence_transformers import CrossEncoder

    model: Any = CrossEncoder(folder, **_options(loading))
    labels = [str(name).lower() for _, name in sorted(model.config.id2label.items())]
    one = torch.nn.Identity() if len(labels) == 1 else torch.nn.Softmax(dim=-1)
    given = [(query, document) for query, document in zip(*couples(), strict=True)]
    rows = [model.predict([couple], activation_fn=one, show_progress_bar=False, convert_to_tensor=True)[0] for couple in given]
    values = [float(row) if len(labels) == 1 else float(row[labels.index("entailment")]) for row in rows]
    return [Expected(what="scores", by="CrossEncoder.predict, one pair at a time", values=np.array(values))]


def _language_model(folder: str, loading: Loading, template: str) -> list[Expected]:
    """Take the log-softmax of transformers' own forward pass, row by row, each token's place gathered."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    trust = {"trust_remote_code": loading.trust_remote_code}
    tokenizer: Any = AutoTokenizer.from_pretrained(folder, **trust)
    safe = {} if loading.allow_pickle else {"use_safetensors": True}
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, loading.dtype), **trust, **safe)
    model = model.to(_device(loading)).eval()
    limit = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    first = tokenizer.eos_token_id if tokenizer.bos_token_id is None else tokenizer.bos_token_id

    def row(text: str) -> tuple[list[int], Numbers]:
        ids = list(tokenizer(text, add_special_tokens=False)["input_ids"])
        if not ids or (limit is not None and len(ids) + 1 > limit):
            return ids, np.full(len(ids), np.nan)
        context = ids if ids[0] == first else [first, *ids]
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([context], device=model.device)).logits[0].float()
        found = logits[:-1].log_softmax(-1).gather(1, torch.tensor(context[1:], device=logits.device)[:, None])
        return ids, _array(found[:, 0])

    def continued(context: str, continuation: str) -> float:
        ids, nats = row(context + continuation)
        before = tokenizer(context, add_special_tokens=False)["input_ids"]
        shared = next((i for i, (a, b) in enumerate(zip(ids, before, strict=False)) if a != b), min(len(ids), len(before)))
        return float(nats[len(nats) - (len(ids) - shared) :].sum())

    by = "AutoModelForCausalLM, forward pass and log_softmax, one text at a time"
    if template:
        pairs = [(template.format(document=document), f" {query}") for query, document in zip(*couples(), strict=True)]
        return [Expected(what="scores", by=by, values=np.array([continued(*pair) for pair in pairs]))]
    tokens = np.concatenate([row(text)[1] for text in TEXTS])
    return [
        Expected(what="tokens", by=by, values=tokens),
        Expected(what="continuations", by=by, values=np.array([continued(*pair) for pair in CONTINUED])),
    ]


def bm25(queries: Sequence[str], documents: Sequence[str]) -> Numbers:
    """Return Lucene's BM25 with k1 = 1.5 and b = .75 of every couple, fitted on the distinct documents (Kamphuis et al. 2020)."""
    split = {text: re.findall(r"\b\w\w+\b", normalised(text).lower()) for text in (*queries, *documents)}
    fitted = [split[text] for text in dict.fromkeys(documents)]
    mean = sum(map(len, fitted)) / len(fitted) or 1.0
    found = np.zeros((len(queries), len(documents)))
    for i, query in enumerate(queries):
        for j, document in enumerate(documents):
            own = split[document]
            for word in split[query]:
                having, count = sum(word in words for words in fitted), own.count(word)
                idf = math.log(1 + (len(fitted) - having + 0.5) / (having + 0.5))
                found[i, j] += idf * count / (count + 1.5 * (1 - 0.75 + 0.75 * len(own) / mean))
    return found


def facts(use: str, folder: str, loading: Loading) -> dict[str, Any]:
    """Return the class of a directory's tokenizer, and its configured window in tokens, as transformers reads them; None without one."""
    if use == "bm25":
        return {"tokenizer": None, "window": None}
    from transformers import AutoConfig, AutoTokenizer

    found: dict[str, Any] = {"tokenizer": None, "window": None}
    place = folder if (Path(folder) / "config.json").is_file() else str(Path(folder) / "0_Transformer")
    trust = loading.trust_remote_code
    try:
        config: Any = AutoConfig.from_pretrained(place, trust_remote_code=trust)
        found["window"] = getattr(config.get_text_config(), "max_position_embeddings", None)
        found["tokenizer"] = type(AutoTokenizer.from_pretrained(place, trust_remote_code=trust)).__name__
    except (OSError, ValueError, KeyError):  # static vectors, GloVe and bags of words have neither
        found["tokenizer"] = "tokenizers.Tokenizer" if (Path(folder) / "tokenizer.json").is_file() else None
    return found
