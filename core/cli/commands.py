"""One function a command; each stage reads the file before it and writes its own."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from freqbias import frequency as frequency_module
from freqbias import registry
from freqbias.cli import manifest, stages
from freqbias.cli.console import log, print_json, print_table, tracker
from freqbias.errors import InputError
from freqbias.jsonl import read_pairs, write_json, write_records
from freqbias.records import Estimate

DEFAULT_EMBEDDERS = ["minilm"]
DEFAULT_LANGUAGE_MODELS = ["smollm2-135m"]
DEFAULT_PAIRS = 80  # keeps a run of the two default models under three minutes on two cores

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document to standard output and nothing else.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.", min=0)]
N = Annotated[int | None, typer.Option("--n", help="Pairs in the frequency arm; placebo gets as many, length half.", min=1)]
Embedders = Annotated[list[str] | None, typer.Option("--embedder", help="Embedding model; may be given several times.")]
Lms = Annotated[list[str] | None, typer.Option("--lm", help="Causal language model; may be given several times.")]
Probes = Annotated[list[str] | None, typer.Option("--probe", help="Probe; default: all that the models allow.")]
Dtype = Annotated[str, typer.Option(help="Number type that language models compute in.")]
Run = Annotated[Path, typer.Argument(help="Run folder.", metavar="RUN")]


def run(
    out: Annotated[Path, typer.Option(help="Run folder.")],
    embedder: Embedders = None,
    lm: Lms = None,
    probe: Probes = None,
    pairs: Annotated[Path | None, typer.Option(help="Pair file to use instead of the bundled pairs.")] = None,
    n: N = None,
    seed: Seed = 0,
    dtype: Dtype = "float32",
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over; what was there is kept in OUT.previous.")] = False,
) -> None:
    """Make pairs, probe models, analyse, report: all stages into one run folder.

    Example: `freqbias run --fresh --out results/demo`
    """
    started = datetime.now(UTC)
    if embedder is None and lm is None:
        embedder, lm = DEFAULT_EMBEDDERS, DEFAULT_LANGUAGE_MODELS
    if pairs is not None and n is not None:
        raise InputError("--n applies to the bundled pairs and --pairs replaces them; give one of the two")
    plan = stages.Plan(embedders=embedder or [], language_models=lm or [], probes=probe or [], dtype=dtype)
    plan.steps()
    source = None if pairs is None else list(read_pairs(pairs))
    stages.prepare_folder(out, fresh)
    pair_file = out / "pairs.jsonl"
    if source is None:
        stages.make_pairs("lexicon", DEFAULT_PAIRS if n is None else n, seed, pair_file)
    else:
        write_records(pair_file, source)
    stages.audit_pairs(pair_file, out / "audit.json")
    models, settings = stages.probe_pairs(pair_file, plan, out / "observations.jsonl", tracker())
    config = {
        "embedder": embedder or [],
        "lm": lm or [],
        "probe": probe or [],
        "pairs": pairs,
        "n": n,
        "seed": seed,
        "dtype": dtype,
    }
    estimates = stages.analyze(out / "observations.jsonl", pair_file, out / "estimates.jsonl", seed, tracker())
    write_json(out / "manifest.json", manifest.build(out, config=config, models=models, probes=settings, started=started))
    _report(out)
    _summary(estimates)


def pairs(
    generator: Annotated[str, typer.Argument(help="Generator; see `freqbias list generators`.")],
    out: Annotated[Path, typer.Option(help="Pair file to write.")],
    n: N = None,
    seed: Seed = 0,
) -> None:
    """Generate pairs.

    Example: `freqbias pairs lexicon --n 180 --seed 0 --out pairs.jsonl`
    """
    made = stages.make_pairs(generator, n, seed, out)
    log.info("%s: %d pairs", out, len(made))


def audit(
    source: Annotated[Path, typer.Argument(metavar="PAIRS", help="Pair file or run folder.")],
    out: Annotated[Path | None, typer.Option(help="Audit file to write; default: audit.json beside the pairs.")] = None,
    json: Json = False,
) -> None:
    """Say what differs between the forms of pairs besides frequency.

    Example: `freqbias audit pairs.jsonl --json`
    """
    pair_file = stages.file_in(source, "pairs.jsonl")
    target = out or pair_file.with_name("audit.json")
    result = stages.audit_pairs(pair_file, target)
    if json:
        print_json(result)
        return
    _audit_table(result)


def _audit_table(result: dict[str, Any]) -> None:
    rows = [
        [arm, name, f"{row['high_mean']:.3g}", f"{row['low_mean']:.3g}", "–" if row["dz"] is None else f"{row['dz']:+.2f}"]
        for arm, part in result["arms"].items()
        for name, row in part["covariates"].items()
    ]
    print_table(["arm", "covariate", "mean high", "mean low", "dz"], rows)
    for verdict in result["verdicts"]:
        log.info("%s (%s): %s", verdict["code"], verdict["level"], verdict["message"])


def probe(
    source: Annotated[Path, typer.Argument(metavar="PAIRS", help="Pair file or run folder.")],
    out: Annotated[Path | None, typer.Option(help="Observation file; default: observations.jsonl beside the pairs.")] = None,
    embedder: Embedders = None,
    lm: Lms = None,
    probe: Probes = None,
    dtype: Dtype = "float32",
) -> None:
    """Measure models on pairs.

    Example: `freqbias probe pairs.jsonl --embedder minilm --out observations.jsonl`
    """
    plan = stages.Plan(embedders=embedder or [], language_models=lm or [], probes=probe or [], dtype=dtype)
    pair_file = stages.file_in(source, "pairs.jsonl")
    target = out or pair_file.with_name("observations.jsonl")
    stages.probe_pairs(pair_file, plan, target, tracker())
    log.info("%s written", target)


def analyze(
    run: Run,
    out: Annotated[Path | None, typer.Option(help="Estimate file; default: estimates.jsonl in the run folder.")] = None,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Turn observations into estimates.

    Example: `freqbias analyze results/demo`
    """
    target = out or run / "estimates.jsonl"
    estimates = stages.analyze(run / "observations.jsonl", run / "pairs.jsonl", target, seed, tracker())
    if json:
        print_json([row.to_dict() for row in estimates])
    else:
        _summary(estimates)


