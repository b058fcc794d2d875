"""Probe `misspelt`: whether a text in frequent wording stays nearer to itself when it is misspelt.

In every word of four letters or more the second and third letter change places; the score of the misspelt text and the right one, in
hundredths, is the measure. What could fake an effect: a form in which fewer letters change (short words are left alone), which is a
covariate of every row; a model that cuts long texts, which hits both forms of a pair alike since they share their sentence.
"""

import math
import re

from freqbias.probes import Finding, Judgement, Probe
from freqbias.records import Observation

WORD = re.compile(r"[A-Za-z]{4,}")
NAME, MEASURE = "misspelt", "hundredths"


def misspelt(text):
    """Return a text with the second and third letter of every longer word in each other's place."""
    return WORD.sub(lambda found: found[0][0] + found[0][2] + found[0][1] + found[0][3:], text)


def prepare(pairs, model, track):
    """Have every text encoded at once."""
    texts = [text for pair in pairs for text in (pair.high, pair.low)]
    model.prepare([misspelt(text) for text in texts], texts, track)


def run(pairs, model, common):
    """Yield one row a pair."""
    for pair in pairs:
        forms = [pair.high, pair.low]
        high, low = (100 * float(score) for score in model.scores([misspelt(text) for text in forms], forms))
        sound = math.isfinite(high) and math.isfinite(low)
        changed = [sum(a != b for a, b in zip(text, misspelt(text), strict=True)) for text in forms]
        yield Observation(
            pair_id=pair.id,
            item=pair.item,
            arm=pair.arm,
            probe=NAME,
            measure=MEASURE,
            contrast="gap",
            model=model.info.name,
            revision=model.info.revision,
            high=high if sound else None,
            low=low if sound else None,
            covariates={"letters_changed": changed},
            error=None if sound else "the model gives no finite score for a form or its misspelling",
        )


probe = Probe(
    name=NAME,
    needs="scorer",
    summary="Score of a misspelt text and the right one.",
    questions={"gap": "Do misspelt rare words cost more?"},
    judgement=Judgement(
        contrast="gap",
        measure=MEASURE,
        meaning="stays nearer to itself when it is misspelt",
        unit="hundredths of the score",
        sesoi=1.0,
        findings=(
            Finding(
                contrast="gap", arm="placebo", only_if="not_found", sentence="Between equally frequent words nothing is found: {size}."
            ),
        ),
    ),
    prepare=prepare,
    run=run,
)
