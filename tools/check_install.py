"""Show that an editable install works with every tool, and that what is built from the tree holds each real file once.

python tools/check_install.py [wheel | tools]    # both, without a word

Everything happens in a copy of the tree. `tools` installs the copy with `pip install -e`, writes a new module into `probes/` and asks
each tool of the environment that this runs in to say something about it, with no build in between. `wheel` builds wheel and source
distribution, and a wheel from the latter.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINKS = ("analysis", "paraphrases", "probes")
FILES = (
    "freqbias/analysis/report/glossary.toml",
    "freqbias/analysis/report/templates/report.html.jinja",
    "freqbias/models/names/aliases.json",
    "freqbias/paraphrases/data/lexicon.jsonl",
    "freqbias/probes/similarity.py",
    "freqbias/py.typed",
)
#: What is written into `probes/`: one fault for type checkers, one for ruff, one for import-linter, one line that no test runs.
NEW = '''"""A new module."""

import math

from freqbias.analysis import stats
from freqbias.errors import InputError


def answer() -> int:
    """Return what is no number."""
    return "text"


def unused() -> InputError:
    """Return an error."""
    return InputError(stats.__name__)
'''
TEST = """from freqbias.probes.fresh import answer


def test_answer():
    assert answer() == "text"
"""
JEDI = """import jedi
script = jedi.Script("from freqbias.probes.fresh import answer", environment=jedi.InterpreterEnvironment())
print([name.module_path for name in script.goto(1, 36, follow_imports=True)])"""
LINTER = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def copy(target: Path) -> Path:
    """Copy what git tracks, or would, with links as links; return the copy."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    for name in _run(listing, ROOT).split("\0"):
        source = ROOT / name
        if name and (source.is_symlink() or source.is_file()) and not name.startswith("results/"):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name, follow_symlinks=False)
    return target


def check_wheel(tree: Path) -> list[str]:
    """Return what is wrong with the wheel and the source distribution of a tree."""
    wheel, sdist = _build("wheel", tree), _build("sdist", tree)
    with tarfile.open(sdist) as packed:
        entries = packed.getmembers()
        packed.extractall(tree / "unpacked", filter="data")
    (unpacked,) = (tree / "unpacked").iterdir()
    names = [entry.name.partition("/")[2] for entry in entries if not entry.isdir()]
    faults = [f"sdist: {entry.name} is a link" for entry in entries if entry.issym() or entry.islnk()]
    faults += [f"sdist: {name} twice" for name in sorted(set(names)) if names.count(name) > 1]
    faults += [f"sdist: {name} stands in freqbias/ too" for name in names if name.partition("/")[0] in LINKS]
    faults += [f"sdist: no {name}" for name in FILES if name not in names]
    first = _contents(wheel)
    faults += [f"wheel: no {name}" for name in FILES if name not in first]
    tops = {name.partition("/")[0] for name in first if ".dist-info/" not in name}
    faults += [f"wheel: top-level {name}" for name in sorted(tops - {"freqbias"})]
    second = _contents(_build("wheel", unpacked))
    differing = sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
    return faults + [f"wheel from sdist: {name} differs" for name in differing]


def _contents(wheel: Path) -> dict[str, bytes]:
    """Return the regular files of a wheel; a link or a name that comes twice is an error."""
    with zipfile.ZipFile(wheel) as packed:
        infos = packed.infolist()
        odd = [info.filename for info in infos if (info.external_attr >> 16) & 0o170000 not in {0, 0o100000}]
        if odd or len({info.filename for info in infos}) < len(infos):
            raise SystemExit(f"{wheel.name}: links or names that come twice: {odd}")
        return {info.filename: packed.read(info) for info in infos}


def _build(kind: str, tree: Path) -> Path:
    """Build `wheel` or `sdist` in a folder of its own with the setuptools that is here; return the file."""
    code = f"import setuptools.build_meta as b; print(b.build_{kind}({str(tree / f'{kind}-out')!r}))"
    (tree / f"{kind}-out").mkdir()
    return tree / f"{kind}-out" / _run([sys.executable, "-c", code], tree).splitlines()[-1]


def check_tools(tree: Path, place: Path) -> list[str]:
    """Return what each tool fails to see of a module that was written after the editable install of a tree."""
    python = editable(tree, place)
    new, test = tree / "probes/fresh.py", place / "test_fresh.py"
    new.write_text(NEW, encoding="utf-8")
    test.write_text(TEST, encoding="utf-8")

    def says(expected: str, *arguments: str, where: Path = place) -> str | None:
        output = _run([str(python), *arguments], where, check=False)
        return None if expected in output else f"{' '.join(arguments)}: no '{expected}' in\n{output}"

    def origin(name: str, inside: Path) -> str | None:
        return says(str(inside), "-c", f"import importlib.util as u, os; print(os.path.realpath(u.find_spec({name!r}).origin))")

    (place / "pyrightconfig.json").write_text(json.dumps({"include": [str(tree / "freqbias/probes/fresh.py")]}), encoding="utf-8")
    checks: dict[str, Callable[[], str | None]] = {
        "an old module": lambda: origin("freqbias.probes.similarity", tree / "probes/similarity.py"),
        "a new module": lambda: origin("freqbias.probes.fresh", new),
        "mypy": lambda: says(
            "fresh.py:11: error: Incompatible return", "-m", "mypy", "--follow-imports=silent", "-p", "freqbias.probes.fresh"
        ),
        "pyright": lambda: says("fresh.py:11:12 - error", "-m", _pyright(), "--pythonpath", str(python)),
        "ruff": lambda: says("probes/fresh.py:3:8: F401", "-m", "ruff", "check", "--output-format=concise", where=tree),
        "import-linter": lambda: says("freqbias.probes.fresh -> freqbias.analysis", "-c", LINTER, "--no-cache", where=tree),
        "pytest": lambda: says("1 passed", "-m", "pytest", "-q", str(test)),
        "coverage": lambda: says("fresh.py", "-m", "pytest", "-q", "--cov=freqbias.probes", "--cov-report=term-missing", str(test)),
        "go to definition": lambda: says("probes/fresh.py", "-c", JEDI),
    }
    return [f"{name}: {fault}" for name, check in checks.items() if (fault := check())]


def editable(tree: Path, place: Path) -> Path:
    """Install a tree with `pip install -e` in a new environment that sees the packages of this one; return its interpreter."""
    venv.create(place / "venv", with_pip=False, symlinks=True)
    python = place / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    own = _run([str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], place).strip()
    (Path(own) / "zz_these.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")  # after the tree
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--ignore-installed"]
    _run([sys.executable, "-m", "pip", "--python", str(python), "install", *options, "-e", str(tree)], place)
    return python


def _pyright() -> str:
    """Return the module of pyright that is here; basedpyright is pyright with Node.js inside, so it downloads nothing."""
    return next(name for name in ("basedpyright", "pyright") if importlib.util.find_spec(name))


def _run(command: list[str], where: Path, *, check: bool = True) -> str:
    """Return the output of a command that sees no other copy of freqbias."""
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "COVERAGE_PROCESS_START"}}
    done = subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if check and done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout + ("" if check else done.stderr)


def main(arguments: list[str]) -> int:
    """Return 1, with every fault on a line, where anything is wrong."""
    faults = []
    with tempfile.TemporaryDirectory() as name:
        place = Path(name).resolve()
        if arguments != ["tools"]:
            faults += check_wheel(copy(place / "built"))
        if arguments != ["wheel"]:
            faults += check_tools(copy(place / "tree"), place)
    sys.stdout.write("\n".join(faults or ["wheel, source distribution and editable install are as they should be"]) + "\n")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
