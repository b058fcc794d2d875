"""Every probe of labels says why a label has no number, also on a server that tells first tokens only."""

import pytest
from chatting import choosing
from misbehaving import Server
from served import CodePoints, language_model

from freqbias.paraphrases.lexicon import generate
from freqbias.paraphrases.tasks import generate as tasks
from freqbias.probes import choice, consistency, entailment, task
from freqbias.terms import FREQUENCY

PROBES = {"choice": choice, "entailment": entailment, "task": task, "consistency": consistency}


@pytest.fixture(scope="module")
def only_a():
    """A chat that begins with an A, never with another letter, beside completions that a tokenizer here is for; as llama.cpp has them."""
    first = {"A": 0.5, **{f"word{k}": 0.02 - k * 1e-4 for k in range(19)}}
    with Server(completions=lambda body: {"choices": [{"text": "x"}]}, chat__completions=choosing(lambda message: first)) as server:
        yield language_model(server, CodePoints())


@pytest.mark.parametrize("name", PROBES)
def test_a_letter_beyond_the_likeliest_tokens_is_named(only_a, name):
    bundled = name in ("task", "consistency")
    pairs = tasks(data="commonsense", n=1) if bundled else [p for p in generate(n=4, seed=2) if p.arm == FREQUENCY][:2]
    rows = list(PROBES[name].probe(pairs, only_a))
    assert rows
    for row in rows:
        assert "B is not among the 20 likeliest first tokens of the answer" in row.error
