"""Where a word is swapped in running text and where it is left alone, by rules and by the tagger; the cap on a word pair."""

import json
from collections import Counter
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from freqbias.errors import InputError
from freqbias.paraphrases import capping, swapping, tagging
from freqbias.paraphrases.everyday import everyday_rows
from freqbias.paraphrases.lexicon import synonym_sets
from freqbias.paraphrases.slots import rules
from freqbias.paraphrases.substitute import Coverage, generate, pairs_of_texts
from freqbias.paraphrases.swapping import TAGS, both_forms, substitutions
from freqbias.paraphrases.tagging import by_rules, tagger
from freqbias.paraphrases.untouched import fixed_phrases, in_name, spans, starts_sentence

ARMS = ("frequency", "placebo")


@pytest.fixture(params=tagging.TAGGERS)
def tag(request):
    if request.param == tagging.HANTA:
        pytest.importorskip("HanTa")
    return tagger(request.param)


@pytest.fixture
def anywhere(monkeypatch):
    """Let every place suit these couples, so that only what is never touched holds them back."""
    table = {}
    couples = [
        ("idea", "notion"),
        ("president", "prez"),
        ("disease", "malady"),
        ("film", "movie"),
        ("usual", "customary"),
        ("car", "auto"),
    ]
    for high, low in [*couples, ("easy", "undemanding"), ("hospital", "infirmary"), ("speed", "celerity"), ("obese", "corpulent")]:
        table |= dict.fromkeys((high, low), ((high, low, f"{high}-{low}"),))
    monkeypatch.setattr(swapping, "substitutions", lambda arm: table)
    monkeypatch.setattr(swapping, "fits", lambda arm, name, tokens, at: True)


def swapped(text, tag=by_rules):
    return [couple[2] for arm in ARMS for couple in both_forms(text, arm, tag)[2]]


@pytest.mark.parametrize(
    "text",
    [
        # addresses, files, code, tags
        "see http://idea.org/film for more",
        "see www.car.com/idea",
        "write to film@idea.org",
        "it is on idea.com now",
        "open film.txt and car.py",
        "in /usr/film/car",
        "call `film` or ``car idea``",
        "set film=1 and car_idea",
        "call film(x) or car[0]",
        "run it with --film or -car",
        "a #film by @idea",
        "the parameter *film* is one",
        "<film> and {car}",
        "$film and %car",
        # half words around soft hyphens and the like
        "fi\u00adfilm and car\u00adpet",
        "car\u200bpet",
        "film\ufeffnoir",
        # names
        "thank you, Mr. President",
        "he has Parkinson's disease",
        "Alzheimer's disease and Crohn's disease",
        "by Dr. Film and J. Car",
        "Sen. Usual, of Ohio",
        "Film Comment said so",
        "Film 43 is on",
        # fixed phrases
        "he lay in hospital",
        "he came late as usual",
        "just take it easy",
        "above the speed limit",
        "a high shutter speed",
        "round up the usual suspects",
        "no idea at all",
        "a heart disease",
        "longer than usual",
    ],
)
def test_never_touched(anywhere, text):
    assert swapped(text) == []


@pytest.mark.parametrize(
    ("text", "high", "low"),
    [
        ('an "idea"', 'an "idea"', 'a "notion"'),
        ("an (idea)", "an (idea)", "a (notion)"),
        ("a (“car”) stopped", "a (“car”) stopped", "an (“auto”) stopped"),
        ("A “car” stopped", "A “car” stopped", "An “auto” stopped"),
        ("He left. A car came.", "He left. A car came.", "He left. An auto came."),
        ("of type A car", "of type A car", "of type A auto"),
        ("It's car after car", "It's car after car", "It's auto after auto"),
        ("He saw it at 5 p.m. Car after car.", "He saw it at 5 p.m. Car after car.", "He saw it at 5 p.m. Auto after auto."),
    ],
)
def test_articles_and_sentences(anywhere, text, high, low):
    assert both_forms(text, "frequency")[:2] == (high, low)


