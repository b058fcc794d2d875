"""Rows of the page on estimators: numbers on the data of `tests/golden`, of R or another library and of freqbias.

Each function computes its rows when the page is made.
"""

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

TESTS = Path(__file__).resolve().parents[1] / "tests"
GOLDEN = {name: json.loads((TESTS / "golden" / f"{name}.json").read_text(encoding="utf-8")) for name in ("r", "items")}
if str(TESTS) not in sys.path:
    sys.path.append(str(TESTS))

# R's data anew, by the same arithmetic; imported here, since mkdocs takes the path away again
import golden_data  # noqa: E402
from golden_tables import golden_answers, golden_table, noise, uneven_table  # noqa: E402

Row = tuple[str, float, float]  # what, as the reference has it, as freqbias has it


def _values() -> tuple[np.ndarray, np.ndarray]:
    return np.array(GOLDEN["r"]["values"]), np.array(GOLDEN["r"]["other"])


def _ends(name: str, expected: Sequence[float], found: object) -> list[Row]:
    return [(f"{name}, {side} end", value, getattr(found, side)) for side, value in zip(("low", "high"), expected, strict=True)]


def mean() -> list[Row]:
    """Return R's t interval, and a permutation p that can be counted by hand."""
    from freqbias.analysis.stats.resampling import sign_flip_p, t_interval

    golden = GOLDEN["r"]["t"]
    four = sign_flip_p(np.array([1.0, 2.0, 3.0, 4.0]), np.random.default_rng(0))
    return [
        *_ends("t interval", (golden["low"], golden["high"]), t_interval(_values()[0])),
        ("sign-flip p of 1, 2, 3, 4 (2 of 16 patterns)", 2 / 16, four),
    ]


def bootstrap() -> list[Row]:
    """Return R's BCa and ABC intervals."""
    from freqbias.analysis.stats.resampling import abc_interval, bca_interval

    r, values = GOLDEN["r"], _values()[0]
    bca = bca_interval(values, np.random.default_rng(0), resamples=100_000)
    return [
        *_ends("BCa, to the error of resampling", (r["bca"]["low"], r["bca"]["high"]), bca),
        *_ends("ABC of the mean", r["abc"]["mean"], abc_interval(values)),
        *_ends("ABC of a ratio", r["abc"]["ratio"], abc_interval(values, np.array(r["margins"]))),
    ]


def tost() -> list[Row]:
    """Return R's two one-sided t tests."""
    from freqbias.analysis.stats.resampling import tost_p

    golden = GOLDEN["r"]["tost"]
    found = tost_p(_values()[0], golden["bound"])
    return [(f"p for a bound of {golden['bound']}", golden["p"], float("nan") if found is None else found)]


def welch() -> list[Row]:
    """Return R's two-sample t test."""
    from freqbias.analysis.stats import resampling

    golden = GOLDEN["r"]["welch"]
    found = resampling.welch(*_values(), np.random.default_rng(0))
    rows = _ends("Welch's interval", (golden["low"], golden["high"]), found)
    return [*rows, ("p: R's assumes normal values, ours permutes", golden["p"], float(found.p_value or "nan"))]


def mcnemar() -> list[Row]:
    """Return R's binomial test."""
    from freqbias.analysis.stats.resampling import mcnemar_p

    golden = GOLDEN["r"]["mcnemar"]
    return [(f"p for {golden['b']} against {golden['c']}", golden["exact_p"], mcnemar_p(golden["b"], golden["c"]))]


def adjusted() -> list[Row]:
    """Return what statsmodels corrects."""
    from statsmodels.stats.multitest import multipletests

    from freqbias.analysis.stats.resampling import benjamini_hochberg

    given = np.array([0.03, 0.03, 0.5])
    rows = zip(multipletests(given, method="fdr_bh")[1], benjamini_hochberg(given), strict=True)
    return [(f"p = {p:g} adjusted", float(theirs), float(ours)) for p, (theirs, ours) in zip(given, rows, strict=True)]


def crossed() -> list[Row]:
    """Return lme4's slopes and variances, items and frames crossed."""
    from freqbias.analysis.stats import mixed

    golden, names = GOLDEN["r"]["lme4"], ["zipf_gap", "characters_gap"]
    fit = mixed.crossed(golden_table(), "gap", names)
    if fit is None:
        return []
    rows = [
        (f"{what} of {name}", golden[name][place], getattr(fit.slopes[name], field))
        for name in names
        for place, (what, field) in enumerate((("slope", "value"), ("standard error", "std_error")))
    ]
    variances = zip(("item", "frame", "residual"), golden["variances"], strict=True)
    return [*rows, *((f"variance, {name}", value, fit.variances[name]) for name, value in variances)]


