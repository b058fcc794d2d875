"""What a probe is judged by, and what its rows mean: declared by the probe, kept in the manifest, read from there by the analysis."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, Self

import msgspec

from freqbias import registry
from freqbias.errors import FreqbiasError, InputError
from freqbias.records import Observation
from freqbias.terms import DETAILS, FREQUENCY, MANIFEST_FILE, MEASURES, PREFERENCE, SHARE_RANGE, SIZE_FIELDS, unit_of

DEFAULT_CELLS = ("query", "document")  # the two factors of crossed rows in the file contract


class Finding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One sentence that a probe's report says of one of its estimates, where that was made.

    `sentence` may hold `{value}`, `{interval}`, `{size}` (value and interval), `{unit}`, `{p}`, `{items}`, `{high}` and `{low}` (levels
    of the forms, in percent for a share), `{form}` (the form that is favoured) and the facts of its `details` that
    `freqbias.terms.DETAILS` lists. With `more_terms` `{list}` holds the values of all these terms, each with its number of pairs;
    `{first}` and `{last}` are those at its ends. It is said of every value, or with `only_if` of one that is an effect by test and
    interval (`found`) or is not (`not_found`). Without `measure` it speaks of the one that the probe is judged by.
    """

    contrast: str
    sentence: str
    measure: str | None = None
    arm: str = FREQUENCY
    term: str = "mean"
    more_terms: tuple[str, ...] = ()
    only_if: Literal["found", "not_found"] | None = None

    def __post_init__(self) -> None:
        try:
            self.sentence.format_map(dict.fromkeys((*SIZE_FIELDS, *DETAILS), ""))
        except (KeyError, ValueError, IndexError, AttributeError, TypeError) as error:
            raise InputError(
                f"a finding's sentence names {error}, known are {', '.join((*SIZE_FIELDS, *DETAILS))}: {self.sentence!r}"
            ) from error


class Judgement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a probe is judged by, and what its rows mean.

    The verdict and the confirmatory test rest on `contrast`, in `measure`; where that is None, in the one measure that the probe writes,
    or the first of several. `secondary` measures are only told beside it. `meaning` says what a positive gap is, after "A document in
    frequent wording"; without one it has the higher value. `unit` is how the measure is called in sentences, `share` whether it is a
    share of 1, `sesoi` the smallest effect of interest in its unit (else a tenth of the exact - decoy margin, or two points of a share).
    `cells` names the two factors of crossed rows, first letter first. In contrasts of `other_words` the words that change are not those
    of the pair, whose frequency gap, length and subwords therefore say nothing about them. `repeats` names the probe and contrast whose
    gap is this one by construction, wherever both measured the same pairs. `without_gloss` is the meaning where a row was asked no gloss
    (its `register` is null). `subject` is what carries the wording, in the place of "document" in "A
    document in frequent wording". `searches` says what queries of a user's own search: the texts that have two forms (`changed`), or a
    whole `collection`. `findings` are sentences on other estimates of the probe.
    """

    contrast: str = "gap"
    measure: str | None = None
    secondary: tuple[str, ...] = ()
    meaning: str | None = None
    unit: str | None = None
    share: bool | None = None
    sesoi: float | None = None
    cells: tuple[str, str] = DEFAULT_CELLS
    other_words: tuple[str, ...] = ()
    repeats: tuple[str, str] | None = None
    without_gloss: str | None = None
    subject: str = "document"
    searches: Literal["changed", "collection"] = "changed"
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        if self.sesoi is not None and not 0 < self.sesoi < math.inf:
            raise InputError(f"a judgement's 'sesoi', the smallest effect of interest, must be above 0 and finite, found {self.sesoi}")

    def judges(self, contrast: str, measure: str) -> bool:
        """Tell whether the verdict rests on this contrast in this measure."""
        return contrast == self.contrast and self.measure in (None, measure) and measure not in self.secondary

    def sesoi_in_margins(self, measure: str) -> bool:
        """Tell whether the smallest effect of interest is a share of the exact - decoy margin, not a size of its own."""
        declared = self.sesoi is not None and self.judges(self.contrast, measure)
        return not declared and not self.is_share(measure)

    def takes_apart(self, contrast: str, measure: str) -> bool:
        """Tell whether rivals are held against frequency: in what the verdict rests on, and in the one pull that is called preference.

        A dozen slopes of every other contrast would answer no question that anybody asks of it, and would fill the exploratory family.
        """
        return self.judges(contrast, measure) or contrast == PREFERENCE

    def unit_of(self, measure: str) -> str:
        """Return how a measure of the probe is called in sentences and on axes."""
        own = self.unit is not None and measure not in self.secondary and self.measure in (None, measure)
        return str(self.unit) if own else unit_of(measure)

    def is_share(self, measure: str) -> bool:
        """Tell whether a measure of the probe is a share of 1."""
        if self.share is not None and measure not in self.secondary and self.measure in (None, measure):
            return self.share
        return measure in MEASURES and MEASURES[measure].share

    def to_dict(self) -> dict[str, Any]:
        """Return what a manifest holds: the fields that differ from their defaults."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found

    @classmethod
    def from_dict(cls, row: Any) -> Self:
        """Build a judgement from what a manifest holds; `InputError` names a field that does not fit."""
        given = {name: value for name, value in row.items() if value is not None} if isinstance(row, dict) else row
        try:
            return msgspec.convert(given, cls)
        except msgspec.ValidationError as error:
            raise InputError(str(error)) from error


