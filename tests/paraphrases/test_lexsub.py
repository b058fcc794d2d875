"""Pairs from files of lexical substitution: layouts, inflection, arms, what is left out; SWORDS where it lies beside the checkout."""

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

import freqbias
from freqbias.errors import InputError
from freqbias.paraphrases.audit import audit
from freqbias.paraphrases.inflection import slot_tags, to_slot
from freqbias.paraphrases.lexsub import MAX_PER_ITEM, generate, respelled
from freqbias.paraphrases.lexsub_files import Slot, read_slots

SWORDS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "swords-v1.1_dev.json.gz"


def votes(yes, n=10):
    return ["TRUE"] * yes + ["FALSE"] * (n - yes)


def swords(*slots):
    """Return a document as SWORDS lays it out; a slot is (text, target, lemma, part of speech, {substitute: votes of ten})."""
    document = {"contexts": {}, "targets": {}, "substitutes": {}, "substitutes_lemmatized": True, "substitute_labels": {}}
    for k, (text, target, lemma, pos, substitutes) in enumerate(slots):
        document["contexts"][f"c:{k}"] = {"context": text}
        place = {"context_id": f"c:{k}", "target": target, "offset": text.index(target), "pos": pos, "extra": {"coinco_lemma": lemma}}
        document["targets"][f"t:{k}"] = place
        for word, yes in substitutes.items():
            key = f"s:{k}:{word}"
            document["substitutes"][key] = {"target_id": f"t:{k}", "substitute": word}
            document["substitute_labels"][key] = votes(yes)
    return document


def written(folder, document, name="swords.json"):
    path = folder / name
    text = json.dumps(document).encode()
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    return path


def swaps(pairs, arm="frequency"):
    return {tuple(pair.meta["swap"]) for pair in pairs if pair.arm == arm}


LOOKED = ("It rained.\n\t\tYesterday she looked at it there. It ran.", "looked", "look", "VERB", {"peer": 9, "see": 1, "have a look": 10})


def test_both_forms_reach_the_share_and_stand_in_the_slots_inflection(tmp_path):
    (pair,) = generate([written(tmp_path, swords(LOOKED))])
    assert pair.high == "It rained. Yesterday she looked at it there. It ran."
    assert pair.low == "It rained. Yesterday she peered at it there. It ran."
    assert pair.item == "t:0"
    assert pair.covariates["accepted_share"] == [1.0, 0.9]
    assert pair.meta["own_word"] == "high"
    assert pair.meta["original"] == pair.high
    assert pair.queries == {"naming_high": "how to look", "naming_low": "how to peer"}
    assert pair.zipf_gap == pytest.approx(2.45, abs=0.01)
    assert all(pair.checks.values())
    with pytest.raises(InputError, match="no two forms of a slot reach 95% of the annotators; give a lower -o share="):
        generate([tmp_path / "swords.json"], share=0.95)


def test_gzip_python_and_command_give_the_same(tmp_path, cli):
    path = written(tmp_path, swords(LOOKED), "dev.json.gz")
    pairs = freqbias.lexsub(path)
    assert [pair.id for pair in pairs] == [pair.id for pair in generate([written(tmp_path, swords(LOOKED))])]
    out = tmp_path / "pairs.jsonl"
    result = cli("pairs", "lexsub", path, "-o", "share=0.8", "--out", out)
    assert result.exit_code == 0, result.stderr
    assert [pair.id for pair in freqbias.read_pairs(out)] == [pair.id for pair in pairs]


def slot(before, word, lemma, pos):
    return Slot(id="1", place="1", before=before, word=word, after=" it.", lemma=lemma, pos=pos)


