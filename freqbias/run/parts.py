"""Parts of a run that several processes measure: one file a part, whole or absent, so that nobody's work is lost or done twice.

In a run folder `parts/` holds `rows-STEP-PART.jsonl` (the rows of `--part` pairs, the bytes that one process would write),
`texts-KEY.npy` (the vectors of `CHUNK` texts that an embedding model encodes beforehand), and a manifest of every process. Each part
begins with a line that seals it and says which model measured it, lest another one adopt it where the manifests are gone. What a part is
depends on the pairs and the plan alone, never on how many processes there are, so any number of them may go on with what is left.
"""

import hashlib
import io
import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from freqbias.errors import InputError
from freqbias.files import PairFile, atomic, held, read_manifest, read_text, write_text
from freqbias.models import ModelInfo, Role
from freqbias.models.protocols import FloatArray
from freqbias.models.scoring import CHUNK
from freqbias.probes import Probe
from freqbias.probes.runner import Measurement
from freqbias.probes.standins import StandIn
from freqbias.progress import silent
from freqbias.redact import redacted
from freqbias.run.resume import identity_changes

log = logging.getLogger(__name__)

PARTS_FOLDER = "parts"
TEXTS = "texts-"  # begins the name of a part that holds vectors
BY_PAIRS, BY_TEXTS = "pairs", "texts"  # what the work on a model is divided by
AGAIN = "delete this file and measure it again: give the same command once more, or one with --shard"
MAX_SEAL_BYTES = 1 << 16  # of the first line of a part: names and hashes
GIVEN_UP = ".given-up"  # behind the name of a part
#: What to do where parts lie that the other command has measured; each is followed by stages of its own.
OF_OTHER = {
    "probe": "give freqbias probe the other shares too, then freqbias merge, then freqbias analyze",
    "run": "give freqbias run the other shares too, then freqbias merge",
}
_SHARE = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")
_MANIFEST = re.compile(r"manifest-(\d+)-of-(\d+)\.json")
_LOCK = re.compile(r"\.lock-\d+-of-\d+")
#: What a process that was killed may leave: the part that it took last, and a file that it had not written to its end.
_LEFT = re.compile(
    r"\.claim-\d+-of-\d+"
    r"|\.(\.claim-\d+-of-\d+|manifest-\d+-of-\d+\.json|(rows-\d+-\d+\.jsonl|texts-[0-9a-f]+\.npy)(\.given-up)?)\.\d+\.partial"
)