class Judgements:
    """The judgement of every probe by name: what the manifest says, else the registered probe's own, else the default.

    `Judgements()` looks registered probes up; that is for observations without a manifest.
    """

    def __init__(self, own: Mapping[str, Judgement] | None = None):
        self._known = dict(own or {})

    def __getitem__(self, probe: str) -> Judgement:
        if probe not in self._known:
            self._known[probe] = _registered(probe)
        return self._known[probe]

    @classmethod
    def of_manifest(cls, manifest: Mapping[str, Any] | None, path: str = MANIFEST_FILE) -> Self:
        """Return the judgements that a manifest holds; `InputError` names the file, the probe and the field."""
        found = (manifest or {}).get("judgements") or {}
        if not isinstance(found, dict):
            raise InputError(f"{path}: field 'judgements' must be an object")
        own = {}
        for probe, row in found.items():
            try:
                own[probe] = Judgement.from_dict(row)
            except InputError as error:
                raise InputError(f"{path}: judgements.{probe}: {error}") from error
        return cls(own)

    def settled(self, measured: Iterable[tuple[str, str, str, str]]) -> Self:
        """Return the judgements with one confirmatory measure a model and probe.

        `measured` are (model, probe, contrast, measure) in the order of the file. Where a probe names no measure and wrote several on one
        model, the first is what it is judged by and the others are secondary: two tests of one question would be one too many.
        """
        first: dict[tuple[str, str], str] = {}
        later: dict[str, list[str]] = {}
        for model, probe, contrast, measure in measured:
            own = self[probe]
            if own.measure is None and own.judges(contrast, measure) and first.setdefault((model, probe), measure) != measure:
                later.setdefault(probe, []).append(measure)
        leading = {(probe, measure) for (_, probe), measure in first.items()}
        settled = dict(self._known)
        for probe, measures in later.items():
            rest = [measure for measure in dict.fromkeys(measures) if (probe, measure) not in leading]
            settled[probe] = msgspec.structs.replace(self[probe], secondary=(*self[probe].secondary, *rest))
        return type(self)(settled)

    def check_range(self, row: Observation) -> None:
        """Raise `InputError` for a row of a measure that its probe calls a share, and that is beyond 0 to 1."""
        if self[row.probe].is_share(row.measure):
            row.check_range(SHARE_RANGE)

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """What a registered probe tells its readers: its questions by contrast, what it is in short, and what its own words mean.

    `outcome` is False of one that describes the space and not what a user meets.
    """

    questions: dict[str, str] = {}
    outcome: bool = True
    summary: str = ""
    glossary: dict[str, str] = {}


def asking_of(probe: str) -> Asking:
    """Return what a registered probe asks; of any other, nothing."""
    if probe not in registry.names("probes"):
        return Asking()
    try:
        found = registry.load("probes", probe)
    except FreqbiasError:
        return Asking()
    return Asking(
        questions=dict(getattr(found, "questions", {})),
        outcome=bool(getattr(found, "outcome", True)),
        summary=str(getattr(found, "summary", "")),
        glossary=dict(getattr(found, "glossary", {})),
    )


def words_of_remedy(name: str) -> tuple[str, str]:
    """Return what a registered remedy is called in a sentence, and what is to be known of it; of any other nothing."""
    if name not in registry.names("remedies"):  # and never import what a data file names as `module:attr`
        return "", ""
    try:
        found = registry.load("remedies", name)
    except FreqbiasError:
        return "", ""
    return str(getattr(found, "summary", "")), str(getattr(found, "known", ""))


def _registered(probe: str) -> Judgement:
    if probe not in registry.names("probes"):  # and never import what a data file names as `module:attr`
        return Judgement()
    try:
        found = getattr(registry.load("probes", probe), "judgement", None)
    except FreqbiasError:  # a plugin that does not load here: its rows are read as what they say
        found = None
    return found if isinstance(found, Judgement) else Judgement()
