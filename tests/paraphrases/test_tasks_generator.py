"""Generator `tasks`: bundled tasks, those of packages and a user's files as pairs in several prompts, and one line on what cannot be."""

import json
import re

import pytest

from freqbias import read_pairs
from freqbias.errors import InputError
from freqbias.frequency import content_words, tokens
from freqbias.paraphrases.checks import numbers_equal
from freqbias.paraphrases.task_sources import LAYOUTS
from freqbias.paraphrases.tasks import Coverage, generate, touched
from freqbias.tasks.asked import asked_of
from freqbias.tasks.items import TaskItem
from freqbias.terms import FREQUENCY, HIGH, LOW, PLACEBO, SIDES


@pytest.fixture
def rows(tmp_path):
    """Return a function that writes rows of JSON lines and returns the path."""

    def write(*found, name="tasks.jsonl"):
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in found), encoding="utf-8")
        return path

    return write


@pytest.fixture
def text(tmp_path):
    """Return a function that writes lines and returns the path as text."""

    def write(name, *lines):
        (tmp_path / name).write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        return str(tmp_path / name)

    return write


# files of a user's own


def test_wordings_from_files(shared, rows):
    high, low = (shared(f"tfpd-csqa-{side}.txt") for side in SIDES)
    lines = [path.read_text(encoding="utf-8").splitlines() for path in (high, low)]
    path = rows(*({"question": line, "options": ["zither", "quark"], "answer": n % 2} for n, line in enumerate(lines[0])))
    coverage = Coverage()
    pairs = generate([path], high_file=str(high), low_file=str(low), coverage=coverage)
    kept = {pair.item: (pair.high, pair.low) for pair in pairs}
    left = len(lines[0]) - len(kept)
    assert coverage.left_out == {"other numbers than in the task": left}
    assert left < 10
    assert len(pairs) == 3 * len(kept)
    assert {pair.arm for pair in pairs} == {FREQUENCY}
    assert kept["tasks-2"] == (lines[0][1], lines[1][1])
    assert {asked_of(pair).item.options[asked_of(pair).item.answer] for pair in pairs if pair.item == "tasks-2"} == {"quark"}


def test_a_placebo_from_a_file_and_what_is_left_out_of_wordings(rows, text):
    path = rows(
        {"question": "How many of 7 cars are left?", "answer": 3},
        {"question": "How many of 8 dogs are left?", "answer": 4},
        {"question": "How many of 9 hens are left?", "answer": 5},
        {"question": "Which of 2 is a pet?", "options": ["a hound", "a wall"], "answer": "A"},
    )
    high = text("high.txt", "How many of 7 cars stay?", "How many of 80 dogs stay?", "How many of 9 hens stay?", "Which of 2 is a dog?")
    low = text(
        "low.txt", "How many of 7 cars remain?", "How many of 8 dogs remain?", "How many of 9 hens stay?", "Which of 2 is a hound?"
    )
    other = text(
        "p.txt", "How many of 7 autos are left?", "How many of 8 dogs are left?", "How many of nine hens are there?", "Is 2 a pet?"
    )
    coverage = Coverage()
    pairs = generate([path], high_file=high, low_file=low, placebo_file=other, coverage=coverage)
    assert {(pair.item, pair.arm) for pair in pairs} == {
        ("tasks-1", FREQUENCY),
        ("tasks-1", PLACEBO),
        ("tasks-3", PLACEBO),
        ("tasks-4", PLACEBO),
    }
    assert coverage.left_out == {
        "arm frequency: both wordings are the same": 1,
        "arm placebo: both wordings are the same": 1,
        "other numbers than in the task": 1,
        "a changed word stands in the answer or the options": 1,
    }
    assert coverage.lines()[:2] == [
        "frequency: 1 of 4 tasks have a pair, each in 3 prompts",
        "placebo: 3 of 4 tasks have a pair, each in 3 prompts",
    ]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout(layout, rows, text):
    first, second = "The beautiful dog ran past 3 trees.", "The beautiful dog ran past 4 trees."
    choices = {"label": ["A", "B"], "text": ["bank", "library"]}
    found = {
        "rows": [{"stem": first, "key": 3}, {"stem": second, "key": 4}],
        "gsm8k": [{"question": line, "answer": f"So #### {n}"} for n, line in ((3, first), (4, second))],
        "commonsenseqa": [{"question": line, "choices": choices, "answerKey": "B"} for line in (first, second)],
    }
    sources = [rows(*found[layout])] if layout in found else [text("en.txt", first, second), text("de.txt", "Der Hund …", "Ein Hund …")]
    options = {"rows": {"fields": "question=stem,answer=key"}, "lines": {"to": "de"}}.get(layout, {})
    high, low = (
        text("high.txt", *(line.replace("beautiful", "pretty") for line in (first, second))),
        text("low.txt", "Is 3 scenic?", "Is 4?"),
    )
    pairs = generate(sources, layout=layout, high_file=high, low_file=low, **options)
    assert len(pairs) == 2 * 3
    assert len({pair.id for pair in pairs}) == 6
    gold = {"rows": "3", "gsm8k": "3", "commonsenseqa": "B", "lines": "Der Hund …"}[layout]
    task = asked_of(pairs[0])
    assert list(task.gold) == [gold]
    if layout == "lines":
        assert list(task.wrong) == ["Ein Hund …"]
        assert (task.item.source, task.item.licence) == ("en", "none stated")  # a user's lines are not FLORES
    else:
        assert "Ein Hund …" not in task.wrong


