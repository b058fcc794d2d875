"""Estimates to sentences and files: verdicts, report in HTML, Markdown and JSON."""

from freqbias.analysis.report.report import write_report
from freqbias.analysis.report.verdict import Verdict, headline_rows, verdicts

__all__ = ["Verdict", "headline_rows", "verdicts", "write_report"]
