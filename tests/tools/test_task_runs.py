"""The committed runs of tasks, what makes them, and what README says of them: each answer in its own words."""

import json
import shutil
from importlib import import_module
from itertools import combinations, pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from task_runs import JUDGEMENT, PROBE, task_run

from freqbias.analysis import estimate, frame
from freqbias.analysis.report.answers import MIXED, NO, UNSEEN, UNTOLD, YES
from freqbias.files import read_estimates, write_json, write_records
from freqbias.judgement import Judgements
from freqbias.paraphrases.tasks import generate
from freqbias.records import Estimate
from freqbias.terms import FAMILIES, INCAPABLE, REVERSED

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "results" / "tasks"
RUNS = sorted(path.parent for path in COMMITTED.glob("*/manifest.json"))


@pytest.fixture
def tools(monkeypatch):
    """Return the module that makes the committed runs, and the one that says what they say."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return SimpleNamespace(make=import_module("task_results"), say=import_module("doc_task_runs"))


def option(argv, name):
    return argv[argv.index(name) + 1]


def test_the_small_files_of_known_runs_are_committed_and_no_others(tools):
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "/results/tasks/*/*" in ignored
    kept = {line.rpartition("/")[2] for line in ignored if line.startswith("!/results/tasks/*/")}
    assert kept == {*tools.make.MEASURED, *tools.make.WORDS}
    assert {run.name for run in RUNS} <= set(tools.make.names())
    assert set(tools.make.PAIRS) == set(tools.say.NAMES) == set(FAMILIES)


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_a_committed_run_is_what_the_script_runs(run, tools):
    """By its command, and by the pairs that the other command makes: as many, of as many items, in both arms."""
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    family, _, model = run.name.partition("-")
    wanted = tools.make.run_command(family, model, Path("pairs.jsonl"), run)
    for name in ("--lm", "--probe", "--dtype"):
        assert option(manifest["argv"], name) == option(wanted, name)
    asked = tools.make.PAIRS[family]
    more = dict(value.split("=") for name, value in pairwise(asked) if name == "-o")
    pairs = generate(data=family, n=int(option(asked, "--n")), **more)
    audit = json.loads((run / "audit.json").read_text(encoding="utf-8"))
    assert {arm: own["n_pairs"] for arm, own in audit["arms"].items()} == {
        arm: sum(pair.arm == arm for pair in pairs) for arm in ("frequency", "placebo")
    }
    (main,) = (row for row in read_estimates(run) if row.family == "confirmatory")
    assert main.n_items + main.n_failed >= len({pair.item for pair in pairs if pair.arm == "frequency"})


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_the_words_on_a_committed_run_follow_from_its_numbers(run, tools, tmp_path):
    tools.make.tell(run, tmp_path)
    for name in tools.make.WORDS:
        assert (tmp_path / name).read_text(encoding="utf-8") == (run / name).read_text(encoding="utf-8")


def write_run(folder, world):
    """Write what is kept of a simulated run; `letter` has it give the same letter always."""
    world = dict(world)
    letter = world.pop("letter", False)
    pairs, rows = task_run(3, **world)
    if letter:
        right = set(sorted({pair.item for pair in pairs})[::4])
        alike = {"chance": [0.2, 0.2], "answer": [1, 1]}
        rows = [
            row if row.measure != "accuracy" else row.replace(high=is_right, low=is_right, covariates=alike)
            for row in rows
            for is_right in [float(row.item in right)]
        ]
    folder.mkdir(parents=True)
    known = Judgements({PROBE: JUDGEMENT})
    model = {"name": "m", "noise_floor": {"measure": "log_prob_nats", "value": 1e-6}}
    write_records(folder / "estimates.jsonl", estimate(frame(rows), pairs, curve=False, resamples=199, judgements=known))
    write_json(folder / "manifest.json", {"schema": 1, "judgements": {PROBE: JUDGEMENT.to_dict()}, "models": [model]})


def test_tables_and_answer_say_what_was_planted(tools, tmp_path):
    worlds = {
        "commonsense-strong": {"per_zipf": 0.4},
        "math-strong": {"per_zipf": -0.4},
        "tools-strong": {"items": 20, "noise": 0.6},
        "commonsense-weak": {"per_zipf": 0.4, "level": -2.5},
        "math-weak": {"per_zipf": 0.4, "letter": True},
    }
    for name, world in worlds.items():
        write_run(tmp_path / name, world)
    told = {f"{run.family}-{run.model}": run for run in tools.say.told(tmp_path)}
    assert {name: run.word for name, run in told.items()} == dict(zip(worlds, [YES, REVERSED, UNTOLD, UNSEEN, UNSEEN], strict=True))
    # corrected for all five: the p of the strong ones is that of their rank among them
    alone = {row.model: row for row in read_estimates(tmp_path / "tools-strong") if row.family == "confirmatory"}
    assert told["tools-strong"].main.p_adjusted >= alone["m"].p_adjusted
    lines = {tuple(line.strip("| ").split(" | ")[:2]): line for line in tools.say.right_answers(tmp_path).splitlines()}
    assert "refused: " in lines["common sense", "weak"]
    assert "guessing gives 20 %" in lines["common sense", "weak"]
    assert "one letter is 100 % of its answers" in lines["arithmetic", "weak"]
    row = told["commonsense-strong"].row("accuracy")
    assert f"| {100 * row.high_mean:.0f} % | {100 * row.low_mean:.0f} % | 0 |" in lines["common sense", "strong"]
    gaps = {tuple(line.strip("| ").split(" | ")[:2]): line for line in tools.say.log_probabilities(tmp_path).splitlines()}
    assert "| yes, goes with frequency" in gaps["common sense", "strong"]
    assert "| reversed" in gaps["arithmetic", "strong"]
    assert gaps["tool calls", "strong"].endswith("| cannot tell |")
    assert gaps["common sense", "weak"].endswith("| refused |")
    answer = tools.say.answer(tmp_path).splitlines()
    assert answer[0].endswith("That depends on model and task.")
    assert answer[1].startswith("Frequent wording makes the right answer likelier for strong in common sense +0.")
    assert "; rare wording makes the right answer likelier for strong in arithmetic −0." in answer[1]
    assert answer[1].endswith("; a difference is neither shown nor ruled out for strong in tool calls.")
    assert "The share of right answers differs by wording for strong in common sense (+" in answer[2]
    assert answer[2].endswith(tools.say.REFUSED.format(runs="weak in common sense and arithmetic"))


def test_nothing_committed_is_said_to_be_nothing(tools, tmp_path):
    for make in (tools.say.right_answers, tools.say.log_probabilities, tools.say.answer):
        assert "No run is committed yet." in make(tmp_path)


def run_of(tools, word, family="math", model="m", *, rule="", cause="", points=0.0):
    """Return a run with the verdict of one word, whose right answers differ where there are `points`."""
    known = {"model": model, "probe": PROBE, "contrast": "gap", "arm": "frequency", "method": "made up", "n_items": 40}
    p_value = 1e-4 if points else 0.5
    rows = [
        Estimate(**known, measure="log_prob_nats", value=0.1, std_error=0.05, ci_low=0.0, ci_high=0.2),
        Estimate(**known, measure="accuracy", value=points / 100, ci_low=points / 200, ci_high=points / 50, p_value=p_value),
    ]
    verdict = SimpleNamespace(rules=(rule or word,), told=SimpleNamespace(answers=[SimpleNamespace(word=word, cause=cause)]))
    return tools.say.Told(family=family, model=model, rows=rows, verdict=verdict)


@pytest.mark.parametrize("word", [YES, REVERSED, NO, MIXED, UNTOLD])
def test_one_answer_everywhere_is_the_answer(word, tools):
    runs = [run_of(tools, word, family, cause="goes with length" if word in (YES, REVERSED) else "") for family in ("math", "tools")]
    lines = tools.say.said(runs).splitlines()
    assert lines[0] == f"{tools.say.QUESTION} {tools.say.LEADS[word]}"
    names = "arithmetic +0.1 [0, +0.2] nats and tool calls +0.1 [0, +0.2] nats (goes with length)" if word in (YES, REVERSED) else ""
    assert lines[1] == tools.say.capital(tools.say.CLAUSES[word].format(runs=f"m in {names or 'arithmetic and tool calls'}")) + "."
    assert lines[2] == tools.say.COUNTS_ALIKE


def test_no_model_that_can_be_judged_gives_no_answer(tools):
    runs = [run_of(tools, UNSEEN, rule=INCAPABLE), run_of(tools, UNSEEN, "tools", "n")]
    assert tools.say.said(runs).splitlines() == [
        f"{tools.say.QUESTION} These models cannot show it.",
        tools.say.REFUSED.format(runs="m in arithmetic") + " Nothing could be measured of n in tool calls.",
    ]


@pytest.mark.parametrize("words", list(combinations([YES, REVERSED, NO, MIXED, UNTOLD], 2)))
def test_two_answers_are_no_single_one(words, tools):
    lead, detail, counts = tools.say.said([run_of(tools, words[0]), run_of(tools, words[1], "tools", "n", points=7.0)]).splitlines()
    assert lead.endswith(tools.say.NOT_FOUND if set(words) <= {NO, MIXED, UNTOLD} else tools.say.DEPENDS)
    assert not any(text in lead for text in tools.say.LEADS.values())
    assert len(detail.split("; ")) == 2
    assert counts == "The share of right answers differs by wording for n in tool calls (+7 points)."


def test_kept_runs_are_whole_and_unfinished_ones_are_named(tools, tmp_path):
    runs = tmp_path / "runs"
    write_run(runs / "math-smollm2-135m", {"items": 20})
    shutil.copyfile(ROOT / "results" / "example" / "audit.json", runs / "math-smollm2-135m" / "audit.json")
    missing = tools.make.keep(runs, tmp_path / "kept")
    assert set(missing) == set(tools.make.names()) - {"math-smollm2-135m"}
    assert {path.name for path in (tmp_path / "kept" / "math-smollm2-135m").iterdir()} == {*tools.make.MEASURED, *tools.make.WORDS}
