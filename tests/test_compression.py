"""Files by suffix: `.gz` and `.zst` hold the same rows, a file that is cut off is refused, and a run may be kept compressed."""

import json
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest
from conftest import needed

from freqbias import read_observations, read_pairs
from freqbias.analysis import frame
from freqbias.compression import opened
from freqbias.errors import InputError
from freqbias.files import PairFile, write_records
from freqbias.records import Observation
from freqbias.rows import read_texts

EXAMPLE = Path(__file__).parents[1] / "results" / "example"
SUFFIXES = (".gz", ".zst")


@pytest.fixture(autouse=True)
def _zstandard():
    needed("zstandard")


@pytest.fixture
def pairs(lexicon_pairs, tmp_path_factory):
    """Return pairs as they are in a file, which holds nine digits."""
    path = tmp_path_factory.mktemp("plain") / "pairs.jsonl"
    write_records(path, lexicon_pairs)
    return list(read_pairs(path))


@pytest.fixture
def packed(tmp_path, cli):
    """Return a run whose pairs and observations are compressed and nothing else."""
    run = tmp_path / "run"
    run.mkdir()
    for name in ("manifest.json", "estimates.jsonl", "audit.json", "model_estimates.jsonl"):
        shutil.copy(EXAMPLE / name, run / name) if (EXAMPLE / name).exists() else None
    write_records(run / "pairs.jsonl.gz", read_pairs(EXAMPLE))
    result = cli("export", EXAMPLE, "--to", run / "observations.jsonl.zst")
    assert result.exit_code == 0, result.output
    return run


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_records_are_written_and_read_by_suffix_with_bytes_that_repeat(tmp_path, pairs, suffix):
    path, again = tmp_path / f"pairs.jsonl{suffix}", tmp_path / "other" / f"name.jsonl{suffix}"
    assert write_records(path, pairs) == len(pairs)
    assert list(read_pairs(path)) == pairs
    write_records(again, pairs)
    assert again.read_bytes() == path.read_bytes()
    plain = tmp_path / "plain.jsonl"
    write_records(plain, pairs)
    assert path.stat().st_size < plain.stat().st_size / 3
    with opened(path) as stream:
        assert stream.read() == plain.read_bytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_pair_file_is_the_same_compressed(tmp_path, pairs, suffix, monkeypatch):
    import freqbias.files

    monkeypatch.setattr(freqbias.files, "BLOCK_BYTES", 5000)
    write_records(tmp_path / "pairs.jsonl", pairs)
    plain = PairFile(tmp_path / "pairs.jsonl")
    folder = tmp_path / "folder"
    write_records(folder / f"pairs.jsonl{suffix}", pairs)
    found = PairFile(folder)
    assert (found.count, found.sha256) == (plain.count, plain.sha256)
    assert list(found) == list(found) == pairs
    assert list(found.after(7)) == pairs[7:]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kept", [0.5, 0.99])
def test_a_file_that_is_cut_off_is_no_shorter_file(tmp_path, pairs, suffix, kept):
    path = tmp_path / f"pairs.jsonl{suffix}"
    write_records(path, pairs)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    with pytest.raises(InputError, match=f"pairs.jsonl{suffix}: cannot be read"):
        list(read_pairs(path))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_not_compressed_under_such_a_name_is_one_line(tmp_path, suffix):
    path = tmp_path / f"observations.jsonl{suffix}"
    path.write_bytes(b'{"pair_id": "1"}\n')
    with pytest.raises(InputError, match=f"observations.jsonl{suffix}: cannot be read"):
        list(read_observations(path))


def test_frames_behind_each_other_are_one_file(tmp_path, pairs):
    parts = []
    for k in (0, 1):
        write_records(tmp_path / "part.jsonl.zst", pairs[k::2])
        parts.append((tmp_path / "part.jsonl.zst").read_bytes())
    (tmp_path / "pairs.jsonl.zst").write_bytes(b"".join(parts))
    assert list(read_pairs(tmp_path / "pairs.jsonl.zst")) == [*pairs[0::2], *pairs[1::2]]


