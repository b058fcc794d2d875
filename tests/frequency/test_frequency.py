"""Frequencies of words and texts, and the gap over swapped words."""

import gzip
import importlib.util
import math
import random
from collections import Counter
from itertools import permutations
from pathlib import Path

import pytest
from wordfreq import tokenize, top_n_list, word_frequency, zipf_frequency

from freqbias import frequency, registry
from freqbias.errors import InputError
from freqbias.frequency import measures, words


def test_means_against_wordfreq():
    text = "The old jalopy broke down."
    words = ["the", "old", "jalopy", "broke", "down"]
    assert frequency.tokens(text) == words
    assert frequency.mean_zipf(text) == pytest.approx(sum(zipf_frequency(w, "en") for w in words) / 5)
    assert frequency.content_words(text) == ["old", "jalopy", "broke"]
    assert frequency.content_zipf(text) == pytest.approx(sum(zipf_frequency(w, "en") for w in words[1:4]) / 3)


def test_means_do_not_depend_on_the_order_of_words():
    orders = [" ".join(words) for words in permutations(("after", "stood", "car", "the", "because"))]
    for name in ("mean_zipf", "content_zipf", "geo_mean_prob"):
        assert len({getattr(measures, name)(text) for text in orders}) == 1
    assert len({frequency.zipf_gap(f"{text} jalopy", "lemon").value for text in orders}) == 1


def test_unknown_words_are_left_out_and_named():
    assert frequency.mean_zipf("the zzqxv") == zipf_frequency("the", "en")
    assert frequency.unknown_words("the zzqxv") == ["zzqxv"]
    assert frequency.mean_zipf("zzqxv") is None
    assert frequency.content_zipf("the of and") is None


def test_digits_are_no_content():
    assert frequency.content_words("In 1999 the 3rd car") == ["car"]


def test_swap_aligns_words_and_ignores_the_article():
    swap = frequency.swap("He ate an apple with a spoon.", "He ate a pippin with a spoon.")
    assert (swap.high, swap.low) == (("apple",), ("pippin",))
    assert swap.zipf_gap == pytest.approx(zipf_frequency("apple", "en") - zipf_frequency("pippin", "en"))


def test_gap_is_a_difference_of_log_probabilities():
    swap = frequency.swap("the car", "the jalopy")
    ratio = word_frequency("car", "en") / word_frequency("jalopy", "en")
    assert 10**swap.zipf_gap == pytest.approx(ratio, rel=0.03)  # wordfreq rounds Zipf values to two decimals


def test_swap_with_unknown_word_has_no_gap():
    swap = frequency.swap("the car", "the zzqxv")
    assert swap.zipf_gap is None
    assert swap.unknown == ("zzqxv",)


def test_unknown_language():
    with pytest.raises(InputError, match="unknown language 'xx'"):
        frequency.mean_zipf("text", "xx")


def test_stop_list_is_sorted_and_without_repeats():
    assert {"the", "not", "which"} <= frequency.stop_words("en")
    for path in sorted((Path(words.__file__).parents[1] / "data").glob("stopwords-*.txt")):
        listed = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        assert listed == sorted(set(listed)) or path.stem == "stopwords-en", path
        language = path.stem.removeprefix("stopwords-")
        for word in listed:
            assert frequency.tokens(word, language) == [word], path
            assert frequency.word_zipf(word, language) is not None, (path, word)


@pytest.mark.parametrize(
    ("language", "text", "content"),
    [
        ("de", "Das Auto hält nicht vor der Schule, obwohl es muss.", ["auto", "hält", "schule"]),
        ("fr", "C’est l’amie de la voisine qui n’a pas d’argent.", ["amie", "voisine", "argent"]),
        ("es", "El coche de los niños no está en la calle.", ["coche", "niños", "calle"]),
        ("it", "L’amico della ragazza non era nella stanza.", ["amico", "ragazza", "stanza"]),
        ("nl", "De auto van mijn buurman is niet op straat.", ["auto", "buurman", "straat"]),
        ("ru", "Машина стояла не на улице, а во дворе.", ["машина", "стояла", "улице", "дворе"]),
        ("sv", "Bilen är inte på gatan, utan i garaget.", ["bilen", "gatan", "garaget"]),
        ("pt", "O carro não está na rua, mas na garagem.", ["carro", "rua", "garagem"]),
    ],
)
def test_content_words_of_other_languages_leave_articles_out(language, text, content):
    assert frequency.content_words(text, language) == content


def test_a_language_without_a_stop_list_says_so_once(caplog):
    words.stop_words.cache_clear()
    for text in ("Samochód stoi na ulicy.", "To jest dom."):
        frequency.content_zipf(text, "pl")
    assert [record.message for record in caplog.records] == [
        "language 'pl' has no stop list here: its content words include articles and other function words"
    ]


def test_measures_by_hand():
    text = "the car the jalopy"
    zipf = [zipf_frequency(word, "en") for word in text.split()]
    probabilities = [10 ** (value - 9) for value in zipf]
    geometric = math.prod(probabilities) ** (1 / 4)
    assert measures.min_zipf(text) == min(zipf)
    assert measures.geo_mean_prob(text) == pytest.approx(geometric)
    assert measures.adam_eq3(text) == pytest.approx(1 / geometric)
    assert measures.adam_eq3.direction == -1
    assert measures.content_zipf(text) == pytest.approx((zipf[1] + zipf[3]) / 2)


