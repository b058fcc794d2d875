"""Models without weights that know the pairs they will be asked for, with an effect of frequency planted in them, or none.

Their numbers depend on the texts alone, so the same text has the same vector wherever it stands.
"""

import hashlib
import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from freqbias.frequency import content_words, tokens, word_zipf
from freqbias.models import ModelInfo, Role
from freqbias.models.protocols import FloatArray
from freqbias.records import Pair
from freqbias.terms import FREQUENCY, HIGH, PLAIN, SIDES

EXACT, WRONG, NOISE = 0.5, 0.25, 0.02  # of a document on its item's axis: the right one, a decoy, and how much either varies
COMMON = 0.3  # of a query, on the axis that all queries share
OWN = math.sqrt(1 - COMMON**2)  # of a gloss, on its item's axis
CROWD, CROWD_HIGH, CROWD_LOW = 24, 0.6, 0.4  # dimensions in which documents crowd; how near the right one lies
PULL = 0.4  # of a frequent document towards what all documents have in common
FREQUENT, AFTER = 1.0, 0.4  # slope of log-probabilities on log frequency; nats for a Zipf unit of the words before
LN_P_FLAT = -9.0  # nats of a word where frequency plays no part
UNKNOWN_ZIPF = 1.0


def noise_of(text: str, size: int = 2) -> NDArray[np.float64]:
    """Return numbers from a standard normal distribution that depend on the text alone."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return np.random.default_rng(seed).normal(size=size)


def unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a vector at length 1."""
    return vector / np.linalg.norm(vector)


class KnownTexts:
    """What a text is: documents by item as (arm, side, `exact` or `decoy`), glosses by item, and a number for every item."""

    def __init__(self, pairs: Iterable[Pair]):
        self.documents: dict[str, dict[str, tuple[str, str, str]]] = {}
        self.glosses: dict[str, str] = {}
        self.items: dict[str, int] = {}
        # the length arm shows the frequency arm's frequent documents again, so the frequency arm has the last word
        for pair in sorted(pairs, key=lambda pair: pair.arm == FREQUENCY):
            self.items.setdefault(pair.item, len(self.items))
            for side in SIDES:
                if pair.decoys:
                    self.documents.setdefault(pair.decoys[side], {})[pair.item] = (pair.arm, side, "decoy")
                self.documents.setdefault(getattr(pair, side), {})[pair.item] = (pair.arm, side, "exact")
            for register in ("gloss_plain", "gloss_elevated"):
                self.glosses.update(dict.fromkeys(pair.queries.get(register, []), pair.item))

    def is_frequent(self, text: str) -> bool:
        """Tell whether a document shows a frequent form of the frequency arm."""
        return any((arm, side) == (FREQUENCY, HIGH) for arm, side, _ in self.documents.get(text, {}).values())


