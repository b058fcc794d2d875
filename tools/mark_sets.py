"""Mark the bundled sets again after rows were written, mended or dropped: decoys, sides of the placebo, and the parts of the lexicon.

    python tools/mark_sets.py [--check]

* `decoy` is the set of the same arm, group, slot and countability with the nearest frequency gap that shares no word with the set or its
  glosses.
* A placebo set that register orients is oriented by `formal` or `informal`, and its `high` side is the word that is not so, as the
  frequent word is not; the others are oriented by the rival that has oriented the fewest so far, of those in which the words differ.
* `headline`: sets whose two words nearly always carry the meant sense, no relatives and of no region.
* `balanced` is the largest part of the frequency arm, by `freqbias.matching`, that is level in characters, readability and the two
  indicators of register while it keeps the mean frequency gap; characters and readability are means over the frames that fit a set.
* `gap_matched` joins every set that splits into equally many WordPiece subwords, where there is one, to one that does not and whose gap
  is the same within .05.

The last three hold sets that both readers called the same. With `--check` nothing is written and the exit code is 1 where a row would
change.
"""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from freqbias.frequency import mean_zipf_gap
from freqbias.matching import match
from freqbias.paraphrases import lexicon
from freqbias.paraphrases.words import shared_words
from freqbias.readability import fkgl
from freqbias.terms import FORMAL, FREQUENCY, INFORMAL, MARKED, PLACEBO

DATA = Path(lexicon.__file__).with_name("data")
NAMES = ("lexicon.jsonl", "placebo.jsonl")
SIDES = ("register", "region", "tags", "n_senses", "sense_share", "gloss_fit")
SURE_SENSE = 0.8
SAME_GAP = 0.05  # Zipf
Row = dict[str, Any]


def with_decoys(rows: list[Row]) -> list[Row]:
    """Return the rows with the decoy that the rule above gives them; those without one are left out, and it is said which."""
    groups = defaultdict(list)
    for row in rows:
        groups[row["group"], row["slot"], row["countable"]].append(row)
    made, alone = [], []
    for row in rows:
        others = [other for other in groups[row["group"], row["slot"], row["countable"]] if _may_be_decoy(row, other)]
        if others:
            made.append(row | {"decoy": min(others, key=lambda other: (abs(_gap(other) - _gap(row)), other["id"]))["id"]})
        else:
            alone.append(row["id"])
    if alone:
        sys.stdout.write(f"no decoy, left out: {', '.join(alone)}\n")
        return with_decoys(made)
    return made


def _may_be_decoy(row: Row, other: Row) -> bool:
    words, others = ([one["high"], one["low"]] for one in (row, other))
    glosses = [*row["gloss_plain"], *row["gloss_elevated"], *row["gloss_rare"]]
    return not set(words) & set(others) and not shared_words(glosses, others) and not shared_words(words, others)


def _gap(row: Row) -> float:
    return mean_zipf_gap([(row["high"], row["low"])]) or 0.0


def oriented(rows: Iterable[Row]) -> list[Row]:
    """Return placebo rows with their sides in the order that the rule above gives them."""
    used: Counter[str] = Counter()
    made = []
    for row in rows:
        high, low = row["register"]
        marked = [name for name in (FORMAL, INFORMAL) if (high == name) != (low == name)]
        less = {"characters": len(row["low"]) - len(row["high"]), "subwords": _pieces(row, 1) - _pieces(row, 0)}
        choices = marked[:1] or sorted((name for name, difference in less.items() if difference), key=lambda name: (used[name], name))
        if not choices:
            sys.stdout.write(f"no rival orients it, left out: {row['id']}\n")
            continue
        name = choices[0]
        used[name] += 1
        right = low == name if name in MARKED else less[name] > 0
        made.append((row if right else _turned(row)) | {"oriented_by": name})
    return made


def _pieces(row: Row, side: int) -> int:
    return int(row["subwords"]["wordpiece"][side])


def _turned(row: Row) -> Row:
    turned = {key: row[key][::-1] for key in SIDES} | {"high": row["low"], "low": row["high"]}
    turned["subwords"] = {key: sides[::-1] for key, sides in row["subwords"].items()}
    return row | turned | {"gloss_lean": {name: -lean or 0.0 for name, lean in row["gloss_lean"].items()}}


def headline(arm: str = FREQUENCY) -> set[str]:
    """Return the ids of the sets whose words nearly always carry the meant sense."""
    sure = [item for item in lexicon.synonym_sets(arm) if item.surely_same and not item.relatives and not any(item.region)]
    return {item.id for item in sure if min(item.sense_share) >= SURE_SENSE}


def _sure() -> list[lexicon.SynonymSet]:
    return [item for item in lexicon.synonym_sets(FREQUENCY) if item.surely_same]


def balanced() -> set[str]:
    """Return the ids of the sets of the largest level part."""
    sets = _sure()
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


def gap_matched() -> set[str]:
    """Return the ids of couples of sets at one gap, of which one splits equally and the other does not; as many as there can be."""
    parts: tuple[list[lexicon.SynonymSet], list[lexicon.SynonymSet]] = ([], [])
    for item in _sure():
        parts[item.subwords["wordpiece"][0] != item.subwords["wordpiece"][1]].append(item)
    gaps = [np.array([mean_zipf_gap([(item.high, item.low)]) for item in part]) for part in parts]
    apart = np.abs(gaps[0][:, None] - gaps[1][None, :])
    rows, columns = linear_sum_assignment(np.where(apart <= SAME_GAP, apart, 1e3))
    couples = [(i, j) for i, j in zip(rows, columns, strict=True) if apart[i, j] <= SAME_GAP]
    return {item.id for i, j in couples for item in (parts[0][i], parts[1][j])}


def _settled(rows: list[Row]) -> list[Row]:
    """Return the rows with sides and decoys; a set that is left out is nobody's decoy and orients nothing."""
    made = with_decoys(oriented(rows) if rows[0]["arm"] == PLACEBO else rows)
    return made if len(made) == len(rows) else _settled(made)


def _read() -> dict[str, list[Row]]:
    return {name: [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()] for name in NAMES}


def _write(rows: dict[str, list[Row]]) -> None:
    for name, own in rows.items():
        (DATA / name).write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in own), encoding="utf-8")
    for cached in (lexicon.synonym_sets, lexicon.sets_by_id, lexicon.fitting_frames):
        cached.cache_clear()


def main() -> int:
    """Write both files where a mark changes and say how many do."""
    check = "--check" in sys.argv
    old = _read()
    settled = {name: _settled(rows) for name, rows in old.items()}
    changed = sum(row not in old[name] for name, rows in settled.items() for row in rows) + sum(map(len, old.values()))
    changed -= sum(map(len, settled.values()))
    if changed and not check:
        _write(settled)  # frames fit a set by its decoy's words too
    if not changed or not check:
        parts = {"headline": headline(), "balanced": balanced(), "gap_matched": gap_matched()}
        sizes = ", ".join(f"{name} {len(ids)}" for name, ids in parts.items())
        of_placebo = {"headline": headline(PLACEBO), "balanced": set(), "gap_matched": set()}
        marked = {
            name: [row | {part: row["id"] in ids for part, ids in own.items()} for row in settled[name]]
            for name, own in zip(NAMES, (parts, of_placebo), strict=True)
        }
        changed += sum(row not in settled[name] for name, rows in marked.items() for row in rows)
        if changed and not check:
            _write(marked)
        sys.stdout.write(f"{sizes}\n")
    sys.stdout.write(f"{changed} rows change\n")
    return int(bool(changed) and check)


if __name__ == "__main__":
    raise SystemExit(main())
