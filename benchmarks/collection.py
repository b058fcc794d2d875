"""How the search of a judged collection grows: 10^4, 3·10^4 and 10^5 documents with a static model, written to `collection.json`.

    python benchmarks/collection.py [MODEL] [LARGEST]

Documents are 60 random words. Each size runs in a process of its own that reads the folder, encodes every document into the memory map,
and ranks CASES cases (a document put in other words each) over the whole collection. All numbers of the file are of one run; seconds are
of the processor, and the exponent is the slope of their logarithm on that of the documents. `start_mb` is the most that interpreter and
model take, `peak_mb` the most of all; pages of the memory map count into it as long as the system leaves them there.
"""

import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import wordfreq

MODEL, LARGEST, CASES, WORDS, QUERIES = "static-multilingual", 10**5, 300, 60, 150
TARGET = Path(__file__).with_suffix(".json")

CHILD = """
import json, resource, sys, time
from pathlib import Path
from freqbias.collection.folder import open_collection
from freqbias.collection.index import index_of
from freqbias.collection.ranking import Case, rank
from freqbias.models import embedder
from freqbias.models.relevance import DenseScorer

def memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

folder, name = Path(sys.argv[1]), sys.argv[2]
scorer = DenseScorer(embedder(name, device="cpu"), folder / "vectors")
scorer.encode(["a first text"], role="document")
before, times = memory(), [time.process_time()]
collection = open_collection(folder)
times.append(time.process_time())
index = index_of(collection, scorer)
times.append(time.process_time())
cases = [
    Case(query=collection.queries[query], query_id=query, replaced=number, replacement=collection.texts[number] + " " + word)
    for query, own in collection.grades.items()
    for number in own
    for word in ("often", "seldom")
]
found = rank(collection, index, cases)
times.append(time.process_time())
seconds = [round(after - before, 2) for before, after in zip(times, times[1:])]
sizes = {"start_mb": round(before), "peak_mb": round(memory())}
print(json.dumps({"cases": len(found), **dict(zip(("read_s", "encode_s", "rank_s"), seconds)), **sizes}))
"""


def write(folder: Path, size: int) -> None:
    """Write a collection of random words in which every query has one relevant document."""
    rng = np.random.default_rng(0)
    words = np.array([word for word in wordfreq.top_n_list("en", 20_000) if word.isascii() and word.isalpha()])
    (folder / "qrels").mkdir()
    _rows(folder / "corpus.jsonl", (("d", " ".join(rng.choice(words, WORDS))) for _ in range(size)))
    _rows(folder / "queries.jsonl", (("q", " ".join(rng.choice(words, 6))) for _ in range(QUERIES)))
    places = rng.choice(size, QUERIES, replace=False)
    (folder / "qrels" / "test.tsv").write_text("".join(f"q{k}\td{place}\t1\n" for k, place in enumerate(places)), encoding="utf-8")


def _rows(path: Path, texts: Iterator[tuple[str, str]]) -> None:
    with path.open("w", encoding="utf-8") as stream:
        for number, (letter, text) in enumerate(texts):
            stream.write(json.dumps({"_id": f"{letter}{number}", "text": text}) + "\n")


def measured(size: int, model: str) -> dict[str, Any]:
    """Return what one size took, in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        write(Path(name), size)
        done = subprocess.run([sys.executable, "-c", CHILD, name, model], capture_output=True, text=True, check=True)  # noqa: S603
    return {"documents": size, **json.loads(done.stdout.splitlines()[-1])}


def main() -> None:
    """Measure three sizes and write them with what they grow by."""
    model = sys.argv[1] if len(sys.argv) > 1 else MODEL
    largest = int(float(sys.argv[2])) if len(sys.argv) > 2 else LARGEST
    rows = [measured(size, model) for size in (largest // 10, 3 * largest // 10, largest)]
    seconds = [sum(row[name] for name in ("read_s", "encode_s", "rank_s")) for row in rows]
    exponent = np.polyfit([math.log(row["documents"]) for row in rows], np.log(seconds), 1)[0]
    found = {
        "model": model,
        "words_a_document": WORDS,
        "sizes": rows,
        "growth_exponent_of_processor_seconds": round(float(exponent), 2),
        "seconds_of_ten_times_as_many": round(seconds[-1] / seconds[0], 1),
        "peak_of_ten_times_as_many": round(rows[-1]["peak_mb"] / rows[0]["peak_mb"], 1),
    }
    TARGET.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(TARGET.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
