"""How fast log-probabilities come out, side by side on the same texts, model and threads: ratios, median over rounds.

    python benchmarks/scoring.py [--items 16] [--rounds 3] [--threads 1] [--tokens 256]

Against minicons `sequence_score` at batch 32, lm-eval's hf backend at batch 32 (`loglikelihood_rolling` on texts, `loglikelihood` on a
gloss after a document), and a perfectly packed forward pass with head: full batches without padding that hold as many tokens as the
texts have. Rounds are interleaved; each ratio is taken within a round, of wall-clock seconds and of CPU seconds, which other
processes on the machine disturb less. The values have to be equal, or the benchmark fails.

lm-eval pins much; keep it apart, and leave out what it would change:

    pip install minicons
    pip install --target lmeval --no-deps lm-eval evaluate sqlitedict pytablewriter DataProperty mbstrdecoder pathvalidate tabledata \
        tcolorpy typepy rouge-score sacrebleu word2number zstandard more_itertools tqdm-multiprocess
    PYTHONPATH=lmeval python benchmarks/scoring.py
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from freqbias.models import batching, language_model
from freqbias.paraphrases.lexicon import generate
from freqbias.probes.likelihood import BRIDGE
from freqbias.terms import REGISTERS

BATCH, WIDTH = 32, 16  # 512 tokens, at which a plain forward pass is at full speed
SAME_NATS = 1e-3


def texts_and_couples(items: int) -> tuple[list[str], list[tuple[str, str]]]:
    """Return what the probe `likelihood` asks about that many bundled items an arm: the forms, and their glosses after them.

    The texts are in the order of the pairs, each pair's forms and then the same with a gloss, so that lengths vary from line to line.
    """
    texts: list[str] = []
    couples: list[tuple[str, str]] = []
    for pair in generate(n=items, seed=0):
        forms = (pair.high, pair.low)
        glosses = [found[0] for register in REGISTERS if (found := pair.queries.get(f"gloss_{register}"))]
        own = [(form + BRIDGE, f" {gloss}") for form in forms for gloss in glosses]
        couples += own
        texts += [*forms, *(context + text for context, text in own)]
    return list(dict.fromkeys(texts)), list(dict.fromkeys(couples))


def minicons(model: Any, texts: list[str]) -> Callable[[], list[float]]:
    """Return minicons' way to score the texts."""
    from minicons.scorer import IncrementalLMScorer

    scorer = IncrementalLMScorer(model._model, "cpu", tokenizer=model._tokenizer)

    def run() -> list[float]:
        return [
            value
            for start in range(0, len(texts), BATCH)
            for value in scorer.sequence_score(texts[start : start + BATCH], bos_token=True, reduction=lambda row: row.sum().item())
        ]

    return run


def lm_eval(model: Any, texts: list[str], couples: list[tuple[str, str]]) -> tuple[Callable[[], list[float]], Callable[[], list[float]]]:
    """Return lm-eval's way to score the texts, and the continuations of the couples."""
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    backend = HFLM(pretrained=model._model, tokenizer=model._tokenizer, batch_size=BATCH)
    first = model.info.details["first_token_context"]
    whole = [Instance("loglikelihood_rolling", {}, (text,), k) for k, text in enumerate(texts)]
    after = [Instance("loglikelihood", {}, (first + context, text), k) for k, (context, text) in enumerate(couples)]
    return (
        lambda: list(backend.loglikelihood_rolling(whole, disable_tqdm=True)),
        lambda: [value for value, _ in backend.loglikelihood(after, disable_tqdm=True)],
    )


def packed(model: Any, tokens: int) -> Callable[[], list[float]]:
    """Return a forward pass with head over full batches that hold `tokens` tokens in all."""
    rng = np.random.default_rng(0)
    rows = -(-tokens // WIDTH)
    ids = torch.tensor(rng.integers(10, 10_000, size=(rows, WIDTH)))

    def run() -> list[float]:
        with torch.inference_mode():
            for start in range(0, rows, BATCH):
                model._model(input_ids=ids[start : start + BATCH], use_cache=False)
        return []

    return run


def computed(model: Any, texts: list[str]) -> int:
    """Return how many tokens our passes over the texts hold, which share what the texts begin with."""
    ids = model._ids(texts)
    return sum(
        len(batching.tree([ids[i] for i in part], 0).tokens) for part in batching.trees(ids, lambda: int(model._tokens_per_pass), None)
    )


def timed(run: Callable[[], Any]) -> tuple[float, float, Any]:
    """Return wall-clock seconds, CPU seconds and the result."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = run()
    return time.perf_counter() - wall, time.process_time() - cpu, result


def main() -> None:
    """Print one line a comparison."""
    parser = argparse.ArgumentParser()
    for name, default in (("items", 16), ("rounds", 3), ("threads", 1), ("tokens", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model: Any = language_model("smollm2-135m", device="cpu")
    if options.tokens:
        model._tokens_per_pass = options.tokens
    texts, couples = texts_and_couples(options.items)
    real = sum(model.token_counts(texts))
    say(f"{len(texts)} texts, {real} tokens of which {computed(model, texts)} are computed; {len(couples)} couples")
    say(f"threads: {options.threads}; tokens in a pass: {model._tokens_per_pass}")
    contexts, continuations = zip(*couples, strict=True)
    runs: dict[str, Callable[[], Any]] = {
        "ours": lambda: [row.sum() for row in model.log_probs(texts)],
        "ours after": lambda: model.continuation_log_probs(contexts, continuations),
        "packed": packed(model, real),
    }
    against = {"packed": "ours"}
    try:
        runs["minicons"], against["minicons"] = minicons(model, texts), "ours"
    except ModuleNotFoundError as error:
        say(f"minicons left out: no module {error.name}")
    try:
        runs["lm-eval rolling"], runs["lm-eval after"] = lm_eval(model, texts, couples)
        against |= {"lm-eval rolling": "ours", "lm-eval after": "ours after"}
    except ModuleNotFoundError as error:
        say(f"lm-eval left out: no module {error.name}")
    model.log_probs(texts[:8])  # the first pass is slower
    rounds = [{name: timed(run) for name, run in runs.items()} for _ in range(options.rounds)]
    for name, ours in against.items():
        report(name, ours, rounds)


def report(name: str, ours: str, rounds: list[dict[str, tuple[float, float, Any]]]) -> None:
    """Print the ratio of one contestant's seconds to ours, and check that the values are equal."""
    wall, cpu = (statistics.median(row[name][k] / row[ours][k] for row in rounds) for k in (0, 1))
    seconds = [statistics.median(row[key][0] for row in rounds) for key in (name, ours)]
    line = f"{name:16} {seconds[0]:6.1f} s, {ours} {seconds[1]:6.1f} s: ratio {wall:.2f} by wall clock, {cpu:.2f} by CPU time"
    if len(rounds[0][name][2]):
        change = np.abs(np.array(rounds[0][name][2]) - np.array(rounds[0][ours][2])).max()
        line += f"; values differ by up to {change:.1e} nats"
        if change > SAME_NATS:
            raise SystemExit(f"{line}, more than {SAME_NATS}")
    say(line)


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
