"""Whatever way a server writes its tokens in, those of a continuation are found, or the ability check says what is needed."""

import re
from functools import partial

import numpy as np
import pytest
from misbehaving import Reply, Server, completion
from served import TEXTS, VALUES, language_model, sums

from freqbias.errors import BackendError, InputError
from freqbias.models.adapters import http_answers, http_echo

CONTEXT, CONTINUATION = "\nThe naïve cat – “sat”.", " on a mat\n你好"
WHOLE = CONTEXT + CONTINUATION
PLAIN = ["\n", "The", " na", "ïve", " cat", " –", " “", "sat", "”.", " on", " a", " mat", "\n", "你", "好"]
LATER = [9, 10, 11, 12, 13, 14]


def byte_level(pieces):
    letters = {byte: letter for letter, byte in http_echo._byte_level().items()}
    return ["".join(letters[byte] for byte in piece.encode()) for piece in pieces]


SPELLINGS = {
    "text": PLAIN,
    "sentencepiece": [{"\n": "<0x0A>"}.get(piece, piece.replace(" ", "▁")) for piece in PLAIN],
    "a space before the text": ["▁", *[{"\n": "<0x0A>"}.get(piece, piece.replace(" ", "▁")) for piece in PLAIN]],
    "byte-level": byte_level(PLAIN),
    "no spaces": [piece.strip(" ") for piece in PLAIN],
    "no spaces or line ends": [piece.strip() for piece in PLAIN],
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings(spelling):
    more = spelling == "a space before the text"
    tokens = SPELLINGS[spelling]
    assert http_echo.inside([*tokens, " and", "<|endoftext|>"], WHOLE, len(CONTEXT)) == [place + more for place in LATER]
    assert http_echo.inside(tokens, WHOLE, 1) == [place + more for place in range(1, 15)]


@pytest.mark.parametrize(
    "parts",
    [
        ["bytes:\\xe4\\xbd", "bytes:\\xa0"],
        ["<0xE4>", "<0xBD>", "<0xA0>"],
        ["\ufffd", "\ufffd", "\ufffd"],
        ["\ufffd", "\ufffd"],
        ["", "", "你"],
        ["", "你"],
    ],
)
def test_a_character_of_several_tokens_counts_whole(parts):
    tokens = [*PLAIN[:13], *parts, "好"]
    later = [*LATER[:4], *range(13, 13 + len(parts) + 1)]
    assert http_echo.inside(tokens, WHOLE, len(CONTEXT)) == later
    assert http_echo.inside([token.strip() for token in tokens], WHOLE, len(CONTEXT)) == later
    # and where the border lies before it, or behind it
    assert http_echo.inside(tokens, WHOLE, len(WHOLE) - 2) == later[4:]
    assert http_echo.inside(tokens, WHOLE, len(WHOLE) - 1) == later[-1:]


@pytest.mark.parametrize(
    ("tokens", "text", "start", "fault"),
    [
        (["the", " cat"], "The cat", 0, http_echo.MISSPELT),
        (["The"], "The cat", 0, http_echo.MISSPELT),
        (["The", " ca", "r"], "The cat", 0, http_echo.MISSPELT),
        ([], "The cat", 0, http_echo.MISSPELT),
        (["The cat", "▁", "sat"], "The cat \nsat", 8, http_echo.UNCLEAR),
        (["a", "\ufffd", "\ufffd", "\ufffd", "b"], "aé你b", 2, http_echo.UNCLEAR),
    ],
)
def test_what_cannot_be_told_is_no_guess(tokens, text, start, fault):
    with pytest.raises(ValueError, match=fault):
        http_echo.inside(tokens, text, start)


@pytest.mark.parametrize(
    ("tokens", "before"),
    [
        (["The", " cat"], 0),
        (["▁The", "▁cat"], 0),
        (["The", "cat"], 0),
        (["<s>", "▁The", "▁cat"], 1),
        (["", "The", " cat"], 1),
        (["[gMASK]", "<sop>", "The", " cat"], 2),
        (["a", "b", "c", "The", " cat"], None),
        (["le", " chat"], None),
    ],
)
def test_tokens_before_a_text_are_counted(tokens, before):
    assert http_echo.spelling(tokens, "The cat") == before


def written(change, body):
    answer = completion(body)
    found = answer["choices"][0].get("logprobs")
    if found:
        found["tokens"] = list(map(change, found["tokens"]))
    return answer


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token.strip(" "),
        lambda token: token.strip(),
        lambda token: token.replace(" ", "▁").replace("\n", "<0x0A>"),
        lambda token: token.replace(" ", "Ġ").replace("\n", "Ċ"),
    ],
    ids=["no spaces", "no white space", "sentencepiece", "byte-level"],
)
def test_a_model_without_its_tokenizer_here_is_scored_whatever_its_tokens_look_like(change):
    with Server(completions=partial(written, change)) as server:
        model = language_model(server)
        assert sums(model.log_probs(TEXTS)) == VALUES
        assert model.continuation_log_probs(["one", "one sm"], [" small step", "all step"]).tolist() == [-5.5, -5.5]
    assert model.errors == {}
    assert model.info.details["first_token_context"] == "\n"


