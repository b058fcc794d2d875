"""Which way of scoring every causal architecture of transformers gets, and how far it is off: one row each and precision.

Run `python benchmarks/architectures.py [--only lfm2 mpt] [--out benchmarks/architectures.csv] [--fresh]`; a run that was interrupted
goes on where it stopped.

Each architecture is built small (a few layers of each of its kinds, 96 tokens), trained for some steps to copy and to continue random
sequences, so that its layers do something and luck shows, saved, and loaded as `language_model` loads it, in float32 and in bfloat16.
Its scores of texts that share beginnings, and of single ones, are held against its own forward pass of each text alone, in the
same precision, in nats per token:

* `worst` is the largest difference, `noise` what its own padded batch differs from single texts by, which no way of scoring can go below;
* `trees` is what a tree would have been off by, whatever was chosen, and empty where the model takes none;
* `written` says whether greedy continuations in a batch are those of each prompt alone (float32).
"""

import argparse
import csv
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from freqbias.errors import FreqbiasError
from freqbias.models import batching, language_model
from freqbias.models.adapters.transformers_trial import WRONG

VOCABULARY, LIMIT, WINDOW, LENGTH, BATCH, STEPS = 96, 128, 16, 24, 16, 30
FIELDS = ("architecture", "dtype", "scoring", "worst", "noise", "trees", "written", "note")
LARGEST = 3_000_000  # parameters
Settings = dict[str, Any]


def named(names: str, value: Any) -> Settings:
    """Return one value under several names."""
    return dict.fromkeys(names.split(), value)


