"""The records that the stages exchange: `Pair`, `Observation`, `Estimate`.

A record is built with `from_dict`, which checks it and raises `InputError` with a one-line reason, and written with
`to_dict`. Fields that a file has beyond the ones named here are kept in `extra` and written back unchanged.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, Self, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct, ValidationError, convert, field, structs

from freqbias.characters import is_blank, same_text, visible
from freqbias.errors import InputError
from freqbias.row_faults import reason_of
from freqbias.shapes import MAX_NAME, MAX_TEXT, Details, Number, TwoSided, check, shown
from freqbias.terms import ARMS, CELLS, CROSSED, FREQUENCY, HIGH, INVERSION, LOW, MEASURES, RANGE_ROUNDING

SCHEMA = 1
QUERY_LISTS = ("neutral", "gloss_plain", "gloss_elevated", "gloss_rare", "relevant")
QUERY_TEXTS = ("naming_high", "naming_low")
IDS = ("id", "item", "pair_id")  # what names the same is one name, however its letters are composed
NESTED = ("queries", "decoys", "covariates", "cells")  # objects in which null stands for an entry that is absent

#: Something that a reader sees, which `_check_values` looks for: a `pattern` of msgspec's costs five times all else of a row.
Text = Annotated[str, Meta(max_length=MAX_TEXT, extra={"visible": True})]
Name = Annotated[str, Meta(max_length=MAX_NAME, extra={"visible": True})]

_CELLS = frozenset(CELLS)


class Record(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the three records: strict reading, order-preserving writing."""

    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, row: Any) -> Self:
        """Build a record from one decoded JSON line; raise `InputError` on the first fault. Null in an optional field means absent."""
        if not isinstance(row, dict):
            raise InputError(f"expected a JSON object, found {type(row).__name__}")
        try:
            return cls._built(row)
        except (ValidationError, InputError):
            row = cls._tidied(row)
        try:
            return cls._built(row)
        except ValidationError as error:
            raise InputError(reason_of(cls, row, str(error))) from None

    @classmethod
    def from_plain(cls, row: Any) -> Self | None:
        """Build a record from a row that holds the fields of one as they are, and nothing else: `cls(**row)` is the same; else None."""
        if not isinstance(row, dict) or "extra" in row:
            return None
        try:
            record = convert(row, cls)
            record._check_values()
        except (ValidationError, InputError):
            return None
        for name in IDS:
            if name in row and visible(row[name]) != row[name]:
                return None
        return record

    @classmethod
    def _built(cls, row: dict[str, Any]) -> Self:
        names = _names(cls)
        if not row.keys() <= names:
            extra = {key: value for key, value in row.items() if key not in names}
            row = {key: value for key, value in row.items() if key in names} | {"extra": extra}
        for name in IDS:
            if name in row and isinstance(value := row[name], str) and not value.isascii():
                row = row | {name: visible(value)}
        record = convert(row, cls)
        record._check_values()
        return record

    @classmethod
    def _tidied(cls, row: dict[str, Any]) -> dict[str, Any]:
        """Return a row as this package would have written it: what is null left out, whole numbers and plain floats where they belong."""
        names, required, counts = _names(cls), _required(cls), _counts(cls)
        tidy: dict[str, Any] = {}
        for name, value in row.items():
            if name in names and value is None and name not in required:
                continue
            if name in NESTED and isinstance(value, dict):
                tidy[name] = {key: _plain(item) for key, item in value.items() if item is not None}
            elif name in counts and isinstance(value, float) and value.is_integer():
                tidy[name] = int(value)
            else:
                tidy[name] = _plain(value) if name in names else value
        return tidy

    def to_dict(self) -> dict[str, Any]:
        """Return the record as one JSON-ready dictionary, extra fields last."""
        row = structs.asdict(self)  # in the order of the fields, of which `extra` is the first
        extra = row.pop("extra")
        return row | extra if extra else row

    @classmethod
    def rounded_fields(cls) -> Sequence[str]:
        """Return the fields that may hold numbers which are no whole ones, or hold them in something."""
        return _rounded_fields(cls)

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed."""
        return structs.replace(self, **changes)

    def check(self) -> None:
        """Raise `InputError` when a field of a record made in Python has the wrong type or an impossible value."""
        if not self.extra:
            try:
                convert(structs.asdict(self), type(self))._check_values()
            except (ValidationError, InputError):
                pass  # said in our words below
            else:
                return
        self.from_dict(self.to_dict())

    def check_together(self) -> None:
        """Raise `InputError` when fields that are sound one by one contradict each other."""

    def _check_values(self) -> None:
        texts = _texts(type(self))
        for text in texts(self):
            # most texts begin with what a reader sees
            if text is not None and not " " < text[:1] < "\x7f" and is_blank(text):
                name = next(name for name in _visible(type(self)) if getattr(self, name) is text)
                raise InputError(f"field '{name}' is empty")
        for name in _containers(type(self)):
            found = getattr(self, name)
            for key, text in found.items() if isinstance(found, Mapping) else enumerate(found):
                if is_blank(text):
                    raise InputError(f"field '{name}.{key}' is empty")
        self.check_together()


@cache
def _names(cls: type[Record]) -> frozenset[str]:
    return frozenset(cls.__struct_fields__) - {"extra"}


@cache
def _visible(cls: type[Record]) -> tuple[str, ...]:
    return tuple(name for name, kind in _kinds(cls) if not _is_container(kind) and {Text, Name} & {kind, *get_args(kind)})


@cache
def _containers(cls: type[Record]) -> tuple[str, ...]:
    """Return the fields that are lists or objects of texts."""
    return tuple(name for name, kind in _kinds(cls) if _is_container(kind) and {Text, Name} & set(get_args(kind)))


def _is_container(kind: Any) -> bool:
    return get_origin(kind) in (Sequence, Mapping)


def _kinds(cls: type[Record]) -> list[tuple[str, Any]]:
    return [*get_type_hints(cls, include_extras=True).items()]


@cache
def _texts(cls: type[Record]) -> Callable[[Record], tuple[str | None, ...]]:
    return attrgetter(*_visible(cls))


def _check_arm(arm: str) -> None:
    if arm not in ARMS:
        raise InputError(
            "field 'arm' is empty" if is_blank(arm) else f"field 'arm' must be one of {', '.join(ARMS)}, found '{shown(arm)}'"
        )


@cache
def _rounded_fields(cls: type[Record]) -> tuple[str, ...]:
    texts = {name for name, kind in get_type_hints(cls).items() if set(get_args(kind) or (kind,)) <= {str, type(None)}}
    return tuple(name for name in cls.__struct_fields__ if name not in texts | _counts(cls) | {"extra"})


@cache
def _required(cls: type[Record]) -> frozenset[str]:
    return frozenset(known.name for known in structs.fields(cls) if known.required)


@cache
def _counts(cls: type[Record]) -> frozenset[str]:
    return frozenset(name for name, kind in get_type_hints(cls).items() if kind is int)


def _plain(value: Any) -> Any:
    """Return a float, or a list of them, without the type that another library gave it."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return float(value) if isinstance(value, float) else value


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_TEXT and not is_blank(value)


