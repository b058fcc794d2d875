"""A server that speaks the OpenAI protocol as badly as it is told to, on this machine's loopback.

Its model splits a text into words, each with the space before it, and line ends, and gives a word of n characters a log-probability
of -n/2; the embedding of a text is its length and the counts of two letters. Token ids are the code points of characters, each worth
-1/4.
"""

import json
import re
import socket
import struct
import threading
import time
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODEL = "small"
WIDTH = 3


def words(text):
    return re.findall(r"\n| *\S+| +$", text)


def word_value(word):
    return -len(word) / 2


def embed(text):
    return [float(len(text)), float(text.count("a")), float(text.count("e"))]


def completion(body, *, echo=True, prompt_logprobs=True):
    prompt = body["prompt"]
    if isinstance(prompt, str):
        pieces, values = words(prompt), [word_value(word) for word in words(prompt)]
    else:
        pieces, values = [chr(token) for token in prompt], [-0.25] * len(prompt)
    choice = {"index": 0, "text": " and so on"[: 4 * body["max_tokens"]], "logprobs": None}
    if echo and body.get("echo"):
        choice["logprobs"] = {"tokens": [*pieces, " and"], "token_logprobs": [None, *values[1:], -1.0]}
    if prompt_logprobs and "prompt_logprobs" in body:
        entries = [{str(token): {"logprob": -0.25, "decoded_token": chr(token)}} for token in prompt]
        choice["prompt_logprobs"] = [None, *entries[1:]]
    return {"choices": [choice], "usage": {"prompt_tokens": len(pieces), "completion_tokens": 1}}


def chat(body):
    return {"choices": [{"index": 0, "message": {"role": "assistant", "content": f"you said {body['messages'][0]['content']}"}}]}


def embeddings(body):
    rows = [{"index": index, "embedding": embed(text)} for index, text in enumerate(body["input"])]
    return {"data": rows[::-1], "usage": {"prompt_tokens": len(rows)}}


def models(body):
    return {"data": [{"id": MODEL, "owned_by": "nobody"}]}


WELL_BEHAVED = {"models": models, "completions": completion, "chat/completions": chat, "embeddings": embeddings}


class Reply(Exception):  # noqa: N818  # raised by a behaviour to answer with something other than JSON and 200
    def __init__(self, status=200, payload=None, headers=(), how="whole", raw=None):
        super().__init__(status)
        self.status, self.payload, self.headers, self.how, self.raw = status, payload, dict(headers), how, raw


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        self.do_POST()

    def do_POST(self):
        server = self.server.owner
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "{}")
        path = self.path.removeprefix("/v1/")
        with server.entered(path, body, self.headers):
            try:
                if server.closing.is_set():  # a killed server answers on no connection that is still open
                    raise Reply(how="reset")
                behaviour = server.behaviours.get(path)
                if behaviour is None:
                    raise Reply(404, {"error": {"message": "no such place"}})
                reply = Reply(payload=behaviour(body))
            except Reply as raised:
                reply = raised
            self.answer(reply)

    def answer(self, reply):
        if reply.how == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        if reply.how == "hang":
            self.server.owner.closing.wait(60)
            self.close_connection = True
            return
        if reply.how == "endless":
            self.pour()
            return
        data = json.dumps(reply.payload).encode() if reply.raw is None else reply.raw
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        cut = data[: len(data) // 2]
        self.send_header("Content-Length", str(len(cut if reply.how == "half a JSON" else data)))
        self.end_headers()
        if reply.how == "drip":
            for byte in data:
                if self.server.owner.closing.wait(0.1):
                    break
                try:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                except OSError:
                    break
            self.close_connection = True
        elif reply.how == "half a body":
            self.wfile.write(cut)
            self.close_connection = True
        else:
            self.wfile.write(cut if reply.how == "half a JSON" else data)

    def pour(self):
        """Send a body without an end."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.close_connection = True
        while not self.server.owner.closing.is_set():
            try:
                self.wfile.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
            except OSError:
                return


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):  # a client that went away is what these tests are about
        pass


class Server:
    """Runs in threads; `behaviours` may be changed while it does. `asked` holds (path, body, headers) of every request."""

    def __init__(self, **behaviours):
        self.behaviours = {**WELL_BEHAVED, **{name.replace("__", "/"): how for name, how in behaviours.items()}}
        self.asked = []
        self.most_at_once = 0
        self.closing = threading.Event()
        self._now = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def entered(self, path, body, headers):
        with self._lock:
            self.asked.append((path, body, dict(headers)))
            self._now["requests"] += 1
            self.most_at_once = max(self.most_at_once, self._now["requests"])
        try:
            yield
        finally:
            with self._lock:
                self._now["requests"] -= 1

    def __enter__(self):
        self._http = _Server(("127.0.0.1", 0), Handler)
        self._http.owner = self
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def kill(self):
        """Stop listening at once; open connections are not answered any more."""
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()

    def __exit__(self, *error):
        if not self.closing.is_set():
            self.kill()
        self._thread.join()


def failing(reply, times=10**6, target="TARGET"):
    """Return completions that raise `reply` the first `times` that the target is asked for."""
    left = [times]

    def behave(body):
        if target in str(body["prompt"]) and left[0]:
            left[0] -= 1
            raise reply
        return completion(body)

    return behave


def answering(change, target="TARGET"):
    """Return completions in which `change(choice)` spoils the answer about the target."""

    def behave(body):
        answer = completion(body)
        if target in str(body["prompt"]):
            change(answer["choices"][0])
        return answer

    return behave


def slowly(seconds, behaviour=completion):
    def behave(body):
        time.sleep(seconds)
        return behaviour(body)

    return behave


def raising(*arguments, **options):
    def behave(body):
        raise Reply(*arguments, **options)

    return behave
