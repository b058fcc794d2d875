"""Remedies: what may be done about a gap between wordings, wrapped around a model so that a run measures both side by side.

A remedy is a module with a `Remedy` object; built-ins are rows of `freqbias.registry`, others are plugins of the entry-point group
`freqbias.remedies`, or are named as `module:attr`. A remedy `in the space` is a map of vectors, which is fitted on some items' texts and
judged on the others' (`freqbias.remedies.folds`). One that is not fitted wraps the model itself.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from freqbias import registry
from freqbias.errors import InputError
from freqbias.models import ModelInfo
from freqbias.models.relevance import DenseScorer, Scorer
from freqbias.models.scoring import Scores
from freqbias.progress import Track, silent
from freqbias.records import Pair
from freqbias.remedied import PLUS, name_with

__all__ = ["API", "Fitted", "Remedy", "Training", "load_remedy", "with_remedy"]

API = registry.API


@dataclass(frozen=True, kw_only=True)
class Training:
    """What a remedy in the space is fitted on: vectors of some items' texts, of length 1 where scores are cosines, in double precision.

    `queries` and `documents` have shape (n, d), each distinct text once. `forms` is the vector of the frequent form less that of the rare
    one, shape (m, d), and `zipf_gaps` by how much the words of the former are more frequent, shape (m,), Zipf units. `model` is there for
    what needs more of it than vectors of texts.
    """

    queries: Scores
    documents: Scores
    forms: Scores
    zipf_gaps: Scores
    model: DenseScorer


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A map of vectors, called with shape (n, d) and the role of the texts; `stated` goes into the manifest."""

    apply: Callable[[Scores, str], Scores]
    stated: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """A named change to a model that gives texts vectors, or to any that scores.

    Either `fit(training)` returns a map of vectors, or `wrap(model, pairs, info)` a scorer that bears `info`. `summary` is what a report
    calls it, behind "with"; `known` is said of one that knows more than it could in use. One that is for some models alone names in
    `only` how these are used (`freqbias.models.names.kinds`).
    """

    name: str
    summary: str
    fit: Callable[[Training], Fitted] | None = None
    wrap: Callable[[Scorer, Iterable[Pair], ModelInfo], Scorer] | None = None
    known: str = ""
    only: tuple[str, ...] = ()
    api: int = API

    def __post_init__(self) -> None:
        """Raise `InputError` for a remedy that nothing could apply."""
        if not isinstance(self.name, str) or not self.name.strip() or PLUS in self.name:
            raise InputError(f"a remedy needs a name without '{PLUS}', found {self.name!r:.60}")
        if (self.fit is None) == (self.wrap is None):
            raise InputError(f"remedy '{self.name}' needs one of fit(training) and wrap(model, pairs, info)")
        made, many = (self.fit, 1) if self.fit is not None else (self.wrap, 3)
        if not _takes(made, many):
            raise InputError(f"remedy '{self.name}': fit is called as fit(training), wrap as wrap(model, pairs, info)")

    def __call__(self, model: Any, pairs: Iterable[Pair], track: Track = silent) -> Scorer:
        """Return the model with the remedy."""
        return with_remedy(model, self, pairs, track)


def _takes(function: Any, many: int) -> bool:
    try:
        inspect.signature(function).bind(*[None] * many)
    except TypeError:
        return False
    except ValueError:  # it says nothing of its parameters
        return True
    return True


def load_remedy(name: str) -> Remedy:
    """Return a remedy by name or `module:attr`; `InputError` for what is none, or was made for another version of freqbias."""
    found = registry.load("remedies", name)
    if not isinstance(found, Remedy):
        raise InputError(f"'{name}' is not a Remedy but a {type(found).__name__}; name a Remedy object, as module:remedy")
    registry.check_api(found, f"remedy '{name}'")
    registry.check_own_name("remedies", name, found.name, "its rows")
    return found


def info_with(info: ModelInfo, remedy: Remedy) -> ModelInfo:
    """Return what is known of a model with a remedy before it is fitted."""
    return replace(info, name=name_with(info.name, remedy.name), details={**info.details, "remedy": remedy.name, "without": info.name})


def with_remedy(model: Any, remedy: Remedy, pairs: Iterable[Pair], track: Track = silent) -> Scorer:
    """Return the model with a remedy; `pairs`, gone through several times, are what it will be judged on.

    Raises `InputError` for a remedy in the space where a model has no one vector a text, or where the pairs are too few to divide.
    """
    from freqbias.models.relevance import as_scorer
    from freqbias.remedies.halves import fitted_by_halves

    scorer = as_scorer(model)
    info = info_with(scorer.info, remedy)
    if remedy.wrap is not None:
        return remedy.wrap(scorer, pairs, info)
    if not isinstance(scorer, DenseScorer):
        raise InputError(f"remedy '{remedy.name}' moves vectors, and model '{scorer.info.name}' has not one a text; leave one out")
    return fitted_by_halves(scorer, remedy, pairs, info, track)