@pytest.mark.parametrize(
    ("before", "word", "lemma", "pos", "other", "form"),
    [
        ("She ", "bought", "buy", "verb", "take", "took"),
        ("She had ", "bought", "buy", "verb", "take", "taken"),
        ("It was quickly ", "bought", "buy", "verb", "take", "taken"),
        ("The man ", "bought", "buy", "verb", "purchase", "purchased"),
        ("The man ", "bought", "buy", "verb", "take", None),  # took or taken: nothing tells
        ("They want to ", "put", "put", "verb", "lay", "lay"),
        ("She is ", "buying", "buy", "verb", "get", "getting"),
        ("She ", "buys", "buy", "verb", "catch", "catches"),
        ("two ", "cars", "car", "noun", "lorry", "lorries"),
        ("two ", "cars", "car", "noun", "preference", "preferences"),
        ("two ", "hints", "hint", "noun", "advice", None),  # a mass noun
        ("the ", "sum", "sum", "noun", "total", "total"),
        ("the ", "bigger", "big", "adjective", "happy", "happier"),
        ("the ", "bigger", "big", "adjective", "significant", None),
        ("He ", "expected", "expect", "verb", "anticipated", "anticipated"),  # inflected already
    ],
)
def test_inflection(before, word, lemma, pos, other, form):
    here = slot(before, word, lemma, pos)
    assert to_slot(other, here, slot_tags(here)) == form


def test_articles_case_and_what_is_left_out(tmp_path):
    document = swords(
        ("He had an idea.", "idea", "idea", "NOUN", {"notion": 10, "somebody": 10}),
        ("Really, I like it.", "Really", "really", "ADV", {"truly": 8}),
        ("A comedian-turned-author spoke.", "author", "author", "NOUN", {"scriptwriter": 10}),
        ("It was an odd elf.", "odd", "odd", "ADJ", {"sometimes": 10, "outlandish": 10}),
        ("She was dropping to one knee.", "dropping", "drop", "VERB", {"fell": 10, "found": 10, "saw": 10}),
        ("It was grey.", "grey", "grey", "ADJ", {"gray": 10}),
        ("We met Rose Smith.", "Rose", "rose", "NOUN", {"bloom": 10}),
    )
    pairs = generate([written(tmp_path, document)])
    assert swaps(pairs) == {("idea", "notion"), ("Really", "Truly"), ("odd", "outlandish")}
    assert {pair.low for pair in pairs} == {"He had a notion.", "Truly, I like it.", "It was an outlandish elf."}


def test_equally_frequent_couples_are_the_placebo_oriented_by_acceptance(tmp_path):
    document = swords(
        ("She replied at once.", "replied", "reply", "VERB", {"answer": 8}),
        ("He is a big man.", "big", "big", "ADJ", {"hefty": 9}),
    )
    pairs = generate([written(tmp_path, document)])
    (placebo,) = [pair for pair in pairs if pair.arm == "placebo"]
    assert placebo.meta["swap"] == ["replied", "answered"]
    assert placebo.meta["oriented_by"] == "accepted_share"
    assert abs(placebo.zipf_gap) <= 0.1
    assert swaps(pairs) == {("big", "hefty")}
    assert all(pair.zipf_gap >= 0.5 for pair in pairs if pair.arm == "frequency")


def test_one_slot_is_not_most_of_an_arm_and_own_word_keeps_to_what_was_judged(tmp_path):
    words = ["huge", "hefty", "massive", "immense", "substantial", "sizable", "enormous", "gargantuan", "tremendous"]
    path = written(tmp_path, swords(("He is a big man.", "big", "big", "ADJ", dict.fromkeys(words, 9))))
    pairs = generate([path])
    assert Counter(pair.arm for pair in pairs)["frequency"] == MAX_PER_ITEM
    own = generate([path], own_word=True)
    assert own
    assert all("big" in pair.meta["swap"] for pair in own)
    assert len(generate([path], n=3, seed=1)) <= 6
    assert generate([path], n=3, seed=1) == generate([path], n=3, seed=1)


@pytest.mark.parametrize(
    ("first", "second"),
    [("colour", "color"), ("realised", "realized"), ("okay", "ok"), ("centres", "centers"), ("travelled", "traveled")],
)
def test_two_spellings_of_one_word_are_no_couple(first, second):
    assert respelled(first, second)
    assert not respelled(first, "word")


TSAR = "\t".join(["The men were compelled to leave.", "compelled", *["forced"] * 8, "made", "pushed"])
LEXMTURK = "Sentence\tWord\tSubstitution\n" + TSAR
BENCHLS = "The men were compelled to leave .\tcompelled\t3\t1:forced\t2:made\t3:pushed"


def test_tab_layout_counts_people(tmp_path):
    for name, text in (("tsar.tsv", TSAR), ("lexmturk.txt", LEXMTURK)):
        path = tmp_path / name
        path.write_text(text + "\n\n")
        (pair,) = generate([path])
        assert (pair.high, pair.low) == ("The men were forced to leave.", "The men were compelled to leave.")
        assert pair.covariates["accepted_share"] == [0.8, 1.0]
        assert len(swaps(generate([path], share=0.1))) > 1


