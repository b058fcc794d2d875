"""A tiny copy of each family's layout: its architecture with two small layers, random weights, and the files that its repository has.

What matters to how a model is used is copied: architecture, modules, pooling, projections, prompts and their names, special tokens and
the side of padding. `LAYOUTS` has one entry a row of `families.json` whose column `checked` says `tiny copy`.
"""

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    PreTrainedTokenizerFast,
    T5EncoderModel,
)

from freqbias.models.names.families import families
from freqbias.models.reference import TEXTS

BERT = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
ROBERTA = ("<pad>", "<unk>", "<s>", "</s>", "<mask>")
WEB = "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:"
REPRESENT = "Represent this sentence for searching relevant passages: "
CHAT = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64, "max_position_embeddings": 1026}


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a family's repository looks.

    `tokens` is how its tokenizer cuts (`wordpiece`, `metaspace`, `bytes`), `ends` the special tokens around a text. `dense` are the
    projections behind the pooling (size, bias, activation). `prompts` are those that the repository registers, under its own names.
    """

    model_type: str
    tokens: str = "wordpiece"
    ends: str = "[CLS] $A [SEP]"
    pooling: str | None = None
    dense: tuple[tuple[int, bool, str], ...] = ()
    normalise: bool = False
    prompts: dict[str, str] | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    side: str = "right"
    head: str = "base"
    chat: bool = False
    architecture: str | None = None


def _bert(**more):
    return Layout(model_type="bert", **more)


def _xlmr(**more):
    return Layout(model_type="xlm-roberta", tokens="metaspace", ends="<s> $A </s>", **more)


def _decoder(model_type, **more):
    settings = {"num_key_value_heads": 2, **more.pop("settings", {})}
    return Layout(model_type=model_type, settings=settings, **more)


def _causal(model_type, *, bos=True, chat=True, **more):
    tokens = more.pop("tokens", "bytes")
    return _decoder(model_type, tokens=tokens, ends="<s> $A" if bos else "$A", head="causal", chat=chat, **more)


MEAN = {"pooling": "mean", "normalise": True}
CLS = {"pooling": "cls", "normalise": True}
MISTRAL = {"tokens": "metaspace", "ends": "<s> $A </s>", "pooling": "last", "normalise": True}
MODERN = {"tokens": "bytes", "ends": "[CLS] $A [SEP]", "settings": {"global_attn_every_n_layers": 2, "local_attention": 16}}

ROPE = {"rope_type": "default", "rope_theta": 10000.0}

LAYOUTS: dict[str, Layout] = {
    "multilingual-E5 instruct": _xlmr(**MEAN),
    "E5-mistral": _decoder("mistral", **MISTRAL, prompts={"web_search_query": f"{WEB} ", "sts_query": "Instruct: Similar.\nQuery: "}),
    "E5": _bert(**MEAN),
    "BGE-M3": _xlmr(**CLS),
    "BGE reranker": _xlmr(head="classifier"),
    "BGE (English)": _bert(**CLS),
    "BGE (Chinese)": _bert(**CLS),
    "GTE-ModernColBERT": Layout(model_type="modernbert", **MODERN, head="pylate"),
    "GTE ModernBERT": Layout(model_type="modernbert", **MODERN, pooling="cls"),
    "GTE": _bert(**MEAN),
    "Qwen3-Embedding": _decoder(
        "qwen3",
        tokens="bytes",
        ends="$A </s>",
        pooling="last",
        normalise=True,
        side="left",
        prompts={"query": WEB, "document": ""},
        architecture="Qwen3ForCausalLM",
        settings={"head_dim": 8},
    ),
    "ModernBERT-embed": Layout(model_type="modernbert", **MODERN, pooling="mean", normalise=True),
    "Instructor": Layout(model_type="t5", tokens="metaspace", ends="$A </s>", **MEAN, dense=((32, False, "Identity"),)),
    "mxbai-embed": _bert(pooling="cls", prompts={"query": REPRESENT, "passage": ""}),
    "mxbai-rerank": Layout(model_type="deberta-v2", tokens="metaspace", ends="[CLS] $A [SEP]", head="classifier"),
    "arctic-embed v2": _xlmr(**CLS, prompts={"query": "query: "}),
    "arctic-embed v1": _bert(**CLS, prompts={"query": REPRESENT}),
    "EmbeddingGemma": _decoder(
        "gemma3_text",
        tokens="metaspace",
        ends="<s> $A </s>",
        **MEAN,
        dense=((64, False, "Identity"), (32, False, "Identity")),
        prompts={
            "query": "task: search result | query: ",
            "document": "title: none | text: ",
            "STS": "task: sentence similarity | query: ",
        },
        settings={"head_dim": 8, "use_bidirectional_attention": True, "sliding_window": 64, "query_pre_attn_scalar": 8},
    ),
    "UAE": _bert(pooling="cls"),
    "SFR-Embedding": _decoder("mistral", **MISTRAL),
    "Linq-Embed": _decoder("mistral", **MISTRAL),
    "granite-embedding": Layout(model_type="modernbert", **MODERN, pooling="cls", normalise=True),
    "multi-qa": _bert(**MEAN),
    "paraphrase and LaBSE": _bert(pooling="mean"),
    "GIST": _bert(**CLS),
    "Potion, model2vec": Layout(model_type="model2vec", head="static"),
    "SPLADE": _bert(head="splade"),
    "ColBERT": _bert(head="colbert"),
    "ms-marco cross-encoders": _bert(head="classifier"),
    "Llama 3": _causal("llama"),
    "Qwen2.5": _causal("qwen2", bos=False),
    "Qwen3": _causal("qwen3", bos=False, settings={"head_dim": 8}),
    "Gemma 2": _causal("gemma2", tokens="metaspace", settings={"head_dim": 8, "sliding_window": 64, "query_pre_attn_scalar": 8}),
    "Mistral and Ministral": _causal("mistral", tokens="metaspace", settings={"sliding_window": None}),
    "Phi-4": _causal("phi3"),
    "SmolLM3": _causal("smollm3", bos=False, settings={"no_rope_layer_interval": 2}),
    "OLMo 2 and 3": _causal("olmo2"),
    "Granite": _causal("granite", settings={"logits_scaling": 8.0, "embedding_multiplier": 12.0}),
    "gpt-oss": _causal(
        "gpt_oss",
        settings={"head_dim": 8, "num_local_experts": 4, "num_experts_per_tok": 2, "sliding_window": 64, "rope_parameters": ROPE},
    ),
    "DeepSeek-R1 distills": _causal("qwen2"),
    "Falcon 3": _causal("llama", bos=False),
    "Falcon-H1": _causal("falcon_h1", settings={"mamba_d_ssm": 32, "mamba_n_heads": 4, "mamba_d_head": 8, "mamba_d_state": 8}),
    "GPT-2": _causal("gpt2", chat=False),
    "Pythia": _causal("gpt_neox", chat=False),
    "LFM2": _causal("lfm2", settings={"layer_types": ["conv", "full_attention"], "conv_L_cache": 3}),
}


def build(family: str, folder: Path) -> Path:
    """Write the tiny copy of a family into a folder of the name of its example; return that folder."""
    layout, row = LAYOUTS[family], next(row for row in families() if row.name == family)
    target = folder / row.example.rpartition("/")[2]
    target.mkdir(parents=True)
    torch.manual_seed(0)
    if layout.head == "static":
        return _static(target)
    words = tokenizer(layout)
    makers = {"classifier": AutoModelForSequenceClassification, "splade": AutoModelForMaskedLM, "causal": AutoModelForCausalLM}
    config = _config(layout, words)
    encoder = T5EncoderModel(config) if layout.model_type == "t5" else makers.get(layout.head, AutoModel).from_config(config)
    model = encoder.eval()
    _widen(model)
    model.save_pretrained(target)
    words.save_pretrained(target)
    if layout.architecture:
        _json(target / "config.json", json.loads((target / "config.json").read_text()) | {"architectures": [layout.architecture]})
    finish = {"base": _modules, "splade": _splade, "colbert": _colbert, "pylate": _pylate}
    finish.get(layout.head, lambda *_: None)(layout, target)
    return target


def _config(layout, words):
    sizes = {"vocab_size": len(words), "pad_token_id": words.pad_token_id, **SIZES}
    if layout.model_type == "t5":
        names = {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4}
        sizes = {"vocab_size": len(words), **names, "decoder_start_token_id": 0}
    if layout.head == "classifier":
        sizes["num_labels"] = 1
    ids = {"bos_token_id": words.bos_token_id, "eos_token_id": words.eos_token_id}
    ids |= {"cls_token_id": words.cls_token_id, "sep_token_id": words.sep_token_id} if layout.model_type == "modernbert" else {}
    return AutoConfig.for_model(layout.model_type, **(sizes | ids | layout.settings))


def _widen(model):
    """Make weights larger than an untrained model's, so that texts, orders and poolings differ by far more than rounding."""
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if weights.dim() > 1 and "norm" not in name:
                weights.normal_(0, 0.2)


