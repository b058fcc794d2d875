"""All stages into one run folder, for the command and for Python alike; what is done already is not done again."""

import logging
import shlex
import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from freqbias.errors import InputError
from freqbias.files import PairFile
from freqbias.progress import Track, silent
from freqbias.records import Pair
from freqbias.run import manifest, stages
from freqbias.run.devices import Devices, check_devices, devices_of
from freqbias.run.dry import dry
from freqbias.run.holdout import Asked, holdout_of
from freqbias.run.journal import only_writer
from freqbias.run.merging import Given
from freqbias.run.parts import PARTS_FOLDER, Parts, Share
from freqbias.run.plan import forecast, lines_of
from freqbias.run.probing import Probing
from freqbias.run.ray_executor import OnRay, check_ray
from freqbias.run.ready import check_ready
from freqbias.run.settings import DEFAULT_PAIRS, Settings, settings_of
from freqbias.run.shards import Sharing, count_parts
from freqbias.run.steps import Plan
from freqbias.terms import AUDIT_FILE, ESTIMATES_FILE, FIGURES_FOLDER, HTML_REPORT, OBSERVATIONS_FILE, PAIRS_FILE

log = logging.getLogger(__name__)

#: Shows that a step without countable parts is under way.
Waiting = Callable[[str], AbstractContextManager[Any]]
#: Makes, in a run folder, what it lacks beside the estimates; returns whether it lacked any.
Beside = Callable[[Path], bool]


def unseen(what: str) -> AbstractContextManager[None]:
    """Show nothing."""
    return nullcontext()


def make_run(
    chosen: Settings,
    given: "Sequence[Pair] | PairFile | None" = None,
    *,
    track: Track = silent,
    waiting: Waiting = unseen,
    beside: Beside | None = None,
    parts: Given | None = None,
) -> tuple[Path, bool]:
    """Do every stage that is not done in the run folder; return the folder, and whether there was anything to do.

    `given` are pairs in memory, which come before those that `chosen` names. What is missing, models, extras and the device among it, is
    an `InputError` before anything is made; a run that stops later goes on with the same settings. `beside` makes what the report shows
    beside the estimates; what embedding models have encoded is left for it, which takes it away. `parts` have been measured by other
    processes; without them a folder that holds such is an `InputError`.
    """
    plan = chosen.plan()
    keys = [step.key for step in plan.steps]
    if chosen.out is None:
        raise InputError("--out is missing: the folder to write the run into")
    check_ready(plan)
    source = pairs_of(chosen, given, waiting)
    folder = Path(chosen.out)
    if chosen.fresh and isinstance(source, PairFile) and source.path.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{source.path}: lies in the folder that --fresh empties; copy it to another place first")
    if parts is None and not chosen.fresh and (folder / PARTS_FOLDER).is_dir() and not _is_measured(folder):
        Parts(folder).check_command("run")
        raise InputError(
            f"{folder}: holds parts of a run that several processes measure; run: {shlex.join(['freqbias', 'merge', str(folder)])}"
        )
    new = not folder.exists()
    stages.prepare_folder(folder, fresh=chosen.fresh)
    stages.check_plain(folder / OBSERVATIONS_FILE)
    with only_writer(folder / OBSERVATIONS_FILE):
        try:
            done = _stages(folder, source, plan, chosen, track, waiting, beside, parts)
        except InputError:
            if new and not (folder / OBSERVATIONS_FILE).exists():  # a plugin that is none, found out when it was first asked
                shutil.rmtree(folder, ignore_errors=True)
            raise
    if not done:
        log.info("%s: complete (%s); nothing to do", folder, ", ".join(f"{probe} of {model}" for model, probe in keys))
    return folder, done


