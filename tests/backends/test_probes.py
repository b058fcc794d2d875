"""Every probe of language models on transformers, vLLM's engine and vLLM's server: the same rows and estimates, all in float32.

What is drawn at random cannot be the same: each backend has a generator of its own. There the keys of the rows are compared, and one
backend is asked twice. vLLM's chats by themselves are held against those of transformers, which tell first tokens in the same way.
"""

import os

import httpx
import numpy as np
import pytest

pytest.importorskip("vllm", reason="needs vLLM in an environment of its own: tox run -e vllm")

from chatting import of_model
from misbehaving import Reply, Server

from freqbias import models
from freqbias.models.labels import label_log_probs, labels_measure
from freqbias.models.log_probs import checked
from freqbias.paraphrases.tasks import generate
from freqbias.probes import choice, consistency, distill, entailment, likelihood, option_frequency, stories, task
from freqbias.progress import silent
from freqbias.terms import FREQUENCY, PLACEBO

LM = "smollm2-135m"
NATS = 1e-3  # of a log-probability, of what adds a few of them up, and of a probability
PAIRS = 2  # of the frequency arm, and one of the placebo
STORY_TOKENS = 16  # of 128: enough for words to be counted
LABELS = ("A", "B")
BACKENDS = ("transformers", "vllm", "http")


@pytest.fixture(scope="module")
def server(serving):
    with serving(LM) as server:
        yield server


@pytest.fixture(scope="module")
def reference():
    return Noting(models.language_model(LM))


@pytest.fixture(scope="module")
def backends(server, reference):
    return {
        "transformers": reference,
        "vllm": Noting(models.language_model(LM, backend="vllm")),
        "http": Noting(models.language_model(LM, base_url=server.url)),
    }


class Noting:
    """A model that keeps what it wrote, by prompt; all else is the model's own."""

    def __init__(self, model):
        self.model, self.texts = model, {}

    def __getattr__(self, name):
        return getattr(self.model, name)

    def generate(self, prompts, **options):
        found = list(self.model.generate(prompts, **options))
        self.texts.update(zip(prompts, found, strict=True))
        return found


class Greedy:
    """A model that draws nothing at random, so that its stories are the same on every backend."""

    def __init__(self, model):
        self._model = model

    def __getattr__(self, name):
        if name in ("_model", "write"):
            raise AttributeError(name)
        return getattr(self._model, name)


@pytest.fixture(scope="module")
def pairs(lexicon_pairs):
    """Return a function from the name of a kind of pairs to a few of them."""
    chosen = {arm: list({pair.item: pair for pair in lexicon_pairs if pair.arm == arm}.values()) for arm in (FREQUENCY, PLACEBO)}
    kinds = {
        "lexicon": lambda: [*chosen[FREQUENCY][:PAIRS], *chosen[PLACEBO][:1]],
        "math": lambda: generate(data="math", n=2, write="first"),
        "scored math": lambda: generate(data="math", n=1, write="none"),
        "commonsense": lambda: generate(data="commonsense", n=1),
        "tools": lambda: one_prompt(generate(data="tools", n=1, write="first")),
        "translation": lambda: one_prompt(generate(data="translation", n=1, write="none", to="de")),
    }
    return lambda kind: kinds[kind]()


def one_prompt(pairs):
    """Return those of the first prompt alone: theirs are long."""
    return [pair for pair in pairs if pair.meta["prompt"] == pairs[0].meta["prompt"]]


#: By name: a probe, and the kind of pairs that it is put on.
CASES = {
    "likelihood": (likelihood, "lexicon"),
    "choice": (choice, "lexicon"),
    "option_frequency": (option_frequency, "lexicon"),
    "entailment": (entailment, "lexicon"),
    "task by letters": (task, "commonsense"),
    "task by numbers": (task, "math"),
    "task by calls": (task, "tools"),
    "task by translations": (task, "translation"),
    "consistency by letters": (consistency, "commonsense"),
}


def measured(module, pairs, model):
    """Return the rows and the estimates of a probe."""
    probe = module.probe
    common = None if probe.prepare is None else probe.prepare(pairs, model, silent)
    rows = list(probe.run(pairs, model, common))
    return rows, [] if probe.estimates is None else list(probe.estimates(pairs, model, common))


@pytest.fixture(scope="module")
def found(backends, pairs):
    """Return a function from the name of a case and of a backend to what was measured; nothing is measured twice."""
    known = {}

    def once(case, backend):
        if (case, backend) not in known:
            module, kind = CASES[case]
            known[case, backend] = measured(module, pairs(kind), backends[backend])
        return known[case, backend]

    return once


