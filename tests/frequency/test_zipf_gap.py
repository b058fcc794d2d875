"""One definition of the frequency gap, whoever made the pair; and files in which there are two."""

import json

import numpy as np
import pytest
from wordfreq import zipf_frequency

from freqbias import frequency, matching
from freqbias.analysis import estimate
from freqbias.analysis import frame as table_of
from freqbias.analysis.report.verdict import verdicts
from freqbias.analysis.table.contrasts import pair_table
from freqbias.covariates import content_gap, frequency_gap, frequency_gaps
from freqbias.paraphrases import imported, lexicon, make_pair, substitute
from freqbias.paraphrases.audit import audit
from freqbias.progress import silent
from freqbias.records import Observation, Pair
from freqbias.run import stages

SWAP = ("The car stopped.", "The automobile stopped.")
REWRITE = ("The car stopped and would not go on.", "The old jalopy conked out for good.")


def of_words(*couples):
    return float(np.mean([zipf_frequency(high, "en") - zipf_frequency(low, "en") for high, low in couples]))


@pytest.mark.parametrize(
    ("high", "low", "couples"),
    [
        (*SWAP, [("car", "automobile")]),
        ("The car stopped.", "The jalopy halted.", [("car", "jalopy"), ("stopped", "halted")]),
        ("A big dog", "A sizeable hound", [("big", "sizeable"), ("dog", "hound")]),
        ("An idea.", "A notion.", [("idea", "notion")]),
        ("car", "jalopy", [("car", "jalopy")]),
        (
            "The car and the dog saw a man.",
            "The jalopy and the hound saw a bloke.",
            [("car", "jalopy"), ("dog", "hound"), ("man", "bloke")],
        ),
        ("The car hit the zzqxv dog", "The jalopy hit the qqzzx hound", [("car", "jalopy"), ("dog", "hound")]),
    ],
)
def test_of_the_words_that_face_each_other_however_many_changed(high, low, couples):
    gap = frequency.zipf_gap(high, low)
    assert gap.of == "swap"
    assert gap.value == pytest.approx(of_words(*couples))


def test_values_of_the_examples():
    assert frequency.zipf_gap(*SWAP).value == pytest.approx(1.51)
    # three swaps of nine words; a fourth content word, the same in both, would make it three quarters of that
    high, low = "The car of the man was near the house.", "The jalopy of the bloke was near the abode."
    gap = frequency.zipf_gap(high, low)
    assert gap.value == pytest.approx(of_words(("car", "jalopy"), ("man", "bloke"), ("house", "abode")))
    assert frequency.zipf_gap("C'est une voiture !", "C'est une bagnole !", "fr").value == pytest.approx(1.55)


@pytest.mark.parametrize(
    ("high", "low"),
    [REWRITE, ("the car", "the motor vehicle"), ("He left yesterday", "Yesterday he left"), ("It stopped the man", "The man was halted")],
)
def test_a_rewrite_without_alignment_is_measured_by_its_texts(high, low):
    gap = frequency.zipf_gap(high, low)
    assert gap.of == "text"
    assert gap.value == pytest.approx(frequency.content_zipf(high) - frequency.content_zipf(low))


@pytest.mark.parametrize(("high", "low"), [("It is so.", "It is so!"), ("An apple", "A apple"), ("the cat", "The Cat")])
def test_no_word_differs(high, low):
    assert frequency.zipf_gap(high, low) == (0.0, "swap")


def test_unknown_words_have_no_gap():
    assert frequency.zipf_gap("the car", "the zzqxv") == (None, "swap")
    assert frequency.zipf_gap("zzqxv", "qqzzx wvxq") == (None, "text")


def test_every_generator_gives_the_same_number_for_the_same_words(tmp_path):
    (bundled,) = [pair for pair in lexicon.generate(n=2) if pair.arm == "frequency"][:1]
    for side in ("high", "low"):
        (tmp_path / f"{side}.txt").write_text(f"{getattr(bundled, side)}\n", encoding="utf-8")
    (read,) = imported.generate([tmp_path / "high.txt", tmp_path / "low.txt"])
    made = make_pair(item="x", high=bundled.high, low=bundled.low)
    assert bundled.zipf_gap == read.zipf_gap == made.zipf_gap
    assert {pair.meta["zipf_gap_of"] for pair in (bundled, read, made)} == {"swap"}
    swapped = substitute.pairs_of_texts(["She bought a big car and an enormous house near the sea."] + ["The lawyer slept."] * 3)
    for pair in swapped:
        assert pair.meta["zipf_gap_of"] == "swap"
        assert pair.zipf_gap == pytest.approx(frequency.zipf_gap(pair.high, pair.low).value)
    padded = next(pair for pair in lexicon.generate(n=4) if pair.arm == "length")
    assert (padded.zipf_gap, padded.meta["zipf_gap_of"]) == (None, None)


