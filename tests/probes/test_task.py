"""Probe `task` on a solver with effects planted in it, one at a time."""

import numpy as np
import pytest

from freqbias.errors import InputError
from freqbias.frequency import content_words, word_zipf
from freqbias.paraphrases.tasks import generate
from freqbias.probes.task import probe
from freqbias.records import Pair
from freqbias.tasks.asked import asked_of
from freqbias.testing.solver import NOISE, PlantedSolver

SLOPE = 0.8  # nats for a Zipf unit of a question's content words


@pytest.fixture(scope="module")
def tasks():
    return {family: generate(data=family, n=40, to="de") for family in ("math", "commonsense", "tools", "translation")}


def mean_zipf(question):
    return float(np.mean([word_zipf(word) or 1.0 for word in content_words(question)]))


def gaps(rows, measure, arm="frequency", contrast="gap"):
    """Return high - low of the rows by item, prompts averaged."""
    found = {}
    for row in rows:
        if (row.measure, row.arm, row.contrast) == (measure, arm, contrast) and row.error is None:
            found.setdefault(row.item, []).append(row.high - row.low)
    return {item: float(np.mean(values)) for item, values in found.items()}


def mean(rows, *key, **more):
    values = list(gaps(rows, *key, **more).values())
    return float(np.mean(values)), 3 * float(np.std(values, ddof=1)) / len(values) ** 0.5


@pytest.mark.parametrize("family", ["math", "commonsense", "tools"])
def test_an_effect_of_frequency_is_found_where_it_is_and_nowhere_else(tasks, family):
    rows = list(probe(tasks[family], PlantedSolver(tasks[family], effect=lambda question: SLOPE * mean_zipf(question))))
    planted = [SLOPE * (mean_zipf(pair.high) - mean_zipf(pair.low)) for pair in tasks[family] if pair.arm == "frequency"]
    value, error = mean(rows, "log_prob_nats")
    assert abs(value - np.mean(planted)) < error
    assert value > error  # and it is no accident
    for contrast in ("gap", "paraphrase"):
        value, error = mean(rows, "log_prob_nats", "placebo", contrast)
        planted = [
            SLOPE
            * (mean_zipf(pair.high) - mean_zipf(pair.low))
            * (-1 if contrast != "gap" and pair.meta["original_side"] == "high" else 1)
            for pair in tasks[family]
            if pair.arm == "placebo"
        ]
        assert abs(value - np.mean(planted)) < error + 0.01


@pytest.mark.parametrize("family", ["math", "commonsense", "tools", "translation"])
def test_without_an_effect_there_is_no_gap(tasks, family):
    rows = list(probe(tasks[family], PlantedSolver(tasks[family])))
    assert {row.error for row in rows if row.measure in ("log_prob_nats", "margin_nats", "chrf", "bleu")} == {None}
    for arm in ("frequency", "placebo"):
        value, error = mean(rows, "log_prob_nats", arm)
        assert abs(value) < error


def test_a_cost_of_rewording_is_told_from_frequency(tasks):
    pairs = tasks["math"]
    originals = {pair.meta["original"] for pair in pairs}
    rows = list(probe(pairs, PlantedSolver(pairs, effect=lambda question: 0.0 if question in originals else -0.7)))
    value, error = mean(rows, "log_prob_nats", "placebo", "paraphrase")
    assert abs(value + 0.7) < error
    value, error = mean(rows, "log_prob_nats")
    assert abs(value) < error


def test_a_letter_or_a_prompt_that_is_liked_makes_no_gap(tasks):
    pairs = tasks["commonsense"]
    model = PlantedSolver(pairs, letters={"A": 8.0}, prompts={"commonsense-2-v1": 3.0}, ability=0.0)
    rows = list(probe(pairs, model))
    value, error = mean(rows, "log_prob_nats")
    assert abs(value) < error
    chosen = [place for row in rows if row.measure == "accuracy" for place in row.covariates["answer"]]
    assert chosen.count(0) > 0.8 * len(chosen)  # what the analysis refuses
    levels = {}
    for row in rows:
        if row.measure == "log_prob_nats" and row.arm == "frequency":
            levels.setdefault(row.prompt, []).append((row.high + row.low) / 2)
    by_prompt = {name: np.mean(values) for name, values in levels.items()}
    assert by_prompt["commonsense-2-v1"] - by_prompt["commonsense-1-v1"] == pytest.approx(3.0, abs=0.2)


def test_rows_of_a_choice(tasks):
    pair = tasks["commonsense"][0]
    rows = {(row.measure, row.contrast): row for row in probe([pair], PlantedSolver([pair], ability=20.0))}
    row, right = rows["log_prob_nats", "gap"], rows["accuracy", "gap"]
    assert (right.high, right.low) == (1.0, 1.0)
    assert right.covariates["chance"] == [0.2, 0.2]
    assert right.covariates["answer"] == [asked_of(pair).item.answer] * 2
    assert row.prompt == right.prompt == "commonsense-1-v1"
    margin = rows["margin_nats", "gap"]
    assert margin.high == pytest.approx(row.high - row.decoys["high"])


