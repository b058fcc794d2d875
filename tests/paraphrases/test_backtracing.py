"""Generator `backtracing`: what the texts share with their questions, where causes stand, and the reader of a user's own copy."""

import json
import re
from collections import Counter

import pytest

from freqbias.errors import InputError
from freqbias.frequency import content_words
from freqbias.paraphrases.backtracing import SENTENCES, domains, generate
from freqbias.paraphrases.words import shared_words
from freqbias.terms import FREQUENCY, PLACEBO

PAIRS = generate()


def words(text):
    return set(re.findall(r"[a-z]+", text.lower()))


def question(pair):
    return pair.queries["relevant"][0]


def overlap(pair, text):
    return len(words(question(pair)) & words(text))


def of(arm, domain):
    return [pair for pair in PAIRS if (pair.arm, pair.meta["domain"]) == (arm, domain)]


@pytest.mark.parametrize("arm", [FREQUENCY, PLACEBO])
@pytest.mark.parametrize("domain", ["lecture", "article", "conversation"])
def test_two_hundred_of_each_domain_from_ten_templates_and_the_planted_share(arm, domain):
    own = of(arm, domain)
    assert len(own) == 200
    frames = Counter(pair.meta["frame"] for pair in own)
    assert len(frames) == 10
    assert min(frames.values()) >= 15
    assert sum(pair.meta["similar"] for pair in own) == 50
    assert len({pair.item for pair in own}) == (74 if arm == FREQUENCY else 48)


@pytest.mark.parametrize("arm", [FREQUENCY, PLACEBO])
@pytest.mark.parametrize("domain", ["lecture", "article", "conversation"])
def test_causes_and_what_resembles_the_question_stand_everywhere_equally_often(arm, domain):
    own = of(arm, domain)
    causes = Counter(pair.meta["causes"][0] for pair in own)
    others = Counter(pair.meta["sentences"].index(pair.decoys["high"]) for pair in own)
    assert causes == dict.fromkeys(range(SENTENCES), 25)
    assert min(others.values()) >= 20
    assert max(others.values()) <= 30
    distances = Counter((pair.meta["sentences"].index(pair.decoys["high"]) - pair.meta["causes"][0]) % SENTENCES for pair in own)
    assert max(distances.values()) - min(distances.values()) <= 8
    alike = Counter(pair.meta["causes"][0] for pair in own if pair.meta["similar"])
    assert max(alike.values()) <= 14  # of 50 in eight places


def test_the_sentence_that_resembles_the_question_shares_most_words_with_it_row_by_row():
    for pair in PAIRS:
        meta, rest = pair.meta, list(pair.meta["sentences"][:SENTENCES])
        assert rest[meta["causes"][0]] == pair.high
        for form in (pair.high, pair.low):
            cause, other = overlap(pair, form), overlap(pair, pair.decoys["high"])
            nearest, second = (cause, other) if meta["similar"] else (other, cause)
            assert nearest > second
            asked = set(content_words(question(pair)))
            others = [text for text in rest if text not in (pair.high, pair.decoys["high"])]
            assert not any(asked & set(content_words(text)) for text in others)
            assert nearest >= max(overlap(pair, text) for text in others)
            topic = re.search(r"On the (.*)\.", pair.context)[1]
            shared = set(content_words(question(pair))) & set(content_words(form))
            assert shared <= set(topic.split())
            assert (shared == set()) != meta["similar"]
        about = [text for text in rest if re.search(rf"\bit\b|{topic}", text)]
        assert len(about) == 4
        assert pair.high in about
        assert sum(topic in text for text in about) == 1


def test_the_swapped_word_is_in_no_question_and_no_other_sentence():
    for pair in PAIRS:
        others = [text for text in pair.meta["sentences"][:SENTENCES] if text != pair.high]
        assert len(others) == SENTENCES - 1
        assert not shared_words(pair.meta["swap"], [question(pair), *others])
        assert all(passed is not False for passed in pair.checks.values()), pair.checks


