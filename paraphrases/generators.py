"""What a generator of pairs is, and how one is called with options that came as words."""

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, get_type_hints, runtime_checkable

import msgspec

from freqbias import registry
from freqbias.errors import InputError, in_one_line
from freqbias.paraphrases.checks import checked
from freqbias.records import Pair

INSIDE = ("sources", "coverage", "skipped", "journal", "track")  # parameters that are no options: inputs, and what a caller collects


@runtime_checkable
class Generator(Protocol):
    """What makes pairs: `generator(**options)` returns a list of them.

    `options` says what each option is; its type and default are those of the parameter of `__call__` that has its name. A generator that
    reads files takes them as `sources`. What is made twice with the same options must be the same.
    """

    name: str
    summary: str
    options: Mapping[str, str]

    def __call__(self, **options: Any) -> list[Pair]:
        """Return the pairs; `InputError` for an option that does not fit."""
        ...


def load_generator(name: str) -> "Generator | Callable[..., list[Pair]]":
    """Return a generator by name or `module:attr`; `InputError` for what is none, or one made for another version of freqbias."""
    found: Any = registry.load("generators", name)
    if isinstance(found, type) or not callable(found):
        what = f"the class {found.__name__}" if isinstance(found, type) else f"a {type(found).__name__}"
        raise InputError(f"'{name}' is not a generator but {what}; name a function, or an object that can be called")
    registry.check_api(found, f"generator '{name}'")
    if not inspect.isroutine(found):
        for field in ("name", "summary", "options"):
            if not hasattr(found, field):
                raise InputError(f"generator '{name}' has no '{field}'; see freqbias.paraphrases.Generator")
        if not isinstance(found.options, Mapping):
            raise InputError(f"generator '{name}': options must map names to descriptions, found a {type(found.options).__name__}")
        registry.check_own_name("generators", name, found.name, "its pairs")
    with in_one_line(InputError, f"generator '{name}' does not say what options it takes", found):
        _hints(found)
    generator: Callable[..., list[Pair]] = found
    return generator


def options_of(generator: Any) -> list[str]:
    """Return the names of the options that a generator takes."""
    named = [name for name, kind in _parameters(generator).items() if kind.kind not in (kind.VAR_KEYWORD, kind.VAR_POSITIONAL)]
    described = generator.options if isinstance(generator, Generator) else ()
    return [name for name in dict.fromkeys([*named, *described]) if name not in INSIDE]


def parsed_options(generator: Any, name: str, words: Sequence[str]) -> dict[str, Any]:
    """Return options given as `key=value`, each as the type of its parameter; `InputError` names those that are known."""
    known, hints = options_of(generator), _hints(generator)
    found: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        key = key.replace("-", "_")
        if not equals:
            raise InputError(f"-o {word}: expected key=value")
        if key not in known:
            raise InputError(f"generator '{name}' takes no option '{key}'; known: {', '.join(known) or 'none'}")
        try:
            found[key] = msgspec.convert(value, hints.get(key, str), strict=False)
        except msgspec.ValidationError as error:
            wrong = str(error).replace(" | null", "")  # an option that may be left out cannot be given as null
            said = "must be true or false" if hints.get(key) is bool else f"{wrong[:1].lower()}{wrong[1:]}"
            raise InputError(f"-o {word}: {said}") from error
        if found[key] != found[key]:  # NaN, with which every comparison is false
            raise InputError(f"-o {word}: must be a number")
    return found


def generate(name: str, sources: Sequence[Path], options: Mapping[str, Any], words: Sequence[str] = ()) -> list[Pair]:
    """Return the pairs of a generator; `options` are those of the command, `words` the generator's own as `key=value`.

    Raises `InputError` for an option that it does not take, an input that it cannot use, and what it returns that is no list of pairs.
    """
    generator = load_generator(name)
    known = options_of(generator)
    given = {key: value for key, value in options.items() if value is not None and value is not False}
    takes = _parameters(generator)
    if "sources" in takes:
        if not sources and takes["sources"].default is inspect.Parameter.empty:
            raise InputError(f"generator '{name}' needs an input; see: freqbias pairs --help")
        given["sources"] = sources
    elif sources:
        raise InputError(f"generator '{name}' takes no input file")
    for key in given:
        if key not in known and key not in takes and key != "seed":
            raise InputError(f"generator '{name}' takes no --{key.replace('_', '-')}")
    given = {key: value for key, value in given.items() if key in known or key in takes} | parsed_options(generator, name, words)
    seed = given.get("seed", 0)
    if isinstance(seed, int) and seed < 0:
        raise InputError(f"-o seed={seed}: must be at least 0")
    with in_one_line(InputError, f"generator '{name}'", generator):
        made = generator(**given)
    return made if name in registry.BUILT_IN["generators"] else _sound(made, name)


def _sound(made: Any, name: str) -> list[Pair]:
    """Return the pairs of somebody else's generator with the verdict of every check; `InputError` for what is no pair."""
    if not isinstance(made, list) or not all(isinstance(pair, Pair) for pair in made):
        raise InputError(f"generator '{name}' must return a list of freqbias.Pair; make each with freqbias.paraphrases.make_pair")
    seen: set[str] = set()
    for number, pair in enumerate(made):
        try:
            pair.check()
        except InputError as error:
            raise InputError(f"generator '{name}': pair {number}: {error}") from error
        if pair.id in seen:
            raise InputError(f"generator '{name}': pair {number}: field 'id' repeats '{pair.id}'")
        seen.add(pair.id)
    if not made:
        raise InputError(f"generator '{name}' made no pairs; check its options and input")
    return checked(made)


def _parameters(generator: Any) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(generator).parameters


def _hints(generator: Any) -> dict[str, Any]:
    """Return the types of a generator's parameters; where one has no annotation, that of its default."""
    function = generator if inspect.isroutine(generator) else type(generator).__call__
    hints = {
        name: type(parameter.default)
        for name, parameter in _parameters(generator).items()
        if parameter.default is not parameter.empty and parameter.default is not None
    }
    return hints | {key: kind for key, kind in get_type_hints(function).items() if kind is not typing.Any}
