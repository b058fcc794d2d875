"""Whether a command may add to what an earlier one measured: everything that decides a number must be the same."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from freqbias.errors import InputError
from freqbias.models import ModelInfo
from freqbias.models.names.prompts import ROLES
from freqbias.redact import redacted
from freqbias.run import manifest
from freqbias.terms import PAIRS_FILE

IDENTITY = ("fingerprint", "revision", "dtype", "quantisation")
READING = (
    "first_token_context",
    "prompt_format",
    "prompts",
    "pooling",
    "similarity",
    "template",
)  # details that decide what a model is given
STATED = ("dimensions", "labels")  # by a server whose weights nobody here can see; compared where both say it
SHORT = 12  # hexadecimal digits of a hash that tell two apart for a reader


FRESH = "give --fresh to start over, or another --out"
NO_FRESH = "give another --out, or delete the folder"  # where other processes' parts lie too


def refuse_changes(before: Mapping[str, Any] | None, now: Mapping[str, Any], out: Path, instead: str = FRESH) -> int:
    """Return how many steps the manifest `before` has; `InputError` names every difference that forbids to continue from it.

    `now` is the manifest that the present command would write. Its steps may go on behind the earlier ones. `instead` is what to do.
    """
    if before is None or not manifest.tells_how(before):
        raise InputError(f"{out}: has no manifest of how it was made, so it cannot be continued; give --fresh to start over")
    found = changes(before, now)
    if found:
        raise InputError(f"{out.parent}: {'; '.join(found)}; {instead}")
    return len(before["probing"]["steps"])


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return every difference between two manifests that forbids to join what they describe."""
    return [*_inputs(before, now), *_models(before, now), *_probes(before, now), *_steps(before, now)]


def model_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return every difference between a loaded model in two manifests that decides its numbers."""
    return [*identity_changes(old, new, IDENTITY), *_read_otherwise(old, new["details"])]


def check_model(before: Mapping[str, Any] | None, info: ModelInfo) -> Any:
    """Return the noise floor that was measured before; `InputError` when the loaded model is not the one of the manifest."""
    for old in (before or {}).get("models", []):
        if (old["kind"], old["name"]) == (info.kind, info.name) and "noise_floor" in old:
            found = model_changes(old, {**info.to_dict(), "details": redacted(info.details)})
            if found:
                raise InputError(f"{'; '.join(found)}; give --fresh to start over, or another --out")
            return old["noise_floor"]
    return None


def _read_otherwise(old: Mapping[str, Any], details: Mapping[str, Any]) -> list[str]:
    before, now = _spelt(old["details"]), _spelt(details)
    return [
        f"model '{old['name']}' is used otherwise: its {name} was {before.get(name)!r} and is {now.get(name)!r}"
        for name in (*READING, *(name for name in STATED if name in before and name in now))
        if before.get(name) != now.get(name)
    ]


def _spelt(details: Mapping[str, Any]) -> dict[str, Any]:
    """Return details with the prompts of the two roles as every version of freqbias states them: those that are not empty."""
    prompts = details.get("prompts")
    spelt = {role: prompts[role] for role in ROLES if prompts.get(role)} if isinstance(prompts, Mapping) else {}
    return {**details, "prompts": spelt or None}


def _inputs(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    found = ["the pair file has changed"] if before["inputs"].get(PAIRS_FILE) != now["inputs"][PAIRS_FILE] else []
    old, new = (told["probing"]["pairs_at_once"] for told in (before, now))
    if old != new:
        found.append(f"it was measured in parts of {old} pairs and this command has {new}: give --part {old}")
    for name in ("dtype", "backend", "seed"):
        old, new = before["config"].get(name), now["config"].get(name)
        if old is not None and new is not None and old != new:
            found.append(f"{name} was {old} and is {new}")
    for name in ("query_prompt", "document_prompt"):
        old, new = before["config"].get(name), now["config"].get(name)
        if old != new:
            found.append(f"{name} was {_shown(old)} and is {_shown(new)}")
    return found


def _shown(prompt: str | None) -> str:
    return "the model's own" if prompt is None else repr(prompt)


def _models(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    new = {(model["kind"], model["name"]): model for model in now["models"]}
    return [
        text
        for old in before["models"]
        if (old["kind"], old["name"]) in new
        for text in identity_changes(old, new[old["kind"], old["name"]], ("fingerprint", "revision"))
    ]


def identity_changes(old: Mapping[str, Any], new: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """Return the fields of a model, of these `names`, that are known before and now, and differ."""
    return [
        f"model '{old['name']}' has changed: its {name} was {str(old[name])[:SHORT]} and is {str(new[name])[:SHORT]}"
        for name in names
        if old.get(name) is not None and new.get(name) is not None and old[name] != new[name]
    ]


def _probes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    found = []
    for probe in before["probes"].keys() & now["probes"].keys():
        old, new = ((told.get("prompts") or {}).get(probe, {}) for told in (before, now))
        found += [f"prompt '{name}' of probe '{probe}' has changed" for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
        if not found and before["probes"][probe] != now["probes"][probe]:
            found.append(f"the settings of probe '{probe}' have changed")
    return found


def _steps(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    old, new = ([f"{step['probe']} of {step['model']}" for step in told["probing"]["steps"]] for told in (before, now))
    if new[: len(old)] == old:
        return []
    left_out = [step for step in old if step not in new]
    if left_out:
        return [f"it holds {', '.join(left_out)}, which this command leaves out"]
    return [f"it was measured in the order {', '.join(old)}; name models and probes in that order, new ones last"]
