"""Run README's first two commands on the help desk and keep what its answer rests on in results/helpdesk.

python tools/helpdesk_results.py
"""

import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from freqbias.terms import COMPARE_JSON_REPORT, ESTIMATES_FILE, MANIFEST_FILE

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "results" / "helpdesk"


def commands() -> list[list[str]]:
    """Return the commands that README's section on one's own texts begins with, without the program's name."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("## On your own texts\n")[2].partition("\n## ")[0]
    lines = section.partition("```\n")[2].partition("\n```")[0].replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True)[1:] for line in lines]


def main() -> None:
    """Measure and compare in a folder that holds the examples and nothing else."""
    measured, compared = commands()[:2]
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        (work / "examples").symlink_to(ROOT / "examples")
        for command in (measured, [*compared, "--out", "compared"]):
            subprocess.run([sys.executable, "-m", "freqbias", *command], cwd=work, check=True)  # noqa: S603
        run = work / measured[measured.index("--out") + 1]
        FOLDER.mkdir(exist_ok=True)
        for file in (run / ESTIMATES_FILE, run / MANIFEST_FILE, work / "compared" / COMPARE_JSON_REPORT):
            shutil.copy(file, FOLDER / file.name)


if __name__ == "__main__":
    main()
