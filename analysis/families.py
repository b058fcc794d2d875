"""Families of tests: one confirmatory estimate per model and probe, everything else exploratory, controls in neither."""

from dataclasses import replace

import numpy as np

from freqbias.analysis.contrasts import question
from freqbias.analysis.resampling import benjamini_hochberg
from freqbias.records import Estimate

CONFIRMATORY_FAMILY = "confirmatory"
EXPLORATORY_FAMILY = "exploratory"


def is_confirmatory(row: Estimate) -> bool:
    """Tell whether an estimate is the one that its model x probe is judged by."""
    own = question(row.probe)
    return row.arm == "frequency" and row.term == "mean" and own.judges(row.contrast, row.measure)


def adjusted(estimates: list[Estimate]) -> list[Estimate]:
    """Return the estimates with families and Benjamini-Hochberg p-values; controls and equivalence tests stay unadjusted."""
    named = [replace(row, family=_family(row)) for row in estimates]
    for family in (CONFIRMATORY_FAMILY, EXPLORATORY_FAMILY):
        members = [i for i, row in enumerate(named) if row.family == family]
        if not members:
            continue
        values = benjamini_hochberg(np.array([named[i].p_value for i in members], dtype=float))
        for i, value in zip(members, values, strict=True):
            named[i] = replace(named[i], p_adjusted=float(value))
    return named


def _family(row: Estimate) -> str | None:
    if row.p_value is None or row.arm in ("placebo", "length") or row.term.startswith("equivalence"):
        return None
    return CONFIRMATORY_FAMILY if is_confirmatory(row) else EXPLORATORY_FAMILY
