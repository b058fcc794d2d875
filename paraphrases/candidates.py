"""Rewrites that a language model was asked for: what was asked, and a file that keeps every answer as it comes.

One JSON line is one rewrite: `original`, `kind` (`common` or `uncommon`), `number`, `answer` (null, and `error` says why, where there was
none), and what it depends on: `model`, `fingerprint`, `prompt`, `seed`, `k`, `temperature`, `max_tokens`. Answers of one text are added
together, so that a text is asked for once, however often the work is interrupted. When all are there the file is written anew, in the
order of the texts, with the verdict of each: `text` (the answer without what surrounds it), `similarity` to the original, `rejected`
(why; null: it passed) and `used` (the arms whose pair holds it).
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson

from freqbias.errors import BackendError, InputError
from freqbias.files import atomic, dumps, held
from freqbias.models.protocols import GivesUp, LanguageModel, offers

KINDS = COMMON, UNCOMMON = ("common", "uncommon")
QUESTION = "question"  # that a text answers (`queries`); kept in a file of its own, in the same lines
PROMPTS = {COMMON: "rewrite-common-v1", UNCOMMON: "rewrite-uncommon-v1", QUESTION: "question-v1"}  # a changed prompt is a new file
NAMES = {KINDS: "rewrite", (QUESTION,): "question"}
PLACE = "{text}"  # of the text in a prompt


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One rewrite of a text and what became of it; `rejected` is None while nothing speaks against it."""

    original: str
    kind: str
    number: int
    answer: str | None
    error: str | None = None
    text: str = ""
    similarity: float | None = None
    rejected: str | None = None


def prompt(kind: str, text: str) -> str:
    """Return what a model is asked: to rewrite a text in common or in uncommon words, or for a question that it answers."""
    whole = files("freqbias.paraphrases").joinpath("prompts", f"{PROMPTS[kind]}.txt").read_text(encoding="utf-8")
    return whole.removesuffix("\n").replace(PLACE, text)


class Journal:
    """The answers so far, in memory and, where there is a path, in a file; `stated` is what they depend on beside text and kind."""

    def __init__(self, path: Path | None, stated: Mapping[str, Any], kinds: tuple[str, ...] = KINDS):
        self.path = path
        self._kinds = kinds
        self._stated = dict(stated)
        self._found: dict[str, dict[tuple[str, int], Candidate]] = {}
        if path is not None and path.exists():
            self._read(path)

    def answered(self, text: str) -> bool:
        """Tell whether every rewrite of a text is there."""
        own = self._found.get(text, {})
        return len(own) == len(self._kinds) * self._stated["k"] and all(row.answer is not None for row in own.values())

    def of(self, text: str) -> list[Candidate]:
        """Return what was written of a text, kind by kind: common rewrites first."""
        own = self._found.get(text, {})
        return [own[key] for key in sorted(own, key=lambda key: (self._kinds.index(key[0]), key[1]))]

    def add_from(self, model: LanguageModel, rows: Sequence[Candidate]) -> None:
        """Keep what a model answered; of one that gave up, the texts that it answered in full, and raise `BackendError`."""
        stopped = model.stopped if offers(model, GivesUp) else None
        failed = {row.original for row in rows if row.answer is None}
        self.add([row for row in rows if stopped is None or row.original not in failed])
        if stopped is not None:
            kept = "" if self.path is None else f"; what was written is kept in {self.path}, and the same command goes on from there"
            raise BackendError(f"{stopped}{kept}")

    def add(self, rows: Sequence[Candidate]) -> None:
        """Keep the rewrites of some texts, in the file before anything else; `InputError` where that cannot be written."""
        if self.path is not None:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with self.path.open("ab") as stream:
                    stream.write("".join(map(self._line, rows)).encode())
                    stream.flush()
                    os.fsync(stream.fileno())
            except OSError as error:
                raise InputError(
                    f"{self.path}: cannot be written: {error.strerror or error}; what was answered before is kept"
                ) from error
        for row in rows:
            self._keep(row)

    def finish(self, judged: Iterable[Candidate], used: Mapping[tuple[str, str, int], Sequence[str]]) -> None:
        """Write the file anew with verdicts; `used` are arms by (original, kind, number). Texts that were not asked about stay behind."""
        if self.path is None:
            return
        rows = {(row.original, row.kind, row.number): row for row in judged}
        named = {original for original, _, _ in rows}
        with atomic(self.path) as stream:
            for key, row in rows.items():
                verdict = {"text": row.text, "similarity": row.similarity, "rejected": row.rejected, "used": list(used.get(key, ()))}
                stream.write(self._line(row, verdict).encode())
            for original in self._found:
                if original not in named:
                    stream.writelines(self._line(row).encode() for row in self.of(original))

    def _line(self, row: Candidate, verdict: Mapping[str, Any] | None = None) -> str:
        error = {} if row.error is None else {"error": row.error}
        own = {"original": row.original, "kind": row.kind, "number": row.number, "answer": row.answer, **error}
        return dumps({**own, **self._stated, "prompt": PROMPTS[row.kind], **(verdict or {})}) + "\n"

    def _keep(self, row: Candidate) -> None:
        self._found.setdefault(row.original, {})[row.kind, row.number] = row

    def _read(self, path: Path) -> None:
        """Take the whole lines of an earlier run, and cut off one that was being written when it ended."""
        with path.open("r+b") as stream:
            whole = 0
            for number, line in enumerate(stream, start=1):
                if not line.endswith(b"\n"):
                    stream.truncate(whole)
                    break
                whole += len(line)
                self._keep(self._candidate(f"{path}:{number}", line))

    def _candidate(self, place: str, line: bytes) -> Candidate:
        try:
            row = orjson.loads(line)
            found = Candidate(**{name: row.get(name) for name in ("original", "kind", "number", "answer", "error")})
        except (ValueError, AttributeError) as error:
            raise InputError(f"{place}: is no {NAMES[self._kinds]}; give another --out, or move that file away") from error
        if not isinstance(found.original, str) or found.kind not in self._kinds or not isinstance(found.number, int):
            raise InputError(f"{place}: is no {NAMES[self._kinds]}; give another --out, or move that file away")
        for name, value in {**self._stated, "prompt": PROMPTS[found.kind]}.items():
            if row.get(name) != value:
                raise InputError(
                    f"{place}: was written with {name} {row.get(name)!r}, not {value!r}; give another --out, or move that file away"
                )
        return found


@contextmanager
def only_writer(path: Path | None) -> Iterator[None]:
    """Be the only process that asks for the rewrites of a file; `InputError` when there is another."""
    if path is None:
        yield
        return
    with held(path.with_name(f".{path.name}.lock"), f"{path}: another process is writing it", path):
        yield
