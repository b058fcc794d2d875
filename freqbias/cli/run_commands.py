"""Commands that measure models: run, probe, status."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from freqbias.cli.console import log, print_json, print_lines, print_report, print_table, tracker, waiting
from freqbias.cli.options import Holdout, Json, N, Seed, Sets
from freqbias.cli.panels import ANSWER, add
from freqbias.cli.paths import check_not_onto
from freqbias.errors import ROWS_FAILED, InputError
from freqbias.terms import HTML_REPORT, OBSERVATIONS_FILE

if TYPE_CHECKING:
    from freqbias.files import PairFile
    from freqbias.run.parts import Share
    from freqbias.run.settings import Settings

Embedders = Annotated[list[str] | None, typer.Option("--embedder", help="Embedding model; may be given several times.")]
Lms = Annotated[list[str] | None, typer.Option("--lm", help="Causal language model; may be given several times.")]
Probes = Annotated[list[str] | None, typer.Option("--probe", help="Probe; default: all that the models allow.")]
Remedies = Annotated[
    list[str] | None,
    typer.Option("--remedy", metavar="NAME", help="Measure each embedding model with this remedy beside; may be given several times."),
]
Dtype = Annotated[str | None, typer.Option(help="Number type to compute in: float32 (default), bfloat16, float16.")]
Device = Annotated[str | None, typer.Option(help="Where to compute, such as cpu or cuda:1; default: a GPU where there is one.")]
Backend = Annotated[str | None, typer.Option(help="auto (default), transformers, vllm, or http.")]
BaseUrl = Annotated[
    list[str] | None, typer.Option(help="Address of an OpenAI-compatible server; several of one model share the requests.")
]
MaxRequests = Annotated[int | None, typer.Option(help="Stop after so many requests to the server.")]
Trust = Annotated[bool, typer.Option("--trust-remote-code", help="Run code that a model ships.")]
Pickle = Annotated[bool, typer.Option("--allow-pickle", help="Read weights in a format that can run code.")]
Parallel = Annotated[int | None, typer.Option("--tensor-parallel", help="GPUs over which vLLM splits the weights of a model.")]
QueryPrompt = Annotated[
    str | None, typer.Option("--query-prompt", help="Text before every query, in place of the embedding model's own; '' for none.")
]
Part = Annotated[
    int | None,
    typer.Option("--part", help="Pairs to measure before their rows are kept, which an interrupt waits for; default: 256.", min=1),
]
Shard = Annotated[
    str | None,
    typer.Option("--shard", metavar="I/N", help="Measure only parts I, I+N, … of every step, I from 0; freqbias merge joins them."),
]
Devices = Annotated[str | None, typer.Option("--devices", metavar="0,1,…", help="GPUs to measure on, with a process each.")]
Executor = Annotated[str | None, typer.Option("--executor", help="local (default), or ray: actors of a Ray cluster measure.")]
Actors = Annotated[int | None, typer.Option("--actors", help="Processes that --executor ray starts; default: one a GPU, or a machine.")]
DocumentPrompt = Annotated[
    str | None, typer.Option("--document-prompt", help="Text before every document, in place of the embedding model's own; '' for none.")
]


def run(
    ctx: typer.Context,
    config: Annotated[Path | None, typer.Argument(metavar="[CONFIG]", help="YAML file with any of the options below.")] = None,
    out: Annotated[Path | None, typer.Option(help="Run folder.")] = None,
    embedder: Embedders = None,
    lm: Lms = None,
    probe: Probes = None,
    remedy: Remedies = None,
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
    query_prompt: QueryPrompt = None,
    document_prompt: DocumentPrompt = None,
    holdout: Holdout = None,
    part: Part = None,
    shard: Shard = None,
    devices: Devices = None,
    executor: Executor = None,
    actors: Actors = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over; what was there is kept in OUT.previous.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be asked of the models; start nothing, and import nothing of yours.")
    ] = False,
    trust_config_code: Annotated[
        bool,
        typer.Option(
            "--trust-config-code",
            help="Let CONFIG name code (module:function, --trust-remote-code, --allow-pickle), and a --base-url that gets your key.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Make pairs, probe models, analyse, report: all stages into one run folder. An interrupted run goes on where it stopped.

    Exit status 3 says that the run is complete, but that rows failed; standard error ends with how many and why. The same command asks
    again.

    Example: `freqbias run --fresh --out results/demo`

    Example: `freqbias run --embedder minilm --remedy centre --remedy whiten --out results/remedies`

    Example: `freqbias run config.yaml --out results/mine`
    """
    from freqbias.cli.summary import show_summary
    from freqbias.files import read_estimates
    from freqbias.run.devices import devices_of, end_with_parent
    from freqbias.run.failures import tell_failures
    from freqbias.run.parts import share_of
    from freqbias.run.pipeline import forecast_of, make_on_devices, make_on_ray, make_run, measure_share
    from freqbias.run.settings import settings

    chosen = settings(_given(ctx), config, trusted=trust_config_code).with_models()
    if chosen.dry_run:
        of = 1 if chosen.shard is None else share_of(chosen.shard).of
        rows = forecast_of(chosen, track=tracker(), waiting=waiting)
        _show_forecast(rows, json=chosen.json_)
        _tell_shares(rows, of if chosen.devices is None else len(devices_of(chosen.devices)), chosen)
        return
    if chosen.shard is not None:
        end_with_parent(sys.stdin)
        share = share_of(chosen.shard)
        folder, done = measure_share(chosen, share, track=tracker(), waiting=waiting)
        _tell_share(folder, share, done, json=chosen.json_)
        return
    make = make_on_ray if chosen.executor == "ray" else make_run if chosen.devices is None else make_on_devices
    folder, _ = make(chosen, track=tracker(), waiting=waiting)
    estimates = list(read_estimates(folder))
    if chosen.json_:
        print_json([row.to_dict() for row in estimates])
    else:
        show_summary(folder, estimates)
        _show_remedies(folder, chosen)
    failed = tell_failures(folder / OBSERVATIONS_FILE)
    print_report(folder / HTML_REPORT, json=chosen.json_)
    if failed:
        raise typer.Exit(ROWS_FAILED)