@dataclass(frozen=True)
class Share:
    """One of `of` processes that measure a run together: parts `index`, `index + of`, … of every step."""

    index: int
    of: int

    def __str__(self) -> str:
        return f"{self.index}/{self.of}"

    def has(self, part: int) -> bool:
        """Tell whether a part is this process's."""
        return part % self.of == self.index


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What measured a part: a model by name, revision and fingerprint, as far as they are known; of rows, the probe."""

    model: str
    revision: str | None
    fingerprint: str | None
    probe: str | None = None

    @classmethod
    def of(cls, info: Mapping[str, Any], probe: str | None = None) -> "Origin":
        """Return it from what a manifest has of a model."""
        told: dict[str, Any] = redacted({"model": info["name"], "revision": info["revision"], "fingerprint": info["fingerprint"]})
        return cls(**told, probe=probe)

    def changes(self, now: "Origin") -> list[str]:
        """Return every difference that forbids to take a part for what `now` would measure."""
        if (self.model, self.probe) != (now.model, now.probe):
            return [f"holds {self} and not {now}"]
        return identity_changes({**asdict(self), "name": self.model}, asdict(now), ("fingerprint", "revision"))

    def __str__(self) -> str:
        return f"texts of {self.model}" if self.probe is None else f"{self.probe} of {self.model}"


def share_of(text: str) -> Share:
    """Return the share that `0/4` names; `InputError` for anything else."""
    found = _SHARE.fullmatch(text.strip())
    share = Share(*map(int, found.groups())) if found else None
    if share is None or share.index >= share.of:
        last = f"0/{share.of} to {share.of - 1}/{share.of}" if share is not None and share.of else "0/4 to 3/4"
        raise InputError(f"--shard {text}: is no share; they are counted from 0: {last}")
    return share


def rows_name(step: int, part: int) -> str:
    """Return the file name of the rows of one part of one step."""
    return f"rows-{step:03}-{part:07}.jsonl"


def texts_name(info: ModelInfo, role: Role, texts: Sequence[str]) -> str:
    """Return the file name of the vectors of some texts by one model."""
    identity = [info.kind, info.name, info.fingerprint, info.dtype, role, dict(info.details), list(texts)]
    return f"{TEXTS}{hashlib.sha256(json.dumps(identity, default=str).encode('utf-8', 'surrogatepass')).hexdigest()[:32]}.npy"


class Parts:
    """The parts of one run folder."""

    def __init__(self, run: Path):
        self.folder = run / PARTS_FOLDER

    def check_command(self, command: str) -> None:
        """Raise `InputError`, in a line that says how it goes on, where parts lie here that the other of `run` and `probe` measured."""
        for found in self.manifests().values():
            other = (found.get("config") or {}).get("command")
            if other in OF_OTHER and other != command:
                raise InputError(
                    f"{self.folder.parent}: holds parts that freqbias {other} has measured: {OF_OTHER[other]}; or give another --out"
                )

    def names(self) -> set[str]:
        """Return the file names of all parts that are whole."""
        return {path.name for path in self.folder.glob("[rt][oe]*-*") if path.suffix in (".jsonl", ".npy")}

    def path(self, name: str) -> Path:
        """Return where a part lies."""
        return self.folder / name

    def write(self, name: str, data: bytes, of: Origin | None = None) -> None:
        """Write a part behind a line that names it, what measured it and its SHA-256, whole or not at all.

        `InputError` when it cannot be written.
        """
        with atomic(self.folder / name) as stream:
            stream.write(_seal(name, data, of))
            stream.write(data)

    def check_origin(self, names: Iterable[str], now: Origin, instead: str) -> None:
        """Raise `InputError`, `instead` last, for a part that is there and was measured by another model or probe than `now`."""
        for name in names:
            path = self.folder / name
            try:
                with path.open("rb") as stream:
                    before = _origin(stream.readline(MAX_SEAL_BYTES))
            except OSError:
                continue  # who needs it reads it, and says so
            changed = [] if before is None else before.changes(now)
            if changed:
                raise InputError(f"{path}: {'; '.join(changed)}; {instead}")

    def read(self, name: str) -> bytes:
        """Return what was written as a part; `InputError` where its file has changed since, by however little."""
        path = self.folder / name
        try:
            seal, end, data = path.read_bytes().partition(b"\n")
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
        if seal + end != _seal(name, data, _origin(seal)):  # of what it says it was measured by, as well
            raise InputError(f"{path}: is damaged; {AGAIN}")
        return data

    def give_up(self, name: str, reason: str) -> None:
        """Note that a part is not to be measured any more, and why: its rows, or its texts, carry the reason as their error."""
        write_text(self.folder / f"{name}{GIVEN_UP}", reason)

    def given_up(self) -> dict[str, str]:
        """Return why parts are not to be measured, by name."""
        return {path.name.removesuffix(GIVEN_UP): read_text(path) for path in self.folder.glob(f"*{GIVEN_UP}")}

    def manifest_path(self, share: Share) -> Path:
        """Return where the manifest of a process lies."""
        return self.folder / f"manifest-{share.index}-of-{share.of}.json"

    def lock_path(self, share: Share) -> Path:
        """Return the file that the process which measures a share holds."""
        return self.folder / f".lock-{share.index}-of-{share.of}"

    def claim_path(self, share: Share) -> Path:
        """Return where a process names the part that it took last, so that it is known which one it died on."""
        return self.folder / f".claim-{share.index}-of-{share.of}"

    def tidy(self) -> None:
        """Delete what killed processes have left here, under names that only they give; nothing while another process measures."""
        try:
            with ExitStack() as locks:
                for path in [path for path in self.folder.glob(".lock-*") if _LOCK.fullmatch(path.name)]:
                    locks.enter_context(held(path, str(path), path))  # deletes it in the end
                for path in [path for path in self.folder.glob(".*") if _LEFT.fullmatch(path.name)]:
                    path.unlink(missing_ok=True)
        except (InputError, OSError) as error:
            log.debug("%s: left as it is: %s", self.folder, error)

    def manifests(self) -> dict[Share, dict[str, Any]]:
        """Return the manifests of all processes so far, by share; smaller numbers of processes first."""
        found = ((_MANIFEST.fullmatch(path.name), path) for path in self.folder.glob("manifest-*.json"))
        shares = sorted((int(match[2]), int(match[1]), path) for match, path in found if match)
        return {Share(index, of): read_manifest(path) for of, index, path in shares}


def _seal(name: str, data: bytes, of: Origin | None) -> bytes:
    told = {} if of is None else {"of": asdict(of)}
    digest = hashlib.sha256(json.dumps(told).encode() if told else b"")
    digest.update(data)
    return json.dumps({"part": name, **told, "sha256": digest.hexdigest()}).encode() + b"\n"


def _origin(seal: bytes) -> Origin | None:
    """Return what measured a part, as its first line says; None where it does not."""
    try:
        return Origin(**json.loads(seal)["of"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def vectors_bytes(matrices: Iterable[FloatArray]) -> bytes:
    """Return vectors of texts as they are kept: how many each text has, then all of them in one matrix; none at all where it failed."""
    rows = [np.atleast_2d(np.asarray(matrix, dtype="<f4")) for matrix in matrices]
    out = io.BytesIO()
    np.save(out, np.array([len(matrix) for matrix in rows], dtype="<u4"), allow_pickle=False)
    np.save(out, np.concatenate(rows) if rows else np.empty((0, 0), "<f4"), allow_pickle=False)
    return out.getvalue()


def vectors_of(data: bytes) -> list[FloatArray]:
    """Return what `vectors_bytes` was given."""
    stream = io.BytesIO(data)
    counts, vectors = (np.load(stream, allow_pickle=False) for _ in range(2))
    return np.split(vectors, np.cumsum(counts)[:-1]) if len(counts) else []


@dataclass
class TextParts:
    """Which texts a model will encode for the probes of a run, in the parts that one process would encode them in."""

    info: ModelInfo
    measure: str
    _known: dict[str, set[str]] = field(default_factory=dict)

    def of(self, probe: Probe, pairs: PairFile) -> Iterator[tuple[Role, list[str]]]:
        """Yield (role, texts) of every part that this probe adds; probes are asked in the order of the run."""
        asked: list[tuple[Role, list[str]]] = []

        def note(role: str, texts: Iterable[str]) -> None:
            known = self._known.setdefault(role, set())
            new = sorted({text for text in texts if text not in known}, key=lambda text: (-len(text), text))
            known.update(new)
            asked.extend((role, new[start : start + CHUNK]) for start in range(0, len(new), CHUNK))  # type: ignore[misc]

        Measurement(probe, pairs, StandIn(self.info, self.measure, note), silent)
        yield from asked
