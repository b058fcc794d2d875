"""The page on estimators: what each is for, its own docstring, and its value on reference data beside that of R or another library.

Docstrings hold formula and reference; the numbers are computed when the page is made, from the data of `tests/golden`.
"""

import importlib
import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import docs_golden as golden
from docs_golden import Row

DOI = re.compile(r"(doi:|arXiv:)([^\s,;]+)")
STATS, ESTIMATE, DESIGN = (f"freqbias.analysis.{name}" for name in ("stats", "estimate", "design"))


@dataclass(frozen=True, kw_only=True)
class Estimator:
    """An entry of the page: `names` are the functions or modules whose docstrings say how; `golden` gives rows beside `reference`."""

    title: str
    what: str
    names: tuple[str, ...]
    tests: str
    reference: str = ""
    golden: Callable[[], Sequence[Row]] | None = None


ESTIMATORS = (
    Estimator(
        title="The mean gap",
        what="How large the gap is on average over items, and whether it differs from zero.",
        names=(f"{ESTIMATE}.means.mean", f"{STATS}.resampling.sign_flip_p", f"{STATS}.resampling.t_interval"),
        reference="R's `t.test`; by hand",
        golden=golden.mean,
        tests="tests/analysis/stats/test_golden.py",
    ),
    Estimator(
        title="Intervals by resampling, and of ratios",
        what="The same without assuming a normal mean, and the gap as a share of the model's own margin (`relative`).",
        names=tuple(
            f"{STATS}.resampling.{name}" for name in ("bca_interval", "bca_ends", "ratio_interval", "abc_interval", "above_zero")
        ),
        reference="R's `boot`",
        golden=golden.bootstrap,
        tests="tests/analysis/stats/test_golden.py",
    ),
    Estimator(
        title="Effect size, and what could be detected",
        what="The mean in standard deviations of items, and the smallest mean that so many items find four times in five.",
        names=(f"{STATS}.resampling.dz", f"{STATS}.resampling.minimum_detectable"),
        tests="tests/analysis/stats/test_resampling.py",
    ),
    Estimator(
        title="Equivalence to zero",
        what="Whether the mean is nothing that matters, which is more than not being shown to differ from zero.",
        names=(f"{ESTIMATE}.means.equivalence", f"{STATS}.resampling.tost_p", f"{ESTIMATE}.estimates.sesoi", f"{ESTIMATE}.means.flipped"),
        reference="R's `t.test`, one-sided twice",
        golden=golden.tost,
        tests="tests/analysis/stats/test_golden.py",
    ),
    Estimator(
        title="The difference of two arms",
        what="By how much the frequency arm exceeds the placebo.",
        names=(f"{ESTIMATE}.means.difference", f"{STATS}.arm_difference.difference_of_arms", f"{STATS}.resampling.welch"),
        reference="R's `t.test` for two samples",
        golden=golden.welch,
        tests="tests/analysis/stats/test_golden.py",
    ),
    Estimator(
        title="The placebo",
        what="Whether swaps of equally common words do nothing, as a whole and by what distinguishes the two words.",
        names=(f"{ESTIMATE}.placebo.placebo", f"{STATS}.joint.all_zero_p"),
        tests="tests/analysis/stats/test_joint.py",
    ),
    Estimator(
        title="Dose: is the effect larger for larger frequency gaps?",
        what="The slope of the gap on the frequency gap, confounders held constant.",
        names=(f"{ESTIMATE}.dose", f"{STATS}.mixed", f"{STATS}.mixed.crossed", f"{STATS}.reml"),
        reference="R's `lme4`",
        golden=golden.crossed,
        tests="tests/analysis/stats/test_mixed.py",
    ),
    Estimator(
        title="Dose over both arms, through zero",
        what="The same without intercept, with a slope that differs by frame.",
        names=(f"{STATS}.mixed.through_zero", f"{STATS}.reml.reml"),
        reference="R's `lme4` and `lmerTest`",
        golden=golden.slopes,
        tests="tests/analysis/stats/test_reml.py",
    ),
    Estimator(
        title="Dose, by a test that assumes less",
        what="The twin of every slope: a claim needs both.",
        names=(f"{STATS}.mixed.robust", f"{STATS}.robust", f"{STATS}.robust.cluster_robust"),
        reference="R's `clubSandwich`",
        golden=golden.robust,
        tests="tests/analysis/stats/test_robust.py",
    ),
    Estimator(
        title="The claim that an effect goes with frequency",
        what="One p-value for all that the claim needs.",
        names=(f"{ESTIMATE}.credit", f"{ESTIMATE}.credit.credit"),
        tests="tests/analysis/estimate/test_dose.py",
    ),
    Estimator(
        title="Frequency against its rivals",
        what="What part of the mean gap goes with length, register, readability and the others, and what is left without them.",
        names=(f"{ESTIMATE}.rivals", f"{ESTIMATE}.rivals.robustness", f"{STATS}.mixed.inflation"),
        tests="tests/analysis/estimate/test_rivals.py",
    ),
    Estimator(
        title="Strata of word splitting",
        what="The gap where both words are whole tokens of the model, where one is split, and where both are.",
        names=(f"{ESTIMATE}.strata",),
        tests="tests/analysis/estimate/test_strata.py",
    ),
    Estimator(
        title="Right or wrong answers",
        what="Dose and rivals of outcomes that are 0 or 1, from the pairs in which one form alone is right.",
        names=(f"{ESTIMATE}.logistic", f"{ESTIMATE}.logistic.conditional_logit", f"{STATS}.resampling.mcnemar_p"),
        reference="R's `glm` with clustered errors, and `binom.test`",
        golden=lambda: [*golden.logit(), *golden.mcnemar()],
        tests="tests/analysis/estimate/test_logistic.py",
    ),
    Estimator(
        title="Whether a model can answer",
        what="Accuracy against guessing, and the share of one letter: a model that guesses shows nothing of wording.",
        names=(f"{ESTIMATE}.capability", f"{ESTIMATE}.capability.capability"),
        tests="tests/analysis/estimate/test_capability.py",
    ),
    Estimator(
        title="Calibration of a language model",
        what="Whether its odds follow the corpus's own; a slope of 1 where they do.",
        names=(f"{ESTIMATE}.calibration", f"{ESTIMATE}.calibration.calibration_rows"),
        tests="tests/analysis/estimate/test_dose.py",
    ),
    Estimator(
        title="How items differ",
        what="The spread of true effects behind the mean, and where the effect of a new item lies.",
        names=(f"{ESTIMATE}.heterogeneity", f"{STATS}.item_spread.item_spread", f"{STATS}.item_spread.prediction"),
        reference="R's `lme4` and `lm`",
        golden=golden.spread,
        tests="tests/analysis/stats/test_item_spread.py",
    ),
    Estimator(
        title="Means without the extremes, and of groups",
        what="The mean without the outer fifths of the items, and whether groups of items have one mean.",
        names=(f"{STATS}.joint.trimmed_mean", f"{STATS}.joint.equal_means_p"),
        reference="R's `mean(trim=)` and `oneway.test`",
        golden=golden.several,
        tests="tests/analysis/stats/test_joint.py",
    ),
    Estimator(
        title="What is wrong with the input",
        what="Texts that stand under several items, and failures that go with frequency.",
        names=(f"{ESTIMATE}.integrity", f"{ESTIMATE}.integrity.shared_texts"),
        tests="tests/analysis/estimate/test_integrity.py",
    ),
    Estimator(
        title="Specification curve",
        what="The effect under every reasonable choice of analysis, and whether the whole curve is more than chance.",
        names=(f"{ESTIMATE}.specification", f"{ESTIMATE}.specification.item_coefficients", f"{STATS}.joint_curve"),
        tests="tests/analysis/estimate/test_specification.py",
    ),
    Estimator(
        title="Several models",
        what="Relative gaps on shared items, which compare across models.",
        names=(f"{ESTIMATE}.across_models", f"{ESTIMATE}.across_models.joint_relative", f"{ESTIMATE}.across_models.spread"),
        tests="tests/analysis/estimate/test_across_models.py",
    ),
    Estimator(
        title="Two runs",
        what="What changed between two models or checkpoints, paired on items.",
        names=(f"{ESTIMATE}.run_differences", f"{ESTIMATE}.run_differences.ratio_values"),
        tests="tests/analysis/estimate/test_compare.py",
    ),
    Estimator(
        title="Remedies",
        what="What each remedy changes in a collection of yours.",
        names=(f"{ESTIMATE}.remedies",),
        tests="tests/collection/test_remedies.py",
    ),
    Estimator(
        title="Several tests at once",
        what="Which tests are corrected together.",
        names=(f"{ESTIMATE}.families", f"{STATS}.resampling.benjamini_hochberg"),
        reference="`statsmodels`",
        golden=golden.adjusted,
        tests="tests/analysis/estimate/test_estimates.py",
    ),
    Estimator(
        title="Power",
        what="How many items it takes.",
        names=(f"{DESIGN}.power.components", f"{DESIGN}.power.t_power", f"{DESIGN}.plan.power_of"),
        reference="`statsmodels`",
        golden=golden.power,
        tests="tests/analysis/design/test_power.py",
    ),
    Estimator(
        title="Power of right and wrong answers, before a run",
        what="What difference of accuracies so many items show, by the share of them that differ between the wordings.",
        names=tuple(f"{DESIGN}.task_power.{name}" for name in ("mcnemar_power", "critical_counts", "mcnemar_items", "connor_items")),
        reference="`statsmodels`, and McNemar's p of every table that can come",
        golden=golden.task_power,
        tests="tests/analysis/design/test_task_power.py",
    ),
)