def _show_remedies(folder: Path, chosen: "Settings") -> None:
    """Print what each remedy removes and costs, in a sentence or two a model."""
    if not chosen.remedy:
        return
    from freqbias.analysis.report.remedied_advice import advice_in

    for advice in advice_in(folder):
        print_lines([advice.model, *(f"  {line}" for line in advice.lead), ""])


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
    query_prompt: QueryPrompt = None,
    document_prompt: DocumentPrompt = None,
    part: Part = None,
    shard: Shard = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over; the old observations are kept as …previous.jsonl.")] = False,
) -> None:
    """Measure models on pairs. An interrupted run goes on where it stopped, and rows with an error are tried again.

    Exit status 3 says that every pair was asked for, but that rows failed; standard error ends with how many and why.

    Example: `freqbias probe pairs.jsonl --embedder minilm --out observations.jsonl`
    """
    from freqbias.files import PairFile
    from freqbias.run import stages
    from freqbias.run.failures import tell_failures
    from freqbias.run.journal import only_writer
    from freqbias.run.probing import Probing
    from freqbias.run.ready import check_ready
    from freqbias.run.settings import settings

    pairs = PairFile(source)
    target = out or pairs.path.with_name(OBSERVATIONS_FILE)
    check_not_onto(target, pairs.path)
    stages.check_plain(target)
    given = {name: value for name, value in _given(ctx).items() if name not in ("source", "out")}
    chosen = settings(given | {"pairs": pairs.path.absolute()}, None)
    plan = chosen.plan()
    if chosen.shard is not None:
        _probe_share(pairs, target, chosen)
        return
    probing = Probing(pairs, plan, target, chosen.recorded("probe"), tracker())
    check_ready(plan)
    with only_writer(target):
        if fresh:
            stages.set_aside(target)
        done = probing.run()
        if done and target.name == OBSERVATIONS_FILE:
            stages.remove_derived(target.parent)
    log.info("%s %s", target, "written" if done else "is complete; nothing to do")
    if tell_failures(target):
        raise typer.Exit(ROWS_FAILED)


