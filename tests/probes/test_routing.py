"""Probes `routing` and `routing_lm` by hand, on routers that wording confuses, and on ones that it does not."""

import re

import numpy as np
import pytest
from scipy import stats
from tables import Reranker, named_pairs

from freqbias.analysis import estimate, frame
from freqbias.frequency import word_zipf
from freqbias.models import ModelInfo
from freqbias.models.labels import ANSWER_START
from freqbias.models.relevance import as_scorer
from freqbias.paraphrases.routing import ROUTES, generate
from freqbias.probes import routing_estimates
from freqbias.probes.routing import DESCRIPTIONS, MARGIN, MARGIN_NATS, by_descriptions, by_letters
from freqbias.probes.routing_estimates import FLIP_RATE, right
from freqbias.progress import silent
from freqbias.terms import ACCURACY, ANSWER, CHANCE, DIFFERENCE, FREQUENCY, PLACEBO, SIDES
from freqbias.testing import check_probe
from freqbias.testing.planted import noise_of

NOISE = 0.5  # of a form's score, by template and by word
HURT = 0.6  # by a Zipf unit below RARE
RARE = 3.0


@pytest.fixture(scope="module")
def pairs():
    return generate(n=200, seed=1)


class Router:
    """Scores of forms for queries: the right one has 1 more, less what the rarity of the topic takes off, and noise of the query."""

    def __init__(self, pairs, *, hurt=0.0, by_word=0.0):
        self.info = ModelInfo(name="router", kind="embedder", source="memory", details={"prompt_format": "plain"})
        self._known = {
            getattr(pair, side): (ROUTES.index(pair.meta["route"]), pair.meta["frame"], pair.meta["swap"][k])
            for pair in pairs
            for k, side in enumerate(SIDES)
        }
        self._hurt, self._by_word = hurt, by_word

    def of(self, query):
        gold, template, word = self._known[query]
        found = NOISE * noise_of(template, 5) + self._by_word * noise_of(f"{template} {word}", 5)
        found[gold] += 1 - self._hurt * max(0.0, RARE - word_zipf(word))
        return found


class Describing(Router):
    """Such a router as a scorer."""

    measure = "logit"
    pairwise = True
    max_tokens = None

    def prepare(self, queries, documents, track=None):
        pass

    def scores(self, queries, documents):
        order = list(DESCRIPTIONS.values())
        return np.array([self.of(query)[order.index(text)] for query, text in zip(queries, documents, strict=True)])

    def token_counts(self, texts):
        return None


class Lettered(Router):
    """Such a router as a language model, which reads query and options out of the prompt and likes the letter A."""

    path = None

    def __init__(self, pairs, *, letter=0.0, **effects):
        super().__init__(pairs, **effects)
        self._letter = letter

    def continuation_log_probs(self, contexts, continuations):
        return np.array([self._one(context, label.strip()) for context, label in zip(contexts, continuations, strict=True)])

    def _one(self, context, label):
        query = re.search(r"Question: (.*)\n", context)[1]
        options = dict(re.findall(r"^([A-E])\. (.*)$", context, flags=re.MULTILINE))
        assert context.endswith(ANSWER_START)
        assert sorted(options.values()) == sorted(DESCRIPTIONS.values())
        return float(self.of(query)[list(DESCRIPTIONS.values()).index(options[label])]) + self._letter * (label == "A") - 40

    def log_probs(self, texts):
        return [np.array([self._one(text[: text.index(ANSWER_START) + len(ANSWER_START)], text[-1])]) for text in texts]

    def format_prompt(self, prompt):
        return prompt

    def token_counts(self, texts):
        return None


def rows(probe, pairs, model):
    return {(row.pair_id, row.measure): row for row in probe(pairs, model)}


def estimates(probe, pairs, model):
    model = as_scorer(model) if probe.needs == "scorer" else model
    common = probe.prepare(pairs, model, silent)
    return {(row.contrast, row.arm, row.term): row for row in probe.estimates(pairs, model, common)}


@pytest.mark.parametrize(("probe", "kind", "measure"), [(by_descriptions, Describing, MARGIN), (by_letters, Lettered, MARGIN_NATS)])
def test_rows_by_hand(probe, kind, measure, pairs):
    model = kind(pairs, hurt=HURT, by_word=0.3)
    found = rows(probe, pairs, model)
    assert len(found) == 2 * len(pairs)
    for pair in pairs[::37]:
        gold = ROUTES.index(pair.meta["route"])
        scores = [model.of(getattr(pair, side)) for side in SIDES]
        row = found[pair.id, ACCURACY.name]
        assert [row.high, row.low] == [float(own.argmax() == gold) for own in scores]
        assert row.covariates[CHANCE] == [0.2, 0.2]
        assert row.covariates[ANSWER] == [own.argmax() for own in scores]
        row = found[pair.id, measure]
        assert [row.high, row.low] == pytest.approx([own[gold] - np.delete(own, gold).max() for own in scores])


