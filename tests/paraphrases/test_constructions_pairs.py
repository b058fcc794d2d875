"""Frequent against rare phrasing: the pairs made of the bundled sentences, and what an analysis may not say of them."""

import json
from collections import Counter

import numpy as np
import pytest

from freqbias.analysis import estimate
from freqbias.analysis import frame as table_of
from freqbias.analysis.report.verdict import verdicts
from freqbias.analysis.table.contrasts import pair_table
from freqbias.covariates import frequency_gap, frequency_gaps
from freqbias.errors import InputError
from freqbias.files import write_records
from freqbias.paraphrases import lexicon
from freqbias.paraphrases.audit import audit
from freqbias.paraphrases.constructions import CONJUNCT_ORDER, KINDS, OTHER_CONTENT, dose_of, generate, sentences
from freqbias.probes.common import swapped_zipf
from freqbias.progress import silent
from freqbias.records import Observation, Pair
from freqbias.run import stages
from freqbias.terms import FLAGS

ROWS = sentences()
OF_KIND = {kind: [row for row in ROWS if row.construction == kind] for kind in (*KINDS, CONJUNCT_ORDER)}


def test_pairs_say_what_they_are():
    pairs = generate()
    assert len(pairs) == len(ROWS)
    assert Counter(pair.arm for pair in pairs) == {
        "frequency": len(ROWS) - len(OF_KIND[CONJUNCT_ORDER]),
        "placebo": len(OF_KIND[CONJUNCT_ORDER]),
    }
    for pair in pairs:
        pair.check()
        kind = pair.meta["construction"]
        assert all(pair.checks.values()), (pair.item, pair.checks)
        assert (pair.zipf_gap, pair.meta["zipf_gap_of"], frequency_gap(pair)) == (None, "phrasing", (None, None))
        assert pair.meta["content_constant"] == (kind not in OTHER_CONTENT)
        assert pair.covariates.get("dose") == (None if dose_of(kind) is None else pytest.approx(list(dose_of(kind))))
        gap = pair.meta["dose"]["gap"]
        assert gap is not None or pair.meta["dose"]["reason"]
        assert (gap == 0) == (pair.arm == "placebo")
        assert set(pair.decoys) == {"high", "low"}
        assert len(pair.queries["gloss_plain"]) == len(pair.queries["gloss_elevated"]) == 2


def test_choice_of_kinds_and_numbers(cli, tmp_path):
    assert [pair.to_dict() for pair in generate(seed=1)] == [pair.to_dict() for pair in generate(seed=1)]
    assert [pair.id for pair in generate(seed=1)] != [pair.id for pair in generate(seed=2)]
    few = generate(n=12, seed=3)
    assert Counter(pair.meta["construction"] for pair in few) == dict.fromkeys(KINDS, 2) | {CONJUNCT_ORDER: 12}
    some = generate(kinds="dative, particle")
    assert {pair.meta["construction"] for pair in some} == {"dative", "particle", CONJUNCT_ORDER}
    assert {pair.meta["construction"] for pair in generate(n=5, kinds="it_cleft,all")} == {*KINDS[:5], CONJUNCT_ORDER}
    result = cli("pairs", "constructions", "-o", "kinds=particle", "--n", "3", "--out", tmp_path / "pairs.jsonl")
    assert result.exit_code == 0, result.output
    assert len((tmp_path / "pairs.jsonl").read_text().splitlines()) == 6


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"kinds": "datives"}, "unknown kind of construction 'datives'; did you mean 'dative'"),
        ({"kinds": "conjunct_order"}, "unknown kind of construction 'conjunct_order'"),
        ({"kinds": " ,"}, "-o kinds= is empty; known: active_passive, it_cleft"),
        ({"n": 0}, "--n must be between 1 and 162"),
        ({"n": 28, "kinds": "dative"}, "--n must be between 1 and 27, the number of sentences of these kinds; found 28"),
    ],
)
def test_what_cannot_be_chosen_is_one_line(options, reason):
    with pytest.raises(InputError, match=reason):
        generate(**options)


def test_the_audit_takes_no_word_frequency_for_the_dose():
    result = audit(generate())
    said = {verdict["code"]: verdict for verdict in result["verdicts"]}
    assert said["frequency_gap"]["level"] == "phrasing"
    assert said["frequency_gap"]["message"].startswith("162 of 162 pairs differ in construction: their dose is its rate")
    assert said["length_confound"]["level"] == "dominant"
    assert "zipf_gap" not in said
    assert result["zipf_gap"] == {"of": None, "mean": None, "n_swap": 0, "n_text": 0, "n_given": 0}
    assert result["covariates"]["dose"]["n_missing"] == len(OF_KIND["phrasal_latinate"]) + len(OF_KIND["nominalisation"])
    for name in ("words", "characters", "content_zipf"):
        row = result["arms"]["placebo"]["covariates"][name]
        assert row["high_mean"] == pytest.approx(row["low_mean"])


@pytest.mark.parametrize("kind", KINDS)
def test_the_audit_of_one_kind_is_strict_json(kind):
    result = audit(generate(kinds=kind))
    json.dumps(result, allow_nan=False)
    said = {verdict["code"]: verdict["level"] for verdict in result["verdicts"]}
    assert said["frequency_gap"] == "phrasing"
    assert ("length_confound" in said) == (kind != "particle")
    if dose_of(kind) is not None:
        assert result["covariates"]["dose"]["in_every_pair"] == pytest.approx(dose_of(kind)[0] - dose_of(kind)[1])
        assert said["constant_difference"] == "dominant"


