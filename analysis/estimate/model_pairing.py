"""Which model of one run is held against which of another."""

from collections.abc import Iterator, Mapping, Sequence

from freqbias.errors import InputError
from freqbias.registry import suggestion

Models = Mapping[str, Sequence[str]]  # by probe, the models that it measured
Couple = tuple[str, str, str]  # probe, model of the first run, model of the second


class UntoldModelsError(InputError):
    """It cannot be told which model of one run is meant to be held against which of the other."""


def coupled(first: Models, second: Models, a: Sequence[str], b: Sequence[str], runs: tuple[str, str]) -> list[Couple]:
    """Return what to compare, by probe: the models that `a` and `b` name in their order, else those that can only be meant.

    Those are models of one name in both runs, and of different names where a probe measured one model in either run. One of `a` and `b`
    may be left out where the other run has models of the same names, or one alone. Raises `InputError` for a model that a run does not
    hold, and where it cannot tell which is meant.
    """
    held = (_all(first), _all(second))
    if a or b:
        return list(_named(first, second, _couples(held, a, b, runs)))
    found = list(_meant(first, second))
    if not found and set(first) & set(second):
        raise _cannot_tell(held, runs)
    return found


def _all(models: Models) -> list[str]:
    return sorted({name for names in models.values() for name in names})


def _couples(held: tuple[list[str], list[str]], a: Sequence[str], b: Sequence[str], runs: tuple[str, str]) -> list[tuple[str, str]]:
    for option, names, own, run in zip(("--a", "--b"), (a, b), held, runs, strict=True):
        for name in names:
            if name not in own:
                raise InputError(f"{option}: {run} holds no model '{name}'{suggestion(name, own)}")
    if a and b and len(a) != len(b):
        raise InputError(f"--a and --b name models in couples, found {len(a)} and {len(b)}; give as many of either")
    if a and b:
        return list(zip(a, b, strict=True))
    given, other = (a, held[1]) if a else (b, held[0])
    if set(given) <= set(other):
        return [(name, name) for name in given]
    if len(given) == len(other) == 1:
        return [(given[0], other[0]) if a else (other[0], given[0])]
    raise _cannot_tell(held, runs)


def _named(first: Models, second: Models, couples: Sequence[tuple[str, str]]) -> Iterator[Couple]:
    for probe in sorted(set(first) & set(second)):
        yield from ((probe, one, other) for one, other in couples if one in first[probe] and other in second[probe])


def _meant(first: Models, second: Models) -> Iterator[Couple]:
    for probe in sorted(set(first) & set(second)):
        models = sorted(set(first[probe])), sorted(set(second[probe]))
        if [len(names) for names in models] == [1, 1]:
            yield probe, models[0][0], models[1][0]
        else:
            yield from ((probe, model, model) for model in models[0] if model in models[1])


def _cannot_tell(held: tuple[list[str], list[str]], runs: tuple[str, str]) -> UntoldModelsError:
    lists = "; ".join(f"{run} holds {', '.join(own) or 'none'}" for run, own in zip(runs, held, strict=True))
    return UntoldModelsError(f"cannot tell which model goes with which: {lists}; name them: --a MODEL --b MODEL")
