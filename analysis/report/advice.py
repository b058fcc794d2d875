"""What a search engineer can do: the queries that lose most, and what each remedy changes, in sentences and rows of tables."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from freqbias.analysis.estimate.remedies import NONE, QUALITY, Remedy, Side, Size, remedies
from freqbias.analysis.report.formatting import ALPHA, capital, entries, listed, number
from freqbias.analysis.report.sentences import SENTENCES, said
from freqbias.analysis.report.top_pairs import Stretch, differing
from freqbias.collection.worst import read_worst
from freqbias.errors import InputError
from freqbias.files import read_rows
from freqbias.shapes import RemedyRow, check, shown
from freqbias.terms import DOCUMENT_SIDE, NDCG_AT_10, QUERY_SIDE, REMEDIES_FILE, SOLR_SYNONYMS, SYNONYM_LISTS, WORST_QUERIES_FILE

SHOWN = 20  # queries a side
BOTH = (DOCUMENT_SIDE, QUERY_SIDE)


@dataclass(frozen=True, kw_only=True)
class Lost:
    """One query as the report prints it: both wordings of what was changed, words that differ marked, and what stayed as it was."""

    ranks: str
    loss: float
    frequent: list[Stretch]
    rare: list[Stretch]
    same: str
    words: str
    split: str
    overtaken_by: str


@dataclass(frozen=True, kw_only=True)
class Losses:
    """The queries of one model and side that lose most."""

    title: str
    note: str
    changed: str
    kept: str
    rows: list[Lost]


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What one model's run over a collection says about what to do."""

    model: str
    losses: list[Losses]
    lead: list[str]
    details: list[str]
    columns: list[str]
    table: list[list[str]]
    remedies: list[Remedy]

    def document(self) -> dict[str, Any]:
        """Return the numbers as one JSON-ready dictionary."""
        return {"model": self.model, "sentences": [*self.lead, *self.details], "remedies": [asdict(remedy) for remedy in self.remedies]}


def advice_of(folder: Path) -> list[Advice]:
    """Return what a run folder holds of it, by model; nothing where it is no run over a collection."""
    if not (folder / REMEDIES_FILE).is_file():
        return []
    lost = _lost(folder / WORST_QUERIES_FILE)
    by_model: dict[str, list[Remedy]] = {}
    for remedy in remedies(_sound(folder / REMEDIES_FILE)):
        by_model.setdefault(remedy.model, []).append(remedy)
    lists = _lists(folder / SOLR_SYNONYMS, lost=any(losing(own[0]) for own in by_model.values()))
    return [
        Advice(
            model=model,
            losses=[_losses(side, rows, own[0].sides[side]) for side, rows in lost.get(model, {}).items() if side in own[0].sides],
            lead=[*lead(own), *lists],
            details=details(own),
            columns=_columns(own[0]),
            table=[_cells(remedy, own[0]) for remedy in own],
            remedies=own,
        )
        for model, own in by_model.items()
    ]


def _sound(path: Path) -> list[dict[str, Any]]:
    """Return the rows of remedies; `InputError` where one does not fit, or a model has none as it is to hold them against."""

    def row(found: Any) -> dict[str, Any]:
        check(found, RemedyRow)
        if found["side"] != QUALITY and not {"item", "rank", "score_gap", "margin"} <= found.keys():
            raise InputError("field 'item', 'rank', 'score_gap' or 'margin' is missing")
        if isinstance(found[NDCG_AT_10.name], list) != (found["side"] != QUALITY):
            raise InputError(f"field '{NDCG_AT_10.name}' must be a number of side '{QUALITY}', and of any other [frequent, rare]")
        return dict(found)

    rows = list(read_rows(path, row))
    sides: dict[str, dict[str, set[str]]] = {}
    for found in rows:
        sides.setdefault(found["model"], {}).setdefault(found["remedy"], set()).add(found["side"])
    for model, own in sides.items():
        if QUALITY not in (whole := own.get(NONE, set())) or any(found != whole for found in own.values()):
            raise InputError(f"{path}: rows of model '{shown(model)}' are missing; delete the file and run freqbias collection again")
    return rows


