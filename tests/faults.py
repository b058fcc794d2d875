"""What real servers get wrong, by kind, for the misbehaving server: each takes an answer that is right and spoils it.

A fault that passes is over when the same text is asked for again; one that lasts is there every time.
"""

import copy
import random
import threading

from misbehaving import Reply, completion, embeddings


def in_body(error, **more):
    def spoil(answer):
        return {"error": error, **more}

    return spoil


def replying(*arguments, **options):
    def spoil(answer):
        raise Reply(*arguments, **options)

    return spoil


def without_choices(answer):
    return {**answer, **dict.fromkeys(("choices", "data"))}


def no_rows(answer):
    return {**answer, **{name: [] for name in ("choices", "data") if name in answer}}


def beside_an_error(answer):
    return {**answer, "error": {"message": "Provider returned error", "code": 502, "metadata": {"raw": "error code: 1015"}}}


def bad_numbers(value):
    def spoil(answer):
        answer = copy.deepcopy(answer)
        for row in answer.get("data", []):
            row["embedding"] = [value] * len(row["embedding"])
        for choice in answer.get("choices", []):
            if choice.get("logprobs"):
                choice["logprobs"]["token_logprobs"] = [value] * len(choice["logprobs"]["tokens"])
        return answer

    return spoil


def cut_short(answer):
    answer = copy.deepcopy(answer)
    for row in answer.get("data", []):
        row["embedding"] = row["embedding"][:1]
    for choice in answer.get("choices", []):
        if choice.get("logprobs"):
            choice["logprobs"]["token_logprobs"].pop()
    return answer


#: Faults that a repetition may end.
PASSING = {
    "429": replying(429, {"error": {"message": "slow down"}}, headers={"Retry-After": "0"}),
    "500": replying(500, {"error": "failed to encode response: json: unsupported value: NaN"}),
    "503": replying(503, {"detail": "loading"}),
    "529": replying(529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
    "409": replying(409, {}),
    "400 that means 429": replying(400, {"error": {"code": 429, "message": "rate limit reached"}}),
    "424": replying(424, {"error": "Backend error: Inference error: CublasError", "error_type": "Backend"}),
    "499": replying(499, {"detail": "Client disconnected"}),
    "403 that is a page": replying(403, raw=b"<html><title>Just a moment...</title></html>"),
    "404 of a gateway": replying(404, raw=b"default backend - 404"),
    "400 in words": replying(400, {"error": {"message": "litellm.RateLimitError: too fast", "type": "invalid_request_error"}}),
    "throttled": replying(400, {"__type": "ThrottlingException", "message": "Too many requests, please wait"}),
    "an integer beyond every float": bad_numbers(10**400),
    "beyond single precision": bad_numbers(-1e39),
    "reset": replying(how="reset"),
    "half a body": replying(payload={"choices": []}, how="half a body"),
    "half a JSON": replying(payload={"choices": []}, how="half a JSON"),
    "page": replying(raw=b"<html><title>Just a moment...</title></html>"),
    "nothing": replying(raw=b""),
    "error 429 in the body": in_body({"code": 429, "message": "Rate limit exceeded"}),
    "error '503' in the body": in_body({"code": "503", "message": "no instance"}),
    "error in words": in_body({"code": "rate_limit_exceeded", "message": "later"}),
    "error without a code": in_body("upstream connect error"),
    "error beside an answer": beside_an_error,
    "null for choices": without_choices,
    "no rows": no_rows,
    "null": bad_numbers(None),
    "NaN": bad_numbers(float("nan")),
    "zeros": bad_numbers(0.0),
    "cut short": cut_short,
}
#: Faults that last: a text that is refused, or for which only rubbish comes.
LASTING = {
    "400": replying(400, {"error": {"message": "this text is not allowed"}}),
    "422": replying(422, {"detail": [{"loc": ["body", "prompt"], "msg": "too long"}]}),
    "413": replying(413, {"message": "Payload Too Large"}),
    "error 400 in the body": in_body({"code": 400, "message": "no such text"}),
    "null": bad_numbers(None),
    "-9999": bad_numbers(-9999.0),
}


class Faults:
    """Behaviours of a server that goes wrong `count` times, by a seed; `lasting` are the texts that it never answers well."""

    def __init__(self, texts, count, lasting, seed=0, most=2):
        draw = random.Random(seed)
        self.lasting = dict.fromkeys(draw.sample(texts, lasting))
        for text in self.lasting:
            self.lasting[text] = draw.choice([name for name in LASTING if name != "-9999"])
        rest = [text for text in texts if text not in self.lasting]
        self._left = {text: [] for text in texts}
        while count:
            text = draw.choice(rest)
            if len(self._left[text]) < most:
                self._left[text].append(draw.choice(list(PASSING)))
                count -= 1
        self.made = dict.fromkeys(PASSING, 0)
        self._lock = threading.Lock()

    def _fault(self, asked):
        with self._lock:
            for text in asked:
                if text in self.lasting:
                    return LASTING[self.lasting[text]]
                if self._left.get(text):
                    name = self._left[text].pop()
                    self.made[name] += 1
                    return PASSING[name]
        return None

    def completions(self, body):
        fault = self._fault([body["prompt"].removeprefix("\n")])
        return completion(body) if fault is None else fault(completion(body))

    def embeddings(self, body):
        fault = self._fault(body["input"])
        return embeddings(body) if fault is None else fault(embeddings(body))
