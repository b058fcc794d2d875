"""A plan that is looked at and not started: nothing that somebody has written is imported for it."""

import logging
from dataclasses import dataclass

from freqbias import registry
from freqbias.models import ModelInfo
from freqbias.models.names.kinds import split
from freqbias.models.objects import REFERENCE
from freqbias.run.steps import Plan

log = logging.getLogger(__name__)


def is_code(kind: str, name: str) -> bool:
    """Tell whether a name is a reference to Python, `module:attr`; `kind` is `probe`, `remedy`, or what a model is."""
    if kind in ("probe", "remedy"):
        return ":" in name and name not in registry.BUILT_IN[{"probe": "probes", "remedy": "remedies"}[kind]]
    use, rest = split(name) if kind == "embedder" else (None, name)
    return use in (None, "ql") and REFERENCE.fullmatch(rest) is not None


@dataclass(frozen=True, kw_only=True)
class DryPlan(Plan):
    """A plan whose models of the user's own are known by their names only."""

    def _identity(self, kind: str, name: str) -> ModelInfo:
        if not self.loading.base_url and is_code(kind, name):
            return ModelInfo(name=name, kind=kind, source="callable")
        return super()._identity(kind, name)


def dry(plan: Plan) -> DryPlan | None:
    """Return a plan without the probes that are code, and say in a line each what is not imported; None where nothing is left."""
    kept = [name for name in plan.probes if not is_code("probe", name)]
    for name in dict.fromkeys(plan.probes):
        if name not in kept:
            log.warning("probe '%s' is code, and --dry-run imports none: what it would ask is not counted", name)
    remedies = [name for name in plan.remedies if not is_code("remedy", name)]
    for name in dict.fromkeys(plan.remedies):
        if name not in remedies:
            log.warning("remedy '%s' is code, and --dry-run imports none: what it would ask is not counted", name)
    found = DryPlan(
        embedders=plan.embedders,
        language_models=plan.language_models,
        probes=kept,
        remedies=remedies,
        loading=plan.loading,
        pairs_at_once=plan.pairs_at_once,
    )
    if not plan.loading.base_url:
        for kind, names in (("embedder", plan.embedders), ("language_model", plan.language_models)):
            for name in dict.fromkeys(names):
                if is_code(kind, name):
                    log.warning("model '%s' is code, and --dry-run imports none: whether it can be loaded is not known", name)
    return None if plan.probes and not kept else found
