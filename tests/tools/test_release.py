"""What a stranger meets first, and what is released: metadata, citation, changelog, hooks before a commit, the job that publishes."""

import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from conftest import missing, needed

import freqbias

ROOT = Path(__file__).parents[2]
RELEASE = runpy.run_path(str(ROOT / "tools/check_release.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))
HOOKS = [
    hook for repo in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"] for hook in repo["hooks"]
]
#: Of the Citation File Format 1.2.0, at the top and of a reference.
REQUIRED, OF_A_REFERENCE = {"cff-version", "message", "title", "authors"}, {"type", "title", "authors"}


def test_this_tree_is_one_version_and_its_changelog_has_the_form(capsys):
    assert RELEASE["main"]([]) == 0, capsys.readouterr().out
    assert set(RELEASE["versions"]().values()) == {freqbias.__version__}
    (_, headings) = RELEASE["sections"]((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))["Unreleased"]
    assert {"Added", "Changed", "Fixed"} <= set(headings)


def test_a_tag_that_is_another_version_is_refused(capsys):
    assert RELEASE["main"](["v99.0.0"]) == 1
    told = capsys.readouterr().out.splitlines()
    assert f"CITATION.cff says {freqbias.__version__}, the tag v99.0.0" in told
    assert "CHANGELOG.md has no section [99.0.0]" in told


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("## [Unreleased]\n\n### Added\n\n- One.\n\n## [0.1.0] - 2026-01-31\n\n### Fixed\n\n- Two\n  lines.\n", None),
        ("## [0.1.0] - 2026-01-31\n", "the first section is not [Unreleased]"),
        ("## [Unreleased]\n\n## 0.1 (soon)\n", "section '0.1 (soon)' is not named as in ## [1.2.3] - 2026-01-31"),
        ("## [Unreleased]\n\n### News\n\n- One.\n", "section 'Unreleased': unknown heading 'News'"),
        ("## [Unreleased]\n\n### Added\n\nOne.\n", "under 'Added' stand others than list items"),
        ("## [Unreleased]\n\n### Added\n", "under 'Added' stand others than list items"),
    ],
)
def test_form_of_a_changelog(text, fault):
    found = RELEASE["faults_of"](f"# Changelog\n\n{text}")
    assert fault in found if fault else found == []


def test_citation_is_one_that_readers_of_the_format_take():
    """The keys that the format requires; `cffconvert --validate` takes the file, whose own requirements are years behind ours."""
    found = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert found.keys() >= REQUIRED
    assert (found["cff-version"], found["type"]) == ("1.2.0", "software")
    assert found["license"] in PROJECT["license"].split(" AND ")
    assert set(found["keywords"]) <= set(PROJECT["keywords"])
    for own in [found, *found["references"]]:
        assert own.keys() >= (REQUIRED if own is found else OF_A_REFERENCE)
        assert all(author.keys() & {"name", "family-names"} for author in own["authors"])


def test_classifiers_are_known_and_name_every_python_that_is_tested():
    known = set(needed("trove_classifiers").classifiers)
    assert set(PROJECT["classifiers"]) <= known
    assert not [row for row in PROJECT["classifiers"] if row.startswith("License ::")]  # the SPDX expression says it
    tested = {f"3.{minor}" for minor in re.findall(r"\d+", re.search(r"testenv:py3\{(.*?)\}", (ROOT / "tox.ini").read_text())[1])}
    prefix = "Programming Language :: Python :: "
    assert {row.removeprefix(prefix) for row in PROJECT["classifiers"] if re.fullmatch(rf"{prefix}3\.\d+", row)} == tested


def test_links_of_the_package_are_addresses():
    assert PROJECT["urls"]
    assert all(address.startswith("https://") for address in PROJECT["urls"].values())


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_hooks_run_and_pass(hook):
    assert hook["language"] == "system"  # nothing is fetched
    program, *options = shlex.split(hook["entry"])
    found = shutil.which(program, path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if found is None:
        missing(f"program {program}")
    types = {*hook.get("types", []), *hook.get("types_or", [])}
    files = {
        "python": ["tools/check_release.py"],
        "yaml": [".github/workflows/release.yml"],
        "toml": ["pyproject.toml"],
        "text": ["README.md"],
    }
    given = [] if hook.get("pass_filenames") is False else [name for kind in types for name in files.get(kind, [])]
    assert given or hook.get("pass_filenames") is False
    done = subprocess.run([found, *options, *given], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_hooks_are_ones_that_pre_commit_takes():
    needed("pre_commit")
    done = subprocess.run([sys.executable, "-m", "pre_commit", "validate-config"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_a_tag_is_published_without_a_token_and_after_the_checks():
    assert WORKFLOW[True] == {"push": {"tags": ["v*"]}}  # YAML 1.1 reads `on` as true
    assert WORKFLOW["permissions"] == {"contents": "read"}
    build, publish = WORKFLOW["jobs"]["build"], WORKFLOW["jobs"]["publish"]
    commands = [step["run"] for step in build["steps"] if "run" in step]
    assert 'python tools/check_release.py "$GITHUB_REF_NAME"' in commands
    assert "tox run -e dist" in commands
    assert (publish["needs"], publish["permissions"], publish["environment"]) == ("build", {"id-token": "write"}, "pypi")
    assert publish["steps"][-1]["uses"].startswith("pypa/gh-action-pypi-publish@")
    assert "secrets." not in (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")
    assert "[testenv:dist]" in (ROOT / "tox.ini").read_text(encoding="utf-8")


@pytest.mark.slow
def test_both_distributions_are_built_and_their_metadata_is_taken(tmp_path):
    needed("build")
    needed("twine")
    tree = runpy.run_path(str(ROOT / "tools/check_install.py"))["copy"](tmp_path / "tree")
    made = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path / "dist"), str(tree)]
    done = subprocess.run(made, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    files = sorted((tmp_path / "dist").iterdir())
    assert [path.name for path in files] == [
        f"freqbias-{freqbias.__version__}-py3-none-any.whl",
        f"freqbias-{freqbias.__version__}.tar.gz",
    ]
    done = subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASSED") == 2
