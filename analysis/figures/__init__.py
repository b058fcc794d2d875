"""Figures as SVG with the data behind them."""