class Pair(Record, frozen=True, kw_only=True):
    """The frequent and the rare form of one item in one frame.

    `queries` maps `neutral`, `gloss_plain`, `gloss_elevated` and `gloss_rare` to lists of texts and `naming_high`, `naming_low` to one
    text; any may be absent. `decoys` maps `high` and `low` to on-topic wrong texts in the same frame. `covariates` maps a name to
    `[high, low]`. Frequencies are on the Zipf scale (log10 of occurrences per billion words); null where no word is known.
    `meta.zipf_gap_of` says what `zipf_gap` is of: `swap`, the words that face each other, or `text`, all content words; `phrasing`,
    of nothing, where the forms differ in construction.
    """

    id: Name
    item: Name
    arm: str = FREQUENCY
    language: Name = "en"
    high: Text
    low: Text
    queries: Mapping[str, Any] = field(default_factory=dict)
    decoys: Mapping[str, Any] = field(default_factory=dict)
    context: Annotated[str, Meta(max_length=MAX_TEXT)] | None = None
    zipf_high: Number | None = None
    zipf_low: Number | None = None
    zipf_gap: Number | None = None
    generator: Annotated[str, Meta(max_length=MAX_NAME)] | None = None
    checks: Mapping[str, Any] = field(default_factory=dict)
    covariates: TwoSided = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)

    def check_together(self) -> None:
        """Check that the two forms differ, and queries and decoys by their names."""
        _check_arm(self.arm)
        if same_text(self.high, self.low):
            raise InputError("fields 'high' and 'low' have the same text")
        for name, value in self.queries.items():
            if name in QUERY_LISTS:
                if not isinstance(value, list) or not all(map(_is_text, value)):
                    raise InputError(f"field 'queries.{name}' must be a list of non-empty texts")
            elif name in QUERY_TEXTS and not _is_text(value):
                raise InputError(f"field 'queries.{name}' must be a non-empty text")
        for name, value in self.decoys.items():
            if not _is_text(value):
                raise InputError(f"field 'decoys.{shown(name)}' must be a non-empty text")


