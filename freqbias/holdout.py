"""Half of the items kept out of everything that is estimated, for one confirmatory look; which half is which, and whether it was seen.

The manifest of a run records it under `holdout`: `salt`, the pair file's sha256; `shown`, the half that `estimates.jsonl` speaks of;
`looks`, when the kept half was estimated; `seen_before`, whether all items had been estimated before.
"""

import hashlib
import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from freqbias.errors import InputError
from freqbias.files import read_manifest
from freqbias.records import Pair
from freqbias.shapes import reason, shown
from freqbias.terms import HOLDOUT, MANIFEST_FILE

HALVES = OPEN, KEPT = ("open", "kept")


class Holdout(msgspec.Struct, frozen=True, kw_only=True):
    """What a manifest says of the half that is kept out; times are ISO 8601."""

    salt: str
    shown: str = OPEN
    looks: tuple[str, ...] = ()
    seen_before: bool = False

    def items(self, half: str, arms: Mapping[str, Collection[str]]) -> frozenset[str]:
        """Return the items of one half; `arms` maps every item to the arms that it has pairs in.

        Items are put in the order of sha256(salt, name), which nobody chooses, and every second one is kept, among those of the same
        arms: both halves have as many of each.
        """
        kept: set[str] = set()
        groups: dict[tuple[str, ...], list[str]] = {}
        for item, own in arms.items():
            groups.setdefault(tuple(sorted(own)), []).append(item)
        for place, (_, items) in enumerate(sorted(groups.items())):
            kept.update(sorted(items, key=self._rank)[place % 2 :: 2])  # an odd one out goes to either half in turn
        return frozenset(kept) if half == KEPT else frozenset(arms.keys() - kept)

    def _rank(self, item: str) -> str:
        return hashlib.sha256(f"{self.salt}\0{item}".encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Return what the manifest holds."""
        return {"salt": self.salt, "shown": self.shown, "looks": list(self.looks), "seen_before": self.seen_before}


def holdout_in(manifest: Mapping[str, Any] | None, path: str = MANIFEST_FILE) -> Holdout | None:
    """Return what a manifest says of a half that is kept out; None where it says nothing. `InputError` names the file."""
    found = (manifest or {}).get(HOLDOUT)
    if found is None:
        return None
    try:
        held = msgspec.convert(found, Holdout)
    except msgspec.ValidationError as error:
        raise InputError(f"{path}: {reason(error, HOLDOUT)}") from error
    if held.shown not in HALVES:
        raise InputError(f"{path}: field '{HOLDOUT}.shown' must be one of {', '.join(HALVES)}, found '{shown(held.shown)}'")
    return held


def holdout_of(run: str | os.PathLike[str]) -> Holdout | None:
    """Return what the manifest of a run folder says of it."""
    path = Path(run) / MANIFEST_FILE
    return holdout_in(read_manifest(path) if path.is_file() else None, str(path))


def arms_of(pairs: Iterable[Pair]) -> dict[str, set[str]]:
    """Return the arms of every item."""
    arms: dict[str, set[str]] = {}
    for pair in pairs:
        arms.setdefault(pair.item, set()).add(pair.arm)
    return arms


def open_items(run: str | os.PathLike[str], pairs: Iterable[Pair]) -> frozenset[str] | None:
    """Return the items of a run that anybody may look at; None where that is all of them."""
    held = holdout_of(run)
    return None if held is None else held.items(OPEN, arms_of(pairs))


def told(held: Holdout | None) -> list[str]:
    """Return sentences on the half that a report shows; none without a half that is kept out."""
    if held is None:
        return []
    times = len(held.looks)
    before = (
        ["All items had been estimated before half of them were kept out: the kept half is no blind test."] if held.seen_before else []
    )
    if held.shown == KEPT:
        first = "it was looked at once" if times == 1 else f"it was looked at {times} times, and only the first look confirms anything"
        return [f"Shown is the half of the items that was kept out until now; {first} ({', '.join(held.looks)}).", *before]
    looks = f"; it was looked at on {', '.join(held.looks)}" if times else ", which nobody has looked at"
    return [f"Shown is one half of the items, drawn by hash of their names. The other half is kept out of every number{looks}.", *before]
