"""Observations in another kind of file: Parquet for what reads columns, JSON lines compressed for what keeps them."""

import shutil
from itertools import islice
from pathlib import Path

from freqbias.compression import compressed, opened, plain_name
from freqbias.errors import InputError, install_hint
from freqbias.files import atomic, read_observations
from freqbias.holds_pairs import PAIR_SUFFIXES

ROWS_AT_ONCE = 50_000  # of one row group; pyarrow's default holds a million, whose columns take a gigabyte
PARQUET = ".parquet"


def export_observations(source: Path, out: Path) -> int:
    """Write an observation file as another, by the name of that; return how many rows it has.

    Raises `InputError` for a name of another kind, and for rows that `read_observations` refuses. Memory does not grow with the rows.
    """
    if out.suffix.lower() == PARQUET:
        return _to_parquet(source, out)
    if plain_name(out).suffix.lower() not in PAIR_SUFFIXES:
        raise InputError(f"{out}: unknown kind of file; name it {PARQUET}, .jsonl, .jsonl.gz or .jsonl.zst")
    count = sum(1 for _ in read_observations(source))  # checked first: what is kept compressed alone should be whole
    with atomic(out) as raw, compressed(out, raw) as target, opened(source) as stream:
        shutil.copyfileobj(stream, target)
    return count


def _to_parquet(source: Path, out: Path) -> int:
    """Write the columns of `freqbias.analysis.frame`, null where a row has none."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise InputError(f"{out}: Parquet needs pyarrow: {install_hint('parquet')}") from error
    from freqbias.analysis.table.frame import columns_of, frame

    covariates: dict[str, None] = {}
    for row in read_observations(source):
        covariates.update(dict.fromkeys(row.covariates))
    schema = pa.schema([(name, pa.float64() if is_number else pa.string()) for name, is_number in columns_of(covariates).items()])
    count, rows = 0, iter(read_observations(source))
    with atomic(out) as stream, parquet.ParquetWriter(stream, schema, compression="zstd") as writer:
        while part := list(islice(rows, ROWS_AT_ONCE)):
            count += len(part)
            table = frame(part).reindex(columns=schema.names)
            writer.write_table(pa.Table.from_pandas(table, schema, preserve_index=False))
    return count
