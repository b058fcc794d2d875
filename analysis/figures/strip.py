"""Small plots that stand in a cell of a table."""

from markupsafe import Markup

from freqbias.records import Estimate

WIDTH = 96  # of a small interval plot, in pixels
PLOT = Markup(
    '<svg class="strip" width="96" height="14" viewBox="-3 0 102 14" aria-hidden="true">'
    '<path d="M48 0V14" stroke="currentColor" stroke-opacity=".45"/>'
    '<path d="M{low} 7H{high}" stroke="currentColor" stroke-width="2"/>'
    '<circle cx="{value}" cy="7" r="3" fill="currentColor"/></svg>'
)


def strip(row: Estimate | None, reach: float) -> Markup:
    """Return a small plot of an estimate's interval around zero, from -`reach` to +`reach`; empty where there is no interval."""
    if row is None or row.value is None or row.ci_low is None or row.ci_high is None or not reach > 0:
        return Markup()
    low, value, high = (f"{WIDTH / 2 * (1 + end / reach):.1f}" for end in (row.ci_low, row.value, row.ci_high))
    return PLOT.format(low=low, value=value, high=high)
