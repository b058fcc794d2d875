"""One function a command; each stage reads the file before it and writes its own."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from freqbias.cli.collected import collecting
from freqbias.cli.console import log, print_json, print_lines, print_report, print_table, tracker, waiting
from freqbias.cli.options import Holdout, Json, N, Seed, Sets
from freqbias.cli.panels import AROUND, STAGES, add
from freqbias.cli.paths import audit_beside, check_not_onto, pair_file
from freqbias.cli.run_commands import probe, status
from freqbias.errors import FreqbiasError, InputError
from freqbias.terms import ESTIMATES_FILE, FREQUENCY, HIGH, IN_EVERY_PAIR, LOW, MANIFEST_FILE, OBSERVATIONS_FILE, PAIRS_FILE

Run = Annotated[Path, typer.Argument(help="Run folder.", metavar="RUN")]


def pairs(
    generator: Annotated[str, typer.Argument(help="Generator; see `freqbias list generators`.")],
    sources: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[INPUT…]", help="What `substitute`, `import`, `annotate`, `lexsub`, `rewrite`, `queries` and `tasks` read."
        ),
    ] = None,
    *,
    out: Annotated[Path, typer.Option(help="Pair file to write.")],
    n: N = None,
    seed: Seed = 0,
    sets: Sets = None,
    field: Annotated[str | None, typer.Option(help="substitute, rewrite: column that holds the text; default: text.")] = None,
    split: Annotated[
        str | None, typer.Option(help="substitute, rewrite: split of a folder, of a collection its judgements; default: all.")
    ] = None,
    fit: Annotated[
        str | None, typer.Option(metavar="MODEL", help="substitute: language model that leaves out swaps of which a word does not fit.")
    ] = None,
    synonyms: Annotated[
        Path | None, typer.Option(metavar="FILE", help="substitute: your own words, in rows of word, word, part of speech (CSV).")
    ] = None,
    corpus: Annotated[
        Path | None, typer.Option(metavar="FILE|FOLDER", help="substitute: texts or counts of yours that say which words are rare here.")
    ] = None,
    tagger: Annotated[str | None, typer.Option(help="substitute: `rules`, or `hanta` (extra `text`), which finds more.")] = None,
    rewrite: Annotated[
        bool,
        typer.Option("--rewrite", help="substitute, tasks: a language model (--lm) rewrites the texts that no couple of words changes."),
    ] = False,
    high: Annotated[str | None, typer.Option(help="import: column of the frequent side.")] = None,
    low: Annotated[str | None, typer.Option(help="import: column of the rare side.")] = None,
    item: Annotated[str | None, typer.Option(help="import: column that names the item.")] = None,
    language: Annotated[str | None, typer.Option(help="import, rewrite: language code of wordfreq.")] = None,
    lm: Annotated[str | None, typer.Option(metavar="MODEL", help="rewrite, queries, --rewrite: language model that writes.")] = None,
    embedder: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="rewrite, --rewrite: embedder that says whether a rewrite means the same; default: minilm."),
    ] = None,
    norm: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FILE[:COLUMN]", help="annotate: words with numbers, or `wordnet`; one more confounder."),
    ] = None,
    second_frequency: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FILE[:COLUMN]", help="annotate: frequencies from another source, on a log scale."),
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", "-o", metavar="KEY=VALUE", help="An option of the generator's own.")
    ] = None,
    skip_invalid: Annotated[bool, typer.Option("--skip-invalid", help="Leave faulty lines out, count and list them.")] = False,
) -> None:
    """Generate pairs: from the bundled sets, from your own texts, or from two aligned files.

    Example: `freqbias pairs lexicon --n 180 --seed 0 --out pairs.jsonl`

    Example: `freqbias pairs substitute mytexts.txt --out pairs.jsonl`

    Example: `freqbias pairs substitute notes/ --synonyms mywords.csv --out pairs.jsonl`

    Example: `freqbias pairs substitute mytexts.txt --rewrite --lm ./my-model --out pairs.jsonl`

    Example: `freqbias pairs import high.txt low.txt --out pairs.jsonl`

    Example: `freqbias pairs annotate pairs.jsonl --norm aoa=aoa.csv --out annotated.jsonl`

    Example: `freqbias pairs lexsub swords-v1.1_dev.json.gz --out pairs.jsonl`

    Example: `freqbias pairs rewrite mytexts.txt --lm smollm2-135m --out pairs.jsonl`

    Example: `freqbias pairs queries pairs.jsonl --lm smollm2-135m --out asked.jsonl`

    Example: `freqbias pairs wordnet --n 200 --out pairs.jsonl`

    Example: `freqbias pairs constructions -o kinds=particle,dative --out pairs.jsonl`

    Example: `freqbias pairs tasks -o data=math --out math.jsonl`

    Example: `freqbias pairs yourmodule:generator -o key=value --out pairs.jsonl`
    """
    from freqbias.files import write_records
    from freqbias.run import stages

    tables = [text.partition("=")[2] for text in [*(norm or []), *(second_frequency or [])]]
    beside = [Path(path) for text in tables for path in (text, text.rpartition(":")[0]) if path]
    own = [path for path in (synonyms, corpus) if path is not None and path.is_file()]
    check_not_onto(out, *(sources or []), *own, *beside)
    skipped: list[str] = []
    options: dict[str, Any] = {
        "n": n,
        "seed": seed,
        "sets": sets,
        "field": field,
        "split": split,
        "fit": fit,
        "tagger": tagger,
        "synonyms": synonyms and str(synonyms),
        "corpus": corpus and str(corpus),
        HIGH: high,
        LOW: low,
        "item": item,
        "language": language,
        "rewrite": rewrite,
        "lm": lm,
        "embedder": embedder,
        "norm": norm,
        "second_frequency": second_frequency,
    }
    if skip_invalid:
        options["skipped"] = skipped
    options |= collecting(generator, out, rewrite=rewrite)
    coverage: Any = options.get("coverage")
    with nullcontext() if "journal" in options else waiting("pairs"):
        made = stages.make_pairs(generator, sources or [], options, list(option or []))
        write_records(out, made)
    for line in [*skipped, *(coverage.lines() if coverage else [])]:
        log.info("%s", line)
    if skip_invalid:
        log.info("%d lines skipped", len(skipped))
    log.info("%s: %d pairs", out, len(made))


def check(
    source: Annotated[Path, typer.Argument(metavar="PAIRS", help="Pair file or run folder.")],
    out: Annotated[Path, typer.Option(help="Pair file to write, with the verdicts in `checks`.")],
    similarity: Annotated[str | None, typer.Option(help="Embedding model that says whether both forms mean alike.")] = None,
    json: Json = False,
) -> None:
    """Check whether both forms of every pair still say the same: numbers, negation, names, quotes, question, articles.

    Example: `freqbias check pairs.jsonl --out checked.jsonl`
    """
    from freqbias.run import stages

    given = pair_file(source)
    check_not_onto(out, given)
    rows = stages.check_pairs(given, out, similarity, tracker())
    names = sorted({name for row in rows for name in row.checks})
    failed = {name: [row.id for row in rows if row.checks.get(name) is False] for name in names}
    if json:
        print_json({"n_pairs": len(rows), "failed": failed})
    else:
        print_table(["check", "failed", "first"], [[name, len(ids), ", ".join(ids[:3])] for name, ids in failed.items()])


def match(
    source: Annotated[Path, typer.Argument(metavar="PAIRS", help="Pair file or run folder.")],
    on: Annotated[str, typer.Option(help="Covariates to level, split by commas; see the table of `freqbias audit`.")],
    out: Annotated[Path, typer.Option(help="Pair file to write.")],
    json: Json = False,
) -> None:
    """Keep the largest part of the pairs in which covariates are level, with the frequency gap.

    Example: `freqbias match pairs.jsonl --on words,characters,fkgl --out matched.jsonl`
    """
    from freqbias.files import read_pairs
    from freqbias.run import stages

    names = [name.strip() for name in on.split(",") if name.strip()]
    if not names:
        raise InputError("--on needs a covariate; give it as in --on words,fkgl")
    given = pair_file(source)
    check_not_onto(out, given)
    total, balance = stages.match_pairs(given, names, out, track=tracker())
    kept = sum(pair.arm == FREQUENCY for pair in read_pairs(out))
    if json:
        print_json({"n_pairs": total, "n_kept": kept, "balance": [vars(row) for row in balance]})
        return
    rows = [[b.name, _short(b.mean_before), _short(b.dz_before), _short(b.mean_after), _short(b.dz_after)] for b in balance]
    print_table(["covariate", "mean before", "dz before", "mean after", "dz after"], rows)
    log.info("%s: %d of %d frequency pairs kept", out, kept, total)


def audit(
    source: Annotated[Path, typer.Argument(metavar="PAIRS", help="Pair file or run folder.")],
    out: Annotated[
        Path | None, typer.Option(help="Audit file to write; default: NAME.audit.json beside the pairs, of pairs.jsonl audit.json.")
    ] = None,
    tokenizer: Annotated[str | None, typer.Option(help="Embedding model whose subwords to count.")] = None,
    similarity: Annotated[str | None, typer.Option(help="Embedding model that says how alike the two forms are.")] = None,
    json: Json = False,
) -> None:
    """Say what differs between the forms of pairs besides frequency.

    Example: `freqbias audit pairs.jsonl --json`
    """
    from freqbias.run import stages

    given = pair_file(source)
    target = out or audit_beside(given)
    check_not_onto(target, given)
    result = stages.audit_pairs(given, target, tokenizer=tokenizer, similarity=similarity, track=tracker())
    if json:
        print_json(result)
    else:
        _audit_table(result)
    log.info("%s written", target)


def _audit_table(result: dict[str, Any]) -> None:
    rows = [
        [arm, name, f"{row['high_mean']:.3g}", f"{row['low_mean']:.3g}", _shown_dz(row)]
        for arm, part in result["arms"].items()
        for name, row in part["covariates"].items()
    ]
    print_table(["arm", "covariate", "mean high", "mean low", "dz"], rows)
    for verdict in result["verdicts"]:
        log.info("%s (%s): %s", verdict["code"], verdict["level"], verdict["message"])


def _shown_dz(row: dict[str, Any]) -> str:
    if IN_EVERY_PAIR in row:
        return f"{row[IN_EVERY_PAIR]:+.3g} in all"
    return "–" if row["dz"] is None else f"{row['dz']:+.2f}"


def analyze(
    run: Run,
    out: Annotated[Path | None, typer.Option(help="Estimate file; default: estimates.jsonl in the run folder.")] = None,
    seed: Seed = 0,
    holdout: Holdout = None,
    confirm: Annotated[bool, typer.Option("--confirm", help="Estimate the claims on the half that was kept out; once.")] = False,
    again: Annotated[bool, typer.Option("--again", help="With --confirm: look again, which is recorded and said.")] = False,
    json: Json = False,
) -> None:
    """Turn observations into estimates.

    Example: `freqbias analyze results/demo`

    Example: `freqbias analyze results/demo --holdout half`

    Example: `freqbias analyze results/demo --confirm`
    """
    from freqbias.cli.summary import show_summary
    from freqbias.compression import in_folder
    from freqbias.run import stages
    from freqbias.run.holdout import Asked

    target = out or run / ESTIMATES_FILE
    observations, pairs = (in_folder(run, name) for name in (OBSERVATIONS_FILE, PAIRS_FILE))
    check_not_onto(target, observations, pairs, run / MANIFEST_FILE)
    asked = Asked(holdout=holdout, confirm=confirm, again=again)
    estimates = stages.analyze(observations, pairs, target, seed, tracker(), asked=asked)
    if json:
        print_json([row.to_dict() for row in estimates])
    else:
        show_summary(run, estimates)


def report(
    runs: Annotated[list[Path], typer.Argument(help="Run folders, shown together.", metavar="RUN…")],
    out: Annotated[Path | None, typer.Option(help="Folder to write into; default: the first run folder.")] = None,
) -> None:
    """Write report.html, report.md, report.json and figures from the estimates of one or more runs.

    Two runs over the same pairs are held against each other at the top, as `freqbias compare` does.

    Example: `freqbias report results/demo`

    Example: `freqbias report runs/one runs/two --out runs/together`
    """
    from freqbias.run.pipeline import write_report

    with waiting("report"):
        page = write_report(*runs, out=out)
    print_report(page)


def score(
    texts: Annotated[list[str] | None, typer.Argument(metavar="[TEXT…]", help="Texts to score.")] = None,
    frequency: Annotated[str, typer.Option(help="See `freqbias list frequencies`.")] = "mean_zipf",
    language: Annotated[str, typer.Option(help="Language code of wordfreq.")] = "en",
    file: Annotated[Path | None, typer.Option(help="Text file (one a line) or file of rows to score, instead of TEXT.")] = None,
    field: Annotated[str | None, typer.Option(help="Column of --file that holds the text; default: text.")] = None,
    corpus: Annotated[list[Path] | None, typer.Option(help="Your own counts: text files or tables of words and counts, gz too.")] = None,
    completions: Annotated[Path | None, typer.Option(help="A model's story completions, for frequency `tfd`.")] = None,
    json: Json = False,
) -> None:
    """Say how frequent the wording of texts is.

    Example: `freqbias score "the car broke down" "the jalopy conked out"`
    """
    from freqbias.run.scoring import scored, texts_of

    if bool(texts) == (file is not None):
        raise InputError("give either texts or --file")
    if file is None and field is not None:
        raise InputError("--field names a column of --file; leave it out, or give --file")
    lines = texts or texts_of(cast("Path", file), field)
    rows = scored(lines, frequency, language=language, corpus=corpus, completions=completions)
    if json:
        print_json(list(rows))
    elif file is not None:
        print_lines(f"{_short(row[frequency])}\t{len(row['unknown'])}\t{' '.join(row['text'].splitlines())}" for row in rows)
    else:
        print_table([frequency, "unknown", "text"], [[_short(r[frequency]), len(r["unknown"]), r["text"]] for r in rows])


def _short(value: float | None) -> str:
    return "–" if value is None else f"{value:.5g}"


def list_names(
    kind: Annotated[str, typer.Argument(help="probes, generators, frequencies, remedies or models (plugins).")],
    json: Json = False,
) -> None:
    """Show what is registered under a kind, plugins included.

    Example: `freqbias list probes`
    """
    from freqbias import registry

    if kind not in registry.BUILT_IN:
        raise InputError(f"unknown kind '{kind}'{registry.suggestion(kind, registry.BUILT_IN)}")
    found = []
    for name in registry.names(kind):
        try:
            thing = _loaded(kind, name)
            if thing is not None:
                found.append({"name": name, "summary": _about(thing)})
        except FreqbiasError as error:  # one plugin that fails hides no other
            log.warning("%s", error)
    if json:
        print_json(found)
    else:
        print_table([kind, ""], [[row["name"], row["summary"]] for row in found])


def _loaded(kind: str, name: str) -> Any:
    """Return what is registered, refused here as it would be in use; None for what something else of its name hides."""
    from freqbias import registry

    if kind == "probes":
        from freqbias.probes import load_probe

        return load_probe(name)
    if kind == "generators":
        from freqbias.paraphrases import load_generator

        return load_generator(name)
    if kind == "remedies":
        from freqbias.remedies import load_remedy

        return load_remedy(name)
    if kind == "models":
        from freqbias.models.objects import is_plugin, plugin_model

        return plugin_model(name) if is_plugin(name) else None
    return registry.load(kind, name)


def _about(thing: Any) -> str:
    """Return a line on a registered object: its summary, else the first of its docstring, else the title of a model."""
    from freqbias.models.protocols import HasInfo, offers

    lines = (thing.__doc__ or "").strip().splitlines()
    own = thing.info.details.get("title") if offers(thing, HasInfo) else None
    return str(getattr(thing, "summary", None) or own or (lines[0] if lines else ""))


def register(app: typer.Typer) -> None:
    """Attach the commands to the program, in the order of the data flow."""
    for command in (pairs, check, match, audit, probe, analyze, report):
        add(app, command, STAGES)
    add(app, status, AROUND)
    add(app, score, AROUND)
    add(app, list_names, AROUND, name="list")
