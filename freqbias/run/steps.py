"""What a command is to measure: which probes on which models, in which order, and how the models are loaded."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from freqbias import registry
from freqbias.errors import InputError
from freqbias.models import Loading, ModelInfo, check_name, identity
from freqbias.models.objects import known_use
from freqbias.probes import Probe, load_probe
from freqbias.remedied import name_with
from freqbias.remedies import Remedy, info_with, load_remedy

LANGUAGE_MODEL = "language_model"
WITHOUT_VECTORS = ("bm25", "sparse", "late", "cross", "ql")  # uses of models that have not one vector a text
PAIRS_AT_ONCE = 256  # pairs that a probe measures in one call, unless a plan says so: what Ctrl-C waits for, and several batches


@dataclass(frozen=True, kw_only=True)
class Step:
    """One probe on one model, with a remedy or without; `info` is what is known of it without loading the model called `name`."""

    probe: Probe
    name: str
    kind: str
    info: ModelInfo
    remedy: Remedy | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What names the step in rows: (model, probe)."""
        return (self.info.name, self.probe.name)

    @property
    def place(self) -> tuple[str, str]:
        """What names what is loaded for the step: (kind, name), of a remedy with that."""
        return (self.kind, self.name if self.remedy is None else name_with(self.name, self.remedy.name))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Which models and probes to run, with which remedies beside, and how many pairs are measured before their rows are kept."""

    embedders: Sequence[str] = ()
    language_models: Sequence[str] = ()
    probes: Sequence[str] = ()
    remedies: Sequence[str] = ()
    loading: Loading = field(default_factory=Loading)
    pairs_at_once: int = PAIRS_AT_ONCE

    @cached_property
    def steps(self) -> list[Step]:
        """The steps in order; `InputError` for a probe without a model, a model that is not there, and two of one name."""
        given = {"embedder": list(self.embedders), "language_model": list(self.language_models)}
        found = [load_probe(name) for name in self.probes or registry.BUILT_IN["probes"]]  # plugins only where they are named
        found = [probe for probe in found if self.probes or probe.by_default]
        found = list({id(probe): probe for probe in found}.values())  # one that is named twice is meant once
        for probe in found:
            if sum(other.name == probe.name for other in found) > 1:
                raise InputError(f"two probes are called '{probe.name}', so their rows could not be told apart; give only one of them")
            if self.probes and not given[_kind(probe)]:
                option = "--lm" if probe.needs == "language_model" else "--embedder"
                raise InputError(f"probe '{probe.name}' needs a model: give {option}")
        wanted = [
            (probe, kind, name)
            for kind, names in given.items()
            for name in dict.fromkeys(names)
            for probe in found
            if _kind(probe) == kind
        ]
        if not wanted:
            raise InputError("nothing to probe: give --embedder or --lm (see: freqbias models list)")
        known = {(kind, name): self._identity(kind, name) for _, kind, name in wanted}
        steps = [Step(probe=probe, name=name, kind=kind, info=known[kind, name]) for probe, kind, name in wanted]
        steps += self._remedied(steps)
        named: dict[tuple[str, str], tuple[str, str]] = {}
        for step in steps:
            if named.setdefault(step.key, step.place) != step.place:
                raise InputError(f"two models are called '{step.info.name}': {named[step.key][1]} and {step.place[1]}; rename one folder")
        return steps

    def _remedied(self, steps: Sequence[Step]) -> list[Step]:
        """Return the steps again with each remedy, behind all others, so that a remedy may be added to a run that is complete.

        Probes that describe the space of vectors are not asked: a model that is fitted by halves has two.
        """
        remedies = list({id(found): found for found in map(load_remedy, self.remedies)}.values())
        asked = [step for step in steps if step.probe.needs == "scorer"]
        if remedies and not asked:
            raise InputError("--remedy is for models that score documents: give --embedder, and a probe that asks them for scores")
        for remedy in remedies:
            for name in dict.fromkeys(step.name for step in asked):
                self._check_use(name, remedy)
        names = dict.fromkeys(step.name for step in asked)
        return [
            replace(step, info=info_with(step.info, remedy), remedy=remedy)
            for name in names
            for remedy in remedies
            for step in asked
            if step.name == name
        ]

    def _check_use(self, name: str, remedy: Remedy) -> None:
        """Raise `InputError` for a model of which its name or folder says that the remedy is not for it."""
        use = None if self.loading.base_url is not None else known_use(name)
        if remedy.only and use is not None and use not in remedy.only:
            raise InputError(f"remedy '{remedy.name}' is for models used as {', '.join(remedy.only)}, and '{name}' is used as {use}")
        if remedy.fit is not None and use in WITHOUT_VECTORS:
            raise InputError(f"remedy '{remedy.name}' moves vectors, and model '{name}' has not one a text; leave one of the two out")

    def _identity(self, kind: str, name: str) -> ModelInfo:
        if self.loading.base_url is not None:
            return identity(name, kind, served=True)
        check_name(name, kind)
        return identity(name, kind)


def _kind(probe: Probe) -> str:
    return "language_model" if probe.needs == "language_model" else "embedder"
