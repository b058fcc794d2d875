"""Pairs and observations with gaps that a test states one by one."""

import numpy as np

from freqbias.analysis import estimate, frame
from freqbias.judgement import Judgement, Judgements
from freqbias.records import Observation, Pair

PROBE = "bench"
JUDGEMENTS = Judgements({PROBE: Judgement()})


def couple(gap, item, *, arm="frequency", frame=None, name=None, dose=1.5, whole=None, texts=None, zipf=(None, None), error=None, **meta):
    """Return a pair and its observation; `whole` is (high, low) by whether the word is one token, `gap` None where it failed."""
    name = name or f"{arm} {item} {frame} {sorted(meta.items())}"
    high, low = texts or (f"{name} in its high form", f"{name} in its low form")
    known = {key: value for key, value in {"frame": frame, **meta}.items() if value is not None}
    pair = Pair(id=name, item=item, arm=arm, high=high, low=low, zipf_gap=dose, zipf_high=zipf[0], zipf_low=zipf[1], meta=known)
    values = {"error": error or "the server did not answer"} if gap is None else {"high": 0.5 + gap, "low": 0.5}
    row = Observation(
        pair_id=name,
        item=item,
        arm=arm,
        probe=PROBE,
        measure="cosine",
        contrast="gap",
        model="m",
        decoys={"high": 0.3, "low": 0.3},
        covariates={} if whole is None else {"whole_word": list(whole)},
        **values,
    )
    return pair, row


def estimates_of(couples, **options):
    """Return what is estimated, by arm and term."""
    pairs, rows = zip(*couples, strict=True)
    options = {"curve": False, "resamples": 999, "judgements": JUDGEMENTS} | options
    return {(row.arm, row.term): row for row in estimate(frame(rows), pairs, **options) if row.model == "m"}


def centred(rng, count, mean, sd):
    """Return normal values with exactly this mean and standard deviation."""
    values = rng.normal(size=count)
    return mean + sd * (values - values.mean()) / values.std(ddof=1) if count > 1 else np.array([mean])
