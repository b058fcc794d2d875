"""`freqbias collection`: a judged collection of the user's own, both questions, from the folder to the answer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from freqbias.cli.console import log, print_json, print_lines, print_report, tracker, waiting
from freqbias.cli.options import Json, Seed
from freqbias.cli.panels import ANSWER, add
from freqbias.cli.run_commands import Device, Embedders, Trust
from freqbias.errors import ROWS_FAILED, InputError
from freqbias.records import Pair
from freqbias.terms import HTML_REPORT, OBSERVATIONS_FILE, PAIRS_FILE

PROBES = ("collection", "collection_queries")


def collection(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder as BEIR lays it out: corpus, queries, qrels.")],
    embedder: Embedders = None,
    out: Annotated[Path | None, typer.Option(help="Run folder; default: results/ and the name of FOLDER.")] = None,
    synonyms: Annotated[Path | None, typer.Option(metavar="FILE", help="Your own words, in rows of word, word, part of speech.")] = None,
    split: Annotated[str | None, typer.Option(help="Split of the judgements; default: all.")] = None,
    field: Annotated[str | None, typer.Option(help="Column of the corpus that is the text; default: title and text.")] = None,
    reranker: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Also try a model that reads query and document together on the first 50.")
    ] = None,
    n: Annotated[int | None, typer.Option("--n", help="Changed documents, and changed queries, in each arm at most.", min=1)] = None,
    tagger: Annotated[str | None, typer.Option(help="`rules`, or `hanta` (extra `text`), which finds more.")] = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", "-o", metavar="KEY=VALUE", help="An option of `substitute`, such as max_share=1.")
    ] = None,
    seed: Seed = 0,
    device: Device = None,
    trust_remote_code: Trust = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over; what was there is kept in OUT.previous.")] = False,
    json: Json = False,
) -> None:
    """Ask whether rare wording costs your own retriever anything in your own collection: of the documents, and of the queries.

    All documents are ranked. Each judged document that holds a word with a frequent and a rare synonym is put in alone, in either
    wording; each judged query that does is asked in either wording. An interrupted run goes on where it stopped.

    The report names the queries that lose most (`worst_queries.csv`), writes the words as synonym lists for Solr, Elasticsearch and
    OpenSearch, and says what BM25, a hybrid with it, expansion, rewriting and `--reranker` change, and at what price.

    Example: `freqbias collection scifact/ --embedder minilm`

    Example: `freqbias collection mine/ --embedder minilm --reranker cross-encoder/ms-marco-MiniLM-L-6-v2`

    Example: `freqbias collection mine/ --embedder ./my-model --synonyms mywords.csv --out results/mine`
    """
    from freqbias.analysis.report.advice import advice_of
    from freqbias.cli.summary import show_answers
    from freqbias.files import read_estimates
    from freqbias.run import stages
    from freqbias.run.advice import advise, check_reranker, is_advised
    from freqbias.run.failures import tell_failures
    from freqbias.run.pipeline import make_run
    from freqbias.run.ready import check_ready
    from freqbias.run.settings import DEFAULT_EMBEDDERS, settings

    target = out or Path("results") / folder.resolve().name
    given: dict[str, Any] = {
        "out": target,
        "embedder": embedder or DEFAULT_EMBEDDERS,
        "probe": PROBES,
        "pairs": target / PAIRS_FILE,
        "seed": seed,
        "device": device,
        "trust_remote_code": trust_remote_code,
        "fresh": fresh,
    }
    chosen = settings(given, None)
    check_ready(chosen.plan())
    if reranker is not None:
        check_reranker(reranker)
    stages.check_folder(target)
    pairs = _pairs(
        folder,
        {"synonyms": synonyms and str(synonyms), "split": split, "field": field, "n": n, "tagger": tagger, "seed": seed},
        option or [],
    )

    def beside(run: Path) -> bool:
        missing = not is_advised(run, reranker)
        if missing:
            advise(run, chosen.plan(), reranker, tracker())
        return missing

    made, _ = make_run(chosen, pairs, track=tracker(), waiting=waiting, beside=beside)
    estimates = list(read_estimates(made))
    if json:
        print_json([row.to_dict() for row in estimates])
    else:
        show_answers(made, estimates)
        for advice in advice_of(made):
            print_lines([advice.model, *(f"  {line}" for line in advice.lead), ""])
    failed = tell_failures(made / OBSERVATIONS_FILE)
    print_report(made / HTML_REPORT, json=json)
    if failed:
        raise typer.Exit(ROWS_FAILED)


def _pairs(folder: Path, options: dict[str, Any], words: Sequence[str]) -> list[Pair]:
    """Return the pairs of both sides, or of that which `words` name.

    Raises `InputError` where no word of any judged document or query can be put in another.
    """
    from freqbias.paraphrases.substitute import Coverage
    from freqbias.run import stages

    coverage = Coverage()
    with waiting("pairs"):
        pairs = stages.make_pairs("substitute", [folder], options | {"coverage": coverage}, ["side=both", *words])
    for line in coverage.lines():
        log.info("documents: %s", line)
    if not pairs:
        raise InputError(f"{folder}: no judged document or query holds a word that can be put in another; give --synonyms FILE")
    return pairs


def register(app: typer.Typer) -> None:
    """Attach the command to the program."""
    add(app, collection, ANSWER)
