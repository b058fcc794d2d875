"""The queries that lose most to rare wording: where the right document stood in either form, and what overtook it.

A loss is the difference of 1 / log2(1 + rank): nDCG with one right document, without a cut, so that a fall from the first place to the
twelfth weighs more than one from the hundredth to the thousandth. The worst of many are partly chance, whatever the model.
"""

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from freqbias.characters import guarded, unguarded
from freqbias.collection.folder import Collection
from freqbias.collection.ranking import Ranking
from freqbias.collection.synonym_list import Loss
from freqbias.collection.twins import Twin
from freqbias.errors import InputError
from freqbias.files import write_text
from freqbias.frequency import word_zipf
from freqbias.terms import DOCUMENT_SIDE

MAX_ROWS = 10_000
AROUND = 8  # words of a text before what differs, and three times as many behind
BEGINNING = 120  # characters of what overtook
CELL = 32_000  # characters of a cell; a spreadsheet holds few more, and `csv` reads no more than 131,072
_AGAIN = "delete it and run freqbias collection again"


@dataclass(frozen=True, kw_only=True)
class Worst:
    """One query and one document that lost by a rare word; texts are what stands around it, `split` is by the model's tokenizer."""

    model: str
    side: str
    loss: float
    rank_frequent: int
    rank_rare: int
    word_frequent: str
    word_rare: str
    zipf_frequent: float | None
    zipf_rare: float | None
    split_frequent: bool | None
    split_rare: bool | None
    query_id: str
    query_frequent: str
    query_rare: str
    document_id: str
    document_frequent: str
    document_rare: str
    overtaken_by: str
    overtaken_by_text: str


def wanted(twin: Twin, high: Ranking) -> int:
    """Return the document that is looked for: of a changed query the best one for its frequent form."""
    return min(high.ranks, key=lambda own: (math.isnan(high.ranks[own]), high.ranks[own])) if twin.document is None else twin.document


def loss_of(high: Ranking, low: Ranking, number: int) -> float:
    """Return what a document lost; not a number where it has no rank."""
    return 1 / math.log2(1 + high.ranks[number]) - 1 / math.log2(1 + low.ranks[number])


def losses(twins: Sequence[Twin], rankings: Sequence[Ranking]) -> list[Loss]:
    """Return what every case lost, or gained, and the words that were swapped in it; cases without a rank are left out."""
    found = []
    for twin, high, low in zip(twins, rankings[::2], rankings[1::2], strict=True):
        loss = loss_of(high, low, wanted(twin, high))
        if math.isfinite(loss):
            found.append(Loss(words=twin.words, loss=loss))
    return found


def worst(
    collection: Collection, model: str, twins: Sequence[Twin], rankings: Sequence[Ranking], whole: Mapping[str, Sequence[int]]
) -> list[Worst]:
    """Return what lost, most first.

    `rankings` are of the high and the low form of each twin in turn; `whole` tells by pair id whether the words of each form are single
    tokens of the model (`freqbias.probes.whole_word`).
    """
    found = []
    for twin, high, low in zip(twins, rankings[::2], rankings[1::2], strict=True):
        loss = loss_of(high, low, wanted(twin, high))
        if loss > 0:  # nor is what is not a number
            found.append((loss, twin, high, low))
    found.sort(key=lambda entry: -entry[0])
    return [_row(collection, model, *entry, whole.get(entry[1].pair.id)) for entry in found[:MAX_ROWS]]


def _row(collection: Collection, model: str, loss: float, twin: Twin, high: Ranking, low: Ranking, whole: Sequence[int] | None) -> Worst:
    number = wanted(twin, high)
    own = collection.texts[number]
    shown = around(*((twin.pair.high, twin.pair.low) if twin.side == DOCUMENT_SIDE else (own, own)))
    ahead = _overtaker(high, low, number)
    words = [", ".join(side) for side in zip(*twin.words, strict=True)] if twin.words else ["", ""]
    zipf = [_zipf([couple[side] for couple in twin.words], twin.pair.language) for side in (0, 1)]
    return Worst(
        model=model,
        side=twin.side,
        loss=loss,
        rank_frequent=int(high.ranks[number]),
        rank_rare=int(low.ranks[number]),
        word_frequent=words[0],
        word_rare=words[1],
        zipf_frequent=zipf[0],
        zipf_rare=zipf[1],
        split_frequent=None if whole is None else not whole[0],
        split_rare=None if whole is None else not whole[1],
        query_id=twin.high.query_id,
        query_frequent=_line(high.case.query),
        query_rare=_line(low.case.query),
        document_id=collection.ids[number],
        document_frequent=shown[0],
        document_rare=shown[1],
        overtaken_by="" if ahead is None else collection.ids[ahead],
        overtaken_by_text="" if ahead is None else _cut(_line(collection.texts[ahead]), BEGINNING),
    )


def _overtaker(high: Ranking, low: Ranking, number: int) -> int | None:
    """Return the best wrong document that stands before the right one in the rare form and not in the frequent one."""
    before = {other for other, _ in high.top[: max(0, int(high.ranks[number]) - 1)]}
    ahead = low.top[: int(low.ranks[number]) - 1]
    return next((other for other, _ in ahead if other not in low.ranks and other not in before), None)


def _zipf(words: Sequence[str], language: str) -> float | None:
    known = [value for word in words if (value := word_zipf(word, language)) is not None]
    return sum(known) / len(known) if known else None


def around(high: str, low: str) -> tuple[str, str]:
    """Return what stands around the first difference of two texts, in one line each; cut at the same words where forms swap words."""
    sides = high.split(), low.split()
    same = next((place for place, (a, b) in enumerate(zip(*sides, strict=False)) if a != b), 0)
    start, end = max(0, same - AROUND), same + 3 * AROUND
    first, second = (" ".join([*(["…"] if start else []), *side[start:end], *(["…"] if len(side) > end else [])]) for side in sides)
    return first, second


def _line(text: str) -> str:
    return " ".join(text.split())


def _cut(text: str, size: int) -> str:
    return text if len(text) <= size else text[:size].rsplit(" ", 1)[0] + " …"


def write_worst(rows: Sequence[Worst], path: Path) -> None:
    """Write the rows as CSV; a cell that a spreadsheet would compute has an apostrophe before it."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(field.name for field in fields(Worst))
    writer.writerows(_cells(row) for row in rows)
    write_text(path, stream.getvalue())


def _cells(row: Worst) -> Iterator[str]:
    for value in asdict(row).values():
        if isinstance(value, bool):
            yield "yes" if value else "no"
        elif isinstance(value, float):
            yield f"{value:.4f}"
        else:
            yield guarded("" if value is None else _cut(str(value), CELL))


def read_worst(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of such a file as text by column, without the apostrophe that stands before what a spreadsheet would compute.

    Raises `InputError` where a column is missing, a row has more or fewer cells, or a loss is no number.
    """
    columns = [field.name for field in fields(Worst)]
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = csv.DictReader(stream)
            if rows.fieldnames is not None and not set(columns) <= set(rows.fieldnames):
                raise InputError(f"{path}: not the worst queries of a run; {_AGAIN}")
            for row in rows:
                if None in row or None in row.values() or not _is_number(row["loss"]):
                    raise InputError(f"{path}:{rows.line_num}: not a row of {', '.join(columns[:3])}, …; {_AGAIN}")
                yield {name: unguarded(cell) for name, cell in row.items()}
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}; {_AGAIN}") from error


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False
