"""Late interaction (ColBERT and its kin) through sentence-transformers: a text is one vector per token, compared by MaxSim."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from freqbias.errors import InputError
from freqbias.models.adapters.opening import opened, options
from freqbias.models.adapters.sentence_transformers import count_tokens, described, own_prompts, window
from freqbias.models.adapters.tasks import encoded
from freqbias.models.protocols import FloatArray, Loading, ModelInfo, Role

BATCH_SIZE = 32  # token matrices are kept for a whole batch, so half of what single vectors take
MEASURES = {"maxsim": "maxsim", "meanmaxsim": "mean_maxsim"}


class MultiVectorModel:
    """A sentence-transformers `MultiVectorEncoder`; `as_scorer` makes a scorer of it."""

    def __init__(self, path: Any, info: ModelInfo, loading: Loading):
        from sentence_transformers import MultiVectorEncoder

        self._model = opened(path, info.name, loading, lambda: MultiVectorEncoder(path, **options(loading)))
        found = str(self._model.similarity_fn_name)
        if found not in MEASURES:
            raise InputError(f"model '{info.name}' compares token vectors by {found}; only {' and '.join(MEASURES)} are supported")
        self.measure = MEASURES[found]
        self._prompts = own_prompts(self._model, path, info.name, loading, "late")
        self.info = described(self._model, info, loading, prompts=self._prompts)

    def encode_tokens(self, texts: Sequence[str], *, role: Role) -> list[FloatArray]:
        """Return one float32 matrix per text, shape (n tokens, d), with the model's own query or document treatment."""
        how: dict[str, Any] = {"batch_size": BATCH_SIZE, "show_progress_bar": False, "convert_to_numpy": True}
        parts = encoded(self._model, self.info.name, list(texts), role, self._prompts, **how)
        return [np.asarray(part, dtype=np.float32) for part in parts]

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Count the tokenizer's subwords, special tokens left out, nothing truncated."""
        return count_tokens(self._model, texts)

    @property
    def max_tokens(self) -> int | None:
        """What the model's window leaves beside its special tokens and the document prompt."""
        return window(self._model, self._prompts.document)
