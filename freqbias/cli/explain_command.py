"""`freqbias explain`: what a word of a report means, or how a run came to its verdicts."""

import os
from pathlib import Path
from textwrap import fill
from typing import Annotated

import typer

from freqbias.cli.console import PLAIN_WIDTH, print_json, print_lines
from freqbias.cli.options import Json
from freqbias.cli.panels import ANSWER, add
from freqbias.errors import InputError
from freqbias.terms import ESTIMATES_FILE


def explain(
    what: Annotated[list[str] | None, typer.Argument(metavar="TERM|RUN", help="Word or identifier of a report, or a run folder.")] = None,
    json: Json = False,
) -> None:
    """Say what a word of a report means, or retrace the verdicts of a run: which estimates led to which sentence. Alone: list all words.

    Example: `freqbias explain zipf_slope`, `freqbias explain "smallest effect of interest"`, `freqbias explain results/demo`
    """
    given = " ".join(what or ())
    if not given:
        _list(json=json)
    elif os.path.isfile(Path(given) / ESTIMATES_FILE):  # noqa: PTH113 - pathlib raises where a name is too long for a file
        _retrace(Path(given), json=json)
    else:
        _explain(given, json=json)


def _list(*, json: bool) -> None:
    from freqbias.analysis.report.glossary import entries, groups, listed

    if json:
        print_json([entry.document() for entry in entries()])
        return
    for title, own in groups().items():
        print_lines([title, _wrapped(", ".join(listed(own))), ""])


def _explain(term: str, *, json: bool) -> None:
    from freqbias.analysis.report.glossary import groups, senses, suggest

    found = senses(term)
    if not found:
        near = " or ".join(f"'{name}'" for name in suggest(term))
        hint = f"did you mean {near}?" if near else "`freqbias explain` lists all"
        if "/" in term or os.path.exists(term):  # noqa: PTH110 - as above
            raise InputError(f"{term}: neither a run folder with {ESTIMATES_FILE} nor a term; {hint}")
        raise InputError(f"unknown term '{term}'; {hint}")
    if json:
        print_json([entry.document() for entry in found])
        return
    titles = {entry.group: title for title, own in groups().items() for entry in own}
    for entry in found:
        lines = [f"{entry.term} ({titles[entry.group]})", _wrapped(entry.says)]
        lines += [_wrapped(f"Source: {entry.source}")] if entry.source else []
        lines += [_wrapped(f"See also: {', '.join(entry.see)}")] if entry.see else []
        print_lines([*lines, ""])


def _retrace(folder: Path, *, json: bool) -> None:
    from freqbias.analysis.report.reasons import reasons_of
    from freqbias.analysis.report.verdicts_of_run import folder_verdicts

    found = [reasons_of(verdict) for verdict in folder_verdicts(folder)]
    if json:
        print_json([own.document() for own in found])
        return
    for own in found:
        print_lines([own.verdict.title, *map(_wrapped, own.lines()), ""])


def _wrapped(line: str) -> str:
    """Return a line broken at the width of a plain table, as far in as it begins."""
    inner = line.lstrip()
    margin = " " * (2 + len(line) - len(inner))
    return fill(
        inner, PLAIN_WIDTH, initial_indent=margin, subsequent_indent=f"{margin}  ", break_long_words=False, break_on_hyphens=False
    )


def register(app: typer.Typer) -> None:
    """Attach the command to the program."""
    add(app, explain, ANSWER)
