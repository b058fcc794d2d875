"""The checks for what others write: every built-in passes them, and what breaks a promise is one line."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import needed

from freqbias import registry
from freqbias.models import ModelInfo, embedder
from freqbias.paraphrases import load_generator, make_pair
from freqbias.probes import Judgement, Probe, load_probe
from freqbias.records import Observation
from freqbias.testing import (
    CrowdedEmbedder,
    PlantedEmbedder,
    PlantedLanguageModel,
    check_generator,
    check_language_model,
    check_probe,
    check_scorer,
    made_up_pairs,
)


@pytest.mark.parametrize("name", [name for name in registry.BUILT_IN["probes"] if load_probe(name).by_default])
def test_built_in_probes_pass(name):
    check_probe(load_probe(name))


def observed(pair, model, high, low, **changes):
    fields = {"pair_id": pair.id, "item": pair.item, "arm": pair.arm, "probe": "mine", "measure": "cosine", "contrast": "gap"}
    return Observation(**(fields | {"model": model.info.name, "high": high, "low": low} | changes))


def nearness(pairs, model, common, **changes):
    """Say how near each form lies to the first gloss."""
    for pair in pairs:
        query = pair.queries["gloss_plain"][0]
        high, low = model.scores([query, query], [pair.high, pair.low])
        if np.isfinite([high, low]).all():
            yield observed(pair, model, float(high), float(low), **changes)
        else:
            yield observed(pair, model, None, None, error="no number", **changes)


def probe_of(run, **fields):
    return Probe(name="mine", needs="scorer", summary="How near a form lies to its gloss.", run=run, **fields)


def test_a_sound_probe_passes():
    check_probe(probe_of(nearness))


def backwards(pairs, model, common):
    for row in nearness(pairs, model, common):
        yield row if row.error else row.replace(high=row.low, low=row.high)


def by_place(pairs, model, common):
    for place, row in enumerate(nearness(pairs, model, common)):
        yield row if row.error else row.replace(high=row.high - place / 1000)


def without_errors(pairs, model, common):
    yield from (row for row in nearness(pairs, model, common) if not row.error)


def doubled(pairs, model, common):
    for row in nearness(pairs, model, common):
        yield row
        yield row


def by_letters(pairs, model, common):
    """Say something of the texts, which no model has a part in."""
    for row, pair in zip(nearness(pairs, model, common), pairs, strict=True):
        yield row if row.error else row.replace(high=row.high / 2 + 0.4 * (pair.arm == "frequency"), low=row.low / 2)


@pytest.mark.parametrize(
    ("probe", "reason"),
    [
        (probe_of(backwards), "finds what is planted with the wrong sign: gap -"),
        (probe_of(by_place), "depend on how many are measured at once"),
        (probe_of(without_errors), "leaves rows out where the model has no number for a text"),
        (probe_of(doubled), "writes two rows of pair, measure, contrast and register"),
        (probe_of(by_letters), "finds an effect in a model that has none: gap"),
        (probe_of(lambda pairs, model, common: nearness(pairs, model, common, arm="placebo")), "has item or arm of another pair"),
        (probe_of(lambda pairs, model, common: nearness(pairs, model, common, probe="other")), "writes rows of probe 'other'"),
        (probe_of(lambda pairs, model, common: iter(())), "wrote no row for 100 pairs"),
        (probe_of(nearness, judgement=Judgement(contrast="other")), "is judged by contrast 'other', which none of its rows has"),
        (replace(probe_of(nearness), judgement=Judgement(contrast="gap", measure="nats")), "which none of its rows has"),
    ],
)
def test_a_probe_that_breaks_a_promise(probe, reason):
    with pytest.raises(AssertionError, match=reason):
        check_probe(probe)


def test_a_probe_that_sees_nothing():
    flat = CrowdedEmbedder(made_up_pairs())
    with pytest.raises(AssertionError, match="does not find what is planted: gap"):
        check_probe(probe_of(nearness), planted=flat)


def test_planted_models_are_models():
    pairs = made_up_pairs()
    for model in (PlantedEmbedder(pairs, exact=0.05), CrowdedEmbedder(pairs, high=0.6)):
        check_scorer(model)
    check_language_model(PlantedLanguageModel(slope=1.0, after=0.4))


def test_real_scorer_passes():
    needed("bm25s")
    check_scorer(embedder("bm25"))


class Encoder:
    info = ModelInfo(name="mine", kind="embedder", source="memory")
    max_tokens = None

    def encode(self, texts, *, role):
        return np.array([[len(text), 1] for text in texts], dtype=np.float32)

    def token_counts(self, texts):
        return None


class Doubles(Encoder):
    def encode(self, texts, *, role):
        return super().encode(texts, role=role).astype(np.float64)


class Company(Encoder):
    def encode(self, texts, *, role):
        return super().encode(texts, role=role) * len(texts)


class Counts(Encoder):
    def token_counts(self, texts):
        return [1]


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (Doubles(), "encode gave float64, expected float32"),
        (Company(), "another vector alone than beside others"),
        (Counts(), "token_counts must be one whole number a text"),
        (object(), "object has no `info`"),
    ],
)
def test_a_model_that_breaks_a_promise(model, reason):
    check_scorer(Encoder())
    with pytest.raises(AssertionError, match=reason):
        check_scorer(model)


class Positive(PlantedLanguageModel):
    def log_probs(self, texts):
        return [-row for row in super().log_probs(texts)]


class OtherChoices(PlantedLanguageModel):
    def choices(self, context, options):
        return super().choices(context, options) - 1


@pytest.mark.parametrize(("model", "reason"), [(Positive(), "is above 0 or not finite"), (OtherChoices(), "choices and continuation")])
def test_a_language_model_that_breaks_a_promise(model, reason):
    with pytest.raises(AssertionError, match=reason):
        check_language_model(model)


def test_built_in_generator_passes():
    assert len(check_generator(load_generator("lexicon"), n=4, seed=1)) == 10


def backwards_pairs():
    return [make_pair(item="dog", high="The hound ran fast.", low="The dog ran fast.")]


def one_pair_twice():
    return 2 * [make_pair(item="dog", high="The dog.", low="The hound.")]


def nothing():
    return []


def other_pairs(calls=[]):  # noqa: B006  # remembers that it was called, which is the fault
    calls.append(1)
    return [make_pair(item="dog", high=f"The dog {len(calls)}.", low="The hound.")]


@pytest.mark.parametrize(
    ("generator", "reason"),
    [
        (backwards_pairs, "not the more frequent ones"),
        (one_pair_twice, "an id comes twice"),
        (other_pairs, "makes other pairs when asked again"),
        (nothing, "must return a list of pairs"),
    ],
)
def test_a_generator_that_breaks_a_promise(generator, reason):
    with pytest.raises(AssertionError, match=reason):
        check_generator(generator)


def test_an_option_that_a_generator_does_not_take():
    with pytest.raises(AssertionError, match="takes no option 'count'; known: n, seed, sets"):
        check_generator(load_generator("lexicon"), count=1)


def test_no_pytest_is_needed():
    import subprocess
    import sys

    code = "import sys; sys.modules['pytest'] = None; import freqbias.testing"
    subprocess.run([sys.executable, "-c", code], check=True)
