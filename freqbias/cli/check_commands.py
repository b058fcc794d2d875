"""Commands that check the tool and plan a run: selfcheck, power."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from freqbias.cli.console import log, print_json, print_table, tracker

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document to standard output and nothing else.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.", min=0)]


def selfcheck(
    runs: Annotated[int, typer.Option(help="Simulated runs per scenario.")] = 1000,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Check the analysis on simulated runs with planted effects: bias, coverage, false positives, power. Exit 1 when out of bounds.

    Example: `freqbias selfcheck --runs 100`
    """
    from freqbias.analysis.design.selfcheck import all_ok
    from freqbias.analysis.design.selfcheck import selfcheck as checks_of

    checks = checks_of(runs, seed, workers=os.cpu_count() or 1, track=tracker())
    if json:
        print_json([check.to_dict() for check in checks])
    else:
        rows = [
            [row.scenario, row.check, f"{row.expected:.3g}", f"{row.found:.3g}", f"{row.low:.3g} to {row.high:.3g}", _verdict(row.ok)]
            for row in checks
        ]
        print_table(["scenario", "check", "expected", "found", "bounds", "verdict"], rows)
    if not all_ok(checks):
        log.error("%d of %d checks are out of bounds", sum(not check.ok for check in checks), len(checks))
        raise typer.Exit(1)


def _verdict(ok: bool) -> str:
    return "ok" if ok else "OUT OF BOUNDS"


def power(
    run: Annotated[Path, typer.Argument(help="Run folder.", metavar="RUN")],
    effect: Annotated[float | None, typer.Option(help="Target effect in the unit of the measure.")] = None,
    relative: Annotated[float | None, typer.Option(help="Target effect as a share of the exact - decoy margin.")] = None,
    items: Annotated[int | None, typer.Option(help="Ask about this many items; default: the run's.")] = None,
    power: Annotated[float, typer.Option(help="Power to reach.")] = 0.8,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Say what effect a run could have found, and how many items a target effect needs; default target: the smallest effect of interest.

    Example: `freqbias power results/demo --relative .05`
    """
    from freqbias.analysis import frame
    from freqbias.analysis.design.power import power_of
    from freqbias.analysis.table.judged import judgements_of
    from freqbias.files import read_pairs
    from freqbias.holdout import holdout_of, open_items

    observations = frame(run)
    items_open = open_items(run, read_pairs(run)) if holdout_of(run) else None  # a plan rests on no half that is kept out
    answers = power_of(
        observations if items_open is None else observations[observations["item"].isin(items_open)],
        effect=effect,
        relative=relative,
        items=items,
        power=power,
        seed=seed,
        judgements=judgements_of(run),
        track=tracker(),
    )
    if json:
        print_json([answer.to_dict() for answer in answers])
        return
    columns = ["model", "measure", "arm", "test", "items", "detectable", "target", "power for it", "items needed"]
    print_table(columns, [_power_row(answer) for answer in answers])
    log.info("item sd and frame sd are in --json; ± is the Monte Carlo standard error, the range of items needed is at 95 %")


def _power_row(answer: Any) -> list[Any]:
    share = None if answer.at_target is None else f"{answer.at_target:.2f} ± {answer.at_target_error:.3f}"
    return [
        answer.model,
        answer.measure,
        answer.arm,
        answer.test,
        answer.items,
        f"{answer.detectable:.3g} ± {answer.detectable_error:.1g}",
        None if answer.target is None else f"{answer.target:.3g}",
        share,
        _needed(answer),
    ]


def _needed(answer: Any) -> str | None:
    from freqbias.analysis.design.power import MAX_ITEMS

    if answer.target is None:
        return None
    if answer.needed is None:
        return f"more than {MAX_ITEMS}"
    return f"{answer.needed} ({answer.needed_low or '…'} to {answer.needed_high or '…'})"


def register(app: typer.Typer) -> None:
    """Attach the commands to the program."""
    for command in (selfcheck, power):
        app.command()(command)
