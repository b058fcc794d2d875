"""Whether a causal model of transformers is causal, and whether it scores trees of rows or padded batches: tried when it loads."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from freqbias.errors import InputError
from freqbias.models.adapters.transformers_scoring import Passes

# In float32 a token's log-probability hangs on the shape of its batch by 0 to 3e-5 nats in models that are in use (SmolLM2, Gemma 3). A
# larger difference passes where the model's own padded batches differ from single rows as much, and up to 1e-3.
SAME_NATS, MOST_NATS = 1e-4, 1e-3
AS_NOISY = 3.0
HALF_NATS = 0.5  # bfloat16 moves the log-probability of a short text by up to .3 nats
SEEDS, STEM, BRANCHES = (0, 1), 7, (5, 9, 14)  # rows of a trial: for each seed a stem, and branches of these lengths after it
TREES, PADDED = "trees", "padded batches"
# what models say to masks and ids that they do not take
WRONG = (TypeError, ValueError, AttributeError, RuntimeError, IndexError, KeyError, AssertionError)
RECURRENT = frozenset(("mamba", "mamba2", "linear_attention", "recurrent", "rwkv", "hybrid"))  # in `layer_types`
STRETCHED = frozenset(("dynamic", "longrope", "su", "yarn_dynamic"))
WINDOWS = (  # settings that limit how far back, or to how many tokens, a token looks
    "sliding_window",
    "sliding_window_size",
    "window_size",
    "attention_window_size",
    "attention_chunk_size",
    "local_attention",
    "keep_window_size",
    "index_topk",
)

Rows = list[list[int]]
Values = list[NDArray[np.float64]]


def way_of_scoring(passes: Passes, tokenizer: Any) -> str:
    """Return `trees`, or `padded batches: ` and the reason why a tree would be wrong, as `info.details["scoring"]` states it.

    Everything is computed in float32, whatever the weights are, from rows of random ids of the tokenizer's, special ones left out.
    `InputError` when what follows a token, padding included, changes what is said of it.
    """
    text = passes.model.config.get_text_config()
    room = min((size for size in (longest_shared(text), limit_of(text)) if size), default=STEM + max(BRANCHES))
    stem = min(STEM, max(1, room // 2))
    rows = trial_rows(min(len(tokenizer), embedded(passes.model)), frozenset(tokenizer.all_special_ids), stem, room)
    why = by_architecture(passes.model)
    mode = _float32(passes.model)
    try:
        with mode:
            logits = passes.logits(rows)
    except WRONG:  # what is compiled, or quantised, takes no float32
        _check_causal(passes, rows, passes.logits(rows), stem, HALF_NATS)
        return f"{PADDED}: {why or 'no trial in float32'}"
    with mode:
        _check_causal(passes, rows, logits, stem)
        why = why or _tried(passes, rows, passes.picked(logits, rows, [len(row) for row in rows]), stem)
    why = why or _stumbles(passes, rows[:2])
    return f"{PADDED}: {why}" if why else TREES


def embedded(model: Any) -> float:
    """Return how many tokens a model knows; a tokenizer may know more."""
    table = model.get_input_embeddings()
    return table.weight.shape[0] if hasattr(table, "weight") else np.inf


def _stumbles(passes: Passes, rows: Rows) -> str | None:
    """Return why a tree that is right in float32 does not run in the precision of the weights; None where it does."""
    try:
        _all(passes.tree, rows)
    except WRONG as wrong:
        return f"a tree does not run in this precision ({type(wrong).__name__})"
    return None


def trial_rows(tokens: float, avoid: frozenset[int], stem: int, room: int) -> Rows:
    """Return rows of random ids, of at most `room` tokens: for each seed some that share a stem."""
    allowed = np.array([token for token in range(int(tokens)) if token not in avoid] or range(int(tokens)))
    rows = []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        begin, *branches = (rng.choice(allowed, size).tolist() for size in (stem, *(min(size, room - stem) for size in BRANCHES)))
        rows += [begin + branch for branch in branches]
    return rows


def by_architecture(model: Any) -> str | None:
    """Return why a model cannot score trees, from what it is built of; None where only a trial can tell.

    This names what a trial on short rows of random ids need not show: a layer whose part is still small, a local mask that is wider.
    """
    import torch

    text, body = model.config.get_text_config(), _decoder(model)
    kinds = {str(kind) for name in ("layer_types", "layers_block_type") for kind in known(text, name) or ()}
    names = {name.rpartition(".")[2].lower() for name, _ in body.named_parameters()}
    if kinds & RECURRENT or names & {"a_log", "time_decay"}:
        return "recurrent layers"
    if any(isinstance(part, torch.nn.Conv1d) and part.kernel_size[0] > 1 for part in body.modules()):
        return "convolutional layers"
    alibi = known(text, "alibi")
    if any("alibi" in name for name in dir(body)) if alibi is None else alibi:
        return "position biases (ALiBi)"
    if any("compressed" in kind for kind in kinds) or known(text, "attention_type") == "block_sparse":
        return "attention to blocks by place"
    widest = limit_of(text) or np.inf
    if any(buffer.dim() > 1 and buffer.shape[-1] == buffer.shape[-2] >= widest for _, buffer in body.named_buffers()):
        return "causal masks of a size of its own"
    return None


def known(config: Any, name: str) -> Any:
    """Return a setting of a configuration; None where it has none, or one a layer."""
    try:
        return getattr(config, name, None)
    except (ValueError, RuntimeError):
        return None


def limit_of(config: Any) -> int | None:
    """Return how many tokens a model takes; None where there is no limit, which some configurations write as -1."""
    limit = known(config, "max_position_embeddings")
    return limit if isinstance(limit, int) and limit > 0 else None


def longest_shared(config: Any) -> int | None:
    """Return how many tokens a row may have to share a pass with others; None where any may.

    Beyond a window a row has to be alone, where the model itself hides what is too far from a token. Beyond the length that stretched
    positions (dynamic, longrope) start from, all rows of a pass would be stretched as far as its longest.
    """
    found = [known(config, name) for name in WINDOWS]
    rope = known(config, "rope_parameters") or known(config, "rope_scaling") or {}
    for group in (rope, *rope.values()):
        if isinstance(group, dict) and str(group.get("rope_type", group.get("type"))) in STRETCHED:
            found += [group.get("original_max_position_embeddings") or known(config, "max_position_embeddings")]
    return min((size - 1 for size in found if isinstance(size, int) and size > 0), default=None)


def _decoder(model: Any) -> Any:
    """Return the part of a model that reads text: what sees pictures and hears has convolutions of no concern."""
    try:
        return model.get_decoder()
    except WRONG:
        return model


def _float32(model: Any) -> Any:
    from freqbias.models.adapters.upcast import HALF, InFloat32

    return InFloat32() if any(part.dtype in HALF for part in model.parameters()) else nullcontext()


def _check_causal(passes: Passes, rows: Rows, logits: Any, stem: int, tolerance: float = MOST_NATS) -> None:
    """Hold what is said along each stem against the same stem with something else after it, and with nothing after it."""
    said = logits[:, : stem + 1].float().log_softmax(-1)
    alone = passes.logits([rows[0][:stem]]).float().log_softmax(-1)
    stems = said.reshape(len(SEEDS), len(BRANCHES), *said.shape[1:])
    change = max(float((stems - stems[:, :1]).abs().max()), float((said[:1] - alone).abs().max()))
    if change > tolerance:  # NaN, of broken weights, is another matter
        raise InputError(
            f"model '{passes.name}' is not causal: what follows a token changes what it says of that token, by {change:.2g} nats, so its "
            "texts have no probability; give --lm a model that reads from left to right, such as smollm2-135m"
        )


def _tried(passes: Passes, rows: Rows, expected: Values, stem: int) -> str | None:
    """Return why a tree of the rows is wrong; None where it gives what the padded batch gave."""
    if passes.model.get_output_embeddings() is None:
        return "no output matrix"
    try:
        found = _all(passes.tree, rows)
        error = _apart(found, expected)
        if error <= SAME_NATS or (error <= MOST_NATS and error <= AS_NOISY * _apart(_singly(passes.padded, rows), expected)):
            return None
        single = _apart(_singly(passes.tree, rows[:1]), expected[:1])
        others = [row[:stem] + row[: stem - 1 : -1] for row in rows[:-1]]
        seen = _apart(_all(passes.tree, [*others, rows[-1]])[-1:], found[-1:])
    except WRONG as wrong:
        return f"no masks but its own ({type(wrong).__name__})"
    if single > SAME_NATS:
        return "logits are more than the output matrix gives"
    return "other rows are seen (recurrent or convolutional layers)" if seen > SAME_NATS else "positions by place"


def _all(run: Callable[[Rows, list[int]], Values], rows: Rows) -> Values:
    return run(rows, [len(row) for row in rows])


def _singly(run: Callable[[Rows, list[int]], Values], rows: Rows) -> Values:
    return [value for row in rows for value in _all(run, [row])]


def _apart(found: Values, expected: Values) -> float:
    """Return by how many nats two results differ at most; NaN counts as infinitely far."""
    return max(float(np.nan_to_num(np.abs(a - b), nan=np.inf).max()) for a, b in zip(found, expected, strict=True))
