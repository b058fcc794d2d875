"""Probes: what a model does with the two forms of a pair.

A probe is a module with a `Probe` object; built-ins are rows of `freqbias.registry`, others are plugins of the entry-point group
`freqbias.probes`, or are named as `module:attr`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from freqbias.records import Observation, Pair

__all__ = ["Probe"]


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A named measurement on pairs.

    `run(pairs, model, track=…)` yields one `Observation` for every pair × measure × contrast (× register); a row that cannot be
    measured carries `error`. `needs` says which kind of model it is given; `settings` goes into the manifest.
    """

    name: str
    needs: Literal["embedder", "language_model"]
    summary: str
    run: Callable[..., Iterator[Observation]]
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, pairs: Sequence[Pair], model: Any, **options: Any) -> Iterator[Observation]:
        """Call `run`."""
        return self.run(pairs, model, **options)
