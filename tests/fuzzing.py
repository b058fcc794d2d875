"""What the fuzz test of files and commands shares: a small run, ways to break a file of it, and what a command may answer.

A mutation is drawn with `choose(options)`, so that hypothesis can shrink it and a seed can repeat it.
"""

import contextlib
import json
import os
import shutil
import signal
import traceback
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import yaml
from typer.testing import CliRunner

from freqbias.cli.main import app
from freqbias.errors import FreqbiasError

DEADLINE_SECONDS = 30  # of CPU a case; the slowest sound one takes one
LONGEST_MESSAGE = 2_000  # characters of an error; what it quotes is cut
EXIT_STATUSES = (0, 1, 2, 3)
MODELS = ("--embedder", "synthetic:embed_gloss", "--probe", "similarity", "--probe", "inversion")
CONFIG = "config.yaml"
RUN = "run"

#: Stand-ins for what `json.dumps` cannot write, and the bytes that take their places.
RAW = {
    "@nan@": "NaN",
    "@infinity@": "Infinity",
    "@huge@": "1" + "0" * 400,
    "@beyond@": "1e400",
    "@nested@": "[" * 1_000 + "]" * 1_000,
    "@deeper@": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "@surrogate@": '"\\ud800"',
    "@nul@": '"a\\u0000b"',
}
LONG = "many words " * 20_000
WRONG = [
    None,
    True,
    False,
    0,
    -1,
    7,
    10**18,
    0.5,
    -0.25,
    1e308,
    -1e308,
    5e-324,
    "",
    " ",
    "text",
    "frequency",
    "1",
    "\u200b",
    "a\nb",
    LONG,
    [],
    [[]],
    [1, 2],
    [1e308, -1e308],
    [None, None],
    [True, False],
    ["a", "b"],
    [{}],
    {},
    {"a": 1},
    {"": None},
    {"name": "x"},
    {"high": 1, "low": [2]},
    {"measure": [], "value": {}},
    {"measure": "cosine", "value": "much"},
    *RAW,
]
#: Fields whose value has a field a package, an arm, a covariate and the like, with the same in each.
ONE_OF_MANY = ("arms", "covariates", "inputs", "judgements", "probes", "prompts", "versions")
#: Which commands read a file; those that read it first are the quickest.
READERS = {
    "pairs.jsonl": ("audit", "check", "match", "order", "analyze", "report", "compare", "power", "resume", "probe"),
    "observations.jsonl": ("status", "analyze", "report", "compare", "power", "resume"),
    "estimates.jsonl": ("explain", "report", "resume"),
    "manifest.json": ("status", "explain", "report", "analyze", "compare", "power", "resume", "probe", "confirm"),
    "audit.json": ("report",),
    CONFIG: ("config", "dry"),
}


def words_of(command, folder):
    """Return the words of a command line on the run in a folder."""
    run, pairs = folder / RUN, folder / RUN / "pairs.jsonl"
    return {
        "audit": ("audit", pairs, "--out", folder / "other.json"),
        "check": ("check", pairs, "--out", folder / "checked.jsonl"),
        "match": ("match", pairs, "--on", "words,fkgl", "--out", folder / "matched.jsonl"),
        "order": ("order", pairs, "--by", "low-to-high", "--field", "high", "--out", folder / "ordered.jsonl"),
        "analyze": ("analyze", run),
        "report": ("report", run),
        "compare": ("compare", run, folder / "sound"),
        "power": ("power", run),
        "resume": ("run", "--pairs", folder / "sound" / "pairs.jsonl", "--out", run, *MODELS),
        "probe": ("probe", pairs, "--out", run / "observations.jsonl", *MODELS),
        "status": ("status", run),
        "explain": ("explain", run),
        "confirm": ("analyze", run, "--confirm", "--again"),
        "config": ("run", folder / CONFIG),
        "dry": ("run", folder / CONFIG, "--dry-run"),
    }[command]


def called(words):
    """Run a command in this process; return its result."""
    return CliRunner().invoke(app, [str(word) for word in words])


