"""From observation rows to one gap per pair and contrast.

gap = value(high) - value(low), so positive always favours the frequent form. Derived contrasts:

* `gloss`, `downstream`: mean of the two registers' gaps, each register with equal weight;
* `register_match`: (plain gap - elevated gap) / 2 of `gloss`;
* `frequency_match`: plain gap of `gloss` - gap of `gloss_rare`;
* `gloss_specific`: `gloss` - `background` of the same pair;
* from cells that cross query and document (query form first): `match` = ((hh + ll) - (hl + lh)) / 2, the same word on both sides
  against another; `match_asymmetry` = (hh + lh) - (hl + ll) = (hh - hl) - (ll - lh), how much harder the frequent word matches itself;
  `query_form` = ((hh + hl) - (lh + ll)) / 2, what asking in the frequent word changes, whatever the document's form.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from freqbias.analysis.table.glosses import gloss_levels, levels, with_gloss_frequency
from freqbias.characters import normalised
from freqbias.covariates import (
    by_definition,
    characters,
    common_definition,
    content_gap,
    frequency_gap,
    given,
    in_phrasing,
    numbers_dropped,
    oriented_by,
    swap_of,
    token_overlap,
    words,
)
from freqbias.frequency import Gap
from freqbias.judgement import DEFAULT_CELLS, Judgements
from freqbias.readability import fkgl
from freqbias.records import Pair
from freqbias.terms import (
    CELLS,
    CROSSED,
    ELEVATED,
    GLOSS_RARE,
    GROUPINGS,
    HIGH,
    IN_PHRASING,
    LOW,
    N_SENSES,
    NORM,
    NORM_FREQUENCIES,
    NORM_FREQUENCY,
    NORMS,
    PLAIN,
    PROMPT,
    SIDES,
    WHOLE_TEXT,
)

#: Rivals computed from the texts.
COMPUTED = {"words": words, "characters": characters, "fkgl": fkgl}

SERIES = ["model", "probe", "measure", "contrast", "arm"]
_OVERLAP = ["model", "probe", "contrast", "pair_id"]
_PAIR = ["model", "probe", "measure", "arm", "item", "pair_id"]
_MARGINS = ["margin_high", "margin_low"]
_VALUES = ["gap", "margin", *_MARGINS, HIGH, LOW]
_COLUMNS = [*SERIES, "item", "pair_id", *_VALUES]
#: Columns of pairs that gaps have already, or that serve to find equal texts only.
NOT_JOINED = ("pair_arm", "pair_item", *(f"{side}_key" for side in SIDES))
_ROUNDING = 1e-14  # of the levels: a gap below it is what floats leave of a difference of zero


def failures(observations: pd.DataFrame) -> dict[tuple[str, ...], set[str]]:
    """Return the ids of the pairs with an `error` row, by model, probe, measure, contrast (`crossed` as it is) and arm."""
    failed = observations[observations["error"].notna()]
    return {(*map(str, key),): set(ids) for key, ids in failed.groupby(SERIES)["pair_id"]}


def pair_gaps(observations: pd.DataFrame, judgements: Judgements | None = None) -> pd.DataFrame:
    """Return one row per pair and contrast, with columns `gap`, `margin`, `high` and `low`, in the unit of the measure.

    `margin` is the mean of exact - decoy over both forms, `margin_high` and `margin_low` those of either form, NaN where the row had no
    decoys. `high` and `low` are NaN in derived contrasts, whose gap is no difference of two levels.
    """
    known = Judgements() if judgements is None else judgements
    needed = [*dict.fromkeys([*_PAIR, "contrast", "register", "error", HIGH, LOW, *CELLS, "decoy_high", "decoy_low"])]
    parts = [_gaps_of(rows[needed], known) for _, rows in observations.groupby(["model", "probe"])]  # each with copies of its own rows
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=_COLUMNS)


def _gaps_of(observations: pd.DataFrame, known: Judgements) -> pd.DataFrame:
    """Return the gaps of one model and probe."""
    # a pair of which one register failed leaves the contrast: half of it would be another quantity
    broken = observations["error"].notna().groupby([observations[name] for name in [*_PAIR, "contrast"]]).transform("any")
    rows = observations[~broken].copy()
    rows["gap"] = rows[HIGH] - rows[LOW]
    rows[_MARGINS] = rows[[HIGH, LOW]].to_numpy() - rows[["decoy_high", "decoy_low"]].to_numpy()
    rows["margin"] = rows[_MARGINS].mean(axis=1, skipna=False)
    plain = rows[rows["contrast"] != CROSSED]
    other = [probe for probe in rows["probe"].unique() if known[probe].cells != DEFAULT_CELLS]
    crossed = rows[(rows["contrast"] == CROSSED) & ~rows["probe"].isin(other)]
    parts = [_averaged(plain), _register_match(plain), _frequency_match(plain), _crossed(crossed)]
    parts.append(_difference(parts[0], "gloss", "background", "gloss_specific"))
    filled = [part for part in parts if len(part)]
    table = pd.concat(filled, ignore_index=True).reindex(columns=_COLUMNS) if filled else pd.DataFrame(columns=_COLUMNS)
    return table.sort_values([*SERIES, "item", "pair_id"], ignore_index=True)


def _averaged(rows: pd.DataFrame) -> pd.DataFrame:
    """Average the registers of a pair, each with equal weight; a gap that is the rounding of its levels is zero."""
    means = rows.groupby([*_PAIR, "contrast"], sort=False)[_VALUES].mean().reset_index()
    rounding = means["gap"].abs() <= _ROUNDING * (means[HIGH].abs() + means[LOW].abs())
    return means.assign(gap=means["gap"].mask(rounding, 0.0))


def _register_match(rows: pd.DataFrame) -> pd.DataFrame:
    gloss = rows[(rows["contrast"] == "gloss") & rows["register"].notna()]
    if gloss.empty:
        return pd.DataFrame()
    wide = gloss.pivot_table(index=_PAIR, columns="register", values="gap", aggfunc="mean")
    if not {PLAIN, ELEVATED} <= set(wide.columns):
        return pd.DataFrame()
    table = ((wide[PLAIN] - wide[ELEVATED]) / 2).dropna().rename("gap").reset_index()
    return table.assign(contrast="register_match", margin=np.nan)


def _frequency_match(rows: pd.DataFrame) -> pd.DataFrame:
    everyday = rows[(rows["contrast"] == "gloss") & (rows["register"] == PLAIN)]
    return _difference(_averaged(pd.concat([everyday, rows[rows["contrast"] == GLOSS_RARE]])), "gloss", GLOSS_RARE, "frequency_match")


def _crossed(rows: pd.DataFrame) -> pd.DataFrame:
    if rows.empty:
        return pd.DataFrame()
    hh, hl, lh, ll = (rows[cell] for cell in CELLS)
    values = {
        "match": ((hh + ll) - (hl + lh)) / 2,
        "match_asymmetry": (hh + lh) - (hl + ll),
        "query_form": ((hh + hl) - (lh + ll)) / 2,
    }
    parts = [rows[_PAIR].assign(contrast=name, gap=gap, margin=np.nan) for name, gap in values.items()]
    return pd.concat(parts)


def _difference(table: pd.DataFrame, first: str, second: str, name: str) -> pd.DataFrame:
    sides = [table[table["contrast"] == contrast].set_index(_PAIR)["gap"] for contrast in (first, second)]
    if not all(map(len, sides)):
        return pd.DataFrame()
    gap = (sides[0] - sides[1]).dropna().rename("gap").reset_index()
    return gap.assign(contrast=name, margin=np.nan)


def pair_table(pairs: Iterable[Pair]) -> pd.DataFrame:
    """Return one row per pair with what the analysis needs beside the observations, computed from the texts where absent.

    Columns: `pair_arm`, `pair_item`, `zipf_gap` (by one definition for all pairs, which `zipf_gap_of` names: see
    `covariates.common_definition`), `swap_zipf_gap` and `swapped_words` (mean and number of the words that face each other; NaN where
    none do), `content_zipf_gap` (of the texts), `in_phrasing` (whether the forms differ in construction: then every gap before is NaN),
    `sense_zipf_gap` (`zipf_gap` of the intended senses, where the pairs bring `sense_share`), `level_high` and `level_low` (the Zipf
    values whose difference the gap is), the levels of their glosses (`glosses.gloss_levels`), `words_gap` (white-space words),
    `characters_gap`, `fkgl_gap`, `numbers_dropped_gap`, `overlap_with_original_gap` (where the pairs bring their original),
    `oriented_by`, `pos`, `domain`, `frame`, `text_zipf_high` and `text_zipf_low` (of the whole texts), `high_key` and `low_key` (equal
    for equal texts), `n_senses_gap` in doublings, and `NAME_gap` per covariate of the pairs (`norm:NAME_gap` and `zipf:NAME_gap` of
    norms and of frequencies that a user joined); every gap is high - low.
    """
    if isinstance(pairs, Iterator):
        pairs = list(pairs)
    gaps = [frequency_gap(pair) for pair in pairs]
    of = common_definition(gaps)
    columns: dict[str, list[Any]] = {
        name: [] for name in ("pair_id", "pair_arm", "pair_item")
    }  # rows of their own would be three times as large
    for number, (pair, gap) in enumerate(zip(pairs, gaps, strict=True)):
        row = _pair_row(pair)
        row |= _dose(row, gap, of)
        row |= _levels(pair, row["zipf_gap"])
        for name in row:
            if name not in columns:
                columns[name] = [np.nan] * number
        for name, column in columns.items():
            column.append(row.get(name, np.nan))
    return pd.DataFrame(columns).set_index("pair_id")


def _pair_row(pair: Pair) -> dict[str, Any]:
    computed = {
        f"{name}_gap": _minus((measure(pair.high, pair.language), measure(pair.low, pair.language))) for name, measure in COMPUTED.items()
    }
    computed["numbers_dropped_gap"] = _minus(numbers_dropped(pair))
    original = pair.meta.get("original")
    if isinstance(original, str):
        computed["overlap_with_original_gap"] = _minus([token_overlap(form, original, pair.language) for form in (pair.high, pair.low)])
    brought = {f"{_kind(pair, name)}{name}_gap": _minus(_counted(name, sides)) for name, sides in given(pair).items()}
    return {
        "pair_id": pair.id,
        "pair_arm": pair.arm,
        "pair_item": pair.item,
        "content_zipf_gap": np.nan if in_phrasing(pair) else _number(content_gap(pair)),
        IN_PHRASING: in_phrasing(pair),
        **{f"{side}_key": _text_key(getattr(pair, side), pair.language) for side in SIDES},
        "oriented_by": oriented_by(pair),
        **{name: pair.meta.get(name) for name in GROUPINGS},
        "text_zipf_high": _number(pair.zipf_high),
        "text_zipf_low": _number(pair.zipf_low),
        **computed,
        **brought,
        "swapped_words": _number(swap_of(pair).words),
        "sense_ratio": _log_ratio(pair.covariates.get("sense_share", (None, None))),
    }


def _dose(row: Mapping[str, Any], gap: Gap, of: str | None) -> dict[str, Any]:
    """Return the columns of the frequency gap; they come last, since a covariate may be called `zipf`."""
    content = row["content_zipf_gap"]
    zipf_gap = _number(by_definition(gap, None if np.isnan(content) else content, of))
    whole = gap.of == WHOLE_TEXT
    return {
        "zipf_gap": zipf_gap,
        "zipf_gap_of": of,
        "swap_zipf_gap": np.nan if whole else _number(gap.value),
        "swapped_words": np.nan if whole else row["swapped_words"],
        "sense_zipf_gap": np.nan if of == WHOLE_TEXT else zipf_gap + row["sense_ratio"],
    }


def _levels(pair: Pair, zipf_gap: float) -> dict[str, Any]:
    """Return the columns of the levels of a frequency gap and those of the glosses."""
    high, low = levels(pair, zipf_gap)
    return {"level_high": high, "level_low": low} | gloss_levels(pair)


def _counted(name: str, sides: Any) -> Any:
    """Return sides as they are, counts of senses in doublings: one sense more is much of two and nothing of thirty."""
    return [None if side is None or side <= 0 else math.log2(side) for side in sides] if name == N_SENSES else sides


def _text_key(text: str, language: str) -> int:
    """Return a number that texts share which differ at most in capitals, white space and how letters are composed."""
    return hash((language, " ".join(normalised(text).casefold().split())))


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)


def _kind(pair: Pair, name: str) -> str:
    """Return what stands before the name of a covariate that its user joined to the pairs."""
    kinds = {NORM: pair.meta.get(NORMS), NORM_FREQUENCY: pair.meta.get(NORM_FREQUENCIES)}
    return next((kind for kind, names in kinds.items() if isinstance(names, Mapping) and name in names), "")


def _log_ratio(shares: Any) -> float:
    """Return log10 of the ratio of two shares, high to low; nan where one is missing or 0."""
    if not all(isinstance(share, int | float) and share > 0 for share in shares):
        return np.nan
    high, low = shares
    return math.log10(high) - math.log10(low)


def _minus(sides: Any) -> float:
    high, low = sides
    return np.nan if high is None or low is None else float(high - low)


def join(gaps: pd.DataFrame, pairs: pd.DataFrame, observations: pd.DataFrame) -> pd.DataFrame:
    """Return `gaps` with the pair columns and, per model, `subwords_gap`, `own_overlap_gap`, `gloss_zipf_gap` and `stratum`.

    `own_overlap_gap` is what high shares more than low with the queries of the user's own collection; it is not there where only
    glosses ask, which share nothing with either. `stratum` says whether the swapped word is whole in the high and in the low form, as
    in `WHOLE_SPLIT`; it is not there for models that count no tokens. Where rows say in which `prompt` the model was asked, that column
    is there, and `frame` is the prompt.
    """
    table = gaps.merge(
        pairs.drop(columns=[*NOT_JOINED], errors="ignore"),
        left_on="pair_id",
        right_index=True,
        how="left",
        validate="many_to_one",
    )
    table = with_gloss_frequency(_with_prompts(table, observations), observations)
    if "query_overlap_high" in observations.columns:
        own = observations[observations["register"].isna() & observations["query_overlap_high"].notna()]
        if len(own):
            overlap = own.assign(own_overlap_gap=own["query_overlap_high"] - own["query_overlap_low"])
            first = overlap.drop_duplicates(_OVERLAP)[[*_OVERLAP, "own_overlap_gap"]]
            table = table.merge(first, on=_OVERLAP, how="left")
    if "subwords_high" in observations.columns:
        subwords = (observations["subwords_high"] - observations["subwords_low"]).rename("subwords_gap")
        per_model = pd.concat([observations[["model", "probe", "pair_id"]], subwords], axis=1)
        first = per_model.dropna(subset=["subwords_gap"]).drop_duplicates(["model", "probe", "pair_id"])
        table = table.drop(columns="subwords_gap", errors="ignore").merge(first, on=["model", "probe", "pair_id"], how="left")
    if "whole_word_high" in observations.columns:
        table = table.merge(_strata(observations), on=["model", "probe", "pair_id"], how="left")
    return table


def _with_prompts(table: pd.DataFrame, observations: pd.DataFrame) -> pd.DataFrame:
    """Return the table with `prompt`, which takes the place of the frame: what items are crossed with is then how the model was asked.

    A gap of which two prompts were averaged has none, and keeps the frame of its pair.
    """
    if PROMPT not in observations.columns or observations[PROMPT].isna().all():
        return table
    key = ["model", "probe", "measure", "contrast", "pair_id"]
    asked = observations.dropna(subset=[PROMPT]).drop_duplicates([*key, PROMPT])[[*key, PROMPT]]
    own = table.merge(asked.drop_duplicates(key, keep=False), on=key, how="left")
    return own.assign(frame=own[PROMPT].where(own[PROMPT].notna(), own["frame"]))


def _strata(observations: pd.DataFrame) -> pd.DataFrame:
    """Return the stratum of every pair by model and probe."""
    own = observations.dropna(subset=["whole_word_high", "whole_word_low"]).drop_duplicates(["model", "probe", "pair_id"])
    sides = [own[f"whole_word_{side}"].map({1.0: "whole", 0.0: "split"}) for side in (HIGH, LOW)]
    return own[["model", "probe", "pair_id"]].assign(stratum=sides[0] + "_" + sides[1])


def asked_no_gloss(observations: pd.DataFrame, judgements: Judgements) -> set[tuple[str, str]]:
    """Return (model, probe) of the probes that can do without glosses and had to, in at least one row of what they are judged by."""
    without = {probe: judgements[probe].contrast for probe in observations["probe"].unique() if judgements[probe].without_gloss}
    rows = observations[observations["contrast"] == observations["probe"].map(without)]
    rows = rows[rows["register"].isna() & rows["error"].isna()]
    return set(zip(rows["model"], rows["probe"], strict=True))


def one_register(observations: pd.DataFrame, judgements: Judgements) -> set[tuple[str, str]]:
    """Return (model, probe) of the probes that asked at least one pair in one register only, in what they are judged by.

    A plain gloss sounds like the frequent form, which two registers of equal weight cancel and one does not.
    """
    judged = observations["contrast"] == observations["probe"].map(
        {probe: judgements[probe].contrast for probe in observations["probe"].unique()}
    )
    rows = observations[judged & observations["register"].notna()]
    counts = rows.groupby(["model", "probe", "pair_id"])["register"].nunique()
    return {(str(model), str(probe)) for model, probe, _ in counts.index[counts == 1]}


def with_own_margin(table: pd.DataFrame, judgements: Judgements) -> pd.DataFrame:
    """Return the table with every pair's `margin` taken from its probe's confirmatory contrast, in every contrast of that measure.

    Exact and decoy differ in relevance to the item's own gloss. Against anything else (other items' glosses, neutral queries) their
    difference is about zero by design, and a ratio over it would be noise.
    """
    own = table["contrast"] == table["probe"].map({probe: judgements[probe].contrast for probe in table["probe"].unique()})
    key = ["model", "probe", "measure", "arm", "pair_id"]
    return table.drop(columns="margin").merge(table.loc[own, [*key, "margin"]], on=key, how="left")
