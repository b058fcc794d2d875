"""The commands of docs/gpu-box.md, one after the other, with a model that costs nothing and two processes on the CPU."""

import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import missing, needed
from runs import write_pairs

from freqbias.files import read_observations
from freqbias.models.names.aliases import find_alias
from freqbias.run.parts import Parts

PAGE = Path(__file__).resolve().parents[1] / "docs" / "gpu-box.md"
FENCE = re.compile(r"^```\n(.*?)^```$", re.DOTALL | re.MULTILINE)
#: What a GPU is for in a command, and what stands for it here.
HERE = {"--dtype bfloat16 ": "", "0,1,2,3": "cpu,cpu", "--devices 0,1": "--devices cpu,cpu"}
#: What needs a GPU, a server or vLLM: the options of these are held against the program in test_docs.py.
ELSEWHERE = ("--backend vllm", "--base-url", "python -m pip", "python -c", "#")
PAIRS = 700  # three parts


def shown():
    """Return the commands of the page in order, comments taken off."""
    lines = [line for block in FENCE.findall(PAGE.read_text(encoding="utf-8")) for line in block.splitlines()]
    return [line.partition("  #")[0].strip() for line in lines]


def here(command, model):
    for there, instead in HERE.items():
        command = command.replace(there, instead)
    return command.replace("./llama", model)


@pytest.fixture
def box(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{Path(__file__).parent}:{PAGE.parents[1]}")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    write_pairs(tmp_path / "pairs.jsonl", PAIRS)
    return tmp_path


def call(command):
    return subprocess.run(
        [sys.executable, "-m", *shlex.split(command)], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=600
    )


def test_every_command_of_the_page_does_what_it_says(box):
    commands = [command for command in shown() if not any(part in command for part in ELSEWHERE)]
    assert len(commands) == 8
    check, dry, first, small, status, again, share, merge = (here(command, "failing:lm") for command in commands)
    assert check.startswith("freqbias models check")
    told = call(dry)
    assert (told.returncode, "has 3 parts of 256 pairs; each of 2 processes takes 2 at most" in told.stderr) == (0, True), told.stderr
    assert not (box / "runs").exists()
    slow = subprocess.Popen(
        [sys.executable, "-m", *shlex.split(first.replace("failing:lm", "failing:lm_slower"))], stderr=subprocess.DEVNULL
    )
    parts = Parts(box / "runs" / "llama")
    while not parts.names():
        time.sleep(0.02)
    slow.send_signal(signal.SIGKILL)
    slow.wait()
    told = call(status)
    assert (told.returncode, "--devices cpu,cpu" in told.stderr) == (0, True), told.stderr
    assert call(again.replace("failing:lm", "failing:lm_slower")).returncode == 0
    assert len(list(read_observations(box / "runs" / "llama"))) == 2 * PAIRS
    assert (box / "runs" / "llama" / "report.html").exists()
    assert (box / "runs" / "llama" / "parts" / "worker-0-of-2.log").exists()
    assert "--part 32" in small
    for index in range(2):
        command = share.replace("$SLURM_ARRAY_TASK_ID", str(index)).replace("$SLURM_ARRAY_TASK_COUNT", "2")
        assert call(command).returncode == 0
    assert call(merge).returncode == 0
    one, array = (list(read_observations(box / "runs" / name)) for name in ("llama", "array"))
    assert [row.high for row in one] == [row.high for row in array]


@pytest.mark.slow
def test_the_page_with_a_real_model(box):
    needed("transformers")
    if find_alias("smollm2-135m").ready_directory() is None:
        missing("model smollm2-135m: freqbias models fetch smollm2-135m")
    write_pairs(box / "pairs.jsonl", 12)
    (check,) = [command for command in shown() if command.startswith("freqbias models check")]
    assert call(here(check, "smollm2-135m")).returncode == 0
    (small,) = [command for command in shown() if "--part 32" in command]
    done = call(here(small, "smollm2-135m --probe likelihood").replace("--part 32", "--part 4"))
    assert done.returncode == 0, done.stderr
    assert len(Parts(box / "runs" / "small-parts").names()) == 3
    assert all(row.error is None for row in read_observations(box / "runs" / "small-parts"))
