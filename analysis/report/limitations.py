"""What a run cannot show whatever its numbers are: who wrote its pairs, how long they are, in which register, from which model files."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from freqbias.analysis.report.formatting import listed, percent
from freqbias.analysis.report.sentences import SENTENCES, said
from freqbias.analysis.report.values import count
from freqbias.readability import sentences
from freqbias.records import Estimate, Pair
from freqbias.terms import FORMAL, FREQUENCY, INFORMAL, MARKED

FEWEST = 50  # items: below, intervals are wide and a placebo can hardly pass
READ = 200  # pairs whose sentences are counted
SHORT = 0.9  # of them that are one sentence, for texts to be called so
MORE_MARKED = 0.1  # of the rare words that are informal, or formal, beyond the frequent ones: one in ten


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What is known of a run; nothing where its files are absent."""

    generators: frozenset[str] = frozenset()
    languages: tuple[str, ...] = ()
    one_sentence: bool = False
    items: int | None = None
    marked: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # register → share of frequent and of rare words
    quantised: tuple[tuple[str, str], ...] = ()  # model and what its file holds


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A sentence; `short` is what a first screen calls it; `model` where it concerns one only."""

    sentence: str
    short: str = ""
    model: str | None = None


def _more(ground: Ground, register: str) -> bool:
    frequent, rare = ground.marked.get(register, (0.0, 0.0))
    return rare - frequent >= MORE_MARKED


#: Id of a sentence and when it is said. One on a model's file is said of every model, after these.
TABLE: tuple[tuple[str, Callable[[Ground], bool]], ...] = (
    ("limit_cause", lambda g: True),
    ("limit_one", lambda g: g.items == 1),
    ("limit_few", lambda g: g.items is not None and 1 < g.items < FEWEST),
    ("limit_sentences", lambda g: g.one_sentence),
    ("limit_informal", lambda g: _more(g, INFORMAL)),
    ("limit_formal", lambda g: _more(g, FORMAL)),
    ("limit_lexicon", lambda g: "lexicon" in g.generators),
    ("limit_substitute", lambda g: "substitute" in g.generators),
    ("limit_rewrite", lambda g: "rewrite" in g.generators),
    ("limit_english", lambda g: g.languages == ("en",)),
    ("limit_language", lambda g: len(g.languages) == 1 and g.languages != ("en",)),
    ("limit_counts", lambda g: True),
)


def limits_of(
    pairs: Mapping[str, Pair], manifest: Mapping[str, Any] | None, audit: Mapping[str, Any] | None, estimates: Sequence[Estimate]
) -> list[Limit]:
    """Return what a run cannot show."""
    ground = ground_of(pairs, manifest, audit, estimates)
    return [*_of_pairs(ground), *_of_models(ground)]


def limits_of_runs(runs: Mapping[str, Sequence[Limit]]) -> list[Limit]:
    """Return the limits of runs by label, each once; a run is named by what does not hold for all of them."""
    return list(dict.fromkeys(_named(limit, label, runs.values()) for label, own in runs.items() for limit in own))


def _named(limit: Limit, label: str, runs: Collection[Sequence[Limit]]) -> Limit:
    if limit.model is not None or all(limit in own for own in runs):
        return limit
    named = {
        name: said("limit_of_run", run=label, limit=text) if text else ""
        for name, text in (("sentence", limit.sentence), ("short", limit.short))
    }
    return replace(limit, **named)


def _of_pairs(ground: Ground) -> Iterator[Limit]:
    for name, holds in TABLE:
        if holds(ground):
            frequent, rare = ground.marked.get(name.removeprefix("limit_"), (0.0, 0.0))
            values = {
                "frequent": percent(frequent),
                "rare": percent(rare),
                "languages": listed(ground.languages),
                "items": count(ground.items or 0),
                "least": str(FEWEST),
            }
            yield _limit(name, values)


def _of_models(ground: Ground) -> Iterator[Limit]:
    for model, bits in ground.quantised:
        yield _limit("limit_quantised", {"model": model, "bits": bits}, model)


def _limit(name: str, values: Mapping[str, str], model: str | None = None) -> Limit:
    short = f"{name}_short"
    return Limit(sentence=said(name, **values), short=said(short, **values) if short in SENTENCES else "", model=model)


def ground_of(
    pairs: Mapping[str, Pair], manifest: Mapping[str, Any] | None, audit: Mapping[str, Any] | None, estimates: Sequence[Estimate]
) -> Ground:
    """Return what is known of a run from its files."""
    own = [pair for pair in pairs.values() if pair.arm == FREQUENCY]
    read = [sentences(text) == 1 for pair in own[:READ] for text in (pair.high, pair.low)]
    arm = (audit or {}).get("arms", {}).get(FREQUENCY, {}).get("covariates", {})
    marked = {name: (arm[name]["high_mean"], arm[name]["low_mean"]) for name in MARKED if name in arm}
    models = (manifest or {}).get("models", [])
    items = [row.n_items for row in estimates if row.term == "mean" and row.arm == FREQUENCY]
    return Ground(
        generators=frozenset(pair.generator for pair in own if pair.generator) or _made_by_run(manifest),
        languages=tuple(sorted({pair.language for pair in own})),
        one_sentence=bool(read) and sum(read) / len(read) >= SHORT,
        items=max(items, default=None),
        marked={name: (high, low) for name, (high, low) in marked.items() if None not in (high, low)},
        quantised=tuple(
            (model["name"], _bits(model["quantisation"])) for model in models if model.get("quantisation") not in (None, "", "none")
        ),
    )


def _made_by_run(manifest: Mapping[str, Any] | None) -> frozenset[str]:
    """Return what made the pairs where their file is not at hand: `run` without a file of pairs takes the bundled ones."""
    config = (manifest or {}).get("config") or {}
    return frozenset({"lexicon"} if config.get("command") == "run" and not config.get("pairs") else ())


def _bits(quantisation: str) -> str:
    """Return `Q4_1, 4 bit` of `Q4_1 (4 bit), dequantised`."""
    return quantisation.partition(" deq")[0].rstrip(",").replace(" (", ", ").replace(")", "")
