"""Check that what is to be released is one version everywhere; exit 1 with a line for each fault.

python tools/check_release.py [v1.2.3]    # with a tag, that it names the version too, and that CHANGELOG.md dates it
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEADINGS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")  # https://keepachangelog.com/en/1.1.0/
VERSION = r"\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?"


def versions(root: Path = ROOT) -> dict[str, str]:
    """Return the version that each file states."""
    package = re.search(r'^__version__ = "(.+)"$', (root / "freqbias/__init__.py").read_text(encoding="utf-8"), re.M)
    citation = re.search(r"^version: (.+)$", (root / "CITATION.cff").read_text(encoding="utf-8"), re.M)
    return {name: found[1] for name, found in (("freqbias/__init__.py", package), ("CITATION.cff", citation)) if found}


def sections(changelog: str) -> dict[str, tuple[str | None, list[str]]]:
    """Return the date and the headings of each version of a changelog, in its order."""
    found: dict[str, tuple[str | None, list[str]]] = {}
    for title, body in re.findall(r"^## (.+)\n((?:(?!## ).*\n?)*)", changelog, re.M):
        name, _, date = title.partition(" - ")
        found[name.strip("[]")] = (date or None, re.findall(r"^### (.+)$", body, re.M))
    return found


def faults_of(changelog: str) -> list[str]:
    """Return what in a changelog is not of the form that Keep a Changelog describes."""
    found = sections(changelog)
    faults = [] if next(iter(found), None) == "Unreleased" else ["the first section is not [Unreleased]"]
    for name, (date, headings) in found.items():
        if name != "Unreleased" and not (re.fullmatch(VERSION, name) and date and re.fullmatch(r"\d{4}-\d\d-\d\d", date)):
            faults.append(f"section '{name}' is not named as in ## [1.2.3] - 2026-01-31")
        faults += [f"section '{name}': unknown heading '{heading}'" for heading in headings if heading not in HEADINGS]
        if [heading for heading in HEADINGS if heading in headings] != headings:
            faults.append(f"section '{name}': headings in another order than {', '.join(HEADINGS)}, or twice")
    for title, body in re.findall(r"^### (.+)\n((?:(?!##).*\n?)*)", changelog, re.M):
        lines = [line for line in body.splitlines() if line]
        if not lines or not all(line.startswith(("- ", "  ")) for line in lines):
            faults.append(f"under '{title}' stand others than list items")
    return faults


def main(arguments: list[str]) -> int:
    """Check the files of this tree, and a tag where one is given."""
    found = versions()
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    faults = faults_of(changelog)
    if len(found) != 2 or len(set(found.values())) != 1:
        faults.append(f"versions differ, or one is missing: {found}")
    for tag in arguments:
        version = tag.removeprefix("v")
        faults += [f"{name} says {own}, the tag {tag}" for name, own in found.items() if tag != f"v{own}"]
        if version not in sections(changelog):
            faults.append(f"CHANGELOG.md has no section [{version}]")
    sys.stdout.write("".join(f"{fault}\n" for fault in faults))
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
