"""Rows to gaps: observations as a table, one gap per pair and contrast, checked against their pairs."""