def _lost(path: Path) -> dict[str, dict[str, list[Mapping[str, str]]]]:
    """Return the rows of the worst queries by model and side."""
    found: dict[str, dict[str, list[Mapping[str, str]]]] = {}
    if path.is_file():
        for row in read_worst(path):
            found.setdefault(row["model"], {}).setdefault(row["side"], []).append(row)
    return found


def _losses(changed: str, rows: Sequence[Mapping[str, str]], side: Side) -> Losses:
    (kept,) = set(BOTH) - {changed}
    case, shown = said(f"worst_case_{changed}"), str(min(SHOWN, len(rows)))
    note = said("worst_note", shown=shown, case=case, n=count(side.gap.n, changed), mean=sized(side.gap))
    return Losses(
        title=said(f"worst_title_{changed}"),
        note=note,
        changed=changed,
        kept=kept,
        rows=[_lost_row(row, changed, kept) for row in rows[:SHOWN]],
    )


def _lost_row(row: Mapping[str, str], changed: str, kept: str) -> Lost:
    frequent, rare = differing(row[f"{changed}_frequent"], row[f"{changed}_rare"])
    words = [said("worst_word", word=row[f"word_{side}"], zipf=row[f"zipf_{side}"][:4] or number(None)) for side in ("frequent", "rare")]
    return Lost(
        ranks=said("worst_ranks", frequent=row["rank_frequent"], rare=row["rank_rare"]),
        loss=float(row["loss"]),
        frequent=frequent,
        rare=rare,
        same=row[f"{kept}_frequent"],
        words=said("worst_words", frequent=words[0], rare=words[1]),
        split=_split(row["split_frequent"], row["split_rare"]),
        overtaken_by=said("worst_overtaken", id=row["overtaken_by"], text=row["overtaken_by_text"])
        if row["overtaken_by"]
        else number(None),
    )


def _split(frequent: str, rare: str) -> str:
    """Return which words the model splits into pieces; nothing where none, or where that is not known."""
    known = {("yes", "yes"): "worst_split_both", ("no", "yes"): "worst_split_rare", ("yes", "no"): "worst_split_frequent"}
    return said(known[frequent, rare]) if (frequent, rare) in known else ""


def losing(base: Remedy) -> list[str]:
    """Return the sides on which the model as it is loses by rare words."""
    return [name for name, side in base.sides.items() if side.gap.low is not None and side.gap.low > 0]


def lead(own: Sequence[Remedy]) -> list[str]:
    """Return which remedies of one model help on each side, or that there is nothing to repair, and which cost quality."""
    base, found = own[0], []
    for name, before in base.sides.items():
        side = said(f"remedy_side_{name}")
        if name not in losing(base):
            found.append(said("remedy_nothing", side=side, size=sized(before.gap)))
        elif helping := [remedy for remedy in own[1:] if effect(remedy.sides[name], before) == "helps"]:
            found.append(said("remedy_what_helps", side=side, names=names(helping)))
        else:
            found.append(said("remedy_no_help", side=side))
    if costly := [remedy for remedy in own[1:] if price(remedy) == "costs"]:
        found.append(said("remedy_what_costs", names=names(costly)))
    return found


def _lists(path: Path, *, lost: bool) -> list[str]:
    """Return where the words are that lost, in any model; that there are none where the list in Solr's format has no rule.

    `lost` says that a loss was detected; where none was, the words are the upper end of noise.
    """
    if path.is_file() and all(line.startswith("#") for line in path.read_text(encoding="utf-8").splitlines()):
        return [said("remedy_no_lists")]
    return [said("remedy_lists", files=", ".join(SYNONYM_LISTS)), *([] if lost else [said("remedy_lists_chance")])]


def details(own: Sequence[Remedy]) -> list[str]:
    """Return what each remedy does on the sides that lose, and how to read it."""
    base, found = own[0], []
    for remedy in own[1:]:
        clauses = [*(clause(name, remedy.sides[name], base.sides[name]) for name in losing(base)), cost(remedy)]
        found.append(said("remedy_line", remedy=named(remedy), clauses=entries(clauses, after_colon=True)))
    return [said("remedy_best_case"), said("remedy_reading"), *found]


