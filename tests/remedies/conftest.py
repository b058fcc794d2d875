"""Remedies priced in spaces in which it is known what each can do."""

from functools import cache

import pytest
import spaces

from freqbias.analysis.estimate.remedies import remedies
from freqbias.analysis.estimate.side_by_side import rows_of
from freqbias.analysis.table import contrasts
from freqbias.analysis.table.frame import frame
from freqbias.models.relevance import as_scorer
from freqbias.paraphrases.lexicon import generate
from freqbias.probes import load_probe
from freqbias.remedies import load_remedy

IN_SPACE = ("centre", "all-but-the-top", "whiten", "frequency-direction")


@cache
def sets():
    """Return a pair of every synonym set, and as many placebo pairs: one document of six is frequent and gets pulled."""
    return tuple(generate(n=180, seed=0))


def table_of(space, names, probes=("similarity", "retrieval")):
    """Return one row per pair and contrast, of a space as it is and with remedies."""
    model = as_scorer(space)
    found = [spaces.quiet if name == "quiet" else load_remedy(name) for name in names]
    rows = [
        row for one in (model, *(remedy(model, sets()) for remedy in found)) for probe in probes for row in load_probe(probe)(sets(), one)
    ]
    return contrasts.pair_gaps(frame(rows))


@cache
def _priced(effects, names):
    found = remedies(rows_of(table_of(spaces.Space(sets(), **dict(effects)), names)))
    return {remedy.name: remedy for remedy in found}


@pytest.fixture(scope="session")
def priced():
    """Return a function from effects of a space to what the table says of each remedy, by name; `none` is the space as it is."""

    def call(*names, **effects):
        return _priced(tuple(sorted(effects.items())), names or IN_SPACE)

    return call
