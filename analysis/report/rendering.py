"""From the report's parts to text: templates, escaping, the page's one script and the policy that lets nothing else run."""

import base64
import hashlib
import shlex
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

import freqbias
from freqbias.analysis.figures.strip import strip
from freqbias.analysis.report.formatting import interval, number, p_text, precise
from freqbias.analysis.report.sentences import said
from freqbias.analysis.report.top_pairs import Stretch
from freqbias.characters import escaped
from freqbias.records import Estimate

#: The reference that CITATION.cff gives, in a line.
CITATION = (
    "The freqbias developers. freqbias: do models treat frequent and rare wording of the same content differently? "
    f"Version {freqbias.__version__}. Apache-2.0."
)
BIBTEX = f"""@software{{freqbias,
  author  = {{{{The freqbias developers}}}},
  title   = {{freqbias: do models treat frequent and rare wording of the same content differently?}},
  version = {{{freqbias.__version__}}},
  license = {{Apache-2.0}}
}}"""


def render(name: str, context: Mapping[str, Any]) -> str:
    """Return the text of a template; every value is escaped in HTML, and by the filters `cell` and `text` in Markdown.

    Control characters, which a terminal would obey and no browser shows, are escaped in all of it.
    """
    script = files("freqbias.analysis.report").joinpath("templates/report.js").read_text(encoding="utf-8")
    own = {"script": Markup(script), "policy": _policy(script), "citation": CITATION, "bibtex": BIBTEX}  # noqa: S704 - our own file
    return escaped(_environment().get_template(name).render(context, **own))


def _policy(script: str) -> str:
    """Return a content security policy: this script by its hash, inline style for the figures, and nothing from anywhere."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("freqbias.analysis.report"),
        autoescape=jinja2.select_autoescape(["html.jinja"]),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals["said"] = said
    environment.filters |= {
        "number": precise,
        "interval": interval,
        "p": p_text,
        "plain": plain,
        "command": shlex.join,
        "cell": cell,
        "text": text,
        "bold": bold,
        "strip": strip,
        "code": code,
        "short": number,
        "short_interval": short_interval,
    }
    return environment


def code(sentence: str) -> Markup:
    """Return a sentence as HTML, with what stands between backticks set as code."""
    parts = sentence.split("`")
    return Markup("").join(Markup("<code>{}</code>").format(part) if place % 2 else part for place, part in enumerate(parts))


def short_interval(row: Estimate) -> str:
    """Return `[low, high]` with two significant digits; empty where there is none."""
    return "" if row.ci_low is None or row.ci_high is None else f"[{number(row.ci_low)}, {number(row.ci_high)}]"


def plain(value: float | None) -> str:
    """Return a number for a `data-value` to sort by; empty for None."""
    return "" if value is None else repr(float(value))


def cell(value: Any) -> str:
    """Escape what would break a Markdown table or be read as markup."""
    escaped = str(value).replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def text(value: str) -> str:
    """Escape a text from data for a Markdown table: also emphasis, links, images and code, which a sentence of ours has none of."""
    escaped = cell(" ".join(value.split()))
    for sign in "*_`[]!#~":
        escaped = escaped.replace(sign, f"\\{sign}")
    return escaped


def bold(stretches: Sequence[Stretch]) -> str:
    """Return a text as Markdown with its differing stretches in bold."""
    parts = []
    for words, marked in stretches:
        spaces = " " if words[:1].isspace() else "", " " if words[-1:].isspace() else ""
        parts.append(f"**{text(words)}**" if marked else f"{spaces[0]}{text(words)}{spaces[1] if text(words) else ''}")
    return "".join(parts).strip()
