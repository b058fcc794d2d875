"""What a plan would ask of its models, found out without loading one."""

from collections import Counter as Counts
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from freqbias.errors import FreqbiasError
from freqbias.files import read_json
from freqbias.models.names.aliases import resolve
from freqbias.models.store import FLOAT_BYTES
from freqbias.models.tokenizers import Counter, token_counter
from freqbias.probes.runner import Measurement
from freqbias.probes.standins import StandIn
from freqbias.progress import Track, chunks, silent
from freqbias.records import Pair
from freqbias.run.steps import Plan, Step
from freqbias.terms import (
    AUDIT_FILE,
    ESTIMATES_FILE,
    ESTIMATES_TABLE,
    FIGURES_FOLDER,
    FINDINGS_REPORT,
    HTML_REPORT,
    JSON_REPORT,
    MANIFEST_FILE,
    MARKDOWN_REPORT,
    OBSERVATIONS_FILE,
    PAIRS_FILE,
)

#: What a run leaves in its folder, but for what some probes add.
WRITTEN = (
    *(PAIRS_FILE, AUDIT_FILE, OBSERVATIONS_FILE, ESTIMATES_FILE, MANIFEST_FILE),
    *(HTML_REPORT, MARKDOWN_REPORT, FINDINGS_REPORT, JSON_REPORT, ESTIMATES_TABLE, f"{FIGURES_FOLDER}/"),
)
TEXTS_AT_ONCE = 4096  # texts whose tokens are counted in one call
ROW_BYTES = 400  # of an observation: 255 to 375 in `benchmarks/growth.py`, and longer names and covariates than there
TEXT_BYTES = 250  # of memory that the index of encoded texts takes for each: a digest, two places, and their share of the dictionary


class _Asked:
    """Counts the distinct texts that a stand-in is asked for, and their tokens."""

    def __init__(self, seen: set[int], counter: Counter | None):
        self.texts = self.tokens = 0
        self._seen = seen
        self._counter = counter

    def __call__(self, role: str, texts: Iterable[str]) -> None:
        for part in chunks(self._new(role, texts), TEXTS_AT_ONCE):
            self.texts += len(part)
            self.tokens += 0 if self._counter is None else self._counter(part)

    def _new(self, role: str, texts: Iterable[str]) -> Iterator[str]:
        for text in texts:
            key = hash((role, text))
            if key not in self._seen:
                self._seen.add(key)
                yield text


def lines_of(plan: Plan, pairs: Iterable[Pair], folder: Path) -> Iterator[str]:
    """Say what a run is going to do: its models, what is asked of each, the pairs, and what it writes."""
    asked: dict[tuple[str, str], list[str]] = {}
    for step in plan.steps:
        asked.setdefault((step.info.name, step.kind), []).append(step.probe.name)
    arms = Counts(pair.arm for pair in pairs)
    yield f"plan: {folder}"
    for (name, kind), probes in asked.items():
        yield f"  model: {name} ({kind.replace('_', ' ')}), probes: {', '.join(probes)}"
    yield f"  pairs: {arms.total():,} ({', '.join(f'{arm} {count:,}' for arm, count in arms.items())})"
    yield f"  writes: {', '.join(WRITTEN)}"


def forecast(plan: Plan, pairs: Iterable[Pair], count: int, track: Track) -> list[dict[str, Any]]:
    """Return one row a step: pairs, distinct texts that no earlier step of the model has had encoded, their tokens, requests.

    `tokens` is None where no tokenizer can be asked, `requests` where no server is; a request carries at least one text, so their
    number is the most that can be needed when nothing fails. Memory grows by about a hundred bytes a distinct text. `vector_bytes` is the
    size of the file of vectors (texts x dimensions x 4), None where the model's files do not tell the dimensions and where there is none.
    """
    encoded: dict[str, set[int]] = {}
    counters: dict[str, Counter | None] = {}
    rows = []
    for step in plan.steps:
        if step.name not in counters:
            counters[step.name] = _counter(step)
        seen = encoded.setdefault(step.name, set()) if step.kind == "embedder" else set()
        asked = _Asked(seen, counters[step.name])
        model: Any = StandIn(step.info, note=asked)
        measurement = Measurement(step.probe, pairs, model, silent)
        parts = track(chunks(pairs, plan.pairs_at_once), f"{step.info.name}: {step.probe.name}", count, unit="pairs", size=len)
        rows.append(
            {
                "model": step.info.name,
                "probe": step.probe.name,
                "pairs": count,
                "rows": sum(len(measurement.rows(part)) for part in parts),
                "texts": asked.texts,
                "tokens": None if counters[step.name] is None else asked.tokens,
                "requests": asked.texts if plan.loading.backend == "http" else None,
                "embeds": step.kind == "embedder",
                "vector_bytes": _vector_bytes(step, asked.texts),
            }
        )
    return rows


def needs(rows: Sequence[Mapping[str, Any]]) -> str:
    """Say what disk and memory a run takes beside its models, from the rows of `forecast`."""
    encoded = [row for row in rows if row["embeds"]]
    sizes = [row["vector_bytes"] for row in encoded if row["texts"]]
    vectors = "unknown (the models' files do not tell their dimensions)" if None in sizes else f"about {_size(sum(sizes))}"
    observations = _size(ROW_BYTES * sum(row["rows"] for row in rows))
    memory = _size(TEXT_BYTES * max((sum(row["texts"] for row in encoded if row["model"] == own["model"]) for own in encoded), default=0))
    disk = f"observations about {observations}" + (f", vectors {vectors} until the run is complete" if encoded else "")
    return f"disk: {disk}; memory beside the model: about {memory} for the index of its texts"


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:,.3g} {unit}"
        count /= 1000
    return f"{count:,.3g} GB"


def _vector_bytes(step: Step, texts: int) -> int | None:
    dimensions = _dimensions(step) if step.kind == "embedder" else None
    return None if dimensions is None else FLOAT_BYTES * dimensions * texts


def _dimensions(step: Step) -> int | None:
    """Return how many numbers a vector has, as the files of a sentence-transformers model say; None where they do not."""
    try:
        folder = Path(resolve(step.name, step.kind).path)
    except FreqbiasError:
        return None
    for pattern, name in (("*_Dense", "out_features"), ("*_Pooling", "word_embedding_dimension")):  # what comes later decides
        for module in sorted(folder.glob(pattern), reverse=True):
            found = read_json(module / "config.json").get(name) if (module / "config.json").is_file() else None
            if isinstance(found, int):
                return found
    return None


def _counter(step: Step) -> Counter | None:
    try:
        return token_counter(Path(resolve(step.name, step.kind).path))
    except FreqbiasError:  # a function, or a model that only a server has
        return None
