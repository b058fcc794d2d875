"""Questions for texts without queries: each named, none with a swapped word in it; and what the probes make of them."""

import json

from freqbias.frequency import content_words
from freqbias.paraphrases.audit import audit
from freqbias.paraphrases.questions import CONTEXT, GAP, GLOSS_IN_CONTEXT, NEIGHBOUR, ORIGINAL
from freqbias.paraphrases.substitute import Coverage, generate, pairs_of_texts
from freqbias.paraphrases.words import shared_words
from freqbias.terms import FREQUENCY

OTHERS = ["The dog slept by the fire.", "Rain fell on the roof.", "They sang all night."]
TEXT = "It was a huge room, and she did not like the curtains."


def pair_of(*texts):
    return next(pair for pair in pairs_of_texts(texts, max_share=1.0) if pair.arm == FREQUENCY)


def test_the_gloss_asks_in_the_texts_own_context():
    pair = pair_of(TEXT, *OTHERS)
    (query,) = pair.queries["gloss_plain"]
    assert query == f"It was {GAP} room, and she did not like the curtains. ({GAP}: very big)"
    assert pair.queries["gloss_elevated"]
    assert pair.meta["questions"] == {
        "gloss_plain": GLOSS_IN_CONTEXT,
        "gloss_elevated": GLOSS_IN_CONTEXT,
        "naming": ORIGINAL,
        "neutral": NEIGHBOUR,
    }
    assert pair.meta["asked_for"] == "huge-enormous-a-everyday"
    assert not shared_words([query, *pair.queries["gloss_elevated"], *pair.queries["neutral"]], ["huge", "enormous"])


def test_the_unedited_original_asks_in_either_word_and_is_no_form():
    pair = pair_of(TEXT, *OTHERS)
    assert pair.queries["naming_high"] == TEXT
    assert pair.queries["naming_low"] == TEXT.replace("a huge", "an enormous")
    assert TEXT not in (pair.high, pair.low)
    alone = pair_of("A huge room.", *OTHERS)
    assert "naming_high" not in alone.queries  # it would be the form itself


def test_a_word_without_gloss_is_asked_for_by_its_context():
    pair = pair_of("I saw someone there.", *OTHERS)
    assert pair.queries["relevant"] == [f"I saw {GAP} there."]
    assert "gloss_plain" not in pair.queries
    assert pair.meta["questions"]["relevant"] == CONTEXT
    assert "asked_for" not in pair.meta


def test_of_two_words_the_one_whose_gloss_asks_is_named():
    pair = pair_of("The huge room had a tiny window.", *OTHERS)
    assert len(pair.meta["swaps"]) == 2
    assert pair.meta["asked_for"] == "tiny-minuscule-a-everyday"  # farther apart
    assert pair.queries["gloss_plain"][0].startswith(f"The {GAP} room had {GAP} window. (")


def test_a_text_that_says_the_word_again_is_not_asked_with_its_context():
    pair = pair_of("A huge room: huge!", *OTHERS)
    assert not {"gloss_plain", "relevant"} & set(pair.queries) or not shared_words(
        pair.queries.get("gloss_plain", []), ["huge", "enormous"]
    )


def test_neighbours_are_other_texts_without_the_word():
    pair = pair_of(TEXT, "Another huge thing.", *OTHERS)
    assert pair.queries["neutral"] == OTHERS


def test_a_collections_own_queries_are_left_as_they_are(tmp_path):
    (tmp_path / "qrels").mkdir()
    (tmp_path / "corpus.jsonl").write_text(json.dumps({"_id": "d1", "title": "", "text": TEXT}) + "\n")
    (tmp_path / "queries.jsonl").write_text(json.dumps({"_id": "q1", "text": "where are curtains?"}) + "\n")
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\n")
    pair = next(pair for pair in generate([tmp_path]) if pair.arm == FREQUENCY)
    assert pair.queries == {"relevant": ["where are curtains?"]}
    assert "questions" not in pair.meta


def test_command_and_audit_name_what_is_asked(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("\n".join([TEXT, *OTHERS]))
    coverage = Coverage()
    pairs = generate([path], coverage=coverage)
    said = [
        "1 pairs ask with the gloss of the swapped word in the text's own context",
        "1 pairs ask with the unedited original in either word, against forms that are both edited elsewhere",
        "1 pairs ask with other texts of the same source",
    ]
    assert [line for line in coverage.lines() if "ask with" in line] == said
    assert [row["message"] for row in audit(pairs)["verdicts"] if row["code"] == "questions"] == said
    assert content_words(pairs[0].high)
