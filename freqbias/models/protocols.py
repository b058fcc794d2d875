"""What a probe may ask of a model, what is known about one, and what a model may offer beside (`offers`)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from inspect import get_annotations
from typing import Any, Literal, Protocol, TypeGuard, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from freqbias.progress import Track

Role = Literal["query", "document"]
FloatArray = NDArray[np.float32]
A = TypeVar("A")


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """Identity of a loaded model, as written into the manifest.

    `source` is `directory`, `package`, `hub`, `callable`, `memory`, `server` or `plugin`; `fingerprint` is a SHA-256 over weights and
    tokenizer; `quantisation` describes the source of the weights; `details` holds what a backend wants stated (pooling, BOS, …).
    """

    name: str
    kind: str
    source: str
    revision: str | None = None
    fingerprint: str | None = None
    dtype: str | None = None
    quantisation: str | None = None
    licence: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a JSON-ready dictionary."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Loading:
    """How a model is loaded, whatever it is.

    `backend` is `auto` or `transformers` (in this process, by the kind of model), `vllm`, or `http` where `base_url` names a server
    that speaks the OpenAI protocol, at one address or several of the same model; `max_requests` stops asking it.
    `trust_remote_code` runs code that a model ships, `allow_pickle` reads weights that can run code when they are read; both are off
    unless someone says otherwise. `tensor_parallel` is over how many GPUs vLLM splits the weights; for several copies of a model start
    servers (or one with `--data-parallel-size`) and take `http`. `revision` is the commit, tag or branch of a hub model; a name such as
    `org/name@revision` sets it. `query_prompt` and `document_prompt` stand before the texts that an embedding model is given, in place
    of its own prompts (None) or of none ("").
    """

    dtype: str = "float32"
    device: str | None = None
    backend: str = "auto"
    base_url: str | Sequence[str] | None = None
    max_requests: int | None = None
    trust_remote_code: bool = False
    allow_pickle: bool = False
    tensor_parallel: int = 1
    revision: str | None = None
    query_prompt: str | None = None
    document_prompt: str | None = None


class Embedder(Protocol):
    """A model that maps texts to vectors."""

    info: ModelInfo

    def encode(self, texts: Sequence[str], *, role: Role) -> FloatArray:
        """Return one vector per text, float32 of shape (n, d); `role` selects the model's query or document prompt."""
        ...

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Return the number of subwords of each text without special tokens; None when the model has no tokenizer."""
        ...

    @property
    def max_tokens(self) -> int | None:
        """Subwords of a text, special tokens and prompt not counted, beyond which it is cut; None when there is no limit."""
        ...


class TokenEmbedder(Protocol):
    """A model that maps a text to one vector per token: late interaction."""

    info: ModelInfo
    measure: str

    def encode_tokens(self, texts: Sequence[str], *, role: Role) -> list[FloatArray]:
        """Return one float32 matrix per text, shape (n tokens, d)."""
        ...

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Return the number of subwords of each text without special tokens; None when the model has no tokenizer."""
        ...

    @property
    def max_tokens(self) -> int | None:
        """Subwords of a text, special tokens and prompt not counted, beyond which it is cut; None when there is no limit."""
        ...


