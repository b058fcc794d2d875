"""What to do about a verdict: a table of conditions and sentences, never more than the verdict says."""

from collections.abc import Callable
from dataclasses import dataclass

from freqbias.analysis.report.facts import Facts
from freqbias.analysis.report.formatting import Lookup
from freqbias.analysis.report.rules import SPLITTING_UNTOLD
from freqbias.analysis.report.sentences import said
from freqbias.analysis.report.values import about, items_needed
from freqbias.terms import AT_LIMIT, FREQUENCY, IN_NATS, INCAPABLE, INSEPARABLE, PARAPHRASE, UNMOVED

SPLITTING = "splitting"
NOT_CAUSED = (
    *("not_beyond_placebo", PARAPHRASE, "not_graded", "phrasing", "overlap", "confounder_only", INSEPARABLE),
    "favoured_unexplained",
)


@dataclass(frozen=True, kw_only=True)
class Step:
    """What to do, as an id of the table of sentences and what it fills in."""

    name: str
    needs: str = ""

    @property
    def said(self) -> str:
        """The sentence."""
        return said(self.name, needs=self.needs)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a step may ask: the name of the headline's row, the facts behind it, and what kind of model it is."""

    rule: str
    facts: Facts
    reversed: bool  # rare wording is favoured
    language_model: bool
    needs: int | None


#: Read from the top: the first row that holds.
TABLE: tuple[tuple[str, Callable[[Ground], bool]], ...] = (
    ("do_more_any", lambda g: g.facts.single),
    ("do_measure", lambda g: g.rule == "unknown"),
    ("do_swap", lambda g: g.rule == "reversed_sides"),
    ("do_noise", lambda g: g.rule == "noise_floor"),
    ("do_capable", lambda g: g.rule == INCAPABLE),
    ("do_harder", lambda g: g.rule == AT_LIMIT),
    ("do_other_queries", lambda g: g.rule == UNMOVED),
    ("do_nothing", lambda g: g.rule == "no_difference"),
    ("do_groups", lambda g: g.rule == "cancels"),
    ("do_more", lambda g: g.rule == "cannot_tell" and g.needs is not None),
    ("do_more_any", lambda g: g.rule == "cannot_tell"),
    ("do_untold", lambda g: g.rule in NOT_CAUSED),
    ("do_reversed", lambda g: g.reversed),
    ("do_split_language_model", lambda g: g.rule == SPLITTING and g.language_model),
    ("do_split_embedder", lambda g: g.rule == SPLITTING),
    ("do_frequency_language_model", lambda g: g.rule in (FREQUENCY, SPLITTING_UNTOLD) and g.language_model),
    ("do_frequency_embedder", lambda g: g.rule in (FREQUENCY, SPLITTING_UNTOLD)),
)


def step_of(have: Lookup, facts: Facts, rule: str) -> Step:
    """Return what to do about a headline."""
    main = have.main("mean")
    needs = None if main is None else items_needed(main)
    ground = Ground(
        rule=rule,
        facts=facts,
        reversed=main is not None and (main.value or 0) < 0,
        language_model=have.measure in IN_NATS,
        needs=needs,
    )
    name = next(name for name, holds in TABLE if holds(ground))
    return Step(name=name, needs=about(needs))