def key(row):
    return row.pair_id, row.measure, row.contrast, row.register, row.prompt


def numbers(row):
    return [row.high, row.low, *(row.decoys or {}).values()]


def worst_of(ones, others):
    """Return how far apart two lists of rows are, which must be the same in all but numbers, and how many have some."""
    assert list(map(key, ones)) == list(map(key, others))
    assert len(set(map(key, ones))) == len(ones)
    assert [row.error for row in ones] == [row.error for row in others]
    assert [row.covariates for row in ones] == [row.covariates for row in others]
    couples = [(a, b) for one, other in zip(ones, others, strict=True) if one.error is None for a, b in couples_of(one, other)]
    return max(abs(a - b) for a, b in couples), sum(row.error is None for row in ones)


def couples_of(one, other):
    return zip(numbers(one), numbers(other), strict=True)


def worst_of_estimates(ones, others):
    """Return the same of estimates; 0 where none has a value."""
    same = ("measure", "contrast", "term", "arm", "n_pairs", "n_items", "n_failed", "flags", "method")
    assert [[getattr(row, name) for name in same] for row in ones] == [[getattr(row, name) for name in same] for row in others]
    assert [row.value is None for row in ones] == [row.value is None for row in others]
    return max((abs(a.value - b.value) for a, b in zip(ones, others, strict=True) if a.value is not None), default=0.0)


@pytest.mark.parametrize("backend", BACKENDS[1:])
@pytest.mark.parametrize("case", CASES)
def test_rows_and_estimates(found, case, backend, table):
    (rows, estimates), (others, other_estimates) = found(case, BACKENDS[0]), found(case, backend)
    worst, count = worst_of(rows, others)
    table.add(f"rows of {case}", BACKENDS[0], backend, count, worst, f"{NATS:.0e}")
    assert count
    assert worst < NATS
    if estimates:
        worst = worst_of_estimates(estimates, other_estimates)
        table.add(f"estimates of {case}", BACKENDS[0], backend, len(estimates), worst, f"{NATS:.0e}")
        assert worst < NATS


@pytest.mark.parametrize("backend", BACKENDS[1:])
def test_answers_that_were_written(found, backends, backend, table):
    for case in ("task by numbers", "task by calls"):
        for name in (BACKENDS[0], backend):
            found(case, name)
    texts, others = backends[BACKENDS[0]].texts, backends[backend].texts
    assert len(texts) >= 8
    assert texts.keys() <= others.keys()
    differing = {prompt for prompt, text in texts.items() if text != others[prompt]}
    table.add("written answers that differ", BACKENDS[0], backend, len(texts), str(len(differing)), "0")
    assert not differing


# What is drawn at random


@pytest.mark.parametrize("backend", BACKENDS)
def test_answers_drawn_twice_are_the_same_and_their_rows_have_the_same_keys_everywhere(backends, pairs, backend):
    chosen = pairs("scored math")[:2]
    rows, again = (measured(consistency, chosen, backends[backend])[0] for _ in range(2))
    assert rows == again
    expected = [(pair.id, contrast) for pair in chosen for contrast in ("gap", "flip")]
    assert [(row.pair_id, row.contrast) for row in rows] == expected
    for row in rows:
        assert row.measure == "agreement"
        if row.error is None:
            assert all(0 <= value <= 1 for value in numbers(row))
        else:
            assert row.error == "fewer than two answers to a wording could be read"


@pytest.mark.parametrize("backend", BACKENDS)
def test_stories_drawn_twice_are_the_same(backends, pairs, backend, monkeypatch):
    monkeypatch.setattr(stories, "MAX_TOKENS", STORY_TOKENS)
    chosen = pairs("lexicon")
    rows, estimates = measured(distill, chosen, backends[backend])
    assert (rows, estimates) == measured(distill, chosen, backends[backend])
    assert {(row.contrast, row.measure) for row in rows} == set(distill.ROWS.values())
    assert all(row.error is None for row in rows)
    assert next(row.value for row in estimates if row.contrast == "words_written") > PAIRS * STORY_TOKENS