def names(found: Sequence[Remedy]) -> str:
    """Return what remedies are called, in a list."""
    own = list(map(named, found))
    return entries(own, after_colon=True) if any(" " in name for name in own) else listed(own)


def named(remedy: Remedy) -> str:
    """Return what a remedy is called in a sentence: in words of the report, or by its name."""
    key = f"remedy_{remedy.name}"
    return said(key, by=remedy.by or number(None)) if key in SENTENCES else said("remedied_name", name=remedy.name)


def clause(name: str, side: Side, before: Side) -> str:
    """Return what a remedy does on a side that loses."""
    told = {
        "side": said(f"remedy_side_{name}"),
        "after": number(side.gap.value),
        "gap": said("remedy_gap", before=number(before.gap.value), after=number(side.gap.value)),
        "change": "" if side.change is None else sized(side.change),
    }
    return said(f"remedy_{effect(side, before)}", **told)


def effect(side: Side, before: Side) -> str:
    """Return in a word what a remedy does to the gap: `helps`, `levels`, `reverses`, `widens`, `unclear` or `same`.

    It helps where the gap gets smaller and rare wording stands higher than before; scores alone change neither.
    """
    change, gain = side.change, side.gain
    if change is None or gain is None or (change.value, change.low, change.high) == (0, 0, 0):
        return "same"
    if not _found(change):
        return "unclear"
    if change.value > 0:
        return "widens"
    if side.gap.high is not None and side.gap.high < 0 and abs(side.gap.value) >= abs(before.gap.value):
        return "reverses"
    return "helps" if gain.low is not None and gain.low > 0 else "levels"


def _found(size: Size) -> bool:
    """Tell whether test and interval both exclude zero."""
    known = size.low is not None and size.high is not None and size.p_value is not None
    return known and float(size.p_value or 0) < ALPHA and not float(size.low or 0) <= 0 <= float(size.high or 0)


def price(remedy: Remedy) -> str:
    """Return in a word what a remedy does to quality: `costs`, `gains`, `none` (no change detected) or `same`."""
    return effect_of(remedy.cost)


def effect_of(change: Size | None) -> str:
    """Return in a word what a change of quality is: `costs`, `gains`, `none` (none detected) or `same`."""
    if change is None or (change.value, change.low, change.high) == (0, 0, 0):
        return "same"
    return "none" if not _found(change) else "gains" if change.value > 0 else "costs"


def cost(remedy: Remedy, unit: str = "query") -> str:
    """Return what a remedy does to quality, over so many units."""
    n = 0 if remedy.cost is None else remedy.cost.n
    return said(f"remedy_quality_{price(remedy)}", size=sized(remedy.cost), n=count(n, unit))


def sized(size: Size | None) -> str:
    """Return value and interval."""
    if size is None:
        return number(None)
    if size.low is None or size.high is None:
        return f"{number(size.value)} {said('no_interval')}"
    return f"{number(size.value)} [{number(size.low)}, {number(size.high)}]"


def count(n: int, what: str) -> str:
    """Return how many items, or queries, there are."""
    return said(f"count_{what}" if n == 1 else f"count_{what}_many", n=str(n))


def _columns(base: Remedy) -> list[str]:
    sides = [
        said(f"remedy_column_{what}", side=said(f"remedy_side_{side}")) for side in base.sides for what in ("gap", "places", "relative")
    ]
    return [said("remedy_column"), *sides, said("remedy_column_quality"), said("remedy_column_cost")]


def _cells(remedy: Remedy, base: Remedy) -> list[str]:
    sides = [sized(size) for name in base.sides for size in _of_side(remedy.sides.get(name))]
    change = number(None) if remedy.name == NONE else sized(remedy.cost)
    return [capital(named(remedy)), *sides, number(remedy.quality.value, signed=False), change]


def _of_side(side: Side | None) -> list[Size | None]:
    return [None, None, None] if side is None else [side.gap, side.places, side.relative]
