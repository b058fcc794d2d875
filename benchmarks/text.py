"""What reading text costs: seconds of CPU time per million sentences for `score`, `substitute` and `audit`, start-up left out.

    python benchmarks/text.py [FOLDER…]

Each FOLDER is a checkout whose commands are timed (default: this one), all on the same texts, so that versions are compared in one run.
Sentences are Python's manual, repeated to 40,000; `audit` gets 4,000 bundled pairs of this version, counted as sentences. Each command is
run on the whole and on a tenth, and the difference counts.

Seconds a million sentences on one core of a small machine, before texts were read by kind, syllables looked up and swaps held to rules of
place (`af604ea`) and after: score 62.5 and 76.8, substitute 46.0 and 27.2 (it swaps less), audit 186 and 203.
"""

import os
import pydoc_data.topics
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from freqbias.files import write_records
from freqbias.paraphrases.lexicon import generate

SENTENCES = 40_000
PAIRS = 2_000
ROOT = Path(__file__).resolve().parents[1]
COMMANDS = {
    "score": ["score", "--file", "{texts}", "--json"],
    "substitute": ["pairs", "substitute", "{texts}", "--out", "{out}"],
    "audit": ["audit", "{pairs}", "--json"],
}


def seconds(folder: Path, command: list[str]) -> float:
    """Return the CPU time of one command of a checkout."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = os.environ | {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    program = [sys.executable, "-m", "freqbias", *command]
    subprocess.run(program, env=own, cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603  our own commands
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def texts() -> list[str]:
    """Return sentences of Python's manual."""
    words = (re.sub(r"\s+", " ", part).strip() for topic in pydoc_data.topics.topics.values() for part in topic.split("\n\n"))
    found = [sentence for part in words for sentence in re.split(r"(?<=[.!?]) ", part) if len(sentence.split()) > 3]
    return (found * (SENTENCES // len(found) + 1))[:SENTENCES]


def main() -> None:
    """Print one line a command, one column a checkout."""
    folders = [Path(name).resolve() for name in sys.argv[1:]] or [ROOT]
    with tempfile.TemporaryDirectory() as name:
        files = {}
        lines, pairs = texts(), generate(n=PAIRS, sets="all")[: 2 * PAIRS]
        for part, share in (("whole", 1), ("tenth", 10)):
            files[part] = {kind: str(Path(name, f"{part}-{kind}")) for kind in ("texts.txt", "pairs.jsonl", "out.jsonl")}
            Path(files[part]["texts.txt"]).write_text("\n".join(lines[: len(lines) // share]) + "\n", encoding="utf-8")
            write_records(Path(files[part]["pairs.jsonl"]), pairs[: len(pairs) // share])
        for command, arguments in COMMANDS.items():
            count = 0.9 * (2 * len(pairs) if command == "audit" else len(lines))
            shown = []
            for folder in folders:
                took = []
                for part in ("whole", "tenth"):
                    filled = {"texts": "texts.txt", "pairs": "pairs.jsonl", "out": "out.jsonl"}
                    values = {key: files[part][kind] for key, kind in filled.items()}
                    took.append(seconds(folder, [word.format_map(values) for word in arguments]))
                shown.append(f"{(took[0] - took[1]) / count * 1e6:.1f} s a million sentences")
            sys.stdout.write(f"{command}: {', '.join(shown)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
