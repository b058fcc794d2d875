"""No key gets out: not into the manifest, a message, a row or a traceback."""

import subprocess
import sys

import pytest

from freqbias.redact import redact, redacted

SECRET = "sk-0123456789abcdef"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("http://me:hunter2@host:8000/v1", "http://***@host:8000/v1"),
        ("--base-url=https://tok@host/v1?x=1", "--base-url=https://***@host/v1?x=1"),
        ("http://host/v1?key=abc&n=3", "http://host/v1?key=***&n=3"),
        ("http://host/v1?n=3&api_key=abc'", "http://host/v1?n=3&api_key=***'"),
        ("http://host/v1?access-token=a%20b#x", "http://host/v1?access-token=***#x"),
        ("Authorization: Bearer abc.def-1", "Authorization: Bearer ***"),
        ("http://me:p@ss@host/", "http://***@host/"),
        ("write to me@example.org", "write to me@example.org"),
        ("http://host/v1?monkey=1 and a key=value", "http://host/v1?monkey=*** and a key=value"),
    ],
)
def test_addresses(text, clean):
    assert redact(text) == clean


def test_values_of_secret_variables(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("HF_TOKEN", "hf_abcdef")
    monkeypatch.setenv("MY_API_KEY", "a")  # too short to be one
    assert redacted({"a": [f"x{SECRET}y", ("hf_abcdef",)], "b": 3}) == {"a": ["x***y", ["***"]], "b": 3}
    assert redact("a car") == "a car"


def test_a_run_writes_no_key(cli, tmp_path, pair_file, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    address = f"http://user:{SECRET}@localhost:1/v1?key=abcdef"
    folder = tmp_path / "run"
    arguments = ["--embedder", "synthetic:embed_words"]
    monkeypatch.setattr(sys, "argv", ["freqbias", "run", *arguments, "--base-url", address])  # such an address is refused: here as if not
    result = cli("run", "--pairs", pair_file, "--out", folder, *arguments)
    assert (folder / "manifest.json").exists(), result.output
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert SECRET.encode() not in data
            assert b"abcdef" not in data
    text = (folder / "manifest.json").read_text()
    assert text.count("http://***@localhost:1/v1?key=***") == 1


@pytest.mark.parametrize(("raised", "status"), [("RuntimeError", 1), ("BackendError", 1)])
def test_messages_and_tracebacks(tmp_path, pair_file, raised, status):
    (tmp_path / "leaking.py").write_text(
        "import os\nfrom freqbias.errors import BackendError\n"
        f"def f(texts):\n    raise {raised}('http://u:pw1234@h/?key=zzz ' + os.environ['SOME_API_KEY'])\n"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from freqbias.cli import main; main()",
            "-v",
            "probe",
            pair_file,
            "--embedder",
            "leaking:f",
            "--out",
            "o.jsonl",
        ],
        cwd=tmp_path,
        env={"SOME_API_KEY": SECRET, "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status
    assert "http://***@h/?key=*** ***" in done.stderr
    assert ("Traceback" in done.stderr) == (raised == "RuntimeError")
    for secret in (SECRET, "pw1234", "zzz"):
        assert secret not in done.stderr
