"""A random sample of swaps in real text, for readers who say which are bad.

    python benchmarks/swap_sample.py VADER --math gsm8k.jsonl --swords swords-v1.1_dev.json.gz --vim /usr/share/vim/vim90/doc \
        --essays anarchism/html --quotations games/fortunes --glossary jargon.txt.gz --out /somewhere/final.jsonl \
        --ids benchmarks/swaps_final.jsonl

VADER is the unpacked sdist of PyPI's vaderSentiment 3.3.2, which holds film reviews, product reviews, newspaper editorials and tweets as
NAME_GroundTruth.txt; `pydoc_data` gives Python's manual. Optional: `--math`, a JSONL of stories with `question`; `--swords`, the passages
of SWORDS; `--vim`, the folder of Vim's manual (Debian's vim-runtime); `--essays`, `--quotations` and `--glossary`, the files of Debian's
anarchism, fortunes and jargon-text. A sample is as even over the domains as can be. Swaps that were not read while the rules were
written (`swaps_read.jsonl`, `swaps_blind_*.jsonl`) come first, the others fill it up and are marked in `--ids`. `--ids` gets what may be
committed, `--out` the contexts as well, which stay outside of the repository: they are others' text.
"""

import argparse
import gzip
import html
import json
import pydoc_data.topics
import re
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from freqbias.paraphrases.capping import MAX_SHARE
from freqbias.paraphrases.swapping import swaps_of
from freqbias.paraphrases.tagging import HANTA, TAGGERS, tagger
from freqbias.terms import FREQUENCY, PLACEBO

SEED = 20_260_713  # used for nothing else; those of the first two samples were 20_260_711 and 20_260_712
EACH = 100  # swaps an arm
CONTEXT = 220  # characters on either side
READ = Path(__file__).with_name("swaps_read.jsonl")
# blind samples before the last: what their readers found was mended, so they say nothing of what is made now
EARLIER = [Path(__file__).with_name(f"swaps_blind_{number}.jsonl") for number in (1, 2)]


def texts(given: argparse.Namespace) -> Iterator[tuple[str, str, str]]:
    """Yield (domain, id, text), each text once."""
    seen = set()
    sources = (_vader(given.vader), _manual(), _stories(given.math), _passages(given.swords), _vim(given.vim))
    for row in chain(*sources, _essays(given.essays), _quotations(given.quotations), _glossary(given.glossary)):
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


def _passages(path: Path | None) -> Iterator[tuple[str, str, str]]:
    if path is not None:
        for name, row in json.loads(gzip.decompress(path.read_bytes()))["contexts"].items():
            yield "passages", f"swords:{name}", re.sub(r"\s+", " ", row["context"]).strip()


def _vim(folder: Path | None) -> Iterator[tuple[str, str, str]]:
    for path in sorted(folder.glob("*.txt")) if folder is not None else ():
        for number, part in enumerate(re.split(r"\n\s*\n", path.read_text(encoding="utf-8", errors="replace")), start=1):
            text = re.sub(r"\s+", " ", part).strip()
            if len(text.split()) > 8 and text[0].isupper() and text[-1] in ".!?":
                yield "vim", f"vim:{path.stem}:{number}", text


def _essays(folder: Path | None) -> Iterator[tuple[str, str, str]]:
    for path in sorted(folder.glob("sec*.html")) if folder is not None else ():
        for number, part in enumerate(re.findall(r"<p>(.*?)</p>", path.read_text(encoding="utf-8", errors="replace"), re.DOTALL | re.I)):
            text = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", "", part))).strip()
            if len(text.split()) > 12:
                yield "essays", f"anarchism:{path.stem}:{number}", text


def _quotations(folder: Path | None) -> Iterator[tuple[str, str, str]]:
    for path in sorted(folder.iterdir()) if folder is not None else ():
        if not path.suffix and path.is_file():
            for number, part in enumerate(path.read_text(encoding="utf-8", errors="replace").split("\n%\n")):
                yield "quotations", f"fortunes:{path.name}:{number}", re.sub(r"\s+", " ", part).strip()


def _glossary(path: Path | None) -> Iterator[tuple[str, str, str]]:
    if path is not None:
        parts = re.split(r"\n\s*\n", gzip.decompress(path.read_bytes()).decode("utf-8", "replace"))
        for number, part in enumerate(parts):
            text = re.sub(r"\s+", " ", part).strip()
            if len(text.split()) > 12:
                yield "glossary", f"jargon:{number}", text


def found(given: argparse.Namespace) -> dict[str, list[dict[str, Any]]]:
    """Return every swap by arm; `read` where it was read before."""
    tag = tagger(given.tagger)
    read = {(row["id"], row["start"]) for row in _rows(READ)}
    read |= {(row["id"].rpartition("@")[0], int(row["id"].rpartition("@")[2])) for path in EARLIER for row in _rows(path)}
    arms: dict[str, list[dict[str, Any]]] = {FREQUENCY: [], PLACEBO: []}
    for domain, name, text in texts(given):
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
    return arms


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def drawn(rows: list[dict[str, Any]], size: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Return `size` swaps, none of a set beyond the cap, as evenly over the domains as there are enough, those not read before first."""
    domains: dict[str, list[dict[str, Any]]] = {}
    for k in rng.permutation(len(rows)):
        domains.setdefault(rows[k]["domain"], []).append(rows[k])
    for own in domains.values():
        own.sort(key=lambda row: not row["read"])  # taken from the end
    chosen: list[dict[str, Any]] = []
    counts: Counter[str] = Counter()
    while len(chosen) < size and any(domains.values()):
        for _, own in sorted(domains.items()):
            while own and counts[own[-1]["set"]] >= MAX_SHARE * size:
                own.pop()
            if own and len(chosen) < size:
                counts[own[-1]["set"]] += 1
                chosen.append(own.pop())
    return chosen


def main() -> None:
    """Draw the sample and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vader", type=Path)
    parser.add_argument("--math", type=Path)
    parser.add_argument("--swords", type=Path)
    parser.add_argument("--vim", type=Path)
    parser.add_argument("--essays", type=Path)
    parser.add_argument("--quotations", type=Path)
    parser.add_argument("--glossary", type=Path)
    parser.add_argument("--tagger", choices=TAGGERS, default=HANTA)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--ids", type=Path)
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)
    arms = found(given)
    rows = [row for own in arms.values() for row in drawn(own, EACH, rng)]
    rows = [rows[k] for k in rng.permutation(len(rows))]
    shown = ("id", "arm", "domain", "left", "word", "high", "low", "right")
    given.out.write_text("".join(json.dumps({key: row[key] for key in shown}) + "\n" for row in rows), encoding="utf-8")
    if given.ids:
        kept = ("id", "arm", "domain", "set", "word", "high", "low", "read")
        given.ids.write_text("".join(json.dumps({key: row[key] for key in kept}) + "\n" for row in rows), encoding="utf-8")
    for arm, own in arms.items():
        counts = Counter(row["domain"] for row in rows if row["arm"] == arm)
        sys.stdout.write(f"{arm}: {counts.total()} of {len(own)} swaps drawn: {dict(sorted(counts.items()))}\n")


if __name__ == "__main__":
    main()
