"""What maps of vectors can do to a gap, and what they cannot: planted effects of which it is known by calculation."""

import numpy as np
import pytest
import spaces

from freqbias.analysis.report.advice import effect, price
from freqbias.errors import InputError
from freqbias.models.relevance import as_scorer
from freqbias.remedies import Fitted, Remedy, Training, load_remedy
from freqbias.remedies.space import fit_all_but_the_top, fit_centre, fit_frequency_direction, fit_whiten, means_of

IN_SPACE = ("centre", "all-but-the-top", "whiten", "frequency-direction")
HARD = 1.5  # length of what is each text's own, in worlds where ranks vary


def relative(priced, name, **effects):
    return priced(**effects)[name].sides["document"].relative.value


def planted_left(priced, name, **effects):
    """Return the share of the planted gap ÷ margin that is left: against the same space, draw by draw, without the pull."""
    without = effects | {"pull": 0.0}
    planted = relative(priced, "none", **effects) - relative(priced, "none", **without)
    return (relative(priced, name, **effects) - relative(priced, name, **without)) / planted


@pytest.mark.parametrize("name", IN_SPACE)
def test_a_direction_that_all_share_is_removed_from_dot_products_by_every_linear_map(priced, name):
    assert abs(planted_left(priced, name, pull=spaces.PULL, similarity="dot")) <= 0.05


@pytest.mark.parametrize("name", ["all-but-the-top", "frequency-direction"])
def test_a_direction_that_all_share_is_removed_from_cosines_by_what_takes_the_direction_out(priced, name):
    assert abs(planted_left(priced, name, pull=spaces.PULL)) <= 0.05


def test_centring_alone_leaves_the_length_in_cosines(priced):
    """The mean query no longer pulls, but the few frequent documents lie further out in a direction of no use: the gap turns round."""
    left = {name: planted_left(priced, name, pull=spaces.PULL) for name in ("centre", "whiten")}
    assert -0.6 < left["centre"] < left["whiten"] < -0.05


def test_all_but_the_top_misses_a_direction_that_is_not_the_largest(priced):
    """One of 64 components goes, and a direction of no use has more variance than that of frequency."""
    effects = {"pull": spaces.PULL, "loud": 1.0}
    assert planted_left(priced, "all-but-the-top", **effects) < -0.1
    assert abs(planted_left(priced, "frequency-direction", **effects)) < 0.1


@pytest.mark.parametrize("name", IN_SPACE)
@pytest.mark.parametrize("similarity", ["cosine", "dot"])
def test_an_effect_of_each_item_is_removed_by_none(priced, name, similarity):
    found = priced(tied=spaces.TIED, similarity=similarity, noise=HARD)
    side = found[name].sides["document"]
    assert found["none"].sides["document"].gap.low > 0.2
    assert side.removed.value < 0.05
    assert side.removed.low < 0
    assert effect(side, found["none"].sides["document"]) in ("unclear", "widens")


@pytest.mark.parametrize("name", IN_SPACE)
def test_ranks_tell_a_shared_direction_too(priced, name):
    found = priced(pull=spaces.PULL, noise=HARD)
    side, before = found[name].sides["document"], found["none"].sides["document"]
    assert before.gap.low > 0.2
    assert abs(side.gap.value) < 0.1 * before.gap.value
    assert side.removed.low > 0.75
    assert effect(side, before) == "helps"
    assert price(found[name]) != "costs"


def test_half_of_every_score_removes_nothing(priced):
    found = priced("quiet", tied=spaces.TIED, noise=HARD)
    before, after = (found[name].sides["document"] for name in ("none", "quiet"))
    assert after.score_gap.value == pytest.approx(before.score_gap.value / 2)  # which looks like a cure
    assert after.removed.value == pytest.approx(0, abs=1e-12)
    assert after.removed.low == pytest.approx(0, abs=1e-12)
    assert after.removed.high == pytest.approx(0, abs=1e-12)
    assert after.relative.value == pytest.approx(before.relative.value)
    assert effect(after, before) == "same"
    assert (price(found["quiet"]), found["quiet"].right_cost.value) == ("same", 0)


def test_without_an_effect_there_is_no_share_to_remove(priced):
    found = priced(noise=0.5)
    assert [found[name].sides["document"].removed for name in IN_SPACE] == [None] * len(IN_SPACE)
    assert {effect(found[name].sides["document"], found["none"].sides["document"]) for name in IN_SPACE} <= {"same", "unclear"}


