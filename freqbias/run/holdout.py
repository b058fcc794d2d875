"""Keeping half of the items out, and the one look at them: what `--holdout`, `--confirm` and `--again` do to the manifest."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from freqbias.errors import InputError
from freqbias.files import read_pairs, sha256, write_json
from freqbias.holdout import HALVES, KEPT, OPEN, Holdout, arms_of, holdout_in, holdout_of
from freqbias.run import manifest
from freqbias.run.manifest import beside
from freqbias.terms import ESTIMATES_FILE, FREQUENCY, HOLDOUT

__all__ = ["HALF", "Asked", "holdout_for", "holdout_of", "items_of", "record"]
HALF = "half"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a command asks of the half that is kept out: to keep one, to look at it, to look at it again."""

    holdout: str | None = None
    confirm: bool = False
    again: bool = False

    def __post_init__(self) -> None:
        if self.holdout not in (None, HALF):
            raise InputError(f"--holdout must be '{HALF}', found '{self.holdout}'")
        if self.confirm and self.holdout:
            raise InputError("--holdout keeps a half out and --confirm looks at it; give one of the two")
        if self.again and not self.confirm:
            raise InputError("--again repeats a look at the kept half; give it with --confirm")


def holdout_for(observations: Path, pairs: Path, asked: Asked) -> Holdout | None:
    """Return what is to be recorded once this command's estimates are there; None where all items are estimated.

    Raises `InputError` without a manifest to record it in, for a pair file that has
    changed, for a look where nothing is kept out, and for a second look without `again`.
    """
    path = manifest.path_of(observations)
    found = manifest.read(observations)
    held = holdout_in(found, str(path))
    if held is None:
        if asked.confirm:
            raise InputError(f"{path}: no half is kept out; keep one before anything is estimated: --holdout {HALF}")
        if asked.holdout is None:
            return None
        if found is None:
            raise InputError(
                f"{path}: missing, so nothing can record which half is kept out; measure with freqbias run or freqbias probe"
            )
        held = Holdout(salt=sha256(pairs), seen_before=beside(observations, ESTIMATES_FILE).is_file())
    if held.salt != sha256(pairs):
        raise InputError(f"{pairs}: has changed since half of its items were kept out; put the old file back, or start over with --fresh")
    if not asked.confirm:
        return msgspec.structs.replace(held, shown=OPEN)
    if held.looks and not asked.again:
        raise InputError(f"{path}: the kept half was looked at on {held.looks[0]}, and a second look confirms nothing; else give --again")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return msgspec.structs.replace(held, shown=KEPT, looks=(*held.looks, now))


def items_of(held: Holdout, pairs: Path) -> frozenset[str]:
    """Return the items of the half that is to be estimated; `InputError` where either has none of the frequency arm."""
    arms = arms_of(read_pairs(pairs))
    halves = {half: held.items(half, arms) for half in HALVES}
    if not all(any(FREQUENCY in arms[item] for item in items) for items in halves.values()):
        raise InputError(f"{pairs}: too few items to keep half of them out; make more with --n")
    return halves[held.shown]


def record(observations: Path, held: Holdout, out: Path) -> None:
    """Write it into the manifest; estimates that go into another file `out` leave as it was which half the run folder shows."""
    found = manifest.read(observations) or {}
    before = holdout_in(found)
    if out.resolve() != beside(observations, ESTIMATES_FILE).resolve():
        held = msgspec.structs.replace(held, shown=OPEN if before is None else before.shown)
    write_json(manifest.path_of(observations), {**found, HOLDOUT: held.to_dict()})
