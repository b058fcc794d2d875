"""The committed blind readings of task items: every finding has a reason, and what is called mended is bundled no more."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from freqbias.paraphrases import task_rows, task_templates
from freqbias.terms import FAMILIES, FORMS

ROWS = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "benchmarks/task_items_blind.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.fixture(scope="module")
def bundled():
    texts = {text for family in task_templates.FAMILIES for item in task_templates.task_items(family) for text in item.forms.values()}
    rows = (row for family in set(FAMILIES) - set(task_templates.FAMILIES) for row in task_rows.read_rows(family))
    return texts | {text for row in rows for text in task_rows.forms(row, task_rows.slot_words()).values()}


def test_each_reader_read_every_family_and_form():
    assert {(row["reader"], row["family"], row["form"]) for row in ROWS} == {
        (n, family, form) for n in (1, 2) for family in FAMILIES for form in FORMS
    }
    assert set(Counter(row["reader"] for row in ROWS).values()) == {120}


def test_a_finding_has_a_reason_and_a_good_text_is_not_mended():
    assert {row["verdict"] for row in ROWS} == {"good", "doubtful", "bad"}
    for row in ROWS:
        assert (row["verdict"] == "good") == (not row["reason"]), row["id"]
        assert not (row["verdict"] == "good" and row["mended"]), row["id"]


def test_what_was_mended_is_bundled_no_more(bundled):
    texts = [row for row in ROWS if row["verdict"] != "good" and not row["reason"].startswith("reference")]
    assert [row["id"] for row in texts if row["mended"] == (row["text"] in bundled)] == []


def test_no_number_reads_as_about_that_number(bundled):
    assert [text for text in bundled if re.search(r"\d (odd|some)\b", text)] == []
