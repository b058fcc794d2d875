"""What several tests of the report start from."""

import numpy as np
import pytest
from simulation import simulate

from freqbias.analysis import estimate, frame
from freqbias.files import write_json, write_records
from freqbias.paraphrases.audit import audit
from freqbias.records import Pair


@pytest.fixture
def run_folder(tmp_path):
    """A run by hand, to the contract: no manifest, and a text and a model name that try to be markup."""
    pairs, rows = simulate(np.random.default_rng(0), {"frequency": 0.05, "placebo": 0.0}, model="<script>alert(1)</script>")
    most = max((row for row in rows if row.arm == "frequency"), key=lambda row: row.high - row.low).pair_id
    change = {"high": "<script>alert(2)</script> | pipe"}
    pairs = [Pair.from_dict(pair.to_dict() | change) if pair.id == most else pair for pair in pairs]
    write_records(tmp_path / "pairs.jsonl", pairs)
    write_records(tmp_path / "observations.jsonl", rows)
    write_records(tmp_path / "estimates.jsonl", estimate(frame(rows), pairs))
    write_json(tmp_path / "audit.json", audit(pairs))
    return tmp_path
