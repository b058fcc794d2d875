"""How far a run is."""

import os
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from freqbias.compression import is_compressed, plain_name
from freqbias.errors import InputError
from freqbias.run import manifest
from freqbias.run.journal import is_held, is_locked, marked, rows_of, side_file
from freqbias.run.parts import BY_TEXTS, Parts, Share, rows_name
from freqbias.run.stages import DERIVED
from freqbias.terms import PAIRS_FILE


def status_of(out: Path) -> dict[str, Any]:
    """Return state, rows and errors by step, and the command that goes on; `InputError` when there is no run.

    `out` is the observation file. `state` is `complete`, `interrupted` or `running`, or `parts` where several processes
    have measured parts that are not merged.
    """
    found = manifest.read(out)
    if found is None and Parts(out.parent).manifests():
        return _of_parts(out)
    if found is None or not manifest.tells_how(found):
        raise InputError(f"{manifest.path_of(out)}: does not describe a run; see: freqbias run --help")
    probing, config = found["probing"], found["config"]
    size = out.stat().st_size if out.exists() else 0
    units = -(-probing["pairs"] // probing["pairs_at_once"]) + 1
    parts, length = (units * len(probing["steps"]), size) if probing["complete"] else marked(out) or (0, 0)
    rows, errors = _counted(out, length)
    steps = []
    for index, step in enumerate(probing["steps"]):
        key = (step["model"], step["probe"])
        done = min(max(parts - index * units, 0) * probing["pairs_at_once"], probing["pairs"])
        steps.append({**step, "pairs": probing["pairs"], "pairs_done": done, "rows": rows[key], "errors": errors[key]})
    missing = [name for name in DERIVED if not (out.parent / name).exists()] if config.get("command") == "run" else []
    whole = probing["complete"] and out.exists() and not side_file(out, "retried").exists()
    state = "running" if is_locked(plain_name(out)) else "complete" if whole and not missing else "interrupted"
    again = state == "interrupted" or (state == "complete" and errors.total())
    return {
        "state": state,
        "steps": steps,
        "rows": rows.total(),
        "errors": errors.total(),
        "missing": missing,
        "seconds": found.get("seconds") or 0.0,
        "resume": _going_on(out, found) if again else None,
    }


def _going_on(out: Path, found: Mapping[str, Any]) -> str:
    """Return the command that goes on: where parts of several processes were being joined, the one that joins them."""
    joining = "merged" in found["probing"] and not found["probing"]["complete"]
    return shlex.join(["freqbias", "merge", str(out.parent)]) if joining else _command(out, found["config"])


def _of_parts(out: Path) -> dict[str, Any]:
    """Return the same of a run that several processes measure, with what each has measured; parts of texts count as none of pairs."""
    store = Parts(out.parent)
    manifests, names = store.manifests(), store.names()
    first = next(iter(manifests.values()))
    probing = first["probing"]
    by = {model: way for found in manifests.values() for model, way in found["probing"].get("by", {}).items()}
    steps, damaged = [], list[str]()
    for index, step in enumerate(probing["steps"]):
        parts = [part for part in range(-(-probing["pairs"] // probing["pairs_at_once"])) if rows_name(index, part) in names]
        size, total = probing["pairs_at_once"], probing["pairs"]
        done = sum(min(size, total - part * size) for part in parts)
        counted: Counter[bool] = Counter()
        for part in parts:
            try:
                counted.update(orjson.loads(row).get("error") is not None for row in store.read(rows_name(index, part)).splitlines())
            except InputError as error:
                damaged.append(str(error))
        steps.append(
            {
                **step,
                "pairs": probing["pairs"],
                "pairs_done": None if by.get(step["model"]) == BY_TEXTS else done,
                "rows": counted.total(),
                "errors": counted[True],
            }
        )
    shares = [
        {
            "share": str(share),
            "device": found["probing"].get("device") or found["gpu"] or found["cpu"],
            "parts": found["probing"].get("measured", 0),
            "state": "running" if is_held(store.lock_path(share)) else "complete" if found["probing"]["complete"] else "interrupted",
        }
        for share, found in manifests.items()
    ]
    running = is_locked(out) or any(share["state"] == "running" for share in shares)
    whole = all(step["pairs_done"] in (None, step["pairs"]) for step in steps)
    return {
        "state": "running" if running else "parts",
        "steps": steps,
        "rows": sum(step["rows"] for step in steps),
        "errors": sum(step["errors"] for step in steps),
        "missing": [],
        "seconds": sum(found.get("seconds") or 0.0 for found in manifests.values()),
        "shares": shares,
        "idle": [share["device"] for share in shares if not share["parts"]],
        "given_up": store.given_up(),
        "damaged": damaged,
        "resume": _next(out, manifests) if not (whole and _all_ended(manifests)) else shlex.join(["freqbias", "merge", str(out.parent)]),
    }


def _all_ended(manifests: Mapping[Share, Mapping[str, Any]]) -> bool:
    """Tell whether all processes of some number of them have measured their shares."""
    ended = {share for share, found in manifests.items() if found["probing"]["complete"]}
    return any(all(Share(k, share.of) in ended for k in range(share.of)) for share in ended)


def _next(out: Path, manifests: Mapping[Share, Mapping[str, Any]]) -> str:
    """Return the command that measures what is missing: with the devices that a run was given, else a share that has not ended."""
    of = max(share.of for share in manifests)
    found = [manifests.get(Share(k, of)) for k in range(of)]
    devices = [None if one is None else one["probing"].get("device") for one in found]
    open_ = next((k for k, one in enumerate(found) if one is None or not one["probing"]["complete"]), 0)
    config = next(iter(manifests.values()))["config"]
    more = ["--devices", ",".join(map(str, devices))] if all(devices) else ["--shard", str(Share(open_, of))]
    return _command(out, config, more)


def _counted(out: Path, length: int) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    rows: Counter[tuple[str, str]] = Counter()
    errors: Counter[tuple[str, str]] = Counter()
    for row in rows_of(out) if is_compressed(out) else rows_of(out, length):
        key = (row.model, row.probe)
        rows[key] += 1
        errors[key] += row.error is not None
    return rows, errors


def _command(out: Path, config: Mapping[str, Any], more: Sequence[str] = ()) -> str:
    """Return the command line that continues a run, `more` words behind it; a folder that was moved has its own copy of the pairs."""
    pairs = config.get("pairs")
    if pairs is not None and not (out.parent / pairs).exists() and (out.parent / PAIRS_FILE).exists():
        pairs = PAIRS_FILE
    path = None if pairs is None else os.path.relpath(out.parent / pairs)
    words = ["freqbias", config["command"]]
    if config["command"] == "run":
        words += ["--out", str(out.parent)]
        words += [] if path is None else ["--pairs", path]
    else:
        words += [path or str(out.parent), "--out", str(out)]
    words += manifest.option_words({name: value for name, value in config.items() if name != "pairs"})
    return shlex.join([*words, *more])
