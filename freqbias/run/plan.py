"""What a plan would ask of its models, found out without loading one."""

from collections import Counter as Counts
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from freqbias.errors import FreqbiasError
from freqbias.models.names.aliases import resolve
from freqbias.models.tokenizers import Counter, token_counter
from freqbias.probes.runner import Measurement
from freqbias.probes.standins import StandIn
from freqbias.progress import Track, chunks, silent
from freqbias.records import Pair
from freqbias.run.probing import PAIRS_AT_ONCE, Plan, Step
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
    number is the most that can be needed when nothing fails. Memory grows by about a hundred bytes a distinct text.
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
        parts = track(chunks(pairs, PAIRS_AT_ONCE), f"{step.info.name}: {step.probe.name}", count, unit="pairs", size=len)
        rows.append(
            {
                "model": step.info.name,
                "probe": step.probe.name,
                "pairs": count,
                "rows": sum(len(measurement.rows(part)) for part in parts),
                "texts": asked.texts,
                "tokens": None if counters[step.name] is None else asked.tokens,
                "requests": asked.texts if plan.loading.backend == "http" else None,
            }
        )
    return rows


def _counter(step: Step) -> Counter | None:
    try:
        return token_counter(Path(resolve(step.name, step.kind).path))
    except FreqbiasError:  # a function, or a model that only a server has
        return None
