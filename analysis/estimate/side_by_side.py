"""A model and the same with remedies, measured on the same pairs in one run: the rows that `remedies` prices.

A case is a pair of the frequency arm. Its score gap and margin (right document less wrong one, mean of both forms) are those of
`similarity`'s glosses, its nDCG@10 and ranks those of `retrieval`. Only pairs count that all remedies of a model could measure. Quality
is an item's nDCG@10, mean over its pairs and both forms, and how often its right document outscores the wrong one of its form.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from freqbias import registry
from freqbias.analysis.estimate.remedies import NONE, QUALITY, Row
from freqbias.remedied import remedied
from freqbias.terms import DOCUMENT_SIDE, FREQUENCY, HIGH, LOW, NDCG_AT_10, NEGATIVE_RANK

SCORES, RANKS = ("similarity", "gloss"), ("retrieval", "document_form")


def rows_of(table: pd.DataFrame) -> Iterator[Row]:
    """Yield the rows of `remedies` from what `contrasts.pair_gaps` returns; of models without a remedy, or without ranks, none."""
    found = remedied(table["model"].unique())
    models: dict[str, dict[str, str]] = {}
    known = registry.names("remedies")
    for name, (model, remedy) in sorted(found.items(), key=lambda own: known.index(own[1][1]) if own[1][1] in known else len(known)):
        models.setdefault(model, {NONE: model})[remedy] = name
    own = table[(table["arm"] == FREQUENCY) & table["model"].isin({*found, *models})]
    for model, names in models.items():
        cases = {remedy: _cases(own[own["model"] == name]) for remedy, name in names.items()}
        shared = set.intersection(*(set(rows.index) for rows in cases.values()))
        for remedy, rows in cases.items():
            if shared:
                yield from _rows(model, remedy, rows.loc[sorted(shared)])


def _cases(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row a pair that has ranks, with its scores where it has them; by pair id."""

    def of(where: tuple[str, str], measure: str | None = None) -> pd.DataFrame:
        part = rows[(rows["probe"] == where[0]) & (rows["contrast"] == where[1])]
        return (part if measure is None else part[part["measure"] == measure]).set_index("pair_id")

    quality, places, scores = of(RANKS, NDCG_AT_10.name), of(RANKS, NEGATIVE_RANK.name), of(SCORES)
    found = quality[["item", HIGH, LOW]].join(places[[HIGH, LOW]].add_prefix("rank_"), how="inner")
    return found.join(scores[["gap", "margin", "margin_high", "margin_low"]], how="left")


def _rows(model: str, remedy: str, cases: pd.DataFrame) -> Iterator[Row]:
    wins = np.mean([0.5 * (1 + np.sign(cases[f"margin_{side}"].astype(float))) for side in (HIGH, LOW)], axis=0)
    own = {"model": model, "remedy": remedy}
    for pair_id, row in cases.iterrows():
        yield own | {
            "side": DOCUMENT_SIDE,
            "item": row["item"],
            "pair_id": pair_id,
            "query_id": pair_id,
            NDCG_AT_10.name: [row[HIGH], row[LOW]],
            "rank": [-row[f"rank_{HIGH}"], -row[f"rank_{LOW}"]],
            "score_gap": _or_none(row["gap"]),
            "margin": _or_none(row["margin"]),
        }
    means = cases.assign(quality=cases[[HIGH, LOW]].mean(axis=1), right=wins).groupby("item")[["quality", "right"]].mean()
    for item, row in means.iterrows():
        yield own | {"side": QUALITY, "query_id": item, NDCG_AT_10.name: row["quality"], "right": _or_none(row["right"])}


def _or_none(value: float) -> float | None:
    return None if pd.isna(value) else float(value)