def _probe_share(pairs: "PairFile", target: Path, chosen: "Settings") -> None:
    from freqbias.run.parts import Parts, share_of
    from freqbias.run.ready import check_ready
    from freqbias.run.shards import Sharing

    if target.name != OBSERVATIONS_FILE:
        raise InputError(f"{target}: a share lies in a run folder; give --out FOLDER/{OBSERVATIONS_FILE}")
    share, plan = share_of(chosen.shard or ""), chosen.plan()
    Parts(target.parent).check_command("probe")
    sharing = Sharing(pairs, plan, target, chosen.recorded("probe"), tracker(), share)
    check_ready(plan)
    _tell_share(target.parent, share, sharing.run(), json=False)


def _tell_share(folder: Path, share: "Share", done: bool, *, json: bool) -> None:
    word = "measured" if done else "complete; nothing to do"
    log.info("%s: share %s is %s; when all are there: %s", folder, share, word, shlex.join(["freqbias", "merge", str(folder)]))
    if json:
        print_json({"share": str(share), "measured": done})


def _given(ctx: typer.Context) -> dict[str, Any]:
    """Return the options that stand on the command line."""
    sources = {name: ctx.get_parameter_source(name) for name in ctx.params if name not in ("config", "trust_config_code")}
    return {name: ctx.params[name] for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"}


def _show_forecast(rows: list[dict[str, Any]], *, json: bool) -> None:
    from freqbias.run.plan import needs

    if json:
        print_json(rows)
        return
    columns = ["model", "probe", "pairs", "rows", "texts", "tokens", "requests"]
    print_table(columns, [[row[name] for name in columns] for row in rows])
    log.info("%s", needs(rows))
    log.info("nothing was started; texts are distinct ones, requests are at most one a text")


def _tell_shares(rows: list[dict[str, Any]], of: int, chosen: "Settings") -> None:
    """Say what of a step each of several processes would take."""
    if of == 1 or not chosen.lm or not rows:
        return
    size = chosen.plan().pairs_at_once
    parts = -(-max(row["pairs"] for row in rows) // size)
    log.info(
        "a step of a language model has %d parts of %d pairs; each of %d processes takes %d at most", parts, size, of, -(-parts // of)
    )
    if parts < of:
        log.warning("%d of %d processes have nothing to do; a smaller --part gives all of them some", of - parts, of)


def status(
    run: Annotated[Path, typer.Argument(help="Run folder.", metavar="RUN")],
    json: Json = False,
) -> None:
    """Say how far a run is, what failed in it, and how it goes on.

    Example: `freqbias status results/demo`
    """
    from freqbias.files import file_in
    from freqbias.run.manifest import path_of
    from freqbias.run.status import status_of

    observations = file_in(run, OBSERVATIONS_FILE)
    if not run.exists() and not path_of(observations).exists():
        raise InputError(f"{run}: there is no such folder; give that of --out of freqbias run")
    found = status_of(observations)
    if json:
        print_json(found)
        return
    columns = ["model", "probe", "pairs done", "pairs", "rows", "errors"]
    names = ["model", "probe", "pairs_done", "pairs", "rows", "errors"]
    print_table(columns, [[step[name] for name in names] for step in found["steps"]], title=f"{run}: {found['state']}")
    if found.get("shares"):
        print_table(["share", "device", "parts", "state"], [list(share.values()) for share in found["shares"]])
        if found["idle"]:
            log.warning("measured nothing so far: %s", ", ".join(found["idle"]))
        for name, reason in found["given_up"].items():
            log.warning("%s: given up: %s", name, reason)
        for line in found["damaged"]:
            log.warning("%s", line)
    if found["missing"]:
        log.info("not made yet: %s", ", ".join(found["missing"]))
    if found["resume"]:
        log.info("go on with: %s", found["resume"])


def register(app: typer.Typer) -> None:
    """Attach `run` to the program; the others stand behind what comes before them (`freqbias.cli.commands`)."""
    add(app, run, ANSWER)
