"""The engine: pairs to observations to estimates to report, resumable, one run folder.

The package itself can be called: `freqbias.run(…)` is its function `run`.
"""

import os
import sys
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

from freqbias.progress import Track, silent
from freqbias.records import Pair

if TYPE_CHECKING:
    from freqbias.run.result import Run

__all__ = ["run"]


def run(
    pairs: str | os.PathLike[str] | Iterable[Pair] | None = None,
    *,
    embedders: str | Sequence[str] = (),
    lms: str | Sequence[str] = (),
    probes: str | Sequence[str] = (),
    remedies: str | Sequence[str] = (),
    n: int | None = None,
    sets: str | None = None,
    seed: int = 0,
    out: str | os.PathLike[str] | None = None,
    dtype: str = "float32",
    device: str | None = None,
    backend: str = "auto",
    base_url: str | Sequence[str] | None = None,
    max_requests: int | None = None,
    trust_remote_code: bool = False,
    allow_pickle: bool = False,
    tensor_parallel: int = 1,
    query_prompt: str | None = None,
    document_prompt: str | None = None,
    part: int | None = None,
    holdout: str | None = None,
    fresh: bool = False,
    track: Track = silent,
) -> "Run":
    """Make pairs, probe models, analyse, report, as the command `freqbias run` does; return the run.

    `pairs` is a pair file, a run folder, or pairs in memory; without it `n` pairs of the bundled `sets` are drawn with `seed`.
    `embedders` and `lms` name models, by default one of each; `probes` are by default all that the models allow. With
    `remedies` each embedding model is measured with each of them beside. `out` is the run
    folder: a call that was interrupted goes on there when it is repeated, and `fresh` starts over and keeps what was there in
    `OUT.previous`. With `holdout="half"` half of the items are kept out of every estimate, for `freqbias analyze RUN --confirm`.
    Without `out` the folder is a temporary one that lasts as long as the result. The other options are those of
    `freqbias run --help`, and `track` shows progress. Raises `InputError` for anything that cannot be used, before work begins.
    """
    from freqbias.run.surface import run_pairs

    given: dict[str, Any] = {
        "embedder": embedders,
        "lm": lms,
        "probe": probes,
        "remedy": remedies,
        "n": n,
        "sets": sets,
        "seed": seed,
        "out": out,
        "dtype": dtype,
        "device": device,
        "backend": backend,
        "base_url": base_url,
        "max_requests": max_requests,
        "trust_remote_code": trust_remote_code,
        "allow_pickle": allow_pickle,
        "tensor_parallel": tensor_parallel,
        "query_prompt": query_prompt,
        "document_prompt": document_prompt,
        "part": part,
        "holdout": holdout,
        "fresh": fresh,
    }
    return run_pairs(pairs, given, track)


class _CallableModule(ModuleType):
    """A module that can be called, so that `freqbias.run(…)` and `import freqbias.run.stages` name one thing."""

    __call__ = staticmethod(run)


sys.modules[__name__].__class__ = _CallableModule
