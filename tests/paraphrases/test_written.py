"""Questions that a language model writes for pairs: neutral between the forms, named, checked, counted, and gone on with."""

import json

import asking
import pytest
from asking import asker
from conftest import missing, needed
from rewriting import rows_of

from freqbias.errors import BackendError, InputError
from freqbias.files import read_pairs, write_records
from freqbias.frequency import content_words
from freqbias.models import check_name
from freqbias.paraphrases.audit import audit
from freqbias.paraphrases.making import make_pair
from freqbias.paraphrases.questions import BY_MODEL, CONTEXT
from freqbias.paraphrases.substitute import pairs_of_texts
from freqbias.paraphrases.words import shared_words
from freqbias.paraphrases.written import TEXTS_AT_ONCE, Coverage, common_text, generate

GOOD = "Which vehicle failed on the trip north?"


@pytest.fixture(autouse=True)
def forgotten(monkeypatch):
    asker.forget()
    monkeypatch.setattr(asking, "ANSWERS", {})


def pair_of(n=0, **fields):
    texts = [f"He drove the old {word} to the coast near village {n} on Sunday." for word in ("car", "jalopy")]
    return make_pair(item=f"t:{n}", high=texts[0], low=texts[1], **fields)


def shown(n=0):
    return f"He drove the old … to the coast near village {n} on Sunday."


def written_to(folder, *pairs):
    path = folder / "pairs.jsonl"
    write_records(path, pairs)
    return path


def made(source, coverage=None, **options):
    return generate([source], lm="asking:asker", coverage=coverage, **options)


def test_what_is_shown_is_the_same_whichever_form_comes_first():
    for high, low, text in [
        (
            "He bought a car.",
            "He bought a jalopy.",
            "He bought ….",
        ),
        ("A huge dog, and A cat", "An enormous dog, and A cat", "… dog, and A cat"),
        ("They left.", "They left at once.", "They left …."),
        ("Soon they left.", "They left.", "… they left."),
    ]:
        found = common_text(high, low)
        assert found == common_text(low, high)
        assert found[0] == text
    assert common_text("He bought a car.", "He bought a jalopy.")[2] == ("car", "jalopy")
    assert common_text("It is about us.", "It is regarding us.")[2] == ("about", "regarding")


def test_a_question_becomes_the_relevant_query_and_is_named(cli, tmp_path):
    gloss = pair_of(1, queries={"gloss_plain": ["a road vehicle"]}, meta={"questions": {"gloss_plain": "gloss_in_context"}})
    context = pair_of(2, queries={"relevant": [shown(2)]}, meta={"questions": {"relevant": CONTEXT}})
    source, out = written_to(tmp_path, pair_of(), gloss, context), tmp_path / "asked.jsonl"
    asking.ANSWERS.update({shown(0): [f"Question: {GOOD}\nBecause"], shown(1): [f'"{GOOD}"'], shown(2): [f"{GOOD} It was his."]})
    result = cli("pairs", "queries", source, "--lm", "asking:asker", "--out", out)
    assert result.exit_code == 0, result.stderr
    assert "3 of 3 pairs got a question, written by asker\n" in result.stderr
    pairs = list(read_pairs(out))
    assert [pair.queries["relevant"] for pair in pairs] == [[GOOD]] * 3
    assert pairs[1].queries["gloss_plain"] == ["a road vehicle"]
    assert pairs[1].meta["questions"] == {"gloss_plain": "gloss_in_context", "relevant": BY_MODEL}
    assert all(pair.meta["written_by"] == "asker" for pair in pairs)
    assert [(pair.id, pair.high, pair.low) for pair in pairs] == [(pair.id, pair.high, pair.low) for pair in read_pairs(source)]
    assert asker.calls == [[shown(0), shown(1), shown(2)]]
    told = [verdict["message"] for verdict in audit(pairs)["verdicts"]]
    assert "3 pairs ask with questions written by asker" in told
    rows = rows_of(tmp_path / "asked.questions.jsonl")
    assert [(row["text"], row["prompt"], row["used"]) for row in rows] == [(GOOD, "question-v1", ["frequency"])] * 3
    alone = made(source, alone=True)
    assert "gloss_plain" not in alone[1].queries
    assert alone[1].meta["questions"] == {"relevant": BY_MODEL}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("Which cars failed on the trip?", "with a swapped word or its kin"),
        ("What became of the Jalopy?", "with a swapped word or its kin"),
        ("Did he drive the old vehicle to the coast near a village on Sunday?", "copies of the text"),
        ("What is the … there?", "with a gap"),
        ("", "without answer"),
        (None, "without answer"),
        ("Why?", "without answer"),
        ("The vehicle failed.", "no question"),
        ("Welches alte Fahrzeug ist auf der Reise zum Meer leider nicht mehr gefahren?", "in another language"),
    ],
)
def test_what_does_not_pass_is_drawn_once_more_and_counted(tmp_path, answer, why):
    source = written_to(tmp_path, pair_of())
    asking.ANSWERS[shown()] = [answer, GOOD]
    coverage = Coverage()
    assert made(source, coverage)[0].queries["relevant"] == [GOOD]
    assert coverage.lines()[:2] == ["1 of 1 pairs got a question, written by asker", f"answers left out: 1 {why}"]
    asking.ANSWERS[shown()] = [answer]
    coverage = Coverage()
    assert made(source, coverage) == list(read_pairs(source))
    assert coverage.lines()[:2] == [
        f"0 of 1 pairs got a question, written by asker; others: 1 last answer {why}",
        f"answers left out: 2 {why}",
    ]
    assert len(asker.calls) == 4


