"""A probe of labels for tests: how much likelier a model answers A to either form, by whichever of the two ways it has."""

import numpy as np

from freqbias.models.labels import label_log_probs, label_texts, labels_measure
from freqbias.models.log_probs import checked
from freqbias.probes import Judgement, Probe
from freqbias.probes.common import observation

LABELS = ("A", "B")


def question(text):
    return f"Is this about a thing?\n{text}\nA: yes\nB: no\nAnswer with the letter alone."


def run(pairs, model, common=None):
    model = checked(model)
    for pair in pairs:
        messages = [question(pair.high), question(pair.low)]
        scores = label_log_probs(model, messages, LABELS)
        gaps = scores[:, 0] - scores[:, 1]
        values = {"high": float(gaps[0]), "low": float(gaps[1])} if np.isfinite(gaps).all() else {"error": "no label"}
        asked = [text for message in messages for text in label_texts(model, message, LABELS)]
        yield observation("labelling", labels_measure(model), pair, model, "gap", values, {}, asked=asked)


probe = Probe(
    name="labelling", needs="language_model", summary="labels", judgement=Judgement(meaning="is called a thing more often"), run=run
)