def training(queries, documents, forms=((1.0, 0.0),), zipf_gaps=(1.0,)):
    arrays = {"queries": queries, "documents": documents, "forms": forms, "zipf_gaps": zipf_gaps}
    return Training(**{name: np.array(values, dtype=float) for name, values in arrays.items()}, model=None)


def test_maps_by_hand():
    rng = np.random.default_rng(0)
    texts = rng.normal(size=(4000, 3)) * [3, 1, 0.5] + [5, 0, 0]
    own = training(texts - [1, 0, 0], texts)
    assert means_of(own)["query"] == pytest.approx(texts.mean(axis=0) - [1, 0, 0])
    assert fit_centre(own).apply(texts, "document").mean(axis=0) == pytest.approx([0, 0, 0], abs=1e-9)
    white = fit_whiten(own)
    assert white.stated == {"dimensions": 3, "texts": 8000}
    assert np.cov(white.apply(texts, "document"), rowvar=False, bias=True) == pytest.approx(np.eye(3), abs=1e-6)
    top = fit_all_but_the_top(own)
    assert top.stated == {"components": 1}
    assert top.apply(texts, "document").std(axis=0) == pytest.approx([0, 1, 0.5], abs=0.1)


def test_few_texts_are_whitened_in_few_dimensions():
    rng = np.random.default_rng(0)
    assert fit_whiten(training(rng.normal(size=(20, 50)), rng.normal(size=(20, 50)))).stated["dimensions"] == 10


def test_frequency_direction_by_hand():
    """Slope (1·(2, 0) + 2·(0, 1)) / (1 + 4) = (.4, .4): the pairs with the larger gap in frequency count for more."""
    found = fit_frequency_direction(training([[0, 0]], [[0, 0]], forms=[(2, 0), (0, 1)], zipf_gaps=[1, 2]))
    assert found.stated == {"length_a_zipf_unit": pytest.approx(0.4 * np.sqrt(2)), "pairs": 2}
    assert found.apply(np.array([[1.0, 1.0], [1.0, -1.0]]), "query") == pytest.approx(np.array([[0, 0], [1, -1]]))


def test_forms_that_do_not_differ_have_no_direction():
    found = fit_frequency_direction(training([[0, 0]], [[0, 0]], forms=[(0, 0)], zipf_gaps=[1]))
    assert found.apply(np.array([[1.0, 2.0]]), "query").tolist() == [[1, 2]]
    with pytest.raises(InputError, match="no pair of the other half"):
        fit_frequency_direction(training([[0, 0]], [[0, 0]], forms=np.empty((0, 2)), zipf_gaps=[]))


def test_what_is_no_remedy_is_refused():
    with pytest.raises(InputError, match=r"needs a name without '\+'"):
        Remedy(name="a+b", summary="", fit=fit_centre)
    with pytest.raises(InputError, match="needs one of fit"):
        Remedy(name="a", summary="")
    with pytest.raises(InputError, match="fit is called as"):
        Remedy(name="a", summary="", wrap=lambda model: model)
    with pytest.raises(InputError, match="is not a Remedy but a function"):
        load_remedy("freqbias.remedies.space:fit_centre")


def test_a_model_without_vectors_is_refused(lexicon_pairs):
    from freqbias.models import embedder

    with pytest.raises(InputError, match="'bm25' has not one a text"):
        load_remedy("centre")(embedder("bm25"), lexicon_pairs)


def test_a_remedy_of_ones_own(lexicon_pairs):
    """It sees unit vectors of the other half and may map them as it likes."""
    seen = []

    def fit(own):
        seen.append(own)
        return Fitted(apply=lambda vectors, role: -vectors, stated={"sign": -1})

    space = as_scorer(spaces.Space(lexicon_pairs))
    turned = Remedy(name="turned", summary="", fit=fit)(space, lexicon_pairs)
    queries, documents = zip(*((pair.queries["gloss_plain"][0], pair.high) for pair in lexicon_pairs), strict=True)
    assert turned.scores(queries, documents) == pytest.approx(space.scores(queries, documents), abs=1e-6)
    assert np.linalg.norm(seen[0].documents, axis=1) == pytest.approx(np.ones(len(seen[0].documents)))
    assert turned.info.name == "space+turned"
    assert turned.info.details["fits"] == [{"sign": -1}] * 2
