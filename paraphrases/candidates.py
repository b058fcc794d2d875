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

from freqbias.errors import InputError
from freqbias.files import atomic, dumps, held

KINDS = COMMON, UNCOMMON = ("common", "uncommon")
PROMPTS = {COMMON: "rewrite-common-v1", UNCOMMON: "rewrite-uncommon-v1"}  # a changed prompt is a new file
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
    """Return what a model is asked, to rewrite a text in common or in uncommon words."""
    whole = files("freqbias.paraphrases").joinpath("prompts", f"{PROMPTS[kind]}.txt").read_text(encoding="utf-8")
    return whole.removesuffix("\n").replace(PLACE, text)


class Journal:
    """The answers so far, in memory and, where there is a path, in a file; `stated` is what they depend on beside text and kind."""

    def __init__(self, path: Path | None, stated: Mapping[str, Any]):
        self.path = path
        self._stated = dict(stated)
        self._found: dict[str, dict[tuple[str, int], Candidate]] = {}
        if path is not None and path.exists():
            self._read(path)

    def answered(self, text: str) -> bool:
        """Tell whether every rewrite of a text is there."""
        own = self._found.get(text, {})
        return len(own) == len(KINDS) * self._stated["k"] and all(row.answer is not None for row in own.values())

    def of(self, text: str) -> list[Candidate]:
        """Return the rewrites of a text, common ones first."""
        own = self._found.get(text, {})
        return [own[key] for key in sorted(own, key=lambda key: (KINDS.index(key[0]), key[1]))]

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
            raise InputError(f"{place}: is no rewrite; give another --out, or move that file away") from error
        if not isinstance(found.original, str) or found.kind not in KINDS or not isinstance(found.number, int):
            raise InputError(f"{place}: is no rewrite; give another --out, or move that file away")
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
