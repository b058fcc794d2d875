"""Pairs from a wordnet, from its files and from a database of `wn`: real data where it is there, a small wordnet for the rest."""

import builtins
import json
from collections import Counter
from pathlib import Path

import pytest
from conftest import needed
from wordnets import SMALL, real, written, written_lmf

from freqbias.errors import InputError
from freqbias.files import read_pairs
from freqbias.frequency.words import word_zipf
from freqbias.paraphrases import wordnet_files
from freqbias.paraphrases.audit import audit
from freqbias.paraphrases.lexicon import frames
from freqbias.paraphrases.wordnet import Maker, generate
from freqbias.paraphrases.wordnet_files import definition, read_wordnet
from freqbias.paraphrases.wordnet_words import alike, cleaned, is_base, two_spellings
from freqbias.paraphrases.words import shared_words


@pytest.fixture(scope="module")
def wordnet():
    return read_wordnet(str(real()))


@pytest.fixture(scope="module")
def pairs():
    return generate(n=200, seed=3, data=str(real()))


@pytest.fixture(scope="module")
def maker(wordnet):
    return Maker(wordnet, min_gap=0.7, max_senses=4, min_zipf=1.5)


@pytest.fixture
def no_wordnet(monkeypatch, tmp_path):
    """Hide every wordnet of the machine."""
    monkeypatch.delenv("WNSEARCHDIR", raising=False)
    monkeypatch.setattr(wordnet_files, "DEBIAN", tmp_path / "none")
    found = builtins.__import__

    def hidden(name, *rest):
        if name == "wn":
            raise ModuleNotFoundError("No module named 'wn'", name="wn")
        return found(name, *rest)

    monkeypatch.setattr(builtins, "__import__", hidden)


# the real one


@pytest.mark.parametrize(
    ("word", "pos", "depth"),
    [
        ("entity", "noun", 0),
        ("animal", "noun", 6),  # organism, living thing, whole, object, physical entity, entity
        ("dog", "noun", 8),  # by way of `domestic animal`; by that of `canine` it is 13
        ("poodle", "noun", 9),
        ("vehicle", "noun", 7),
        ("ambulance", "noun", 11),
        ("courage", "noun", 6),
        ("kill", "verb", 0),
        ("murder", "verb", 1),
        ("walk", "verb", 1),
        ("stroll", "verb", 2),
        ("restrain", "verb", 3),  # which goes in a circle with `inhibit`, and out of it to `suppress` and `forget`
    ],
)
def test_depth_is_the_shortest_way_up(wordnet, word, pos, depth):
    assert wordnet.depth(wordnet.first(word, pos)) == depth


def test_the_first_sense_is_that_of_the_index(wordnet):
    assert wordnet.name == "WordNet 3.0"
    assert wordnet.first("dog", "noun").lemmas[0] == "dog"
    assert wordnet.first("bank", "noun").gloss == "sloping land (especially the slope beside a body of water)"
    assert wordnet.first("dog", "adverb") is None
    assert wordnet.parts_of("dog") == ["noun", "verb"]
    assert wordnet.first("Paris", "noun").instance
    assert wordnet.first("give", "verb").frames["give"] == {14}
    assert wordnet.first("abroad", "adverb").pos == "adverb"


def test_rows_are_what_they_say(pairs, wordnet):
    for pair in pairs:
        high, low = pair.meta["swap"]
        synset = wordnet.synsets[pair.meta["synset"]]
        assert {high, low} <= set(synset.lemmas)
        assert wordnet.first(high, synset.pos) is synset
        assert wordnet.first(low, synset.pos) is synset
        (gloss,) = pair.queries["gloss_plain"]
        assert gloss in synset.gloss
        assert '"' not in gloss
        frame = next(frame for frame in frames() if frame.id == pair.meta["frame"])
        assert (pair.high, pair.low) == (frame.fill(high), frame.fill(low))
        assert frame.pos == synset.pos
        assert pair.meta["slot"] in frame.slots
        assert not shared_words([high, low, *pair.decoys.values(), frame.bare], [gloss])
        assert pair.covariates["n_senses"] == [len(wordnet.senses[word, synset.pos]) for word in (high, low)]
        assert pair.zipf_gap >= 0.7 if pair.arm == "frequency" else abs(pair.zipf_gap) <= 0.1 + 1e-9
        assert all(pair.checks.values()), pair
    assert sum(pair.arm == "frequency" for pair in pairs) == 200
    assert len({pair.item for pair in pairs if pair.arm == "frequency"}) >= 140
    assert len({pair.item for pair in pairs if pair.arm == "placebo"}) >= 50
    assert len({pair.id for pair in pairs}) == len(pairs)


