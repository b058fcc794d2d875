"""Whether a file can hold pairs, told by its name and first line; where it holds what pairs are made of, how."""

import re
import shlex
from pathlib import Path
from typing import Any

import orjson

from freqbias.compression import GZIP, ZSTD, in_folder, opened
from freqbias.errors import InputError
from freqbias.terms import PAIRS_FILE, SIDES

HEAD_BYTES = 1 << 16  # of a file's first line, enough to tell what it holds
PAIR_SUFFIXES = (".jsonl", ".ndjson")
TABLE_SUFFIXES = (".csv", ".tsv", ".tab")
TEXT_SUFFIXES = (".txt", ".text", ".json", ".parquet", ".arrow", *TABLE_SUFFIXES)  # what `freqbias pairs substitute` reads
BOM = b"\xef\xbb\xbf"


def check_holds_pairs(path: Path) -> None:
    """Raise `InputError` for texts, tables and folders of them, by their name or their first row; other faults are for the reader."""
    if path.is_dir():
        if not in_folder(path, PAIRS_FILE).exists():
            raise InputError(f"{path}: holds no {PAIRS_FILE}; where it holds texts, {_first('substitute', path)}")
        return
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in (GZIP, ZSTD)]
    kind = suffixes[-1] if suffixes else ""
    if not path.is_file() or kind not in (*PAIR_SUFFIXES, *TEXT_SUFFIXES):
        return
    row = _first_row(path)
    if isinstance(row, dict) and (not row or not row.keys().isdisjoint({"item", *SIDES})):
        return
    if kind in TABLE_SUFFIXES and _names_both_sides(path):
        raise InputError(f"{path}: is a table, not a pair file; {_first('import', path)}")
    if isinstance(row, dict) or kind not in PAIR_SUFFIXES:
        raise InputError(f"{path}: holds texts, not pairs; {_first('substitute', path)}")


def _first(generator: str, path: Path) -> str:
    return f"run first: freqbias pairs {generator} {shlex.quote(str(path))} --out {PAIRS_FILE}"


def _head(path: Path) -> bytes:
    with opened(path) as stream:
        return stream.readline(HEAD_BYTES)


def _first_row(path: Path) -> Any:
    """Return what the first line of a file says as JSON; None where it is none, or too long to tell."""
    try:
        return orjson.loads(_head(path))
    except ValueError:
        return None


def _names_both_sides(path: Path) -> bool:
    return {b"high", b"low"} <= {cell.strip(b' "') for cell in re.split(rb"[,;\t]", _head(path).removeprefix(BOM).strip())}
