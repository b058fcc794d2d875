"""Frequent against rare *phrasing* of the same content: arms `frequency` and `placebo` of bundled sentences.

Six kinds, the frequent phrasing first: active and passive, plain and it-cleft, double object and to-dative, particle beside its verb and
behind the object, phrasal and Latinate verb, verb and nominalisation. In the first four both forms hold the same content words; of the
last two that cannot be (`meta.content_constant`): the verb, and a light verb or an adverb's ending, differ there.

The dose is the rate of the construction (`covariates.dose`, log10 per million of `meta.dose.unit`; `data/construction_rates.json` has
counts and sources) and never Zipf: `zipf_gap` is null and `meta.zipf_gap_of` is `phrasing`, so no analysis reads a frequency of words
into these pairs. A dose has one value a kind, so nothing can be shown to grow with it within a kind.

What else differs, and what was done about it:

* Length. Passives, clefts, to-datives and nominalisations are longer by function words, in every pair of a kind, and phrasal verbs by
  their particle: `words` is level in kind `particle` and in the placebo only. A length effect and a phrasing effect cannot be told apart
  in one kind; compare kinds, and the `length` arm of generator `lexicon`.
* Information structure. A cleft puts its focus forward and presupposes the rest; a passive changes the topic. Both state the same facts
  here, but no sentence has a context that would ask for either.
* Definiteness, animacy. Subjects and objects are definite and indefinite, agents are people, animals, things and weather, so that a
  passive does not always put a thing before a person.
* Queries. A gloss has a phrasing too. Where the forms differ in order, one of two in a register follows that of the frequent form and one
  that of the rare form, and which comes first (probes may ask the first alone) is the other way round in the other register.
* Register. Latinate verbs and nominalisations are more formal. Look at the kinds apart (`meta.construction`).

Placebo: the order of two conjuncts (`soup and waffles`), for couples that have no fixed order. Both sides are one construction, so its
rate is equal. High is the side whose shorter word comes first, by the rival that English sentences tend to put short before long.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from freqbias.errors import InputError
from freqbias.paraphrases.checks import checked
from freqbias.paraphrases.making import drafted
from freqbias.records import Pair
from freqbias.registry import suggestion
from freqbias.terms import FREQUENCY, HIGH, LOW, PHRASING, PLACEBO, ZIPF_GAP_OF

KINDS = ("active_passive", "it_cleft", "dative", "particle", "phrasal_latinate", "nominalisation")
OTHER_CONTENT = frozenset({"phrasal_latinate", "nominalisation"})  # kinds whose forms do not hold the same content words
CONJUNCT_ORDER = "conjunct_order"  # the kind of the placebo
ALL_KINDS = "all"
DOSE = "dose"


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """One row of `data/constructions.jsonl`: a content in two phrasings, glosses of it, and a wrong content in the same two phrasings."""

    id: str
    construction: str
    domain: str
    high: str
    low: str
    gloss_plain: Sequence[str]
    gloss_elevated: Sequence[str]
    decoy_high: str
    decoy_low: str

    @property
    def arm(self) -> str:
        """The arm that the sentence belongs to."""
        return PLACEBO if self.construction == CONJUNCT_ORDER else FREQUENCY


def _data(name: str) -> str:
    return files("freqbias.paraphrases").joinpath("data", name).read_text(encoding="utf-8")


@cache
def sentences() -> tuple[Sentence, ...]:
    """Return the bundled sentences, in file order."""
    return tuple(Sentence(**json.loads(line)) for line in _data("constructions.jsonl").splitlines())


@cache
def rates() -> dict[str, dict[str, Any]]:
    """Return what is known of each kind's rates: counts, what they are of, sources and how sure they are."""
    return dict(json.loads(_data("construction_rates.json")))


def dose_of(kind: str) -> tuple[float, float] | None:
    """Return log10 of the occurrences per million of both phrasings of a kind, high first; None where they were never counted."""
    known = rates()[kind]
    if known[HIGH] is None or known[LOW] is None:
        return None
    high, low = (math.log10(1e6 * known[side]["count"] / known[side]["of"]) for side in (HIGH, LOW))
    return high, low


def generate(*, n: int | None = None, seed: int = 0, kinds: str = ALL_KINDS) -> list[Pair]:
    """Return `n` frequency pairs, spread evenly over the kinds, and as many placebo pairs as there are up to `n`; all without `n`.

    `kinds` names kinds of construction, split by commas. The same arguments give the same pairs in the same order. `InputError` for an
    unknown kind, or when `n` is beyond what the kinds have.
    """
    chosen = _chosen(kinds)
    rng = np.random.default_rng(seed)
    frequency = _in_rounds(chosen, rng)
    placebo = _in_rounds((CONJUNCT_ORDER,), rng)
    if n is None:
        n = len(frequency)
    if not 1 <= n <= len(frequency):
        raise InputError(f"--n must be between 1 and {len(frequency)}, the number of sentences of these kinds; found {n}")
    return checked([_pair(sentence) for sentence in (*frequency[:n], *placebo[:n])])


def _chosen(kinds: str) -> tuple[str, ...]:
    names = [name.strip() for name in kinds.split(",") if name.strip()]
    if not names:
        raise InputError(f"-o kinds= is empty; known: {', '.join((*KINDS, ALL_KINDS))}")
    for name in names:
        if name not in (*KINDS, ALL_KINDS):
            raise InputError(f"unknown kind of construction '{name}'{suggestion(name, (*KINDS, ALL_KINDS))}")
    return tuple(kind for kind in KINDS if kind in names or ALL_KINDS in names)


def _in_rounds(kinds: Sequence[str], rng: np.random.Generator) -> list[Sentence]:
    """Return the sentences of some kinds, one of every kind in turn, in random order within a kind."""
    by_kind = []
    for kind in kinds:
        own = [sentence for sentence in sentences() if sentence.construction == kind]
        by_kind.append([own[i] for i in rng.permutation(len(own))])
    return [own[k] for k in range(max(map(len, by_kind))) for own in by_kind if k < len(own)]


def _pair(sentence: Sentence) -> Pair:
    known, dose = rates()[sentence.construction], dose_of(sentence.construction)
    equal = sentence.arm == PLACEBO
    return drafted(
        item=sentence.id,
        arm=sentence.arm,
        high=sentence.high,
        low=sentence.low,
        queries={"gloss_plain": list(sentence.gloss_plain), "gloss_elevated": list(sentence.gloss_elevated)},
        decoys={HIGH: sentence.decoy_high, LOW: sentence.decoy_low},
        zipf_gap=None,
        generator="constructions",
        covariates={} if dose is None else {DOSE: list(dose)},
        meta={
            "construction": sentence.construction,
            "domain": sentence.domain,
            "content_constant": sentence.construction not in OTHER_CONTENT,
            DOSE: {
                "gap": 0.0 if equal else None if dose is None else dose[0] - dose[1],
                "unit": known["unit"],
                "how_sure": known["how_sure"],
                "reason": known["reason"],
            },
            "oriented_by": "short_before_long" if equal else None,
            ZIPF_GAP_OF: PHRASING,
        },
    )
