"""Differences between two runs in words: how much, in the unit of the probe, and which way."""

from collections.abc import Sequence

from freqbias.analysis.report.formatting import levels, number, percent
from freqbias.analysis.report.sentences import said
from freqbias.judgement import Judgement
from freqbias.records import Estimate
from freqbias.terms import EQUIVALENT, OF_MARGIN, QUALITY, RUN_QUALITY, RUN_RELATIVE, WIN_RATE


class Size:
    """The size of one difference in the unit that sentences use: shares in hundreds, the rest as it is."""

    def __init__(self, row: Estimate, judgement: Judgement):
        self.row, self.unit = row, judgement.unit_of(row.measure)
        self._wins = row.measure == WIN_RATE.name
        self._share = (self._wins or judgement.is_share(row.measure)) and row.term != RUN_RELATIVE
        self._factor = 100.0 if self._share else 1.0

    def amount(self, value: float, interval: str = "", *, signed: bool = False) -> str:
        """Return a value, its interval where there is one, and its unit."""
        shown = f"{self._number(value if signed else abs(value), signed=signed)} {interval}".strip()
        if self.row.term == RUN_RELATIVE:
            return said("compare_of_margin", value=shown)
        if self._wins:
            return said("compare_of_comparisons", value=shown)
        return said("compare_of_share" if self._share else "compare_of_unit", value=shown, unit=self.unit)

    def change(self) -> str:
        """Return who loses more to rare wording, by how much; for a difference that was found."""
        more = (self.row.value or 0.0) > 0
        ends = sorted(self._sign(more) * (end or 0.0) for end in (self.row.ci_low, self.row.ci_high))
        return said(self._template(more), size=self.amount(self.row.value or 0.0, self.interval(ends)), levels=self._levels())

    def scale(self) -> str:
        """Return the difference in raw scores, where it is none by the models' own margins."""
        more = (self.row.value or 0.0) > 0
        ends = sorted(self._sign(more) * (end or 0.0) for end in (self.row.ci_low, self.row.ci_high))
        shown = f"{self._number(abs(self.row.value or 0.0), signed=False)} {self.interval(ends)}"
        size = said("compare_scale_more", size=shown) if more else said("compare_scale_less", size=shown)
        return said("compare_scale", unit=self.unit, size=size)

    def undetected(self, template: str) -> str:
        """Return a difference that was not found, by a template that says whether one that matters is ruled out."""
        return said(template, **self.where(), levels=self._levels())

    def where(self) -> dict[str, str]:
        """Return the size with its interval, and that of the test of equivalence, with its bound, where this was passed."""
        row = self.row
        value, bound = row.value or 0.0, self.amount(row.bound or 0.0)
        if EQUIVALENT in row.flags:
            ends = self.interval([row.details["low_90"], row.details["high_90"]], signed=True)
            return {"size": self.amount(value, signed=True), "interval": ends, "bound": bound}
        return {"size": self.amount(value, self.interval([row.ci_low, row.ci_high], signed=True), signed=True)}

    def _template(self, more: bool) -> str:
        if max(self.row.extra["values"]) <= 0:  # rare wording gains in both, so that a larger gap is a smaller gain
            return "compare_gains_less" if more else "compare_gains_more"
        return "compare_loses_more" if more else "compare_loses_less"

    def _levels(self) -> str:
        sides = {}
        for place, side, value in zip(("first", "second"), "AB", self.row.extra["values"], strict=True):
            template = "compare_level_gains" if value < 0 else "compare_level_loses"
            sides[place] = said(template, side=side, size=self._number(abs(value), signed=False))
        return f"{sides['first']}, {sides['second']}."

    def _number(self, value: float, *, signed: bool) -> str:
        return number(self._factor * value, signed)

    def interval(self, ends: Sequence[float | None], *, signed: bool = False) -> str:
        """Return two ends in the unit of the size."""
        if any(end is None for end in ends):
            return said("no_interval")
        return f"[{', '.join(self._number(end or 0.0, signed=signed or (end or 0.0) < 0) for end in ends)}]"

    @staticmethod
    def _sign(more: bool) -> int:
        return 1 if more else -1


def quality(row: Estimate, judgement: Judgement, *, found: bool) -> str:
    """Return what to say on how much better or worse the second model is."""
    size, what = Size(row, judgement), quality_of(row, judgement)
    first, second = _sides(row, judgement)
    levels = said("compare_quality_levels", first=first, second=second)
    if row.value == 0 and not row.std_error:
        return said("compare_quality_same", what=what)
    if found:
        higher = (row.value or 0.0) > 0
        ends = sorted((1 if higher else -1) * (end or 0.0) for end in (row.ci_low, row.ci_high))
        template = "compare_quality_higher" if higher else "compare_quality_lower"
        return said(template, what=what, size=size.amount(row.value or 0.0, size.interval(ends)), levels=levels)
    template = "compare_quality_matters" if EQUIVALENT in row.flags else "compare_quality_none"
    return said(template, what=what, **size.where(), levels=levels)


def quality_of(row: Estimate, judgement: Judgement) -> str:
    """Return what stands for quality in a row."""
    if row.details.get(QUALITY) == OF_MARGIN:
        return said("compare_what_margin")
    if row.measure == WIN_RATE.name:
        return said("compare_what_wins")
    return said("compare_what_level", unit=judgement.unit_of(row.measure))


def kind(row: Estimate) -> str:
    """Return what a row of a table is about: the gap, the gap by the model's own margin, or what stands for quality."""
    if row.term == RUN_QUALITY:
        return said("compare_row_margin") if row.details.get(QUALITY) == OF_MARGIN else said("compare_row_level")
    return said("compare_row_relative") if row.term == RUN_RELATIVE else said("compare_row_gap")


def _sides(row: Estimate, judgement: Judgement) -> tuple[str, str]:
    share = row.measure == WIN_RATE.name or judgement.is_share(row.measure)
    first, second = row.extra["values"]
    return (percent(first), percent(second)) if share else levels(first, second)