def test_odd_texts_come_through(rows, text):
    path = rows(
        {"question": "What is {question} in {options}?\nSay it.", "options": ["a\nb", "{tools}"], "answer": 0},
        {"question": "Où est l’été, Straße {x}?", "options": ["là", "ß"], "answer": "ß"},
        {"question": "When is it?", "answer": "1:30"},
        {"question": "How much of it?", "answer": "1,234.50 dollars"},
    )
    high = text("high.txt", "What is {question} here?", "Où est l’été, rue {x}?", "When?", "How much?")
    low = text("low.txt", "What is {question} there?", "Où est l’été, voie {x}?", "At which time?", "What quantity?")
    pairs = generate([path], high_file=high, low_file=low)
    first = asked_of(pairs[0])
    assert first.prompt.message(first.item, pairs[0].high).startswith("What is {question} here?\nA. a b\nB. {tools}\n")
    gold = {pair.item: list(asked_of(pair).gold) for pair in pairs}
    assert gold == {"tasks-1": ["A"], "tasks-2": ["B"], "tasks-3": ["1:30"], "tasks-4": ["1234.5"]}
    assert asked_of(pairs[-1]).wrong[0] == "1235.5"


def test_a_right_option_that_stands_there_twice_is_left_out(rows, text):
    path = rows(
        {"question": "Where is it?", "options": ["bank", "Bank ", "wall"], "answer": 0},
        {"question": "Where is the cat?", "options": ["wall", "wall", "bank"], "answer": 2},
    )
    coverage = Coverage()
    forms = {"high_file": text("high.txt", "Where is she?"), "low_file": text("low.txt", "Where dwells she?")}
    with pytest.raises(InputError, match=r"low\.txt|high\.txt"):
        generate([path], **forms)  # a line for each task of the file
    forms = {"high_file": text("high.txt", "Where?", "Where is she?"), "low_file": text("low.txt", "Whither?", "Where dwells she?")}
    pairs = generate([path], coverage=coverage, **forms)
    assert {pair.item for pair in pairs} == {"tasks-2"}
    assert coverage.left_out == {"the right option stands there twice": 1}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "name the tasks, or give files: -o data=NAME, one of math, commonsense, translation, tools, commonsenseqa"),
        ({"data": "maths"}, "unknown tasks 'maths'; did you mean 'math'"),
        ({"data": "math", "n": 0}, "--n must be at least 1, found 0"),
        ({"data": "math", "layout": "rows"}, "-o layout=rows is for files of your own; leave it out"),
        ({"data": "math", "fields": "answer=key"}, "-o fields=answer=key is for files of your own with layout=rows; leave it out"),
        ({"data": "translation", "to": "it"}, "-o to=it: the bundled translations are into de, fr, es"),
        ({"data": "translation", "to": " ,"}, "-o to= is empty; give a language code, or several with commas"),
        ({"data": "math", "high_file": "h.txt"}, "-o high_file and -o low_file go together: give both"),
        ({"data": "math", "high_file": "h.txt", "low_file": "l.txt"}, "h.txt: cannot be read: No such file or directory"),
        ({"data": "math", "prompts": ","}, "-o prompts= is empty; give a file, or several with commas"),
        ({"data": "math", "prompts": "none.toml"}, "none.toml: No such file or directory"),
        ({"data": "math", "lm": "smollm2-135m"}, "--lm is for --rewrite; add that, or leave it out"),
        ({"data": "math", "embedder": "minilm"}, "--embedder is for --rewrite; add that, or leave it out"),
        ({"data": "math", "rewrite": True, "lm": "smollm2-135m"}, "--rewrite: these tasks have their wordings already; leave it out"),
    ],
)
def test_options_that_do_not_fit_are_one_line(options, message):
    with pytest.raises(InputError, match=re.escape(message)):
        generate(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"data": "math"}, "-o data=math: with files of your own, leave it out"),
        ({"layout": "row"}, "-o layout=row: unknown; did you mean 'rows'?"),
        ({"layout": "gsm8k"}, "tasks.jsonl:1: answer: must be text, found number"),
        ({"layout": "gsm8k", "fields": "answer=key"}, "-o fields=answer=key is for files of your own with layout=rows; leave it out"),
        ({"layout": "lines"}, "-o layout=lines: give the file of English lines, its references, and their language: -o to=de"),
        ({"fields": "answer"}, "field 'answer': write FIELD=COLUMN"),
        ({"fields": "answer=key"}, "no column 'key'"),
        ({"fields": "id=name"}, "tasks.jsonl:2: id: repeats 'one'"),
        ({"to": "de"}, "-o to=de is for translations, layout=lines; leave it out"),
        ({"rewrite": True}, "--rewrite needs a language model that writes; name one with --lm"),
    ],
)
def test_files_that_do_not_fit_are_one_line(options, message, rows):
    row = {"question": "How many of 7?", "answer": 3, "name": "one"}
    with pytest.raises(InputError) as caught:
        generate([rows(row, row)], **options)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_more_files_that_do_not_fit(rows, text):
    path = rows({"question": "How many of 7?", "answer": 3})
    with pytest.raises(InputError, match=r"tasks\.jsonl: give one file of tasks at a time"):
        generate([path, path])
    lines = [text("en.txt", "Hello"), text("x.txt", "Ciao")]
    with pytest.raises(InputError, match="-o to=xx: write the language as a prompt names it, such as to=Italian"):
        generate(lines, layout="lines", to="xx")
    with pytest.raises(InputError, match=r"low\.txt:1: line is empty|low\.txt:1: the line is empty"):
        generate([path], high_file=text("high.txt", "How many?"), low_file=text("low.txt", ""))
    for count in (1, 30):
        with pytest.raises(InputError, match=r"many\.jsonl:1: .*(at least two texts|30 options; give 2 to 26)"):
            generate([rows({"question": "Which?", "options": [f"x{n}" for n in range(count)], "answer": 0}, name="many.jsonl")])
    with pytest.raises(InputError, match=r"empty\.jsonl: (contains no|.*empty)"):
        generate([text("empty.jsonl")])
    with pytest.raises(InputError, match="the task 'tasks-1' has no options"):
        generate([path], prompts=text("own.txt", "{question} {options}"))


