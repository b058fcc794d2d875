"""`freqbias constraints`: what similarity cannot do, claim by claim, on the models that are given."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from freqbias.cli.console import log, print_json, print_report, print_table, tracker, waiting
from freqbias.cli.options import Json, Seed
from freqbias.cli.panels import ANSWER, add
from freqbias.cli.run_commands import Device, Dtype, Embedders, Lms, Pickle, Trust
from freqbias.errors import ROWS_FAILED, InputError
from freqbias.terms import CONSTRAINTS_HTML_REPORT, OBSERVATIONS_FILE

if TYPE_CHECKING:
    from freqbias.analysis.constraints.report import Table


def constraints(
    out: Annotated[Path, typer.Option(help="Folder for the report and its runs.")],
    embedder: Embedders = None,
    lm: Lms = None,
    before: Annotated[
        str | None, typer.Option("--before", metavar="MODEL", help="Embedding model from before a training; it gets a column too.")
    ] = None,
    after: Annotated[str | None, typer.Option("--after", metavar="MODEL", help="The same model from after it.")] = None,
    claim: Annotated[list[str] | None, typer.Option("--claim", metavar="NAME", help="Test only this claim; default: all.")] = None,
    n: Annotated[int | None, typer.Option("--n", help="Pairs in the frequency arm of every probe; default: each its own.", min=1)] = None,
    seed: Seed = 0,
    dtype: Dtype = None,
    device: Device = None,
    trust_remote_code: Trust = False,
    allow_pickle: Pickle = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over; what was there is kept in OUT.previous.")] = False,
    json: Json = False,
) -> None:
    """Say, by model, which constraints of similarity are still present, relaxed by training, routed around, or not detected.

    Every claim that the models allow is tested by a run of its probe, crossed with frequent and rare wording. What cannot be measured is
    said in a line. An interrupted command goes on where it stopped; models may be added later.

    Example: `freqbias constraints --embedder minilm --embedder bm25 --out runs/constraints`

    Example: `freqbias constraints --before ./base --after ./tuned --out runs/training`
    """
    from freqbias.analysis.constraints.claims import chosen_claims
    from freqbias.run.constraints import Asked, measure, models_of, prepare
    from freqbias.run.failures import tell_failures

    if (before is None) != (after is None):
        raise InputError("--before and --after belong together; give both checkpoints")
    embedders = [*(embedder or []), *(name for name in (before, after) if name is not None)]
    loading: dict[str, Any] = {"trust_remote_code": trust_remote_code, "allow_pickle": allow_pickle}
    loading |= {name: value for name, value in {"dtype": dtype, "device": device}.items() if value is not None}
    asked = Asked(
        out=out,
        models={"embedder": embedders, "lm": lm or []},
        claims=chosen_claims(claim or []),
        n=n,
        seed=seed,
        loading=loading,
        before=before,
        after=after,
    )
    models = models_of(asked.models)
    prepare(asked, fresh=fresh)
    failed = []
    table = measure(
        asked, models, track=tracker(), waiting=waiting, ran=lambda folder: failed.append(tell_failures(folder / OBSERVATIONS_FILE))
    )
    if json:
        print_json(table.document())
    else:
        _show(table)
    log.info("wrote %s: constraints.html, constraints.md, constraints.json", out)
    print_report(out / CONSTRAINTS_HTML_REPORT, json=json)
    if any(failed):
        raise typer.Exit(ROWS_FAILED)


def _show(table: "Table") -> None:
    from freqbias.analysis.constraints.claims import say

    rows = [[cell.model.name, claim.title, cell.said, cell.number] for claim, cells in table.rows for cell in cells]
    print_table(["model", say("report", "claim"), say("report", "word"), "number, 95 % interval"], rows)
    for question in table.questions:
        lines = [f"{word.capitalize()}. {' '.join(told)}" for word, told in question.lines]
        print_table([question.title], [[line] for line in lines])


def register(app: typer.Typer) -> None:
    """Attach the command to the program."""
    add(app, constraints, ANSWER)
