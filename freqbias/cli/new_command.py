"""`freqbias new probe`: a module and its test to start from."""

import keyword
from pathlib import Path
from typing import Annotated

import typer

from freqbias.cli.console import log
from freqbias.errors import InputError

FILES = {"{name}.py": "probe.txt", "test_{name}.py": "probe_test.txt"}

app = typer.Typer(help="Write the start of something of your own.", no_args_is_help=True)


@app.callback()
def new() -> None:
    """Write the start of something of your own."""


@app.command("probe")
def probe(
    name: Annotated[str, typer.Argument(help="Name of the probe and of its module.", metavar="NAME")],
    out: Annotated[Path, typer.Option(help="Folder to write into.")] = Path(),
) -> None:
    """Write a probe that works, and a test that it passes; both are yours to change.

    Example: `freqbias new probe politeness --out mine`
    """
    _check_name(name)
    targets = {out / file.format(name=name): source for file, source in FILES.items()}
    for target in targets:
        if target.exists():
            raise InputError(f"{target}: is there already; give another name or another --out")
    for target, source in targets.items():
        _write(target, name, source)
    module, test = targets
    log.info("%s and %s written; test it: pytest %s", module, test, test)
    log.info("use it, from its folder: freqbias run --probe %s:probe --embedder minilm --out results/%s", name, name)


def _check_name(name: str) -> None:
    import sys
    from importlib.util import find_spec

    from freqbias import registry

    if not name.isidentifier() or not name.isascii() or keyword.iskeyword(name):
        raise InputError(f"'{name}' is not a name of a Python module; take letters, digits and '_'")
    if name in registry.names("probes"):
        raise InputError(f"there is a probe '{name}' already; see: freqbias list probes")
    if name in sys.modules or find_spec(name) is not None:
        raise InputError(f"there is a Python module '{name}' already, which would be imported in its place; take another name")


def _write(target: Path, name: str, source: str) -> None:
    from importlib.resources import files
    from string import Template

    text = files("freqbias").joinpath("data", source).read_text(encoding="utf-8")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(Template(text).substitute(name=name), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror or error}") from error
