"""`freqbias order`: the rows of a file in order of their wording's frequency, for training."""

from pathlib import Path
from typing import Annotated

import typer

from freqbias.cli.console import tracker
from freqbias.cli.options import Seed
from freqbias.cli.panels import AROUND, add


def order(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Rows (.jsonl, .csv, .tsv) or lines of text (.txt), gz too.")],
    by: Annotated[str, typer.Option(metavar="ORDER", help="low-to-high, high-to-low (frequency), random or length (few words first).")],
    out: Annotated[Path, typer.Option(help="File to write, of the same kind; gzipped where its name ends in .gz.")],
    field: Annotated[str | None, typer.Option(help="Column that holds the text; default: text.")] = None,
    language: Annotated[str, typer.Option(help="Language code of wordfreq.")] = "en",
    seed: Seed = 0,
) -> None:
    """Order training data by the frequency of its wording: the mean Zipf value of a text's content words.

    Rows stay as they are; equal ones keep their order, and those without a known content word come last and are counted. The file may be
    larger than memory. An interrupted call leaves nothing behind; give it again.

    Which way Adam's Law trains (CTFT) you must choose: its abstract says increasing frequency, low-to-high, while the script in its
    repository sorts high-to-low. Compare both with random and with length.

    Example: `freqbias order train.jsonl --by low-to-high --field question --out train.low-to-high.jsonl`

    Example: `freqbias order train.jsonl --by random --seed 1 --field question --out train.random.jsonl`
    """
    from freqbias.run.ordering import write_ordered

    write_ordered(file, out, by=by, field=field, seed=seed, language=language, track=tracker())


def register(app: typer.Typer) -> None:
    """Attach the command to the program."""
    add(app, order, AROUND)
