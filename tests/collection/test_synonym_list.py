"""Synonym lists: what is written is read back by the rules of the search engines."""

import json

import pytest

from freqbias.collection.synonym_list import Loss, elasticsearch, opensearch, rules_of, solr, write_lists


def split(text, separator):
    """Split as Lucene's `SolrSynonymParser` does: a backslash keeps the next sign from meaning anything, empty parts vanish."""
    parts, part, at = [], "", 0
    while at < len(text):
        if text.startswith(separator, at):
            parts, part, at = [*parts, part], "", at + len(separator)
            continue
        size = 2 if text[at] == "\\" else 1
        part, at = part + text[at : at + size], at + size
    return [part for part in [*parts, part] if part]


def unescaped(text):
    """Take out backslashes as Lucene does."""
    made, at = "", 0
    while at < len(text):
        at += text[at] == "\\" and at < len(text) - 1
        made, at = made + text[at], at + 1
    return made


def read_rules(lines):
    """Return the equivalent words of every rule."""
    found = []
    for line in lines:
        if line and not line.startswith("#"):
            assert len(split(line, "=>")) == 1
            found.append([unescaped(word).strip() for word in split(line, ",")])
    return found


def loss(*words, of):
    """Return a case that lost so much by words that are given as `frequent rare`."""
    return Loss(words=tuple(tuple(couple.split("|")) for couple in words), loss=of)


LOSSES = [
    loss("use|utilise", of=0.5),
    loss("used|Utilised", of=0.25),
    loss("use|utilise", of=0.25),
    loss("apply|utilise", of=0.125),
    loss("help|aid", of=-0.5),
    loss("help|aid", of=0.25),
    loss("c, d|#a=>b\\", of=0.02),
    loss("little|diminutive", of=0.005),
    loss("same|SAME", of=1.0),
]
EXPECTED = [["utilise", "use", "apply"], ["utilised", "used"], ["#a=>b\\", "c, d"]]


def test_rules_are_those_that_lose_on_average_largest_sum_first():
    rules = rules_of(LOSSES)
    assert [list(rule.words) for rule in rules] == EXPECTED
    assert (rules[0].cases, rules[0].loss) == (3, pytest.approx(0.875 / 3))


def test_a_word_does_not_pay_for_its_company():
    cases = [loss("use|utilise", "list|roster", of=0.4), loss("list|roster", of=0.0), loss("a|b", "c|d", of=0.2)]
    rules = {rule.words: rule.loss for rule in rules_of(cases)}
    assert rules == {("utilise", "use"): pytest.approx(0.4), ("b", "a"): pytest.approx(0.1), ("d", "c"): pytest.approx(0.1)}


def test_solr_reads_the_words_back():
    assert read_rules(solr(rules_of(LOSSES)).splitlines()) == EXPECTED


def test_elasticsearch_reads_the_words_back():
    body = json.loads(json.dumps(elasticsearch(rules_of(LOSSES))))
    assert set(body) == {"synonyms_set"}
    assert len({rule["id"] for rule in body["synonyms_set"]}) == len(EXPECTED)
    assert read_rules(rule["synonyms"] for rule in body["synonyms_set"]) == EXPECTED


def test_opensearch_reads_the_words_back():
    analysis = json.loads(json.dumps(opensearch(rules_of(LOSSES))))["settings"]["analysis"]
    (analyzer,) = analysis["analyzer"].values()
    assert analyzer["filter"][0] == "lowercase"
    own = analysis["filter"][analyzer["filter"][1]]
    assert own["type"] == "synonym_graph"
    assert read_rules(own["synonyms"]) == EXPECTED


def test_files_of_no_rules_are_still_lists(tmp_path):
    paths = write_lists([], tmp_path)
    assert read_rules(paths[0].read_text().splitlines()) == []
    assert json.loads(paths[1].read_text()) == {"synonyms_set": []}
    assert len(paths) == 3
