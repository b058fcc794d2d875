"""What mkdocs cannot be told in mkdocs.yml: pages that stand elsewhere or are made from the code, and links that lead out of docs/.

A page of docs/ that is made has a marker in it (`<!-- python -->`), so that its text stands in the repository and only the rest is made.
"""

import importlib
import json
import posixpath
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docs_method
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
DOCS = "docs/"
#: Files outside docs/ that are part of the site, by their path in the repository, with their path in the site.
INCLUDED = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "examples/helpdesk/README.md": "examples/helpdesk.md",
    "examples/plugin/README.md": "examples/plugin.md",
    "examples/notebooks/adams-law.ipynb": "notebooks/adams-law.md",
    "examples/notebooks/adams-law-tasks.ipynb": "notebooks/adams-law-tasks.md",
    "examples/notebooks/checkpoints.ipynb": "notebooks/checkpoints.md",
    "examples/notebooks/two-lists.ipynb": "notebooks/two-lists.md",
    "paraphrases/data/DATASHEET.md": "data/sets.md",
    "paraphrases/data/DATASHEET-constructions.md": "data/constructions.md",
    "paraphrases/data/DATASHEET-everyday.md": "data/everyday.md",
    "paraphrases/data/DATASHEET-routing.md": "data/routing.md",
    "paraphrases/data/tasks/DATASHEET.md": "data/tasks.md",
    "paraphrases/data/tasks/DATASHEET-translation-tools.md": "data/translation-tools.md",
    "results/README.md": "data/results.md",
    "results/example/figures/controls-minilm-similarity.svg": "data/controls-minilm-similarity.svg",
}
#: Packages whose `__all__` is the public Python surface, in the order of the page.
PUBLIC = (
    "freqbias",
    "freqbias.models",
    "freqbias.paraphrases",
    "freqbias.probes",
    "freqbias.analysis",
    "freqbias.frequency",
    "freqbias.testing",
)
#: Names that stand in no `__all__`, since importing them takes a library of an extra.
INTEGRATIONS = ("freqbias.integrations.sentence_transformers.FrequencyBiasEvaluator", "freqbias.integrations.mteb.benchmark")
#: `freqbias.run` is a package that can be called: what it does is written at the function in it.
ELSEWHERE = {"freqbias.run": "freqbias.run.run"}
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
FENCED = re.compile(r"(^ *```.*?^ *```$)", re.DOTALL | re.MULTILINE)
FETCHED = re.compile(r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=[\"']?(?:https?:)?//[^>]*>")


def on_files(files: "Files", config: "MkDocsConfig") -> "Files":
    """Add the files that are part of the site and stand elsewhere."""
    for path, uri in INCLUDED.items():
        if path.endswith(".ipynb"):
            files.append(File.generated(config, uri, content=notebook(json.loads((ROOT / path).read_text(encoding="utf-8")))))
        else:
            files.append(File.generated(config, uri, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: "Page", config: "MkDocsConfig", files: "Files") -> str:
    """Fill what is made into a page, and turn its links into those of the site."""
    del files
    for marker, make in MADE.items():
        if marker in markdown:
            markdown = markdown.replace(marker, make())
    uri = page.file.src_uri
    here = next((path for path, own in INCLUDED.items() if own == uri), DOCS + uri)
    parts = FENCED.split(markdown)
    parts[::2] = [LINK.sub(lambda found: link(found, here, uri, config.repo_url), part) for part in parts[::2]]
    return "".join(parts)


def on_post_page(output: str, page: "Page", config: "MkDocsConfig") -> str:
    """Refuse a page that would fetch something when it is read."""
    del config
    found = FETCHED.search(output)
    if found:
        raise PluginError(f"{page.file.src_uri} fetches something when it is read: {found[0]}")
    return output


def link(found: re.Match[str], here: str, uri: str, repository: str | None) -> str:
    """Return a link of the page that is `here` in the repository and `uri` in the site; text and path where its target is in neither."""
    mark, text, target = found.groups()
    path, hash_, anchor = target.partition("#")
    if re.match(r"[a-z]+:", target) or not path:
        return found[0]
    path = posixpath.normpath(posixpath.join(posixpath.dirname(here), path))
    inside = INCLUDED.get(path) or (path.removeprefix(DOCS) if path.startswith(DOCS) else None)
    if inside is not None:
        return f"{mark}[{text}]({posixpath.relpath(inside, posixpath.dirname(uri))}{hash_}{anchor})"
    if not (ROOT / path).exists():
        return found[0]  # mkdocs says that it leads nowhere
    if repository:
        return f"{mark}[{text}]({repository.rstrip('/')}/blob/HEAD/{path}{hash_}{anchor})"
    return text if text.strip("`") in (path, Path(path).name) else f"{text} (`{path}`)"


def notebook(book: dict[str, Any]) -> str:
    """Return the cells of a notebook as a page."""
    cells = [("".join(cell["source"]), cell["cell_type"]) for cell in book["cells"]]
    return "\n\n".join(text if kind == "markdown" else f"```python\n{text}\n```" for text, kind in cells)


def python() -> str:
    """Return what mkdocstrings makes the reference of: every public name of every public package."""
    lines = []
    for package in PUBLIC:
        lines.append(f"## `{package}`\n")
        module = importlib.import_module(package)
        lines.append(f"{(module.__doc__ or '').strip().splitlines()[0]}\n")
        names = [f"{package}.{name}" for name in module.__all__ if not name.startswith("__")]
        lines += [f"::: {ELSEWHERE.get(name, name)}\n" for name in names]
    lines.append("## `freqbias.integrations`\n")
    return "\n".join([*lines, *(f"::: {name}\n" for name in INTEGRATIONS)])


def command_line() -> str:
    """Return what typer writes of every command, below the heading of the page."""
    command = [sys.executable, "-m", "typer", "freqbias.cli.main", "utils", "docs", "--name", "freqbias"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    return re.sub(r"^(#+) ", r"#\1 ", done.stdout, flags=re.MULTILINE).replace("```console", "```text")


MADE = {"<!-- python -->": python, "<!-- command line -->": command_line, "<!-- estimators -->": docs_method.page}