@pytest.mark.parametrize("name", registry.names("frequencies"))
def test_every_measure_states_its_direction_and_knows_nothing_of_nothing(name):
    measure = registry.load("frequencies", name)
    assert "higher is" in measure.summary
    counts = frequency.Counts(Counter(["a", "b", "a"]), Counter([("a", "b"), ("b", "a")]))
    measure = measures.with_completions(counts) if name == "tfd" else measure
    source = counts if name in ("uni_bi", "corpus") else None
    assert measure("zzqxv qqzzx", "en", source) is None


def test_counts_from_text_and_table(tmp_path):
    (tmp_path / "a.txt").write_text("The car stopped.\nThe car, the jalopy.\n", encoding="utf-8")
    with gzip.open(tmp_path / "b.tsv.gz", "wt", encoding="utf-8") as stream:
        stream.write("the\t4\ncar\t2\nstopped\t1\njalopy\t1\n")
    for path in ("a.txt", "b.tsv.gz"):
        counts = frequency.read_counts([tmp_path / path])
        expected = {"the": 3 / 7, "car": 2 / 7} if path == "a.txt" else {"the": 4 / 8, "car": 2 / 8}
        for word, share in expected.items():
            assert counts.zipf(word) == pytest.approx(math.log10(share) + 9)
        assert counts.zipf("unseen") is None
    text = frequency.read_counts([tmp_path / "a.txt"])
    assert text.bigram_probability("the", "car") == 2 / 5
    assert measures.corpus("the car unseen", "en", text) == pytest.approx((text.zipf("the") + text.zipf("car")) / 2)
    single = measures.geo_mean_prob("the car", "en", text)
    assert measures.uni_bi("the car", "en", text) == pytest.approx(single**0.6 * (2 / 5) ** 0.4)
    with pytest.raises(InputError, match="a count table has no word pairs"):
        measures.uni_bi("the car", "en", frequency.read_counts([tmp_path / "b.tsv.gz"]))


def test_tfd_by_hand():
    completions = frequency.Counts(Counter({"the": 1, "zzqxv": 1}))
    p = 10 ** (zipf_frequency("the", "en") - 9)
    values = [0.5 * p + 0.5 * 0.5, (1 + 1) * 0.5 * 0.5]
    assert measures.with_completions(completions)("the zzqxv") == pytest.approx(math.prod(values) ** 0.5)


@pytest.mark.parametrize("name", ["uni_bi", "corpus", "tfd"])
def test_measures_that_need_more_say_what(name):
    with pytest.raises(InputError, match=r"--corpus|--completions"):
        registry.load("frequencies", name)("the car")


def test_bad_counts_name_file_and_line(tmp_path):
    (tmp_path / "t.tsv").write_text("the\t4\ncar two\na\t3\nis\t2\nof\t2\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"t\.tsv:2: 1 cells split by tabs where other rows have 2; each row must have"):
        frequency.read_counts([tmp_path / "t.tsv"])
    (tmp_path / "l.txt").write_bytes(b"fine\nna\xefve\n")
    with pytest.raises(InputError, match=r"l\.txt:2: not UTF-8"):
        frequency.read_counts([tmp_path / "l.txt"])
    (tmp_path / "e.txt").write_text("\n")
    with pytest.raises(InputError, match="no words"):
        frequency.read_counts([tmp_path / "e.txt"])


def test_short_cut_splits_as_wordfreq_does():
    vocabulary = [word for word in top_n_list("en", 50_000) if words._PLAIN.fullmatch(word)]
    vocabulary += ["don't", "dog's", "we'll", "o'clock", "3", "1999", "x's", "I"] * 300
    rng = random.Random(0)
    for _ in range(3000):
        text = rng.choice(vocabulary).capitalize()
        for _ in range(rng.randrange(9)):
            text += rng.choice([" ", ", ", "; ", ": ", "-", " "]) + rng.choice(vocabulary)
        text += rng.choice(["", ".", "!", "?"])
        if words._PLAIN.fullmatch(text):
            assert frequency.tokens(text) == tokenize(text, "en"), text


@pytest.mark.parametrize(
    "text", ["It's 3.5 km, e.g. here", "naïve café", "l'heure t'is", "ﬁne", "a\tb", "İstanbul", "rock 'n' roll", "x" * 500, "", "—"]
)
def test_odd_texts_take_the_long_way(text):
    assert frequency.tokens(text) == tokenize(text, "en")


def test_other_languages_and_the_missing_extra():
    assert frequency.mean_zipf("das alte Auto", "de") == pytest.approx(
        sum(zipf_frequency(word, "de") for word in ("das", "alte", "auto")) / 3
    )
    if importlib.util.find_spec("jieba") is None:
        with pytest.raises(InputError, match=r"pip install 'wordfreq\[cjk\]'"):
            frequency.mean_zipf("谢谢你", "zh")


def test_bulk_scores_are_the_single_scores():
    texts = ["the car", "zzqxv", "a jalopy, then"]
    assert list(frequency.score_texts(texts, measures.mean_zipf)) == [measures.mean_zipf(text) for text in texts]
