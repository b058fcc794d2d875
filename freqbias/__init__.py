"""freqbias measures whether models treat frequent and rare wording of the same content differently.

    import freqbias

    run = freqbias.run(embedders=["minilm"], n=200, out="runs/mine")
    run.verdicts, run.estimates, run.observations
    run.report("r.html")

Nothing but the names below is public. Each is imported when it is first used, so that `import freqbias` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from freqbias.errors import FreqbiasError, InputError
    from freqbias.files import read_observations, read_pairs
    from freqbias.records import Pair
    from freqbias.run import run
    from freqbias.run.result import Run
    from freqbias.run.surface import annotate, audit, lexsub, order, rewrite, score, substitute

__all__ = [
    "FreqbiasError",
    "InputError",
    "Pair",
    "Run",
    "__version__",
    "annotate",
    "audit",
    "lexsub",
    "order",
    "read_observations",
    "read_pairs",
    "rewrite",
    "run",
    "score",
    "substitute",
]
__version__ = "0.1.0"

_MODULES = {
    "FreqbiasError": "freqbias.errors",
    "InputError": "freqbias.errors",
    "Pair": "freqbias.records",
    "Run": "freqbias.run.result",
    "annotate": "freqbias.run.surface",
    "audit": "freqbias.run.surface",
    "lexsub": "freqbias.run.surface",
    "order": "freqbias.run.surface",
    "read_observations": "freqbias.files",
    "read_pairs": "freqbias.files",
    "rewrite": "freqbias.run.surface",
    "score": "freqbias.run.surface",
    "substitute": "freqbias.run.surface",
}


def __getattr__(name: str) -> Any:
    if name == "run":  # the package, which can be called: importing it, or anything in it, binds this same name
        return import_module("freqbias.run")
    if name not in _MODULES:
        raise AttributeError(f"module 'freqbias' has no attribute '{name}'")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
