"""Every family's layout in small: its numbers are its own library's, and what is applied is what the table says."""

import pytest
from conftest import needed

from freqbias.models.checking import checked
from freqbias.models.names.families import families, family_of

tiny_layouts = needed("tiny_layouts")

#: The short name that stands for a family whose row says "real weights".
REAL = {
    "all-* of sentence-transformers": "minilm",
    "multilingual-E5": "e5-small",
    "SmolLM2": "smollm2-135m",
    "Gemma 3": "gemma3-270m",
}
POOLED = {"lasttoken": "last"}  # sentence-transformers' word for ours
ROWS = {row.name: row for row in families()}


def agrees(row, applied):
    """Assert that what is applied is what the family's row says; nothing is asked where it says nothing."""
    assert applied["family"] == row.name
    assert (applied["kind"], applied["use"]) == (row.kind, row.use)
    assert applied["dtype"] == row.dtype
    assert applied["trust_remote_code"] == row.trust
    if row.pooling is not None:
        assert POOLED.get(applied["pooling"], applied["pooling"]) == row.pooling
    if row.similarity is not None:
        assert applied["similarity"] == row.similarity
    if row.normalised is not None:
        assert applied["normalised"] is row.normalised
    if row.use == "lm":
        note = row.note or ""
        assert ("no BOS token" in note) == (applied["first_token_context"] == "</s>")
        assert ("padded batches" in note) == applied["scoring"].startswith("padded batches")
    if row.use not in ("lm", "late"):  # late interaction puts markers of its own
        wanted = {role: text for role, text in (row.prompts or {}).items() if text}
        assert {role: text for role, text in (applied["prompts"] or {}).items() if text} == wanted


def test_the_table_says_of_each_row_how_it_was_checked():
    for word, names in (("tiny copy", tiny_layouts.LAYOUTS), ("real weights", REAL)):
        assert {row.name for row in families() if row.checked == word} == set(names), word
    assert {row.checked for row in families()} == {"tiny copy", "real weights", "read"}


def test_the_table_has_the_families_that_were_asked_for():
    kinds = [row.kind for row in families()]
    assert kinds.count("embedder") >= 25
    assert kinds.count("language_model") >= 12
    checked_here = [row.kind for row in families() if row.checked != "read"]
    assert checked_here.count("embedder") >= 25
    assert checked_here.count("language_model") >= 12


@pytest.mark.parametrize("name", list(tiny_layouts.LAYOUTS))
def test_a_tiny_copy_gives_its_librarys_numbers(name, tmp_path):
    found = checked(str(tiny_layouts.build(name, tmp_path)), device="cpu")
    assert found.ok, found.comparisons
    row, layout = ROWS[name], tiny_layouts.LAYOUTS[name]
    agrees(row, found.applied)
    if row.use == "lm":
        assert found.applied["prompt_format"] == ("chat template" if layout.chat else "plain")
        assert ("no chat template" in (row.note or "")) == (not layout.chat)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(REAL))
def test_real_weights_give_their_librarys_numbers(name):
    from freqbias.models.names.aliases import find_alias

    if find_alias(REAL[name]).ready_directory() is None:
        pytest.skip(f"needs {REAL[name]}")
    assert family_of(REAL[name]).name == name
    found = checked(REAL[name], device="cpu")
    assert found.ok, found.comparisons
    agrees(ROWS[name], found.applied)