def test_only_a_conversation_holds_the_question_as_a_turn_of_its_own():
    for pair in PAIRS:
        own = pair.meta["own"]
        assert (own == [SENTENCES]) == (pair.meta["domain"] == "conversation")
        assert [pair.meta["sentences"][place] for place in own] == [question(pair)] * len(own)
        assert len(pair.meta["sentences"]) == SENTENCES + len(own)


def test_texts_are_sentences_and_none_comes_twice():
    for pair in PAIRS:
        sentences = [pair.high, pair.low, question(pair), *pair.meta["sentences"]]
        assert all(re.fullmatch(r"[A-Z][A-Za-z ,]*[.?!]", text) for text in sentences), sentences
        assert not any(re.search(r"\b(\w+) \1\b", text.lower()) for text in sentences)
    for arm in (FREQUENCY, PLACEBO):
        own = [(pair.high, question(pair)) for pair in PAIRS if pair.arm == arm]
        assert len(set(own)) == len(own)
        assert len({(pair.item, pair.meta["frame"]) for pair in PAIRS if pair.arm == arm}) == len(own)


def test_templates_hold_what_they_are_filled_with():
    for own in domains().values():
        assert len(own["topics"]) >= 8
        assert len(own["templates"]) >= 8
        assert all(row["cause"].count("{x}") == row["cause"].count("{ref}") == row["asked"].count("{t}") == 1 for row in own["templates"])
        assert all(text.count("{ref}") == 1 for text in own["similar"])
        everything = [text for row in own["templates"] for text in (row["cause"], row["asked"])]
        assert len(set(everything)) == len(everything)
        for topic in own["topics"]:
            assert not shared_words([topic], own["fillers"])


def test_options_and_what_they_may_be():
    assert [pair.id for pair in generate(n=30, seed=2)] == [pair.id for pair in generate(n=30, seed=2)]
    assert [pair.id for pair in generate(n=30, seed=2)] != [pair.id for pair in generate(n=30, seed=3)]
    for share in (0.0, 0.5, 1.0):
        assert sum(pair.meta["similar"] for pair in generate(n=60, similar=share)) == 120 * share
    assert Counter(pair.meta["domain"] for pair in generate(n=4) if pair.arm == FREQUENCY) == {
        "lecture": 2,
        "article": 1,
        "conversation": 1,
    }
    with pytest.raises(InputError, match=r"similar=1\.5: must be from 0 to 1"):
        generate(similar=1.5)
    with pytest.raises(InputError, match="--n must be between 1 and"):
        generate(n=100_000)


def written(folder, name, query, text):
    for kind, rows in (("query", query), ("sources", text)):
        path = folder / name.replace("/", f"/{kind}/", 1)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(rows), encoding="utf-8")


@pytest.fixture
def copy(tmp_path):
    """Write a small made-up folder in the layout of the benchmark; none of it is from there."""
    lines = ["We meet the doctor here.", "Nothing moves.", "The baby slept in the kitchen.", "Nobody came."]
    text = [{"text": line} for line in lines]
    lecture = [
        {"text": "Why sleep?", "annotatedSourceSentencesIndices": [1, 2]},
        {"text": "Who?", "annotatedSourceSentencesIndices": [1]},
    ]
    written(tmp_path, "sight/annotated/one.json", lecture, text)
    written(tmp_path, "inquisitive/test/0001.json", [{"text": "Which doctor?", "sentence_id": 1}], text)
    turns = [{"text": line, "id": k + 1, "turn": k + 1} for k, line in enumerate([*lines, "Oh dear, that baby!"])]
    query = [{**turns[4], "source_sentences": [4, 2]}, {**turns[3], "source_sentences": [3]}]
    written(tmp_path, "reccon/tr_1.json", query, turns)
    written(tmp_path, "sight/annotated_chunks/one_0.json", lecture, text)
    return tmp_path


