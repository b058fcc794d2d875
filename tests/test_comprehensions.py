"""No comprehension takes a name that its function uses as the module's.

Python 3.12.0 to 3.12.3 inline list, dict and set comprehensions and then confuse the two (python/cpython#118513): the module's name
becomes an unbound local of the next comprehension.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("analysis", "benchmarks", "freqbias", "paraphrases", "probes", "tests", "tools")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
INLINED = (ast.ListComp, ast.SetComp, ast.DictComp)
COMPREHENSIONS = (*INLINED, ast.GeneratorExp)


def inside(node: ast.AST, left_out: tuple[type[ast.AST], ...] = FUNCTIONS) -> Iterator[ast.AST]:
    """Yield what a node holds, but not what is in functions (or other nodes) inside it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, left_out):
            yield child
            yield from inside(child, left_out)


def assigned(node: ast.AST) -> set[str]:
    """Return the names that a function assigns outside its comprehensions, arguments and `:=` included."""
    names = {
        part.id for part in inside(node, (*FUNCTIONS, *COMPREHENSIONS)) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    }
    names |= {part.target.id for part in inside(node) if isinstance(part, ast.NamedExpr)}
    return names | {part.arg for part in inside(node) if isinstance(part, ast.arg)}


def variables(node: ast.AST) -> set[str]:
    """Return the variables of one comprehension."""
    parts = (part for generator in node.generators for part in ast.walk(generator.target))
    return {part.id for part in parts if isinstance(part, ast.Name)}


def read(node: ast.AST, known: set[str]) -> Iterator[str]:
    """Yield the names that are read in a function and are none of its own, nor variables of the comprehension that they stand in."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Load) and child.id not in known:
            yield child.id
        if not isinstance(child, FUNCTIONS):
            yield from read(child, known | variables(child) if isinstance(child, COMPREHENSIONS) else known)


def clashes(text: str) -> list[tuple[int, str]]:
    """Return line and name of every variable of a comprehension that the same function reads from outside itself elsewhere."""
    found = []
    for function in ast.walk(ast.parse(text)):
        if isinstance(function, FUNCTIONS):
            outer = set(read(function, assigned(function)))
            inner = [node for node in inside(function) if isinstance(node, INLINED)]
            found += [(node.lineno, name) for node in inner for name in sorted(variables(node) & outer)]
    return found


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("rows = [number for number in range(9)]\n    return [number(row) for row in rows]", [(4, "number")]),
        ("rows = {number for number in range(9)}\n    return [number(row) for row in rows]", [(4, "number")]),
        ("rows = [place for place in range(9)]\n    return [number(row) for row in rows]", []),
        ("rows = [number for number in range(9)]\n    return rows", []),
        ("rows = [sum for sum in range(9)]\n    return {sum(row) for row in rows}", [(4, "sum")]),
    ],
)
def test_the_pattern_is_found(body, expected):
    assert clashes(f"from module import number\n\ndef function():\n    {body}\n") == expected


def test_no_module_has_it():
    files = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    assert len(files) > 100
    found = [f"{path.relative_to(ROOT)}:{line}: {name}" for path in files for line, name in clashes(path.read_text(encoding="utf-8"))]
    assert found == []
