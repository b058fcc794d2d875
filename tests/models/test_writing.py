"""Models that draw several texts of a prompt: alike alone and in company, of one seed, by every adapter; what cannot write is refused."""

import sys
from types import ModuleType, SimpleNamespace

import pytest
from conftest import needed
from misbehaving import MODEL, Reply, Server, failing
from served import CodePoints, language_model

from freqbias import models
from freqbias.errors import BackendError, InputError
from freqbias.models import ModelInfo
from freqbias.models.writing import reason, seed_of, written

ASK = {"n": 3, "max_tokens": 8, "temperature": 0.9, "seed": 4}


def test_seeds_are_of_prompt_and_draw_and_fit_everywhere():
    found = {seed_of(seed, prompt, draw) for seed in (0, 1) for prompt in ("a", "b", "\ud800") for draw in (0, 1)}
    assert len(found) == 12
    assert all(0 <= seed < 2**31 for seed in found)
    assert seed_of(0, "a") == seed_of(0, "a", 0) == 1766903366


@pytest.fixture(scope="module")
def small():
    needed("transformers")
    return models.language_model("smollm2-135m")


def test_transformers_draw_the_same_alone_and_in_company(small):
    torch = needed("torch")
    prompts = [small.format_prompt(text) for text in ("Say hello.", "Name a colour, please.", "Count to three.")]
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    together = small.write(prompts, **ASK)
    assert torch.equal(torch.random.get_rng_state(), before)  # the library's own generator is as it was
    assert [len(row) for row in together] == [3, 3, 3]
    assert all(isinstance(text, str) for row in together for text in row)
    assert [small.write([prompt], **ASK)[0] for prompt in prompts[::-1]] == together[::-1]
    assert any(len(set(row)) > 1 for row in together)
    assert small.write(prompts, **{**ASK, "seed": 5}) != together
    assert all(count <= ASK["max_tokens"] for row in together for count in small.token_counts(row))
    assert small.write([], **ASK) == []


def test_transformers_nearly_without_temperature_write_the_greedy_text(small):
    prompt = small.format_prompt("Say hello.")
    (greedy,) = small.generate([prompt], max_tokens=6)
    assert small.write([prompt], **{**ASK, "temperature": 1e-4, "max_tokens": 6}) == [[greedy] * 3]


def test_transformers_say_which_prompt_is_too_long(small, monkeypatch):
    monkeypatch.setattr(small, "_limit", 60)
    long = "word " * 100
    (nothing, text) = written(small, [long, "Hi."], **{**ASK, "n": 1})
    assert nothing == [None]
    assert isinstance(text[0], str)
    assert "more than the 52 that smollm2-135m takes" in reason(small, long)
    assert reason(small, "Hi.") is None


@pytest.mark.parametrize("tokens", [None, CodePoints()])
def test_servers_are_asked_for_each_draw_with_a_seed_of_its_own(tokens):
    with Server() as server:
        model = language_model(server, tokens)
        start = len(server.asked)
        assert written(model, ["one", "two"], **ASK) == [[" and so on"] * 3] * 2
        bodies = [body for _, body, _ in server.asked[start:]]
    assert len(bodies) == 6
    assert len({body["seed"] for body in bodies}) == 6
    assert {(body["temperature"], body["top_p"], body["max_tokens"], body["model"]) for body in bodies} == {(0.9, 1.0, 8, MODEL)}
    sent = {body["prompt"] if tokens is None else "".join(map(chr, body["prompt"])) for body in bodies}
    assert sent == ({"one", "two"} if tokens is None else {"<one>", "<two>"})


def test_servers_with_chat_alone_write_through_it():
    with Server(completions=None) as server:
        found = written(language_model(server), ["one"], **{**ASK, "n": 2})
        assert server.asked[-1][1]["messages"] == [{"role": "user", "content": "one"}]
    assert found == [["you said one"] * 2]


