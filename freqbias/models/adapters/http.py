"""Models behind a server that speaks the OpenAI protocol: what it can do is probed, what it fails at costs one row."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from freqbias.errors import BackendError, InputError, UnsupportedError, install_hint
from freqbias.models.adapters import http_answers, http_echo, http_labels, http_same
from freqbias.models.adapters.http_client import Patience
from freqbias.models.adapters.http_exchange import Failure, Request, UnusableError
from freqbias.models.adapters.http_served import REFUSING, Served
from freqbias.models.adapters.transformers import cut
from freqbias.models.adapters.transformers_tokens import CausalTokens, TextTokens
from freqbias.models.protocols import FloatArray, ModelInfo, Role
from freqbias.models.writing import seed_of
from freqbias.progress import chunks

Prompt = list[int] | str
Values = NDArray[np.float64]
Rows = list[list[float] | str]  # vectors, or why there is none

log = logging.getLogger(__name__)

TEST_SENTENCE = "The cat sat on the mat."  # any sentence that every tokenizer splits into several tokens
OTHER_SENTENCES = ("A dog barked.", "Why?")
ENCODING = "encoding_format"
TEXTS_PER_REQUEST = 32  # of an embeddings request; hosted services take at least this many
WITHOUT_TOKENIZER = "\n"  # stands before a text where nobody here knows the model's BOS token; a line starts after it
SCORING: dict[str, dict[str, Any]] = {"prompt_logprobs": {"prompt_logprobs": 0}, "echo": {"echo": True, "logprobs": 1}}


@dataclass(frozen=True, kw_only=True)
class _Scored:
    """A prompt of which everything from `start` on, in tokens or, where it is a text, characters, gets a log-probability."""

    text: str
    prompt: Prompt
    start: int
    count: int


class HttpLanguageModel(Served):
    """The model that the server behind `base_url` calls `name`, as a `LanguageModel`.

    With `tokens`, the tokenizer of the same model on this machine, texts are sent as token ids and read exactly as the other
    backends read them. Without, they are sent as they are, after a line end or the server's own first token, and the server's tokens
    must spell them. A row that fails is NaN (None from `generate`), and `errors` says why, by the whole text that was sent.
    Where the server takes no ids it is as if the tokenizer were not here. `info.fingerprint` is None: only the server knows its weights.

    A server that scores no text may still tell the likeliest first tokens of a chat's answer: enough for labels (`AnswersLabels`).
    """

    path: str | None = None

    def __init__(
        self,
        base_url: str | Sequence[str],
        name: str,
        info: ModelInfo,
        tokens: CausalTokens | None = None,
        max_requests: int | None = None,
        patience: Patience | None = None,
    ):
        super().__init__(base_url, name, max_requests, patience)
        self._tokens = tokens
        self._own_start = 0  # tokens that the server itself puts before a text
        self._refusals: dict[str, str] = {}  # of ways to score
        self._path = self._probe_generating()
        self._scoring = self._probe_scoring()
        self._top = None if self.has_continuations else self._probe_first_tokens()
        stated = {"backend": "http", "server": self._server, "scoring": self._scoring, "generating": self._path}
        stated |= http_labels.stated(self.has_continuations, self._top)
        self.info = replace(info, details={**info.details, **self._reading(), **stated, **self._said()})
        self._begin(list(self._tests()))

    @property
    def has_continuations(self) -> bool:
        """Whether the server gives log-probabilities of a prompt."""
        return self._scoring is not None

    def log_probs(self, texts: Sequence[str]) -> list[Values]:
        """Return nats per token; an empty text gives an empty array, a row that failed NaN."""
        if self._tokens is None:
            return self._score([self._as_text("", text) for text in texts])
        ids = self._tokens.ids(texts)
        return self._score([self._as_ids(text, row, len(row)) for text, row in zip(texts, ids, strict=True)])

    def continuation_log_probs(self, contexts: Sequence[str], continuations: Sequence[str]) -> Values:
        """Return log p(continuation | context), in nats; NaN for a row that failed."""
        couples = list(zip(contexts, continuations, strict=True))
        if self._tokens is None:
            rows = [self._as_text(context, continuation) for context, continuation in couples]
        else:
            ids, wanted = self._tokens.continued(contexts, continuations)
            rows = [self._as_ids(a + b, row, count) for (a, b), row, count in zip(couples, ids, wanted, strict=True)]
        return np.array([row.sum() for row in self._score(rows)])

    def choices(self, context: str, options: Sequence[str]) -> Values:
        """Return log p(option | context) of each option, in nats."""
        return self.continuation_log_probs([context] * len(options), options)

    def label_log_probs(self, messages: Sequence[str], labels: Sequence[str]) -> Values:
        """Return log p(the first token of the answer is the label), in nats, all labels of a message by one request; shape (n, k)."""
        if self._top is None:
            raise self._unsupported("answers")
        requests = [self._first_token_request(message, self._top, http_labels.first_tokens) for message in messages]
        answers = self._ask(messages, requests)
        found, reasons = http_labels.table([() if isinstance(row, Failure) else row for row in answers], messages, labels)
        self.errors.update(reasons)
        return found

    def generate(self, prompts: Sequence[str], *, max_tokens: int, stop: Sequence[str] = ()) -> list[str | None]:
        """Return the greedy continuation of each prompt, through completions, or through chat where the server has nothing else."""
        common = {"max_tokens": max_tokens, **({"stop": list(stop)} if stop else {})}
        answers = self._continued(prompts, [common] * len(prompts))
        return [None if answer is None else cut(answer, stop) for answer in answers]

    def write(self, prompts: Sequence[str], *, n: int, max_tokens: int, temperature: float, seed: int) -> list[list[str | None]]:
        """Return `n` random continuations of each prompt, a request each: not every server takes `n`, or heeds a seed."""
        draws = [(prompt, draw) for prompt in prompts for draw in range(n)]
        common = {"max_tokens": max_tokens, "temperature": temperature, "top_p": 1.0}
        options = [{**common, "seed": seed_of(seed, prompt, draw)} for prompt, draw in draws]
        answers = self._continued([prompt for prompt, _ in draws], options)
        return [answers[n * k : n * k + n] for k in range(len(prompts))]

    def _continued(self, prompts: Sequence[str], options: Sequence[Mapping[str, Any]]) -> list[str | None]:
        """Return a continuation of each prompt by options of its own; None for a request that failed."""
        sent: Sequence[Prompt] = prompts
        if self._tokens and self._path == "completions":
            sent = self._tokens.prompts(prompts)
        requests = [
            self._request(self._path, prompt, http_answers.text, {**self._unpenalised(), **own})
            for prompt, own in zip(sent, options, strict=True)
        ]
        return [None if isinstance(answer, Failure) else answer for answer in self._ask(prompts, requests)]

    def format_prompt(self, prompt: str) -> str:
        """Return the prompt in the tokenizer's chat template; as it is where there is no tokenizer, or the server adds a template."""
        return self._tokens.format_prompt(prompt) if self._tokens and self._path == "completions" else prompt

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Count tokens, BOS left out; None without a tokenizer."""
        return [len(row) for row in self._tokens.ids(texts)] if self._tokens else None

    def _unpenalised(self) -> dict[str, float]:
        """Return what keeps a penalty away that a model's generation_config.json may set."""
        return {"repetition_penalty": 1.0} if self._server == "vllm" else {}

    def _first_token_request(self, message: str, top: int, read: Any) -> Request[http_labels.Ranked]:
        return self._request("chat/completions", message, read, {**self._unpenalised(), "logprobs": True, "top_logprobs": top})

    def _request(self, path: str, prompt: Prompt, read: Any, options: Mapping[str, Any]) -> Request[Any]:
        asked = {"prompt": prompt} if path == "completions" else {"messages": [{"role": "user", "content": prompt}]}
        body = {"model": self._name, "max_tokens": 1, "temperature": 0, **asked, **options}
        return Request(path=path, body=body, read=read)

    def _as_ids(self, text: str, row: list[int], count: int) -> _Scored:
        first = self._tokens.first if self._tokens else 0
        return _Scored(text=text, prompt=[first, *row], start=1 + len(row) - count, count=count)

    def _as_text(self, context: str, text: str) -> _Scored:
        before = context if self._own_start else WITHOUT_TOKENIZER + context
        return _Scored(text=context + text, prompt=before + text, start=len(before), count=min(1, len(text)))

    def _score(self, rows: Sequence[_Scored]) -> list[Values]:
        """Return the log-probabilities that are asked for; rows with none are not sent, nor are those that the server cannot take."""
        if self._scoring is None:
            raise self._unsupported("prompts")
        results = [np.full(row.count, np.nan) for row in rows]
        asked = []
        for index, row in enumerate(rows):
            if isinstance(row.prompt, list) and self._limit is not None and len(row.prompt) >= self._limit:
                self.errors[row.text] = f"{len(row.prompt)} tokens are more than the {self._limit - 1} that the server takes"
            elif row.count:
                asked.append(index)
        requests = [self._request("completions", rows[i].prompt, self._reader(rows[i]), SCORING[self._scoring]) for i in asked]
        for index, answer in zip(asked, self._ask([rows[i].text for i in asked], requests), strict=True):
            if not isinstance(answer, Failure):
                results[index] = np.array(answer)
        return results

    def _unsupported(self, of: str) -> UnsupportedError:
        why = "; ".join(f"{how}: {reason}" for how, reason in self._refusals.items())
        can = "score labels as continuations" if self._scoring else "generate and choose among labels" if self._top else "generate"
        return UnsupportedError(
            f"the server returns no log-probabilities of {of} for '{self._name}', so that model can only {can} there ({why})"
        )

    def _reader(self, row: _Scored) -> Any:
        if isinstance(row.prompt, str):
            prompt = row.prompt
            return lambda data: http_answers.by_text(data, prompt, row.start, self._own_start)
        ids = row.prompt
        return lambda data: http_answers.by_id(data, ids, row.start, str(self._scoring))

    def _token_reader(self, prompt: Prompt) -> Any:
        return lambda data: http_answers.tokens(data, prompt if isinstance(prompt, list) else ())

    def _probe_scoring(self) -> str | None:
        """Return how the server gives log-probabilities of a prompt: `prompt_logprobs`, `echo`, or None."""
        for how in SCORING if self._tokens else ():
            prompt = self._test_prompt()
            found = self._ability(self._request("completions", prompt, self._token_reader(prompt), SCORING[how]))
            if isinstance(found, Failure):
                self._refusals[how] = found.reason
                continue
            if http_echo.letters("".join(found[1 : len(prompt)])) != http_echo.letters(TEST_SENTENCE):
                raise InputError(
                    f"the server's model '{self._name}' has a different tokenizer from '{self._name}' here; serve the same model"
                )
            return how
        return None if self._tokens else self._probe_echo()

    def _probe_echo(self) -> str | None:
        """Return `echo` where the server gives the log-probabilities of a text's tokens, whatever these are; `InputError` for others."""

        def read(data: http_answers.Answer) -> int:
            return http_answers.spelt_tokens(data, TEST_SENTENCE)

        found = self._ability(self._request("completions", TEST_SENTENCE, read, SCORING["echo"]))
        if not isinstance(found, Failure):
            self._own_start = found
            return "echo"
        if http_echo.MISSPELT in found.reason:
            raise InputError(
                f"the tokens that the server returns for '{self._name}' do not spell the text, so its tokenizer is needed here: "
                f"serve the model under its hub id or its directory on this machine, and have transformers ({install_hint('lm')})"
            )
        self._refusals["echo"] = found.reason
        return None

    def _probe_first_tokens(self) -> int | None:
        """Return of how many likeliest first tokens of an answer the server tells; None where it tells of none, or fails at it."""
        for top in http_labels.TOP:
            answer = self._answers([self._first_token_request(TEST_SENTENCE, top, http_labels.several)])[0]
            if not isinstance(answer, Failure):
                return top
            if self.stopped or answer.status is None:
                raise BackendError(f"{self._client.base_url}: {self.stopped or answer.reason}")
            self._refusals["first token"] = answer.reason
            if answer.misread or answer.again or answer.status not in REFUSING:
                break
        return None

    def _tests(self) -> Iterator[http_same.Test]:
        """Yield what all addresses must answer alike."""
        prompt = self._test_prompt() if self._path == "completions" else TEST_SENTENCE
        yield http_same.Test(request=self._request(self._path, prompt, http_answers.answers, {}))
        if self._scoring is not None:
            ids = self._tokens.ids([TEST_SENTENCE])[0] if self._tokens else None
            row = self._as_text("", TEST_SENTENCE) if ids is None else self._as_ids(TEST_SENTENCE, ids, len(ids))
            yield http_same.of_log_probs(self._request("completions", row.prompt, self._reader(row), SCORING[self._scoring]))
        if self._top is not None:
            yield http_same.of_first_tokens(self._first_token_request(TEST_SENTENCE, self._top, http_labels.several))

    def _test_prompt(self) -> Prompt:
        return [self._tokens.first, *self._tokens.ids([TEST_SENTENCE])[0]] if self._tokens else TEST_SENTENCE

    def _probe_generating(self) -> str:
        """Return where the server generates; one that takes text and no token ids is given text, as if no tokenizer were here."""
        refusals = {}
        tries: list[tuple[str, Prompt]] = [("completions", TEST_SENTENCE), ("chat/completions", TEST_SENTENCE)]
        for path, prompt in [("completions", self._test_prompt()), *tries] if self._tokens else tries:
            answer = self._ability(self._request(path, prompt, http_answers.answers, {}))
            if not isinstance(answer, Failure):
                if self._tokens and path == "completions" and isinstance(prompt, str):
                    log.info("%s takes no token ids for '%s': texts are sent as they are", self._client.base_url, self._name)
                    self._tokens = None
                return path
            refusals[path] = answer.reason
        why = "; ".join(f"{path}: {reason}" for path, reason in refusals.items())
        raise BackendError(f"{self._client.base_url} offers neither completions nor chat for model '{self._name}' ({why})")

    def _reading(self) -> dict[str, str]:
        """Return what precedes a text, and how a prompt is made."""
        template = {} if self._path == "completions" else {"prompt_format": "chat template"}
        if self._tokens:
            return {**self._tokens.details, **template}
        first = "the server's own" if self._own_start else WITHOUT_TOKENIZER
        return {"first_token_context": first, "prompt_format": "plain", **template}


