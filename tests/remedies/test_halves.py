"""No item is judged by what was fitted on it, in any of the ways in which scores are asked for."""

import numpy as np
import pytest
import spaces

from freqbias.errors import InputError
from freqbias.models.relevance import as_scorer
from freqbias.paraphrases.lexicon import generate
from freqbias.probes.common import documents_of, gloss_queries, queries_of
from freqbias.remedies import Fitted, Remedy
from freqbias.remedies.folds import NOBODY, Folds, texts_of

PAIRS = generate(n=60, seed=1)


def glosses(pair):
    return [text for texts in gloss_queries(pair).values() for text in texts]


def test_items_that_share_a_text_are_in_one_half_and_the_halves_are_even():
    folds = Folds(PAIRS)
    assert abs(folds.items[0] - folds.items[1]) <= 1
    assert sum(folds.items) == len({pair.item for pair in PAIRS})
    for pair in PAIRS:
        assert {folds.of(text) for text in texts_of(pair)} == {folds.of_item(pair.item)}
        assert {folds.of(text) for text in pair.queries["neutral"]} == {NOBODY}
    first, second, third = (pair.replace(item=name, id=name) for name, pair in zip("abc", PAIRS, strict=False))
    joined = [first, second.replace(decoys={"high": third.high, "low": third.low}), third]
    assert Folds(joined).of_item("b") == Folds(joined).of_item("c") != Folds(joined).of_item("a")


def test_halves_do_not_hang_on_the_order_of_pairs():
    ways = [Folds(pairs) for pairs in (PAIRS, PAIRS[::-1])]
    assert [ways[0].of_item(pair.item) for pair in PAIRS] == [ways[1].of_item(pair.item) for pair in PAIRS]


def spied(space):
    """Return a remedy that multiplies by a number of its own each time that it is fitted, and what it was fitted on."""
    seen = []

    def fit(own):
        seen.append(own)
        factor = 2.0 + len(seen)  # 3, then 4: in dot products 9 and 16
        return Fitted(apply=lambda vectors, role: factor * vectors)

    return Remedy(name="spied", summary="", fit=fit)(space, PAIRS), seen


@pytest.fixture(scope="module")
def world():
    space = as_scorer(spaces.Space(PAIRS, similarity="dot"))
    return (space, *spied(space))


def rows(vectors):
    return {row.tobytes() for row in np.asarray(vectors)}


def test_nothing_of_an_item_was_in_the_fit_that_judges_it(world):
    space, _, seen = world
    folds = Folds(PAIRS)
    for pair in PAIRS:
        own = seen[folds.of_item(pair.item)]
        texts = space.encode(documents_of(pair), role="document").astype(np.float64)
        asked = space.encode(sorted(set(queries_of(pair)) - set(pair.queries["neutral"])), role="query").astype(np.float64)
        assert not rows(texts) & rows(own.documents)
        assert not rows(asked) & rows(own.queries)
        other = seen[1 - folds.of_item(pair.item)]
        assert rows(texts) <= rows(other.documents)
        assert rows(asked) <= rows(other.queries)
    assert sum(len(own.forms) for own in seen) == sum(pair.arm == "frequency" for pair in PAIRS)


def test_scores_belong_to_the_item_that_asks(world):
    space, model, _ = world
    folds, factor = Folds(PAIRS), (9.0, 16.0)
    queries = [glosses(pair)[0] for pair in PAIRS]
    documents = [pair.high for pair in PAIRS[::-1]]
    expected = space.scores(queries, documents) * [factor[folds.of_item(pair.item)] for pair in PAIRS]
    assert model.scores(queries, documents) == pytest.approx(expected, rel=1e-5, abs=1e-6)
    whole = space.matrix(queries, documents) * np.array([factor[folds.of_item(pair.item)] for pair in PAIRS])[:, None]
    assert model.matrix(queries, documents) == pytest.approx(whole, rel=1e-5, abs=1e-6)


def test_queries_that_ask_for_nothing_are_judged_by_the_document(world):
    space, model, _ = world
    folds, factor = Folds(PAIRS), np.array([9.0, 16.0])
    neutral, documents = PAIRS[0].queries["neutral"], [pair.low for pair in PAIRS]
    by = factor[folds.among(documents)]
    assert model.matrix(neutral, documents) == pytest.approx(space.matrix(neutral, documents) * by, rel=1e-5, abs=1e-6)
    one = [neutral[0]] * len(documents)
    assert model.scores(one, documents) == pytest.approx(space.scores(one, documents) * by, rel=1e-5, abs=1e-6)
    queries = [text for pair in PAIRS for text in glosses(pair)]
    pool, before = (own.pooled(queries, [1.0] * len(queries)) for own in (model, space))
    assert pool.weight == before.weight
    assert pool(documents) == pytest.approx(before(documents) * by, rel=1e-5, abs=1e-5)


def test_a_text_of_nobody_is_scored_all_the_same(world):
    space, model, _ = world
    assert model.scores(["never seen"], ["nor this"]) == pytest.approx(9 * space.scores(["never seen"], ["nor this"]), rel=1e-5)
    assert model.matrix(["never seen"], ["nor this"]).shape == (1, 1)
    assert np.isfinite(model.uncached().scores([glosses(PAIRS[0])[0]], [PAIRS[0].high])).all()


def test_too_few_items_are_one_line():
    with pytest.raises(InputError, match="each of 8 at least; found 3 and 3"):
        Remedy(name="spied", summary="", fit=lambda own: Fitted(apply=lambda vectors, role: vectors))(
            as_scorer(spaces.Space(PAIRS)), [pair for pair in PAIRS if pair.arm == "frequency"][:6]
        )
