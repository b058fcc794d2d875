"""The manifest: everything that is needed to say what a run was and to make it again."""

import hashlib
import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import freqbias
from freqbias.compression import plain_name
from freqbias.files import read_manifest
from freqbias.probes import Probe
from freqbias.records import SCHEMA
from freqbias.redact import redacted
from freqbias.terms import HOLDOUT, MANIFEST_FILE, OBSERVATIONS_FILE

WRITTEN_LATER = (HOLDOUT,)  # by the analysis; probing that goes on leaves it as it is
PACKAGES = ("freqbias", "wordfreq", "numpy", "scipy", "pandas", "statsmodels", "torch", "transformers", "sentence-transformers")


def path_of(observations: Path) -> Path:
    """Return the manifest that belongs to an observation file: `manifest.json` beside it, or `NAME.manifest.json`."""
    return beside(observations, MANIFEST_FILE)


def beside(observations: Path, name: str) -> Path:
    """Return the file called `name` that belongs to an observation file; files under other names than usual do not share it."""
    plain = plain_name(observations)
    return plain.with_name(name if plain.name == OBSERVATIONS_FILE else f"{plain.stem}.{name}")


def tells_how(found: Mapping[str, Any] | None) -> bool:
    """Tell whether a manifest says enough of a run for it to be looked at and continued; one of an older version may not."""
    needed = ("config", "inputs", "models", "probes", "probing")
    if found is None or any(found.get(name) is None for name in needed):
        return False
    models = all({"kind", "name"} <= model.keys() and isinstance(model.get("details"), dict) for model in found["models"])
    return models and "command" in found["config"] and {"complete", "pairs", "pairs_at_once", "steps"} <= found["probing"].keys()


def read(observations: Path) -> dict[str, Any] | None:
    """Return the manifest of an observation file; None where there is none."""
    path = path_of(observations)
    return read_manifest(path) if path.exists() else None


def build(
    folder: Path,
    *,
    config: Mapping[str, Any],
    inputs: Mapping[str, str],
    models: Sequence[Mapping[str, Any]],
    probes: Sequence[Probe],
    probing: Mapping[str, Any],
    seconds: float,
    start: str,
) -> dict[str, Any]:
    """Return the manifest of a run whose files lie in `folder`; it holds no host or user name, no key, and no absolute path."""
    options = {name: _relative(value, folder) for name, value in config.items()}
    built = {
        "schema": SCHEMA,
        "argv": _argv(options, folder),
        "config": options,
        "seed": config.get("seed"),
        "versions": _versions(),
        "source": _own_source(),
        "working_directory": _working_directory(Path.cwd()),
        "inputs": dict(inputs),
        "models": list(models),
        "probes": {probe.name: dict(probe.settings) for probe in probes},
        "judgements": {probe.name: probe.judgement.to_dict() for probe in probes},
        "prompts": prompts_of(probes),
        "probing": dict(probing),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu(),
        "gpu": _gpu(),
        "threads": _threads(),
        "start": start,
        "seconds": seconds,
    }
    result: dict[str, Any] = redacted(built)
    return result


def _argv(options: Mapping[str, Any], folder: Path) -> list[Any]:
    """Return the command line of this run, relative to its folder; one that does the same where Python has called."""
    if options.get("command") == "run" and not _is_command():
        return ["freqbias", "run", "--out", ".", *option_words(options)]
    return ["freqbias", *(_relative(argument, folder) for argument in sys.argv[1:])]


def _is_command() -> bool:
    """Return whether this process is the command line: `freqbias …` or `python -m freqbias …`."""
    program = Path(sys.argv[0] if sys.argv else "")
    return program.stem == "freqbias" or (program.name == "__main__.py" and program.parent.name == "freqbias")


def option_words(config: Mapping[str, Any]) -> list[str]:
    """Return recorded options as words of a command line."""
    words: list[str] = []
    for name, value in config.items():
        if name == "command" or value in (None, False):
            continue
        option = f"--{name.replace('_', '-')}"
        values = value if isinstance(value, list) else [value]
        words += [option] if value is True else [word for one in values for word in (option, str(one))]
    return words


def prompts_of(probes: Sequence[Probe]) -> dict[str, dict[str, str]]:
    """Return the SHA-256 of every prompt, by probe and name."""
    return {
        probe.name: {name: hashlib.sha256(text.encode()).hexdigest() for name, text in sorted(probe.prompts.items())}
        for probe in probes
        if probe.prompts
    }


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


@cache
def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@cache
def _own_source() -> dict[str, Any]:
    """Return freqbias's version, and commit and dirty flag of the checkout that it runs from; None for both where it is installed."""
    here = Path(__file__).resolve().parent
    tracked = _ask_git(here, "ls-files", "--error-unmatch", Path(__file__).name) is not None  # an environment may lie in a checkout
    commit = _commit(here) if tracked else None
    return {"version": freqbias.__version__, **(commit or {"commit": None, "dirty": None})}


def _commit(folder: Path) -> dict[str, Any] | None:
    """Return commit and dirty flag of the checkout that a folder lies in; None outside one.

    The flag is None where git could not be asked without running what the folder's configuration names, such as a filter.
    """
    commit = _ask_git(folder, "rev-parse", "HEAD")
    if commit is None:
        return None
    said = _ask_git(folder, "status", "--porcelain", "--ignore-submodules=all") if _is_harmless(folder) else None
    return {"commit": commit, "dirty": None if said is None else bool(said)}


#: The configuration of a repository by which `git status` runs nothing: what `git init`, `clone`, `remote` and `branch` write. Anything
#: else may name a command (`filter.*.clean`, `filter.*.process`), or a place to fetch from when an object is missing (`promisor`).
_HARMLESS = re.compile(
    r"core\.(repositoryformatversion|filemode|bare|logallrefupdates|ignorecase|precomposeunicode|symlinks|autocrlf|eol|safecrlf|quotepath"
    r"|fsmonitor|hookspath|untrackedcache)|extensions\.objectformat|remote\..*\.(url|pushurl|fetch|tagopt|prune)"
    r"|branch\..*\.(remote|merge|rebase|description|vscode-merge-base)|user\.(name|email|signingkey)|init\.defaultbranch"
    r"|submodule\.(active|.*\.(url|active))|lfs\.repositoryformatversion|(pull|push|fetch|http|color|advice|commit|tag|gc)\..*"
)
_OF_THE_FOLDER = ("local", "worktree")  # scopes of git's configuration; system's and user's are the user's own


def _is_harmless(folder: Path) -> bool:
    """Tell whether git runs nothing for `status` there: every line of the folder's own configuration is known to be harmless."""
    said = _ask_git(folder, "config", "--list", "--show-scope", "--name-only", "-z")
    if said is None:
        return False
    words = said.split("\0")
    return all(_HARMLESS.fullmatch(name.lower()) for scope, name in zip(words[::2], words[1::2], strict=False) if scope in _OF_THE_FOLDER)


#: Monitors and hooks are programs that a repository names; a bare repository may lie in a folder of data. `-c` comes before files.
_GIT = ("git", "-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "-c", "safe.bareRepository=explicit")
_QUIETLY = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}


def _ask_git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603
            [*_GIT, *arguments], capture_output=True, text=True, check=False, cwd=folder, env=os.environ | _QUIETLY
        )
    except (OSError, UnicodeDecodeError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


@cache
def _working_directory(folder: Path) -> dict[str, Any] | None:
    return _commit(folder)


@cache
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
