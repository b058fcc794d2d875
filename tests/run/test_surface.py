"""`freqbias.run` and the other functions of the Python surface give what the commands give."""

import gc
import importlib
import inspect
import json
import logging
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

import freqbias
from freqbias.files import dumps, read_manifest, write_records
from freqbias.probes.similarity import probe as similarity
from freqbias.run import probing

FILES = ["pairs.jsonl", "audit.json", "observations.jsonl", "estimates.jsonl", "report.html", "report.md", "findings.md", "report.json"]
OPTIONS = {"embedders": ["synthetic:embed_words"], "probes": ["similarity"]}
NAMES = "expected names in a list, found {}; give something of your own as 'module:name'"


def content(folder):
    return {name: (Path(folder) / name).read_bytes() for name in FILES if not name.startswith(("report", "findings"))}


def test_a_run_from_python_is_the_commands_run(cli, tmp_path, pair_file):
    command = ["run", "--pairs", pair_file, "--embedder", "synthetic:embed_words", "--probe", "similarity", "--out", tmp_path / "command"]
    assert cli(*command).exit_code == 0
    run = freqbias.run(pair_file, **OPTIONS, out=tmp_path / "python")
    assert content(run.folder) == content(tmp_path / "command")
    assert len(run.observations) == len(list(freqbias.read_observations(run.folder)))
    assert [row.to_dict() for row in run.estimates] == json.loads(cli("analyze", run.folder, "--json").stdout)
    (told,) = json.loads((run.folder / "report.json").read_text())["verdicts"]
    assert [verdict.headline for verdict in run.verdicts] == [told["headline"]]
    config = [read_manifest(tmp_path / name / "manifest.json")["config"] for name in ("command", "python")]
    assert config[0] == config[1]


