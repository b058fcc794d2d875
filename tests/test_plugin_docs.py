"""The pages on plugins: their code runs, their links lead somewhere, and their entry points are those that are read."""

import re
import tomllib
from pathlib import Path

import pytest

from freqbias import registry

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs").glob("plugin-*.md"))


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)\n```", page.read_text(encoding="utf-8"), re.S)


def test_there_is_a_page_for_each_kind():
    assert [page.stem for page in PAGES] == ["plugin-generator", "plugin-model", "plugin-probe"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_its_code_runs(page):
    code = "\n".join(blocks(page, "python"))
    assert "from freqbias.testing import check_" in code
    exec(compile(code, page.name, "exec"), {"__name__": page.stem})  # noqa: S102  # our own page


def test_the_code_on_norms_runs():
    names = {}
    exec(compile("\n".join(blocks(ROOT / "docs" / "norms.md", "python")), "norms.md", "exec"), names)  # noqa: S102  # our own page
    assert names["annotated"][0].covariates == {"aoa": [3.4, 10.9]}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_its_entry_points_are_read(page):
    (block,) = blocks(page, "toml")
    (group,) = tomllib.loads(block)["project"]["entry-points"]
    assert group.removeprefix("freqbias.") in registry.BUILT_IN


@pytest.mark.parametrize("page", [*PAGES, ROOT / "examples" / "plugin" / "README.md"], ids=lambda page: page.stem)
def test_its_links_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