def slopes() -> list[Row]:
    """Return lme4's slopes with one that differs by frame, and lmerTest's degrees of freedom."""
    from freqbias.analysis.stats.mixed import through_zero

    golden, names = GOLDEN["r"]["slopes"], ["zipf_gap", "characters_gap"]
    fit = through_zero(uneven_table(), "gap", names)
    if fit is None:
        return []
    fields = (("slope", "value"), ("standard error", "std_error"), ("degrees of freedom", "df"))
    return [
        (f"{what} of {name}", golden[name][place], getattr(fit.slopes[name], field))
        for name in names
        for place, (what, field) in enumerate(fields)
    ]


def robust() -> list[Row]:
    """Return clubSandwich's CR2 and CR3."""
    from freqbias.analysis.stats.robust import CR2, CR3, cluster_robust

    table = uneven_table()
    table = table[noise(table["item"] * 23 + table["frame"] * 7, 911) > -0.2].reset_index(drop=True)
    design = np.column_stack([np.ones(len(table)), table["zipf_gap"], table["characters_gap"]])
    rows: list[Row] = []
    for name, power in (("cr2", CR2), ("cr3", CR3)):
        fit = cluster_robust(table["gap"].to_numpy(), design, [table["item"].to_numpy()], power=power)
        if fit is not None:
            errors, df = GOLDEN["r"][name]["item"]
            rows.append((f"{name.upper()}, standard error of zipf_gap", errors[1], float(fit.errors[1])))
            rows.append((f"{name.upper()}, its degrees of freedom", df[1], float(fit.df[1])))
    return rows


def logit() -> list[Row]:
    """Return R's logistic regression with clustered errors."""
    from freqbias.analysis.estimate.logistic import conditional_logit

    golden, names = GOLDEN["r"]["logit"], ["zipf_gap", "characters_gap"]
    fit = conditional_logit(golden_answers(), names) or {}
    return [
        (f"{what} of {name}", golden[name][place], getattr(fit[name], field))
        for name in fit
        for place, (what, field) in enumerate((("slope in log-odds", "value"), ("standard error", "std_error")))
    ]


def spread() -> list[Row]:
    """Return lme4's spread of items and the prediction that follows."""
    from freqbias.analysis.stats.item_spread import item_spread, prediction

    rows: list[Row] = []
    for name, data in (("nested", golden_data.nested()), ("crossed", golden_data.crossed())):
        golden, found = GOLDEN["items"][name], item_spread(*data)
        if found is not None:
            items = len(set(data[1].tolist()))
            ahead = prediction(found.mean, found.std_error, found.sd, items, None)
            rows += [(f"{name}: standard deviation of items", golden["sd_mean_error"][0], found.sd)]
            rows += _ends(f"{name}: a new item", golden["prediction"], ahead)
            rows += [(f"{name}: p of no difference", golden["p"], float(found.p_value or "nan"))]
    return rows


def several() -> list[Row]:
    """Return R's trimmed mean and Welch's analysis of variance."""
    from freqbias.analysis.stats.joint import equal_means_p, trimmed_mean

    values, golden = golden_data.nested()[0], GOLDEN["items"]["trimmed"]
    value, error, interval = trimmed_mean(values)
    groups = {"a": values[:12], "b": values[12:21] * 1.7, "c": values[21:40] + 0.04}
    table = pd.concat([pd.DataFrame({name: own}) for name, own in groups.items()])
    return [
        ("trimmed mean", golden["value"], value),
        ("its standard error", golden["error"], float(error or "nan")),
        *_ends("its interval", golden["ends"], interval),
        ("p of three equal means (Welch)", GOLDEN["items"]["groups"]["p"], float(equal_means_p(table)[0] or "nan")),
    ]


def power() -> list[Row]:
    """Return statsmodels' power of a t test."""
    from statsmodels.stats.power import TTestPower

    from freqbias.analysis.design.power import t_power

    theirs = TTestPower().power(effect_size=0.3, nobs=90, alpha=0.05)
    return [("power of 90 items for a third of a standard deviation, .3", float(theirs), t_power(0.3, 1.0, 90))]


def task_power() -> list[Row]:
    """Return the power of McNemar's test: by every 2 x 2 table of 20 answers, and Connor's number of items by statsmodels."""
    from scipy.stats import multinomial
    from statsmodels.stats.power import normal_sample_size_one_tail

    from freqbias.analysis.design.task_power import connor_items, mcnemar_power
    from freqbias.analysis.stats.resampling import mcnemar_p

    effect, discordance, items = 0.3, 0.4, 20
    shares = [(discordance + effect) / 2, (discordance - effect) / 2, 1 - discordance]
    tables = [(high, low, items - high - low) for high in range(items + 1) for low in range(items + 1 - high)]
    found = sum(multinomial.pmf(table, items, shares) for table in tables if mcnemar_p(table[0], table[1]) <= 0.05)
    null, other = math.sqrt(0.1), math.sqrt(0.1 - 0.05**2)
    theirs = normal_sample_size_one_tail(0.05, 0.8, 0.025, std_null=null, std_alternative=other)
    return [
        ("power of 20 items, of which .4 differ, for .3", float(found), mcnemar_power(effect, discordance, items)),
        ("items for .05 where .1 differ, by Connor's approximation", float(theirs), connor_items(0.05, 0.1)),
    ]
