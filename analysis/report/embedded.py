"""What the page holds for its tables: estimates and pairs as packed JSON, which the page's script unpacks when a reader opens them."""

import base64
import gzip
from collections.abc import Mapping, Sequence
from typing import Any

from freqbias.characters import escaped
from freqbias.files import dumps
from freqbias.records import Estimate

#: Columns of the table of estimates: fields of a record, in the order of the page; texts first, then numbers, then flags.
TEXTS = ("model", "probe", "measure", "contrast", "arm", "term")
NUMBERS = ("value", "ci_low", "ci_high", "level", "p_value", "p_adjusted", "effect_size", "n_items", "n_pairs", "n_failed")
COLUMNS = (*TEXTS, *NUMBERS, "flags")
DIGITS = 6  # significant ones of a number; `estimates.csv` has them all


def packed(value: Any) -> str:
    """Return a JSON value as base64 of gzip, the same bytes every time; its texts are `escaped`, as the rest of the page is."""
    return base64.b64encode(gzip.compress(dumps(_escaped(value)).encode("utf-8"), compresslevel=9, mtime=0)).decode("ascii")


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, Mapping):
        return {escaped(name): _escaped(item) for name, item in value.items()}
    return [_escaped(item) for item in value] if isinstance(value, list | tuple) else value


def rounded(value: Any, digits: int = DIGITS) -> Any:
    """Return a number with so many significant digits; everything else as it is."""
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value


def estimate_rows(estimates: Sequence[Estimate]) -> list[list[Any]]:
    """Return one list a row, in the order of `COLUMNS`."""
    return [
        [*(getattr(row, name) for name in TEXTS), *(rounded(getattr(row, name)) for name in NUMBERS), ", ".join(row.flags)]
        for row in estimates
    ]


def blocks(estimates: Sequence[Estimate], pairs: Mapping[str, Any], glossary: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the packed blocks of a page by name."""
    rows = {"columns": COLUMNS, "rows": estimate_rows(estimates)}
    return {"estimates": packed(rows), "pairs": packed(pairs), "glossary": packed(glossary)}