def test_the_package_is_callable_and_stays_a_package():
    stages = importlib.import_module("freqbias.run.stages")
    assert freqbias.run.stages is stages
    assert callable(freqbias.run)
    assert list(inspect.signature(freqbias.run.run).parameters)[:4] == ["pairs", "embedders", "lms", "probes"]
    code = (
        "import freqbias; first = freqbias.run; import freqbias.run.stages; from freqbias import run; from freqbias.run import stages; "
        "assert callable(first) and run is first is freqbias.run and stages is first.stages"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_option_of_the_command_is_an_argument():
    from freqbias.cli.run_commands import run as command
    from freqbias.run.surface import ARGUMENTS

    processes = {"shard", "devices", "executor", "actors"}  # who starts several processes starts commands
    options = set(inspect.signature(command).parameters) - {"ctx", "config", "trust_config_code", "dry_run", "json"} - processes
    arguments = {{"fresh": "fresh"}.get(name, ARGUMENTS.get(name, name)) for name in options}
    assert set(inspect.signature(freqbias.run.run).parameters) - {"track"} == arguments


def test_pairs_in_memory_never_need_a_file(cli, tmp_path, lexicon_pairs, pair_file):
    run = freqbias.run((pair for pair in lexicon_pairs), **OPTIONS, out=tmp_path / "run")
    assert content(run.folder) == content(freqbias.run(pair_file, **OPTIONS, out=tmp_path / "file").folder)
    (run.folder / "report.md").unlink()
    resume = json.loads(cli("status", run.folder, "--json").stdout)["resume"].split()
    assert cli(*resume[1:]).exit_code == 0
    assert (run.folder / "report.md").exists()


def test_a_probe_measures_pairs_in_memory(lexicon_pairs):
    from freqbias.models import embedder

    rows = list(similarity(lexicon_pairs, embedder("synthetic:embed_words")))
    assert {row.pair_id for row in rows} == {pair.id for pair in lexicon_pairs}
    assert not [row for row in rows if row.error]


def test_a_run_without_a_folder_lasts_as_long_as_its_result(lexicon_pairs):
    run = freqbias.run(lexicon_pairs, **OPTIONS)
    folder = run.folder
    assert run.verdicts
    del run
    gc.collect()
    assert not folder.exists()


def test_a_run_in_another_thread(tmp_path, lexicon_pairs):
    found = []
    thread = threading.Thread(target=lambda: found.append(freqbias.run(lexicon_pairs, **OPTIONS, out=tmp_path / "run")))
    thread.start()
    thread.join()
    assert found[0].verdicts[0].headline


@pytest.mark.slow
def test_an_interrupted_call_goes_on_where_it_stopped(tmp_path, monkeypatch, lexicon_pairs):
    options = {"embedders": ["synthetic:embed_words"], "lms": ["synthetic:lm_after"], "probes": ["similarity", "likelihood"]}
    whole = freqbias.run(lexicon_pairs, **options, out=tmp_path / "whole")

    def stop(kind):
        def load(step, *others):
            if step.kind == kind:
                raise KeyboardInterrupt
            return real(step, *others)

        return load

    real = probing.load
    with monkeypatch.context() as patch:
        patch.setattr(probing, "load", stop("language_model"))
        with pytest.raises(KeyboardInterrupt):
            freqbias.run(lexicon_pairs, **options, out=tmp_path / "run")
    rows = list(freqbias.read_observations(tmp_path / "run"))
    assert {row.probe for row in rows} == {"similarity"}
    monkeypatch.setattr(probing, "load", stop("embedder"))  # which is not measured twice
    run = freqbias.run(lexicon_pairs, **options, out=tmp_path / "run")
    assert content(run.folder) == content(whole.folder)
    before = (run.folder / "observations.jsonl").stat().st_mtime_ns
    freqbias.run(lexicon_pairs, **options, out=tmp_path / "run")
    assert (run.folder / "observations.jsonl").stat().st_mtime_ns == before


@pytest.mark.slow
def test_fresh_keeps_what_was_there(tmp_path, lexicon_pairs):
    freqbias.run(lexicon_pairs, **OPTIONS, out=tmp_path / "run")
    freqbias.run(lexicon_pairs[:50], **OPTIONS, out=tmp_path / "run", fresh=True)
    assert len(list(freqbias.read_pairs(tmp_path / "run"))) == 50
    assert len(list(freqbias.read_pairs(tmp_path / "run.previous"))) == len(lexicon_pairs)


def test_report_as_one_file_or_a_folder(tmp_path, lexicon_pairs):
    run = freqbias.run(lexicon_pairs, **OPTIONS, out=tmp_path / "run")
    (page,) = run.report(tmp_path / "new" / "r.html")
    assert page.read_bytes() == (run.folder / "report.html").read_bytes()
    assert [path.name for path in page.parent.iterdir()] == ["r.html"]
    with pytest.raises(freqbias.InputError, match=r"r.pdf: a report is .html, .md or .json"):
        run.report(tmp_path / "r.pdf")
    assert not (tmp_path / "r.pdf").exists()
    written = run.report(tmp_path / "all")
    assert {"report.html", "report.md", "report.json"} < {path.name for path in written}
    assert all(path.is_file() for path in written)


@pytest.mark.slow
def test_a_run_shows_itself_with_markup_escaped(tmp_path, lexicon_pairs):
    run = freqbias.run(lexicon_pairs, **OPTIONS, out=tmp_path / "run")
    (verdict,) = run.verdicts
    assert verdict.headline in repr(run)
    run.__dict__["verdicts"] = [replace(verdict, title="<script>", headline="a < b")]
    html = run._repr_html_()
    assert "<script>" not in html
    assert "a &lt; b" in html


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(freqbias.InputError, match="not a finished run; see: freqbias status"):
        freqbias.Run(tmp_path)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"pairs": "p.jsonl", "n": 3}, "n applies to the bundled pairs and pairs replaces them; give one of the two"),
        ({"backend": "http"}, "backend http needs base_url, the address of the server"),
        ({"embedders": [1]}, f"embedders: {NAMES.format('int')}"),
        ({"embedders": object()}, f"embedders: {NAMES.format('object')}"),
        ({"lms": {"minilm"}}, f"lms: {NAMES.format('set')}"),  # whose order would be another one tomorrow
        ({"pairs": 5}, "pairs: expected a path or several Pair, found int"),
        ({"probes": "likelihood", "embedders": "minilm"}, "probe 'likelihood' needs a model: give lms"),
        ({"pairs": []}, "pairs: none given"),
        ({"pairs": [{"id": "1"}]}, "pairs[0]: expected a Pair, found dict; build one with Pair.from_dict"),
    ],
)
def test_errors_speak_of_arguments(tmp_path, monkeypatch, given, line):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(freqbias.InputError) as error:
        freqbias.run(**given, out="run")
    assert str(error.value) == line
    assert list(tmp_path.iterdir()) == []


