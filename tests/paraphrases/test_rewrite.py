"""Pairs that a language model writes: scripted for what is asked, kept, filtered and counted; a small real one for mechanics."""

import json
import logging
import os
from pathlib import Path

import pytest
import rewriting
from conftest import missing, needed
from misbehaving import MODEL, Server, completion
from rewriting import OPTIONS, K, command, lines_of, rows_of, text

import freqbias
from freqbias.errors import InputError
from freqbias.models.writing import seed_of
from freqbias.paraphrases.candidates import prompt
from freqbias.paraphrases.rewrite import TEXTS_AT_ONCE, Coverage, generate

pytestmark = pytest.mark.usefixtures("script")


def test_a_pair_of_either_arm_from_what_passes(cli, source, tmp_path):
    out = tmp_path / "pairs.jsonl"
    result = cli(*command(source, out))
    assert result.exit_code == 0, result.stderr
    pairs = list(freqbias.read_pairs(out))
    assert [(pair.arm, pair.item) for pair in pairs] == [
        (arm, f"texts.txt:{n + 1}") for arm in ("frequency", "placebo") for n in range(6)
    ]
    first, placebo = pairs[0], pairs[6]
    assert (first.high, first.low) == ("He saw the big car on day 0.", "He espied the capacious jalopy on day 0.")
    assert (placebo.high, placebo.low) == ("He saw the quick car on day 0.", "He saw the heavy car on day 0.")
    assert all(pair.generator == "rewrite" and all(pair.checks.values()) for pair in pairs)
    assert first.zipf_gap == pytest.approx(freqbias.frequency.zipf_gap(first.high, first.low).value)
    assert {pair.meta["zipf_gap_of"] for pair in pairs} <= {"swap", "text"}
    assert all(abs(pair.zipf_gap) <= 0.1 for pair in pairs[6:])
    assert all(pair.zipf_gap >= 0.3 for pair in pairs[:6])
    assert first.meta["original"] == text(0)
    assert first.meta["prompts"] == ["rewrite-common-v1", "rewrite-uncommon-v1"]
    assert first.meta["model"] == "scripted"
    assert placebo.meta["oriented_by"] == "prompt"
    assert first.meta["oriented_by"] is None
    assert first.covariates["similarity_to_original"] == pytest.approx([1.0, 1.0])
    assert cli("audit", out, "--json").exit_code == 0


