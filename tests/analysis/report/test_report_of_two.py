"""A report on two runs over the same pairs opens with what `freqbias compare` says of them."""

import json
import shutil

import numpy as np
import pytest
from simulation import write_run

from freqbias.analysis import estimate, frame
from freqbias.analysis.report.comparing import compare_runs
from freqbias.analysis.report.report import write_report
from freqbias.errors import InputError
from freqbias.files import dumps, write_records

QUESTION = "Which of two models loses more to rare wording?"


def beside(folder, pairs, rows, *models, change=0.03):
    """Write a run over the same pairs in which rare wording costs `change` more."""
    rng = np.random.default_rng(3)
    moved = {"frequency": change}
    later = [row.replace(model=model, low=row.low - moved.get(row.arm, 0.0) + rng.normal(0, 0.004)) for model in models for row in rows]
    folder.mkdir()
    for name, records in (("pairs", pairs), ("observations", later), ("estimates", estimate(frame(later), pairs))):
        write_records(folder / f"{name}.jsonl", records)
    return folder


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    pairs, rows = write_run(folder / "base", model="minilm", items=20)
    return folder / "base", beside(folder / "tuned", pairs, rows, "<b>ckpt</b>"), pairs, rows


def written(*runs, out):
    write_report(*runs, out=out)
    names = {"html": "report.html", "md": "findings.md", "json": "report.json"}
    return {suffix: (out / name).read_text(encoding="utf-8") for suffix, name in names.items()}


def test_it_opens_with_the_comparison(two, tmp_path):
    first, second, *_ = two
    texts = written(first, second, out=tmp_path)
    found = compare_runs(first, second)
    (told,) = found.told
    assert told.sentence.startswith("B loses ")
    assert "Quality (the margin between right and wrong documents)" in told.sentence
    for suffix, verdict, estimates in (("html", 'id="verdict"', 'id="estimates"'), ("md", "## Verdict", "## Families")):
        text = texts[suffix]
        assert text.count(QUESTION) == 1
        assert text.index(QUESTION) < text.index(told.sentence) < text.index("What the sentences rest on") < text.index(verdict)
        assert text.index(verdict) < text.index("Every difference") < text.index(estimates)
        assert "adjusted p &lt; .001" in text[text.index("What the sentences rest on") : text.index(verdict)]
        assert "quality (margin)" in text[text.index("What the sentences rest on") : text.index(verdict)]
        assert "<b>ckpt" not in text
    assert json.loads(texts["json"])["comparison"] == json.loads(dumps(found.document()))


def test_the_same_rows_as_the_comparison(two, tmp_path):
    first, second, *_ = two
    text = written(first, second, out=tmp_path)["md"]
    (tmp_path / "compared").mkdir()
    compare_runs(first, second).write(tmp_path / "compared")
    rows = [line for line in (tmp_path / "compared" / "compare.md").read_text().splitlines() if line.startswith("| minilm")]
    assert len(rows) > 5
    assert [line for line in text.splitlines() if line.startswith("| minilm →")] == rows


def test_one_run_three_and_other_pairs_have_none(two, tmp_path):
    first, second, pairs, rows = two
    third = beside(tmp_path / "third", pairs, rows, "k")
    write_run(tmp_path / "other", model="other", items=12, seed=4)
    bare = tmp_path / "bare"
    bare.mkdir()
    shutil.copy(second / "estimates.jsonl", bare)
    for place, runs in enumerate([(first,), (first, second, third), (first, tmp_path / "other"), (first, bare)]):
        texts = written(*runs, out=tmp_path / str(place))
        assert not any(QUESTION in text or "Every difference" in text for text in texts.values())
        assert {"comparison", "how_to_compare"}.isdisjoint(json.loads(texts["json"]))


def test_how_to_ask_where_it_cannot_be_told_which_models_are_meant(two, tmp_path):
    first, _, pairs, rows = two
    several = beside(tmp_path / "several models", pairs, rows, "k", "n")
    texts = written(first, several, out=tmp_path / "out")
    line = (
        "These runs hold the same pairs, but not one model each. To hold two of them against each other: freqbias compare base "
        "'several models' --a MODEL --b MODEL (base holds minilm; several models holds k and n)."
    )
    assert json.loads(texts["json"])["how_to_compare"] == line
    assert line in texts["md"]
    assert line.replace("'", "&#39;") in texts["html"]
    assert not any(QUESTION in text for text in texts.values())


def test_two_runs_of_one_model_are_referred_to_compare(two, tmp_path):
    first, *_ = two
    again = shutil.copytree(first, tmp_path / "again")
    with pytest.raises(InputError, match=f"leave one out; to hold one against the other: freqbias compare {first} {again}$"):
        write_report(first, again)
