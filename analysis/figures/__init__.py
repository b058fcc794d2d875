"""Figures as SVG with the data behind them."""

from freqbias.analysis.figures.distributions import dose, interaction, raincloud
from freqbias.analysis.figures.intervals import controls, forest, love, overview
from freqbias.analysis.figures.specification_curve import specification_curve
from freqbias.analysis.figures.svg import Chart, Subject

__all__ = ["Chart", "Subject", "controls", "dose", "forest", "interaction", "love", "overview", "raincloud", "specification_curve"]