def made(folder, pairs):
    """Make the small run that all cases start from, with half of its items kept out, and a configuration that makes another."""
    run = folder / RUN
    done = called(("run", "--pairs", pairs, "--out", run, "--holdout", "half", *MODELS))
    assert done.exit_code == 0, done.output
    shutil.copytree(run, folder / "sound", ignore=shutil.ignore_patterns("figures", "report.*", "findings.md", "*.csv"))
    config = {"embedder": ["synthetic:embed_gloss"], "probe": ["similarity"], "pairs": "sound/pairs.jsonl", "out": "made", "seed": 1}
    (folder / CONFIG).write_text(yaml.safe_dump(config), encoding="utf-8")
    return folder


def places(value, path=()):
    """Yield the path of every value in a JSON document, the document's own first."""
    yield path
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield from places(inner, (*path, key))


def kind_of(path):
    """Return a place without the numbers of rows, so that each field is as likely as any other."""
    return tuple("#" if isinstance(key, int) else key for key in path)


def changed(document, path, change):
    """Return a document with what stands at `path` put through `change`, which may return `GONE`."""
    if not path:
        return change(document)
    copy = dict(document) if isinstance(document, dict) else list(document)
    found = changed(copy[path[0]], path[1:], change)
    if found is GONE:
        del copy[path[0]]
    else:
        copy[path[0]] = found
    return copy


GONE = object()


def _put(value):
    return lambda old: value


