"""Whole and split words, by tokenizers that are known and by those of real models."""

from types import SimpleNamespace

import pytest

from freqbias.errors import BackendError
from freqbias.paraphrases import lexicon
from freqbias.probes.common import document_covariates
from freqbias.probes.whole_word import swapped_spans, whole_words
from freqbias.records import Pair

VOCABULARY = {"time", "man", "people", "the", "a", "an", "car", "stopped", "dog", "idea", "here", "and", "saw", "it", "."}


def pieces(texts):
    """Count tokens as a vocabulary of whole words does that falls back on letters."""
    return [sum(1 if word in VOCABULARY else len(word) for word in text.lower().replace(".", " .").split()) for text in texts]


def of(high, low, count=pieces, **fields):
    pair = Pair(id="1", item="a", high=high, low=low, **fields)
    return whole_words([pair], count, "m")["1"].get("whole_word")


@pytest.mark.parametrize(
    ("high", "low", "expected"),
    [
        ("The car stopped.", "The jalopy stopped.", [1, 0]),
        ("The jalopy stopped here.", "The banger stopped here.", [0, 0]),
        ("the car stopped", "the dog stopped", [1, 1]),
        ("An idea stopped it.", "A notion stopped it.", [1, 0]),  # the article is no swapped word
        ("The car and the dog stopped.", "The jalopy and the hound stopped.", [1, 0]),
        ("The car and the dog stopped.", "The man and the hound stopped.", [1, 0]),  # every swapped word
        ("Car stopped.", "Jalopy stopped.", [1, 0]),
        ("The car's here.", "The dog's here.", [0, 0]),  # `'s` is a token more
        ("The car stopped and would not go on.", "The old jalopy conked out.", None),
        ("The car stopped.", "As one could see, the car stopped.", None),
        ("It stopped.", "It stopped!", None),
    ],
)
def test_by_hand(high, low, expected):
    assert of(high, low) == expected


@pytest.mark.parametrize("odd", ["time", "man", "people"])
@pytest.mark.parametrize("more", [-1, 2])
def test_a_whole_word_that_is_split_or_dropped_does_no_harm(odd, more):
    def counts(texts):
        return [n + more * (odd in text.split()) for n, text in zip(pieces(texts), texts, strict=True)]

    assert of("the car stopped", "the jalopy stopped", counts) == [1, 0]


def test_no_tokenizer_gives_nothing_and_a_wrong_count_is_an_error():
    assert of("the car", "the dog", lambda texts: None) is None
    with pytest.raises(BackendError, match="m: token_counts gave 1 numbers for 5 texts"):
        of("the car", "the dog", lambda texts: [1])


def test_spans_are_of_the_texts_as_they_are():
    pair = Pair(id="1", item="a", high="“Car”, he said: it’s 3 cars.", low="“Jalopy”, he said: it’s 3 jalopies.")
    high, low = swapped_spans(pair)
    assert [pair.high[a:b] for a, b in high] == ["Car", "cars"]
    assert [pair.low[a:b] for a, b in low] == ["Jalopy", "jalopies"]


@pytest.mark.parametrize(("alias", "kind", "prefix"), [("minilm", "wordpiece", ""), ("smollm2-135m", "bpe", " ")])
def test_real_tokenizers_agree_with_the_pieces_of_the_word(alias, kind, prefix):
    """Words inside a sentence that are shown as they stand in the lexicon, against the counts that are stored with it."""
    from conftest import missing, needed

    from freqbias.models.names.aliases import find_alias

    folder = find_alias(alias).ready_directory()
    if folder is None:
        missing(f"model {alias}: freqbias models fetch {alias}")
    tokenizer = needed("tokenizers").Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    pairs = [pair for pair in lexicon.generate(n=300, sets="all") if pair.arm != "length"]
    found = whole_words(pairs, lambda texts: [len(tokenizer.encode(text, add_special_tokens=False).ids) for text in texts], alias)
    seen = 0
    for pair in pairs:
        item = lexicon.sets_by_id(pair.arm)[pair.item]
        for side, word in enumerate((item.high, item.low)):
            if f" {word}" in (pair.high, pair.low)[side]:  # not inflected, not first
                text = (pair.high, pair.low)[side]
                after = text[text.index(f" {word}") + len(word) + 1 :][:1]
                if after in (" ", ".", ",", "?"):
                    seen += 1
                    assert found[pair.id]["whole_word"][side] == (item.subwords[kind][side] == 1), (pair.high, pair.low)
    assert seen > 300
    assert {tuple(row["whole_word"]) for row in found.values()} == {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_probes_write_it():
    model = SimpleNamespace(max_tokens=None, info=SimpleNamespace(name="m"), token_counts=pieces)
    pairs = [Pair(id="1", item="a", high="The car stopped.", low="The jalopy stopped.")]
    assert document_covariates(pairs, model)["1"] == {"subwords": [4, 9], "truncated": [0, 0], "whole_word": [1, 0]}