def test_beside_swapped_words_phrasings_have_no_dose_and_both_are_said():
    words = [pair for pair in lexicon.generate(n=40) if pair.arm == "frequency"]
    own = [pair for pair in generate(n=40) if pair.arm == "frequency"]
    values, of, _ = frequency_gaps([*words, *own])
    assert of == "swap"
    assert [value is None for value in values] == [False] * 40 + [True] * 40
    verdict = [row for row in audit([*words, *own])["verdicts"] if row["code"] == "frequency_gap"]
    assert [row["level"] for row in verdict] == ["phrasing", "present"]
    assert verdict[0]["message"].startswith("40 of 80 pairs")
    table = pair_table([*words, *own])
    assert table["in_phrasing"].tolist() == [False] * 40 + [True] * 40
    for name in ("zipf_gap", "swap_zipf_gap", "content_zipf_gap"):
        assert table[name].notna().tolist() == [True] * 40 + [False] * 40


def observed(pairs, effect):
    """Return observations in which the gap grows with the content words' frequency, as it would in pairs of words."""
    rng = np.random.default_rng(5)
    key = {"probe": "p", "measure": "cosine", "contrast": "gap", "model": "m"}
    for pair in pairs:
        shift = effect[pair.arm] + pair.zipf_high - pair.zipf_low
        yield Observation(pair_id=pair.id, item=pair.item, arm=pair.arm, high=float(shift + rng.normal(0, 0.1)), low=0.0, **key)


@pytest.mark.parametrize(
    ("effect", "told"),
    [
        ({"frequency": 2.0, "placebo": 0.0}, "It exceeds what the placebo shows."),
        ({"frequency": 2.0, "placebo": 1.9}, "It is not shown to exceed what the placebo shows."),
        ({"frequency": 2.0}, "There is no placebo to hold it against."),
        ({"frequency": -2.0, "placebo": 0.0}, "It exceeds what the placebo shows."),
    ],
)
def test_no_graded_frequency_is_claimed_of_phrasings(effect, told):
    pairs = [pair for pair in generate() if pair.arm in effect]
    found = estimate(table_of(list(observed(pairs, effect))), pairs, resamples=200)
    terms = {row.term for row in found}
    assert "mean" in terms
    assert not {term for term in terms if term.startswith(("zipf", "part:", "spec", "adjusted", "content_zipf", "sense", "words_slope"))}
    (main,) = [row for row in found if (row.term, row.arm) == ("mean", "frequency")]
    assert "in_phrasing" in main.flags
    assert set(main.flags) <= set(FLAGS)
    assert "reversed" not in main.flags
    verdict = verdicts(found)[0]
    assert "Whether it goes with that frequency cannot be told from them" in verdict.headline
    assert told in verdict.headline
    assert not any("Zipf" in text or "goes with frequency" in text for text in (verdict.headline, *verdict.findings, *verdict.controls))


def test_pairs_of_words_are_judged_as_before():
    pairs = [pair for pair in lexicon.generate(n=60) if pair.arm != "length"]
    found = estimate(table_of(list(observed(pairs, {"frequency": 0.1, "placebo": 0.0}))), pairs, curve=False, resamples=200)
    assert "zipf_slope" in {row.term for row in found}
    assert not any("in_phrasing" in row.flags for row in found)


def test_a_maker_of_pairs_can_say_phrasing_too():
    made = Pair(id="1", item="1", high="The cat saw a dog.", low="A dog was seen by the cat.", meta={"zipf_gap_of": "phrasing"})
    assert frequency_gap(made) == (None, None)
    assert frequency_gap(made.replace(meta={})).of == "text"
    assert frequency_gap(made.replace(zipf_gap=0.3)).value == 0.3


def test_probes_read_no_frequency_of_words_into_phrasings():
    (rephrased, swapped) = generate(n=1)[0], lexicon.generate(n=1)[0]
    assert swapped_zipf(rephrased) == (None, None)
    assert swapped_zipf(rephrased.replace(meta={}))[0] is not None
    assert swapped_zipf(swapped)[0] - swapped_zipf(swapped)[1] == pytest.approx(swapped.zipf_gap)


def test_matching_of_phrasings_is_refused_in_one_line(tmp_path):
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(pair.to_dict()) + "\n" for pair in generate(n=10)), encoding="utf-8")
    with pytest.raises(InputError, match="the forms differ in construction and have no frequency gap of words"):
        stages.match_pairs(path, ["words"], tmp_path / "level.jsonl", track=silent)


def test_the_audit_promises_no_frequency_gap_to_what_is_level():
    own = generate()
    for pairs in (own, [*own, *lexicon.generate(n=5)], generate(n=100, seed=3)):
        found = next(row for row in audit(pairs)["verdicts"] if row["code"] == "matched")
        assert found["level"] == "partial"
        assert found["message"].endswith("are level in words and characters")


def test_match_says_that_it_leaves_phrasings_out(tmp_path, caplog):
    path = tmp_path / "pairs.jsonl"
    write_records(path, [*generate(n=10), *lexicon.generate(n=8)])
    total, _ = stages.match_pairs(path, ["words"], tmp_path / "level.jsonl", track=silent)
    assert total == 18
    assert "10 of 18 frequency pairs differ in construction; they have no frequency gap of words and are left out" in caplog.text
    caplog.clear()
    write_records(path, lexicon.generate(n=8))
    stages.match_pairs(path, ["words"], tmp_path / "level.jsonl", track=silent)
    assert not caplog.text
