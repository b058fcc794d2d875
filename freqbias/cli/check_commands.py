"""Commands that check the tool and plan a run: selfcheck, power."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from freqbias.cli.console import log, print_json, print_table, tracker
from freqbias.cli.panels import AROUND, add
from freqbias.terms import CREDIT, PAIRS_FILE, PLACEBO

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document to standard output and nothing else.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.", min=0)]


def selfcheck(
    runs: Annotated[int, typer.Option(help="Simulated runs per scenario.")] = 1000,
    seed: Seed = 0,
    workers: Annotated[int | None, typer.Option(help="Processes; default: one a processor.", min=1)] = None,
    json: Json = False,
) -> None:
    """Check the analysis on simulated runs with planted effects: bias, coverage, false positives, power. Exit 1 when out of bounds.

    Example: `freqbias selfcheck --runs 100`
    """
    from freqbias.analysis.design.selfcheck import all_ok
    from freqbias.analysis.design.selfcheck import selfcheck as checks_of

    checks = checks_of(runs, seed, workers=workers or os.cpu_count() or 1, track=tracker())
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
    """Say what effect a run could have credited to frequency, and how many items mean, slope, credit and placebo need.

    The default target is the smallest effect of interest.

    Example: `freqbias power results/demo --relative .05`
    """
    from freqbias.analysis import frame
    from freqbias.analysis.design.plan import power_of
    from freqbias.analysis.table.judged import judgements_of
    from freqbias.files import read_pairs
    from freqbias.holdout import holdout_of, open_items

    observations = frame(run)
    pairs = read_pairs(run) if holdout_of(run) or (run / PAIRS_FILE).exists() else []
    items_open = open_items(run, pairs) if holdout_of(run) else None  # a plan rests on no half that is kept out
    answers = power_of(
        observations if items_open is None else observations[observations["item"].isin(items_open)],
        pairs,
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
    tests = ("mean", "slope", CREDIT, PLACEBO)
    columns = ["model", "probe", "measure", "items", "target", "detectable", "power", *(f"for {test}" for test in tests)]
    print_table(columns, [_power_row(answer) for answer in answers])
    log.info(
        "detectable, and power for the target, are of a credit: mean, slope within the frequency arm by two tests, and more than the "
        "placebo, both arms growing in proportion; 'for ...': items needed for the target (for placebo: to be equivalent in every part, "
        "within ± the target); errors and ranges are in --json"
    )


def _power_row(answer: Any) -> list[Any]:
    claim = answer.credit
    return [
        answer.model,
        answer.probe,
        answer.measure,
        answer.items,
        None if answer.target is None else f"{answer.target:.3g}",
        None if claim is None or claim.detectable is None else f"{claim.detectable:.3g}",
        None if claim is None or claim.at_target is None else f"{claim.at_target:.2f}",
        *(_needed(getattr(answer, test)) for test in ("mean", "slope", CREDIT, PLACEBO)),
    ]


def _needed(reach: Any) -> str | None:
    from freqbias.analysis.design.power import MAX_ITEMS

    if reach is None or reach.at_target is None:
        return None
    return f"more than {MAX_ITEMS}" if reach.needed is None else str(reach.needed)


def register(app: typer.Typer) -> None:
    """Attach the commands to the program."""
    for command in (selfcheck, power):
        add(app, command, AROUND)