def test_own_prompts_name_the_frames(tmp_path, text):
    (tmp_path / "slow.toml").write_text('text = "Think.\\n{question}"\nmax_tokens = 200\nmarked = true\n')
    pairs = generate(data="math", n=3, prompts=f"{text('short.txt', 'Q: {question}')}, {tmp_path / 'slow.toml'}")
    assert len(pairs) == 3 * 2 * 2
    assert {pair.meta["frame"] for pair in pairs} == {"short", "slow"}
    assert {pair.meta["prompt"]["marked"] for pair in pairs if pair.meta["frame"] == "slow"} == {True}
    item = asked_of(pairs[0])
    assert item.prompt.message(item.item, pairs[0].high) == f"Q: {pairs[0].high}"


# wordings made by substitution


def sound_by_substitution(pairs, coverage, items):
    """Assert what holds of every pair that substitution makes of a task."""
    known = {item.id: item for item in items}
    assert pairs
    assert len({pair.id for pair in pairs}) == len(pairs)
    for pair in pairs:
        item = known[pair.item]
        assert item.question == pair.meta["original"]
        assert numbers_equal(pair.high, pair.low)
        assert numbers_equal(item.question, pair.high)
        assert tokens(pair.high) != tokens(pair.low)
        changed = set(content_words(pair.high, "en")) ^ set(content_words(pair.low, "en"))
        assert not changed & set(content_words(" ".join([*item.options, str(item.answer)]), "en"))
        assert not touched(pair, item)
        side = pair.meta.get("original_side")
        assert side in ({None} if pair.arm == FREQUENCY else {HIGH, LOW, None})
        if side:
            assert getattr(pair, side) == item.question
    for arm in (FREQUENCY, PLACEBO):
        assert coverage.arms[arm] == len({pair.item for pair in pairs if pair.arm == arm})


@pytest.mark.parametrize(("name", "least"), [("commonsenseqa", 250), ("asdiv", 350)])
def test_substitution_on_tasks_of_packages(name, least, shipped):
    from freqbias.tasks.installed import installed

    shipped(name)
    coverage = Coverage()
    pairs = generate(data=name, coverage=coverage)
    sound_by_substitution(pairs, coverage, installed(name))
    assert coverage.arms[FREQUENCY] > least
    assert coverage.left_out["a changed word stands in the answer or the options"] > 0


