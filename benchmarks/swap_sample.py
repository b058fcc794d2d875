"""A random sample of swaps in real text, for readers who say which are bad.

    python benchmarks/swap_sample.py VADER --math gsm8k.jsonl --out /somewhere/final.jsonl --ids benchmarks/swaps_final.jsonl

VADER is the unpacked sdist of PyPI's vaderSentiment 3.3.2, which holds film reviews, product reviews, newspaper editorials and tweets as
NAME_GroundTruth.txt; `pydoc_data` gives Python's manual; `--math` is an optional JSONL of stories with `question`. A sample has as many
swaps of each domain as there are, as evenly as can be, and none that was read while the rules were written (`swaps_read.jsonl`). `--ids`
gets what may be committed, `--out` the contexts as well, which stay outside of the repository: they are others' text.
"""

import argparse
import json
import pydoc_data.topics
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from freqbias.paraphrases.capping import MAX_SHARE, capped
from freqbias.paraphrases.swapping import swaps_of
from freqbias.paraphrases.tagging import HANTA, TAGGERS, tagger
from freqbias.terms import FREQUENCY, PLACEBO

SEED = 20_260_711  # used for nothing else
EACH = 100  # swaps an arm
CONTEXT = 220  # characters on either side
READ = Path(__file__).with_name("swaps_read.jsonl")


def texts(vader: Path, math: Path | None) -> Iterator[tuple[str, str, str]]:
    """Yield (domain, id, text), each text once."""
    seen = set()
    for row in (*_vader(vader), *_manual(), *_stories(math)):
        if row[2] not in seen:
            seen.add(row[2])
            yield row


def _vader(folder: Path) -> Iterator[tuple[str, str, str]]:
    for path in sorted(folder.rglob("*_GroundTruth.txt")):
        name = path.name.split("_")[0]
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            cells = line.split("\t")
            if len(cells) == 3 and len(cells[2].split()) > 4 and ("Snippets" in name or name == "tweets"):
                yield name, f"{name}:{cells[0]}", cells[2].strip()


def _manual() -> Iterator[tuple[str, str, str]]:
    number = 0
    for key, topic in pydoc_data.topics.topics.items():
        for part in re.split(r"\n\s*\n", topic):
            text = re.sub(r"\s+", " ", part).strip()
            if len(text.split()) > 8 and text.count("`") < 12 and not text.startswith((">>>", "*")):
                number += 1
                yield "manual", f"pydoc:{key}:{number}", text


def _stories(path: Path | None) -> Iterator[tuple[str, str, str]]:
    if path is not None:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            yield "stories", f"math:{number}", json.loads(line)["question"]


def found(vader: Path, math: Path | None, by: str) -> dict[str, list[dict[str, Any]]]:
    """Return every swap by arm that has not been read."""
    tag = tagger(by)
    read = (
        {(row["id"], row["start"]) for row in map(json.loads, READ.read_text(encoding="utf-8").splitlines())} if READ.exists() else set()
    )
    arms: dict[str, list[dict[str, Any]]] = {FREQUENCY: [], PLACEBO: []}
    for domain, name, text in texts(vader, math):
        for arm, own in arms.items():
            for swap in swaps_of(text, arm, tag):
                high, low, item = swap.couple
                own.append(
                    {
                        "id": f"{name}@{swap.start}",
                        "arm": arm,
                        "domain": domain,
                        "set": item,
                        "left": text[max(0, swap.start - CONTEXT) : swap.start],
                        "word": text[swap.start : swap.end],
                        "high": high,
                        "low": low,
                        "right": text[swap.end : swap.end + CONTEXT],
                        "read": (name, swap.start) in read,
                    }
                )
    return {arm: [row for row in own if not row.pop("read")] for arm, own in arms.items()}


def drawn(rows: list[dict[str, Any]], size: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Return `size` swaps within the cap, as evenly over the domains as there are enough."""
    stays = capped([row["set"] for row in rows], MAX_SHARE, rng)
    domains: dict[str, list[dict[str, Any]]] = {}
    for k in rng.permutation(len(rows)):
        if stays[k]:
            domains.setdefault(rows[k]["domain"], []).append(rows[k])
    chosen: list[dict[str, Any]] = []
    while len(chosen) < size and any(domains.values()):
        for _, own in sorted(domains.items()):
            if own and len(chosen) < size:
                chosen.append(own.pop())
    return chosen


def main() -> None:
    """Draw the sample and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vader", type=Path)
    parser.add_argument("--math", type=Path)
    parser.add_argument("--tagger", choices=TAGGERS, default=HANTA)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--ids", type=Path)
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)
    arms = found(given.vader, given.math, given.tagger)
    rows = [row for own in arms.values() for row in drawn(own, EACH, rng)]
    rows = [rows[k] for k in rng.permutation(len(rows))]
    shown = ("id", "arm", "domain", "left", "word", "high", "low", "right")
    given.out.write_text("".join(json.dumps({key: row[key] for key in shown}) + "\n" for row in rows), encoding="utf-8")
    if given.ids:
        kept = ("id", "arm", "domain", "set", "word", "high", "low")
        given.ids.write_text("".join(json.dumps({key: row[key] for key in kept}) + "\n" for row in rows), encoding="utf-8")
    for arm, own in arms.items():
        counts = {
            domain: sum(row["arm"] == arm and row["domain"] == domain for row in rows) for domain in {row["domain"] for row in rows}
        }
        print(f"{arm}: {sum(counts.values())} of {len(own)} unread swaps drawn: {dict(sorted(counts.items()))}")  # noqa: T201


if __name__ == "__main__":
    main()
