"""What tests of interrupted and continued runs share: pairs, a run, and what it measured."""

import json


def write_pairs(path, count):
    rows = [
        {"id": f"p{n}", "item": f"i{n}", "high": f"word{n}x high", "low": f"word{n}x low", "queries": {"gloss_plain": [f"glossed {n}"]}}
        for n in range(count)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def probe(cli, pairs, out, *options, status=0):
    result = cli("probe", pairs, "--out", out / "observations.jsonl", *options)
    assert result.exit_code == status, result.output
    return files(out)


def files(folder):
    """Return what a run measured, and make sure that nothing else is left."""
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert found.keys() <= {"observations.jsonl", "manifest.json", "model_estimates.jsonl"}
    del found["manifest.json"]
    return found
