"""Check of a generator of pairs."""

import inspect
from collections.abc import Callable
from typing import Any

from freqbias.paraphrases.generators import Generator, options_of
from freqbias.records import Pair
from freqbias.registry import check_api
from freqbias.terms import FREQUENCY
from freqbias.testing.expect import as_assertion, require


def check_generator(generator: "Generator | Callable[..., list[Pair]]", **options: Any) -> list[Pair]:
    """Return the pairs that a generator makes with `options`; raise `AssertionError` unless they are what every stage takes them for.

    Pairs that can be read back, ids that differ, forms that differ, the same pairs on a second call, frequent forms that are on average
    more frequent, and options that its call knows.
    """
    name = f"generator '{_name(generator)}'"
    with as_assertion(name):
        check_api(generator, name)
        known, described = options_of(generator), generator.options if isinstance(generator, Generator) else {}
        for option in options:
            require(option in known or option == "sources", f"{name} takes no option '{option}'; known: {', '.join(known)}")
        for option, help_text in described.items():
            require(isinstance(help_text, str) and bool(help_text.strip()), f"{name}: option '{option}' has no line that says what it is")
        made, again = generator(**options), generator(**options)
    require(isinstance(made, list) and bool(made), f"{name} must return a list of pairs that is not empty")
    for number, pair in enumerate(made):
        require(isinstance(pair, Pair), f"{name}: pair {number} is a {type(pair).__name__}; make it with freqbias.paraphrases.make_pair")
        with as_assertion(f"{name}: pair {number}"):
            pair.check()
    ids = [pair.id for pair in made]
    require(len(set(ids)) == len(ids), f"{name}: an id comes twice; let freqbias.paraphrases.make_pair make it")
    require([pair.to_dict() for pair in made] == [pair.to_dict() for pair in again], f"{name} makes other pairs when asked again")
    gaps = [pair.zipf_gap for pair in made if pair.arm == FREQUENCY and pair.zipf_gap is not None]
    if gaps:
        mean = sum(gaps) / len(gaps)
        require(mean > 0, f"{name}: its high forms are on average not the more frequent ones (gap {mean:.2f} Zipf)")
    return made


def _name(generator: Any) -> str:
    if isinstance(generator, Generator):
        return generator.name
    return str(generator.__name__) if inspect.isroutine(generator) else type(generator).__name__
