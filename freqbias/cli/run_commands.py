"""Commands that measure models: run, probe, status."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from freqbias.cli.console import log, print_json, print_table, tracker, waiting
from freqbias.cli.options import Json, N, Seed, Sets
from freqbias.cli.summary import show_summary, write_report
from freqbias.errors import InputError
from freqbias.files import PairFile, read_estimates
from freqbias.records import Pair
from freqbias.run import stages
from freqbias.run.journal import only_writer
from freqbias.run.plan import forecast
from freqbias.run.probing import Plan, Probing
from freqbias.run.settings import Settings, settings
from freqbias.run.status import status_of

DEFAULT_EMBEDDERS = ["minilm"]
DEFAULT_LANGUAGE_MODELS = ["smollm2-135m"]
DEFAULT_PAIRS = 80  # keeps a run of the two default models under three minutes on two cores

Embedders = Annotated[list[str] | None, typer.Option("--embedder", help="Embedding model; may be given several times.")]
Lms = Annotated[list[str] | None, typer.Option("--lm", help="Causal language model; may be given several times.")]
Probes = Annotated[list[str] | None, typer.Option("--probe", help="Probe; default: all that the models allow.")]
Dtype = Annotated[str | None, typer.Option(help="Number type to compute in: float32 (default), bfloat16, float16.")]
Device = Annotated[str | None, typer.Option(help="Where to compute, such as cpu or cuda:1; default: a GPU where there is one.")]
Backend = Annotated[str | None, typer.Option(help="auto (default), transformers, vllm, or http.")]
BaseUrl = Annotated[str | None, typer.Option(help="Address of an OpenAI-compatible server; its key comes from the environment.")]
MaxRequests = Annotated[int | None, typer.Option(help="Stop after so many requests to the server.")]
Trust = Annotated[bool, typer.Option("--trust-remote-code", help="Run code that a model ships.")]
Pickle = Annotated[bool, typer.Option("--allow-pickle", help="Read weights in a format that can run code.")]
Parallel = Annotated[int | None, typer.Option("--tensor-parallel", help="GPUs over which vLLM splits the weights of a model.")]


def run(
    ctx: typer.Context,
    config: Annotated[Path | None, typer.Argument(metavar="[CONFIG]", help="YAML file with any of the options below.")] = None,
    out: Annotated[Path | None, typer.Option(help="Run folder.")] = None,
    embedder: Embedders = None,
    lm: Lms = None,
    probe: Probes = None,
    pairs: Annotated[Path | None, typer.Option(help="Pair file to use instead of the bundled pairs.")] = None,
    n: N = None,
    sets: Sets = None,
    seed: Seed = 0,
    dtype: Dtype = None,
    device: Device = None,
    backend: Backend = None,
    base_url: BaseUrl = None,
    max_requests: MaxRequests = None,
    trust_remote_code: Trust = False,
    allow_pickle: Pickle = False,
    tensor_parallel: Parallel = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over; what was there is kept in OUT.previous.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be asked of the models, and start nothing.")] = False,
    json: Json = False,
) -> None:
    """Make pairs, probe models, analyse, report: all stages into one run folder. An interrupted run goes on where it stopped.

    Example: `freqbias run --fresh --out results/demo`

    Example: `freqbias run config.yaml --out results/mine`
    """
    chosen = settings(_given(ctx), config)
    if not chosen.embedder and not chosen.lm:
        chosen = chosen.model_copy(update={"embedder": DEFAULT_EMBEDDERS, "lm": DEFAULT_LANGUAGE_MODELS})
    plan = chosen.plan()
    keys = [step.key for step in plan.steps]  # says what is missing before anything is made
    if chosen.dry_run:
        source = _source(chosen)
        known: Any = source if isinstance(source, PairFile) else list(source)
        total = source.count if isinstance(source, PairFile) else len(known)
        _show_forecast(forecast(plan, known, total, tracker()), json=chosen.json_)
        return
    if chosen.out is None:
        raise InputError("--out is missing: the folder to write the run into")
    source = _source(chosen)
    folder = Path(chosen.out)
    if chosen.fresh and isinstance(source, PairFile) and source.path.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{source.path}: lies in the folder that --fresh empties; copy it to another place first")
    stages.prepare_folder(folder, fresh=chosen.fresh)
    with only_writer(folder / "observations.jsonl"):
        done = _stages(folder, source, plan, chosen)
    if not done:
        log.info("%s: complete (%s); nothing to do", folder, ", ".join(f"{probe} of {model}" for model, probe in keys))
    estimates = list(read_estimates(folder))
    if chosen.json_:
        print_json([row.to_dict() for row in estimates])
    else:
        show_summary(estimates)


def _source(chosen: Settings) -> "PairFile | Iterable[Pair]":
    """Return the pairs of a run; the bundled ones are made when nobody has asked for others."""
    if chosen.pairs is not None:
        given = PairFile(chosen.pairs)
        if not given.count:
            raise InputError(f"{given.path}: no pairs")
        return given
    with waiting("pairs"):
        return stages.make_pairs("lexicon", [], {"n": chosen.n or DEFAULT_PAIRS, "sets": chosen.sets, "seed": chosen.seed})


def _stages(folder: Path, source: Iterable[Pair], plan: Plan, chosen: Settings) -> bool:
    """Do the stages that are not done; return whether there were any."""
    pair_file, audit = folder / "pairs.jsonl", folder / "audit.json"
    stages.keep_pairs(source, pair_file)
    probing = Probing(PairFile(pair_file), plan, folder / "observations.jsonl", chosen.recorded("run"), tracker())
    missing = not audit.exists()
    if missing:
        stages.audit_pairs(pair_file, audit)
    if probing.run():
        stages.remove_derived(folder)
    if not (folder / "estimates.jsonl").exists():
        missing = True
        stages.analyze(folder / "observations.jsonl", pair_file, folder / "estimates.jsonl", chosen.seed, tracker())
        probing.add_time()
    if missing or not all((folder / name).exists() for name in stages.DERIVED):
        missing = True
        with waiting("report"):
            write_report(folder)
    return missing


def probe(
    ctx: typer.Context,
    source: Annotated[Path, typer.Argument(metavar="PAIRS", help="Pair file or run folder.")],
    out: Annotated[Path | None, typer.Option(help="Observation file; default: observations.jsonl beside the pairs.")] = None,
    embedder: Embedders = None,
    lm: Lms = None,
    probe: Probes = None,
    dtype: Dtype = None,
    device: Device = None,
    backend: Backend = None,
    base_url: BaseUrl = None,
    max_requests: MaxRequests = None,
    trust_remote_code: Trust = False,
    allow_pickle: Pickle = False,
    tensor_parallel: Parallel = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over; the old observations are kept as …previous.jsonl.")] = False,
) -> None:
    """Measure models on pairs. An interrupted run goes on where it stopped, and rows with an error are tried again.

    Example: `freqbias probe pairs.jsonl --embedder minilm --out observations.jsonl`
    """
    pairs = PairFile(source)
    target = out or pairs.path.with_name("observations.jsonl")
    given = {name: value for name, value in _given(ctx).items() if name not in ("source", "out")}
    chosen = settings(given | {"pairs": pairs.path.absolute()}, None)
    probing = Probing(pairs, chosen.plan(), target, chosen.recorded("probe"), tracker())
    with only_writer(target):
        if fresh:
            stages.set_aside(target)
        done = probing.run()
        if done and target.name == "observations.jsonl":
            stages.remove_derived(target.parent)
    log.info("%s %s", target, "written" if done else "is complete; nothing to do")


def _given(ctx: typer.Context) -> dict[str, Any]:
    """Return the options that stand on the command line."""
    sources = {name: ctx.get_parameter_source(name) for name in ctx.params if name != "config"}
    return {name: ctx.params[name] for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"}


def _show_forecast(rows: list[dict[str, Any]], *, json: bool) -> None:
    if json:
        print_json(rows)
        return
    columns = ["model", "probe", "pairs", "rows", "texts", "tokens", "requests"]
    print_table(columns, [[row[name] for name in columns] for row in rows])
    log.info("nothing was started; texts are distinct ones, requests are at most one a text")


def status(
    run: Annotated[Path, typer.Argument(help="Run folder.", metavar="RUN")],
    json: Json = False,
) -> None:
    """Say how far a run is, what failed in it, and how it goes on.

    Example: `freqbias status results/demo`
    """
    found = status_of(stages.file_in(run, "observations.jsonl"))
    if json:
        print_json(found)
        return
    columns = ["model", "probe", "pairs done", "pairs", "rows", "errors"]
    names = ["model", "probe", "pairs_done", "pairs", "rows", "errors"]
    print_table(columns, [[step[name] for name in names] for step in found["steps"]], title=f"{run}: {found['state']}")
    if found["missing"]:
        log.info("not made yet: %s", ", ".join(found["missing"]))
    if found["resume"]:
        log.info("go on with: %s", found["resume"])


def register(app: typer.Typer) -> None:
    """Attach the commands to the program."""
    for command in (run, probe, status):
        app.command()(command)
