"""Names of probes, generators, frequencies and models: built-ins, plugins and `module:attr` through one door.

A built-in is a row `name: "module:attr"` here; a plugin is an entry point of group `freqbias.KIND`. Nothing is imported until
a name is loaded.
"""

import difflib
import importlib
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from freqbias.errors import FreqbiasError, InputError

BUILT_IN: dict[str, dict[str, str]] = {
    "probes": {
        "geometry": "freqbias.probes.geometry:probe",
        "inversion": "freqbias.probes.inversion:probe",
        "likelihood": "freqbias.probes.likelihood:probe",
        "retrieval": "freqbias.probes.retrieval:probe",
        "similarity": "freqbias.probes.similarity:probe",
    },
    "generators": {
        "lexicon": "freqbias.paraphrases.lexicon:generate",
        "substitute": "freqbias.paraphrases.substitute:generate",
        "import": "freqbias.paraphrases.imported:generate",
    },
    "frequencies": {
        "mean_zipf": "freqbias.frequency.measures:mean_zipf",
        "content_zipf": "freqbias.frequency.measures:content_zipf",
        "min_zipf": "freqbias.frequency.measures:min_zipf",
        "geo_mean_prob": "freqbias.frequency.measures:geo_mean_prob",
        "adam_eq3": "freqbias.frequency.measures:adam_eq3",
        "uni_bi": "freqbias.frequency.measures:uni_bi",
        "corpus": "freqbias.frequency.measures:corpus",
        "tfd": "freqbias.frequency.measures:TFD",
    },
    "models": {},  # those with a short name are in `freqbias.models.names`; these are plugins
}

API = 1  # of the seams between freqbias and what others write for it

SINGULAR = {"probes": "probe", "generators": "generator", "frequencies": "frequency", "models": "model"}


@cache
def _plugins(kind: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=f"freqbias.{kind}")}


def names(kind: str) -> list[str]:
    """Return the names of a kind (`probes`, `generators`, `frequencies`, `models`): built-ins in their order, plugins behind them."""
    return list(dict.fromkeys([*BUILT_IN[kind], *sorted(_plugins(kind))]))


def plugins(kind: str) -> list[str]:
    """Return the names of the plugins of a kind."""
    return sorted(_plugins(kind))


def load(kind: str, name: str) -> Any:
    """Return the object registered under `name`; raise `InputError` with the nearest name when there is none."""
    if name in BUILT_IN[kind]:
        return import_object(BUILT_IN[kind][name])
    if name in _plugins(kind):
        return _load_plugin(_plugins(kind)[name])
    if ":" in name:
        return import_object(name)
    raise InputError(f"unknown {SINGULAR[kind]} '{name}'{suggestion(name, names(kind))}")


def _load_plugin(point: EntryPoint) -> Any:
    """Load a plugin; whatever its import raises becomes one line that names the distribution it comes from."""
    try:
        return point.load()
    except FreqbiasError:
        raise
    except Exception as error:
        source = "a plugin" if point.dist is None else f"plugin {point.dist.name} {point.dist.version}"
        raise InputError(
            f"'{point.name}' of {source} cannot be imported: {type(error).__name__}: {error}; update or remove that package"
        ) from error


def check_api(thing: Any, what: str) -> None:
    """Raise `InputError` for an object that says it was made for another version of the seam that it plugs into."""
    found = getattr(thing, "api", API)
    if found != API:
        raise InputError(f"{what} was made for API {found} of freqbias, this version has {API}; update one of the two")


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return '; did you mean …?' or, when nothing is near, the list of what is known."""
    candidates = list(known)
    near = difflib.get_close_matches(name, candidates, n=1)
    return f"; did you mean '{near[0]}'?" if near else f"; known: {', '.join(candidates) or 'none'}"


def import_object(reference: str) -> Any:
    """Import `module:attr`, with the working directory importable; raise `InputError` when either part is missing."""
    module_name, _, attribute = reference.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)  # at the end, so that nothing in the folder can shadow an installed package
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise InputError(f"'{reference}': no module named '{error.name}'") from error
    try:
        return getattr(module, attribute)
    except AttributeError as error:
        raise InputError(f"'{reference}': module '{module_name}' has no '{attribute}'") from error
