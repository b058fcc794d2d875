"""Install with pip; on a Linux machine without a GPU, torch's build for CPUs (0.2 GB) is preferred to the one for CUDA (4.7 GB).

python tools/pip_install.py ARGUMENTS OF pip install…

PyTorch publishes the small builds on an index of its own. It is asked only where it answers; elsewhere pip does what it always does.
"""

import shutil
import subprocess
import sys
import urllib.request

INDEX = "https://download.pytorch.org/whl/cpu"
PATIENCE_S = 5


def index_options(platform: str = sys.platform) -> list[str]:
    """Return pip's options for the index of CPU builds; none where they are not wanted or not to be had."""
    if platform != "linux" or shutil.which("nvidia-smi"):
        return []
    try:
        with urllib.request.urlopen(f"{INDEX}/torch/", timeout=PATIENCE_S):  # noqa: S310  # a constant https address
            return ["--extra-index-url", INDEX]
    except OSError:
        return []


if __name__ == "__main__":
    sys.exit(subprocess.run([sys.executable, "-m", "pip", "install", *index_options(), *sys.argv[1:]], check=False).returncode)  # noqa: S603
