"""The manifest: everything that is needed to say what a run was and to make it again."""

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from freqbias.records import SCHEMA

PACKAGES = ("freqbias", "wordfreq", "numpy", "scipy", "pandas", "statsmodels", "torch", "transformers", "sentence-transformers")


def build(
    folder: Path,
    *,
    config: Mapping[str, Any],
    models: Sequence[Mapping[str, Any]],
    probes: Mapping[str, Any],
    started: datetime,
) -> dict[str, Any]:
    """Return the manifest of a run whose files lie in `folder`. It holds no host or user name and no absolute path."""
    return {
        "schema": SCHEMA,
        "argv": ["freqbias", *(_relative(argument, folder) for argument in sys.argv[1:])],
        "config": {name: _relative(value, folder) for name, value in config.items()},
        "seed": config["seed"],
        "versions": _versions(),
        "git": _git(),
        "inputs": {"pairs.jsonl": sha256(folder / "pairs.jsonl")},
        "models": list(models),
        "probes": dict(probes),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu(),
        "gpu": _gpu(),
        "threads": _threads(),
        "start": started.isoformat(timespec="seconds"),
        "seconds": round((datetime.now(UTC) - started).total_seconds(), 1),
    }


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _relative(value: Any, folder: Path) -> Any:
    if isinstance(value, list | tuple):
        return [_relative(part, folder) for part in value]
    if isinstance(value, Path):
        value = str(value)
    if isinstance(value, str):
        option, equals, path = value.partition("=")
        if equals and Path(path).is_absolute():
            return f"{option}={os.path.relpath(path, folder)}"
        if Path(value).is_absolute():
            return os.path.relpath(value, folder)
    return value


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _git() -> dict[str, Any] | None:
    """Return commit and dirty flag of the checkout that freqbias was started in; None outside one."""

    def ask(*arguments: str) -> str | None:
        try:
            done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)  # noqa: S603, S607
        except OSError:
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    commit = ask("rev-parse", "HEAD")
    return None if commit is None else {"commit": commit, "dirty": bool(ask("status", "--porcelain"))}


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _torch() -> Any:
    return sys.modules.get("torch")  # only what a backend has loaded already


def _gpu() -> str | None:
    torch = _torch()
    return torch.cuda.get_device_name() if torch is not None and torch.cuda.is_available() else None


def _threads() -> int | None:
    torch = _torch()
    return torch.get_num_threads() if torch is not None else os.cpu_count()
