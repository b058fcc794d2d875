"""What failed in a run, in one line: how many rows, mostly why, and how to go on."""

import logging
import re
from collections import Counter
from pathlib import Path

from freqbias.run.journal import rows_of

log = logging.getLogger(__name__)

COMMONEST = 3  # reasons in the line
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_OF_A_TEXT = re.compile(r"\((?:'.*?'|\".*?\"): (.*)\)$", re.DOTALL)  # what a model says of one (`freqbias.probes.common`)


def reason_of(error: str) -> str:
    """Return the reason in the error of a row, without the texts that it names, so that equal ones can be counted."""
    found = _OF_A_TEXT.search(error)
    return " ".join((found.group(1) if found else _QUOTED.sub("'…'", error)).split())


def failures(out: Path) -> tuple[int, int, Counter[str]]:
    """Return how many rows of an observation file carry an error, how many there are, and the reasons with their counts."""
    reasons: Counter[str] = Counter()
    total = 0
    for row in rows_of(out):
        total += 1
        if row.error is not None:
            reasons[reason_of(row.error)] += 1
    return reasons.total(), total, reasons


def tell_failures(out: Path) -> bool:
    """Say in one line which rows of a finished observation file failed; return whether any did.

    A text beyond a model's window is among them: it was asked for and has no number, so what is reported is about fewer pairs.
    """
    failed, total, reasons = failures(out)
    if failed:
        why = "; ".join(f"{count}: {reason}" for reason, count in reasons.most_common(COMMONEST))
        more = f"; {len(reasons) - COMMONEST} more reasons" if len(reasons) > COMMONEST else ""
        where = f"their rows in {out} say which (field `error`), and the same command asks for them again"
        log.error("%d of %d rows failed (%s%s); %s", failed, total, why, more, where)
    return bool(failed)
