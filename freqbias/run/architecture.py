"""What a model does with two texts, by its name: the columns of the report on constraints say it."""

from pathlib import Path

from freqbias.analysis.constraints.claims import BM25, DENSE, LANGUAGE_MODEL, LATE, OTHER, PAIR, SPARSE, STATIC
from freqbias.models.loading import from_hub
from freqbias.models.names.aliases import resolve
from freqbias.models.names.kinds import POOLINGS, split, use_of
from freqbias.models.objects import is_given, model_object

CONFIGS = ["*.json"]  # files of a hub model that say how it is used
#: By how a model is used (`freqbias.models.names.kinds`).
BY_USE = {
    **dict.fromkeys(("dense", *POOLINGS), DENSE),
    "static": STATIC,
    "sparse": SPARSE,
    "bm25": BM25,
    **dict.fromkeys(("late", "tokens"), LATE),
    **dict.fromkeys(("cross", "ql", "verifier"), PAIR),
}


def architecture_of(name: str, kind: str) -> str:
    """Return the architecture of a model without loading its weights; of a hub model that is not here the configuration is fetched.

    Raises what a name that leads nowhere raises.
    """
    if kind == "language_model":
        return LANGUAGE_MODEL
    use, rest = split(name)
    if use is None and is_given(rest):
        return _of_object(rest)
    if use is None:
        place = resolve(rest, "embedder")
        use = place.alias.use if place.alias is not None else None
        if use is None:
            folder = Path(place.path)
            use = use_of(folder if folder.is_dir() else from_hub(place, place.revision, only=CONFIGS))
    return BY_USE.get(use, OTHER)


def _of_object(name: str) -> str:
    """Return the architecture of a function or model object of somebody's own, by what it can be asked."""
    own = model_object(name, "embedder")
    if own is None or hasattr(own, "encode"):
        return DENSE
    if hasattr(own, "encode_tokens"):
        return LATE
    return PAIR if getattr(own, "pairwise", False) else OTHER