def test_an_irregular_inflection_is_the_word(tmp_path):
    source = written_to(tmp_path, make_pair(item="a", high="They buy fish at the port.", low="They procure fish at the port."))
    asking.ANSWERS["They … fish at the port."] = ["What was bought by the family?", "What was obtained by the family?"]
    assert made(source)[0].queries["relevant"] == ["What was obtained by the family?"]


def test_a_swapped_word_that_stands_elsewhere_too_is_not_shown(tmp_path):
    high, low = (f"The {word} stood with other cars by the gate all night." for word in ("car", "jalopy"))
    asking.ANSWERS["The … stood with other … by the gate all night."] = [GOOD]
    assert made(written_to(tmp_path, make_pair(item="a", high=high, low=low)))[0].queries["relevant"] == [GOOD]


def test_forms_with_little_in_common_are_asked_about_by_their_original(tmp_path):
    texts = {"high": "The man bought a big house.", "low": "A gentleman procured some capacious abode."}
    original = "He got himself a large home last year."
    asking.ANSWERS[original] = ["Where does this person live?"]
    coverage = Coverage()
    pairs = made(written_to(tmp_path, make_pair(item="a", **texts, meta={"original": original}), make_pair(item="b", **texts)), coverage)
    assert pairs[0].queries["relevant"] == ["Where does this person live?"]
    assert "relevant" not in pairs[1].queries
    assert coverage.lines() == [
        "1 of 2 pairs got a question, written by asker; others: 1 whose forms have too little in common and no original"
    ]


def test_queries_that_came_with_a_text_stay(tmp_path):
    own = pair_of(queries={"relevant": ["old vehicles"]})
    coverage = Coverage()
    source = written_to(tmp_path, own)
    assert made(source, coverage) == list(read_pairs(source))
    assert asker.calls == []
    assert coverage.lines() == ["0 of 1 pairs got a question, written by asker; others: 1 with queries of their own"]


def test_interrupted_work_goes_on_and_asks_nothing_twice(tmp_path):
    count = TEXTS_AT_ONCE + 2
    source = written_to(tmp_path, *map(pair_of, range(count)))
    asking.ANSWERS.update({shown(n): ["Nothing." if n == 1 else GOOD, GOOD] for n in range(count)})
    whole, first = made(source, journal=tmp_path / "whole.jsonl"), tmp_path / "cut.jsonl"
    asker.forget()
    asker.quits_at = 2
    with pytest.raises(BackendError, match=r"the server is gone; what was written is kept in .*cut\.jsonl"):
        made(source, journal=first)
    assert len(rows_of(first)) == TEXTS_AT_ONCE
    asker.forget()
    assert made(source, journal=first) == whole
    assert asker.calls == [[shown(count - 2), shown(count - 1)], [shown(1)]]
    assert first.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    asker.forget()
    assert made(source, journal=first) == whole
    assert asker.calls == []
    with pytest.raises(InputError, match="was written with seed 0, not 1"):
        made(source, journal=first, seed=1)
    first.write_text('{"original": "a", "kind": "common", "number": 0}\n')
    with pytest.raises(InputError, match=r"cut\.jsonl:1: is no question; give another --out"):
        made(source, journal=first)


def test_what_cannot_be_is_one_line(cli, tmp_path):
    source = written_to(tmp_path, pair_of())
    for words, said in [
        ([], "queries needs a language model that writes; name one with --lm"),
        (["--lm", "bm25"], "not a language model"),
        (["--lm", "asking:asker", "-o", "temperature=0"], "temperature=0"),
    ]:
        result = cli("pairs", "queries", source, *words, "--out", tmp_path / "out.jsonl")
        assert (result.exit_code, said in " ".join(result.stderr.split())) == (2, True), result.stderr
    assert cli("pairs", "queries", source, "--lm", "asking:asker", "--out", source).exit_code == 2
    assert json.loads(source.read_text())["item"] == "t:0"


@pytest.mark.slow
def test_a_small_model_keeps_the_promises(tmp_path):
    try:
        check_name("smollm2-135m", "language_model")
    except InputError as error:
        missing(str(error))
    needed("transformers")
    texts = ["It was a huge room, and she did not like the curtains.", "They began to sing all night.", "He wants to buy a big house."]
    pairs = pairs_of_texts(texts, max_share=1.0)
    assert pairs
    source, coverage = written_to(tmp_path, *pairs), Coverage()
    found = generate([source], lm="smollm2-135m", max_tokens=24, coverage=coverage, journal=tmp_path / "q.jsonl")
    assert coverage.asked + sum(coverage.without.values()) + sum(coverage.left_alone.values()) == len(pairs)
    for before, after in zip(pairs, found, strict=True):
        assert (after.id, after.high, after.low) == (before.id, before.high, before.low)
        if after.meta.get("written_by"):
            (question,) = after.queries["relevant"]
            assert question.endswith("?")
            assert content_words(question)
            assert not shared_words([question], common_text(after.high, after.low)[2])
    assert 1 <= len(rows_of(tmp_path / "q.jsonl")) <= 2 * len(pairs)
