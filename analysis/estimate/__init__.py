"""Gaps to estimates: means, controls, slopes, specification curve, families of tests, comparison of runs."""
