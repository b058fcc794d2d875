"""Probes: what a model does with the two forms of a pair.

A probe is a module with a `Probe` object; built-ins are rows of `freqbias.registry`, others are plugins of the entry-point group
`freqbias.probes`, or are named as `module:attr`.
"""

import inspect
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from freqbias import registry
from freqbias.errors import InputError
from freqbias.files import dumps
from freqbias.judgement import Finding, Judgement
from freqbias.models.relevance import as_scorer
from freqbias.progress import Track, silent
from freqbias.records import Estimate, Observation, Pair

__all__ = ["API", "Finding", "Judgement", "Probe", "load_probe"]

API = registry.API  # a probe of another number is refused

Needs = Literal["scorer", "embedder", "language_model"]


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A named measurement on pairs.

    `run(pairs, model, common)` yields one `Observation` for every pair × measure × contrast (× register); a row that cannot be
    measured carries `error`. It is called with some of the pairs at a time, so what needs all of them (a pool of queries, a corpus)
    is made before by `prepare(pairs, model, track)` and handed on as `common`; `pairs` is an iterable there that can be gone
    through several times. `estimates(pairs, model, common)` yields what has one value per model. `needs` says what the model can do:
    `scorer` gives documents a relevance (`freqbias.models.relevance.Scorer`), `embedder` has dense vectors, `language_model`
    log-probabilities. `judgement` says what its rows mean and what it is judged by; `wants` what it reads of a pair beside the two
    forms, for a reader whose pairs have none of it. `questions` are what a report asks first, by the contrast that answers each: a
    positive value means yes. `glossary` says what a reader meets of this probe alone means, in a sentence or two each: its contrasts,
    measures and terms, by name; a name that ends in a colon is that of all terms which begin so, and `{what}` the rest. `outcome` is
    False of a probe that describes the space and not what a user meets. `settings` and `prompts` (name to text) go into the manifest.
    One that is not `by_default` runs where it is named.
    """

    name: str
    needs: Needs
    summary: str
    judgement: Judgement = field(default_factory=Judgement)
    run: Callable[[Sequence[Pair], Any, Any], Iterator[Observation]]
    prepare: Callable[[Iterable[Pair], Any, Track], Any] | None = None
    estimates: Callable[[Iterable[Pair], Any, Any], Iterator[Estimate]] | None = None
    wants: str = ""
    questions: Mapping[str, str] = field(default_factory=dict)
    glossary: Mapping[str, str] = field(default_factory=dict)
    outcome: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)
    prompts: Mapping[str, str] = field(default_factory=dict)
    by_default: bool = True
    api: int = API

    def __post_init__(self) -> None:
        """Raise `InputError` for a probe that nothing could run."""
        if not isinstance(self.name, str) or not self.name.strip():
            raise InputError("a probe needs a name")
        if self.needs not in get_args(Needs):
            raise InputError(f"probe '{self.name}': needs is '{self.needs}'{registry.suggestion(self.needs, get_args(Needs))}")
        for part, words in {"run": "pairs, model, common", "prepare": "pairs, model, track", "estimates": "pairs, model, common"}.items():
            if not _takes_three(getattr(self, part)) and (part == "run" or getattr(self, part) is not None):
                raise InputError(f"probe '{self.name}': {part} must be a function that can be called as {part}({words})")
        if not isinstance(self.judgement, Judgement):
            raise InputError(f"probe '{self.name}': judgement must be a freqbias.probes.Judgement, found {type(self.judgement).__name__}")
        try:
            Judgement.from_dict(self.judgement.to_dict())
            written = json.loads(dumps([dict(self.settings), dict(self.prompts)]))
        except (InputError, TypeError, ValueError) as error:
            raise InputError(
                f"probe '{self.name}': its judgement, settings or prompts cannot be written to the manifest: {error}"
            ) from error
        if not all(isinstance(text, str) for text in written[1].values()):
            raise InputError(f"probe '{self.name}': prompts must map names to texts")

    def __call__(self, pairs: Sequence[Pair], model: Any, track: Track = silent) -> Iterator[Observation]:
        """Prepare and run on all pairs at once."""
        if self.needs != "language_model":
            model = as_scorer(model)
        common = None if self.prepare is None else self.prepare(pairs, model, track)
        return self.run(pairs, model, common)


def _takes_three(function: Any) -> bool:
    """Tell whether something can be called with three values; what says nothing of its parameters can."""
    try:
        inspect.signature(function).bind(None, None, None)
    except TypeError:
        return False
    except ValueError:
        return True
    return True


def load_probe(name: str) -> Probe:
    """Return a probe by name or `module:attr`.

    `InputError` for what is no `Probe`, one made for another version of freqbias, or a plugin with another name than its entry point's.
    """
    found = registry.load("probes", name)
    if not isinstance(found, Probe):
        what = f"the class {found.__name__}" if isinstance(found, type) else f"a {type(found).__name__}"
        raise InputError(f"'{name}' is not a Probe but {what}; name a freqbias.probes.Probe object, as module:probe")
    registry.check_api(found, f"probe '{name}'")
    registry.check_own_name("probes", name, found.name, "its rows")
    return found
