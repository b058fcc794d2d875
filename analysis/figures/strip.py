"""Small plots that stand in a cell of a table."""

from markupsafe import Markup

from freqbias.records import Estimate

WIDTH, HEIGHT = 96, 14  # of a small interval plot, in pixels


def strip(row: Estimate | None, reach: float) -> Markup:
    """Return a small plot of an estimate's interval around zero, from -`reach` to +`reach`; empty where there is no interval."""
    if row is None or row.value is None or row.ci_low is None or row.ci_high is None or not reach > 0:
        return Markup()
    low, value, high = (f"{WIDTH / 2 * (1 + end / reach):.1f}" for end in (row.ci_low, row.value, row.ci_high))
    middle = HEIGHT / 2
    return Markup(  # noqa: S704 - numbers alone
        f'<svg class="strip" width="{WIDTH}" height="{HEIGHT}" viewBox="-3 0 {WIDTH + 6} {HEIGHT}" aria-hidden="true">'
        f'<path d="M{WIDTH / 2} 0V{HEIGHT}" stroke="currentColor" stroke-opacity=".45"/>'
        f'<path d="M{low} {middle}H{high}" stroke="currentColor" stroke-width="2"/>'
        f'<circle cx="{value}" cy="{middle}" r="3" fill="currentColor"/></svg>'
    )