def test_without_zstandard_one_line_says_what_to_install(tmp_path, pairs, monkeypatch, cli):
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(InputError, match=r"zst needs zstandard: python -m pip install '.\[zstd\]'"):
        write_records(tmp_path / "pairs.jsonl.zst", pairs)
    assert not list(tmp_path.iterdir())  # nothing is left half-written
    (tmp_path / "pairs.jsonl.zst").write_bytes(b"")
    result = cli("audit", tmp_path / "pairs.jsonl.zst")
    assert (result.exit_code, len(result.stderr.strip().splitlines())) == (2, 1), result.stderr


def test_texts_of_a_user_are_read_whatever_compressed_them(tmp_path):
    import zstandard

    (tmp_path / "texts.txt.zst").write_bytes(zstandard.compress(b"one text\nanother\n"))
    assert list(read_texts(tmp_path / "texts.txt.zst")) == [(1, "one text"), (2, "another")]


def test_a_run_that_is_kept_compressed_gives_the_same_numbers(packed, cli, tmp_path):
    pd.testing.assert_frame_equal(frame(packed), frame(EXAMPLE))
    assert json.loads(cli("status", packed, "--json").stdout)["rows"] == len(frame(EXAMPLE))
    made = cli("analyze", packed, "--out", tmp_path / "estimates.jsonl.zst")
    assert made.exit_code == 0, made.output
    assert cli("analyze", EXAMPLE, "--out", tmp_path / "plain.jsonl").exit_code == 0
    with opened(tmp_path / "estimates.jsonl.zst") as stream:
        assert stream.read() == (tmp_path / "plain.jsonl").read_bytes()
    assert cli("explain", packed).exit_code == 0


@pytest.mark.slow
def test_report_and_compare_of_a_run_that_is_kept_compressed(packed, cli, tmp_path):
    result = cli("report", packed, "--out", tmp_path / "report")
    assert result.exit_code == 0, result.output
    result = cli("compare", packed, EXAMPLE)
    assert result.exit_code == 0, result.output


def test_a_run_writes_plain_observations_and_goes_on_in_them_alone(packed, cli, tmp_path):
    refused = cli("probe", EXAMPLE, "--embedder", "synthetic:embed_words", "--out", tmp_path / "observations.jsonl.zst")
    assert refused.exit_code == 2
    assert "stay plain until then; give --out" in refused.stderr
    going_on = cli("probe", packed, "--embedder", "synthetic:embed_words", "--probe", "similarity")
    assert going_on.exit_code == 2
    assert "observations.jsonl.zst: is compressed, and a run goes on in a plain file" in going_on.stderr


def test_parquet_has_the_columns_of_the_frame(tmp_path, cli):
    parquet = pytest.importorskip("pyarrow.parquet")
    cells = {"hh": 1.0, "hl": 2.0, "lh": 3.0, "ll": 4.0}
    rows = [
        Observation(pair_id="1", item="a", probe="p", measure="m", contrast="gap", model="x", high=1.0, low=0.5),
        Observation(pair_id="2", item="b", probe="p", measure="m", contrast="crossed", model="x", cells=cells),
        Observation(
            pair_id="3", item="b", probe="p", measure="m", contrast="gap", model="x", error="no", covariates={"subwords": [1, None]}
        ),
    ]
    write_records(tmp_path / "observations.jsonl", rows)
    result = cli("export", tmp_path, "--to", tmp_path / "observations.parquet")
    assert result.exit_code == 0, result.output
    found = parquet.read_table(tmp_path / "observations.parquet")
    table = frame(tmp_path)
    assert found.column_names == list(table.columns)
    assert found["subwords_high"].to_pylist() == [None, None, 1.0]
    assert found["subwords_low"].to_pylist() == [None, None, None]
    assert found["hl"].to_pylist() == [None, 2.0, None]
    assert found["error"].to_pylist() == [None, None, "no"]
    pd.testing.assert_frame_equal(found.to_pandas().astype(table.dtypes.to_dict()).fillna(-1), table.fillna(-1), check_dtype=False)


def test_export_refuses_other_kinds_and_its_own_input(tmp_path, cli):
    write_records(tmp_path / "observations.jsonl", [])
    assert "name it .parquet, .jsonl, .jsonl.gz or .jsonl.zst" in cli("export", tmp_path, "--to", tmp_path / "x.csv").stderr
    assert "is an input of this command" in cli("export", tmp_path, "--to", tmp_path / "observations.jsonl").stderr
