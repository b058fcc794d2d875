"""A finished run, to look at from Python."""

import shutil
import tempfile
import weakref
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from freqbias.errors import InputError
from freqbias.files import read_estimates
from freqbias.records import Estimate
from freqbias.terms import ESTIMATES_FILE, HTML_REPORT, JSON_REPORT, MARKDOWN_REPORT

if TYPE_CHECKING:
    import pandas as pd

    from freqbias.analysis.report.verdict import Verdict

PAGES = {".html": HTML_REPORT, ".htm": HTML_REPORT, ".md": MARKDOWN_REPORT, ".json": JSON_REPORT}


#: Ends of names that ask for a document which is not made here.
OTHER_PAGES = (".pdf", ".docx", ".odt", ".rtf", ".tex", ".txt", ".csv", ".xml")


class Run:
    """What lies in a run folder, read when it is asked for.

    `freqbias.run` returns one, and `Run("results/demo")` opens what a command has written. `temporary` says that the folder goes when
    this object does. Raises `InputError` for a folder without estimates.
    """

    def __init__(self, folder: str | Path, *, temporary: bool = False):
        self.folder = Path(folder)
        if temporary:
            weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        if not (self.folder / ESTIMATES_FILE).is_file():
            raise InputError(f"{self.folder}: not a finished run; see: freqbias status {self.folder}")

    @cached_property
    def observations(self) -> "pd.DataFrame":
        """What was measured: one row a pair × probe × measure × contrast (× register) × model."""
        from freqbias.analysis import frame

        return frame(self.folder)

    @cached_property
    def estimates(self) -> list[Estimate]:
        """Every contrast with its interval, p-value, n and method."""
        return list(read_estimates(self.folder))

    @cached_property
    def verdicts(self) -> "list[Verdict]":
        """The sentences on each model and probe, as terminal and report say them: noise floors of the run applied."""
        from freqbias.analysis.report.verdicts_of_run import folder_verdicts

        return folder_verdicts(self.folder, self.estimates)

    def report(self, path: str | Path) -> list[Path]:
        """Write the report; return what was written.

        A name that ends in `.html`, `.md` or `.json` gives that one file, which needs no other; any other name is a folder that gets
        all of them and the figures. Raises `InputError` for the name of another kind of document.
        """
        from freqbias.analysis.report.report import write_report

        target = Path(path)
        page = PAGES.get(target.suffix.lower())
        if target.suffix.lower() in OTHER_PAGES and not target.is_dir():
            raise InputError(f"{target}: a report is .html, .md or .json, or a folder of them; a browser prints the .html as PDF")
        if page is None or target.is_dir():
            return write_report(self.folder, out=target)
        with tempfile.TemporaryDirectory() as folder:
            write_report(self.folder, out=folder)
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(Path(folder) / page, target)
            except OSError as error:
                raise InputError(f"{target}: cannot be written: {error.strerror or error}") from error
        return [target]

    def __repr__(self) -> str:
        lines = [f"{verdict.title}: {verdict.headline}" for verdict in self.verdicts]
        return "\n".join([f"Run({str(self.folder)!r})", *lines])

    def _repr_html_(self) -> str:
        """Return the headlines as a small table, for notebooks."""
        cell = "style='text-align:left'"
        rows = "".join(
            f"<tr><th {cell}>{escape(verdict.title)}</th><td {cell}>{escape(verdict.headline)}</td></tr>" for verdict in self.verdicts
        )
        return f"<table><caption>{escape(str(self.folder))}</caption><tbody>{rows}</tbody></table>"
