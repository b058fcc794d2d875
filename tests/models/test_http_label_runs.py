"""A real model behind a server that has chats alone, and whole runs on it."""

import json
import math

import labelling
import numpy as np
import pytest
from chatting import chat_server, choosing, of_model
from conftest import needed
from labelling import question
from misbehaving import MODEL, Reply
from served import language_model

from freqbias import models, read_observations
from freqbias.errors import BackendError, InputError
from freqbias.models.labels import label_log_probs
from freqbias.models.log_probs import checked
from freqbias.probes.noise import language_model_noise
from freqbias.records import Pair


def test_a_real_model_behind_a_server_gives_the_numbers_of_this_process():
    needed("torch")
    here = models.language_model("smollm2-135m")
    chats = of_model(here)
    sentences = ("The car stood in the yard.", "A dog ran past the old red barn.", "The jalopy broke down.")
    messages = [question(text) for text in sentences]
    with chat_server(chats) as server:
        served = checked(language_model(server))
        found = label_log_probs(served, messages, ("A", "B"))
    floor = max(language_model_noise(here, messages), 1e-5)  # single precision, at logits of 16
    known = 0
    for row, message in zip(found, messages, strict=True):
        asked = f"{message}\nAnswer:"
        told = chats({"messages": [{"role": "user", "content": asked}], "top_logprobs": 20})
        listed = [one["token"] for one in told["choices"][0]["logprobs"]["content"][0]["top_logprobs"]]
        assert len(listed) == 20
        for value, label in zip(row, ("A", "B"), strict=True):
            variants = [token for token in listed if token.strip() == label]
            assert np.isnan(value) == (not variants)
            if variants:
                own = here.continuation_log_probs([here.format_prompt(asked)] * len(variants), variants)
                assert value == pytest.approx(np.logaddexp.reduce(own), abs=floor)
                known += 1
    assert known >= 3


def biased(effect):
    """Return first tokens of a model that answers A likelier where the wording is frequent, by `effect` nats of log-odds."""

    def tokens(message):
        odds = math.exp(effect * ("common" in message))
        return {"A": 0.8 * odds / (1 + odds), "B": 0.8 / (1 + odds), **{f"word{k}": 0.005 for k in range(30)}}

    return tokens


@pytest.fixture
def pairs(tmp_path):
    rows = [{"id": f"p{n}", "item": f"i{n}", "high": f"common thing {n}", "low": f"rarest thing {n}"} for n in range(12)]
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("effect", [0.5, 0.0])
def test_a_run_has_the_measure_and_the_way_and_finds_what_is_there(effect, cli, tmp_path, pairs):
    out = tmp_path / "run"
    with chat_server(choosing(biased(effect))) as server:
        options = ("--lm", MODEL, "--probe", "labelling:probe", "--base-url", server.url)
        result = cli("probe", pairs, "--out", out / "observations.jsonl", *options)
    assert result.exit_code == 0, result.output
    rows = list(read_observations(out))
    assert {row.measure for row in rows} == {"first_token_log_prob_nats"}
    assert [row.high - row.low for row in rows] == pytest.approx([effect] * 12)
    (stated,) = json.loads((out / "manifest.json").read_text())["models"]
    assert stated["details"]["labels"] == "first answer token, 20 likeliest"
    assert stated["noise_floor"] == {"measure": "first_token_log_prob_nats", "value": 0.0}
    (out / "pairs.jsonl").write_bytes(pairs.read_bytes())
    assert cli("analyze", out).exit_code == 0
    found = [json.loads(line) for line in (out / "estimates.jsonl").read_text().splitlines()]
    (mean,) = [row for row in found if row["term"] == "mean"]
    assert mean["measure"] == "first_token_log_prob_nats"
    assert mean["value"] == pytest.approx(effect, abs=1e-9)


def test_a_run_that_goes_on_with_another_way_is_refused(cli, tmp_path, pairs):
    def run(server):
        options = ("--lm", MODEL, "--probe", "labelling:probe", "--base-url", server.url)
        return cli("probe", pairs, "--out", tmp_path / "run" / "observations.jsonl", *options)

    def declining(body):
        if "rarest thing 7" in body["messages"][0]["content"]:
            raise Reply(400, {"error": {"message": "no"}})
        return choosing(biased(0.5))(body)

    with chat_server(declining) as server:
        assert run(server).exit_code == 3
    with chat_server(choosing(biased(0.5), most=5)) as server:
        result = run(server)
    assert result.exit_code == 2
    said = " ".join(result.stderr.split())
    assert "its labels was 'first answer token, 20 likeliest' and is 'first answer token, 5 likeliest'" in said


def test_a_run_that_needs_probabilities_of_texts_ends_in_one_line(cli, tmp_path, pairs):
    with chat_server() as server:
        options = ("--lm", MODEL, "--probe", "likelihood", "--base-url", server.url)
        result = cli("probe", pairs, "--out", tmp_path / "run" / "observations.jsonl", *options)
    assert result.exit_code == 1
    said = " ".join(result.stderr.split())
    assert said.count("no log-probabilities of prompts") == 1
    assert "can only generate and choose among labels there" in said


def test_failed_rows_have_the_measure_of_the_way(cli, tmp_path, pairs):
    """A stand-in writes the rows of pairs on which a model raises; they are in the model's own measure."""
    from freqbias.models.labels import by_first_token
    from freqbias.probes.runner import Measurement

    with chat_server(choosing(biased(0.5))) as server:
        model = checked(language_model(server))
        assert by_first_token(model)
        rows = [Pair(id=f"p{n}", item=f"i{n}", arm="frequency", high=f"common {n}", low=f"rarest {n}") for n in range(3)]
        inner = model._model.label_log_probs

        def failing(messages, labels):
            if any("rarest 1" in message for message in messages):
                raise BackendError("gone for a moment")
            return inner(messages, labels)

        model._model.label_log_probs = failing
        found = Measurement(labelling.probe, rows, model, lambda items, *_, **__: items).rows(rows)
    assert [row.error for row in found] == [None, "gone for a moment", None]
    assert {row.measure for row in found} == {"first_token_log_prob_nats"}


def test_labels_of_several_words_are_refused_before_anything_is_asked():
    with chat_server() as server:
        model = language_model(server)
        probing = len(server.asked)
        with pytest.raises(InputError, match="label 'not sure' is not one word"):
            label_log_probs(model, ["one small step"], ("yes", "not sure"))
        assert len(server.asked) == probing


def test_built_in_probes_of_letters_never_call_first_tokens_continuations():
    from freqbias.probes.choice import probe as choice
    from freqbias.run.stages import make_pairs

    with chat_server(choosing(biased(0.0))) as server:
        model = checked(language_model(server))
        pairs = make_pairs("lexicon", [], {"n": 4})[:4]
        rows = list(choice.run(pairs, model, choice.prepare(pairs, model, lambda items, *_, **__: items)))
    assert rows
    assert {row.error for row in rows} == {None}
    assert {row.measure for row in rows} == {"first_token_log_prob_nats"}
    assert all(choice.judgement.judges(choice.judgement.contrast, row.measure) for row in rows)