# Sizes under the names that configurations give them; each gets those that it knows.
SMALL: Settings = {
    **named("vocab_size src_vocab_size tgt_vocab_size vocab_size_per_layer_input decoder_vocab_size unpadded_vocab_size", VOCABULARY),
    **named("hidden_size d_model n_embd embedding_size dim emb_dim text_embed_dim word_embed_proj_dim embed_dim lru_width", 32),
    **named("attention_hidden_size input_embedding_size", 32),
    **named("intermediate_size ffn_dim decoder_ffn_dim encoder_ffn_dim n_inner dff d_ff dim_ff moe_intermediate_size", 48),
    **named("expert_ffn_hidden_size ffn_hidden_size shared_expert_intermediate_size shared_intermediate_size block_ff_dim", 48),
    **named("intermediate_size_mlp moe_shared_expert_intermediate_size", 48),
    **named("num_hidden_layers n_layer n_layers num_layers decoder_layers encoder_layers num_decoder_layers num_encoder_layers", 4),
    **named("num_attention_heads n_head n_heads decoder_attention_heads encoder_attention_heads num_encoder_attention_heads", 4),
    "num_decoder_attention_heads": 4,
    **named("num_key_value_heads multi_query_group_num num_global_key_value_heads swa_num_key_value_heads", 2),
    **named("head_dim kv_channels attention_head_dim swa_head_dim global_head_dim qk_nope_head_dim v_head_dim", 8),
    **named("qk_rope_head_dim index_head_dim rotary_dim linear_key_head_dim linear_value_head_dim linear_head_dim", 8),
    **named("linear_num_key_heads linear_num_value_heads index_n_heads linear_num_heads", 2),
    **named("kv_lora_rank q_lora_rank o_lora_rank", 16),
    **named("max_position_embeddings n_positions n_ctx max_seq_len max_sequence_length max_target_positions seq_length", LIMIT),
    **named("max_source_positions context_length rel_extent", LIMIT),
    **named("num_experts n_routed_experts num_local_experts moe_num_experts n_experts num_moe_experts zero_expert_num", 4),
    **named("num_experts_per_tok moe_topk moe_k top_k_experts moe_top_k", 2),
    **named("n_group topk_group", 1),
    **named("sliding_window window_size attention_chunk_size attention_window_size local_attention sliding_window_size", WINDOW),
    **named("index_topk keep_window_size", 2 * WINDOW),
    **named("bos_token_id decoder_start_token_id", 1),
    "eos_token_id": 2,
    "pad_token_id": 0,
}
MAMBA: Settings = {"mamba_n_heads": 8, "mamba_d_head": 8, "mamba_d_state": 8, "mamba_n_groups": 1, "mamba_chunk_size": 8}
# What a configuration wants beside; a value of None takes the size above away.
OWN: dict[str, Settings] = {
    "bamba": {**MAMBA, "attn_layer_indices": [1, 3]},
    "falcon_h1": {**MAMBA, "mamba_d_ssm": 64},
    "granitemoehybrid": {**MAMBA, "layer_types": ["mamba", "attention"] * 2},
    "bailing_hybrid": {"layer_group_size": 2},
    "dots1": {"n_shared_experts": 1},
    "falcon": {"head_dim": None},
    "gpt_neo": {"attention_types": [[["global", "local"], 2]]},
    "longcat_flash": {"head_dim": 8},
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1, "expert_layer_period": 2, "expert_layer_offset": 1},
    "lfm2": {"layer_types": ["conv", "full_attention"] * 2},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"] * 2},
    "mamba2": {"num_heads": 8, "head_dim": 8, "state_size": 8, "n_groups": 1, "chunk_size": 8},
    "minicpm3": {"num_key_value_heads": 4, "head_dim": None},
    "sarvam_mla": {"num_key_value_heads": 4, "head_dim": None},
    "mpt": {"expansion_ratio": 2},
    "prophetnet": {"num_hidden_layers": None, "is_decoder": True},
    "reformer": {"is_decoder": True, "axial_pos_embds": False, "attention_head_size": 8},
    "roc_bert": {"pronunciation_embed_dim": 8, "pronunciation_vocab_size": 96, "shape_embed_dim": 8, "shape_vocab_size": 96},
    "xlnet": {"max_position_embeddings": None},
    "xlstm": {"num_heads": 4, "embedding_dim": 32},
    "xmod": {"default_language": "en_XX", "is_decoder": True},
    "zaya": {"num_experts_per_tok": 1},
    "gemma3n_text": {"num_kv_shared_layers": 0, "laurel_rank": 8, "hidden_size_per_layer_input": 8},
    "gemma4_assistant": {"hidden_size_per_layer_input": 0},
    "gemma4_text": {"head_dim": None, "hidden_size_per_layer_input": 8},
    "qwen4_exp_text": {
        "indexer_n_heads": 2,
        "indexer_kv_heads": 1,
        "indexer_head_dim": 8,
        "indexer_budget": 32,
        "indexer_compress_ratio": 4,
    },
    "zamba2": {
        **MAMBA,
        "layer_types": ["mamba", "hybrid"] * 2,
        "num_mem_blocks": 1,
        "mamba_headdim": 8,
        "mamba_ngroups": 1,
        "attention_head_dim": 16,
    },
    "zamba": {"layers_block_type": ["mamba", "hybrid"] * 2, "mamba_dt_rank": 4, "attention_head_dim": 16},
    "recurrent_gemma": {"block_types": ["recurrent", "recurrent", "attention"]},
    **{
        name: {"is_decoder": True}
        for name in (
            "bert",
            "bert-generation",
            "big_bird",
            "camembert",
            "data2vec-text",
            "electra",
            "ernie",
            "megatron-bert",
            "rembert",
            "roberta",
            "roberta-prelayernorm",
            "roformer",
            "xlm-roberta",
            "xlm-roberta-xl",
        )
    },
    "xlm": {"causal": True},
}
MASKED = {f"{name} (masked)": name for name in ("bert", "roberta", "electra", "xlm", "big_bird")}  # as their checkpoints are


def config_of(name: str) -> Any:
    """Return the small configuration of one architecture, and of its parts where it has parts."""
    kind = transformers.CONFIG_MAPPING[MASKED.get(name, name)]
    settings = small(kind, OWN.get(name, {}))
    for part, own in getattr(kind, "sub_configs", {}).items():
        if part in kind().to_dict() and isinstance(own, type) and own.__name__ != "AutoConfig":
            settings[part] = own(**small(own, OWN.get(own.model_type, {}))).to_dict()
    return kind(**settings)