def measure_share(chosen: Settings, share: Share, *, track: Track = silent, waiting: Waiting = unseen) -> tuple[Path, bool]:
    """Measure one process's share of a run into the run folder's parts; return the folder, and whether there was anything to do.

    Other processes may work in the same folder, or in others that `merge` is told of. Errors as in `make_run`.
    """
    plan = chosen.plan()
    _ = plan.steps
    if chosen.out is None:
        raise InputError("--out is missing: the folder to write the run into")
    folder = Path(chosen.out)
    Parts(folder).check_command("run")
    check_ready(plan)
    source = pairs_of(chosen, None, waiting)
    stages.prepare_folder(folder, fresh=False)
    if _is_measured(folder):
        raise InputError(f"{folder}: is measured already; give another --out")
    stages.keep_pairs(source, folder / PAIRS_FILE)
    sharing = Sharing(PairFile(folder / PAIRS_FILE), plan, folder / OBSERVATIONS_FILE, chosen.recorded("run"), track, share)
    return folder, sharing.run()


def make_on_devices(chosen: Settings, *, track: Track = silent, waiting: Waiting = unseen) -> tuple[Path, bool]:
    """Measure a run in one process a device, then join what they have measured and go on as `make_run` does; errors as there."""
    devices = devices_of(chosen.devices or "")
    check_devices(devices)

    def measure(pairs: PairFile, plan: Plan, folder: Path) -> None:
        total = count_parts(plan, pairs)
        Devices(chosen.model_copy(update={"fresh": False, "holdout": None}), folder, devices).run(track, total)

    return _make_by_parts(chosen, measure, track, waiting)


def make_on_ray(chosen: Settings, *, track: Track = silent, waiting: Waiting = unseen) -> tuple[Path, bool]:
    """Measure a run by actors of a Ray cluster, then join what they have measured and go on as `make_run` does; errors as there."""
    check_ray()

    def measure(pairs: PairFile, plan: Plan, folder: Path) -> None:
        OnRay(pairs, chosen, folder / OBSERVATIONS_FILE, track).run()

    return _make_by_parts(chosen, measure, track, waiting)


def _make_by_parts(
    chosen: Settings, measure: Callable[[PairFile, Plan, Path], None], track: Track, waiting: Waiting
) -> tuple[Path, bool]:
    """Let other processes measure the parts of a run, then join them; what is joined already goes on in this process alone."""
    if chosen.out is None:
        raise InputError("--out is missing: the folder to write the run into")
    if not chosen.fresh and _is_measured(Path(chosen.out)):
        found = make_run(chosen, track=track, waiting=waiting)
        Parts(found[0]).tidy()
        return found
    folder, plan = Path(chosen.out), chosen.plan()
    if not chosen.fresh:
        Parts(folder).check_command("run")
    _ = plan.steps
    check_ready(plan)
    stages.prepare_folder(folder, fresh=chosen.fresh)
    stages.keep_pairs(pairs_of(chosen, None, waiting), folder / PAIRS_FILE)
    with only_writer(folder / OBSERVATIONS_FILE):
        measure(PairFile(folder / PAIRS_FILE), plan, folder)
    return merge(folder, [folder], holdout=chosen.holdout, track=track, waiting=waiting)


def merge(
    out: Path, runs: Sequence[Path], *, holdout: str | None = None, track: Track = silent, waiting: Waiting = unseen
) -> tuple[Path, bool]:
    """Join the parts in run folders into `out`, and do the stages that follow; return it, and whether there was anything to do.

    What killed processes have left in `out` is deleted then. `InputError` for a part that is missing or there twice, and for folders of
    other pairs, models, prompts or settings.
    """
    found = _merged(out, runs, holdout, track, waiting)
    Parts(out).tidy()
    return found


def _merged(out: Path, runs: Sequence[Path], holdout: str | None, track: Track, waiting: Waiting) -> tuple[Path, bool]:
    if {run.resolve() for run in runs} == {out.resolve()} and _is_measured(out):  # its parts may be gone
        told = manifest.read(out / OBSERVATIONS_FILE) or {}
        config = {**told["config"], "part": told["probing"]["pairs_at_once"]}
        chosen = settings_of({**config, "holdout": holdout} if holdout else config, out)
        if told["config"]["command"] == "run":
            return make_run(chosen.model_copy(update={"out": str(out)}), PairFile(out / PAIRS_FILE), track=track, waiting=waiting)
        return out, False
    given = Given(runs)
    config, first = given.manifest["config"], given.first
    config = {**config, "part": given.manifest["probing"]["pairs_at_once"]}
    chosen = settings_of({**config, "holdout": holdout} if holdout else config, first)
    is_run, target = config["command"] == "run", out / OBSERVATIONS_FILE
    # of a run each process has the pairs, wherever the file once lay that they were made from
    known = chosen.pairs if chosen.pairs is not None and Path(chosen.pairs).exists() else None
    pairs, plan = PairFile(first / PAIRS_FILE if is_run else known or first), chosen.plan()
    probing = Probing(pairs, plan, target, chosen.recorded(config["command"]), track, given=given)
    probing.check()
    if is_run:
        return make_run(chosen.model_copy(update={"out": str(out)}), pairs, track=track, waiting=waiting, parts=given)
    check_ready(plan)
    with only_writer(target):
        return out, probing.run()


