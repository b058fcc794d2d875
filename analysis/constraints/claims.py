"""The table of claims, its bibliography and its sentences: read from three files beside this module, and checked.

A claim names the probe and the generator that test it, the estimate that a cell is about, the limits that were set for it beforehand,
and the paper; see `claims.toml`. `InputError` names the claim and what is wrong with it.
"""

import datetime
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import msgspec

from freqbias.errors import InputError
from freqbias.registry import suggestion
from freqbias.terms import FREQUENCY

#: What a model does with two texts, as a column says it.
ARCHITECTURES = DENSE, STATIC, SPARSE, BM25, LATE, PAIR, OTHER, LANGUAGE_MODEL = (
    "dense",
    "static",
    "sparse",
    "bm25",
    "late interaction",
    "pair scorer",
    "other scorer",
    "language model",
)
UNTRAINED = (BM25,)  # no training has made what it does


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what the files hold."""


class Place(_Table, frozen=True, kw_only=True):
    """Where an estimate stands in a run."""

    contrast: str
    measure: str
    arm: str = FREQUENCY
    term: str = "mean"


class Limits(_Table, frozen=True, kw_only=True):
    """From where on a constraint is there, and from where on gone, in the unit of the estimate; `why` says why there.

    Of a gap: `floor` is what the better wording must reach and `ceiling` what the worse one must stay under; `least` and `most` are the
    same for a claim on wrong texts, which win seldom: what the more successful wording must reach, and what the mean must stay under.
    """

    present: float
    absent: float
    why: str
    floor: float | None = None
    ceiling: float | None = None
    least: float | None = None
    most: float | None = None

    @property
    def rises(self) -> bool:
        """Whether a larger number is more of the constraint."""
        return self.present > self.absent


class Number(_Table, frozen=True, kw_only=True):
    """How a number is shown: times `scale`, in `unit`; `level` is the unit of the two levels behind a gap."""

    scale: float
    unit: str
    signed: bool = False
    level: str = ""


class Claim(_Table, frozen=True, kw_only=True):
    """One row of the table; see the head of `claims.toml`."""

    name: str
    title: str
    question: str
    probe: str
    generator: str
    about: tuple[str, ...]
    number: Number
    limits: Limits
    paper: str
    newer: tuple[str, ...]
    only: tuple[str, ...] = ()
    pairs: int | None = None
    options: tuple[str, ...] = ()
    headline: Place | None = None
    rare: Place | None = None
    sign: Literal[1, -1] = 1

    def __post_init__(self) -> None:
        limits = self.limits
        if limits.present == limits.absent:
            raise InputError(f"claim '{self.name}': limits 'present' and 'absent' are the same; nothing lies between them")
        for name in (*self.about, *self.only):
            if name not in ARCHITECTURES:
                raise InputError(f"claim '{self.name}': unknown architecture '{name}'{suggestion(name, ARCHITECTURES)}")
        if self.rare is not None and self.headline is None:
            raise InputError(f"claim '{self.name}': 'rare' needs a 'headline', which is of frequent wording")


class Paper(_Table, frozen=True, kw_only=True):
    """What a paper claims and what newer work says, in our words, and how far that was checked."""

    title: str
    year: int
    claims: str
    since: str
    checked: Literal["read", "abstract", "cited"]


class Bibliography(_Table, frozen=True, kw_only=True):
    """Papers by arXiv id, as somebody looked at them on a day."""

    dated: datetime.date
    papers: dict[str, Paper]


def parsed_claims(text: str, papers: Bibliography) -> tuple[Claim, ...]:
    """Return the claims of a table in TOML; `InputError` for a bad row, a name that comes twice, a paper that is not listed."""
    rows = tomllib.loads(text).get("claim", [])
    found = tuple(_converted(row, Claim, f"claim '{row.get('name', '')}'") for row in rows)
    for number, claim in enumerate(found):
        if claim.name in {other.name for other in found[:number]}:
            raise InputError(f"two claims are called '{claim.name}'; rename one")
        twin = next((other for other in found[:number] if other.probe == claim.probe), claim)
        if (twin.generator, twin.options, twin.pairs) != (claim.generator, claim.options, claim.pairs):
            raise InputError(f"claims '{twin.name}' and '{claim.name}' rest on one run of '{claim.probe}'; give both the same pairs")
        for paper in (claim.paper, *claim.newer):
            if paper not in papers.papers:
                raise InputError(f"claim '{claim.name}': paper '{paper}' is not in the bibliography{suggestion(paper, papers.papers)}")
    return found


def _converted(row: Any, kind: type[Any], what: str) -> Any:
    try:
        return msgspec.convert(row, kind)
    except msgspec.ValidationError as error:
        cause = error.__cause__
        raise InputError(str(cause) if isinstance(cause, InputError) else f"{what}: {error}") from error


def _text(name: str) -> str:
    return files("freqbias.analysis.constraints").joinpath(name).read_text(encoding="utf-8")


@cache
def bibliography() -> Bibliography:
    """Return the papers that the claims name."""
    found: Bibliography = _converted(tomllib.loads(_text("bibliography.toml")), Bibliography, "bibliography.toml")
    return found


@cache
def claims() -> tuple[Claim, ...]:
    """Return the claims in the order of the report."""
    return parsed_claims(_text("claims.toml"), bibliography())


def chosen_claims(names: tuple[str, ...] | list[str]) -> tuple[Claim, ...]:
    """Return the claims of some names in the order of the report, all without a name; `InputError` for an unknown one."""
    known = [claim.name for claim in claims()]
    for name in names:
        if name not in known:
            raise InputError(f"unknown claim '{name}'{suggestion(name, known)}")
    return tuple(claim for claim in claims() if not names or claim.name in names)


@cache
def _sentences() -> dict[str, dict[str, str]]:
    return tomllib.loads(_text("sentences.toml"))


def say(group: str, name: str, **values: object) -> str:
    """Return a sentence or word of the report, with what it names filled in."""
    return _sentences()[group][name].format_map(values)


def group_of(name: str) -> dict[str, str]:
    """Return all sentences of a group by name, as templates."""
    return dict(_sentences()[name])
