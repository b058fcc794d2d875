"""What the files of a run hold, as far as anyone reads it: types, sizes, depth; and how a value that does not fit is told.

The limits are far beyond what a sound file holds. Within them the time of every stage is proportional to the size of its input, no number
overflows when it is squared and summed, and no value is too deep to be walked through.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Required, TypedDict

from msgspec import Meta, ValidationError, convert

from freqbias.errors import InputError
from freqbias.terms import (
    ANSWER_SHARE,
    CEILING_SHARE,
    CHANCE,
    FLOOR_SHARE,
    FREQUENCY,
    IN_EVERY_PAIR,
    NDCG_AT_10,
    QUALITY,
    SAME_SHARE,
    ZIPF_GAP_OF,
)

MAX_TEXT = 1_000_000  # characters of a text; `freqbias.lines` reads no longer line
MAX_NAME = 1_000  # characters of an id, item, language or model; what a terminal shows of one is far shorter
MAX_ROW_BYTES = 1 << 25  # of a JSON line: seven of the longest texts, in four bytes a character
MAX_DEPTH = 64  # of lists and objects in each other; files of ours have six
MAX_NUMBER = 1e60  # its fourth power, summed over any file, is a number; no measure comes near
SHOWN = 60  # characters of a value in an error

Number = int | Annotated[float, Meta(ge=-MAX_NUMBER, le=MAX_NUMBER)]  # finite; whole numbers stay whole
TwoSided = Mapping[str, Annotated[Sequence[bool | Number | None], Meta(min_length=2, max_length=2)]]
Count = Annotated[int, Meta(ge=0, le=10**15)]
Scalar = str | bool | Number | None

WORDS = {
    "str": "a text",
    "int | float": "a number",
    "float | int": "a number",
    "float": "a number",
    "int": "a whole number",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
}
_MESSAGE = re.compile(r"Expected `(?P<wanted>.+?)`(?P<limit> (?:>=|<=|of length|matching).*?)?(?:, got `(?P<found>.+?)`)?(?: - at .*)?")
_PLACE = re.compile(r" - at `(?:key in )?\$\.?(.*)`$")


class NoiseFloor(TypedDict):
    """By how much a value of a model moves when only the batch changes."""

    measure: str
    value: Number | None


class ModelEntry(TypedDict, total=False):
    """A model of a run."""

    kind: str
    name: Required[str]
    source: str | None
    revision: str | None
    fingerprint: str | None
    dtype: str | None
    quantisation: str | None
    licence: str | None
    details: Mapping[str, Any] | None
    noise_floor: NoiseFloor | None
    usage: Mapping[str, Count] | None


class Step(TypedDict):
    """One model and one probe."""

    model: str
    probe: str


class ProbingEntry(TypedDict, total=False):
    """How far a run is."""

    complete: bool
    pairs: Count
    pairs_at_once: Annotated[int, Meta(ge=1, le=10**15)]
    steps: Sequence[Step]


class ConfigEntry(TypedDict, total=False):
    """The options of the command."""

    command: str
    pairs: str | None


class SourceEntry(TypedDict, total=False):
    """Version, commit and dirty flag of a checkout."""

    version: str | None
    commit: str | None
    dirty: bool | None


class Manifest(TypedDict, total=False):
    """A manifest; what is judged and what is held out have records of their own (`Judgement`, `Holdout`)."""

    argv: Sequence[Scalar] | None
    config: ConfigEntry | None
    seed: Scalar
    versions: Mapping[str, str | None] | None
    source: SourceEntry | None
    working_directory: SourceEntry | None
    git: SourceEntry | None
    inputs: Mapping[str, str | None] | None
    models: Sequence[ModelEntry] | None
    probes: Mapping[str, Any] | None
    judgements: Mapping[str, Any] | None
    prompts: Mapping[str, Mapping[str, str]] | None
    probing: ProbingEntry | None
    start: str | None
    seconds: Number | None


_Covariate = TypedDict(
    "_Covariate",
    {
        "high_mean": Required[Number | None],
        "low_mean": Required[Number | None],
        "dz": Required[Number | None],
        "dz_low": Required[Number | None],
        "dz_high": Required[Number | None],
        "auc": Required[Number | None],
        IN_EVERY_PAIR: Number,  # type: ignore[misc]
    },
    total=False,
)


class AuditArm(TypedDict):
    """What differs between the forms of one arm."""

    n_pairs: Count
    covariates: Mapping[str, _Covariate]


class AuditVerdict(TypedDict):
    """One finding of an audit."""

    code: str
    level: str
    message: str


class Audit(TypedDict):
    """An audit of pairs."""

    arms: Mapping[str, AuditArm]
    verdicts: Sequence[AuditVerdict]


_NUMBERS = (
    *("prediction_low", "prediction_high", "share_above", "share_below", "flipped", "robustness_value", "bound_low", "bound_high"),
    *("low_90", "high_90", "zipf_from", "zipf_to", "right", "answers", "high_only", "low_only", "frames", "duplicate_items"),
    *(CHANCE, ANSWER_SHARE, SAME_SHARE, CEILING_SHARE, FLOOR_SHARE),
)
_TEXTS = ("reason", QUALITY, ZIPF_GAP_OF, FREQUENCY, "covariates", "aggregation", "outliers")

#: The facts of an estimate that a program reads.
Details = TypedDict(
    "Details",
    {
        **dict.fromkeys(_NUMBERS, Number | None),  # type: ignore[misc]
        **dict.fromkeys(_TEXTS, str | None),
        "means": Mapping[str, Number | None],
        "never_level": Sequence[str],
    },
    total=False,
)

#: A row of `remedies.jsonl`; pairs of numbers are of the frequent and the rare form.
RemedyRow = TypedDict(
    "RemedyRow",
    {
        "model": Required[str],
        "remedy": Required[str],
        "side": Required[str],
        "by": str | None,
        "item": str,
        "pair_id": str,
        "query_id": Required[str],
        "rank": Annotated[Sequence[Number | None], Meta(min_length=2, max_length=2)],
        "score_gap": Number | None,
        "margin": Number | None,
        NDCG_AT_10.name: Required[  # type: ignore[misc]
            Number | Annotated[Sequence[Number], Meta(min_length=2, max_length=2)]
        ],
    },
    total=False,
)


def check(value: Any, kind: Any, within: str = "") -> None:
    """Raise `InputError` that names the field where a value is not of a kind; `within` is the field that the value stands in."""
    try:
        convert(value, kind)
    except ValidationError as error:
        raise InputError(reason(error, within)) from None


def reason(error: ValidationError, within: str = "") -> str:
    """Say in our words, and in one line, which field msgspec found wrong and why."""
    message = str(error)
    found = _PLACE.search(message)
    place = re.sub(r"\[(\d+)\]", r".\1", found[1]) if found else ""
    place = place.replace("[...]", ".…")
    name = ".".join(part.strip(".") for part in (within, place) if part.strip("."))
    if missing := re.match(r"Object missing required field `(.+?)`", message):
        return f"field '{'.'.join(filter(None, (name, missing[1])))}' is missing"
    field = f"field '{name}' " if name else ""
    parts = _MESSAGE.fullmatch(message)
    if parts is None:
        return f"{field}{message[: message.find(' - at ')] if found else message}"
    if limit := parts["limit"]:
        return f"{field}must be {wanted(parts['wanted'])}{_limited(limit)}"
    return f"{field}must be {wanted(parts['wanted'])}, found {parts['found']}"


def wanted(kinds: str) -> str:
    """Return msgspec's name of a kind, or of several, in our words."""
    kind, null, _ = kinds.partition(" | null")
    return f"{WORDS.get(kind) or ' or '.join(WORDS.get(one, one) for one in kind.split(' | '))}{' or null' if null else ''}"


def _limited(limit: str) -> str:
    sign, _, size = limit.strip().rpartition(" ")
    words = {">=": " of at least ", "<=": " of at most ", "of length <=": " of at most ", "of length >=": " of at least "}
    return f"{words.get(sign, f' {sign} ')}{size.replace('e+', 'e')}{' characters' if sign.startswith('of') else ''}"


def shown(value: object) -> str:
    """Return a value as an error quotes it, cut where it is long."""
    text = str(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def check_depth(value: Any, raw: str | bytes = "") -> None:
    """Raise `InputError` for lists and objects deeper in each other than `MAX_DEPTH`; `raw`, its JSON, tells of most at once."""
    text = raw if isinstance(raw, str) else raw.decode(errors="replace")
    if text and text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise InputError(f"nested deeper than {MAX_DEPTH} lists and objects")