class HttpEmbedder(Served):
    """The model that the server calls `name`, as an `Embedder`; the vectors of rows that failed are NaN, and `errors` says why, by text.

    `prompts` are put before the texts of a role, since servers know no roles. With `tokens` subwords can be counted.
    """

    def __init__(
        self,
        base_url: str | Sequence[str],
        name: str,
        info: ModelInfo,
        tokens: TextTokens | None = None,
        prompts: Mapping[Role, str] | None = None,
        max_requests: int | None = None,
        patience: Patience | None = None,
    ):
        super().__init__(base_url, name, max_requests, patience)
        self._tokens = tokens
        self._prompts: Mapping[Role, str] = prompts or {}
        # vLLM refuses a text beyond the window unless it is told to cut it, as embedding models do everywhere else
        self._options = {"truncate_prompt_tokens": -1} if self._server == "vllm" else {}
        self._width: int | None = None
        self._at_once = TEXTS_PER_REQUEST
        self._suspected = 0  # texts of a request that may be as many as the server takes
        self._width = self._probe_width(name)
        stated = {"backend": "http", "server": self._server, "prompts": dict(self._prompts), "dimensions": self._width, **self._said()}
        self.info = replace(info, details={**info.details, **stated})
        self._begin([http_same.of_vectors(self._request([TEST_SENTENCE, *OTHER_SENTENCES]))])

    def _probe_width(self, name: str) -> int:
        """Return how many numbers a vector has; several texts are sent, so that one that comes cut short is seen."""
        probed = self._ability(self._request([TEST_SENTENCE, *OTHER_SENTENCES]))
        if isinstance(probed, Failure) and self._default_encoding(probed):
            probed = self._ability(self._request([TEST_SENTENCE, *OTHER_SENTENCES]))
        faults = [probed.reason] if isinstance(probed, Failure) else [row for row in probed if isinstance(row, str)]
        if not isinstance(probed, Failure) and not faults:
            if any(row != probed[0] for row in probed):
                return len(probed[0])
            faults = ["one vector for different texts"]
        raise BackendError(f"{self._client.base_url} offers no embeddings for model '{name}': {faults[0]}")

    def _default_encoding(self, failure: Failure) -> bool:
        """Leave out how vectors are to be written where a server declines without saying what it declines; tell whether that is new."""
        if failure.status not in REFUSING or ENCODING in self._left_out:
            return False
        self._left_out.add(ENCODING)
        return True

    def encode(self, texts: Sequence[str], *, role: Role) -> FloatArray:
        """Return the vectors, float32 of shape (n, d); what may have failed by its own fault is sent again in halves.

        A vector that cannot be one is asked for once more, its text alone.
        """
        sent = [self._prompts.get(role, "") + text for text in texts]
        rows: Rows = ["not asked"] * len(sent)
        parts = list(chunks(list(range(len(sent))), self._at_once))
        while parts:
            parts = self._fill(rows, sent, parts)
        self.errors.update({text: row for text, row in zip(texts, rows, strict=True) if isinstance(row, str)})
        nothing = [np.nan] * (self._width or 0)
        vectors = [nothing if isinstance(row, str) else row for row in rows]
        return np.array(vectors, dtype=np.float32).reshape(len(rows), len(nothing))

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Count subwords, special tokens left out; None without a tokenizer."""
        return self._tokens.counts(texts) if self._tokens else None

    @property
    def max_tokens(self) -> int | None:
        """What the server's window leaves beside special tokens and the document prompt; None where either is unknown."""
        if self._tokens is None or self._limit is None:
            return None
        return self._tokens.room(self._limit, self._prompts.get("document", ""))

    def _request(self, texts: Sequence[str]) -> Request[Rows]:
        body = {"model": self._name, "input": list(texts), ENCODING: "float", **self._options}

        def read(data: Any) -> Rows:
            rows = http_answers.vectors(data, len(texts), self._width)
            faults = [row for row in rows if isinstance(row, str)]
            if len(faults) == len(texts):
                raise UnusableError(faults[0])
            return rows

        return Request(path="embeddings", body=body, read=read)

    def _fill(self, rows: Rows, sent: Sequence[str], parts: Sequence[list[int]]) -> list[list[int]]:
        """Put vectors, or why there are none, into `rows`; return the parts that are to be asked for next.

        Where the halves of what was declined are taken, requests were too large: later ones are no larger.
        """
        left = []
        answers = self._answers([self._request([sent[index] for index in part]) for part in parts])
        for part, answer in zip(parts, answers, strict=True):
            found: Rows = [answer.reason] * len(part) if isinstance(answer, Failure) else answer
            for index, row in zip(part, found, strict=True):
                rows[index] = row
            if len(part) == 1 or self.stopped:
                continue
            if not isinstance(answer, Failure):
                left += [[index] for index in part if isinstance(rows[index], str)]
            elif answer.may_be_its_own_fault:
                half = (len(part) + 1) // 2
                left += [part[:half], part[half:]]
        taken = [len(part) for part, answer in zip(parts, answers, strict=True) if not isinstance(answer, Failure)]
        split = [len(part) for part, answer in zip(parts, answers, strict=True) if isinstance(answer, Failure)]
        if taken and not split and self._suspected:
            self._at_once = min(self._at_once, self._suspected)
        self._suspected = (min(split) + 1) // 2 if split and max(taken, default=0) < min(split) else 0
        return left
