"""The page on estimators: none is left out, every reference number is shown, and ours are the same."""

import ast
import inspect
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Rows whose two numbers are not computed in the same way: with their relative tolerance.
OTHERWISE = {"BCa, to the error of resampling": 0.02, "p: R's assumes normal values, ours permutes": 0.1}


@pytest.fixture
def method(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import docs_method

    return docs_method


def estimators():
    """Yield the public functions of the statistics and of the estimates that name a reference."""
    for folder in ("analysis/stats", "analysis/estimate"):
        for path in sorted((ROOT / folder).glob("*.py")):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                said = ast.get_docstring(node) or "" if isinstance(node, ast.FunctionDef) else ""
                if re.search("Reference|doi:", said) and not node.name.startswith("_"):
                    yield f"freqbias.{folder.replace('/', '.')}.{path.stem}.{node.name}"


def test_no_estimator_with_a_reference_is_left_out(method):
    shown = {name for entry in method.ESTIMATORS for name in entry.names}
    assert len(set(estimators())) > 20
    assert set(estimators()) <= shown


def test_everything_that_an_entry_names_is_there(method):
    for entry in method.ESTIMATORS:
        assert (ROOT / entry.tests).is_file(), entry.title
        assert all(method.described(name) for name in entry.names)
        assert (entry.golden is None) == (not entry.reference)


def test_numbers_are_those_of_the_reference(method):
    rows = [row for entry in method.ESTIMATORS if entry.golden is not None for row in entry.golden()]
    assert len(rows) > 40
    for what, theirs, ours in rows:
        tolerance = next((own for name, own in OTHERWISE.items() if what.startswith(name)), 1e-3 if "degrees" in what else 1e-4)
        assert ours == pytest.approx(theirs, rel=tolerance), what


def test_every_reference_number_is_used(method):
    import docs_golden

    source = inspect.getsource(docs_golden)
    for name in {*docs_golden.GOLDEN["r"], *docs_golden.GOLDEN["items"]} - {"cr2", "cr3"}:
        assert f'"{name}"' in source, name


def test_docstrings_are_shown_as_they_are(method):
    shown = method.described("freqbias.analysis.stats.resampling.sign_flip_p")
    assert "mean(s\\*x)" in shown
    assert "[doi:10.2202/1544-6115.1585](https://doi.org/10.2202/1544-6115.1585)" in shown
    assert "```pycon\n>>> sign_flip_p(np.array([1.0, 2.0, 3.0, 4.0]), np.random.default_rng(0))\n0.125\n```" in shown
    assert "%2886%2990046-2), with" in method.described("freqbias.analysis.estimate.across_models.spread")
    page = method.page()
    assert "nan" not in {cell.strip() for line in page.splitlines() if line.startswith("|") for cell in line.split("|")}
    assert all(f"## {entry.title}\n" in page for entry in method.ESTIMATORS)