@pytest.mark.parametrize(
    "text",
    [
        "we are type A obese",
        "the plan B film",
        "their vitamin C film",
        # compounds
        "set the car door",
        "a car crash on the road",
        "a squad car came",
        "the stunt cars might be saved",
        "the movie experience was bad",
        "a film director came",
        "the poverty rate fell",
        "Masterpiece Theater 3000 guys",
        "O(n) complexity",
        # bare singulars
        "we came by car",
        "she is in film",
        # constructions that only one of the words has
        "it is easy to use",
        "different binding for the name",
        "rarely does it do so",
        "correctly implement this",
        "delicious kind of anxiety is not it",
        "an idea for him",
        "they read it as obvious",
        "it is as boring as it gets",
        "his disease to cure",
        # parts of speech
        "they film it",
        "it will car",
        "he is betting that it rains",
    ],
)
def test_left_alone_by_the_place(tag, text):
    assert [name for name in swapped(text, tag) if name != "anxiety-unease-n"] == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("She bought a car.", "car-automobile-n"),
        ("The cars were red.", "car-automobile-n"),
        ("She felt the gratitude of a friend.", "gratitude-thankfulness-n"),
        ("There was a plebiscite in May.", "referendum-plebiscite-n"),
        ("The stingy uncle went home.", "stingy-tightfisted-a"),
        ("A risible, formulaic mix of both.", "laughable-risible-a"),
        ("They were famous for it.", "famous-renowned-a"),
        ("The movie is too long.", "film-movie-n"),
        ("It was a terrific score.", "terrific-superb-a"),
        ("There is a shortage of water.", "shortage-dearth-n"),
        ("An astute move.", "astute-shrewd-a"),
    ],
)
def test_swapped_where_both_words_can_stand(tag, text, name):
    assert swapped(text, tag) == [name]


def test_a_word_with_a_further_sense_is_left_alone():
    """`movie` has one sense, `film` is also what cameras take."""
    assert "film-movie-n" in swapped("The movie is too long.")
    for text in ("The film is too long.", "They got the film developed.", "Put the film in."):
        assert "film-movie-n" not in swapped(text)


def test_the_tagger_sees_what_rules_cannot():
    pytest.importorskip("HanTa")
    text = "It turns out to be an interesting movie."
    assert "film-movie-n" in swapped(text, tagger("hanta"))
    assert swapped("A boring, formulaic mix of both.") == []  # it could be a verb
    assert swapped("A boring, formulaic mix of both.", tagger("hanta")) == ["boring-humdrum-a"]
    for unsure in ("They enjoyed boring films about guns.", "The guns were amazing."):
        assert set(swapped(unsure)) <= set(swapped(unsure, tagger("hanta")))


def test_listed_sets_and_phrases_are_sound():
    known = {item.id: item for arm in ARMS for item in synonym_sets(arm)}
    lines = files("freqbias.paraphrases").joinpath("data", "running_text.jsonl").read_text(encoding="utf-8").splitlines()
    listed = {json.loads(line)["id"] for line in lines}
    assert len(listed) == len(lines) == len(rules()) - len(everyday_rows())
    assert listed <= set(known)
    for rule in rules().values():
        assert rule.slot in {None, "attributive", "predicative", "verb", "after_verb"}
        assert set(rule.forms) <= {tag for tags in TAGS.values() for tag in tags}
    for arm in ARMS:
        assert {couple[2] for couples in substitutions(arm).values() for couple in couples} <= set(rules())
    phrases = fixed_phrases()
    assert len(set(phrases)) == len(phrases) > 100
    for phrase in phrases:
        assert spans(phrase.replace("*", "")), phrase


@pytest.mark.parametrize("phrase", ["in hospital", "as usual", "take it easy", "speed limit", "usual suspects", "at their own peril"])
def test_fixed_phrases_are_found_in_any_case(phrase):
    for text in (phrase, phrase.upper(), f"x {phrase}, y", phrase.replace(" ", "  ")):
        assert spans(text), text
    assert not [span for span in spans(f"x{phrase}y") if span[1] - span[0] > len(phrase)]


@pytest.mark.parametrize(
    ("before", "starts"),
    [
        ("", True),
        ("He left. ", True),
        ("Really?! ", True),
        ("Mr. ", False),
        ("by J. ", False),
        ("the U.S. ", False),
        ("e.g. ", False),
        ("a ", False),
    ],
)
def test_sentence_starts(before, starts):
    assert starts_sentence(before + "Word", len(before)) == bool(starts)


OWNED = [("Parkinson's car", True), ("Yes, it's car", False), ("It's car", False), ("NASA's car", True)]


@pytest.mark.parametrize(("text", "is_name"), OWNED)
def test_what_a_name_owns(text, is_name):
    assert in_name(text, next(m for m in swapping.WORD.finditer(text) if m[0] == "car")) is is_name


