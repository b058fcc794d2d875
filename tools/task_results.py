"""Run the bundled tasks on two language models and keep what results/README.md rests on in results/tasks, a folder a run.

python tools/task_results.py RUNS           make pairs and runs in RUNS, then keep them; goes on where it was interrupted
python tools/task_results.py RUNS --keep    only keep the finished runs of RUNS
python tools/task_results.py --tell         only write the words on the kept runs anew

A run folder is named FAMILY-MODEL. On two cores the small model takes minutes a family, the large one hours.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from freqbias.analysis.report.report import write_report
from freqbias.terms import (
    AUDIT_FILE,
    COMMONSENSE,
    ESTIMATES_FILE,
    FINDINGS_REPORT,
    MANIFEST_FILE,
    MARKDOWN_REPORT,
    MATH,
    TOOLS,
    TRANSLATION,
)

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "results" / "tasks"
#: Options of `freqbias pairs tasks` by family. A model writes in the first prompt alone, since writing takes the longest.
PAIRS = {
    COMMONSENSE: ("--n", "100"),
    MATH: ("-o", "write=first", "--n", "80"),
    TOOLS: ("-o", "write=first", "--n", "40"),
    TRANSLATION: ("-o", "to=de", "-o", "write=first", "--n", "24"),
}
MODELS = ("smollm2-135m", "qwen-coder-1.5b")  # a weak one, and one that can answer a choice
DTYPE = "bfloat16"  # of both, since the larger one takes 6 GB of memory in float32
MEASURED = (ESTIMATES_FILE, MANIFEST_FILE, AUDIT_FILE)
WORDS = (MARKDOWN_REPORT, FINDINGS_REPORT)


def pairs_command(family: str, out: Path) -> list[str]:
    """Return the command that makes the pairs of a family, without the program's name."""
    return ["pairs", "tasks", "-o", f"data={family}", *PAIRS[family], "--out", str(out)]


def run_command(family: str, model: str, pairs: Path, out: Path) -> list[str]:
    """Return the command that runs a model on them."""
    return ["run", "--pairs", str(pairs), "--lm", model, "--probe", "task", "--dtype", DTYPE, "--out", str(out)]


def names() -> list[str]:
    """Return the names of all run folders."""
    return [f"{family}-{model}" for family in PAIRS for model in MODELS]


def keep(runs: Path, folder: Path = FOLDER) -> list[str]:
    """Keep the small files of the finished runs, and the report that follows from these alone; return what is not finished."""
    missing = []
    for name in names():
        if not all((runs / name / file).is_file() for file in MEASURED):
            missing.append(name)
            continue
        (folder / name).mkdir(parents=True, exist_ok=True)
        for file in MEASURED:
            shutil.copyfile(runs / name / file, folder / name / file)
        tell(folder / name, folder / name)
    return missing


def tell(run: Path, out: Path) -> None:
    """Write the words on a kept run: what its report says without the pairs, which are too large to keep."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name) / "run"
        work.mkdir()
        for file in MEASURED:
            shutil.copyfile(run / file, work / file)
        write_report(work)
        for file in WORDS:
            shutil.copyfile(work / file, out / file)


def main() -> None:
    """Make what is asked for and say what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="?", help="folder of run folders")
    parser.add_argument("--keep", action="store_true", help="only keep the finished runs")
    parser.add_argument("--tell", action="store_true", help="only write the words on the kept runs anew")
    given = parser.parse_args()
    if given.tell:
        for path in sorted(FOLDER.glob(f"*/{ESTIMATES_FILE}")):
            tell(path.parent, path.parent)
        return
    if given.runs is None:
        parser.error("name the folder of run folders, or give --tell")
    runs = given.runs
    if not given.keep:
        runs.mkdir(parents=True, exist_ok=True)
        for family in PAIRS:
            pairs = runs / f"{family}.jsonl"
            _freqbias(pairs_command(family, pairs))
            for model in MODELS:
                _freqbias(run_command(family, model, pairs, runs / f"{family}-{model}"))
    missing = keep(runs)
    sys.stdout.write(f"not finished: {', '.join(missing)}\n" if missing else "all kept\n")


def _freqbias(command: list[str]) -> None:
    subprocess.run([sys.executable, "-m", "freqbias", *command], check=True)  # noqa: S603


if __name__ == "__main__":
    main()
