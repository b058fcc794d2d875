"""Estimate both halves of a run's items apart and keep what its verdicts rest on: one row an estimate, in FOLDER/halves.jsonl.

python tools/halves.py RUN FOLDER

The halves are those of `freqbias analyze RUN --holdout half` and `--confirm`; the run folder itself is left as it is.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

from freqbias.files import read_estimates
from freqbias.holdout import KEPT, OPEN
from freqbias.judgement import Judgements
from freqbias.progress import silent
from freqbias.records import Estimate
from freqbias.run import stages
from freqbias.run.holdout import Asked
from freqbias.terms import ESTIMATES_FILE, MANIFEST_FILE, OBSERVATIONS_FILE, PAIRS_FILE


def main() -> None:
    """Write the rows of both halves, the half of each in `half`."""
    run, folder = map(Path, sys.argv[1:])
    rows = []
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        for file in (PAIRS_FILE, OBSERVATIONS_FILE, MANIFEST_FILE, ESTIMATES_FILE):
            shutil.copy(run / file, work / file)
        for half, asked in ((OPEN, Asked(holdout="half")), (KEPT, Asked(confirm=True))):
            stages.analyze(work / OBSERVATIONS_FILE, work / PAIRS_FILE, work / ESTIMATES_FILE, 0, silent, asked=asked)
            rows += [{"half": half, **row.to_dict()} for row in read_estimates(work) if _told(row)]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "halves.jsonl").write_text(text, encoding="utf-8")


def _told(row: Estimate) -> bool:
    own = Judgements()[row.probe]
    return row.probe in ("similarity", "likelihood") and own.judges(row.contrast, row.measure) and not row.term.startswith("spec")


if __name__ == "__main__":
    main()
