"""What a model directory may do to the machine that loads it: run code of its own, or hold weights that run code when read."""

from pathlib import Path

from freqbias.errors import InputError
from freqbias.models.names.contents import PICKLES, SAFE, TRAINING, module_types
from freqbias.models.protocols import Loading

OWN_MODULES = "sentence_transformers."


def check_files(folder: Path, name: str, loading: Loading) -> None:
    """Raise `InputError` for weights that only come as pickles without `allow_pickle`, and for code without `trust_remote_code`.

    A pickle beside weights in safetensors is left alone, since the safe file is what is read.
    """
    if not loading.allow_pickle:
        for pickled in sorted(path for path in folder.rglob("*") if path.suffix in PICKLES and not path.stem.startswith(TRAINING)):
            if not any(path.suffix in SAFE for path in pickled.parent.iterdir()):
                where = pickled.relative_to(folder).as_posix()
                raise InputError(f"model '{name}': {where} is a pickle, which can run code when loaded; give --allow-pickle to load it")
    if not loading.trust_remote_code:
        for kind in module_types(folder) or []:
            if not kind.startswith(OWN_MODULES):
                raise InputError(f"model '{name}' runs code of its own ('{kind}'); read it, then give --trust-remote-code")
