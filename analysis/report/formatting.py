"""What sentences are made of: estimates looked up by contrast, arm and term, and numbers, intervals and p-values in words."""

from collections.abc import Sequence

from freqbias.analysis.report.sentences import said
from freqbias.judgement import Judgement
from freqbias.records import Estimate
from freqbias.terms import FREQUENCY, NORM, OF_PROMPT, PARTS, PLACEBO, rival_label

ALPHA = 0.05
TOST_LEVEL = 0.90  # the interval that two one-sided tests at 5 % correspond to
REVERSE = ":reverse"  # ends the term of a slope whose instrument is the pairs' own frequency
MUCH_WIDER = 1.25  # times as wide: an interval of 95 % that is short by so much covers 88 %
SHOWN_DIGITS = 2  # significant ones of a number in a sentence: what its interval can bear
NORMAL_90, NORMAL_95 = 1.645, 1.960  # half-widths in standard errors


class Lookup:
    """The estimates of one model and probe, read in the measure that the verdict rests on.

    `floor` is how far a value of this measure moves when only the batch changes, None where that is not known.
    """

    def __init__(self, estimates: Sequence[Estimate], measure: str, judgement: Judgement, floor: float | None = None):
        self._rows = {(row.measure, row.contrast, row.arm, row.term): row for row in estimates}
        self.model, self.probe, self.measure = estimates[0].model, estimates[0].probe, measure
        self.judgement = judgement
        self.confirmatory = judgement.contrast
        self.unit = judgement.unit_of(measure)
        self.floor = floor

    def get(self, contrast: str, arm: str = FREQUENCY, term: str = "mean", measure: str | None = None) -> Estimate | None:
        """Return an estimate, None where it was not made."""
        return self._rows.get((measure or self.measure, contrast, arm, term))

    def measured(self, contrast: str, arm: str = FREQUENCY, term: str = "mean", measure: str | None = None) -> Estimate | None:
        """Return an estimate that has a value; one of which every pair failed has none, and nothing can be said of it."""
        row = self.get(contrast, arm, term, measure)
        return None if row is None or row.value is None else row

    def main(self, term: str, arm: str = FREQUENCY) -> Estimate | None:
        """Return an estimate of the contrast that the verdict rests on."""
        return self.get(self.confirmatory, arm, term)

    def of_arm(self, arm: str) -> list[Estimate]:
        """Return the estimates of one arm of the contrast that the verdict rests on."""
        return [row for key, row in self._rows.items() if key[:3] == (self.measure, self.confirmatory, arm)]

    def means(self) -> list[Estimate]:
        """Return the frequency arm's means of the contrast that the verdict rests on, in every measure."""
        return [row for key, row in self._rows.items() if key[1:] == (self.confirmatory, FREQUENCY, "mean")]

    def rivals(self) -> list[Estimate]:
        """Return the placebo's equivalence tests per orienting rival."""
        return [
            row
            for (measure, contrast, arm, term), row in sorted(self._rows.items())
            if (measure, contrast, arm) == (self.measure, self.confirmatory, PLACEBO) and term.startswith("equivalence:")
        ]

    def held(self) -> dict[str, str]:
        """Return the names of all rivals, norms of the user's own last, and what a reader calls each."""
        terms = [term for measure, contrast, _, term in self._rows if (measure, contrast) == (self.measure, self.confirmatory)]
        norms = sorted({name for term in terms if (name := term.removeprefix("part:")).startswith(NORM) and name != term})
        return PARTS | {name: rival_label(name) for name in norms}

    def slopes_by_source(self) -> list[tuple[str, Estimate]]:
        """Return the slopes on frequencies of the user's own sources, by their names."""
        return self._named("zipf_slope:")

    def slopes_by_instrument(self) -> list[tuple[str, Estimate]]:
        """Return the slopes that take a user's own source of frequencies as instrument, by its name."""
        return [(name, row) for name, row in self._named("zipf_slope_iv:") if not name.endswith(REVERSE)]

    def groups(self) -> list[tuple[str, Estimate]]:
        """Return the tests whether groups of items (part of speech, domain, frame) differ, by what groups them."""
        return self._named("by:")

    def prompts(self, measure: str | None = None) -> list[tuple[str, Estimate]]:
        """Return the means in each prompt that the model was asked in, by its name."""
        return self._named(OF_PROMPT, measure)

    def _named(self, stem: str, of: str | None = None) -> list[tuple[str, Estimate]]:
        return [
            (term.removeprefix(stem), row)
            for (measure, contrast, arm, term), row in self._rows.items()
            if (measure, contrast, arm) == (of or self.measure, self.confirmatory, FREQUENCY) and term.startswith(stem)
        ]

    def within_noise(self, row: Estimate) -> bool:
        """Tell whether a value is smaller than what this model's numbers move by when only the batch changes."""
        return self.floor is not None and row.measure == self.measure and abs(row.value or 0.0) < self.floor

    def found(self, row: Estimate | None) -> bool:
        """Tell whether test and interval both exclude zero (a small sample in which they disagree is no finding), beyond the noise."""
        return significant(row) and row is not None and not self.within_noise(row)