class Observation(Record, frozen=True, kw_only=True):
    """What one probe measured on both forms of one pair with one model.

    `high` and `low` are in the unit that `measure` names; both are null in crossed rows, whose `cells` hold `hh`, `hl`, `lh`,
    `ll` (query form first, document form second), and in rows with an `error`. `decoys` holds the same measurement with the
    pair's decoy in the place of the exact form, where the probe made one; its distance from the exact value is the margin
    that `relative` estimates divide by. `prompt` names the words in which a language model was asked, where several are crossed with the
    items: the analysis takes them for the frames of the pair.
    """

    pair_id: Name
    item: Name
    arm: str = FREQUENCY
    probe: Name
    measure: Name
    contrast: Name
    register: Annotated[str, Meta(max_length=MAX_NAME)] | None = None
    prompt: Name | None = None
    model: Name
    revision: Annotated[str, Meta(max_length=MAX_NAME)] | None = None
    high: Number | None = None
    low: Number | None = None
    cells: Mapping[str, Number] | None = None
    decoys: Mapping[str, Number] | None = None
    covariates: TwoSided = field(default_factory=dict)
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the record as one JSON-ready dictionary; `prompt` only where there is one."""
        row = super().to_dict()
        if self.prompt is None:
            del row["prompt"]
        return row

    def check_together(self) -> None:
        """Check that a row holds values, cells or an error."""
        _check_arm(self.arm)
        if self.error is not None:
            return
        if self.contrast == CROSSED:
            if self.cells is None or self.cells.keys() != _CELLS:
                raise InputError("field 'cells' must hold exactly hh, hl, lh and ll in a crossed row")
        elif self.high is None or self.low is None:
            raise InputError("fields 'high' and 'low' must be numbers in a row without 'error'")
        if self.measure in MEASURES and (between := MEASURES[self.measure].between) is not None:
            self.check_range(between)

    def check_range(self, between: tuple[float, float]) -> None:
        """Raise `InputError` for a value beyond what the measure can be, rounding allowed."""
        least, most = between
        if self.probe == INVERSION:
            least, most = least - most, most - least
        values: dict[str, float | None] = {HIGH: self.high, LOW: self.low}
        for name, part in (("cells", self.cells), ("decoys", self.decoys)):
            values |= {f"{name}.{key}": value for key, value in (part or {}).items()}
        for name, value in values.items():
            if value is not None and not least - RANGE_ROUNDING <= value <= most + RANGE_ROUNDING:
                raise InputError(f"field '{name}' is {value:g}, but {self.measure} is from {least:g} to {most:g}; measure it anew")


class Estimate(Record, frozen=True, kw_only=True):
    """A contrast with its interval, p-value, sizes and method.

    `high_mean` and `low_mean` are the levels behind a mean gap, in the unit of the measure; null where a gap is no difference of two
    levels. `share_positive` and `share_negative` are shares of the items; where they do not add up to 1, gaps of the rest are zero.
    `term` is `mean` for the contrast itself. `bound` is the equivalence bound of a TOST, in the unit of `value`. `method` is for readers;
    facts that a program needs are in `details`: `reason`, why there is no value; `high_only` and `low_only`, pairs right in one form
    only; the choices of a specification by factor; `zipf_from`, `zipf_to` and `corpus`, of a frequency bucket;
    `zipf_gap_of`, where a slope is not on the gap of the swapped words; `flipped`, share of comparisons that the smallest effect of
    interest would flip; `frames`, how many where they are few; `duplicate_items`, items that share a text with another; `bound_low` and
    `bound_high`, the mean if missing pairs had the largest gap measured, either way; `prediction_low` and `prediction_high`, the effect
    of a new item, `share_above` and `share_below`, shares of items beyond the smallest effect of interest; `means`, `items` by group.
    """

    model: Name
    probe: Name
    measure: Name
    contrast: Name
    arm: Name
    term: Name = "mean"
    value: Number | None
    std_error: Number | None = None
    ci_low: Number | None = None
    ci_high: Number | None = None
    level: Number = 0.95
    p_value: Number | None = None
    p_adjusted: Number | None = None
    effect_size: Number | None = None
    high_mean: Number | None = None
    low_mean: Number | None = None
    share_positive: Number | None = None
    share_negative: Number | None = None
    n_pairs: int = 0
    n_items: int = 0
    n_failed: int = 0
    method: Text
    flags: Sequence[str] = ()
    family: str | None = None
    bca_low: Number | None = None
    bca_high: Number | None = None
    bound: Number | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def check_together(self) -> None:
        """Check the facts in `details` that the report reads."""
        if self.details:
            check(self.details, Details, "details")

    def to_dict(self) -> dict[str, Any]:
        """Return the record as one JSON-ready dictionary; `details` only where there are some."""
        row = super().to_dict()
        if not self.details:
            del row["details"]
        return row

    @property
    def key(self) -> tuple[str, str, str, str, str, str]:
        """What makes an estimate unique in a file."""
        return (self.model, self.probe, self.measure, self.contrast, self.arm, self.term)