def test_every_rewrite_is_kept_with_its_reason(cli, source, tmp_path):
    cli(*command(source, tmp_path / "pairs.jsonl"))
    rows = rows_of(tmp_path / "pairs.candidates.jsonl")
    assert len(rows) == 6 * 2 * K
    assert [row["rejected"] for row in rows[: 2 * K]] == [None, "copy", "numbers_equal", None, None, "meaning", "no_answer", None]
    assert [row["used"] for row in rows[: 2 * K]] == [["frequency"], [], [], ["placebo"], ["frequency"], [], [], ["placebo"]]
    assert rows[3]["answer"] == "Rewritten text: He saw the quick car on day 0."
    assert rows[3]["text"] == "He saw the quick car on day 0."
    for number, row in enumerate(rows):
        assert row["original"] == text(number // (2 * K))
        assert (row["kind"], row["number"]) == (("common", "uncommon")[number // K % 2], number % K)
        assert row["prompt"] == f"rewrite-{row['kind']}-v1"
        assert (row["model"], row["fingerprint"], row["seed"], row["k"], row["temperature"]) == ("scripted", "abc", 0, K, 0.7)


def test_the_summary_says_what_each_filter_took_from_each_side_and_arm(cli, source, tmp_path):
    result = cli(*command(source, tmp_path / "pairs.jsonl"))
    lines = " ".join(result.stderr.split())
    assert "6 texts, rewritten by scripted; meaning by rewriting:topics: cosine of at least 0.5 to the text" in lines
    assert "common words (rewrite-common-v1): 12 of 24 rewrites kept; left out: 6 copies, 6 with other numbers" in lines
    assert "uncommon words (rewrite-uncommon-v1): 12 of 24 rewrites kept; left out: 6 of another meaning, 6 without answer" in lines
    assert "frequency: 6 of 6 texts give a pair, mean gap +" in lines
    assert "placebo: 6 of 6 texts give a pair, mean gap +0.02 Zipf (swapped words); couples left out: 30 of unequal frequency" in lines
    assert "rewriting" in lines


def test_python_and_command_give_the_same(cli, source, tmp_path, caplog):
    out = tmp_path / "pairs.jsonl"
    cli(*command(source, out))
    with caplog.at_level(logging.INFO, "freqbias"):
        logging.getLogger("freqbias").propagate = True
        pairs = freqbias.rewrite(source, **OPTIONS, journal=tmp_path / "own.jsonl")
    assert lines_of(pairs) == out.read_bytes()
    assert (tmp_path / "own.jsonl").read_bytes() == (tmp_path / "pairs.candidates.jsonl").read_bytes()
    assert "frequency: 6 of 6 texts give a pair" in caplog.text
    held = freqbias.rewrite([text(0), " ", text(1)], **OPTIONS)
    assert [(pair.item, pair.high) for pair in held] == [
        (f"text:{n}", pair.high) for pair in (pairs[0], pairs[1], pairs[6], pairs[7]) for n in [1 + 2 * (pair.item == "texts.txt:2")]
    ]
    assert len(rewriting.scripted.calls) == 5
    assert len(freqbias.rewrite(source, **OPTIONS, n=2, seed=3)) == 4


@pytest.mark.parametrize("answer", ["", "I cannot help with that.", "Lorem ipsum dolor sit amet.", "%&/()=" * 40, text(0)])
def test_nonsense_gives_no_pairs_a_warning_and_counts(cli, source, tmp_path, script, answer):
    script({text(n): {kind: [answer] for kind in ("common", "uncommon")} for n in range(6)})
    result = cli(*command(source, tmp_path / "pairs.jsonl"))
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "pairs.jsonl").read_text() == ""
    said = " ".join(result.stderr.split())
    assert "texts.txt: no two rewrites by scripted make a pair; the counts say what was left out" in said
    assert "0 of 24 rewrites kept; left out: " in said
    assert all(row["rejected"] for row in rows_of(tmp_path / "pairs.candidates.jsonl"))


def test_a_model_with_one_answer_gives_what_it_can(source):
    coverage = Coverage()
    pairs = generate([source], **(OPTIONS | {"lm": "rewriting:greedy"}), coverage=coverage)
    assert [pair.arm for pair in pairs] == ["frequency"] * 6
    assert coverage.rejected["common"] == {"repeated": 6 * (K - 1)}


@pytest.mark.parametrize(
    ("options", "words", "said"),
    [
        ({"lm": None}, [], "rewrite needs a language model that writes; name one with --lm"),
        ({"lm": "nosuch"}, [], "unknown model 'nosuch'"),
        ({"lm": "bm25"}, [], "model 'bm25' is not a language model"),
        ({"lm": "rewriting:words_only"}, [], "is a function that only scores texts; name a model that can generate"),
        ({"lm": "rewriting:nothing"}, [], "module 'rewriting' has no 'nothing'"),
        ({"embedder": "smollm2-135m"}, [], "model 'smollm2-135m' is not an embedder"),
        ({}, ["-o", "k=0"], "-o k=0: must be at least 1"),
        ({}, ["-o", "k=-3"], "-o k=-3: must be at least 1"),
        ({}, ["-o", "k=many"], "-o k=many: expected `int`"),
        ({}, ["-o", "temperature=0"], "-o temperature=0: must be above 0"),
        ({}, ["-o", "temperature=nan"], "-o temperature=nan: must be a number"),
        ({}, ["-o", "max_tokens=0"], "-o max_tokens=0: must be at least 1"),
        ({}, ["-o", "ratio=0.5"], "-o ratio=0.5: must be at least 1"),
        ({}, ["-o", "gap=0"], "-o gap=0: must be above 0"),
        ({}, ["-o", "backend=http"], "backend 'http' needs the address of a server"),
        ({"language": "xx"}, [], "xx"),
        ({}, ["-o", "journal=x"], "generator 'rewrite' takes no option 'journal'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(cli, source, tmp_path, options, words, said):
    given = command(source, tmp_path / "out" / "pairs.jsonl", *words, **options)
    if options.get("lm", "") is None:
        given = [part for k, part in enumerate(given) if part not in ("--lm", None)]
    result = cli(*given)
    if "is not ready here" in result.stderr:
        missing(" ".join(result.stderr.split()))
    assert result.exit_code == 2, result.stderr
    assert said in " ".join(result.stderr.split())
    assert len(result.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.glob("out/*"))
    assert rewriting.scripted.calls == []


def test_python_errors_speak_of_arguments():
    with pytest.raises(InputError, match=r"^k=0: must be at least 1$"):
        freqbias.rewrite(["a"], lm="rewriting:scripted", k=0)
    with pytest.raises(InputError, match="not a language model; give it to embedder, not lm"):
        freqbias.rewrite(["a"], lm="bm25", embedder="rewriting:topics")
    with pytest.raises(InputError, match=r"texts\[1\]: expected a text, found int"):
        freqbias.rewrite(["a", 3], **OPTIONS)
    with pytest.raises(InputError, match="texts: expected a path or several texts, found int"):
        freqbias.rewrite(3, **OPTIONS)
    for nothing in ([], ["", "\u200b"]):
        with pytest.raises(InputError, match="texts: contains no texts"):
            freqbias.rewrite(nothing, **OPTIONS)


def test_other_generators_take_no_models(cli, tmp_path):
    result = cli("pairs", "lexicon", "--lm", "smollm2-135m", "--out", tmp_path / "p.jsonl")
    assert (result.exit_code, "takes no --lm" in result.stderr) == (2, True)


def test_texts_are_read_by_kind(tmp_path, script):
    table, lines = tmp_path / "t.csv", tmp_path / "t.jsonl"
    table.write_text(f'id,body\nfirst,"{text(0)}"\nsecond,"{text(1)}"\n')
    lines.write_text(json.dumps({"_id": "a", "text": text(2)}) + "\n")
    assert [pair.item for pair in generate([table], **OPTIONS, field="body")] == ["first", "second"] * 2
    assert [pair.item for pair in generate([lines], **OPTIONS)] == ["a"] * 2
    with pytest.raises(InputError, match="rewrite takes one text file, file of rows or folder; found 2"):
        generate([table, lines], **OPTIONS)
    collection = tmp_path / "beir"
    (collection / "qrels").mkdir(parents=True)
    (collection / "corpus.jsonl").write_text(json.dumps({"_id": "d", "title": "", "text": text(3)}) + "\n")
    (collection / "queries.jsonl").write_text(json.dumps({"_id": "q", "text": "old streets"}) + "\n")
    (collection / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\td\t1\n")
    pairs = generate([collection], **OPTIONS)
    assert {tuple(pair.queries["relevant"]) for pair in pairs} == {("old streets",)}
    assert pairs[0].meta["query_ids"] == ["q"]


def test_texts_in_another_language_are_left_alone(source):
    french = "Il est resté dans la maison car il pleuvait et il ne voulait pas sortir."
    source.write_text(f"{text(0)}\n{french}\n")
    coverage = Coverage()
    assert len(generate([source], **OPTIONS, coverage=coverage)) == 2
    assert coverage.lines()[0].startswith("left alone: 1 of 2 texts are not in language 'en'")
    assert rewriting.scripted.calls == [[text(0)]]
    source.write_text(french + "\n")
    with pytest.raises(InputError, match=r"1 of 1 texts are not in language 'en'.*give --language"):
        generate([source], **OPTIONS)


def test_both_prompts_hold_the_text_as_it_is():
    odd = 'She said: "{x} {text} %s" \\n'
    for kind in ("common", "uncommon"):
        assert f"Text: {odd}\n" in prompt(kind, odd)
        assert rewriting.asked(prompt(kind, odd)) == (kind, odd)
    assert prompt("common", "a") != prompt("uncommon", "a")


def test_progress_is_shown_as_parts_are_written(source, tmp_path):
    seen = []

    def track(items, what, total, *, unit, size):
        for item in items:
            yield item
            seen.append((what, total, unit, size(item), len(rows_of(tmp_path / "j.jsonl"))))

    generate([source], **OPTIONS, journal=tmp_path / "j.jsonl", track=track)
    assert seen == [("scripted: rewrite", 6, "texts", 4, 32), ("scripted: rewrite", 6, "texts", 2, 48)]


def by_seed(body):
    """Answer as the script does: the seed says which draw it is."""
    message = body["prompt"]
    if "Rewritten text:" not in message:
        return completion(body)
    kind, original = rewriting.asked(message)
    own = json.loads(Path(os.environ["FREQBIAS_TEST_REWRITES"]).read_text())[original][kind]
    draw = next(k for k in range(K) if seed_of(0, message, k) == body["seed"])
    return {"choices": [{"index": 0, "text": own[draw]}]}


def test_a_served_model_stops_at_its_budget_and_goes_on(cli, source, tmp_path):
    out, journal = tmp_path / "pairs.jsonl", tmp_path / "pairs.candidates.jsonl"
    with Server(completions=by_seed) as server:
        address = ["-o", f"base_url={server.url}"]
        first = cli(*command(source, out, *address, "-o", "max_requests=40", lm=MODEL))
        assert first.exit_code == 1
        assert "stopped after 40 requests, as --max-requests says; what was written is kept in" in " ".join(first.stderr.split())
        assert len(rows_of(journal)) == TEXTS_AT_ONCE * 2 * K
        asked = len(server.asked)
        second = cli(*command(source, out, *address, lm=MODEL))
        assert second.exit_code == 0, second.stderr
        sent = [body["prompt"] for _, body, _ in server.asked[asked:] if "Rewritten text:" in body.get("prompt", "")]
        assert {rewriting.asked(message)[1] for message in sent} == {text(4), text(5)}
        assert len(sent) == 2 * 2 * K
    own = [(pair.arm, pair.high, pair.low) for pair in freqbias.read_pairs(out)]
    assert own == [(pair.arm, pair.high, pair.low) for pair in generate([source], **OPTIONS)]
    assert {row["model"] for row in rows_of(journal)} == {MODEL}


def test_a_real_model_writes_keeps_and_goes_on(cli, tmp_path):
    needed("transformers")
    source = tmp_path / "texts.txt"
    source.write_text("The old car stopped on the way.\nShe did not want to help the children.\n")
    given = ["pairs", "rewrite", source, "--lm", "smollm2-135m", "--embedder", "rewriting:topics"]
    given += ["-o", "similarity=0.5", "-o", "k=2", "-o", "max_tokens=16"]
    result = cli(*given, "--out", tmp_path / "one.jsonl")
    assert result.exit_code == 0, result.stderr
    journal = tmp_path / "one.candidates.jsonl"
    rows = rows_of(journal)
    assert len(rows) == 2 * 2 * 2
    assert all(row["answer"].strip() for row in rows)
    assert len({row["fingerprint"] for row in rows} - {None}) == 1
    used = [arm for row in rows for arm in row["used"]]
    assert len(used) == 2 * len(list(freqbias.read_pairs(tmp_path / "one.jsonl")))
    cut = tmp_path / "two.candidates.jsonl"
    cut.write_text("".join(row + "\n" for row in journal.read_text().splitlines()[:4]) + '{"original": "She')
    assert cli(*given, "--out", tmp_path / "two.jsonl").exit_code == 0
    assert cut.read_bytes() == journal.read_bytes()
    assert (tmp_path / "two.jsonl").read_bytes() == (tmp_path / "one.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("options", "reason"),
    [({"seed": -1}, "seed=-1: must be at least 0"), ({"similarity": float("nan")}, "similarity=nan: must be a number")],
)
def test_python_refuses_what_the_command_refuses(options, reason):
    with pytest.raises(InputError, match=f"^{reason}$"):
        freqbias.rewrite(["The man bought a car."], lm="smollm2-135m", embedder="bm25", k=1, max_tokens=5, **options)