class LanguageModel(Protocol):
    """A causal model that gives texts a probability and continues them.

    What it cannot score is NaN; a backend that knows why says so (`KnowsReasons`), by the whole text that was asked for.
    `path` is the dense local directory that the model was loaded from; None where there is none (a function, a server).
    """

    info: ModelInfo
    path: str | None

    def log_probs(self, texts: Sequence[str]) -> list[NDArray[np.float64]]:
        """Return the log-probability of every token of every text, in nats, the first one given a stated BOS token."""
        ...

    def continuation_log_probs(self, contexts: Sequence[str], continuations: Sequence[str]) -> NDArray[np.float64]:
        """Return log p(continuation | context) of each couple, in nats, summed over the continuation's tokens; shape (n,)."""
        ...

    def choices(self, context: str, options: Sequence[str]) -> NDArray[np.float64]:
        """Return log p(option | context) of each option, in nats, as `continuation_log_probs` gives it; shape (k,)."""
        ...

    def generate(self, prompts: Sequence[str], *, max_tokens: int, stop: Sequence[str] = ()) -> Sequence[str | None]:
        """Return the greedy continuation of each prompt: at most `max_tokens` tokens, ended by EOS, cut before the first stop string.

        None stands for a prompt that got no answer (a failed request, a prompt beyond the window).
        """
        ...

    def format_prompt(self, prompt: str) -> str:
        """Return a user's message as the model wants to be asked.

        That is its tokenizer's chat template with the start of the answer, or the plain prompt where it has none; which one is
        stated in `info.details["prompt_format"]` (`chat template` or `plain`).
        """
        ...

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Return the number of tokens of each text; None when the model has no tokenizer."""
        ...


@runtime_checkable
class Writer(Protocol):
    """A language model that draws several continuations of a prompt at random, beside the greedy one of `generate`.

    What is drawn for a prompt depends on the prompt and the options alone, never on what else is asked in the same call, so that work
    which was interrupted goes on as if it had not been (`freqbias.models.writing.seed_of`).
    """

    def write(
        self, prompts: Sequence[str], *, n: int, max_tokens: int, temperature: float, seed: int
    ) -> "Sequence[Sequence[str | None]]":
        """Return `n` continuations of each prompt, each of at most `max_tokens` tokens and ended by EOS.

        Tokens are drawn from the whole vocabulary, logits divided by `temperature` (above 0). None stands for one that failed; a backend
        that knows why says so (`KnowsReasons`), by the prompt.
        """
        ...


@runtime_checkable
class AnswersLabels(Protocol):
    """A language model that may have no probabilities of a text, and tells with which token it would begin its answer to a message.

    Where `has_continuations` is False labels are scored by `label_log_probs` (`freqbias.models.labels`), and `log_probs`,
    `continuation_log_probs` and `choices` raise `UnsupportedError`. Where it is True, or missing, that is never called.
    """

    has_continuations: bool

    def label_log_probs(self, messages: Sequence[str], labels: Sequence[str]) -> NDArray[np.float64]:
        """Return log p(the first token of the answer is the label | message), in nats; shape (n messages, k labels).

        Tokens that are the label but for white space around it count together. NaN stands for a label that is not among the tokens of
        which anything is told; a model that knows why says so (`KnowsReasons`), by the message or by `labels.label_text`.
        """
        ...


@runtime_checkable
class HasInfo(Protocol):
    """Something that says what model it is: every model does. Read when it is loaded, and for every row."""

    info: ModelInfo


@runtime_checkable
class HasSimilarity(Protocol):
    """An `Embedder`, or a function that gives vectors, that says how they are compared: `cosine` (what is meant without it) or `dot`.

    Read once, when a scorer is made of it.
    """

    similarity: str


@runtime_checkable
class KnowsReasons(Protocol):
    """A model that knows why it has no number for a text: `errors` holds the reason by text. Read for every row with an `error`."""

    errors: Mapping[str, str]


@runtime_checkable
class GivesUp(Protocol):
    """A model that may stop answering for good: `stopped` says why, and is None while it answers.

    Read after every part of the pairs; what was measured by then is kept, and the same command asks again for the rest.
    """

    stopped: str | None


@runtime_checkable
class Refuses(Protocol):
    """A model behind a server: `refusing` says what became of the last texts where it has answered none of several; else None.

    Read where not one pair of a file's first part has a number: then it is the model that fails, not the texts.
    """

    refusing: str | None


@runtime_checkable
class CountsUsage(Protocol):
    """A model that counts what it is asked: `usage` is a dataclass of whole numbers, or None where there is nothing to count.

    Read when the manifest is written, where the numbers of all commands of a run are added up.
    """

    usage: Any


@runtime_checkable
class ShowsProgress(Protocol):
    """A model that shows how far it is within a call for many texts: `inner_progress` is what it is to show that with.

    Set before the calls (`freqbias.models.scoring.show_progress`); silent until then.
    """

    inner_progress: Track


def offers(model: object, ability: Callable[..., A]) -> TypeGuard[A]:
    """Tell whether a model has one of the abilities above: every attribute that it names.

    One that a wrapper hands on by `__getattr__` counts, which `isinstance` sees on Python 3.11 and on none later.
    """
    return all(hasattr(model, name) for name in get_annotations(ability))
