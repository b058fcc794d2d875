"""Rewriting that is cut, killed, stopped or asked again goes on to the same bytes, and mixes nothing in."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import rewriting
from filelock import FileLock
from rewriting import OPTIONS, K, command, lines_of, planted, rows_of, text

import freqbias
from freqbias.errors import BackendError, InputError
from freqbias.paraphrases.candidates import Journal
from freqbias.paraphrases.rewrite import TEXTS_AT_ONCE, Coverage, generate

pytestmark = pytest.mark.usefixtures("script")


@pytest.fixture
def whole(source, tmp_path, monkeypatch):
    """Return the pairs and files of a run that nothing interrupts, and the file of candidates as it was before they were judged."""
    journal = tmp_path / "whole.jsonl"
    with monkeypatch.context() as patched:
        patched.setattr(Journal, "finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            generate([source], **OPTIONS, journal=journal)
    raw = journal.read_bytes()
    pairs = generate([source], **OPTIONS, journal=journal)
    assert len(rewriting.scripted.calls) == 2  # none in the second run
    return pairs, raw, journal.read_bytes()


def test_a_run_cut_anywhere_goes_on_to_the_same_bytes(source, tmp_path, whole):
    pairs, raw, judged = whole
    journal, lines = tmp_path / "cut.jsonl", raw.splitlines(keepends=True)
    ends = [len(b"".join(lines[:k])) for k in range(len(lines) + 1)]
    cuts = sorted({0, 1, *ends, *(end - 1 for end in ends[1:]), *(end - 30 for end in ends[1::5]), len(raw)})
    assert len(cuts) > 100
    for cut in cuts:
        journal.write_bytes(raw[:cut])
        rewriting.scripted.calls.clear()
        assert generate([source], **OPTIONS, journal=journal) == pairs
        assert journal.read_bytes() == judged
        done = sum(end <= cut for end in ends[:: 2 * K][1:])
        assert [asked for call in rewriting.scripted.calls for asked in call] == [text(n) for n in range(done, 6)]


@pytest.mark.parametrize("call", [1, 2])
def test_a_killed_run_goes_on_to_the_same_bytes(cli, source, tmp_path, whole, call):
    out = tmp_path / "killed.jsonl"
    arguments = [sys.executable, "-m", "freqbias", *map(str, command(source, out))]
    paths = os.pathsep.join([str(Path(rewriting.__file__).parent), *sys.path])
    killed = subprocess.run(
        arguments, env={**os.environ, "PYTHONPATH": paths, "FREQBIAS_TEST_DIES_AT": str(call)}, capture_output=True, check=False
    )
    assert killed.returncode == -9, killed.stderr.decode()
    assert not out.exists()
    journal = tmp_path / "killed.candidates.jsonl"
    assert (len(rows_of(journal)) if journal.exists() else 0) == (call - 1) * TEXTS_AT_ONCE * 2 * K
    rewriting.scripted.calls.clear()
    result = cli(*command(source, out))
    assert result.exit_code == 0, result.stderr
    assert out.read_bytes() == lines_of(whole[0])
    assert journal.read_bytes() == whole[2]
    assert sum(map(len, rewriting.scripted.calls)) == 6 - (call - 1) * TEXTS_AT_ONCE
    assert not list(tmp_path.glob(".*lock"))


def test_a_model_that_stops_loses_what_it_did_not_answer_and_no_more(source, tmp_path):
    journal = tmp_path / "j.jsonl"
    options = OPTIONS | {"lm": "rewriting:quitting", "journal": journal}
    with pytest.raises(BackendError, match=r"the server is gone; what was written is kept in .*j\.jsonl, and the same command goes on"):
        generate([source], **options)
    assert len(rows_of(journal)) == TEXTS_AT_ONCE * 2 * K
    rewriting.quitting.stopped = None
    pairs = generate([source], **options)
    assert len(pairs) == 12
    assert rewriting.quitting.calls[2] == [text(4), text(5)]


def test_an_answer_that_failed_is_asked_for_again(source, tmp_path, script):
    journal = tmp_path / "j.jsonl"
    rewrites = {text(n): planted(n) for n in range(6)}
    script(rewrites | {text(2): {"common": [None] * K, "uncommon": [None] * K}})
    coverage = Coverage()
    assert len(generate([source], **OPTIONS, journal=journal, coverage=coverage)) == 10
    assert coverage.rejected["common"]["no_answer"] == K
    script(rewrites)
    rewriting.scripted.calls.clear()
    assert generate([source], **OPTIONS, journal=journal) == generate([source], **OPTIONS)
    assert rewriting.scripted.calls[0] == [text(2)]


def test_other_filters_need_no_model(cli, source, tmp_path):
    cli(*command(source, tmp_path / "pairs.jsonl"))
    rewriting.scripted.calls.clear()
    result = cli(*command(source, tmp_path / "pairs.jsonl", "-o", "gap=5"))
    assert result.exit_code == 0
    assert {pair.arm for pair in freqbias.read_pairs(tmp_path / "pairs.jsonl")} == {"placebo"}
    assert "6 of 6 texts are rewritten already" in result.stderr
    assert rewriting.scripted.calls == []


def test_texts_may_be_added_and_taken_away(source, tmp_path):
    journal = tmp_path / "j.jsonl"
    source.write_text(text(0) + "\n" + text(1) + "\n")
    generate([source], **OPTIONS, journal=journal)
    source.write_text(text(1) + "\n" + text(2) + "\n")
    generate([source], **OPTIONS, journal=journal)
    assert rewriting.scripted.calls == [[text(0), text(1)], [text(2)]]
    rows = rows_of(journal)
    assert [row["original"] for row in rows[:: 2 * K]] == [text(1), text(2), text(0)]
    assert "rejected" not in rows[-1]  # it was asked about no more, and is not lost


def test_texts_that_repeat_are_asked_for_once(source, tmp_path):
    source.write_text(f"{text(0)}\n{text(0)}\n")
    pairs = generate([source], **OPTIONS, journal=tmp_path / "j.jsonl")
    assert rewriting.scripted.calls == [[text(0)]]
    assert [pair.item for pair in pairs] == ["texts.txt:1", "texts.txt:2"] * 2
    assert len(rows_of(tmp_path / "j.jsonl")) == 2 * K
    assert not pairs[0].checks["not_a_duplicate"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 1}, "was written with seed 0, not 1"),
        ({"k": 5}, "was written with k 4, not 5"),
        ({"temperature": 0.9}, "was written with temperature 0.7, not 0.9"),
        ({"max_tokens": 9}, "was written with max_tokens 256, not 9"),
        ({"lm": "rewriting:greedy"}, "was written with model 'scripted', not 'greedy'"),
    ],
)
def test_answers_to_another_question_are_not_mixed_in(source, tmp_path, change, said):
    generate([source], **OPTIONS, journal=tmp_path / "j.jsonl")
    before = (tmp_path / "j.jsonl").read_bytes()
    with pytest.raises(InputError, match=rf"j\.jsonl:1: {said}; give another --out, or move that file away"):
        generate([source], **(OPTIONS | change), journal=tmp_path / "j.jsonl")
    assert (tmp_path / "j.jsonl").read_bytes() == before


@pytest.mark.parametrize("row", ["no JSON", "5", "null", "[]", '{"original": 3}', '{"original": "a", "kind": "b", "number": 0}', ""])
def test_a_file_that_holds_something_else_is_left_alone(source, tmp_path, row):
    (tmp_path / "j.jsonl").write_text(row + "\n")
    with pytest.raises(InputError, match=r"j\.jsonl:1: is no rewrite; give another --out, or move that file away"):
        generate([source], **OPTIONS, journal=tmp_path / "j.jsonl")
    assert (tmp_path / "j.jsonl").read_text() == row + "\n"


def test_one_process_asks_at_a_time(source, tmp_path):
    with (
        FileLock(tmp_path / ".j.jsonl.lock"),
        pytest.raises(InputError, match=r"j\.jsonl: another process is writing it; wait for it, or give another --out"),
    ):
        generate([source], **OPTIONS, journal=tmp_path / "j.jsonl")
    assert rewriting.scripted.calls == []


def test_a_file_that_cannot_be_written_is_one_line(source, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        generate([source], **OPTIONS, journal=tmp_path / "file" / "j.jsonl")