def small(kind: Any, own: Settings) -> Settings:
    """Return the settings that make a kind of configuration small."""
    known = set(kind().to_dict()) | set(getattr(kind, "attribute_map", {}))
    latent = {"head_dim": None, "num_key_value_heads": SMALL["num_attention_heads"]} if "kv_lora_rank" in known else {}
    settings = {**SMALL, **latent, **own}
    return {key: value for key, value in settings.items() if value is not None and (key in known or key in own)}


def built(name: str) -> Any:
    """Return a small model of one architecture with random weights; `ValueError` where it stays large."""
    torch.manual_seed(1)
    config = config_of(name)
    with torch.device("meta"):
        size = sum(part.numel() for part in transformers.AutoModelForCausalLM.from_config(config).parameters())
    if size > LARGEST:
        raise ValueError(f"{size:,} parameters with these settings")
    model = transformers.AutoModelForCausalLM.from_config(config)
    with torch.no_grad():  # what starts at zero, or near it, does nothing yet
        for part in model.parameters():
            if part.dim() > 1 and part.std() < 0.1:
                part.normal_(0, 0.1)
    return model


def sequences(rng: np.random.Generator) -> NDArray[np.int64]:
    """Return rows of ids, each a random phrase that comes again with small changes: a context tells what comes next."""
    phrase = rng.integers(4, VOCABULARY, size=(BATCH, LENGTH // 3))
    rows = np.tile(phrase, 3)
    changed = rng.random(rows.shape) < 0.1
    rows[changed] = rng.integers(4, VOCABULARY, size=int(changed.sum()))
    return np.concatenate([np.ones((BATCH, 1), dtype=np.int64), rows], axis=1)


def train(model: Any, steps: int = STEPS) -> float:
    """Train a model on random sequences and return the last loss, in nats per token."""
    rng, loss = np.random.default_rng(0), torch.zeros(())
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3)
    model.train()
    for _ in range(steps):
        ids = torch.tensor(sequences(rng))
        logits = model(input_ids=ids, use_cache=False).logits[:, :-1]
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), ids[:, 1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
    return float(loss.detach())


def save(name: str, folder: Path) -> None:
    """Write a small trained model of one architecture, and a tokenizer whose words are `4`, `5`, …, into a folder."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    special = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    words = [*special.values(), *map(str, range(len(special), VOCABULARY))]
    whole = Tokenizer(models.WordLevel({word: k for k, word in enumerate(words)}, unk_token=special["unk_token"]))
    whole.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    model = built(name)
    train(model)
    model.save_pretrained(folder)
    transformers.PreTrainedTokenizerFast(tokenizer_object=whole, **special).save_pretrained(folder)


def texts() -> list[str]:
    """Return texts to score: some share a beginning, some are longer than the window, one is a repetition."""
    rng = np.random.default_rng(7)
    rows = [row[1 : 1 + size].tolist() for row, size in zip(sequences(rng), (3, 7, 12, 15, 20, 24, 24, 9), strict=False)]
    stem = rows[2][:8]
    rows += [[*stem, *rng.integers(4, VOCABULARY, size=size).tolist()] for size in (1, 3, 5, 6, 6, 14)]
    return [" ".join(map(str, row)) for row in rows]


def apart(found: list[NDArray[np.float64]], expected: list[NDArray[np.float64]]) -> float:
    """Return the largest difference of a token's log-probability, in nats; NaN counts as infinite."""
    return max(float(np.nan_to_num(np.abs(a - b), nan=np.inf).max()) for a, b in zip(found, expected, strict=True))


def direct(model: Any, rows: list[list[int]]) -> list[NDArray[np.float64]]:
    """Return the log-probabilities of each row from a forward pass of its own."""
    found = []
    for row in rows:
        with torch.inference_mode():
            logits = model._model(input_ids=torch.tensor([[1, *row]]), use_cache=False).logits[0, :-1]
        found.append(logits.float().log_softmax(-1)[torch.arange(len(row)), torch.tensor(row)].double().numpy())
    return found


def in_trees(model: Any, rows: list[list[int]]) -> list[NDArray[np.float64]]:
    """Return the log-probabilities of each row as trees give them, whether they are right or not."""
    found: list[Any] = [None] * len(rows)
    for part in batching.trees(rows, lambda: 256, model._alone):
        for k, value in zip(part, model._passes.tree([rows[k] for k in part], [len(rows[k]) for k in part]), strict=True):
            found[k] = value
    return found


def measured(folder: Path, dtype: str) -> Settings:
    """Load a model and return how it scores, and how far that is from its own forward passes."""
    asked = texts()
    try:
        model: Any = language_model(str(folder), dtype=dtype, device="cpu")
    except FreqbiasError as error:
        if "not causal" in str(error):
            return {"scoring": "refused", "note": "not causal"}
        said = str(error).replace(str(folder), "…").replace(f"'{folder.name}'", "…")
        return {"scoring": "not loaded", "note": said[:200]}
    rows = model._ids(asked)
    expected = direct(model, rows)
    fitting = [row for row in rows if model._alone is None or len(row) <= model._alone]
    padded = model._passes.padded(fitting, [len(row) for row in fitting])
    result = {
        "scoring": model.info.details["scoring"],
        "worst": f"{apart(model.log_probs(asked), expected):.1e}",
        "noise": f"{apart(padded, direct(model, fitting)):.1e}",
    }
    try:
        result["trees"] = f"{apart(in_trees(model, rows), expected):.1e}"
    except WRONG as error:
        result["note"] = f"in a tree: {type(error).__name__}"
    if dtype == "float32":
        prompts = [asked[1], asked[2], asked[3]]
        try:
            together = model.generate(prompts, max_tokens=6)
            result["written"] = "yes" if together == [model.generate([text], max_tokens=6)[0] for text in prompts] else "no"
        except WRONG as error:
            result["note"] = f"{result.get('note', '')} writes not: {type(error).__name__}".strip()
    return result


def survey(name: str, dtypes: tuple[str, ...] = ("float32", "bfloat16")) -> list[Settings]:
    """Return the rows of one architecture."""
    with tempfile.TemporaryDirectory() as scratch:
        try:
            save(name, Path(scratch))
        except Exception as error:  # a library's hundred architectures fail in as many ways, and each is told
            said = " ".join(str(error).split()).replace(scratch, "…")
            return [{"architecture": name, "scoring": "not built", "note": f"{type(error).__name__}: {said[:150]}"}]
        return [{"architecture": name, "dtype": dtype, **_told(Path(scratch), dtype)} for dtype in dtypes]


def _told(folder: Path, dtype: str) -> Settings:
    """Return what was measured, or that a model does not run in this precision."""
    try:
        return measured(folder, dtype)
    except WRONG as error:
        return {"scoring": "does not run", "note": f"{type(error).__name__}: {' '.join(str(error).split())[:150]}"}


def architectures() -> Iterator[str]:
    """Yield the names of all causal architectures, and of masked models as their checkpoints are."""
    yield from MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    yield from MASKED


def main() -> None:
    """Write the table, a line for each architecture and precision on the way."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", nargs="*", default=list(architectures()))
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".csv"))
    parser.add_argument("--fresh", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(1)
    rows: list[Settings] = []
    if options.out.exists() and not options.fresh:
        with options.out.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
    done = {row["architecture"] for row in rows}
    for name in options.only:
        if name not in done:
            start = time.perf_counter()
            found = survey(name)
            rows += found
            write(options.out, rows)
            for row in found:
                say(f"{time.perf_counter() - start:4.1f} s  " + "  ".join(str(row.get(key, "")) for key in FIELDS))


def write(path: Path, rows: list[Settings]) -> None:
    """Write the table, in the order of the names."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, FIELDS, restval="", lineterminator="\n")
        table.writeheader()
        table.writerows(sorted(rows, key=lambda row: (row["architecture"], row.get("dtype") or "")))


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
