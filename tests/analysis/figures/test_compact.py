"""A figure is made small without losing a dot, a ring, a text or a line."""

import re

import numpy as np
import pytest

from freqbias.analysis.figures.compact import compact
from freqbias.analysis.figures.svg import svg

N = 40


def drawn(draw):
    return svg(draw, 4, 3, "name", "label")


def dots(figure):
    axes = figure.add_subplot()
    rng = np.random.default_rng(0)
    axes.plot(rng.uniform(size=N), rng.uniform(size=N), "o", color="#2f7dc1", markersize=3, alpha=0.45, markeredgewidth=0)


def rings(figure):
    axes = figure.add_subplot()
    axes.plot(range(N), range(N), "o", color="#2f7dc1", markerfacecolor="none")


def test_every_dot_is_drawn_once():
    text = drawn(dots)
    (path,) = [path for path in re.findall(r"<path [^>]*>", text) if "stroke-linecap:round" in path]
    assert path.count("h0") == N
    assert "stroke:#2f7dc1;stroke-width:3.0" in path
    assert "stroke-opacity:0.45" in path
    assert "<use" not in text


def test_a_ring_stays_hollow():
    (path,) = [path for path in re.findall(r"<path [^>]*>", drawn(rings)) if "a3 3 0 1 0" in path]
    assert path.count("M") == N
    assert "fill-opacity:0;stroke:#2f7dc1" in path


def test_places_are_those_of_the_original():
    """matplotlib's own file, and what is left of it: the same points to a tenth."""
    marks = "".join(f'<use xlink:href="#m1" x="{x:.6f}" y="{y:.6f}" style="fill: #2f7dc1"/>\n' for x, y in [(1.26, 3), (40.04, 7.123456)])
    defs = '<defs>\n<path id="m1" d="M 0 1.5 \nC 0.4 1.5 0.8 1.3 1 1 \nz\n" style="stroke: none"/>\n</defs>\n'
    found = compact(f"<svg>{defs}<g>{marks}</g></svg>", "n")
    assert found == '<svg><path d="M1.3 3h0M40 7.1h0" style="fill:none;stroke:#2f7dc1;stroke-width:3.0;stroke-linecap:round"/></svg>'


def test_texts_keep_their_spaces():
    def draw(figure):
        axes = figure.add_subplot()
        axes.set_xlabel("aggregation: item means; a < b & c")
        axes.plot([0, 1], [0, 1])

    assert ">aggregation: item means; a &lt; b &amp; c</text>" in drawn(draw)


def test_a_name_that_looks_like_markup_stays_as_it_is():
    name = 'x="1.23456" id="a" style="a: b" font-family: mine'

    def draw(figure):
        figure.add_subplot().set_xlabel(name)

    assert f">{name}</text>" in drawn(draw)


@pytest.mark.parametrize("draw", [dots, rings])
def test_ids_are_used_and_no_two_figures_share_one(draw):
    one, other = (svg(draw, 4, 3, name, "label") for name in ("one", "other"))
    ids = [set(re.findall(r'\bid="([^"]+)"', text)) for text in (one, other)]
    assert ids[0]
    assert not ids[0] & ids[1]
    for own, text in zip(ids, (one, other), strict=True):
        assert own == set(re.findall(r"url\(#([^)]+)\)", text))
        assert len(re.findall(r'\bid="', text)) == len(own)
    assert len(one) < 9000