def test_decoys_are_co_hyponyms_beside_both_forms(pairs, wordnet):
    found = [pair for pair in pairs if pair.decoys]
    assert len(found) >= 60
    for pair in found:
        synset = wordnet.synsets[pair.meta["synset"]]
        frame = next(frame for frame in frames() if frame.id == pair.meta["frame"])
        sisters = [wordnet.synsets[key] for parent in synset.parents for key in wordnet.children[parent] if key != synset.id]
        words = {side: {word for one in sisters for word in one.lemmas if frame.fill(word) == pair.decoys[side]} for side in pair.decoys}
        assert set(words) == {"high", "low"}
        assert all(words.values()), pair
        if pair.meta["decoys_of_one_synset"]:
            assert any(words["high"] & set(one.lemmas) and words["low"] & set(one.lemmas) for one in sisters)


def test_the_same_arguments_give_the_same_pairs(pairs):
    assert [pair.id for pair in generate(n=200, seed=3, data=str(real()))] == [pair.id for pair in pairs]
    other = generate(n=20, seed=4, data=str(real()))
    assert {pair.id for pair in other} != {pair.id for pair in generate(n=20, seed=5, data=str(real()))}
    assert sum(pair.arm == "placebo" for pair in other) == 20


def test_options_hold(wordnet):
    wide = generate(n=40, min_gap=1.5, data=str(real()))
    assert min(pair.zipf_gap for pair in wide if pair.arm == "frequency") >= 1.5
    one = generate(n=20, max_senses=2, data=str(real()))
    assert all(max(pair.covariates["n_senses"]) <= (2 if pair.meta["pos"] == "noun" else 1) for pair in one)
    common = generate(n=20, min_zipf=3.0, data=str(real()))
    assert min(word_zipf(word) for pair in common for word in pair.meta["swap"]) >= 3.0
    with pytest.raises(InputError, match=r"-o min_gap=0.1: must be above 0.1, where the placebo ends"):
        generate(min_gap=0.1, data=str(real()))
    with pytest.raises(
        InputError, match=r"--n must be between 1 and \d+, the number of couples times the frames that fit them; found 99999"
    ):
        generate(n=99999, data=str(real()))
    with pytest.raises(InputError, match=r"WordNet 3.0: no couple of words is left; give a lower -o min_gap="):
        generate(min_gap=7.0, data=str(real()))


def test_without_n_every_couple_comes_once():
    found = generate(data=str(real()))
    assert len({pair.meta["synset"] for pair in found if pair.arm == "frequency"}) == sum(pair.arm == "frequency" for pair in found)
    assert len({pair.item for pair in found}) == len(found)


@pytest.mark.parametrize(
    ("reason", "word", "pos"),
    [
        ("names", "murphy", "noun"),  # a potato
        ("names", "cole", "noun"),  # a cabbage
        ("names", "rice", "noun"),
        ("words that are mostly of another part of speech", "picture", "verb"),
        ("words that are mostly of another part of speech", "pseudo", "noun"),
        ("words that are mostly of another part of speech", "last", "noun"),
        ("words of too many senses", "boss", "noun"),
        ("words of too many senses", "strike", "verb"),
        ("words of too many senses", "animate", "verb"),
        ("words whose senses are in no order", "looker", "noun"),
        ("words whose senses are in no order", "soaker", "noun"),
        ("words whose senses are in no order", "convolution", "noun"),
        ("inflected words, and those that lemminflect's dictionary does not have", "leaving", "noun"),
        ("inflected words, and those that lemminflect's dictionary does not have", "belongings", "noun"),
        ("inflected words, and those that lemminflect's dictionary does not have", "kylie", "noun"),
        ("words with a rude sense", "ejaculate", "verb"),
        ("words with a rude sense", "tush", "noun"),
        ("words of two spellings", "behaviour", "noun"),
        ("words of two spellings", "organise", "verb"),
        ("words of two spellings", "furore", "noun"),
        ("nouns used mostly in the plural", "shenanigan", "noun"),
        ("words of several parts or under four letters", "ice cream", "noun"),
        ("words of several parts or under four letters", "git", "noun"),
        ("inflected words, and those that lemminflect's dictionary does not have", "solon", "noun"),
    ],
)
def test_kinds_of_word_are_left_out(maker, wordnet, reason, word, pos):
    assert reason in list(maker._reasons(word, wordnet.first(word, pos)))