def test_tokens_that_spell_something_else_are_found_out_at_once_and_the_cure_is_named():
    with (
        Server(completions=partial(written, str.upper)) as server,
        pytest.raises(InputError, match=r"do not spell the text, so its tokenizer is needed here: serve the model under its hub id"),
    ):
        language_model(server)


def test_the_servers_own_reason_for_refusing_echo_is_passed_on():
    def refuse(body):
        if body.get("echo"):
            raise Reply(400, {"error": {"code": 400, "message": "Only no echo is supported", "type": "invalid_request_error"}})
        return completion(body)

    with Server(completions=refuse) as server:
        model = language_model(server)
        with pytest.raises(BackendError, match=r"can only generate there \(echo: HTTP 400: Only no echo is supported; first token: "):
            model.log_probs(TEXTS)


def test_log_probabilities_in_the_form_of_chats_and_in_a_place_of_their_own():
    found = {"content": [{"token": token, "logprob": -1.0, "bytes": []} for token in ["The", " cat"]]}
    assert http_answers.echoed({"choices": [{"text": "", "logprobs": found}]}) == (["The", " cat"], [-1.0, -1.0])
    together = {"prompt": [{"text": "x", "logprobs": {"tokens": ["a"], "token_logprobs": [None]}}], "choices": [{"text": "b"}]}
    assert http_answers.echoed(together) == (["a"], [None])


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (0.7, r"a log-probability of \+0.7, above 0"),
        (0.0, "log-probabilities that are all 0"),
        (-9999.0, "a log-probability of -9999, which stands for an unknown one"),
        (-100.0, "a log-probability of -100, which stands for an unknown one"),
        (-1e9, r"a log-probability of -1e\+09, which stands for an unknown one"),
        (None, "log-probabilities hold None"),
        (float("nan"), "log-probabilities hold nan"),
        (float("-inf"), "log-probabilities hold -inf"),
    ],
)
def test_numbers_that_cannot_be_are_refused_at_the_ability_check_and_in_rows(value, reason):
    def spoilt(body, of):
        answer = completion(body)
        found = answer["choices"][0].get("logprobs")
        if found and of in body["prompt"]:
            found["token_logprobs"] = [None, *[value] * (len(found["tokens"]) - 1)]
        return answer

    with Server(completions=partial(spoilt, of="")) as server:
        model = language_model(server)
        with pytest.raises(BackendError, match=rf"returns no log-probabilities of prompts for 'small'.*\(echo: .*{reason}"):
            model.log_probs(TEXTS)
    with Server(completions=partial(spoilt, of="TARGET")) as server:
        model = language_model(server)
        assert np.isfinite(sums(model.log_probs(TEXTS))).tolist() == [True, False, True]
    assert re.search(reason, model.errors[TEXTS[1]])


def test_one_unlikely_token_is_no_sentinel():
    assert http_answers.log_probabilities([-99.9, -350.0, 0.0, -0.0, 1e-6]) == [-99.9, -350.0, 0.0, -0.0, 1e-6]


def test_an_echo_with_prompt_logprobs_beside_it_is_read_by_itself():
    """vLLM gives both, and leaves the first token out of `prompt_logprobs`."""

    def both(body):
        answer = completion(body)
        choice = answer["choices"][0]
        if choice["logprobs"]:
            tokens, values = choice["logprobs"]["tokens"], choice["logprobs"]["token_logprobs"]
            entries = [
                {str(k): {"logprob": value, "decoded_token": token}} for k, (token, value) in enumerate(zip(tokens, values, strict=True))
            ]
            choice["prompt_logprobs"] = [None, *entries[1:-1]]
        return answer

    with Server(completions=both) as server:
        model = language_model(server)
        assert model.info.details["scoring"] == "echo"
        np.testing.assert_allclose(sums(model.log_probs(TEXTS)), VALUES)
