"""Commands that check the tool and plan a run: selfcheck, power."""

import os
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from freqbias.cli.console import log, print_json, print_table, tracker
from freqbias.cli.panels import AROUND, add
from freqbias.errors import InputError
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
    run: Annotated[Path | None, typer.Argument(help="Run folder.", metavar="[RUN]")] = None,
    task: Annotated[bool, typer.Option("--task", help="Before any run: answers that are right or wrong in either wording.")] = False,
    discordance: Annotated[
        list[float] | None,
        typer.Option(metavar="SHARE", help="--task: share of items right in one wording only; several times; default: .05, .1, .2."),
    ] = None,
    effect: Annotated[
        float | None, typer.Option(help="Target effect in the unit of the measure; with --task in points of accuracy.")
    ] = None,
    relative: Annotated[float | None, typer.Option(help="Target effect as a share of the exact - decoy margin.")] = None,
    items: Annotated[int | None, typer.Option(help="Ask about this many items; default: the run's, with --task several.")] = None,
    power: Annotated[float, typer.Option(help="Power to reach.")] = 0.8,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Say what effect a run could have credited to frequency, and how many items mean, slope, credit and placebo need.

    The default target is the smallest effect of interest.

    With --task no run is needed: what difference of accuracies the exact McNemar test finds, by number of items and by the share of them
    that is answered right in one wording and wrong in the other. No difference exceeds that share.

    Example: `freqbias power results/demo --relative .05`

    Example: `freqbias power --task --items 250 --discordance .1 --effect 5`
    """
    if task == (run is not None):
        raise InputError("power is of a run or of a task: give either a run folder or --task")
    if task:
        if relative is not None:
            raise InputError("--relative is a share of a run's margin; with --task give --effect in points of accuracy")
        _power_of_task(discordance, items, effect, power, json=json)
        return
    if discordance:
        raise InputError("--discordance belongs to --task; a run has its own")
    _power_of_run(cast("Path", run), effect, relative, items, power, seed, json=json)


def _power_of_task(shares: list[float] | None, items: int | None, effect: float | None, power: float, *, json: bool) -> None:
    from freqbias.analysis.design.task_power import DISCORDANCE, ITEMS, power_of_task

    numbers = ITEMS if items is None else (items,)
    answers = power_of_task(discordance=shares or DISCORDANCE, items=numbers, effect_points=effect, power=power)
    if json:
        print_json([answer.to_dict() for answer in answers])
        return
    columns = ["discordant", "items", f"found with power {power:g}"]
    columns += [] if effect is None else [f"power for {effect:g} points", f"items for {effect:g} points"]
    print_table(columns, [_task_row(answer) for answer in answers])
    log.info(
        "differences of accuracies in points, by the exact McNemar test (two-sided, 5 %) of one answer an item and wording, which is "
        "what the sign-flip test of `analyze` is then too; what a difference goes with takes more items: see `freqbias power RUN`"
    )


def _task_row(answer: Any) -> list[Any]:
    points = answer.detectable_points
    row = [
        f"{answer.discordance:.3g}",
        answer.items,
        f"none: power {answer.most_power:.2f} at most" if points is None else f"{points:.1f} points",
    ]
    if answer.effect_points is None:
        return row
    if answer.at_effect is None:
        return [*row, "more than can differ", None]
    return [*row, f"{answer.at_effect:.2f}", _items_of(answer.needed)]


def _power_of_run(
    run: Path, effect: float | None, relative: float | None, items: int | None, power: float, seed: int, *, json: bool
) -> None:
    from freqbias.analysis import frame
    from freqbias.analysis.design.plan import power_of
    from freqbias.analysis.table.judged import judgements_of
    from freqbias.compression import in_folder
    from freqbias.files import read_pairs
    from freqbias.holdout import holdout_of, open_items

    observations = frame(run)
    pairs = read_pairs(run) if holdout_of(run) or in_folder(run, PAIRS_FILE).exists() else []
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
    return None if reach is None or reach.at_target is None else _items_of(reach.needed)


def _items_of(needed: int | None) -> str:
    from freqbias.analysis.design.power import MAX_ITEMS

    return f"more than {MAX_ITEMS}" if needed is None else str(needed)


def register(app: typer.Typer) -> None:
    """Attach the commands to the program."""
    for command in (selfcheck, power):
        add(app, command, AROUND)
