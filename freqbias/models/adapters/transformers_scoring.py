"""How rows of token ids get their log-probabilities from a causal model of transformers: as a tree, or padded."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from freqbias.models.batching import Tree, tree

LOGIT_BYTES = 1 << 27  # float32 logits that exist at a time: 128 MiB are 682 positions of SmolLM2, 128 of Gemma 3


class Passes:
    """Forward passes of one model on one device; `first` is the token that stands before every row."""

    def __init__(self, model: Any, device: str, first: int, name: str):
        self.model, self.device, self.first, self.name = model, device, first, name
        self._cap: float | None = getattr(model.config.get_text_config(), "final_logit_softcapping", None)

    def tree(self, rows: list[list[int]], wanted: list[int]) -> list[NDArray[np.float64]]:
        """Score rows that begin alike in one pass over their tree."""
        import torch

        merged = tree(rows, self.first)
        ends = [path[len(path) - count :] for path, count in zip(merged.paths, wanted, strict=True)]
        nodes = np.unique(np.concatenate(ends))
        values = np.full(len(merged.tokens), np.nan)
        if nodes.size:
            with torch.inference_mode():
                hidden = self.hidden(merged)
                values[nodes] = self._picked(hidden, merged.parents[nodes], merged.tokens[nodes])
        return [values[end] for end in ends]

    def hidden(self, merged: Tree) -> Any:
        """Return what the model makes of each node of a tree before its output matrix; shape (n, d)."""
        import torch

        inputs = {"input_ids": torch.tensor(merged.tokens)[None], "position_ids": torch.tensor(merged.depths)[None]}
        if merged.branches:
            sees = torch.tensor(merged.sees())[None, None]
            dtype = self.model.dtype
            inputs["attention_mask"] = torch.zeros(sees.shape, dtype=dtype).masked_fill(~sees, torch.finfo(dtype).min)
        moved = {name: tensor.to(self.device) for name, tensor in inputs.items()}
        return self.model.base_model(**moved, use_cache=False).last_hidden_state[0]

    def _picked(self, hidden: Any, positions: NDArray[np.int64], targets: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the log-probability of each target after its position; the logits of a distinct position are made once."""
        import torch

        head = self.model.get_output_embeddings()
        distinct, which = np.unique(positions, return_inverse=True)
        block = max(1, LOGIT_BYTES // (4 * head.weight.shape[0]))
        values = np.empty(len(targets))
        for start in range(0, len(distinct), block):
            at = torch.tensor(distinct[start : start + block], device=self.device)
            logits = head(hidden[at])
            if self._cap is not None:
                logits = torch.tanh(logits / self._cap) * self._cap
            here = np.flatnonzero((which >= start) & (which < start + block))
            rows = torch.tensor(which[here] - start, device=self.device)
            values[here] = log_softmax_at(logits, rows, torch.tensor(targets[here], device=self.device))
        return values

    def padded(self, rows: list[list[int]], wanted: list[int]) -> list[NDArray[np.float64]]:
        """Score one batch by the model's own forward pass, padded on the right, where no token looks."""
        return self.picked(self.logits(rows), rows, wanted)

    def logits(self, rows: list[list[int]]) -> Any:
        """Return the model's own logits of a batch that is padded on the right; shape (n, longest row and the first token, tokens)."""
        import torch

        tokens = torch.full((len(rows), max(map(len, rows)) + 1), self.first, dtype=torch.long)
        for i, row in enumerate(rows):
            tokens[i, 1 : len(row) + 1] = torch.tensor(row, dtype=torch.long)
        with torch.inference_mode():
            return self.model(input_ids=tokens.to(self.device), use_cache=False).logits

    def picked(self, logits: Any, rows: list[list[int]], wanted: list[int]) -> list[NDArray[np.float64]]:
        """Return the log-probabilities of the last `wanted` tokens of each row of a batch."""
        import torch

        values = []
        with torch.inference_mode():
            for i, (row, count) in enumerate(zip(rows, wanted, strict=True)):
                start = len(row) - count
                targets = torch.tensor(row[start:], dtype=torch.long, device=self.device)
                values.append(log_softmax_at(logits[i, start : len(row)], torch.arange(count, device=self.device), targets))
        return values


def log_softmax_at(logits: Any, rows: Any, targets: Any) -> NDArray[np.float64]:
    """Return the log-probability that row k of some logits gives to its target, in nats."""
    logits = logits.float()
    # against float64, logsumexp is off by 1e-6 nats over Gemma's 262,144 tokens, torch's log_softmax by 6e-5
    picked = logits[rows, targets] - logits.logsumexp(-1)[rows]
    result: NDArray[np.float64] = picked.cpu().numpy().astype(np.float64)
    return result