@cache
def _cut(tokens: str, specials: tuple[str, ...]) -> str:
    """Return a tokenizer trained on the ten texts, as JSON."""
    if tokens == "wordpiece":
        inner, trainer = Tokenizer(models.WordPiece(unk_token=specials[1])), trainers.WordPieceTrainer
        inner.normalizer, inner.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    else:
        inner, trainer = Tokenizer(models.BPE(unk_token=specials[1] if tokens == "metaspace" else None)), trainers.BpeTrainer
        by = {"metaspace": (pre_tokenizers.Metaspace(), decoders.Metaspace())}
        inner.pre_tokenizer, inner.decoder = by.get(tokens, (pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()))
    letters = pre_tokenizers.ByteLevel.alphabet() if tokens == "bytes" else []
    inner.train_from_iterator(
        TEXTS, trainer(vocab_size=500, special_tokens=list(specials), initial_alphabet=letters, show_progress=False)
    )
    return inner.to_str()


def tokenizer(layout: Layout) -> PreTrainedTokenizerFast:
    """Return a family's kind of tokenizer, with its special tokens around a text."""
    bert = "[CLS]" in layout.ends
    specials = BERT if bert else ROBERTA
    inner = Tokenizer.from_str(_cut(layout.tokens, specials))
    start, end = specials[2:4]
    pair = f"{start} $A {end} $B {end}"
    known = [(token, inner.token_to_id(token)) for token in specials]
    inner.post_processor = processors.TemplateProcessing(single=layout.ends, pair=pair, special_tokens=known)
    names = {"pad_token": specials[0], "unk_token": specials[1], "mask_token": specials[4]}
    names |= {"cls_token": start, "sep_token": end} if bert else {"eos_token": end}
    if layout.ends.startswith("<s>"):
        names["bos_token"] = start
    made = PreTrainedTokenizerFast(tokenizer_object=inner, model_max_length=512, padding_side=layout.side, **names)
    made.chat_template = CHAT if layout.chat else None
    return made


