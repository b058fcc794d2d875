"""What a generator collects while it makes pairs: its coverage, the journal that it goes on from, and its progress."""

from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from freqbias.cli.console import tracker


class Collecting(NamedTuple):
    """The module that has a generator's `Coverage`, and the ending of its journal; `rewriting`: it keeps one only with --rewrite."""

    module: str
    journal: str | None = None
    rewriting: bool = False


COLLECTING = {
    "substitute": Collecting("freqbias.paraphrases.substitute", ".candidates.jsonl", rewriting=True),
    "tasks": Collecting("freqbias.paraphrases.tasks", ".candidates.jsonl", rewriting=True),
    "rewrite": Collecting("freqbias.paraphrases.rewrite", ".candidates.jsonl"),
    "queries": Collecting("freqbias.paraphrases.written", ".questions.jsonl"),
    "annotate": Collecting("freqbias.paraphrases.norms"),
}


def collecting(generator: str, out: Path, *, rewrite: bool) -> dict[str, Any]:
    """Return what a generator is given to collect in: `coverage`, `journal` and `track`, where it takes them."""
    own = COLLECTING.get(generator)
    if own is None:
        return {}
    options: dict[str, Any] = {"coverage": import_module(own.module).Coverage()}
    if own.journal is not None:
        options["track"] = tracker()
        if rewrite or not own.rewriting:
            options["journal"] = out.with_suffix(own.journal)
    return options