def report(run: Run) -> None:
    """Write report.html, report.md and figures from a run folder's estimates.

    Example: `freqbias report results/demo`
    """
    _report(run)


def _report(folder: Path) -> None:
    from freqbias.analysis.report import write_report

    for path in write_report(folder):
        log.info("%s", path)


def _summary(estimates: list[Estimate]) -> None:
    from freqbias.analysis.verdict import headline_rows, interval, number, p_text, verdicts

    rows = [
        [
            f"{row.model} · {row.probe}",
            row.contrast,
            row.arm,
            number(row.value),
            interval(row),
            p_text(row.p_value),
            row.n_items,
        ]
        for row in headline_rows(estimates)
    ]
    print_table(["", "contrast", "arm", "value", "95 % interval", "test", "items"], rows)
    for verdict in verdicts(estimates):
        print_table([f"{verdict.model} · {verdict.probe}"], [[line] for line in [*verdict.controls, verdict.headline]])


def score(
    texts: Annotated[list[str], typer.Argument(metavar="TEXT…", help="Texts to score.")],
    frequency: Annotated[str, typer.Option(help="See `freqbias list frequencies`.")] = "mean_zipf",
    language: Annotated[str, typer.Option(help="Language code of wordfreq.")] = "en",
    json: Json = False,
) -> None:
    """Say how frequent the wording of texts is.

    Example: `freqbias score "the car broke down" "the jalopy conked out"`
    """
    measure = registry.load("frequencies", frequency)
    rows = [
        {"text": text, frequency: measure(text, language), "unknown": frequency_module.unknown_words(text, language)}
        for text in texts
    ]
    if json:
        print_json(rows)
        return
    numbers = [None if row[frequency] is None else f"{row[frequency]:.3f}" for row in rows]
    print_table([frequency, "unknown", "text"], [[v, len(r["unknown"]), r["text"]] for v, r in zip(numbers, rows, strict=True)])


def list_names(
    kind: Annotated[str, typer.Argument(help="probes, generators or frequencies.")],
    json: Json = False,
) -> None:
    """Show what is registered under a kind, plugins included.

    Example: `freqbias list probes`
    """
    if kind not in registry.BUILT_IN:
        raise InputError(f"unknown kind '{kind}'{registry.suggestion(kind, registry.BUILT_IN)}")
    found = [{"name": name, "summary": _about(registry.load(kind, name))} for name in registry.names(kind)]
    if json:
        print_json(found)
    else:
        print_table([kind, ""], [[row["name"], row["summary"]] for row in found])


def _about(thing: Any) -> str:
    return getattr(thing, "summary", None) or (thing.__doc__ or "").strip().splitlines()[0]


def register(app: typer.Typer) -> None:
    """Attach the commands to the program, in the order of the data flow."""
    for command in (run, pairs, audit, probe, analyze, report, score):
        app.command()(command)
    app.command("list")(list_names)