#: Ways to change one value, by name.
CHANGES = {
    "gone": lambda choose: _put(GONE),
    "replaced": lambda choose: _put(choose(WRONG)),
    "in a list": lambda choose: lambda old: [old],
    "in an object": lambda choose: lambda old: {"value": old},
    "as text": lambda choose: json.dumps,
    "doubled": lambda choose: lambda old: old * 2 if isinstance(old, list | str | int) else old,
    "added to": lambda choose: partial(_added, choose(WRONG), choose(["extra", "", "high", "value", "name", "zipf_gap"])),
}
#: Ways to break the bytes of a file, by name.
BYTES = {
    "empty": lambda raw, choose: b"",
    "cut off": lambda raw, choose: raw[: len(raw) * choose(range(1, 16)) // 16],
    "no UTF-8": lambda raw, choose: _inserted(raw, b"\xff\xfe\x80", choose),
    "control characters": lambda raw, choose: _inserted(raw, b"\x00\x1b]0;x\x07", choose),
    "a line twice": lambda raw, choose: raw + (choose(raw.splitlines(keepends=True)) if raw else b""),
    "a line more": lambda raw, choose: raw + json.dumps(choose(WRONG)).encode() + b"\n",
    "a byte-order mark": lambda raw, choose: b"\xef\xbb\xbf" + raw,
    "brackets": lambda raw, choose: b"[" * 100_000,
    "a very long line": lambda raw, choose: raw + b'"' + b"x" * 5_000_000 + b'"\n',
}


def _added(value, name, old):
    return old | {name: value} if isinstance(old, dict) else [*old, value] if isinstance(old, list) else value


def _inserted(raw, more, choose):
    place = len(raw) * choose(range(16)) // 16
    return raw[:place] + more + raw[place:]


def parsed(path):
    """Return the document in a file: of JSON lines the list of all rows."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".yaml":
        return yaml.safe_load(text)
    return json.loads(text) if path.suffix == ".json" else list(map(json.loads, text.splitlines()))


def written(path, document):
    """Return a document as the bytes of a file of its kind; YAML reads JSON."""
    rows = document if path.suffix == ".jsonl" and isinstance(document, list) else [document]
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n"
    for stand_in, raw in RAW.items():
        text = text.replace(f'"{stand_in}"', raw).replace(stand_in, "…")  # the second where it stands within a text
    return text.encode()


@dataclass(frozen=True)
class Broken:
    """A file of a run with one or two faults, and the command that reads it."""

    name: str
    command: str
    faults: tuple[str, ...]
    raw: bytes

    def __repr__(self):
        return f"{self.command} with {self.name}: {'; '.join(self.faults)}"


def broken(folder, choose, names=tuple(READERS), readers=READERS):
    """Return a file of the run in a folder, broken as `choose` draws it, and a command that reads it."""
    name = choose(names)
    command = choose(readers[name])
    path = folder / (name if name == CONFIG else f"{RUN}/{name}")
    if choose(range(6)) == 0:
        what = choose(sorted(BYTES))
        return Broken(name, command, (what,), BYTES[what](path.read_bytes(), choose))
    document, faults = parsed(path), []
    for _ in range(choose((1, 1, 1, 2))):
        by_kind = {}
        for place in places(document):
            by_kind.setdefault(kind_of(place), []).append(place)
        kind = choose(sorted(by_kind, key=str))
        what, place = choose(sorted(CHANGES)), choose(by_kind[kind])
        found = changed(document, place, CHANGES[what](choose))
        if found is GONE:
            break
        faults.append(f"{'.'.join(map(str, place)) or 'all'} {what}: {str(at(found, place))[:60]}")
        document = found
        if not isinstance(document, dict | list):
            break
    return Broken(name, command, tuple(faults), written(path, document))


def without(folder, name, command):
    """Yield a file of the run in a folder once for each kind of field that it has, without the field."""
    path = folder / RUN / name
    document = parsed(path)
    for place in {_kind_of_field(place): place for place in places(document) if place}.values():
        yield Broken(name, command, (f"{'.'.join(map(str, place))} gone",), written(path, changed(document, place, _put(GONE))))


def _kind_of_field(path):
    """Return a place in which what is one of many, by number or by a name of its own, has no name."""
    return tuple("#" if isinstance(key, int) or before in ONE_OF_MANY else key for before, key in zip((None, *path), path, strict=False))


def at(document, path):
    """Return what stands at a path, where that still exists."""
    for key in path:
        try:
            document = document[key]
        except (KeyError, IndexError, TypeError):
            return "gone"
    return document


@contextlib.contextmanager
def deadline(seconds):
    """Raise `TimeoutError` in a block that takes more seconds of CPU; a machine that does much else breaks nothing."""

    def late(number, frame):
        raise TimeoutError(f"more than {seconds} s of CPU: {''.join(traceback.format_stack(frame)[-3:])}")

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def fault_of(folder, case, room):
    """Run a case in `room`, a folder that is made anew; return what is wrong with the answer, None where nothing is."""
    shutil.rmtree(room, ignore_errors=True)
    shutil.copytree(folder / RUN, room / RUN, ignore=shutil.ignore_patterns("figures", "report.*", "findings.md", "*.csv"))
    (room / "sound").symlink_to(folder / "sound")
    path = room / (case.name if case.name == CONFIG else f"{RUN}/{case.name}")
    path.write_bytes(case.raw)
    given = {part: part.read_bytes() for part in (room / RUN / "pairs.jsonl", room / RUN / "observations.jsonl", path)}
    before = Path.cwd()
    os.chdir(room)
    try:
        with deadline(DEADLINE_SECONDS):
            done = called(words_of(case.command, room))
    finally:
        os.chdir(before)
    return _wrong_with(done, given)


def _wrong_with(done, given):
    error = done.exception
    if error is not None and not isinstance(error, SystemExit | FreqbiasError):
        where = traceback.extract_tb(error.__traceback__)[-1]
        own = next(frame for frame in reversed(traceback.extract_tb(error.__traceback__)) if "freqbias" in Path(frame.filename).parts)
        return f"{type(error).__name__}: {str(error)[:200]} ({Path(own.filename).name}:{own.lineno}, {Path(where.filename).name})"
    if done.exit_code not in EXIT_STATUSES:
        return f"exit status {done.exit_code}"
    if done.exit_code == 2:
        last = done.stderr.rstrip("\n").split("\n")
        told = [line for line in last if line.startswith("freqbias: ")]
        if len(told) != 1 or told[0] != last[-1]:
            return f"not one line that says why: {done.stderr[-300:]!r}"
        if len(told[0]) > LONGEST_MESSAGE:
            return f"a line of {len(told[0])} characters: {told[0][:200]}"
        lost = [part.name for part, raw in given.items() if part.read_bytes() != raw]
        if lost:
            return f"changed or lost: {', '.join(lost)}"
    return None
