"""What all figures share: the chart record, the SVG writer, colours, rows of intervals.

SVGs are deterministic, transparent, take their colour from the page (light or dark), and keep text as text.
"""

import io
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from freqbias.analysis.figures.compact import compact
from freqbias.judgement import Judgement
from freqbias.records import Estimate
from freqbias.terms import DIFFERENCE, FREQUENCY, LENGTH, PLACEBO

INK = "#123456"  # stands for the page's text colour and is replaced by `currentColor`
FREQUENCY_COLOUR = "#2f7dc1"
COLOURS = {FREQUENCY: FREQUENCY_COLOUR, PLACEBO: "#c1752f", LENGTH: "#6a8f3c", DIFFERENCE: "#8458b3"}
LABEL = 36  # characters of a label; the longest of the controls' own has 32
INTERVAL_COLUMNS = ["model", "probe", "measure", "contrast", "arm", "term", "value", "ci_low", "ci_high", "level", "n_items"]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """One figure: `name` is its file stem and keeps its ids apart from other figures', `data` is everything it was drawn from."""

    name: str
    svg: str
    caption: str
    data: pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a section of the report is about; `key` is unique in a report and safe in file names and ids.

    `several` tells whether the probe is judged in more than this measure.
    """

    model: str
    probe: str
    measure: str
    key: str
    judgement: Judgement
    several: bool = False

    @property
    def contrast(self) -> str:
        """The contrast that the verdict rests on."""
        return self.judgement.contrast

    @property
    def cells(self) -> tuple[str, str]:
        """What the crossed rows cross."""
        return self.judgement.cells

    @property
    def unit(self) -> str:
        """The unit of the measure, in words."""
        return self.judgement.unit_of(self.measure)

    @property
    def title(self) -> str:
        """Model and probe, to open a caption with; with the measure, where that does not say it all."""
        return f"{self.model}, {self.probe}" + (f", {self.measure}" if self.several else "")

    def own(self, estimates: Sequence[Estimate]) -> list[Estimate]:
        """Return the estimates of this model, probe and measure that hold a value."""
        wanted = (self.model, self.probe, self.measure)
        return [row for row in estimates if (row.model, row.probe, row.measure) == wanted and row.value is not None]

    def rows(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of this model, probe and measure."""
        return table[(table["model"] == self.model) & (table["probe"] == self.probe) & (table["measure"] == self.measure)]


def svg(draw: Callable[[Any], None], width: float, height: float, name: str, label: str) -> str:
    """Return one drawing, in inches, as SVG text with an accessible label; `name` goes before every id in it."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    style: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "text.parse_math": False,  # a name with two dollar signs is a name
        "font.size": 10,
        "font.family": "sans-serif",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.unicode_minus": True,
        "legend.frameon": False,
        **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
    }
    with mpl.rc_context(style), warnings.catch_warnings():
        # texts stay texts, so only the reader's fonts count
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = compact(text[text.index("<svg") :].replace(INK, "currentColor"), name)
    title = label.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return text.replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1)


def favouring(what: str) -> str:
    """Return the label of an axis of gaps: what they are of, and which side favours which wording."""
    return f"← favours rare    {what}    favours frequent →"


def interval_rows(axes: Any, rows: Sequence[Estimate], labels: Sequence[str]) -> None:
    """Draw estimates with their intervals from top to bottom, in their arms' colours, and a line at zero."""
    for y, row in zip(range(len(rows))[::-1], rows, strict=True):
        colour = COLOURS.get(row.arm, INK)
        if row.ci_low is not None and row.ci_high is not None:
            axes.plot([row.ci_low, row.ci_high], [y, y], color=colour, linewidth=2.2, solid_capstyle="butt")
        axes.plot(row.value, y, "o", color=colour, markersize=5.5)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(range(len(rows))[::-1], [shortened(label) for label in labels])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.tick_params(axis="y", length=0)


def shortened(label: str) -> str:
    """Return a label that leaves room for the plot, its middle taken out; tables have it whole."""
    return label if len(label) <= LABEL else f"{label[: LABEL // 2]}…{label[-(LABEL // 2) + 1 :]}"


def interval_table(rows: Sequence[Estimate]) -> pd.DataFrame:
    """Return the drawn fields of estimates as a table."""
    return pd.DataFrame([[getattr(row, name) for name in INTERVAL_COLUMNS] for row in rows], columns=INTERVAL_COLUMNS)