@pytest.mark.parametrize(
    ("reply", "why"), [(Reply(400, {"error": {"message": "no such word"}}), "no such word"), (Reply(how="reset"), "")]
)
def test_a_draw_that_a_server_fails_at_is_none(reply, why):
    with Server(completions=failing(reply)) as server:
        model = language_model(server)
        assert written(model, ["the TARGET", "one"], **{**ASK, "n": 2}) == [[None, None], [" and so on"] * 2]
        assert why in reason(model, "the TARGET")


def test_one_draw_of_several_may_fail():
    with Server(completions=failing(Reply(400, {"error": {"message": "no"}}), times=1)) as server:
        (row,) = written(language_model(server), ["the TARGET"], **ASK)
    assert sorted(row, key=str) == [" and so on", " and so on", None]


def test_greedy_generate_keeps_its_requests():
    with Server() as server:
        language_model(server).generate(["one"], max_tokens=4, stop=["so"])
        body = server.asked[-1][1]
    assert (body["temperature"], body["max_tokens"], body["stop"]) == (0, 4, ["so"])
    assert "seed" not in body


@pytest.fixture
def engine(monkeypatch):
    """Return a model over a stand-in for vLLM's engine, and what that was asked."""
    vllm, inputs = ModuleType("vllm"), ModuleType("vllm.inputs")
    vllm.SamplingParams = SimpleNamespace
    inputs.TokensPrompt = lambda prompt_token_ids: prompt_token_ids
    monkeypatch.setitem(sys.modules, "vllm", vllm)
    monkeypatch.setitem(sys.modules, "vllm.inputs", inputs)
    asked = []

    def generate(rows, params, use_tqdm):
        asked.extend(zip(rows, params, strict=True))
        drawn = [[SimpleNamespace(index=k, text=f"{len(row)}.{k}") for k in reversed(range(own.n))] for row, own in asked]
        return [SimpleNamespace(outputs=outputs) for outputs in drawn]

    from freqbias.models.adapters.vllm import VllmLanguageModel

    model = VllmLanguageModel.__new__(VllmLanguageModel)
    model.info, model.errors = ModelInfo(name="small", kind="language_model", source="directory"), {}
    model._tokens, model._limit, model._engine = CodePoints(), 20, SimpleNamespace(generate=generate)
    return model, asked


def test_vllm_draws_all_of_a_prompt_in_one_request(engine):
    needed("torch")
    model, asked = engine
    assert written(model, ["one", "x" * 30, "three"], **ASK) == [["5.0", "5.1", "5.2"], [None] * 3, ["7.0", "7.1", "7.2"]]
    assert [(own.n, own.max_tokens, own.temperature) for _, own in asked] == [(3, 8, 0.9)] * 2
    assert [own.seed for _, own in asked] == [seed_of(4, "<one>"), seed_of(4, "<three>")]
    assert "more than the 12 that small takes" in reason(model, "x" * 30)


def test_a_model_with_one_answer_gives_it_as_often_as_asked(monkeypatch, tmp_path):
    import rewriting

    monkeypatch.setenv("FREQBIAS_TEST_REWRITES", str(tmp_path / "planted.json"))
    (tmp_path / "planted.json").write_text('{"a": {"common": ["b", "c"]}}')
    message = rewriting.prompt("common", "a")
    assert written(rewriting.Greedy(), [message], **ASK) == [["b"] * 3]
    assert written(rewriting.Scripted(), [message], **ASK) == [["b", "c", "c"]]
    with pytest.raises(BackendError, match="model 'x' did not write 3 texts for each of 1 prompts"):
        written(rewriting.Miscounting("x"), [message], **ASK)
    odd = rewriting.Scripted("y")
    odd.write = lambda prompts, **_: [[1, 2, 3] for _ in prompts]
    with pytest.raises(BackendError, match="model 'y' did not write 3 texts"):
        written(odd, [message], **ASK)
    odd.write = lambda prompts: None
    with pytest.raises(BackendError, match="model 'y': TypeError"):
        written(odd, [message], **ASK)


def test_a_function_that_scores_texts_writes_none():
    model = models.language_model("rewriting:words_only")
    with pytest.raises(InputError, match="'rewriting:words_only' is a function that only scores texts; name a model that can generate"):
        written(model, ["a"], **ASK)
