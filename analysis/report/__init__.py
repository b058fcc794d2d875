"""Estimates to sentences and files: verdicts, report in HTML, Markdown and JSON."""
