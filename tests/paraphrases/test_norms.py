"""Norms joined to the swapped words: what is read, what is covered, and what audit, match and the regression make of it."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner
from wordnets import real, written

import freqbias
from freqbias import read_pairs
from freqbias.analysis import estimate, frame
from freqbias.analysis.report.verdict import verdicts
from freqbias.cli.main import app
from freqbias.errors import InputError
from freqbias.files import write_records
from freqbias.paraphrases.audit import audit
from freqbias.paraphrases.lexicon import generate as lexicon
from freqbias.paraphrases.norms import Coverage, annotated, generate, norm_of, read_norm
from freqbias.progress import silent
from freqbias.records import Observation, Pair
from freqbias.run.stages import match_pairs

AOA = {"car": 3.4, "jalopy": 10.9, "dog": 2.8, "hound": 7.5, "break": 4.0, "conk": 9.0, "ice cream": 3.0, "gelato": 11.0}


def pair(high, low, number=1, **fields):
    return Pair(id=str(number), item=str(number), high=high, low=low, **fields)


def joined(high, low, **fields):
    """Return the covariate of one pair and the coverage."""
    coverage = Coverage()
    rows = [pair("the car", "the jalopy", 0), pair(high, low, **fields)]
    return annotated(rows, [norm_of("aoa", AOA)], coverage)[1].covariates["aoa"], coverage


@pytest.mark.parametrize(
    ("high", "low", "expected"),
    [
        ("The car stopped.", "The jalopy stopped.", [3.4, 10.9]),
        ("THE CAR stopped.", "The jalopy\u00ad stopped.", [3.4, 10.9]),
        ("He saw an ice cream.", "He saw a gelato.", [3.0, 11.0]),  # an entry of two words; the article follows its noun
        ("The cars stopped.", "The jalopies stopped.", [3.4, 10.9]),  # by their base forms
        ("The car and the dog.", "The jalopy and the hound.", [3.1, 9.2]),  # the mean over both
        ("The car and the box.", "The jalopy and the crate.", [3.4, 10.9]),  # half of the couples
        ("The car, box and cup.", "The jalopy, crate and beaker.", [None, None]),  # a third of them
        ("The car stopped.", "The automobile stopped.", [None, None]),
        ("The car broke down.", "The jalopy conked out.", [3.7, 9.95]),  # two content words a side
        ("The car stopped.", "The old jalopy stopped.", [None, None]),  # not one for one, and `old` has no value
        ("The car stopped.", "The car stopped, it did.", [None, None]),  # nothing swapped on one side
    ],
)
def test_sides_are_means_over_the_swapped_words(high, low, expected):
    found, _ = joined(high, low)
    assert found == (expected if None in expected else pytest.approx(expected))


def test_covered_and_uncovered_are_counted_and_said():
    rows = [
        pair("the cars", "the jalopies", 1),
        pair("the dog", "the hound", 2),
        pair("the dog", "the cur", 3),
        pair("the dog", "the mutt", 4, arm="placebo"),
    ]
    coverage = Coverage()
    annotated(rows, [norm_of("aoa", AOA)], coverage)
    assert coverage.lines() == [
        "aoa: 2 of 3 frequency pairs, 0 of 1 placebo pairs covered; 4 of 6 swapped words have a value (2 by their base form); "
        "without: cur, mutt"
    ]


def test_a_norm_that_covers_nothing_is_refused():
    with pytest.raises(
        InputError, match=r"norm 'aoa':  ?has a value for no pair's swapped words \(box, crate\); is it of this language\?"
    ):
        annotated([pair("a box", "a crate")], [norm_of("aoa", AOA)])


def test_spellings_that_become_one_take_the_lower_case_one_or_none():
    norm = norm_of("aoa", {"May": 5.0, "may": 4.0, "March": 5.0, "MARCH": 6.0, "Turkey": 7.0, "it’s": 2.0})
    assert [norm.value([word], "en") for word in ("may", "march", "turkey", "it's", "june")] == [4.0, None, 7.0, 2.0, None]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("word,value\ncar,3.4\njalopy,10.9\n", ""),
        ("car,3.4\njalopy,10.9\n", ""),
        ("\ufeffWord;AoA\r\ncar;3.4\r\njalopy;10.9\r\n", ""),
        ("car\t3.4\njalopy\t10.9\n\n", ""),
        ("rank,Word,Rating.Mean\n1,car,3.4\n2,jalopy,10.9\n3,boat,NA\n4,ship,\n", ":Rating.Mean"),
        ('word,value\n"car",3.4\n"jalopy",10.9\n"a, b",2\n', ""),
        ('word\tvalue\n"\t1\ncar\t3.4\njalopy\t10.9\n', ""),  # quotes between tabs are text
        ("value,word\n3.4,car\n10.9,jalopy\n", ""),
        ("car,3.4\ncar,3.4\njalopy,1.09e1\n", ""),
    ],
)
def test_tables_that_are_understood(tmp_path, text, place):
    path = tmp_path / "aoa.csv"
    path.write_bytes(text.encode())
    norm = read_norm("aoa", f"{path}{place}")
    assert (norm.value(["car"], "en"), norm.value(["jalopy"], "en")) == (3.4, 10.9)
    assert norm.source == f"aoa.csv{place}"
    assert norm.value(["ship"], "en") is None


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("word,level\ncar,A1\njalopy,C2\n", "", r"aoa\.csv:2: value 'A1' of 'car' is not a number; norms are numbers, so write levels"),
        ("car,A1\njalopy,C2\n", "", r"aoa\.csv:2: value 'C2' of 'jalopy' is not a number"),
        ("car;3,4\njalopy;10,9\n", "", r"aoa\.csv:2: value '10,9' of 'jalopy' has a comma; write a decimal point"),
        ('word,value\ncar,"23,135"\n', "", r"aoa\.csv:2: value '23,135' of 'car' has a comma"),
        ("word,value\ncar,inf\n", "", r"aoa\.csv:2: value 'inf' of 'car' is not a number"),
        ("word,a,b\ncar,1,2\n", "", r"aoa\.csv:1: 3 columns \(word, a, b\); name the one with the numbers: NAME=FILE:COLUMN"),
        ("word,a,b\ncar,1,2\n", ":c", r"aoa\.csv:1: no column 'c'; found: word, a, b"),
        ("word,a,a\ncar,1,2\n", ":a", r"aoa\.csv:1: two columns are called 'a'"),
        ("word,a\ncar,1\n", ":word", r"aoa\.csv:1: column 'word' holds the words"),
        ("car,1\ndog,2,3\n", "", r"aoa\.csv:2: 3 cells where the first row has 2"),
        ("car,1\ndog\n", "", r"aoa\.csv:2: 1 cells where"),
        ("car,1\n\u200b,2\n", "", r"aoa\.csv:2: the word is empty"),
        ("car,1\ndog,2\ncar,3\n", "", r"aoa\.csv:3: 'car' is 3 here and 1 in line 1; keep one row a word"),
        ("word,value\n", "", r"norm 'aoa': aoa\.csv holds no numbers"),
        ("", "", r"aoa\.csv:1: expected a word and a number"),
        ("the car stopped\n", "", r"aoa\.csv:1: expected a word and a number"),
        ("caf\udce9,1\n", "", r"aoa\.csv:1: not UTF-8; convert the file"),
    ],
)
def test_tables_that_cannot_be_used_are_refused_in_one_line(tmp_path, text, place, message):
    path = tmp_path / "aoa.csv"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(InputError, match=message):
        read_norm("aoa", f"{path}{place}")


def test_names_options_and_files_that_cannot_be_used(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("car,3\njalopy,9\n", encoding="utf-8")
    source = tmp_path / "pairs.jsonl"
    write_records(source, [pair("the car", "the jalopy", covariates={"mine": [1, 2]})])
    for name, message in [
        ("words", "freqbias uses this name itself"),
        ("subwords", "freqbias uses this name itself"),
        ("informal", "freqbias uses this name itself"),
        ("AoA", "lower-case letters"),
        ("a-b", "lower-case letters"),
        ("mine", "pair '1' has a covariate 'mine' of its own; give the norm another name"),
    ]:
        with pytest.raises(InputError, match=message):
            generate([source], norm=[f"{name}={table}"])
    for given, message in [
        ({}, "annotate needs a table: --norm NAME=FILE"),
        ({"norm": ["aoa"]}, r"--norm aoa: expected NAME=FILE or NAME=FILE:COLUMN"),
        ({"norm": [f"={table}"]}, "expected NAME=FILE"),
        ({"norm": [f"aoa={table}", f"aoa={table}"]}, "two norms are called 'aoa'"),
        ({"norm": [f"aoa={table}"], "second_frequency": [f"aoa={table}"]}, "two norms are called 'aoa'"),
        ({"norm": [f"aoa={tmp_path / 'none.csv'}"]}, r"none\.csv: cannot be read: No such file"),
        ({"norm": [f"aoa={tmp_path / 'norms.xlsx'}"]}, r"norms\.xlsx: a spreadsheet; save it as CSV"),
    ]:
        with pytest.raises(InputError, match=message):
            generate([source], **given)
    with pytest.raises(InputError, match="one pair file; found 2"):
        generate([source, source], norm=[f"aoa={table}"])
    table.write_text("car,23135\njalopy,9\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"frequencies 'subtlex': 23135 is a count; give them on a log scale"):
        generate([source], second_frequency=[f"subtlex={table}"])


def test_joined_again_a_norm_is_replaced_and_others_stay():
    once = annotated(
        [pair("the car", "the jalopy", meta={"frame": "f"})], [norm_of("aoa", AOA), norm_of("seen", {"car": 1, "jalopy": 2})]
    )
    again = annotated(once, [norm_of("aoa", {"car": 1.0, "jalopy": 2.0}), norm_of("seen", {"car": 5, "jalopy": 3}, frequency=True)])[0]
    assert again.covariates == {"aoa": [1.0, 2.0], "seen": [5.0, 3.0]}
    assert again.meta == {"frame": "f", "norms": {"aoa": ""}, "norm_frequencies": {"seen": ""}}


def test_a_frequency_is_never_looked_up_by_the_base_form():
    rows = [pair("the cars", "the jalopies"), pair("the car", "the jalopy", 2)]
    found = annotated(rows, [norm_of("subtlex", {"car": 5.0, "jalopy": 1.0}, frequency=True)])
    assert [row.covariates["subtlex"] for row in found] == [[None, None], [5.0, 1.0]]


def test_the_command_and_python_say_the_same(tmp_path, caplog):
    source, table, out = tmp_path / "pairs.jsonl", tmp_path / "aoa.csv", tmp_path / "annotated.jsonl"
    write_records(source, lexicon(n=30))
    words = sorted({word for row in read_pairs(source) for word in row.meta["swap"]})
    table.write_text("".join(f"{word},{len(word)}\n" for word in words), encoding="utf-8")
    with caplog.at_level("INFO", logger="freqbias"):
        done = CliRunner().invoke(app, ["pairs", "annotate", str(source), "--norm", f"aoa={table}", "--out", str(out)])
        assert done.exit_code == 0, done.output
    said = done.output + caplog.text
    assert "aoa: 30 of 30 frequency pairs, 30 of 30 placebo pairs, 0 of 15 length pairs covered" in said
    rows = list(read_pairs(out))
    assert rows == freqbias.annotate(source, {"aoa": table})
    assert rows == freqbias.annotate(list(read_pairs(source)), {"aoa": str(table)})
    assert [row.id for row in rows] == [row.id for row in read_pairs(source)]
    assert rows[0].meta["norms"] == {"aoa": "aoa.csv"}
    assert audit(rows)["covariates"]["aoa"]["n_missing"] == 0
    bad = CliRunner().invoke(app, ["pairs", "lexicon", "--norm", f"aoa={table}", "--out", str(out)])
    assert bad.exit_code == 2
    with pytest.raises(InputError, match="norms: none given"):
        freqbias.annotate(source)
    with pytest.raises(InputError, match=r"norm 'aoa': expected finite numbers by word, found 'car': 'A1'"):
        freqbias.annotate(source, {"aoa": {"car": "A1"}})


def planted(slope_norm, slope_zipf, correlation=0.6, items=200, missing=0):
    """Return pairs with a norm and a second frequency source, and gaps that go with either."""
    rng = np.random.default_rng(7)
    pairs, rows = [], []
    for item in range(items):
        zipf = 2.0 + 0.6 * rng.normal()
        norm = correlation * (zipf - 2.0) + np.sqrt(0.36 * (1 - correlation**2)) * rng.normal() - 1.0
        texts = [f"a text of {item}{side}" for side in "xy"]
        values = [None, None] if item < missing else [norm, 0.0]
        pairs.append(
            pair(*texts, item, zipf_gap=zipf, covariates={"aoa": values, "subtlex": [zipf + 0.1 * rng.normal(), 0.0]}).replace(
                meta={"norms": {"aoa": "aoa.csv"}, "norm_frequencies": {"subtlex": "s.csv"}}
            )
        )
        gap = slope_norm * norm + slope_zipf * zipf + rng.normal(0, 0.03)
        key = {"probe": "p", "measure": "cosine", "contrast": "gap", "model": "m"}
        rows.append(Observation(pair_id=str(item), item=str(item), high=gap, low=0.0, **key))
    estimates = estimate(frame(rows), pairs, resamples=999)
    (found,) = verdicts(estimates)
    return {row.term: row for row in estimates if row.arm == "frequency"}, found


def test_a_norm_is_a_rival_with_its_own_slope_part_and_sentence():
    rows, found = planted(slope_norm=-0.06, slope_zipf=0.0)
    slope = rows["norm:aoa_slope"]
    assert slope.ci_low <= -0.06 <= slope.ci_high < 0
    assert rows["zipf_slope"].ci_low <= 0 <= rows["zipf_slope"].ci_high
    assert rows["part:norm:aoa"].value == pytest.approx(0.06, abs=0.01)
    assert " of it goes with aoa" in found.headline
    assert any(". Aoa: +0.0" in sentence for sentence in found.findings)
    total = sum(row.value for term, row in rows.items() if term.startswith("part:"))
    assert total == pytest.approx(rows["mean"].value, abs=1e-6)
    held = [row for term, row in rows.items() if term.startswith("spec:") and row.details["covariates"] == "all rivals"]
    assert held
    assert any("aoa" in row.method or row.value < 0.6 * rows["mean"].value for row in held)


def test_frequency_is_told_from_a_norm_and_by_a_second_source():
    rows, found = planted(slope_norm=0.0, slope_zipf=0.03)
    assert rows["zipf_slope"].ci_low > 0
    assert rows["norm:aoa_slope"].ci_low <= 0 <= rows["norm:aoa_slope"].ci_high
    assert rows["zipf_slope:subtlex"].value == pytest.approx(0.03, abs=0.01)
    assert rows["zipf_slope:subtlex"].p_value is None
    assert "norm:subtlex_slope" not in rows  # frequency is not held against itself
    assert "It goes with frequency. The gap changes by " in found.headline
    assert "with aoa held constant" in found.headline
    assert any("By the frequency in subtlex: +0.0" in sentence for sentence in found.findings)


def test_a_norm_that_many_pairs_lack_is_not_held_and_named():
    rows, found = planted(slope_norm=-0.06, slope_zipf=0.0, missing=40)
    assert rows["zipf_slope"].flags == ["not_held:norm:aoa"]
    assert "Not adjusted for (more than a tenth of the pairs lack a value): aoa." in found.findings


def test_a_norm_that_moves_with_frequency_is_inseparable():
    rows, _ = planted(slope_norm=-0.06, slope_zipf=0.0, correlation=0.999)
    assert rows["zipf_slope"].value is None
    assert "frequency cannot be separated from aoa" in rows["zipf_slope"].details["reason"]


def test_match_levels_a_norm_by_its_name(tmp_path):
    rng = np.random.default_rng(1)
    source, out = tmp_path / "pairs.jsonl", tmp_path / "level.jsonl"
    rows = [
        pair(f"the car {k}a", f"the jalopy {k}b", k, zipf_gap=2.0 + rng.normal(), covariates={"aoa": [5 + rng.normal(0.5), 5.0]})
        for k in range(60)
    ]
    write_records(source, rows)
    total, balance = match_pairs(source, ["aoa"], out, track=silent)
    assert total == 60
    assert abs(balance[0].dz_before) > 0.3
    assert abs(balance[0].dz_after) < 0.1
    assert json.loads(out.read_text().splitlines()[0])["covariates"]["aoa"]


# specificity


def specificity(tmp_path, *rows):
    """Return `specificity` of some pairs by the small wordnet, and the coverage."""
    coverage = Coverage()
    norm = read_norm("specificity", f"wordnet:{written(tmp_path / 'wn')}")
    filler = pair("the building", "the restaurant", "filler")
    return [row.covariates["specificity"] for row in annotated([*rows, filler], [norm], coverage)], coverage


@pytest.mark.parametrize(
    ("high", "low", "meta", "expected"),
    [
        ("The building burned.", "The restaurant burned.", {}, [1.0, 2.0]),
        ("The buildings burned.", "The restaurants burned.", {}, [1.0, 2.0]),
        ("They clarified it.", "They elucidated it.", {}, [0.0, 0.0]),
        ("The building burned.", "The restaurant burned.", {"pos": "noun"}, [1.0, 2.0]),
        ("The building burned.", "The restaurant burned.", {"pos": "verb"}, [None, None]),
        ("The building burned.", "The restaurant burned.", {"pos": "adjective"}, [None, None]),
        ("The building and entity.", "The hospital and lawyer.", {}, [0.5, 1.5]),
        ("The eating place burned.", "The hospital burned.", {}, [2.0, 2.0]),  # an entry of two words
        ("The shed burned.", "The building burned.", {}, [None, None]),
    ],
)
def test_specificity_is_the_depth_of_the_first_sense(tmp_path, high, low, meta, expected):
    (found, _), _ = specificity(tmp_path, pair(high, low, meta=meta))
    assert found == expected


def test_specificity_counts_what_it_covers(tmp_path):
    rows = [pair("The building burned.", "The restaurant burned."), pair("The shed burned.", "The hut burned.", 2)]
    found, coverage = specificity(tmp_path, *rows)
    assert found == [[1.0, 2.0], [None, None], [1.0, 2.0]]
    assert coverage.lines() == [
        "specificity: 2 of 3 frequency pairs covered; 2 of 4 swapped words have a value; without: shed, hut",
    ]


def test_a_word_of_two_parts_of_speech_has_that_of_its_pair():
    folder = real()
    norm = read_norm("specificity", f"wordnet:{folder}")
    rows = [
        pair("The animal ran.", "The dog ran.", 1, meta={"pos": "noun"}),
        pair("The animal ran.", "The dog ran.", 2),  # `animal` is no verb, so that `dog` is a noun here
        pair("They walked.", "They strolled.", 3, meta={"pos": "verb"}),
        pair("They walked.", "They strolled.", 4),  # forms of verbs only
        pair("Their walk was long.", "Their stroll was long.", 5),  # either
        pair("They killed it.", "They murdered it.", 6),
        pair("Das Tier lief.", "Der Hund lief.", 7, language="de"),
    ]
    found = [row.covariates["specificity"] for row in annotated(rows, [norm])]
    assert found == [[6.0, 8.0], [6.0, 8.0], [1.0, 2.0], [1.0, 2.0], [None, None], [0.0, 1.0], [None, None]]
    assert annotated(rows, [norm])[0].meta["norms"] == {"specificity": "WordNet 3.0: hypernymy depth"}


def test_specificity_is_audited_and_matched_by_its_name(tmp_path, cli):
    source, out = tmp_path / "pairs.jsonl", tmp_path / "annotated.jsonl"
    write_records(source, [pair("The building burned.", "The restaurant burned."), pair("A building.", "A hospital.", 2)])
    result = cli("pairs", "annotate", source, "--norm", f"specificity=wordnet:{written(tmp_path / 'wn')}", "--out", out)
    assert result.exit_code == 0, result.stderr
    assert "specificity: 2 of 2 frequency pairs covered" in result.stderr
    rows = list(read_pairs(out))
    assert [row.covariates["specificity"] for row in rows] == [[1.0, 2.0], [1.0, 2.0]]
    assert audit(rows)["covariates"]["specificity"]["n_missing"] == 0
    level = tmp_path / "level.jsonl"
    with pytest.raises(InputError, match="specificity"):  # one level lower in each pair: no part is level
        match_pairs(out, ["specificity"], level, track=silent)


def test_wordnet_is_no_frequency_and_its_absence_is_one_line(tmp_path):
    with pytest.raises(InputError, match=r"frequencies 'depth': WordNet holds none; join its hypernymy depth with --norm"):
        read_norm("depth", f"wordnet:{written(tmp_path / 'wn')}", frequency=True)
    with pytest.raises(InputError, match=r"no folder|no lexicon of wn"):
        read_norm("specificity", "wordnet:nosuch")
    with pytest.raises(InputError, match=r"norm 'words': freqbias uses this name itself"):
        read_norm("words", f"wordnet:{tmp_path / 'wn'}")