def test_a_word_of_another_first_sense_is_left_out(maker, wordnet):
    second = wordnet.synsets[wordnet.senses["bank", "noun"][1]]
    assert "words of another first sense" in list(maker._reasons("bank", second))
    assert maker.words_of(wordnet.first("paris", "noun")) == []


# parts


@pytest.mark.parametrize(
    ("gloss", "expected"),
    [
        ('a motor vehicle; "he needs a car to get to work"', "a motor vehicle"),
        ("a motor vehicle with four wheels; usually with an engine", "a motor vehicle with four wheels; usually with an engine"),
        ('stir; "she stirred it"; "stir the soup"', "stir"),
        ('a quick reply (especially a witty one), "touché"', "a quick reply (especially a witty one)"),
        ("walk ", "walk"),
    ],
)
def test_a_gloss_loses_its_examples(gloss, expected):
    assert definition(gloss) == expected


@pytest.mark.parametrize(
    ("gloss", "expected"),
    [
        ("(biology) an organism", "an organism"),
        ("(law) (usually plural) a writ", "a writ"),
        ("clothing (usually plural) for sleeping", "clothing for sleeping"),
        ("a reply (especially a witty one)", "a reply (especially a witty one)"),
    ],
)
def test_a_gloss_loses_its_field_and_remarks_on_usage(gloss, expected):
    assert cleaned(gloss) == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("sin", "sinfulness", True),
        ("war", "warfare", True),
        ("border", "borderline", True),
        ("cabala", "kabala", True),
        ("car", "automobile", False),
        ("hospital", "infirmary", False),
    ],
)
def test_relatives_are_no_couple(first, second, expected):
    assert alike(first, second) is expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("kail", "kale", True),
        ("backup", "back-up", True),
        ("knowhow", "know how", True),
        ("jeopardise", "jeopardize", True),
        ("coat", "jacket", False),
    ],
)
def test_two_spellings_are_told(first, second, expected):
    assert two_spellings(first, second) is expected


@pytest.mark.parametrize(
    ("word", "pos", "expected"),
    [
        ("restaurant", "noun", True),
        ("clarify", "verb", True),
        ("rafts", "noun", False),
        ("men", "noun", False),
        ("emptor", "noun", False),
        ("plaudits", "noun", False),
        ("eatery", "verb", False),
    ],
)
def test_base_forms_are_told(word, pos, expected):
    assert is_base(word, pos) is expected


# a small one


def test_a_small_wordnet_gives_its_couples(tmp_path):
    folder = written(tmp_path / "wn")
    read = read_wordnet(str(folder))
    assert read.name == "WordNet 9.1"
    assert read.depth(read.first("eatery", "noun")) == 2
    assert read.depth(read.first("clarify", "verb")) == 0
    assert ("eatery", "noun") in read.ranked
    found = {pair.item: pair for pair in generate(data=str(folder))}
    assert set(found) == {"restaurant-eatery-n", "hospital-infirmary-n", "clarify-elucidate-v", "lawyer-attorney-n"}
    pair = found["restaurant-eatery-n"]
    assert pair.queries["gloss_plain"] == ["where meals are had"]
    assert pair.decoys["high"] == pair.high.replace("restaurant", "hospital")
    assert "infirmar" in pair.decoys["low"]
    assert pair.meta["decoys_of_one_synset"] is True
    assert found["lawyer-attorney-n"].arm == "placebo"
    assert found["lawyer-attorney-n"].meta["oriented_by"] == "characters"
    assert found["clarify-elucidate-v"].meta["slot"] == "act_on_thing"


