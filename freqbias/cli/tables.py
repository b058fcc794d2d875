"""Tables that can be read in the width at hand: no word is cut, and what would be columns of slivers is told row by row."""

from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from freqbias.characters import escaped

GAP = 2  # columns between two columns
READABLE = 20  # columns at least for a cell of several words; its longest word may need more


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], width: int, title: str | None = None) -> RenderableType:
    """Return a plain table that is at most `width` wide, as a list of named values a row where there is no room for the columns."""
    texts = [["–" if cell is None else escaped(str(cell)) for cell in row] for row in rows]
    columns, title = [*map(escaped, columns)], None if title is None else escaped(title)
    cells = [[name, *(row[k] for row in texts)] for k, name in enumerate(columns)]
    whole = [max(cell_len(line) for cell in column for line in cell.splitlines() or [""]) for column in cells]
    least = [max(min(full, READABLE), *map(_longest_word, column)) for full, column in zip(whole, cells, strict=True)]
    room = width - GAP * (len(columns) - 1)
    if sum(least) > room and len(columns) > 1:
        return _named(columns, texts, title)
    sizes = shared(whole, least, room)
    heads = [Column(escape(name), width=size) for name, size in zip(columns, sizes, strict=True)]
    found = Table(
        *heads, title=None if title is None else escape(title), title_justify="left", box=None, pad_edge=False, padding=(0, GAP, 0, 0)
    )
    for row in texts:
        found.add_row(*map(escape, row))
    return found


def shared(whole: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Return a width a column: what it needs, and of what room is left an equal part of what it lacks to be `whole`."""
    found = list(least)
    left = room - sum(least)
    while left > 0 and (short := [k for k, size in enumerate(found) if size < whole[k]]):
        for k in short:
            more = min(max(1, left // len(short)), whole[k] - found[k], left)
            found[k] += more
            left -= more
    return found


def hanging(rows: Sequence[tuple[str, str]]) -> Table:
    """Return lines with a word before each, behind which their continuation stays."""
    grid = Table.grid(Column(no_wrap=True), Column(), padding=(0, GAP, 0, 0), pad_edge=False)
    for word, line in rows:
        grid.add_row(escape(escaped(word)), escape(escaped(line)))
    return grid


def _named(columns: Sequence[str], texts: Sequence[Sequence[str]], title: str | None) -> RenderableType:
    parts: list[RenderableType] = [] if title is None else [Text(title)]
    for first, *rest in texts:
        named = [(name, value) for name, value in zip(columns[1:], rest, strict=True) if value]
        parts += [Text(first), Padding(hanging(named), (0, 0, 0, GAP))]
    return Group(*parts)


def _longest_word(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)
