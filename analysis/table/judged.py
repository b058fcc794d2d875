"""What the probes of a run folder are judged by."""

import os
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from freqbias.files import read_manifest
from freqbias.judgement import Judgements
from freqbias.terms import MANIFEST_FILE


def judgements_of(run: str | os.PathLike[str]) -> Judgements:
    """Return what the manifest of a run folder says of its probes; where it says nothing, registered probes say it themselves."""
    path = Path(run) / MANIFEST_FILE
    return Judgements.of_manifest(read_manifest(path) if path.is_file() else None, str(path))


def settled_in(observations: pd.DataFrame, judgements: Judgements | None) -> Judgements:
    """Return judgements with one confirmatory measure a model and probe, the first that the observations have of several."""
    series = observations[["model", "probe", "contrast", "measure"]].drop_duplicates()
    return settled(series.itertuples(index=False, name=None), judgements)


def settled(series: Iterable[tuple[str, str, str, str]], judgements: Judgements | None) -> Judgements:
    """Do the same for (model, probe, contrast, measure) in the order of the file."""
    return (Judgements() if judgements is None else judgements).settled(series)