def test_a_database_of_wn_gives_the_same(tmp_path, monkeypatch):
    wn = needed("wn")
    monkeypatch.setattr(wn.config, "_dbpath", tmp_path / "wn.db", raising=False)
    monkeypatch.setattr(wn.config, "data_directory", tmp_path / "data")
    wn.add(written_lmf(tmp_path / "small.xml"), progress_handler=None)
    read = read_wordnet("small:1")
    files = read_wordnet(str(written(tmp_path / "wn")))
    assert read.name == "small:1"
    assert {key: len(ids) for key, ids in read.senses.items()} == {key: len(ids) for key, ids in files.senses.items()}
    assert read.ranked == files.ranked
    for word, pos in files.senses:
        one, other = read.first(word, pos), files.first(word, pos)
        assert (one.gloss, one.topic, list(one.lemmas)) == (other.gloss, other.topic, list(other.lemmas))
        assert read.depth(one) == files.depth(other)
    assert {(pair.high, pair.low) for pair in generate(data="small:1", seed=2)} == {
        (pair.high, pair.low) for pair in generate(data=str(tmp_path / "wn"), seed=2)
    }
    with pytest.raises(InputError, match=r"'oewn:2024' is no folder and no lexicon of wn; apt install wordnet-base; or pip install"):
        read_wordnet("oewn:2024")


def test_what_is_missing_is_one_line(no_wordnet, cli, tmp_path):
    result = cli("pairs", "wordnet", "--out", tmp_path / "pairs.jsonl")
    assert result.exit_code == 2
    assert result.stderr.strip().endswith(
        'no WordNet here; apt install wordnet-base; or pip install "freqbias[wordnet]" and python -m wn download oewn:2024'
    )
    with pytest.raises(InputError, match="no folder 'oewn:2024'; apt install wordnet-base"):
        read_wordnet("oewn:2024")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"empty: no WordNet, since 'data.noun' is not there"):
        read_wordnet(str(tmp_path / "empty"))


def test_the_folder_of_the_environment_is_found(no_wordnet, monkeypatch, tmp_path):
    monkeypatch.setenv("WNSEARCHDIR", str(written(tmp_path / "wn")))
    assert read_wordnet().name == "WordNet 9.1"


@pytest.mark.parametrize(
    ("file", "line", "message"),
    [
        ("data.noun", "00000009 06 n 02 broken 0", r"data.noun:9: not a line of WordNet's data"),
        ("data.noun", "this is prose", r"data.noun:9: not a line of WordNet's data"),
        ("data.noun", "00000009 99 n 01 broken 0 000 | gloss", r"data.noun:9: not a line of WordNet's data"),
        ("index.noun", "broken n 1 0 1 0 00000099", r"index.noun:14: not a line of the index to data.noun"),
        ("index.noun", "broken", r"index.noun:14: not a line of the index to data.noun"),
    ],
)
def test_a_broken_line_is_named(tmp_path, file, line, message):
    folder = written(tmp_path / "wn", [*SMALL, (8, "noun.person", ["aviator", "airman"], "who flies", [1], [])])
    path = folder / file
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(InputError, match=message):
        read_wordnet(str(folder))


def test_the_command_writes_pairs_that_can_be_audited(tmp_path, cli):
    out = tmp_path / "pairs.jsonl"
    result = cli("pairs", "wordnet", "-o", f"data={written(tmp_path / 'wn')}", "--seed", "1", "--out", out)
    assert result.exit_code == 0, result.stderr
    assert "WordNet 9.1: 3 synsets give frequency pairs, 1 placebo pairs" in result.stderr
    assert len(list(read_pairs(out))) == 4
    assert audit(list(read_pairs(out)))["covariates"]["n_senses"]["n_missing"] == 0


def test_the_documentation_counts_the_verdicts():
    root = Path(__file__).resolve().parents[2]
    rows = [json.loads(line) for line in (root / "benchmarks" / "wordnet_read.jsonl").read_text(encoding="utf-8").splitlines()]
    text = (root / "docs" / "wordnet.md").read_text(encoding="utf-8")
    for arm in ("frequency", "placebo"):
        verdicts = Counter(row["verdict"] for row in rows if row["arm"] == arm)
        total, bad = verdicts.total(), verdicts["bad"]
        assert f"| {arm} | {total} | {bad} ({bad / total:.0%}) | {verdicts['doubtful']} |".replace("%", " %") in text


def test_the_documentation_counts_the_couples(maker):
    counts = {arm: len(couples) for arm, couples in maker.couples().items()}
    text = (Path(__file__).resolve().parents[2] / "docs" / "wordnet.md").read_text(encoding="utf-8")
    assert f"gives {counts['frequency']} frequency and {counts['placebo']} placebo couples" in text
