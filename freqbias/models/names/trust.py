"""What a model directory may do to the machine that loads it: run code of its own, or hold weights that run code when read."""

from collections.abc import Iterator
from pathlib import Path

from freqbias.errors import InputError
from freqbias.models.names.contents import CONFIG, PICKLES, SAFE, TRAINING, modules, settings
from freqbias.models.protocols import Loading

#: Modules that sentence-transformers has itself, or has a module of its own for.
OWN_MODULES = ("sentence_transformers.", "pylate.models.Dense.Dense")
OWN_FUNCTIONS = "torch."  # activation functions that it takes by name; in place of another one it would put its own


def check_files(folder: Path, name: str, loading: Loading) -> None:
    """Raise `InputError` for weights that only come as pickles without `allow_pickle`, and for code without `trust_remote_code`.

    A pickle beside weights in safetensors is left alone, since the safe file is what is read.
    """
    listed = modules(folder)
    if not loading.allow_pickle:
        for pickled in sorted(_read(folder, listed is not None)):
            if pickled.suffix in PICKLES and not pickled.stem.startswith(TRAINING):
                where = pickled.relative_to(folder).as_posix()
                raise InputError(f"model '{name}': {where} is a pickle, which can run code when loaded; give --allow-pickle to load it")
    if not loading.trust_remote_code:
        for kind, place in listed or []:
            known = kind.startswith(OWN_MODULES)
            function = str(settings(folder / place / CONFIG).get("activation_function", "")) if kind.endswith(".Dense") else ""
            if not known or (function and not function.startswith(OWN_FUNCTIONS)):
                code = function if known else kind
                raise InputError(f"model '{name}' runs code of its own ('{code}'); read it, then give --trust-remote-code")


def _read(folder: Path, nested: bool) -> Iterator[Path]:
    """Yield the files that a loader may read and that lie beside no safe weights; in a plain directory it reads the top folder alone."""
    for place in [folder, *(path for path in folder.rglob("*") if nested and path.is_dir())]:
        files = [path for path in place.iterdir() if path.is_file()]
        if not any(path.suffix in SAFE for path in files):
            yield from files
