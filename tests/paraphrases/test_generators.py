"""Generators of others: their own options, one line for what does not fit, and pairs made as the built-in ones are."""

from pathlib import Path

import pytest

from freqbias.errors import InputError
from freqbias.files import read_pairs
from freqbias.paraphrases import load_generator, make_pair
from freqbias.paraphrases.generators import generate
from freqbias.records import Pair


class Animals:
    name = "animals"
    summary = "Dogs and hounds."

    def __init__(self):
        self.options = {"times": "how many pairs", "loud": "whether it shouts", "verb": "what the dog does"}

    def __call__(self, *, times: int = 2, loud: bool = False, verb: str = "ran", seed=0):
        mark = "!" if loud else "."
        sides = ("The dog {} {} times{}", "The hound {} {} times{}")
        return [
            make_pair(item="dog", high=sides[0].format(verb, n, mark), low=sides[1].format(verb, n, mark), generator="animals")
            for n in range(times)
        ]


animals = Animals()
of_another_api = type("Other", (Animals,), {"api": 3})()


def dicts():
    return [{"high": "a"}]


def twice(seed):
    return 2 * [make_pair(item="dog", high="The dog.", low="The hound.")]


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    import sys
    from pathlib import Path

    monkeypatch.syspath_prepend(Path(__file__).parent)
    yield
    sys.modules.pop("test_generators", None)


def test_options_become_what_their_parameters_are(cli, tmp_path):
    path = tmp_path / "pairs.jsonl"
    words = ("-o", "times=3", "-o", "loud=true", "-o", "verb=slept")
    result = cli("pairs", "test_generators:animals", *words, "--out", path)
    assert result.exit_code == 0, result.output
    pairs = list(read_pairs(path))
    assert [pair.high for pair in pairs] == [f"The dog slept {n} times!" for n in range(3)]
    assert all(pair.checks["not_a_duplicate"] and pair.checks["numbers_equal"] for pair in pairs)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["time=3"], "takes no option 'time'; known: times, loud, verb, seed"),
        (["times=few"], "-o times=few: expected `int`"),
        (["times"], "-o times: expected key=value"),
    ],
)
def test_an_option_that_does_not_fit_is_one_line(words, reason):
    with pytest.raises(InputError, match=reason):
        generate("test_generators:animals", [], {}, words)


def test_options_of_built_ins_can_be_given_so_too():
    assert len(generate("lexicon", [], {}, ["n=2", "seed=1"])) == len(generate("lexicon", [], {"n": 2, "seed": 1}))
    with pytest.raises(InputError, match="generator 'lexicon' takes no option 'count'; known: n, seed, sets"):
        generate("lexicon", [], {}, ["count=2"])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("test_generators:dicts", "must return a list of freqbias.Pair"),
        ("test_generators:twice", "pair 1: field 'id' repeats"),
        ("test_generators:Animals", "is not a generator but the class Animals"),
        ("os:sep", "is not a generator but a str"),
        ("test_generators:of_another_api", "was made for API 3 of freqbias, this version has 1"),
    ],
)
def test_what_is_no_generator_is_one_line(name, reason):
    with pytest.raises(InputError, match=reason):
        generate(name, [], {"seed": 0})


def test_a_pair_is_made_as_the_built_in_ones_are():
    made = make_pair(item="dog", high="The dog ran fast.", low="The hound ran fast.")
    assert made.zipf_gap > 1
    assert made.zipf_high > made.zipf_low
    assert made.checks["length_ratio"]
    assert make_pair(item="dog", high="The dog ran fast.", low="The hound ran fast.", arm="placebo").id != made.id
    lexicon = load_generator("lexicon")(n=1, seed=0)[0]
    assert isinstance(lexicon, Pair)
    again = make_pair(item=lexicon.item, high=lexicon.high, low=lexicon.low)
    assert (again.id, again.zipf_high, again.zipf_low) == (lexicon.id, lexicon.zipf_high, lexicon.zipf_low)


def test_a_pair_of_one_text_is_refused():
    with pytest.raises(InputError, match="have the same text"):
        make_pair(item="dog", high="The dog.", low="The dog.")


@pytest.mark.parametrize("name", ["lexicon", "wordnet", "constructions"])
def test_a_seed_below_zero_is_one_line(name):
    with pytest.raises(InputError, match=r"^-o seed=-1: must be at least 0$"):
        generate(name, [], {"n": 2}, ["seed=-1"])
    with pytest.raises(InputError, match=r"^-o seed=-7: must be at least 0$"):
        generate(name, [], {"n": 2, "seed": -7})


@pytest.mark.parametrize(("name", "word"), [("wordnet", "min_zipf=nan"), ("wordnet", "min_gap=NaN"), ("rewrite", "similarity=nan")])
def test_an_option_that_is_not_a_number_is_one_line(name, word):
    sources = [Path("texts.txt")] if name == "rewrite" else []
    with pytest.raises(InputError, match=f"^-o {word}: must be a number$"):
        generate(name, sources, {}, [word])