def test_ranks_say_nothing_of_people(tmp_path):
    path = tmp_path / "benchls.txt"
    path.write_text(BENCHLS + "\n")
    with pytest.raises(InputError, match="ranks its substitutes and counts no annotators; take all of them with -o share=0"):
        generate([path])
    pairs = generate([path], share=0)
    assert ("forced", "compelled") in swaps(pairs)
    assert all("accepted_share" not in pair.covariates for pair in pairs)


def test_the_position_tells_which_occurrence_is_meant(tmp_path):
    path = tmp_path / "benchls.txt"
    path.write_text("a car is a car\tcar\t4\t1:automobile\n")
    (pair,) = generate([path], share=0)
    assert pair.low == "a car is an automobile"
    path.write_text("a car is a car\tcar\tautomobile\n")
    with pytest.raises(InputError, match="stands 2 times in its sentence, and nothing says which is meant"):
        generate([path])


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.json", "{", r"a\.json: not strict JSON"),
        ("a.json", "[]", r"a\.json: no object 'contexts'; the JSON of SWORDS holds contexts"),
        ("a.json.gz", "\x1f\x8bno", r"not (a whole gzip file|strict JSON)"),
        ("a.tsv", "one cell\n", r"a\.tsv:1: expected sentence, word and substitutes, split by tabs; found 1 cells"),
        ("a.tsv", TSAR + "\nNo such word.\tcar\tauto\n", r"a\.tsv:2: the word 'car' does not stand in its sentence"),
        ("a.tsv", "\n\n", r"a\.tsv: no words with substitutes"),
    ],
)
def test_what_is_no_such_file_is_one_line(tmp_path, name, text, message):
    path = tmp_path / name
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=message):
        generate([path])


def test_faulty_rows_are_named_or_left_out(tmp_path):
    document = swords(LOOKED, ("He had an idea.", "idea", "idea", "NOUN", {"notion": 10}))
    document["targets"]["t:1"]["offset"] = 2
    path = written(tmp_path, document)
    with pytest.raises(InputError, match=r"swords\.json:t:1: 'idea' does not stand at offset 2 of its context"):
        generate([path])
    skipped = []
    assert len(generate([path], skipped=skipped)) == 1
    assert len(skipped) == 1
    del document["substitute_labels"]["s:0:peer"]
    with pytest.raises(InputError, match="'substitutes' is not laid out as in SWORDS"):
        read_slots(written(tmp_path, document))
    with pytest.raises(InputError, match="lexsub takes one file"):
        generate([path, path])
    with pytest.raises(InputError, match=r"-o share=2: must be a share from 0 to 1"):
        generate([path], share=2)
    with pytest.raises(InputError, match="cannot be read"):
        generate([tmp_path / "none.json"])


@pytest.mark.skipif(not SWORDS.is_file(), reason="needs the SWORDS file beside the checkout")
def test_swords_gives_enough_couples_with_their_passages():
    pairs = generate([SWORDS])
    arms = Counter(pair.arm for pair in pairs)
    # what docs/lexical-substitution.md says of them
    assert arms == {"frequency": 332, "placebo": 49}
    assert [len({pair.item for pair in pairs if pair.arm == arm}) for arm in ("frequency", "placebo")] == [125, 40]
    own = [pair.meta["own_word"] for pair in pairs if pair.arm == "frequency" and pair.meta["own_word"] is not None]
    assert Counter(own) == {"high": 177, "low": 30}
    for pair in pairs:
        assert min(pair.covariates["accepted_share"]) >= 0.8
        assert pair.meta["original"].split()
        assert len(pair.high.split()) == len(pair.low.split())
        failed = {name for name, verdict in pair.checks.items() if verdict is False}
        assert not failed, (pair.meta["swap"], failed)
    most = Counter(pair.item for pair in pairs if pair.arm == "frequency").most_common(1)[0][1]
    assert most <= MAX_PER_ITEM
    result = audit(pairs)
    assert result["covariates"]["content_zipf"]["dz"] > 0.8
    assert abs(result["arms"]["placebo"]["covariates"]["mean_zipf"]["dz"]) < 0.2
    assert "accepted_share" in result["covariates"]
