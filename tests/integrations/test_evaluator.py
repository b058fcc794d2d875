"""The evaluator for sentence-transformers: metrics, file, and its place in sequences and trainers."""

import csv
import logging
import math

import numpy as np
import pandas as pd
import pytest
from conftest import missing
from tables import far_decoys

from freqbias.errors import InputError, install_hint
from freqbias.paraphrases.lexicon import generate
from freqbias.records import Pair

try:
    import accelerate  # noqa: F401
    import datasets
    import sentence_transformers as st
    from sentence_transformers.base.evaluation import SequentialEvaluator
except ModuleNotFoundError as error:
    missing(f"{error.name}: {install_hint('embed,lm')}")

import freqbias.integrations.sentence_transformers as plugin
from freqbias.integrations.sentence_transformers import FrequencyBiasEvaluator

TEXTS = {
    "anchor": ["a car", "a dog", "a house", "a river"],
    "positive": ["an automobile", "a hound", "a dwelling", "a stream"],
}


@pytest.fixture(scope="module")
def pairs():
    return far_decoys(generate(n=4, seed=2))


@pytest.fixture(scope="module")
def tiny(model_folders):
    return st.SentenceTransformer(str(model_folders["tiny"]), device="cpu")


def read(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_metrics_file_and_names(tiny, pairs, tmp_path, caplog):
    evaluator = FrequencyBiasEvaluator(pairs, name="bias")
    assert (evaluator.primary_metric, evaluator.greater_is_better) == ("guarded_evenness", True)
    with caplog.at_level(logging.INFO, "freqbias.integrations.sentence_transformers"):
        first = evaluator(tiny, str(tmp_path / "eval"), epoch=0, steps=10)
    second = evaluator(tiny, str(tmp_path / "eval"), epoch=1, steps=20)
    assert "gloss gap" in caplog.text
    assert evaluator.primary_metric == "bias_guarded_evenness"
    assert 0 <= first["bias_evenness_ci_low"] <= first["bias_evenness"] <= first["bias_evenness_ci_high"] <= 1
    assert first["bias_guarded_evenness"] == pytest.approx(first["bias_evenness_ci_low"] * first["bias_win_rate"])
    assert first["bias_win_rate_ci_low"] <= first["bias_win_rate"] <= first["bias_win_rate_ci_high"]
    assert first["bias_margin_ci_low"] < first["bias_margin"] < first["bias_margin_ci_high"]
    assert all(name.startswith("bias_") for name in first)
    assert first == pytest.approx(second)
    rows = read(tmp_path / "eval" / "frequency_bias_evaluation_bias_results.csv")
    assert [(row["epoch"], row["steps"]) for row in rows] == [("0", "10"), ("1", "20")]
    assert list(rows[0])[2:] == [name.removeprefix("bias_") for name in first]
    assert float(rows[0]["gloss_gap"]) == first["bias_gloss_gap"]
    assert tiny.model_card_data.eval_results_dict[evaluator] == first
    assert evaluator.get_config_dict()["n_pairs"] == len(pairs)


def test_no_name_and_no_file(tiny, pairs, tmp_path):
    evaluator = FrequencyBiasEvaluator(pairs, write_csv=False)
    assert "evenness" in evaluator(tiny, str(tmp_path))
    assert not list(tmp_path.iterdir())


def test_bundled_pairs_are_those_of_a_run():
    assert [pair.id for pair in FrequencyBiasEvaluator().pairs] == [pair.id for pair in generate(n=80)]


def test_undefined_metrics_are_nan_and_empty_in_the_file(pairs, tmp_path, tiny):
    alone = [pair for pair in pairs if pair.arm == "frequency"][:1]
    found = FrequencyBiasEvaluator(alone)(tiny, str(tmp_path))
    assert math.isfinite(found["gloss_gap"])
    assert math.isnan(found["gloss_gap_ci_low"])  # one item has no interval
    assert math.isnan(found["background_gap"])  # there are no other items
    assert math.isnan(found["relative_gap_ci_low"])
    assert (found["evenness_ci_low"], found["evenness_ci_high"], found["guarded_evenness"]) == (0, 1, 0)
    assert "placebo_gloss_gap" not in found
    (row,) = read(tmp_path / "frequency_bias_evaluation_results.csv")
    assert (row["gloss_gap_ci_low"], row["background_gap"], row["epoch"]) == ("", "", "-1")


def found_by(monkeypatch, *checkpoints):
    """Have the evaluator find what is given, one checkpoint after another: (relative gap, win rate)."""
    rng = np.random.default_rng(8)
    effects, margins = rng.normal(0, 0.01, 80), 0.3 + rng.normal(0, 0.02, 80)
    given = iter(checkpoints)

    def measured(*_):
        relative, quality = next(given)
        gaps = relative * margins + effects + rng.normal(0, 0.005, 80)
        items = pd.DataFrame({"gap": gaps, "margin": margins}, index=[f"i{n}" for n in range(80)])
        own = abs(gaps.mean() / margins.mean())
        numbers = dict.fromkeys(plugin.LOGGED, 0.5) | {"evenness": 1 / (1 + own), "win_rate": quality}
        return numbers | {"guarded_evenness": quality / (1 + own)}, items

    monkeypatch.setattr(plugin, "headline_and_items", measured)


def said(caplog):
    return [(row.levelname, row.getMessage()) for row in caplog.records if "gloss gap" not in row.getMessage()]


def test_noise_is_warned_of_once_and_a_difference_is_told_once(tiny, pairs, monkeypatch, caplog):
    caplog.set_level(logging.INFO, "freqbias.integrations")
    found_by(monkeypatch, *[(0.4, 0.9)] * 3, (0.1, 0.95), (0.4, 0.9), (0.1, 0.95))
    evaluator = FrequencyBiasEvaluator(pairs, name="bias")
    for steps in range(100, 700, 100):
        evaluator(tiny, epoch=1.0, steps=steps)
    (warned, noise), (informed, told) = said(caplog)
    assert (warned, informed) == ("WARNING", "INFO")
    assert "\n" not in noise
    assert noise.startswith("Frequency bias on bias: step ")
    assert "is the most even, but not told from step " in noise
    assert noise.endswith("is noise, so choose among these by quality")
    assert told.startswith("Frequency bias on bias: step 400 (evenness 0.9")
    assert told.endswith("win rate 0.950) is more even than all 3 others, by more than noise")
    assert not evaluator.choice.is_told
    assert {evaluator.choice.best.steps, *(own.steps for own in evaluator.choice.untold)} == {400, 600}


def test_another_training_starts_anew_and_the_best_one_loaded_again_is_no_other(tiny, pairs, monkeypatch, caplog):
    found_by(monkeypatch, (0.4, 0.9), (0.1, 0.9), (0.4, 0.9), (0.4, 0.9), (0.1, 0.9))
    evaluator = FrequencyBiasEvaluator(pairs)
    for steps in (100, 200, 200):
        evaluator(tiny, epoch=1.0, steps=steps)
    assert (evaluator.choice.best.steps, evaluator.choice.n_others) == (200, 1)
    evaluator(tiny, epoch=1.0, steps=100)
    assert evaluator.choice is None
    evaluator(tiny)  # alone, outside of a training
    assert evaluator.choice is None


@pytest.mark.parametrize(
    ("asked", "level", "shown"),
    [(None, logging.INFO, True), (None, logging.WARNING, False), (True, logging.ERROR, True), (False, logging.DEBUG, False)],
)
def test_progress_is_shown_where_the_library_shows_its_own(tiny, pairs, caplog, capsys, asked, level, shown):
    caplog.set_level(level, "sentence_transformers")
    FrequencyBiasEvaluator(pairs[:1], name="bias", show_progress_bar=asked)(tiny)
    assert ("bias (query): " in capsys.readouterr().err) is shown


def test_in_a_sequence(tiny, pairs):
    sequence = SequentialEvaluator([FrequencyBiasEvaluator(pairs, name="one"), FrequencyBiasEvaluator(pairs[:1], name="two")])
    found = sequence(tiny)
    assert found["sequential_score"] == found["two_guarded_evenness"]
    assert "one_gloss_gap" in found


def test_input_errors(tiny):
    bare = [Pair(id="1", item="a", high="The car broke down.", low="The jalopy broke down.")]
    with pytest.raises(InputError, match="no pair of arm 'frequency' has both"):
        FrequencyBiasEvaluator(bare)
    with pytest.raises(InputError, match="int is not a model of sentence-transformers"):
        FrequencyBiasEvaluator()(1)


def trainers(kind, model):
    """Return the trainer, its arguments and a loss for a kind of model."""
    if kind == "SentenceTransformer":
        from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

        return st.SentenceTransformerTrainer, st.SentenceTransformerTrainingArguments, MultipleNegativesRankingLoss(model)
    if kind == "SparseEncoder":
        from sentence_transformers.sparse_encoder.losses import SparseMultipleNegativesRankingLoss, SpladeLoss

        inner = SparseMultipleNegativesRankingLoss(model)
        loss = SpladeLoss(model, inner, document_regularizer_weight=1e-3, query_regularizer_weight=1e-3)
        return st.SparseEncoderTrainer, st.SparseEncoderTrainingArguments, loss
    if kind == "MultiVectorEncoder":
        from sentence_transformers.multi_vector_encoder.losses import MultiVectorMultipleNegativesRankingLoss

        return (
            st.MultiVectorEncoderTrainer,
            st.MultiVectorEncoderTrainingArguments,
            MultiVectorMultipleNegativesRankingLoss(model),
        )
    from sentence_transformers.cross_encoder.losses import MultipleNegativesRankingLoss as CrossLoss

    return st.CrossEncoderTrainer, st.CrossEncoderTrainingArguments, CrossLoss(model, num_negatives=1)


@pytest.mark.parametrize("kind", ["SentenceTransformer", "SparseEncoder", "MultiVectorEncoder", "CrossEncoder"])
def test_in_a_trainer(kind, model_folders, pairs, tmp_path):
    folder = model_folders["tiny" if kind == "SentenceTransformer" else kind]
    model = getattr(st, kind)(str(folder), device="cpu")
    trainer_of, arguments_of, loss = trainers(kind, model)
    arguments = arguments_of(
        output_dir=str(tmp_path),
        max_steps=2,
        per_device_train_batch_size=2,
        learning_rate=1e-2,
        eval_strategy="steps",
        eval_steps=1,
        save_strategy="steps",
        save_steps=1,
        load_best_model_at_end=True,
        metric_for_best_model="eval_bias_guarded_evenness",
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
    )
    evaluator = FrequencyBiasEvaluator(pairs, name="bias")
    trainer = trainer_of(model, args=arguments, train_dataset=datasets.Dataset.from_dict(TEXTS), loss=loss, evaluator=evaluator)
    trainer.train()
    logged = [row["eval_bias_guarded_evenness"] for row in trainer.state.log_history if "eval_bias_guarded_evenness" in row]
    assert len(logged) == 2
    assert trainer.state.best_metric == max(logged)
    (path,) = tmp_path.rglob("frequency_bias_evaluation_bias_results.csv")
    rows = read(path)
    assert [float(row["guarded_evenness"]) for row in rows] == logged
    assert [row["steps"] for row in rows] == ["1", "2"]