def test_unknown_taggers_and_missing_ones(monkeypatch):
    with pytest.raises(InputError, match="unknown tagger 'spacy'; known: rules, hanta"):
        pairs_of_texts(["A car."], tagger="spacy")
    tagging._hanta.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "HanTa", None)
    with pytest.raises(InputError, match=r"needs the package HanTa.*pip install '\.\[text\]'"):
        tagger("hanta")
    tagging._hanta.cache_clear()


@pytest.mark.parametrize(
    ("counts", "share", "most"),
    [
        ({"film": 36, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1, "g": 1, "h": 1, "i": 1, "j": 1}, 0.1, 1),
        (dict.fromkeys("abcdefghij", 5), 0.1, 5),
        ({"film": 3000} | dict.fromkeys("abcdefghij", 40), 0.1, 44),
        ({"a": 7}, 1.0, 7),
        ({"a": 7, "b": 2}, 0.5, 2),
        ({"a": 3, "b": 3}, 0.1, 1),
        ({}, 0.1, 1),
    ],
)
def test_the_most_that_one_set_may_be(counts, share, most):
    assert capping.most_of(Counter(counts), share) == most
    names = [name for name, count in counts.items() for _ in range(count)]
    stays = capping.capped(names, share, np.random.default_rng(0))
    kept = Counter(name for name, stay in zip(names, stays, strict=True) if stay)
    assert kept == {name: min(count, most) for name, count in counts.items()}
    assert most == 1 or max(kept.values()) <= share * kept.total()


def test_no_word_pair_is_most_of_an_arm(cli, tmp_path):
    path = tmp_path / "texts.txt"
    others = ["terrific", "infamous", "astute", "fizzy", "garrulous", "moronic", "genial", "formless", "burdensome", "grimy", "impudent"]
    texts = [f"The movie of {k} winters is long." for k in range(36)] + [f"It was a {word} thing." for word in others]
    path.write_text("\n".join(texts))
    coverage = Coverage()
    pairs = [pair for pair in generate([path], coverage=coverage) if pair.arm == "placebo"]
    sets = Counter(name for pair in pairs for name in pair.meta["swaps"])
    assert sets["film-movie-n"] == 1
    assert sets.total() == len(others) + 1 == coverage.swapped["placebo"] == coverage.changed["placebo"]
    assert coverage.beyond_cap["placebo"] == 35
    result = cli("pairs", "substitute", path, "--out", tmp_path / "pairs.jsonl")
    assert "placebo: 35 left out: no word pair may be over 10%" in result.stderr
    assert "placebo: 12 word pairs; the commonest" in result.stderr
    assert len([pair for pair in generate([path], max_share=1.0) if pair.arm == "placebo"]) == 36 + len(others)
    with pytest.raises(InputError, match="max_share must be above 0 and at most 1, found 0"):
        generate([path], max_share=0.0)


def test_readings_are_whole():
    path = Path(__file__).parents[2] / "benchmarks" / "swaps_read.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    counts = Counter((row["read"], row["arm"]) for row in rows)
    bad = Counter((row["read"], row["arm"]) for row in rows if row["bad"])
    assert counts["before", "frequency"] + counts["before", "placebo"] == 150
    assert counts["after", "frequency"] + counts["after", "placebo"] == 150
    assert bad["before", "frequency"] / counts["before", "frequency"] == 0.4
    for arm in ARMS:
        assert bad["after", arm] / counts["after", arm] <= 0.05
    sample = [json.loads(line) for line in path.with_name("swaps_final.jsonl").read_text(encoding="utf-8").splitlines()]
    assert Counter(row["arm"] for row in sample) == dict.fromkeys(ARMS, 100)
    assert len({row["domain"] for row in sample}) >= 5
    assert max(Counter((row["arm"], row["set"]) for row in sample).values()) <= 10


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("reader", ["reader_1", "reader_2"])
def test_readers_found_few_of_the_last_sample_bad(arm, reader):
    path = Path(__file__).parents[2] / "benchmarks" / "swaps_final.jsonl"
    rows = [row for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()) if row["arm"] == arm]
    left = [row for row in rows if row["set"] in rules()]  # later readings of the sets themselves took some out
    assert len(left) >= 50
    for part in (rows, left):
        assert len({row["domain"] for row in part}) >= 5
        assert sum("bad" in (row[reader]["high"], row[reader]["low"]) for row in part) <= 0.05 * len(part)