def test_substitution_on_gsm8k(shared):
    from freqbias.tasks.loaders import gsm8k

    path, coverage = shared("gsm8k-test-200.jsonl"), Coverage()
    pairs = generate([path], layout="gsm8k", coverage=coverage)
    sound_by_substitution(pairs, coverage, gsm8k(path))
    assert coverage.arms[FREQUENCY] > 40
    assert coverage.lines()[0] == f"frequency: {coverage.arms[FREQUENCY]} of 200 tasks have a pair, each in 3 prompts"
    few = generate([path], layout="gsm8k", n=50, seed=3)
    assert 0 < len({pair.item for pair in few}) < 50  # n draws tasks, of which not all have a word to swap


def test_a_changed_word_in_the_options_or_the_answer_is_found():
    item = TaskItem(
        id="1", family="commonsense", source="own", question="Where is the doctor?", options=["to physicians", "a wall"], answer=0
    )
    (pair, *_) = generate(data="math", n=1)
    near = pair.replace(high="Where is the doctor?", low="Where is the physician?")
    assert touched(near, item) == ["physician"]
    assert touched(near, item.replace(options=["a house", "a wall"])) == []
    assert touched(near, item.replace(family="math", options=[], answer="3 physicians")) == ["physician"]


def test_texts_of_another_language_are_counted(rows):
    path = rows(
        {"question": "Wie viele Bäume hat der alte Garten hinter dem Haus noch?", "answer": 3},
        {"question": "The physician bought a huge house and a car. How many things are that?", "answer": 2},
    )
    coverage = Coverage()
    generate([path], coverage=coverage)
    assert any(line.startswith("left alone: 1 of 2 texts are not in language 'en'") for line in coverage.lines()), coverage.lines()


def test_a_model_writes_wordings(script, rows):
    import rewriting

    sentences = [rewriting.text(n) for n in range(len(rewriting.WORDS))]
    path = rows(*({"question": line, "answer": n} for n, line in enumerate(sentences)))
    coverage = Coverage()
    pairs = generate([path], rewrite=True, lm="rewriting:scripted", embedder="rewriting:topics", coverage=coverage)
    alone = generate([path])
    assert {pair.item for pair in alone} < {pair.item for pair in pairs}
    assert {pair.generator for pair in pairs} == {"tasks"}
    assert coverage.arms[FREQUENCY] == len({pair.item for pair in pairs if pair.arm == FREQUENCY}) > 3
    assert asked_of(pairs[0]).item.family == "math"


# the command


def test_the_command(cli, tmp_path, caplog):
    out = tmp_path / "math.jsonl"
    with caplog.at_level("INFO", logger="freqbias"):
        done = cli("pairs", "tasks", "-o", "data=math", "--n", "5", "--seed", "2", "--out", out)
    assert done.exit_code == 0, done.output
    assert [pair.id for pair in read_pairs(out)] == [pair.id for pair in generate(data="math", n=5, seed=2)]
    said = done.output + caplog.text
    assert "frequency: 5 of 5 tasks have a pair, each in 3 prompts" in said
    assert "math.jsonl: 30 pairs" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-o", "data=maths"], "unknown tasks 'maths'; did you mean 'math'?"),
        (["-o", "data=math", "-o", "prompts=none.toml"], "none.toml: No such file or directory"),
        (["-o", "data=math", "-o", "prompt=a.toml"], "generator 'tasks' takes no option 'prompt'"),
        (["-o", "data=math", "--lm", "smollm2-135m"], "--lm is for --rewrite"),
        (["-o", "data=math", "--field", "text"], "generator 'tasks' takes no --field"),
        (["nofile.jsonl"], "nofile.jsonl"),
        ([], "name the tasks, or give files"),
    ],
)
def test_the_command_says_what_is_wrong_in_one_line(cli, tmp_path, caplog, words, message):
    out = tmp_path / "out.jsonl"
    done = cli("pairs", "tasks", *words, "--out", out)
    assert done.exit_code == 2
    said = (done.output + caplog.text).strip()
    assert message in said
    assert len(said.splitlines()) == 1
    assert not out.exists()


def test_faulty_rows_are_left_out_and_listed(cli, rows, tmp_path, caplog):
    path = rows({"question": "The huge car and 2 doctors?", "answer": 3}, {"question": "The huge cars and 3 doctors?", "answer": "many"})
    with caplog.at_level("INFO", logger="freqbias"):
        done = cli("pairs", "tasks", path, "--skip-invalid", "--out", tmp_path / "out.jsonl")
    assert done.exit_code == 0, done.output
    said = done.output + caplog.text
    assert "tasks.jsonl:2: answer: must be a number" in said
    assert "1 lines skipped" in said