def _json(path, content):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def _modules(layout, target):
    """Write the files of sentence-transformers as most repositories have them: pooling by flags, `similarity_fn_name` left out."""
    if layout.pooling is None:
        return
    flags = {"mean": "mean_tokens", "cls": "cls_token", "last": "lasttoken"}
    pooling = {"word_embedding_dimension": 32, **{f"pooling_mode_{flag}": name == layout.pooling for name, flag in flags.items()}}
    _json(target / "1_Pooling" / "config.json", pooling)
    _json(target / "sentence_bert_config.json", {"max_seq_length": 512, "do_lower_case": False})
    modules, size = [("", "Transformer"), ("1_Pooling", "Pooling")], 32
    for out, bias, activation in layout.dense:
        path = f"{len(modules)}_Dense"
        modules.append((path, "Dense"))
        _dense(target / path, size, out, bias, activation)
        size = out
    modules += [(f"{len(modules)}_Normalize", "Normalize")] if layout.normalise else []
    rows = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"} for i, (path, kind) in enumerate(modules)
    ]
    _json(target / "modules.json", rows)
    if layout.prompts is not None:
        _json(target / "config_sentence_transformers.json", {"prompts": layout.prompts, "default_prompt_name": None})


def _dense(folder, size, out, bias, activation):
    from safetensors.torch import save_file

    settings = {"in_features": size, "out_features": out, "bias": bias, "activation_function": f"torch.nn.modules.linear.{activation}"}
    _json(folder / "config.json", settings)
    save_file({"linear.weight": torch.randn(out, size) * 0.2}, folder / "model.safetensors")


def _static(target):
    from model2vec import StaticModel

    inner = Tokenizer.from_str(_cut("wordpiece", BERT))
    generator = torch.Generator().manual_seed(0)
    vectors = torch.randn(inner.get_vocab_size(), 32, generator=generator).numpy()
    StaticModel(vectors=vectors, tokenizer=inner, normalize=True).save_pretrained(str(target))
    return target


def _splade(_, target):
    """Write modules as `SparseEncoder` saves them: a masked LM and SPLADE pooling."""
    names = {"": "MLMTransformer", "1_SpladePooling": "SpladePooling"}
    rows = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.sparse_encoder.models.{kind}"}
        for i, (path, kind) in enumerate(names.items())
    ]
    _json(target / "modules.json", rows)
    _json(
        target / "1_SpladePooling" / "config.json",
        {"pooling_strategy": "max", "activation_function": "relu", "word_embedding_dimension": None},
    )
    _json(target / "config_sentence_transformers.json", {"model_type": "SparseEncoder", "similarity_fn_name": "dot"})


def _colbert(_, target):
    """Write Stanford's layout: one file with a projection beside the encoder, and what ColBERT was trained with."""
    from safetensors.torch import load_file, save_file

    weights = {f"bert.{name}": tensor for name, tensor in load_file(target / "model.safetensors").items()}
    save_file({**weights, "linear.weight": torch.randn(16, 32) * 0.2}, target / "model.safetensors", metadata={"format": "pt"})
    _json(target / "config.json", json.loads((target / "config.json").read_text()) | {"architectures": ["HF_ColBERT"]})
    trained = {
        "query_maxlen": 32,
        "doc_maxlen": 180,
        "query_token_id": "[unused0]",
        "doc_token_id": "[unused1]",
        "dim": 16,
        "mask_punctuation": True,
    }
    _json(target / "artifact.metadata", trained)


def _pylate(_, target):
    """Write PyLate's layout: its own class of projection in modules.json, its own settings beside the prompts."""
    _dense(target / "1_Dense", 32, 16, False, "Identity")
    rows = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Dense", "type": "pylate.models.Dense.Dense"},
    ]
    _json(target / "modules.json", rows)
    own = {"query_prefix": "[Q] ", "document_prefix": "[D] ", "query_length": 48, "document_length": 300, "do_query_expansion": True}
    own |= {"attend_to_expansion_tokens": False, "skiplist_words": ["!", ".", ","], "similarity_fn_name": "MaxSim"}
    _json(target / "config_sentence_transformers.json", own)
    _json(target / "sentence_bert_config.json", {"max_seq_length": 299, "do_lower_case": False})
