"""Where torch's builds for CPUs are looked for."""

import io
import runpy
from pathlib import Path
from urllib.error import URLError

import pytest

FOUND = runpy.run_path(str(Path(__file__).parents[2] / "tools/pip_install.py"))


@pytest.mark.parametrize(
    ("platform", "gpu", "answers", "asked"),
    [("linux", False, True, True), ("linux", False, False, False), ("linux", True, True, False), ("darwin", False, True, False)],
)
def test_index_of_cpu_builds(monkeypatch, platform, gpu, answers, asked):
    def open_(address, timeout):
        if not answers:
            raise URLError("no route")
        return io.BytesIO()

    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/nvidia-smi" if gpu else None)
    monkeypatch.setattr("urllib.request.urlopen", open_)
    assert FOUND["index_options"](platform) == (["--extra-index-url", FOUND["INDEX"]] if asked else [])
