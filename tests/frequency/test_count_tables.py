"""Count tables of others: how they are split, which columns count, and what is neither a table nor running text."""

import gzip
import math

import pytest

from freqbias.errors import InputError
from freqbias.frequency import read_counts
from freqbias.frequency.count_tables import count_of


def counts_of(tmp_path, content, name="counts.txt"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_counts([path])


SUBTLEX = (
    "Word\tFREQcount\tCDcount\tFREQlow\tCdlow\tSUBTLWF\tLg10WF\n"
    "the\t23135\t8388\t1339811\t8388\t29449.18\t6.1766\ncar\t12\t7\t2\t3\t.24\t1.38\n"
)
TABLES = {
    "spaces": "the 23135\ncar 12\n",
    "one row of spaces": "the 23135\ncar 12",
    "spaces, header": "word count\nthe 23135\ncar 12\n",
    "uniq -c": "  23135 the\n     12 car\n",
    "tabs": "the\t23135\ncar\t12\n",
    "tabs, header": "Word\tFrequency\nthe\t23135\ncar\t12\n",
    "commas": "the,23135\ncar,12\n",
    "commas, header": "word,count\nthe,23135\ncar,12\n",
    "quotes": '"word","count"\r\n"the","23,135"\r\n"car","12"\r\n',
    "semicolons": "Wort;Anzahl\nthe;23135\ncar;12\n",
    "SUBTLEX": SUBTLEX,
    "SUBTLEX with commas": SUBTLEX.replace("\t", ","),
    "counts before words": "freq,lemma,pos\n23135,the,det\n12,car,n\n",
    "Leipzig": "1\tthe\t23135\n2\tcar\t12\n",
    "parts of speech": "word,pos,count\nthe,det,23000\nthe,adv,135\ncar,n,12\n",
    "thousands": "the\t23,135\ncar\t12\n",
    "fractions of zero": "the\t23135.0\ncar\t12.00\n",
    "powers of ten": "the\t2.3135e+4\ncar\t1.2e1\n".replace("2.3135e+4", "23135"),
    "case": "The\t23000\nthe\t135\nCAR\t12\n",
    "old line ends": "word\tcount\rthe\t23135\rcar\t12\r",
    "byte-order mark": "\ufeffword,count\nthe,23135\ncar,12\n",
    "empty lines": "the\t23135\n\ncar\t12\n\n",
    "zeros": "the\t23135\ncar\t12\ndog\t0\n",
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", TABLES)
def test_tables_of_many_kinds_hold_the_same(tmp_path, kind, packed):
    content = TABLES[kind].encode()
    counts = counts_of(tmp_path, gzip.compress(content, mtime=0) if packed else content, "counts.txt.gz" if packed else "counts.txt")
    assert counts.zipf("the") == pytest.approx(math.log10(23135 / 23147) + 9)
    assert counts.zipf("car") == pytest.approx(math.log10(12 / 23147) + 9)
    assert counts.zipf("word") is None
    assert counts.bigrams is None


def test_composed_and_decomposed_letters_are_one_word(tmp_path):
    counts = counts_of(tmp_path, "caf\u00e9\t3\ncafe\u0301\t4\nthe\t3\n")
    assert counts.words == {"café": 7, "the": 3}


def test_a_word_that_texts_are_split_in_is_found_and_one_of_several_is_counted(tmp_path, caplog):
    counts = counts_of(tmp_path, "e-mail\t500\nNew York\t300\nthe\t10\n...\t7\n")
    assert counts.words == {"e": 500, "mail": 500, "the": 10}
    assert "2 rows are no single word (first: line 2, 'New York'), their 307 counts are not used" in caplog.text
    caplog.clear()
    assert counts_of(tmp_path, "New York 300\nthe 10\ncar 5\nof 4\nto 3\n").words == {"the": 10, "car": 5, "of": 4, "to": 3}
    assert "1 rows are no single word (first: line 1, 'New York'), their 300 counts" in caplog.text


@pytest.mark.parametrize(
    ("cell", "count"),
    [
        *((" 7 ", 7), ("23,135", 23135), ("1,234,567.0", 1234567), ("23135.0", 23135), ("2.5e3", 2500), ("0", 0)),
        *(("-5", None), ("5.2", None), ("23.135", None), ("1,2", None), ("1234,567", None), ("1e-3", None), ("", None), ("٢", None)),
    ],
)
def test_counts_are_whole_numbers(cell, count):
    assert count_of(cell) == count


PROSE = [
    "The car stopped.\nIt was 1999\n",
    "He was born in 1999\n",
    "Well, I said, no\nThe car, then, in 1999\n",
    "In the year, 1999\nIn the car, 2005\n",
    "the\ncar\nthe\nis\n" * 10,
    "Il est resté car il pleuvait.\n",
    "- 1 car\n- a bus, and so on\n",
]


@pytest.mark.parametrize("content", PROSE)
def test_running_text_is_counted_word_by_word(tmp_path, content):
    assert counts_of(tmp_path, content).bigrams is not None


NEITHER = {
    '{"text": "the car"}\n{"text": "a car"}\n': "but JSON or markup; each row of a table must have a word and a whole number",
    "<p>the car\n<p>the bus\n": "but JSON or markup",
    "1 2 3\n4 5 6\n": "but few letters",
    "the\tDT\ncar\tNN\n": "but columns without counts",
    "the\t0.05\ncar\t0.01\n": "but columns without counts",
    "\n".join(f"word{chr(97 + n)}" for n in range(24)): "but a list of words without counts",
}


@pytest.mark.parametrize("content", NEITHER)
def test_what_is_neither_is_refused(tmp_path, content):
    with pytest.raises(InputError, match=f":1: neither running text nor a count table, {NEITHER[content]}"):
        counts_of(tmp_path, content)


FAULTS = {
    "the\t4\nof\t3\nto\t3\nit\t1\nand five\n": r":5: 1 cells split by tabs where other rows have 2; each row must have a word",
    "word,count\nthe,23,135\ncar,12\nof,9\nto,8\n": r":2: 3 cells split by commas where other rows have 2",
    "word\tfreq\nthe\t0.05\ncar\t0.01\n": r":2: count: '0\.05' is not a whole number; give counts, not shares",
    "word\tcount\nthe\t23.135\ncar\t12\n": r":2: count: '23\.135' is not a whole number",
    "the\t9\ncar\t-5\nof\t3\n": r":2: count: '-5' is not a whole number",
    "foo\tbar\nthe\t5\ncar\t4\n": r":1: count: 'bar' is not a whole number; call the columns of a header 'word' and 'count'",
    "the\t4\n\t3\na\t2\n": r":2: word: is empty; write one, or delete the row",
    "the\t5\t7\ncar\t4\t9\n": r":1: 2 columns hold whole numbers; add a header that calls one 'count'",
    "word\tlow\tup\nthe\t5\t7\ncar\t4\t9\n": r":1: 2 columns hold whole numbers",
    'word,count\nthe,4\n"car,3\nof,2\n': r":3: 0 cells split by commas",
    b"the\t4\ncaf\xe9\t3\n": r":2: not UTF-8; convert the file",
    "the\t4\n".encode("utf-16"): r":1: no text but bytes, or UTF-16",
    "".join(f"{n}\tThe car stopped at {n}.\n" for n in range(1, 9)): r":1: most rows hold several words; give a table with one word",
    "ngram,count\nof the,5\nin the,4\n": r":1: most rows hold several words",
    "".join(f"word{chr(97 + n)}\t{n}\n" for n in range(9)): r":1: the numbers go up by one from row to row; give counts, not ranks",
    "".join(f"{n} word{chr(97 + n)}\n" for n in range(1, 9)): r":1: the numbers go up by one",
    "the\t0\n": r"counts\.txt: contains no words",
}


@pytest.mark.parametrize("content", FAULTS)
def test_a_row_that_is_not_like_the_others_is_named(tmp_path, content):
    with pytest.raises(InputError, match=FAULTS[content]):
        counts_of(tmp_path, content)


def test_a_table_by_its_name_is_no_prose(tmp_path):
    with pytest.raises(InputError, match=r"c\.csv:1: a table without counts; each row must have a word and a whole number"):
        counts_of(tmp_path, "the,DT\ncar,NN\n", "c.csv")


def test_the_command_line_scores_with_a_table(cli, tmp_path):
    (tmp_path / "counts.csv").write_text("word,count\nthe,9\ncar,1\n")
    result = cli("score", "the car", "--frequency", "corpus", "--corpus", tmp_path / "counts.csv", "--json")
    assert f'"corpus": {(18 + math.log10(0.9) + math.log10(0.1)) / 2:.6f}' in result.stdout
    (tmp_path / "counts.jsonl").write_text('{"word": "the", "count": 9}\n')
    result = cli("score", "the car", "--frequency", "corpus", "--corpus", tmp_path / "counts.jsonl")
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
