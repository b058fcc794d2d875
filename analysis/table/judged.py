"""What the probes of a run folder are judged by."""

import os
from pathlib import Path

from freqbias.files import read_manifest
from freqbias.judgement import Judgements
from freqbias.terms import MANIFEST_FILE


def judgements_of(run: str | os.PathLike[str]) -> Judgements:
    """Return what the manifest of a run folder says of its probes; where it says nothing, registered probes say it themselves."""
    path = Path(run) / MANIFEST_FILE
    return Judgements.of_manifest(read_manifest(path) if path.is_file() else None, str(path))