def page() -> str:
    """Return the entries of the page."""
    return "\n".join(line for entry in ESTIMATORS for line in _entry(entry))


def _entry(entry: Estimator) -> Iterator[str]:
    yield f"## {entry.title}\n\n{entry.what}\n"
    for name in entry.names:
        yield f"`{name}`\n\n{described(name)}\n"
    if entry.golden is not None:
        yield f"| on reference data | {entry.reference} | freqbias |\n|---|---:|---:|"
        for what, theirs, ours in entry.golden():
            yield f"| {what} | {theirs:.7g} | {ours:.7g} |"
        yield ""
    yield f"Held to this by `{entry.tests}`.\n"


def described(name: str) -> str:
    """Return the docstring of a function or a module as Markdown: examples fenced, references as links, nothing else set apart."""
    parts = re.split(r"((?:^>>> .*\n?(?:^(?!$|>>> ).*\n?)*)+)", inspect.cleandoc(_object(name).__doc__ or ""), flags=re.MULTILINE)
    return "\n".join(f"```pycon\n{part.strip()}\n```" if part.startswith(">>> ") else _prose(part) for part in parts)


def _object(name: str) -> object:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        module, _, attribute = name.rpartition(".")
        found: object = getattr(importlib.import_module(module), attribute)
        return found


def _prose(text: str) -> str:
    pieces = re.split(r"(`[^`]*`)", text)
    pieces[::2] = [DOI.sub(_reference, re.sub(r"([*_\[\]])", r"\\\1", piece).replace("<", "&lt;")) for piece in pieces[::2]]
    return "".join(pieces)


def _reference(found: re.Match[str]) -> str:
    kind, number = found[1], found[2]
    rest = ""
    while number[-1] in ".:" or (number[-1] == ")" and number.count(")") > number.count("(")):
        number, rest = number[:-1], number[-1] + rest
    where = "https://doi.org/" if kind == "doi:" else "https://arxiv.org/abs/"
    return f"[{kind}{number}]({where}{quote(number)}){rest}"