def pair(number, texts, **fields):
    return Pair(id=str(number), item=str(number), high=f"{texts[0]} {number:03}", low=f"{texts[1]} {number:03}", **fields)


def test_files_made_before_say_by_their_numbers():
    whole = frequency.content_zipf("The car stopped. 000") - frequency.content_zipf("The automobile stopped. 000")
    assert whole == pytest.approx(0.755)
    assert frequency_gap(pair(0, SWAP, zipf_gap=1.51)).of == "swap"
    assert frequency_gap(pair(0, SWAP, zipf_gap=whole)).of == "text"
    assert frequency_gap(pair(0, SWAP, zipf_gap=2.5)) == (2.5, None)
    assert frequency_gap(pair(0, SWAP, zipf_gap=2.5, meta={"zipf_gap_of": "text"})) == (2.5, "text")
    assert frequency_gap(pair(0, SWAP)).value == pytest.approx(1.51)
    assert frequency_gap(pair(0, SWAP, arm="length")) == (None, None)


@pytest.mark.parametrize(
    ("swaps", "rewrites", "of", "known"), [(30, 0, "swap", 30), (29, 1, "swap", 29), (20, 10, "text", 30), (0, 30, "text", 30)]
)
def test_audit_and_dose_never_mix_two_definitions(swaps, rewrites, of, known):
    rows = [pair(n, SWAP if n < swaps else REWRITE) for n in range(swaps + rewrites)]
    values, found, _ = frequency_gaps(rows)
    assert found == of
    assert sum(value is not None for value in values) == known
    expected = frequency.zipf_gap(*SWAP).value if of == "swap" else None
    table = pair_table(rows)
    assert set(table["zipf_gap_of"]) == {of}
    assert table["zipf_gap"].notna().sum() == known
    for n, value in enumerate(values):
        wanted = (
            (expected if n < swaps else None)
            if of == "swap"
            else frequency.content_zipf(rows[n].high) - frequency.content_zipf(rows[n].low)
        )
        assert value is None if wanted is None else value == pytest.approx(wanted)
    result = audit(rows)
    assert (result["zipf_gap"]["of"], result["zipf_gap"]["n_swap"], result["zipf_gap"]["n_text"]) == (of, swaps, rewrites)
    said = [verdict["message"] for verdict in result["verdicts"] if verdict["code"] == "zipf_gap"]
    assert bool(said) == bool(swaps and rewrites)
    assert all(f"of swapped words in {swaps} pairs" in text and f"of whole texts in {rewrites} pairs" in text for text in said)
    json.dumps(result, allow_nan=False)


def test_calibration_is_by_swapped_words_whatever_the_dose_is_of():
    table = pair_table([pair(n, SWAP if n < 2 else REWRITE) for n in range(4)])
    assert table["swap_zipf_gap"].tolist()[:2] == pytest.approx([1.51, 1.51])
    assert table["swap_zipf_gap"].isna().tolist() == table["swapped_words"].isna().tolist() == [False, False, True, True]


def test_matching_takes_one_definition(monkeypatch, tmp_path):
    rows = [pair(n, SWAP if n % 3 else REWRITE) for n in range(30)]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(row.to_dict()) + "\n" for row in rows), encoding="utf-8")
    seen = []
    monkeypatch.setattr(matching, "match", lambda differences, gap: seen.append(gap) or (np.ones(len(gap), dtype=bool), []))
    stages.match_pairs(tmp_path / "pairs.jsonl", ["words"], tmp_path / "level.jsonl", track=silent)
    assert seen[0].tolist() == pytest.approx([content_gap(row) for row in rows])


def test_a_dose_by_whole_texts_is_said():
    rng = np.random.default_rng(0)
    words = ["car", "jalopy", "dog", "hound", "man", "bloke", "house", "abode", "idea", "notion"]
    pairs, rows = [], []
    for n in range(60):
        texts = (f"The {words[n % 10]} {words[n % 7]} stopped there", f"It was the {words[(n + 3) % 10]} that had halted at that place")
        pairs.append(pair(n, texts))
        key = {"probe": "p", "measure": "cosine", "contrast": "gap", "model": "m"}
        rows.append(Observation(pair_id=str(n), item=str(n), high=float(rng.normal()), low=0.0, **key))
    found = estimate(table_of(rows), pairs, curve=False)
    (slope,) = [row for row in found if row.term == "zipf_slope"]
    assert slope.details == {"zipf_gap_of": "text"}
    assert any(
        "Per Zipf unit of frequency gap (a factor of ten, of all content words of the texts)" in text
        for text in verdicts(found)[0].findings
    )