def test_a_liking_for_a_letter_does_not_decide_the_form_more_often_than_order_does(pairs):
    plain = rows(by_letters, pairs, Lettered(pairs))
    liked = rows(by_letters, pairs, Lettered(pairs, letter=20.0))
    answers = [route for (_, measure), row in liked.items() if measure == ACCURACY.name for route in row.covariates[ANSWER]]
    assert max(np.bincount(answers)) < 0.35 * len(answers)  # the forms at the ends of the order, which is drawn anew
    assert np.mean([row.high for row in plain.values()]) > np.mean([row.high for row in liked.values()])
    assert all(row.high == row.low for (_, measure), row in liked.items() if measure == ACCURACY.name)


def test_ties_are_shared():
    assert right(np.array([1.0, 1.0, 0.0, 0.0, 0.0]), 1) == 0.5
    assert right(np.ones(5), 4) == 0.2
    assert right(np.array([0.0, 1.0, 0.0, 0.0, 0.0]), 0) == 0.0
    assert np.isnan(right(np.full(5, np.nan), 0))


@pytest.mark.parametrize(("probe", "kind"), [(by_descriptions, Describing), (by_letters, Lettered)])
def test_a_planted_effect_is_found_and_none_where_there_is_none(probe, kind, pairs):
    check_probe(probe, pairs, planted=kind(pairs, hurt=HURT), null=kind(pairs, by_word=0.5))


def test_flips_beyond_those_of_the_placebo_are_of_frequency_and_others_are_not(pairs):
    hurt = estimates(by_descriptions, pairs, Describing(pairs, hurt=HURT))
    assert hurt["flips", FREQUENCY, "share"].value > 0.15
    assert hurt["flips", PLACEBO, "share"].value < 0.05
    assert hurt["flips", DIFFERENCE, "share"].ci_low > 0.05
    any_word = estimates(by_descriptions, pairs, Describing(pairs, by_word=0.6))
    assert any_word["flips", FREQUENCY, "share"].ci_low > 0.1  # any change of a word flips
    difference = any_word["flips", DIFFERENCE, "share"]
    assert difference.ci_low <= 0 <= difference.ci_high
    none = estimates(by_descriptions, pairs, Describing(pairs))
    assert [none["flips", arm, "share"].value for arm in (FREQUENCY, PLACEBO, DIFFERENCE)] == [0.0, 0.0, 0.0]


def test_the_difference_is_welchs():
    rng = np.random.default_rng(0)
    first, second = rng.normal(1, 1, size=25), rng.normal(0, 3, size=18)
    found = routing_estimates._difference(first, second)
    low, high = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((low, high))
    assert found["value"] == pytest.approx(first.mean() - second.mean())


def test_accuracy_by_route_and_a_router_by_keywords(pairs):
    model = Describing(pairs, hurt=HURT)
    found = estimates(by_descriptions, pairs, model)
    for row in found.values():
        row.check()
    own = [pair for pair in pairs if pair.arm == FREQUENCY and pair.meta["route"] == "graph"]
    items = {pair.item for pair in own}
    for k, side in enumerate(SIDES):
        by_item = [[model.of(getattr(p, side)).argmax() == 1 for p in own if p.item == item] for item in items]
        assert found["accuracy_by_route", FREQUENCY, f"graph:{side}"].value == pytest.approx(np.mean([np.mean(x) for x in by_item]))
        assert k in (0, 1)
    assert found["flips", FREQUENCY, "keywords"].value == found["flips", PLACEBO, "keywords"].value == 0.0
    assert found["accuracy_by_route", FREQUENCY, "chunk:keywords"].value == 1.0
    assert found["accuracy_by_route", FREQUENCY, "table:keywords"].value == pytest.approx(0.75, abs=0.1)  # six of eight templates


def test_estimates_do_not_ask_again_and_an_interrupted_run_gives_the_same(pairs):
    model = as_scorer(Describing(pairs, hurt=HURT))
    common = by_descriptions.prepare(pairs, model, silent)
    list(by_descriptions.run(pairs, model, common))
    asked = []
    scores, model.scores = model.scores, lambda queries, documents: asked.append(queries) or scores(queries, documents)
    full = list(by_descriptions.estimates(pairs, model, common))
    assert not asked
    assert list(by_descriptions.estimates(pairs, model, {})) == full
    assert asked


def test_pairs_without_a_route_have_no_rows():
    assert list(by_descriptions(named_pairs(5), Reranker(lambda query, document: 1.0))) == []


def test_the_frequency_arm_alone_is_hurt(pairs):
    rows_ = list(by_descriptions(pairs, Describing(pairs, hurt=HURT)))
    found = {(row.measure, row.arm, row.term): row for row in estimate(frame(rows_), pairs, resamples=999, curve=False)}
    assert found[ACCURACY.name, FREQUENCY, "mean"].ci_low > 0.05
    assert abs(found[ACCURACY.name, PLACEBO, "mean"].value) < 0.05
    assert {row.measure for row in rows_} == {ACCURACY.name, MARGIN}
    assert FLIP_RATE not in {row.measure for row in rows_}