def test_faulty_pairs_in_memory_are_named(lexicon_pairs):
    first, second = lexicon_pairs[:2]
    with pytest.raises(freqbias.InputError, match=r"pairs\[1\]: field 'id' repeats"):
        freqbias.run([first, first], **OPTIONS)
    with pytest.raises(freqbias.InputError, match=r"pairs\[1\]: field 'high' is empty"):
        freqbias.audit([first, second.replace(high=" ")])


def test_names_come_from_a_generator_too_and_none_is_no_name(tmp_path, lexicon_pairs):
    named = {"embedders": iter(OPTIONS["embedders"]), "lms": None, "probes": OPTIONS["probes"]}
    assert freqbias.run(lexicon_pairs[:4], **named, out=tmp_path / "run").observations["model"].unique().tolist() == OPTIONS["embedders"]


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (lambda: freqbias.audit(None), "pairs: expected a path or several Pair, found NoneType"),
        (lambda: freqbias.substitute(5), "texts: expected a path or several texts, found int"),
        (lambda: freqbias.substitute({"id": "a text"}), "texts: expected a path or several texts, found dict"),
        (lambda: freqbias.score(None), "texts: expected a text or several, found NoneType"),
        (lambda: freqbias.score(["a", None]), "texts[1]: expected a text, found NoneType"),
        (lambda: freqbias.score("a", corpus="own.txt"), "own.txt: cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_gone_through_is_one_line(tmp_path, monkeypatch, call, line):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(freqbias.InputError) as error:
        call()
    assert str(error.value) == line


def test_audit_is_the_commands_audit(cli, pair_file, lexicon_pairs):
    told = json.loads(cli("audit", pair_file, "--json").stdout)
    for pairs in (lexicon_pairs, pair_file, str(pair_file)):
        assert json.loads(dumps(freqbias.audit(pairs))) == told


def test_substitute_takes_your_own_words_from_a_file_or_in_memory(cli, tmp_path, caplog):
    import pandas as pd

    texts, rows = ["They examined the throat.", "He left it."], [("throat", "pharynx", "noun"), ("a b", "c", "n")]
    (tmp_path / "texts.txt").write_text("\n".join(texts))
    (tmp_path / "own.csv").write_text("word,word,part of speech\n" + "".join(f"{','.join(row)}\n" for row in rows))
    path = tmp_path / "own.csv"
    caplog.set_level(logging.INFO, "freqbias")
    (pair,) = freqbias.substitute(texts, synonyms=rows)
    assert caplog.messages == [
        "synonyms: word pairs: 1 in arm frequency, 0 in arm placebo; left out: 1 not of two single words in plain letters"
    ]
    assert (pair.high, pair.low) == ("They examined the throat.", "They examined the pharynx.")
    assert freqbias.substitute(texts) == []
    for own in (path, str(path), iter(rows), pd.DataFrame(rows)):
        assert [own.to_dict() for own in freqbias.substitute(texts, synonyms=own)] == [pair.to_dict()]
    (of_file,) = freqbias.substitute(tmp_path / "texts.txt", synonyms=rows)
    out = tmp_path / "pairs.jsonl"
    assert cli("pairs", "substitute", tmp_path / "texts.txt", "--synonyms", path, "--out", out).exit_code == 0
    assert [(row.id, row.low, row.meta) for row in freqbias.read_pairs(out)] == [(of_file.id, of_file.low, of_file.meta)]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([("a", "b")], r"synonyms\[0\]: expected word, word, part of speech; found 2 cells"),
        ([("buy", "procure", "verb"), "big,large,adj"], r"synonyms\[1\]: expected word, word, part of speech; found 'big,large,adj'"),
        ([("buy", "procure", None)], r"synonyms\[0\]: expected word, word, part of speech; found \('buy', 'procure', None\)"),
        ([("buy", "procure", "thing")], r"synonyms\[0\]: part of speech: 'thing' is not one of noun, verb, adjective, adverb"),
        ([("buy", "Buy ", "verb")], r"synonyms\[0\]: needs two different words"),
        ([], r"synonyms: no row can be used: it is empty; give rows of word, word, part of speech: car,automobile,noun"),
        (5, r"synonyms: expected a path or rows of word, word, part of speech, found int"),
        ("nosuch.csv", r"nosuch.csv"),
    ],
)
def test_a_table_of_synonyms_that_is_none(rows, reason):
    with pytest.raises(freqbias.InputError, match=rf"^{reason}"):
        freqbias.substitute(["They examined the throat."], synonyms=rows)


