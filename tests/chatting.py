"""Behaviours of a server that has chats and nothing else, whose answers come with the likeliest first tokens."""

import json
import math
import threading

from misbehaving import Reply, Server, chat

TOO_MANY = "Invalid value for 'top_logprobs': must be less than or equal to {}."


def answer(ranked, **message):
    """Return the answer of a chat that drew the likeliest of these tokens; `ranked` holds (token, log-probability), likeliest first."""
    rows = [{"token": token, "logprob": value, "bytes": list(token.encode())} for token, value in ranked]
    said = {"role": "assistant", "content": ranked[0][0] if ranked else "", **message}
    content = [{**rows[0], "top_logprobs": rows}] if rows else None
    choice = {"index": 0, "message": said, "finish_reason": "length", "logprobs": {"content": content, "refusal": None}}
    return {"choices": [choice], "usage": {"prompt_tokens": 7, "completion_tokens": 1}}


def choosing(first, most=20):
    """Return chats that begin with the tokens that `first(message)` gives probabilities; more than `most` of them are refused (400)."""

    def behave(body):
        if not body.get("logprobs"):
            return chat(body)
        if body["top_logprobs"] > most:
            raise Reply(400, {"error": {"message": TOO_MANY.format(most), "param": "top_logprobs"}})
        found = sorted(first(body["messages"][0]["content"]).items(), key=lambda row: -row[1])
        return answer([(token, math.log(value)) for token, value in found[: body["top_logprobs"]]])

    return behave


def of_model(model):
    """Return chats of a real model: its tokenizer's chat template, a forward pass of its own, the likeliest tokens."""
    import torch

    tokenizer, weights = model._tokenizer, model._model
    lock = threading.Lock()

    def behave(body):
        text = tokenizer.apply_chat_template(body["messages"], tokenize=False, add_generation_prompt=True)
        ids = tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"]
        with lock, torch.inference_mode():
            values = weights(input_ids=ids).logits[0, -1].double().log_softmax(-1)
        top = torch.topk(values, body.get("top_logprobs") or 1)
        return answer([(tokenizer.decode([token]), value) for value, token in zip(*(part.tolist() for part in top), strict=True)])

    return behave


def spoiling(change, first, target="TARGET"):
    """Return chats in which `change(choice)` spoils the answer about the target."""

    def behave(body):
        found = json.loads(json.dumps(choosing(first)(body)))
        if target in body["messages"][0]["content"] and body.get("logprobs"):
            change(found["choices"][0])
        return found

    return behave


def first(message):
    """Return probabilities of first tokens: A in three spellings, B in one, C only among many others."""
    others = {f"word{k}": 0.01 - k * 1e-4 for k in range(25)}
    return {"A": 0.4, " A": 0.2, "A.": 0.05, "B": 0.1, "\nA": 0.02, "C": 0.001, **others}


def chat_server(chat=choosing(first), **behaviours):  # noqa: B008  # a behaviour without a state
    return Server(completions=None, chat__completions=chat, **behaviours)
