"""Models show how many texts of one call are done: a call for a part of the pairs may take minutes."""

import misbehaving
import pytest
from conftest import needed

from freqbias.models import embedder, language_model
from freqbias.models.adapters import pair_scorers
from freqbias.models.protocols import ShowsProgress, offers
from freqbias.models.scoring import show_progress
from freqbias.probes.likelihood import probe
from freqbias.probes.runner import Measurement
from freqbias.records import Pair


@pytest.fixture
def seen():
    return []


@pytest.fixture
def track(seen):
    """Return a `Track` that notes what it is asked to count, and then every size that passes."""

    def tracking(items, what, total, *, unit, size=lambda item: 1):
        sizes = []
        seen.append((what, total, unit, sizes))
        for item in items:
            yield item
            sizes.append(size(item))

    return tracking


def test_a_language_model_counts_texts(track, seen):
    needed("torch")
    model = language_model("smollm2-135m")
    show_progress(model, track)
    texts = [f"{word} {number} was late, and so were the others." for word in ("Lawyer", "Attorney", "Train") for number in range(20)]
    model.log_probs(texts)
    (told,) = seen
    assert told[:3] == ("smollm2-135m: score texts", len(texts), "texts")
    assert sum(told[3]) == len(texts)
    assert len(told[3]) > 1  # batches
    seen.clear()
    model.generate(["The lawyer", "The train"], max_tokens=1)
    model.write(["The lawyer", "The train"], n=2, max_tokens=1, temperature=1.0, seed=0)
    assert [(what, total, sum(sizes)) for what, total, _, sizes in seen] == [
        ("smollm2-135m: continue texts", 2, 2),
        ("smollm2-135m: write", 2, 2),
    ]


def test_a_cross_encoder_counts_couples(tiny, track, seen, monkeypatch):
    monkeypatch.setattr(pair_scorers, "COUPLES_AT_ONCE", 4)
    scorer = embedder(str(tiny / "cross"))
    before = scorer.matrix(["who", "what"], ["a doctor", "a nurse", "a car"])
    show_progress(scorer, track)
    assert (scorer.matrix(["who", "what"], ["a doctor", "a nurse", "a car"]) == before).all()
    assert seen == [("cross: score couples", 6, "couples", [4, 2])]


def test_a_served_model_counts_requests_and_a_probe_hands_its_track_on(track, seen):
    pairs = [Pair(id=f"p{n}", item=f"i{n}", arm="frequency", high=f"common word {n}", low=f"rare word {n}") for n in range(3)]
    with misbehaving.Server() as server:
        model = language_model(misbehaving.MODEL, backend="http", base_url=server.url)
        assert offers(model, ShowsProgress)
        measurement = Measurement(probe, pairs, model, track)
        measurement.rows(pairs)
    asked = [row for row in seen if row[0] == f"{misbehaving.MODEL}: ask the server" and row[1] > 1]
    assert (6, "requests", [1] * 6) in [row[1:] for row in asked]
