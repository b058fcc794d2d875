"""The noise floor of an embedding model costs little beside the run."""

import numpy as np

from freqbias.models.protocols import ModelInfo
from freqbias.models.relevance import DenseScorer
from freqbias.paraphrases.lexicon import generate
from freqbias.probes.common import encode_all
from freqbias.probes.noise import scorer_noise
from freqbias.progress import silent


class Counting:
    """An embedder whose numbers depend on the longest text of the batch, and that counts what it encodes."""

    info = ModelInfo(name="counting", kind="embedder", source="memory")
    max_tokens = None

    def __init__(self):
        self.asked = []

    def encode(self, texts, *, role):
        self.asked += texts
        longest = max(map(len, texts))
        return np.array([[len(text), longest - len(text) + 1.0] for text in texts], dtype=np.float32)

    def token_counts(self, texts):
        return None


def test_the_noise_floor_encodes_a_twentieth_of_a_run_at_most():
    pairs = generate(n=80, seed=0)
    assert len(pairs) == 200
    model = Counting()
    scorer = DenseScorer(model)
    encode_all(pairs, scorer, silent)
    of_run = list(model.asked)
    model.asked.clear()
    floor = scorer_noise(scorer, [pair.high for pair in pairs])
    assert floor > 0.01  # lengths differ, so the batch moved the numbers
    assert 0 < len(model.asked) < 0.05 * len(of_run)
    assert sum(map(len, model.asked)) < 0.05 * sum(map(len, of_run))
    assert len({len(text) for text in model.asked}) >= 3


def test_few_texts_are_all_taken():
    model = Counting()
    assert scorer_noise(DenseScorer(model), ["a", "bb", "a", "cccccc"]) > 0
    assert set(model.asked) == {"a", "bb", "cccccc"}


OF_SOMEBODY_ELSE = """
import numpy as np
from freqbias.models import ModelInfo

class Model:
    info = ModelInfo(name="broken_lm:model", kind="language_model", source="memory")
    path = None
    def log_probs(self, texts):
        raise RuntimeError("no room left")
    def continuation_log_probs(self, contexts, continuations):
        return np.full(len(contexts), -1.0)
    def choices(self, context, options):
        return np.full(len(options), -1.0)
    def generate(self, prompts, *, max_tokens, stop=()):
        return [""] * len(prompts)
    def format_prompt(self, prompt):
        return prompt
    def token_counts(self, texts):
        return None

model = Model()
"""


def test_what_a_model_of_somebody_elses_raises_while_its_noise_is_measured_is_one_line(cli, tmp_path, monkeypatch, pair_file):
    (tmp_path / "broken_lm.py").write_text(OF_SOMEBODY_ELSE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    done = cli("probe", pair_file, "--lm", "broken_lm:model", "--probe", "likelihood", "--out", tmp_path / "rows.jsonl")
    assert (done.exit_code, type(done.exception)) == (1, SystemExit)
    assert "model 'broken_lm:model': RuntimeError: no room left (broken_lm.py:9)" in done.stderr