class _Embedder:
    max_tokens = None

    def __init__(self, pairs: Iterable[Pair], name: str):
        self._known = KnownTexts(pairs)
        self.info = ModelInfo(name=name, kind="embedder", source="memory")

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Return None: there is no tokenizer."""
        return None


class PlantedEmbedder(_Embedder):
    """Unit vectors with an axis an item: a gloss lies on it, and its documents near it.

    In frequent form the right document lies nearer to its own gloss by `exact`, a decoy by `decoy`, and both nearer to every query by
    `background`. `wrong` and `noise` say how near decoys come, and how much documents vary; another `draw` varies them otherwise.
    """

    def __init__(
        self,
        pairs: Iterable[Pair],
        *,
        exact: float = 0.0,
        decoy: float = 0.0,
        background: float = 0.0,
        wrong: float = WRONG,
        noise: float = NOISE,
        draw: int = 0,
        name: str = "planted",
    ):
        super().__init__(pairs, name)
        self._exact, self._decoy, self._background = exact, decoy, background
        self._wrong, self._noise, self._draw = wrong, noise, draw

    def encode(self, texts: Sequence[str], *, role: Role) -> FloatArray:
        """Return one unit vector a text, float32 of shape (n, items + 4)."""
        return self.vectors(texts, role).astype(np.float32)

    def vectors(self, texts: Sequence[str], role: Role) -> NDArray[np.float64]:
        """Return the same in double precision."""
        known, planted = self._known, {"exact": self._exact, "decoy": self._decoy}
        vectors = np.zeros((len(texts), len(known.items) + 4))
        for row, text in zip(vectors, texts, strict=True):
            near = noise_of(f"{self._draw}{text}" if self._draw else text)
            if role == "query":
                row[-1] = COMMON
                row[known.items[known.glosses[text]] if text in known.glosses else -3] = OWN
                continue
            for item, (arm, side, kind) in known.documents.get(text, {}).items():
                more = planted[kind] if (arm, side) == (FREQUENCY, HIGH) else 0.0
                row[known.items[item]] = {"exact": EXACT, "decoy": self._wrong}[kind] + more + self._noise * near[0]
            row[-1] = 0.2 + known.is_frequent(text) * self._background + self._noise * near[1]
            row[-2] = math.sqrt(max(0.0, 1 - float(row @ row)))
        return vectors


class CrowdedEmbedder(_Embedder):
    """Vectors in few dimensions, where other documents come as near to a gloss as its own does, so that ranks vary.

    In frequent form the right document has `high` of its gloss's direction in it (`CROWD_LOW` else), and `pull` of one that all frequent
    documents share. `similarity` is what its scores are: `cosine` or `dot`.
    """

    def __init__(
        self, pairs: Iterable[Pair], *, high: float = CROWD_LOW, pull: float = 0.0, similarity: str = "cosine", name: str = "crowded"
    ):
        super().__init__(pairs, name)
        self._high, self._pull = high, pull
        self.similarity = similarity

    def encode(self, texts: Sequence[str], *, role: Role) -> FloatArray:
        """Return one vector a text, float32 of shape (n, CROWD)."""
        return self.vectors(texts, role).astype(np.float32)

    def vectors(self, texts: Sequence[str], role: Role) -> NDArray[np.float64]:
        """Return the same in double precision."""
        known = self._known
        vectors = np.zeros((len(texts), CROWD))
        for row, text in zip(vectors, texts, strict=True):
            if role == "query":
                row[:] = unit(noise_of(known.glosses.get(text, text), CROWD))
                continue
            for item, (arm, side, kind) in known.documents.get(text, {}).items():
                if kind == "exact":
                    row[:] += (self._high if (arm, side) == (FREQUENCY, HIGH) else CROWD_LOW) * unit(noise_of(item, CROWD))
            row[:] += noise_of(text, CROWD) / math.sqrt(CROWD)
            if self._pull and known.is_frequent(text):
                row[:] += self._pull * unit(noise_of("what frequent documents share", CROWD))
        return vectors


class PlantedLanguageModel:
    """Independent words whose log-probability rises with `slope` on that of the word's corpus frequency; 0 is no effect at all.

    What follows a context is likelier by `after` nats for every Zipf unit of the context's content words.
    """

    path: str | None = None

    def __init__(self, *, slope: float = 0.0, after: float = 0.0, name: str = "planted"):
        self._slope, self._after = slope, after
        self.info = ModelInfo(name=name, kind="language_model", source="memory", details={"prompt_format": PLAIN})

    def log_probs(self, texts: Sequence[str]) -> list[NDArray[np.float64]]:
        """Return a number in nats for every word of each text."""
        return [np.array([self._word(word) for word in tokens(text)]) for text in texts]

    def _word(self, word: str) -> float:
        return self._slope * ln_p(word) + (1 - self._slope) * (LN_P_FLAT + 0.1 * float(noise_of(word)[0]))

    def continuation_log_probs(self, contexts: Sequence[str], continuations: Sequence[str]) -> NDArray[np.float64]:
        """Return log p(continuation | context) in nats; shape (n,)."""
        rows = self.log_probs(continuations)
        return np.array([row.sum() + self._bonus(context) for row, context in zip(rows, contexts, strict=True)])

    def _bonus(self, context: str) -> float:
        return self._after * zipf_sum(context) + 0.05 * float(noise_of(context)[0])

    def choices(self, context: str, options: Sequence[str]) -> NDArray[np.float64]:
        """Return log p(option | context) of each option, in nats; shape (k,)."""
        return self.continuation_log_probs([context] * len(options), options)

    def generate(self, prompts: Sequence[str], *, max_tokens: int, stop: Sequence[str] = ()) -> list[str | None]:
        """Return an empty text for every prompt: it has nothing to say."""
        return [""] * len(prompts)

    def format_prompt(self, prompt: str) -> str:
        """Return the prompt as it is."""
        return prompt

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Return the number of words of each text."""
        return [len(tokens(text)) for text in texts]


def ln_p(word: str) -> float:
    """Return the natural logarithm of a word's share of all words."""
    zipf = word_zipf(word)
    return math.log(10) * ((UNKNOWN_ZIPF if zipf is None else zipf) - 9)


def zipf_sum(text: str) -> float:
    """Return the sum of the Zipf values of a text's content words."""
    return sum((word_zipf(word) or UNKNOWN_ZIPF) for word in content_words(text))
