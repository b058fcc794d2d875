"""The records that the stages exchange: `Pair`, `Observation`, `Estimate`.

A record is built with `from_dict`, which checks it and raises `InputError` with a one-line reason, and written with
`to_dict`. Fields that a file has beyond the ones named here are kept in `extra` and written back unchanged.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from typing import Any, ClassVar, Self

from freqbias.errors import InputError
from freqbias.terms import ARMS, CELLS, SIDES

SCHEMA = 1
QUERY_LISTS = ("neutral", "gloss_plain", "gloss_elevated", "relevant")
QUERY_TEXTS = ("naming_high", "naming_low")


@cache
def _template(cls: "type[Record]") -> tuple[dict[str, Any], list[tuple[str, Callable[[], Any]]]]:
    """Return a record's fields with their defaults, and what makes the defaults that every record has to itself."""
    defaults = {f.name: None if f.default is MISSING else f.default for f in fields(cls)}
    return defaults, [(f.name, f.default_factory) for f in fields(cls) if f.default_factory is not MISSING]


@dataclass(frozen=True, kw_only=True)
class Record:
    """Base of the three records: strict reading, order-preserving writing."""

    required: ClassVar[tuple[str, ...]] = ()

    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, row: Any) -> Self:
        """Build a record from one decoded JSON line; raise `InputError` on the first fault."""
        if not isinstance(row, dict):
            raise InputError(f"expected a JSON object, found {type(row).__name__}")
        for name in cls.required:
            if name not in row:
                raise InputError(f"field '{name}' is missing")
        record = cls.trusted(row)
        record.check()
        return record

    @classmethod
    def trusted(cls, row: dict[str, Any]) -> Self:
        """Build a record from a row that `from_dict` has accepted before, without checking it again."""
        defaults, own = _template(cls)  # type: ignore[arg-type]  # a class is hashable
        if "extra" in row or not row.keys() <= defaults.keys():
            known = {key: value for key, value in row.items() if key in defaults and key != "extra"}
            row = known | {"extra": {key: value for key, value in row.items() if key not in known}}
        values = defaults | row
        for name, make in own:
            if name not in row:
                values[name] = make()
        record = object.__new__(cls)
        object.__setattr__(record, "__dict__", values)  # a third of what the constructor of a frozen dataclass takes
        return record

    def to_dict(self) -> dict[str, Any]:
        """Return the record as one JSON-ready dictionary, extra fields last."""
        row = self.__dict__.copy()  # in the order of the fields, of which `extra` is the first
        extra = row.pop("extra")
        return row | extra if extra else row

    def check(self) -> None:
        """Raise `InputError` when a field has the wrong type or an impossible value."""

    def _need(self, name: str, kind: type | tuple[type, ...], what: str) -> Any:
        value = getattr(self, name)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise InputError(f"field '{name}' must be {what}, found {type(value).__name__}")
        return value

    def _text(self, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            if value.__class__ is not str:
                self._need(name, str, "a text")
            if not value or value.isspace():
                raise InputError(f"field '{name}' is empty")

    def _number_or_null(self, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            if value is None or (value.__class__ is float and value - value == 0):
                continue
            self._need(name, (int, float), "a number or null")
            if not math.isfinite(value):
                raise InputError(f"field '{name}' must be finite")

    def _object(self, *names: str) -> None:
        for name in names:
            if getattr(self, name).__class__ is not dict:
                self._need(name, dict, "an object")

    def _two_sided(self, name: str) -> None:
        given = getattr(self, name)
        if given.__class__ is dict and not given:
            return
        for key, value in self._need(name, dict, "an object").items():
            if not isinstance(value, list | tuple) or len(value) != 2:
                raise InputError(f"field '{name}.{key}' must be a list [high, low]")
            if not all(side is None or isinstance(side, int | float) for side in value):
                raise InputError(f"field '{name}.{key}' must hold numbers or null")


@dataclass(frozen=True, kw_only=True)
class Pair(Record):
    """The frequent and the rare form of one item in one frame.

    `queries` maps `neutral`, `gloss_plain` and `gloss_elevated` to lists of texts and `naming_high`, `naming_low` to one text;
    any may be absent. `decoys` maps `high` and `low` to on-topic wrong texts in the same frame. `covariates` maps a name to
    `[high, low]`. Frequencies are on the Zipf scale (log10 of occurrences per billion words); null where no word is known.
    """

    required: ClassVar[tuple[str, ...]] = ("id", "item", "high", "low")

    id: str
    item: str
    arm: str = "frequency"
    language: str = "en"
    high: str
    low: str
    queries: Mapping[str, Any] = field(default_factory=dict)
    decoys: Mapping[str, str] = field(default_factory=dict)
    context: str | None = None
    zipf_high: float | None = None
    zipf_low: float | None = None
    zipf_gap: float | None = None
    generator: str | None = None
    checks: Mapping[str, Any] = field(default_factory=dict)
    covariates: Mapping[str, Any] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """Check types, arms and that the two forms differ."""
        self._text("id", "item", "arm", "language", "high", "low")
        if self.arm not in ARMS:
            raise InputError(f"field 'arm' must be one of {', '.join(ARMS)}, found '{self.arm}'")
        if self.high == self.low:
            raise InputError("fields 'high' and 'low' hold the same text")
        self._number_or_null("zipf_high", "zipf_low", "zipf_gap")
        self._object("queries", "decoys", "checks", "meta")
        self._two_sided("covariates")
        for name, value in self.queries.items():
            if name in QUERY_LISTS:
                if not isinstance(value, list) or not all(isinstance(text, str) and text.strip() for text in value):
                    raise InputError(f"field 'queries.{name}' must be a list of non-empty texts")
            elif name in QUERY_TEXTS and (not isinstance(value, str) or not value.strip()):
                raise InputError(f"field 'queries.{name}' must be a non-empty text")
        for name, value in self.decoys.items():
            if name in SIDES and (not isinstance(value, str) or not value.strip()):
                raise InputError(f"field 'decoys.{name}' must be a non-empty text")


@dataclass(frozen=True, kw_only=True)
class Observation(Record):
    """What one probe measured on both forms of one pair with one model.

    `high` and `low` are in the unit that `measure` names; both are null in crossed rows, whose `cells` hold `hh`, `hl`, `lh`,
    `ll` (query form first, document form second), and in rows with an `error`. `decoys` holds the same measurement with the
    pair's decoy in the place of the exact form, where the probe made one; its distance from the exact value is the margin
    that `relative` estimates divide by.
    """

    required: ClassVar[tuple[str, ...]] = ("pair_id", "item", "probe", "measure", "contrast", "model")

    pair_id: str
    item: str
    arm: str = "frequency"
    probe: str
    measure: str
    contrast: str
    register: str | None = None
    model: str
    revision: str | None = None
    high: float | None = None
    low: float | None = None
    cells: Mapping[str, float] | None = None
    decoys: Mapping[str, float] | None = None
    covariates: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None

    def check(self) -> None:
        """Check types, and that a row holds values, cells or an error."""
        self._text("pair_id", "item", "arm", "probe", "measure", "contrast", "model")
        if self.arm not in ARMS:
            raise InputError(f"field 'arm' must be one of {', '.join(ARMS)}, found '{self.arm}'")
        self._number_or_null("high", "low")
        self._two_sided("covariates")
        if self.error is not None:
            return
        if self.contrast == "crossed":
            if not isinstance(self.cells, dict) or set(self.cells) != set(CELLS):
                raise InputError("field 'cells' must hold exactly hh, hl, lh and ll in a crossed row")
        elif self.high is None or self.low is None:
            raise InputError("fields 'high' and 'low' must be numbers in a row without 'error'")
        for name, values in (("cells", self.cells), ("decoys", self.decoys)):
            for key, value in values.items() if values else ():
                if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                    raise InputError(f"field '{name}.{key}' must be a finite number")


@dataclass(frozen=True, kw_only=True)
class Estimate(Record):
    """A contrast with its interval, p-value, sizes and method.

    `high_mean` and `low_mean` are the levels behind a mean gap, in the unit of the measure; null where a gap is no difference of two
    levels. `share_positive` and `share_negative` are shares of the items; where they do not add up to 1, gaps of the rest are zero.
    `term` is `mean` for the contrast itself. `bound` is the equivalence bound of a TOST, in the unit of `value`.
    """

    required: ClassVar[tuple[str, ...]] = ("model", "probe", "measure", "contrast", "arm", "term", "value", "method")

    model: str
    probe: str
    measure: str
    contrast: str
    arm: str
    term: str = "mean"
    value: float | None
    std_error: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    level: float = 0.95
    p_value: float | None = None
    p_adjusted: float | None = None
    effect_size: float | None = None
    high_mean: float | None = None
    low_mean: float | None = None
    share_positive: float | None = None
    share_negative: float | None = None
    n_pairs: int = 0
    n_items: int = 0
    n_failed: int = 0
    method: str
    flags: tuple[str, ...] | list[str] = ()
    family: str | None = None
    bca_low: float | None = None
    bca_high: float | None = None
    bound: float | None = None

    def check(self) -> None:
        """Check that names are texts and numbers finite or null."""
        self._text("model", "probe", "measure", "contrast", "arm", "term", "method")
        self._number_or_null("value", "std_error", "ci_low", "ci_high", "p_value", "p_adjusted", "effect_size", "bound")
        self._number_or_null("high_mean", "low_mean", "share_positive", "share_negative")

    @property
    def key(self) -> tuple[str, str, str, str, str, str]:
        """What makes an estimate unique in a file."""
        return (self.model, self.probe, self.measure, self.contrast, self.arm, self.term)
