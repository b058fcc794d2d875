"""What commands ask of the paths that they are given."""

from pathlib import Path

from freqbias.compression import plain_name
from freqbias.errors import InputError
from freqbias.files import file_in
from freqbias.holds_pairs import check_holds_pairs
from freqbias.terms import AUDIT_FILE, PAIRS_FILE


def check_not_onto(out: Path | None, *inputs: Path) -> None:
    """Raise `InputError` where an output is one of the inputs, under whatever name, or a file in a folder of them."""
    if out is not None and out.exists() and any(path.exists() and _holds(path, out) for path in inputs):
        raise InputError(f"{out}: is an input of this command, which is not overwritten; give another --out")


def _holds(given: Path, out: Path) -> bool:
    return out.samefile(given) or (given.is_dir() and given.resolve() in out.resolve().parents)


def pair_file(source: Path) -> Path:
    """Return a pair file, or the one in a folder; `InputError` that says what to run first where texts are given, or a folder without."""
    check_holds_pairs(source)
    return file_in(source, PAIRS_FILE)


def audit_beside(pairs: Path) -> Path:
    """Return where the audit of a pair file lies: `audit.json` beside `pairs.jsonl`, else `NAME.audit.json`."""
    plain = plain_name(pairs)
    return plain.with_name(AUDIT_FILE if plain.name == PAIRS_FILE else f"{plain.stem}.{AUDIT_FILE}")