def test_a_number_is_not_the_beginning_of_another(tasks):
    asked = asked_of(tasks["math"][0])
    assert asked.written("4") == " 4."


def test_what_cannot_be_read_is_neither_right_nor_wrong(tasks):
    pairs = tasks["math"]
    mumbling = pairs[0].item
    rows = [row for row in probe(pairs, PlantedSolver(pairs, mumbles=[mumbling])) if row.measure == "accuracy"]
    unread = [row for row in rows if row.error is not None]
    assert {row.item for row in unread} == {mumbling}
    assert all("cannot be read" in row.error and row.high is None for row in unread)
    assert {row.high for row in rows if row.error is None} <= {0.0, 1.0}


def test_half_a_call_is_half_right(tasks):
    pairs = [pair for pair in tasks["tools"] if len(next(iter(asked_of(pair).item.answer[0].values()))) == 2]
    rows = list(probe(pairs, PlantedSolver(pairs, ability=-20.0)))  # the best wrong call: mostly one argument changed
    shares = {row.high for row in rows if row.measure == "argument_match" and row.error is None}
    assert 0.5 in shares
    assert {row.high for row in rows if row.measure == "accuracy" and row.error is None} == {0.0}


def test_a_translation_is_graded_and_its_reference_is_perfect(tasks):
    pairs = tasks["translation"][:6]
    rows = list(probe(pairs, PlantedSolver(pairs, ability=20.0)))
    graded = [row.high for row in rows if row.measure in ("chrf", "bleu") and row.contrast == "gap"]
    assert graded == pytest.approx([100.0] * 2 * len(pairs))
    assert "accuracy" not in {row.measure for row in rows}
    assert {row.prompt for row in rows} == {"translation-1-v1-de", "translation-2-v1-de", "translation-3-v1-de"}


def test_both_sides_of_a_pair_are_asked_once(tasks):
    class Counting(PlantedSolver):
        def continuation_log_probs(self, contexts, continuations):
            asked.extend(zip(contexts, continuations, strict=True))
            return super().continuation_log_probs(contexts, continuations)

    asked = []
    list(probe(tasks["math"], Counting(tasks["math"])))
    assert len(asked) == len(set(asked))
    assert len({context for context, _ in asked}) == len(
        {(pair.meta["frame"], text) for pair in tasks["math"] for text in (pair.high, pair.low)}
    )


def test_a_model_without_numbers_gives_rows_that_say_so(tasks):
    class Broken(PlantedSolver):
        def continuation_log_probs(self, contexts, continuations):
            return np.full(len(contexts), np.nan)

    for family in ("math", "commonsense"):
        pairs = tasks[family][:4]
        rows = [row for row in probe(pairs, Broken(pairs)) if row.measure in ("log_prob_nats", "margin_nats")]
        assert rows
        assert all("no finite log-probability" in row.error for row in rows)


def test_letters_that_tie_are_no_answer(tasks):
    class Even(PlantedSolver):
        def continuation_log_probs(self, contexts, continuations):
            return np.full(len(contexts), -3.0)

    pairs = tasks["commonsense"][:4]
    rows = list(probe(pairs, Even(pairs)))
    assert {row.error for row in rows if row.measure == "accuracy"} == {"several letters are equally likely"}
    assert {(row.high, row.low) for row in rows if row.measure == "log_prob_nats"} == {(-3.0, -3.0)}


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([Pair(id="1", item="a", high="one", low="two")], "none of the pairs is a task"),
        ([Pair(id="1", item="a", high="one", low="two", meta={"task": [], "prompt": {}})], "pair '1': meta.task: must be an object"),
        (
            [
                Pair(
                    id="1",
                    item="a",
                    high="one",
                    low="two",
                    meta={"task": {"family": "math"}, "prompt": {"name": "p", "text": "{question}"}},
                )
            ],
            "pair '1': meta.task: field 'source' is missing",
        ),
    ],
)
def test_pairs_that_are_no_tasks_are_one_line(pairs, message):
    with pytest.raises(InputError, match=message):
        list(probe(pairs, PlantedSolver([])))


def test_families_are_not_mixed(tasks):
    with pytest.raises(InputError, match=r"several families \(commonsense, math\)"):
        list(probe([tasks["math"][0], tasks["commonsense"][0]], PlantedSolver([])))


def test_noise_of_the_solver_is_what_it_says(tasks):
    rows = list(probe(tasks["math"], PlantedSolver(tasks["math"])))
    assert np.std(list(gaps(rows, "log_prob_nats").values())) == pytest.approx(NOISE * (2 / 3) ** 0.5, rel=0.4)
