"""In which panel of `--help` each command and each option stands."""

import inspect
from collections.abc import Callable
from typing import Any, get_args

import typer
from typer.models import OptionInfo

from freqbias.terms import FREQUENCY, SIDES

ANSWER, STAGES, AROUND = "Answers", "One stage alone", "Before and beside"  # of commands
INPUT, MODELS, COMPUTE, OUTPUT = "Input", "Models", "Compute", "Output"  # of options, in this order

OPTIONS = {
    INPUT: (
        *("pairs", "file", "n", "sets", "field", "split", "synonyms", "corpus", "tagger", "option", *SIDES, "item", "language", "by"),
        *("norm", "second_frequency", "skip_invalid", FREQUENCY, "completions", "on", "effect", "relative", "items", "power", "task"),
        *("discordance", "holdout", "confirm", "again", "claim"),
    ),
    MODELS: (
        *("embedder", "lm", "probe", "reranker", "fit", "tokenizer", "similarity", "rewrite", "a", "b", "base_url", "before", "after"),
        *("remedy", "kind", "query_prompt", "document_prompt", "trust_remote_code", "trust_config_code", "allow_pickle"),
        *("offline_package",),
    ),
    COMPUTE: (
        *("dtype", "device", "devices", "executor", "actors", "backend", "tensor_parallel", "max_requests", "seed", "shard"),
        *("part", "workers", "runs"),
    ),
    OUTPUT: ("out", "fresh", "dry_run", "all_rows", "json"),
}
PANELS = {name: panel for panel, names in OPTIONS.items() for name in names}


def add(app: typer.Typer, command: Callable[..., Any], panel: str | None = None, *, name: str | None = None) -> None:
    """Attach a command to a program: under a panel of the program's help, its options by `PANELS`."""
    app.command(name, rich_help_panel=panel)(grouped(command))


def grouped(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return a command with its options put into panels and, since help shows panels as they come, in their order."""
    order = list(OPTIONS)
    places: list[tuple[int, inspect.Parameter]] = []
    for name, parameter in inspect.signature(command).parameters.items():
        infos = [info for info in get_args(parameter.annotation) if isinstance(info, OptionInfo)]
        panel = PANELS.get(name) if infos else None
        for info in infos:
            info.rich_help_panel = panel
        places.append((order.index(panel) if panel in order else -1, parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)))
    in_order = [parameter for _, parameter in sorted(places, key=lambda entry: entry[0])]
    command.__signature__ = inspect.signature(command).replace(parameters=in_order)  # type: ignore[attr-defined]
    return command
