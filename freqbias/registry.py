"""Names of probes, generators, frequencies, remedies and models: built-ins, plugins and `module:attr` through one door.

A built-in is a row `name: "module:attr"` here; a plugin is an entry point of group `freqbias.KIND`. Nothing is imported until
a name is loaded.
"""

import difflib
import importlib
import logging
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from freqbias.errors import FreqbiasError, InputError, one_line

log = logging.getLogger(__name__)

BUILT_IN: dict[str, dict[str, str]] = {
    "probes": {
        "backtracing": "freqbias.probes.backtracing:probe",
        "choice": "freqbias.probes.choice:probe",
        "collection": "freqbias.probes.collection:documents",
        "collection_queries": "freqbias.probes.collection:queries",
        "consistency": "freqbias.probes.consistency:probe",
        "dimension": "freqbias.probes.dimension:probe",
        "distill": "freqbias.probes.distill:probe",
        "entailment": "freqbias.probes.entailment:probe",
        "geometry": "freqbias.probes.geometry:probe",
        "inversion": "freqbias.probes.inversion:probe",
        "likelihood": "freqbias.probes.likelihood:probe",
        "near-miss": "freqbias.probes.near_miss:probe",
        "option_frequency": "freqbias.probes.option_frequency:probe",
        "retrieval": "freqbias.probes.retrieval:probe",
        "role": "freqbias.probes.role:probe",
        "routing": "freqbias.probes.routing:by_descriptions",
        "routing_lm": "freqbias.probes.routing:by_letters",
        "similarity": "freqbias.probes.similarity:probe",
        "task": "freqbias.probes.task:probe",
    },
    "generators": {
        "lexicon": "freqbias.paraphrases.lexicon:generate",
        "near-miss": "freqbias.paraphrases.near_miss:generate",
        "substitute": "freqbias.paraphrases.completing:generate",
        "import": "freqbias.paraphrases.imported:generate",
        "annotate": "freqbias.paraphrases.norms:generate",
        "lexsub": "freqbias.paraphrases.lexsub:generate",
        "rewrite": "freqbias.paraphrases.rewrite:generate",
        "queries": "freqbias.paraphrases.written:generate",
        "wordnet": "freqbias.paraphrases.wordnet:generate",
        "constructions": "freqbias.paraphrases.constructions:generate",
        "roles": "freqbias.paraphrases.roles:generate",
        "backtracing": "freqbias.paraphrases.backtracing:generate",
        "tasks": "freqbias.paraphrases.tasks:generate",
        "routing": "freqbias.paraphrases.routing:generate",
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
    "remedies": {
        "centre": "freqbias.remedies.space:centre",
        "all-but-the-top": "freqbias.remedies.space:all_but_the_top",
        "whiten": "freqbias.remedies.space:whiten",
        "frequency-direction": "freqbias.remedies.space:frequency_direction",
        "zipfian-whiten": "freqbias.remedies.static:zipfian_whiten",
        "expand-documents": "freqbias.remedies.text:expand_documents",
        "both-queries": "freqbias.remedies.text:both_queries",
    },
    "models": {},  # those with a short name are in `freqbias.models.names`; these are plugins
}

API = 1  # of the seams between freqbias and what others write for it

SINGULAR = {"probes": "probe", "generators": "generator", "frequencies": "frequency", "remedies": "remedy", "models": "model"}


@cache
def _plugins(kind: str) -> dict[str, list[EntryPoint]]:
    """Return the plugins of a kind by name; of several under one name the one that Python would import first leads."""
    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=f"freqbias.{kind}"):
        found.setdefault(point.name, []).append(point)
    return found


def names(kind: str) -> list[str]:
    """Return the names of a kind, such as `probes` or `models`: built-ins in their order, plugins behind them."""
    return list(dict.fromkeys([*BUILT_IN[kind], *plugins(kind)]))


def plugins(kind: str) -> list[str]:
    """Return the names of the plugins of a kind."""
    return sorted(_plugins(kind))


def load(kind: str, name: str) -> Any:
    """Return the object registered under `name`; raise `InputError` with the nearest name when there is none.

    A plugin that cannot be had under its name, since a built-in or another plugin has it, is a warning that names its distribution.
    """
    warn_of_hidden(kind, name)
    if name in BUILT_IN[kind]:
        return import_object(BUILT_IN[kind][name])
    if name in _plugins(kind):
        return _load_plugin(_plugins(kind)[name][0])
    if ":" in name:
        return import_object(name)
    raise InputError(f"unknown {SINGULAR[kind]} '{name}'{suggestion(name, names(kind))}")


def warn_of_hidden(kind: str, name: str, by: str | None = None) -> None:
    """Warn once of every plugin that something else of its name hides: `by` in words, else a built-in, else the plugin before it."""
    points = _plugins(kind).get(name, [])
    by = by or (f"the built-in {SINGULAR[kind]}" if name in BUILT_IN[kind] else None)
    first = None if by else points[:1]
    for point in points if first is None else points[1:]:
        before = by if first is None else f"the one of {_source(first[0])}"
        _warn(f"{SINGULAR[kind]} '{name}' of {_source(point)} is hidden by {before}, which has that name; rename or remove one")


@cache
def _warn(text: str) -> None:
    log.warning("%s", text)


def check_own_name(kind: str, name: str, own: str, says: str) -> None:
    """Raise `InputError` for a plugin that calls itself otherwise than its entry point does; `says` is what bears its own name."""
    if name in _plugins(kind) and name not in BUILT_IN[kind] and own != name:
        source = _source(_plugins(kind)[name][0])
        raise InputError(
            f"{SINGULAR[kind]} '{name}' of {source} calls itself '{own}', as {says} would; give it and its entry point one name"
        )


def reference(kind: str, name: str) -> str:
    """Return the `module:attr` that a name stands for."""
    if name in BUILT_IN[kind]:
        return BUILT_IN[kind][name]
    return _plugins(kind)[name][0].value if name in _plugins(kind) else name


def _source(point: EntryPoint) -> str:
    return "a plugin" if point.dist is None else f"plugin {point.dist.name} {point.dist.version}"


def _load_plugin(point: EntryPoint) -> Any:
    """Load a plugin; whatever its import raises becomes one line that names the distribution it comes from."""
    try:
        return point.load()
    except FreqbiasError:
        raise
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise InputError(f"'{point.name}' of {_source(point)} cannot be imported: {reason}; update or remove that package") from error


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
    except (Exception, SystemExit) as error:
        if isinstance(error, FreqbiasError) or module_name.partition(".")[0] == "freqbias":
            raise
        raise InputError(f"'{reference}': its module cannot be imported: {one_line(error)}") from error
    try:
        return getattr(module, attribute)
    except AttributeError as error:
        raise InputError(f"'{reference}': module '{module_name}' has no '{attribute}'") from error
