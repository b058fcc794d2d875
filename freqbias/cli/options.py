"""Options that several commands share."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document to standard output and nothing else.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.", min=0)]
N = Annotated[
    int | None,
    typer.Option(
        "--n", help="Pairs in the frequency arm; the placebo gets as many or all there are, the length arm of `lexicon` half.", min=1
    ),
]
Sets = Annotated[str | None, typer.Option(help="Bundled sets: balanced (default), headline, gap_matched or all.")]
Holdout = Annotated[
    str | None, typer.Option("--holdout", metavar="half", help="Keep half of the items out of every estimate, for one look: --confirm.")
]
