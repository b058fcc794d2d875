"""Writers of rewrites without weights: what they answer is planted in `FREQBIAS_TEST_REWRITES`, a JSON file. Named `rewriting:NAME`.

The file maps a text to its rewrites, `{text: {"common": […], "uncommon": […]}}`. `FREQBIAS_TEST_DIES_AT` is the number of the call in
which the process is killed.
"""

import json
import os
import re
import signal
from pathlib import Path

import numpy as np

from freqbias.files import line
from freqbias.models import ModelInfo
from freqbias.paraphrases.candidates import KINDS, prompt

SPLIT = {kind: re.compile(re.escape(prompt(kind, "\0")).replace("\0", "(.*)"), re.DOTALL) for kind in KINDS}


def asked(message):
    """Return kind and text of a prompt."""
    for kind, pattern in SPLIT.items():
        if found := pattern.fullmatch(message):
            return kind, found[1]
    raise ValueError(f"no prompt of ours: {message!r}")


class Greedy:
    """Answers each prompt in one way."""

    path = None

    def __init__(self, name="greedy"):
        self.info = ModelInfo(name=name, kind="language_model", source="plugin", revision="1", fingerprint="abc")
        self.calls = []  # texts of every call

    def planted(self, message):
        kind, text = asked(message)
        return json.loads(Path(os.environ["FREQBIAS_TEST_REWRITES"]).read_text())[text][kind]

    def entered(self, prompts):
        self.calls.append(list(dict.fromkeys(asked(message)[1] for message in prompts)))
        if len(self.calls) == int(os.environ.get("FREQBIAS_TEST_DIES_AT", "0")):
            os.kill(os.getpid(), signal.SIGKILL)

    def generate(self, prompts, *, max_tokens, stop=()):
        self.entered(prompts)
        return [self.planted(message)[0] for message in prompts]

    def format_prompt(self, prompt):
        return prompt

    def log_probs(self, texts):
        return [np.zeros(1) for _ in texts]

    def continuation_log_probs(self, contexts, continuations):
        return np.zeros(len(contexts))

    def choices(self, context, options):
        return np.zeros(len(options))

    def token_counts(self, texts):
        return None


class Scripted(Greedy):
    """Gives the planted rewrites in their order, the last one again where more are asked for."""

    def __init__(self, name="scripted"):
        super().__init__(name)

    def write(self, prompts, *, n, max_tokens, temperature, seed):
        self.entered(prompts)
        return [[(own := self.planted(message))[min(k, len(own) - 1)] for k in range(n)] for message in prompts]


class Miscounting(Scripted):
    def write(self, prompts, **options):
        return super().write(prompts, **options)[1:]


class Quitting(Scripted):
    """Stops for good in its second call, where it answers the first prompt only."""

    stopped = None

    def write(self, prompts, **options):
        found = super().write(prompts, **options)
        if len(self.calls) == 2:
            self.stopped = "the server is gone"
            found[1:] = [[None] * len(row) for row in found[1:]]
        return found


greedy, scripted, miscounting, quitting = Greedy(), Scripted(), Miscounting("miscounting"), Quitting("quitting")


def topics(texts):
    """An embedder for which texts with a banana in them are about something else."""
    return np.array([[0.0, 1.0] if "banana" in text else [1.0, 0.1] for text in texts], dtype=np.float32)


def blank(texts):
    """An embedder without a number for anything."""
    return np.full((len(texts), 2), np.nan, dtype=np.float32)


def words_only(texts):
    """A function that gives log-probabilities, and so writes nothing."""
    return [np.zeros(1) for _ in texts]


WORDS = [("car", "jalopy"), ("house", "abode"), ("money", "lucre"), ("street", "boulevard"), ("friend", "confidant"), ("work", "toil")]
K = 4
OPTIONS = {"lm": "rewriting:scripted", "embedder": "rewriting:topics", "similarity": 0.5, "k": K}


def text(n):
    return f"He saw the old {WORDS[n][0]} on day {n}."


def planted(n):
    high, low = WORDS[n]
    return {
        "common": [
            f"He saw the big {high} on day {n}.",
            text(n),
            f"He saw the big {high} on day {n + 1}.",
            f"Rewritten text: He saw the quick {high} on day {n}.",
        ],
        "uncommon": [
            f"He espied the capacious {low} on day {n}.",
            f"He saw the banana {low} on day {n}.",
            "",
            f"He saw the heavy {high} on day {n}.",
        ],
    }


def command(source, out, *more, **options):
    named = {"lm": "rewriting:scripted", "embedder": "rewriting:topics"} | options
    flags = [part for name, value in named.items() for part in (f"--{name}", value)]
    return ["pairs", "rewrite", source, *flags, "-o", "similarity=0.5", "-o", f"k={K}", *more, "--out", out]


def lines_of(pairs):
    return b"".join(map(line, pairs))


def rows_of(path):
    return [json.loads(row) for row in path.read_text().splitlines()]
