"""Mark the bundled sets again after rows were written, mended or dropped: `balanced`, and the placebo sets that register orients.

    python tools/mark_sets.py [--check]

`balanced` is the largest part of the frequency arm, by `freqbias.matching`, that is level in characters, readability and the two
indicators of register while it keeps the mean frequency gap; characters and readability are means over the frames that fit a set.
A placebo set that register orients is oriented by `formal` or `informal`, and its `high` side is the word that is not so, as the
frequent word is not. With `--check` nothing is written and the exit code is 1 where a row would change.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from freqbias.frequency import mean_zipf_gap
from freqbias.matching import match
from freqbias.paraphrases import lexicon
from freqbias.readability import fkgl
from freqbias.terms import FORMAL, FREQUENCY, INFORMAL, MARKED, REGISTER

DATA = Path(lexicon.__file__).with_name("data")
BY_REGISTER = (*MARKED, REGISTER, "formality")
SIDES = ("register", "region", "n_senses", "sense_share", "gloss_fit")


def balanced() -> set[str]:
    """Return the ids of the sets of the largest level part."""
    sets = lexicon.synonym_sets(FREQUENCY)
    rows = [_differences(item) for item in sets]
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    gaps = columns.pop("gap")
    keep, _ = match(columns, gaps)
    return {item.id for item, kept in zip(sets, keep, strict=True) if kept}


def _differences(item: lexicon.SynonymSet) -> dict[str, float]:
    texts = [(frame.fill(item.high), frame.fill(item.low)) for frame in lexicon.fitting_frames(item.id, item.arm)]
    found = {
        "characters": float(np.mean([len(high) - len(low) for high, low in texts])),
        "fkgl": float(np.mean([(fkgl(high) or 0.0) - (fkgl(low) or 0.0) for high, low in texts])),
    }
    found |= {name: float(item.register[0] == name) - float(item.register[1] == name) for name in MARKED}
    return found | {"gap": mean_zipf_gap([(item.high, item.low)]) or 0.0}


def oriented(row: dict[str, Any]) -> dict[str, Any]:
    """Return a placebo row whose `high` side is the word without the register that orients it."""
    if row["oriented_by"] not in BY_REGISTER:
        return row
    high, low = row["register"]
    for name in (FORMAL, INFORMAL):
        if low == name != high:
            return row | {"oriented_by": name}
    name = next(name for name in MARKED if high == name)
    turned = {key: row[key][::-1] for key in SIDES} | {"high": row["low"], "low": row["high"], "oriented_by": name}
    return row | turned | {"subwords": {key: sides[::-1] for key, sides in row["subwords"].items()}}


def main() -> int:
    """Write both files where a mark changes and say how many do."""
    level, changed = balanced(), 0
    for name in ("lexicon.jsonl", "placebo.jsonl"):
        path = DATA / name
        old = path.read_text(encoding="utf-8").splitlines()
        rows = map(json.loads, old)
        marked = [row | {"balanced": row["id"] in level} if row["arm"] == FREQUENCY else oriented(row) for row in rows]
        new = [json.dumps(row, ensure_ascii=False) for row in marked]
        changed += sum(a != b for a, b in zip(old, new, strict=True))
        if "--check" not in sys.argv:
            path.write_text("\n".join(new) + "\n", encoding="utf-8")
    sys.stdout.write(f"{changed} rows change; {len(level)} sets are balanced\n")
    return int(bool(changed) and "--check" in sys.argv)


if __name__ == "__main__":
    raise SystemExit(main())
