"""One vocabulary: what two modules must agree on is spelled in `freqbias/terms.py` and nowhere else."""

import ast
from pathlib import Path

from freqbias import terms

ROOT = Path(__file__).parents[1]
FOLDERS = ("freqbias", "paraphrases", "probes", "analysis")
#: Words that stand for something else in these modules.
OTHER_MEANING = {
    ("freqbias/registry.py", "frequency"),  # the singular of a kind of plugin
    ("freqbias/frequency/count_tables.py", "frequency"),  # a header of a table of counts
    ("analysis/estimate/specification.py", "frequency"),  # a factor of the curve
    ("analysis/figures/specification_curve.py", "frequency"),
    ("analysis/figures/specification_curve.py", "high"),  # ends of an interval
    ("analysis/figures/specification_curve.py", "low"),
    ("analysis/estimate/rivals.py", "frequency"),  # what a part of the mean goes with
    ("analysis/report/findings.py", "frequency"),
    ("analysis/estimate/rivals.py", "length"),  # the rival
    ("analysis/estimate/specification.py", "length"),
    ("analysis/estimate/calibration.py", "length"),
    ("freqbias/run/ordering.py", "length"),  # an order of texts
    ("analysis/report/rendering.py", "plain"),  # a filter of the templates
    ("analysis/stats/__init__.py", "crossed"),  # a function
    ("freqbias/frequency/count_tables.py", "frequency"),  # what others call a column of counts
}


def vocabulary():
    """Return every term that has one meaning and one spelling: arms, sides, cells, registers, flags, measures, files."""
    files = {value for name, value in vars(terms).items() if name.endswith(("_FILE", "_REPORT", "_FOLDER"))}
    measures = set(terms.MEASURES) - {"cosine"}  # that is also what libraries call a similarity
    return {*terms.ARMS, terms.DIFFERENCE, *terms.SIDES, *terms.CELLS, *terms.REGISTERS, terms.CROSSED, *terms.FLAGS} | files | measures


def modules():
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if name != "freqbias/terms.py" and not any(part.is_symlink() for part in path.parents) and "/models/" not in name:
                yield name, path


def literals(tree):
    """Yield the texts of a module that are values: neither docstrings nor parts of a longer text."""
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node


def test_the_vocabulary_is_whole():
    found = vocabulary()
    assert {"frequency", "low", "hl", "elevated", "one_item", "not_equivalent", "pairs.jsonl", "figures", "ndcg_at_10"} <= found
    assert len(found) > 40


def test_no_module_spells_a_term_of_its_own():
    banned, seen, found = vocabulary(), set(), []
    for name, path in modules():
        for node in literals(ast.parse(path.read_text(encoding="utf-8"))):
            if node.value in banned:
                seen.add((name, node.value))
                found += [f"{name}:{node.lineno}: {node.value!r}"] if (name, node.value) not in OTHER_MEANING else []
    assert not found, "these have a constant in freqbias.terms"
    assert seen == OTHER_MEANING


def test_measures_and_rivals_agree_with_what_probes_declare():
    assert all(name == measure.name for name, measure in terms.MEASURES.items())
    assert terms.unit_of("ndcg_at_10") == "nDCG@10"
    assert terms.unit_of("l2_norm") == "l2_norm"
    assert [name for name, measure in terms.MEASURES.items() if measure.share] == ["accuracy", "agreement", "argument_match", "win_rate"]