def test_substitute_takes_texts_in_memory_or_a_file(cli, tmp_path):
    texts = ["The illiterate man left.", "", "He was stocky and cautious.", "Nothing here."]
    (tmp_path / "texts.txt").write_text("\n".join(texts), encoding="utf-8")
    found, of_file = freqbias.substitute(texts), freqbias.substitute(tmp_path / "texts.txt")
    assert found
    assert [(pair.arm, pair.high, pair.low) for pair in found] == [(pair.arm, pair.high, pair.low) for pair in of_file]
    assert cli("pairs", "substitute", tmp_path / "texts.txt", "--out", tmp_path / "pairs.jsonl").exit_code == 0
    assert [pair.id for pair in of_file] == [pair.id for pair in freqbias.read_pairs(tmp_path / "pairs.jsonl")]
    with pytest.raises(freqbias.InputError, match="texts: none given"):
        freqbias.substitute([])
    with pytest.raises(freqbias.InputError, match=r"texts\[1\]: expected a text, found int"):
        freqbias.substitute(["a", 1])


def test_score_is_the_commands_score(cli, tmp_path):
    texts = ["the car broke down", "the zzqxv"]
    assert freqbias.score(texts) == json.loads(cli("score", *texts, "--json").stdout)
    assert freqbias.score(texts[0], frequency="content_zipf")[0]["content_zipf"] < 6
    (tmp_path / "own.txt").write_text("the car the car the bus\n", encoding="utf-8")
    assert freqbias.score("car", frequency="corpus", corpus=[tmp_path / "own.txt"])[0]["corpus"] == pytest.approx(8.523, abs=1e-3)
    with pytest.raises(freqbias.InputError, match="unknown frequency 'mean_zip'; did you mean 'mean_zipf'"):
        freqbias.score(texts, frequency="mean_zip")


def test_the_manifest_of_a_call_names_the_command_that_does_the_same(cli, tmp_path, monkeypatch, lexicon_pairs):
    monkeypatch.setattr(sys, "argv", ["notebook", "--secret", str(tmp_path)])
    run = freqbias.run(lexicon_pairs, **OPTIONS, seed=3, out=tmp_path / "run")
    argv = read_manifest(run.folder / "manifest.json")["argv"]
    assert argv[:4] == ["freqbias", "run", "--out", "."]
    assert "--secret" not in argv
    assert str(tmp_path) not in (run.folder / "manifest.json").read_text()
    monkeypatch.chdir(run.folder)
    again = cli(*argv[1:])
    assert (again.exit_code, "nothing to do" in again.stderr) == (0, True)


def test_nothing_is_said_unless_something_is_wrong(tmp_path, capfd, pair_file):
    logging.getLogger("freqbias").handlers.clear()
    logging.getLogger("freqbias").setLevel(logging.NOTSET)
    freqbias.run(os.fspath(pair_file), **OPTIONS, out=tmp_path / "run")
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_what_a_run_writes_can_be_read_again(tmp_path, lexicon_pairs):
    write_records(tmp_path / "pairs.jsonl", lexicon_pairs)
    run = freqbias.run(tmp_path / "pairs.jsonl", **OPTIONS, out=tmp_path / "run")
    assert [verdict.headline for verdict in freqbias.Run(run.folder).verdicts] == [verdict.headline for verdict in run.verdicts]