def _is_measured(folder: Path) -> bool:
    """Tell whether every row is there; where parts are being joined, one that was damaged may have to be measured again."""
    found = manifest.read(folder / OBSERVATIONS_FILE)
    return found is not None and manifest.tells_how(found) and bool(found["probing"]["complete"])


def forecast_of(chosen: Settings, *, track: Track = silent, waiting: Waiting = unseen) -> list[dict[str, Any]]:
    """Return what a run would ask of its models, one row a step, without starting one (see `freqbias.run.plan.forecast`).

    Nothing of the user's own is imported; a line says so for each model and probe that is code.
    """
    plan = dry(chosen.plan())
    if plan is None:
        return []
    _ = plan.steps  # says what is missing before pairs are made
    source = pairs_of(chosen, None, waiting)
    known: Any = source if isinstance(source, PairFile) else list(source)
    return forecast(plan, known, source.count if isinstance(source, PairFile) else len(known), track)


def pairs_of(chosen: Settings, given: "Sequence[Pair] | PairFile | None", waiting: Waiting) -> "PairFile | Iterable[Pair]":
    """Return the pairs of a run; the bundled ones are made when nobody has asked for others."""
    if given is not None:
        return given
    if chosen.pairs is not None:
        file = PairFile(chosen.pairs)
        if not file.count:
            raise InputError(f"{file.path}: contains no pairs")
        return file
    with waiting("pairs"):
        return stages.make_pairs("lexicon", [], {"n": chosen.n or DEFAULT_PAIRS, "sets": chosen.sets, "seed": chosen.seed})


def _stages(
    folder: Path,
    source: Iterable[Pair],
    plan: Plan,
    chosen: Settings,
    track: Track,
    waiting: Waiting,
    beside: Beside | None,
    parts: Given | None,
) -> bool:
    """Do the stages that are not done; return whether there were any."""
    pair_file, audit = folder / PAIRS_FILE, folder / AUDIT_FILE
    stages.keep_pairs(source, pair_file)
    target, keep, pairs = folder / OBSERVATIONS_FILE, beside is not None, PairFile(pair_file)
    probing = Probing(pairs, plan, target, chosen.recorded("run"), track, keep_vectors=keep, given=parts)
    for line in lines_of(plan, pairs, folder):
        log.info("%s", line)
    missing = not audit.exists()
    if missing:
        stages.audit_pairs(pair_file, audit, track=track)
    if probing.run():
        stages.remove_derived(folder)
    stages.end_start(pair_file)
    if not (folder / ESTIMATES_FILE).exists() or (chosen.holdout is not None and holdout_of(folder) is None):
        missing, asked = True, Asked(holdout=chosen.holdout)
        stages.analyze(folder / OBSERVATIONS_FILE, pair_file, folder / ESTIMATES_FILE, chosen.seed, track, asked=asked)
        probing.add_time()
    if beside is not None:
        missing |= beside(folder)
    if missing or not all((folder / name).exists() for name in stages.DERIVED):
        missing = True
        with waiting("report"):
            write_report(folder)
    return missing


def write_report(*folders: Path, out: Path | None = None) -> Path:
    """Write the report of one or more run folders, say what was written, and return its page."""
    from freqbias.analysis.report.report import write_report as write

    written = write(*folders, out=out)
    target = folders[0] if out is None else out
    texts = [path.name for path in written if path.parent == target]
    log.info("wrote %s: %s and %d files in %s/", target, ", ".join(texts), len(written) - len(texts), FIGURES_FOLDER)
    return target / HTML_REPORT