def significant(row: Estimate | None) -> bool:
    """Tell whether the p-value, adjusted where it is, is below 5 % and the interval excludes zero."""
    p_value = None if row is None else adjusted_p(row)
    return p_value is not None and p_value < ALPHA and excludes_zero(row)


def excludes_zero(row: Estimate | None) -> bool:
    """Tell whether there is an interval and it leaves zero out."""
    return row is not None and row.ci_low is not None and row.ci_high is not None and not row.ci_low <= 0 <= row.ci_high


def much_wider(robust: Estimate | None, row: Estimate | None) -> bool:
    """Tell whether the interval of a test that assumes less is so much the wider that the other one must not stand alone."""
    ends = [end for own in (robust, row) if own is not None for end in (own.ci_low, own.ci_high) if end is not None]
    return len(ends) == 4 and ends[1] - ends[0] > MUCH_WIDER * (ends[3] - ends[2])


def same_way(row: Estimate | None, main: Estimate) -> bool:
    """Tell whether an estimate's interval leaves out zero on the side of another estimate."""
    return row is not None and excludes_zero(row) and (row.value or 0) * (main.value or 0) > 0


def favoured(row: Estimate) -> str:
    """Return the form that an estimate favours, in a word."""
    return "frequent" if (row.value or 0) > 0 else "rare"


def adjusted_p(row: Estimate) -> float | None:
    """Return the p-value, adjusted for its family where it has one."""
    return row.p_value if row.p_adjusted is None else row.p_adjusted


def flags_of(row: Estimate | None) -> list[str]:
    """Return the flags of an estimate that may be absent."""
    return [] if row is None else list(row.flags)


def number(value: float | None, signed: bool = True, digits: int = SHOWN_DIGITS) -> str:
    """Return a number with two significant digits for sentences, whole from a hundred on; a dash for None."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    # from a thousand on three digits would be written as powers of ten; two, from a hundred on
    shown = f"{abs(value):.{digits}g}" if float(f"{abs(value):.{digits}g}") < 10**digits else f"{abs(value):.0f}"
    sign = "−" if value < 0 else "+" if signed else ""
    return sign + shown


def precise(value: float | None, signed: bool = True) -> str:
    """Return a number with three significant digits, for tables."""
    return number(value, signed, digits=3)


def levels(first: float, second: float) -> tuple[str, str]:
    """Return two levels with as few digits as tell them apart, three at most."""
    shown = number(first, signed=False), number(second, signed=False)
    return shown if shown[0] != shown[1] else (precise(first, signed=False), precise(second, signed=False))


def interval(row: Estimate) -> str:
    """Return `[low, high]` of an estimate."""
    if row.ci_low is None or row.ci_high is None:
        return said("no_interval")
    return f"[{number(row.ci_low)}, {number(row.ci_high)}]"


def p_text(value: float | None) -> str:
    """Return `p = .012` or `p < .001`."""
    if value is None:
        return said("no_test")
    return "p < .001" if value < 0.001 else f"p = {value:.3f}".replace("0.", ".")


def tested(row: Estimate) -> str:
    """Return the p-value in words; one that is adjusted says so, since the interval beside it is not."""
    return p_text(row.p_value) if row.p_adjusted is None else said("adjusted_p", p=p_text(row.p_adjusted))


def percent(value: float) -> str:
    """Return a share as `33 %`."""
    return f"{100 * value:.0f} %".replace("-", "−")


def listed(names: Sequence[str]) -> str:
    """Return `length, register and readability`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def entries(parts: Sequence[str], *, after_colon: bool = False) -> str:
    """Return the entries of a list as a short sentence each, without the last full stop."""
    return ". ".join(part if after_colon and place == 0 else capital(part) for place, part in enumerate(parts))


def capital(text: str) -> str:
    """Return a sentence with its first letter large and the others as they are."""
    return text[:1].upper() + text[1:]


def precise_interval(row: Estimate) -> str:
    """Return `[low, high]` of an estimate, for tables."""
    if row.ci_low is None or row.ci_high is None:
        return said("no_interval")
    return f"[{precise(row.ci_low)}, {precise(row.ci_high)}]"


def inner_interval(row: Estimate) -> tuple[float, float] | None:
    """Return the 90 % interval that belongs to a 95 % one, by the normal ratio of their widths; None where there is none."""
    if row.value is None or row.ci_low is None or row.ci_high is None:
        return None
    ratio = NORMAL_90 / NORMAL_95 if row.level > TOST_LEVEL else 1.0
    return row.value - ratio * (row.value - row.ci_low), row.value + ratio * (row.ci_high - row.value)


def within_bound(row: Estimate | None, bound: float | None) -> bool:
    """Tell whether the 90 % interval of an estimate lies within ± a bound; not where either is missing."""
    ends = None if row is None else inner_interval(row)
    return ends is not None and bound is not None and -bound <= ends[0] and ends[1] <= bound


def sized(row: Estimate) -> str:
    """Return value and interval of an estimate, without its unit."""
    return f"{number(row.value)} {interval(row)}"