def test_a_users_copy_is_read_with_each_datasets_places(copy):
    told = []
    pairs = {pair.meta["domain"]: pair for pair in generate([copy], skipped=told) if pair.arm == FREQUENCY}
    assert set(pairs) == {"lecture", "article", "conversation"}
    assert told == ["5 questions, 1 of them without a cause beside their own turn; 3 frequency pairs, 0 placebo pairs"]
    lecture, article, dialogue = (pairs[name] for name in ("lecture", "article", "conversation"))
    assert (lecture.meta["causes"], lecture.meta["changed"]) == ([1, 2], 2)  # from 0; the first holds no word that can be swapped
    assert (lecture.high, lecture.low) == ("The baby slept in the kitchen.", "The infant slept in the kitchen.")
    assert (article.meta["causes"], article.meta["changed"], article.high) == ([0], 0, "We meet the doctor here.")  # from 1
    assert (dialogue.meta["causes"], dialogue.meta["own"]) == ([2], [4])  # the own turn, from 1, is no cause
    assert dialogue.queries == {"relevant": ["Oh dear, that baby!"]}
    assert lecture.meta["original_side"] == "high"
    assert lecture.item == "sight/one"
    assert lecture.zipf_gap > 0.7


@pytest.mark.parametrize("part", ["sight", "inquisitive", "reccon"])
def test_a_folder_may_be_one_dataset_or_hold_data(copy, part, tmp_path):
    assert {pair.item.split("/")[0] for pair in generate([copy / part])} == {part}
    (tmp_path / "whole").mkdir()
    (copy / part).rename(tmp_path / "whole" / part)
    (tmp_path / "repository").mkdir()
    (tmp_path / "whole").rename(tmp_path / "repository" / "data")
    assert {pair.item.split("/")[0] for pair in generate([tmp_path / "repository"])} == {part}


def test_what_does_not_fit_the_layout_is_one_line_that_names_the_file(copy, tmp_path):
    def refused(match, folder=copy):
        with pytest.raises(InputError, match=match):
            generate([folder])

    refused("none of sight/query, inquisitive/query, reccon/query is in it", tmp_path / "nowhere")
    path = copy / "inquisitive" / "query" / "test" / "0001.json"
    for rows, match in (
        ([{"text": "Which?", "sentence_id": 9}], r"0001\.json: a place of 'Which\?' is beyond the 4 sentences"),
        ([{"text": "Which?", "sentence_id": 0}], "is beyond the 4 sentences"),
        ([{"text": "Which?"}], r"0001\.json: field 'sentence_id' must hold places of sentences, found None"),
        ([{"text": "Which?", "sentence_id": "1"}], "must hold places of sentences, found '1'"),
        (["Which?"], "expected a list of objects"),
        ([{"sentence_id": 1}], "field 'text' must be a text"),
    ):
        path.write_text(json.dumps(rows))
        refused(match)
    (copy / "inquisitive" / "sources" / "test" / "0001.json").unlink()
    refused("its text .* is not there")
    path.unlink()
    refused(r"no \.json file in it")
    only = tmp_path / "only"
    written(only, "inquisitive/test/1.json", {"text": "Why?", "sentence_id": 1}, [{"text": "Zzz."}, {"text": "Yyy."}])
    refused("no cause holds a word that can be swapped", only)


def test_a_question_that_is_asked_twice_is_two_pairs_and_a_copy_is_measured_from_the_command_line(copy, cli):
    written(
        copy,
        "inquisitive/test/0001.json",
        [{"text": "Which doctor?", "sentence_id": 1}] * 2,
        [{"text": "A doctor came."}, {"text": "No."}],
    )
    made, out = copy / "pairs.jsonl", copy / "run"
    assert cli("pairs", "backtracing", copy, "--out", made).exit_code == 0
    rows = [json.loads(line) for line in made.read_text().splitlines()]
    assert len({row["id"] for row in rows}) == len(rows) == 4
    assert cli("run", "--pairs", made, "--probe", "backtracing", "--embedder", "bm25", "--out", out).exit_code == 0
    found = [json.loads(line) for line in (out / "model_estimates.jsonl").read_text().splitlines()]
    own = {(row["measure"], row["contrast"], row["term"]): row["value"] for row in found}
    assert own["acc_at_1", "frequent_wording", "article"] == 1.0  # the question has the frequent word
    assert own["acc_at_1", "rare_wording", "article"] == 0.5
    assert own["acc_at_1", "baseline", "random:conversation"] == pytest.approx(1 / 4)
