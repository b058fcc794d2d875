"""Real vLLM engines and servers, which need an environment of their own: `tox run -e vllm`, or `-e gpu` on a machine with GPUs."""

import os
import signal
import socket
import subprocess
import sys
import time
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from freqbias.models.names.aliases import resolve

READY_S = 300  # a server needs 40 s alone on two cores
KEY = "a-key-for-this-machine-only"
ODD = ["", "a", "naïve café – 你好, 🙂!", "line one\nline two", "<|im_start|>user", "  two  spaces  "]


@dataclass
class Table:
    """Rows of the table that the run ends with: what was compared, between which backends, on how many texts, and how far apart."""

    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, what, one, other, count, worst, limit):
        self.rows.append((what, f"{one} – {other}", str(count), worst if isinstance(worst, str) else f"{worst:.1e}", limit))


TABLE = pytest.StashKey[Table]()


def pytest_configure(config):
    config.stash[TABLE] = Table()


@pytest.fixture(scope="session")
def table(request):
    return request.config.stash[TABLE]


def pytest_terminal_summary(terminalreporter, config):
    rows = [("", "backends", "n", "worst", "limit"), *config.stash[TABLE].rows]
    if len(rows) > 1:
        widths = [max(len(row[k]) for row in rows) for k in range(5)]
        terminalreporter.section("agreement of backends, float32")
        for row in rows:
            terminalreporter.write_line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@pytest.fixture(scope="session", autouse=True)
def device():
    """Skip where vLLM is installed but has nothing to run on; elsewhere return `cpu` or `cuda`."""
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from vllm.platforms import current_platform
    if not current_platform.device_type:
        pytest.skip("vLLM finds no device here")
    return current_platform.device_type


@pytest.fixture(scope="session")
def texts(lexicon_pairs):
    return [*dict.fromkeys(text for pair in lexicon_pairs[:40] for text in (pair.high, pair.low)), *ODD]


@dataclass
class Served:
    url: str
    process: subprocess.Popen

    def kill(self, how=signal.SIGKILL):
        """End the server with all its workers."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, how)
        self.process.wait(60)


@pytest.fixture(scope="session")
def serving(tmp_path_factory):
    """Return a context manager that serves an alias, and puts the server's key into the environment."""

    @contextmanager
    def serve(name, *options):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("OPENAI_API_KEY", KEY)
            with _running(tmp_path_factory.mktemp("server") / "log", resolve(name).path, name, *options) as server:
                yield server

    return serve


@contextmanager
def _running(log, path, name, *options):
    """Run vLLM's server on a free port of the loopback; the log is shown when it does not come up."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    place = ["--host", "127.0.0.1", "--port", str(port), "--model", path, "--served-model-name", name]
    small = ["--dtype", "float32", "--enforce-eager", "--kv-cache-memory-bytes", str(1 << 29)]
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", *place, *small, *options]
    quiet = {"VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1", "VLLM_API_KEY": KEY, "PYTHONWARNINGS": "ignore"}
    environment = {name: value for name, value in os.environ.items() if name != "VLLM_ENABLE_V1_MULTIPROCESSING"} | quiet
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environment, start_new_session=True)
        server = Served(f"http://127.0.0.1:{port}/v1", process)
        try:
            _wait(port, process, log)
            yield server
        finally:
            server.kill()


def _wait(port, process, log):
    started = time.monotonic()
    while time.monotonic() - started < READY_S and process.poll() is None:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.5)
    pytest.fail(f"vLLM's server did not come up:\n{log.read_text(errors='replace')[-3000:]}")