@pytest.mark.parametrize("backend", BACKENDS[1:])
def test_what_greedy_stories_tell_is_the_same(backends, pairs, backend, monkeypatch, table):
    monkeypatch.setattr(stories, "MAX_TOKENS", STORY_TOKENS)
    (rows, estimates), (others, other_estimates) = (
        measured(distill, pairs("lexicon"), Greedy(backends[name])) for name in (BACKENDS[0], backend)
    )
    worst, count = worst_of(rows, others)
    table.add("rows of distill, Zipf", BACKENDS[0], backend, count, worst, "0")
    assert worst == 0
    worst = worst_of_estimates(estimates, other_estimates)
    table.add("estimates of distill", BACKENDS[0], backend, len(estimates), worst, f"{NATS:.0e}")
    assert worst < NATS


# Chats, of which only the first token of an answer is known


@pytest.fixture(scope="module")
def chats(server, reference):
    """Models by first tokens: vLLM's real chats, with everything else of the server out of reach, and those of transformers."""

    def handed_on(path):
        def behave(body):
            with httpx.Client(trust_env=False, timeout=60, headers={"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}) as client:
                answer = client.post(f"{server.url}/{path}", json=body) if body else client.get(f"{server.url}/{path}")
            if answer.status_code != 200:
                raise Reply(answer.status_code, answer.json())
            return answer.json()

        return behave

    listed = handed_on("models")
    with (
        Server(models=listed, completions=None, chat__completions=handed_on("chat/completions")) as vllm,
        Server(models=listed, completions=None, chat__completions=of_model(reference.model)) as transformers,
    ):
        yield {
            name: checked(models.language_model(LM, base_url=server.url))
            for name, server in {"vllm": vllm, "transformers": transformers}.items()
        }


QUESTIONS = [
    "Which one is a city?\nA: Paris\nB: jam\nAnswer with the letter alone.",
    "Which one can be eaten?\nA: Paris\nB: jam\nAnswer with the letter alone.",
    "Is this right?\nTwo plus two makes five.\nA: yes\nB: no\nReply with A or B.",
    "Name a colour.",
]


def test_labels_of_chats(chats, reference, table):
    assert {labels_measure(model) for model in chats.values()} == {"first_token_log_prob_nats"}
    assert labels_measure(reference) == "log_prob_nats"
    for model in chats.values():
        assert model.info.details["labels"] == "first answer token, 20 likeliest"
        assert model.info.details["scoring"] is None
    found = {name: label_log_probs(model, QUESTIONS, LABELS) for name, model in chats.items()}
    both = np.isfinite(found["vllm"]) & np.isfinite(found["transformers"])
    assert both.sum() >= 3
    assert (np.isfinite(found["vllm"]) == both).all()
    worst = float(np.abs(found["vllm"] - found["transformers"])[both].max())
    table.add("first tokens that are labels, nats", "transformers", "vllm's chats", int(both.sum()), worst, f"{NATS:.0e}")
    assert worst < NATS
    reasons = [dict(model.errors) for model in chats.values()]
    assert reasons[0] == reasons[1]


def test_a_label_is_at_least_as_likely_as_its_plainest_token(chats, reference):
    """By another way than the chats' own: log p of the letter right after the start of the answer's turn."""
    found = label_log_probs(chats["vllm"], QUESTIONS, LABELS, start="")
    contexts = [reference.format_prompt(message) for message in QUESTIONS for _ in LABELS]
    plain = reference.continuation_log_probs(contexts, [label for _ in QUESTIONS for label in LABELS]).reshape(found.shape)
    known = np.isfinite(found)
    assert known.sum() >= 3
    assert (found >= plain - NATS)[known].all()
    assert (found <= 0)[known].all()


#: By case: what is measured of first tokens. No row has a name that continuations have.
MEASURES = {
    "task by letters": "first_token_log_prob_nats",
    "choice": "first_token_log_prob_nats",
    "entailment": "first_token_log_odds_nats",
    "consistency by letters": "agreement",
}


@pytest.mark.parametrize("case", MEASURES)
def test_rows_of_chats(chats, pairs, case, table):
    module, kind = CASES[case]
    (rows, estimates), (others, other_estimates) = (measured(module, pairs(kind), chats[name]) for name in ("transformers", "vllm"))
    worst, count = worst_of(rows, others)
    table.add(f"rows of {case} by first tokens", "transformers", "vllm's chats", count, worst, f"{NATS:.0e}")
    assert count
    assert worst < NATS
    assert worst_of_estimates(estimates, other_estimates) < NATS
    found = {row.measure for row in others}
    assert MEASURES[case] in found
    assert not found & {"log_prob_nats", "margin_nats", "log_odds_nats"}
    assert all("likeliest first tokens" in row.error for row in others if row.error is not None)
