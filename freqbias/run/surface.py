"""What `freqbias.run`, `annotate`, `audit`, `substitute`, `score` do: the commands' work, with pairs and texts that may be in memory."""

import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from freqbias.errors import FreqbiasError, InputError
from freqbias.files import PairFile
from freqbias.progress import Track, silent
from freqbias.records import Pair
from freqbias.run.failures import tell_failures
from freqbias.run.pipeline import make_run
from freqbias.run.result import Run
from freqbias.run.settings import settings
from freqbias.terms import OBSERVATIONS_FILE, PAIRS_FILE

if TYPE_CHECKING:
    from freqbias.paraphrases.synonyms import Synonyms
    from freqbias.run.ordering import Ordered

log = logging.getLogger(__name__)

#: Arguments that have another name in Python than on the command line.
ARGUMENTS = {"embedder": "embedders", "lm": "lms", "probe": "probes", "remedy": "remedies", "fresh": "fresh=True", "norm": "norms"}
#: Those of `rewrite`, which takes one model of a kind, and is told where to keep candidates instead of where to write pairs.
REWRITE_ARGUMENTS = ARGUMENTS | {"embedder": "embedder", "lm": "lm", "out": "journal"}
_OWN_OPTION = re.compile(r"-o (?=\w+=)")
_OPTION = re.compile(r"--([a-z][a-z-]*[a-z]|n)\b")
_FIELD = re.compile(r"^(embedder|lm|probe|remedy)\b(?=[.:])")

Table = Iterable[Sequence[str]]
Pairs = str | os.PathLike[str] | Iterable[Pair]


@contextmanager
def arguments_named(names: Mapping[str, str] = ARGUMENTS) -> Iterator[None]:
    """Let errors in the block speak of arguments: `base_url` where the command says `--base-url`; `names` are those that differ more."""
    try:
        yield
    except FreqbiasError as error:
        message = in_python(str(error), names)
        if message == str(error):
            raise
        raise type(error)(message) from error


def in_python(message: str, names: Mapping[str, str] = ARGUMENTS) -> str:
    """Return an error message with the names that options have as arguments in Python."""
    message = _OWN_OPTION.sub("", _FIELD.sub(lambda found: names[found[1]], message))
    return _OPTION.sub(lambda found: names.get(found[1], found[1].replace("-", "_")), message)


def run_pairs(pairs: Pairs | None, given: Mapping[str, Any], track: Track) -> Run:
    """Run every stage on pairs from a path or in memory; `given` are the options under the names of the command line."""
    options = dict(given)
    held: list[Pair] | None = None
    if isinstance(pairs, str | os.PathLike):
        options["pairs"] = os.fspath(pairs)
    elif pairs is not None:
        held = checked_pairs(pairs)
    temporary = None if options.get("out") is not None else tempfile.mkdtemp(prefix="freqbias-")
    out = Path(temporary or options["out"])
    if held is not None:
        options["pairs"] = out / PAIRS_FILE  # where they will lie, so that `freqbias status` can name the command that goes on
    try:
        with arguments_named():
            make_run(settings(options | {"out": os.fspath(out)}, None).with_models(), held, track=track)
        tell_failures(out / OBSERVATIONS_FILE)
        return Run(out, temporary=temporary is not None)
    except BaseException:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
        raise


def checked_pairs(pairs: Iterable[Pair]) -> list[Pair]:
    """Return pairs that never were in a file as a list, checked as if they had been; `InputError` says which one is at fault."""
    found: dict[str, Pair] = {}
    for number, pair in enumerate(several(pairs, "pairs", "a path or several Pair")):
        if not isinstance(pair, Pair):
            raise InputError(f"pairs[{number}]: expected a Pair, found {type(pair).__name__}; build one with Pair.from_dict")
        try:
            checked = Pair.from_dict(pair.to_dict())
        except InputError as error:
            raise InputError(f"pairs[{number}]: {error}") from error
        if found.setdefault(checked.id, checked) is not checked:
            raise InputError(f"pairs[{number}]: field 'id' repeats '{checked.id}'")
    if not found:
        raise InputError("pairs: none given")
    return list(found.values())


def several(given: Any, argument: str, wanted: str) -> Iterable[Any]:
    """Return what can be gone through in order; `InputError` names the argument and what is `wanted` of it."""
    if not isinstance(given, Iterable) or isinstance(given, Mapping | bytes):
        raise InputError(f"{argument}: expected {wanted}, found {type(given).__name__}")
    return given


def audit(pairs: Pairs, *, tokenizer: str | None = None, similarity: str | None = None) -> dict[str, Any]:
    """Return what differs between the two forms of pairs besides frequency, as `audit.json` holds it.

    `pairs` is a pair file, a run folder, or pairs in memory. `tokenizer` names an embedding model whose subwords to count, `similarity`
    one that says how alike the two forms are. Raises `InputError` for pairs or models that cannot be used.
    """
    from freqbias.run.stages import audit_of

    found = PairFile(pairs) if isinstance(pairs, str | os.PathLike) else checked_pairs(pairs)
    with arguments_named():
        return audit_of(found, tokenizer=tokenizer, similarity=similarity)


def annotate(
    pairs: Pairs,
    norms: "Mapping[str, str | os.PathLike[str] | Mapping[str, float]] | None" = None,
    *,
    frequencies: "Mapping[str, str | os.PathLike[str] | Mapping[str, float]] | None" = None,
) -> list[Pair]:
    """Return pairs with norms of their swapped words as covariates, by the names that you give them.

    `norms` maps a name to a table of words and numbers (age of acquisition, concreteness, prevalence): its path, `FILE:COLUMN` where the
    table has more than two columns, or numbers by word. The audit, `match` and the regression then take it by this name. `frequencies`
    are the same for another frequency list, on a log scale. How many words and pairs have a value is logged (INFO). Raises `InputError`
    for pairs or tables that cannot be used.
    """
    from freqbias.paraphrases.norms import Coverage, annotated, norm_of

    given = {False: norms or {}, True: frequencies or {}}
    found = list(PairFile(pairs)) if isinstance(pairs, str | os.PathLike) else checked_pairs(pairs)
    if not any(given.values()):
        raise InputError("norms: none given")
    for name in given[False].keys() & given[True].keys():
        raise InputError(f"two norms are called '{name}'; give each a name of its own")
    coverage = Coverage()
    tables = [
        norm_of(name, os.fspath(values) if isinstance(values, os.PathLike) else values, frequency=frequency)
        for frequency, own in given.items()
        for name, values in own.items()
    ]
    made = annotated(found, tables, coverage)
    for line in coverage.lines():
        log.info("%s", line)
    return made


def substitute(
    texts: str | os.PathLike[str] | Iterable[str],
    *,
    field: str | None = None,
    split: str | None = None,
    n: int | None = None,
    seed: int = 0,
    tagger: str = "rules",
    fit: str | None = None,
    max_share: float = 0.1,
    synonyms: str | os.PathLike[str] | Table | None = None,
) -> list[Pair]:
    """Return the pairs of arms `frequency` and `placebo` that texts allow, each word of a set in its frequent and its rare form.

    `texts` are texts in memory, or the path of a text file (one a line), of a file of rows whose column `field` (default `text`) holds
    the text, or of a folder as BEIR lays it out, of whose judgements `split` names the part to read. `n` limits each arm to a part that
    is drawn with `seed`. A text that is not in English is left alone.
    `tagger` is `rules` or `hanta`, `fit` a language model that leaves out swaps of which a word does not fit, `max_share` the most of an
    arm that one word pair may be. `synonyms` are words of your own beside the bundled sets: the path of a table, or rows in memory (a
    data frame too), of word, word, part of speech; which rows are used, and why others are not, is logged (INFO). Raises `InputError`
    where there are no texts, and for a row that is none.
    """
    from freqbias.paraphrases.substitute import generate, pairs_of_texts

    with arguments_named():
        own = _synonyms(synonyms)
        if isinstance(texts, str | os.PathLike):
            return generate(
                [os.fspath(texts)], field=field, split=split, n=n, seed=seed, tagger=tagger, fit=fit, max_share=max_share, synonyms=own
            )
        return pairs_of_texts(
            several(texts, "texts", "a path or several texts"),
            n=n,
            seed=seed,
            tagger=tagger,
            fit=fit,
            max_share=max_share,
            synonyms=own,
        )


def _synonyms(given: str | os.PathLike[str] | Table | None) -> "Synonyms | None":
    from freqbias.paraphrases.synonyms import read_synonyms, synonyms_of

    if given is None:
        return None
    if isinstance(given, str | os.PathLike):
        return read_synonyms(Path(given))
    rows = given.itertuples(index=False) if hasattr(given, "itertuples") else given
    return synonyms_of(several(rows, "synonyms", "a path or rows of word, word, part of speech"))


def lexsub(
    path: str | os.PathLike[str], *, share: float = 0.8, own_word: bool = False, n: int | None = None, seed: int = 0
) -> list[Pair]:
    """Return the pairs of arms `frequency` and `placebo` that a file of lexical substitution allows: words accepted in one place.

    `path` is the JSON of SWORDS, or a table of sentence, word and substitutes split by tabs (LexMTurk, BenchLS, TSAR). Both forms must
    reach `share` of the annotators; with `own_word` one of them is the passage's own. `n` limits each arm to a part that is drawn with
    `seed`. Raises `InputError` where there are none.
    """
    from freqbias.paraphrases.lexsub import generate

    with arguments_named():
        return generate([os.fspath(path)], share=share, own_word=own_word, n=n, seed=seed)


def rewrite(
    texts: str | os.PathLike[str] | Iterable[str],
    *,
    lm: str,
    embedder: str = "minilm",
    field: str | None = None,
    split: str | None = None,
    language: str = "en",
    n: int | None = None,
    seed: int = 0,
    k: int = 5,
    temperature: float = 0.7,
    max_tokens: int = 256,
    similarity: float | None = None,
    ratio: float = 1.1,
    gap: float = 0.3,
    journal: str | os.PathLike[str] | None = None,
    **loading: Any,
) -> list[Pair]:
    """Return the pairs that language model `lm` gives by writing texts anew, `k` times in common and `k` times in uncommon words.

    `texts`, `field`, `split`, `n` and `seed` are those of `substitute`. A rewrite must keep numbers, names, negation and, by `embedder`,
    the meaning (a score of at least `similarity` with the text; None: what bundled pairs have by that embedder); the two of a pair have
    words within `ratio` of each other, and those of arm `frequency` lie at least `gap` Zipf units apart. Every rewrite is kept in the
    file `journal` with what became of it, and what is there is not asked for again; None keeps them in memory. `loading` are fields of
    `freqbias.models.Loading` for `lm`. What each filter took is logged (INFO). Raises `InputError` for texts, models or options that
    cannot be used.
    """
    from freqbias.models import Loading
    from freqbias.paraphrases.documents import documents
    from freqbias.paraphrases.rewrite import Asking, Coverage, Work, limits, pairs_of, pairs_of_texts

    coverage, path = Coverage(), None if journal is None else Path(journal)
    with arguments_named(REWRITE_ARGUMENTS):
        asking = Asking(lm=lm, k=k, seed=seed, temperature=temperature, max_tokens=max_tokens, loading=Loading(**loading))
        own = limits(language, ratio, gap)
        work = Work(asking=asking, limits=own, embedder=embedder, similarity=similarity, journal=path, n=n)
        if isinstance(texts, str | os.PathLike):
            made = pairs_of(documents(Path(texts), field, split), os.fspath(texts), work, coverage)
        else:
            made = pairs_of_texts(several(texts, "texts", "a path or several texts"), work, coverage)
    for line in coverage.lines():
        log.info("%s", line)
    return made


def score(
    texts: str | Iterable[str],
    *,
    frequency: str = "mean_zipf",
    language: str = "en",
    corpus: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
    completions: str | os.PathLike[str] | None = None,
) -> list[dict[str, Any]]:
    """Return how frequent the wording of each text is: `text`, the value under the frequency's name, and `unknown` words.

    `frequency` is a name from `freqbias list frequencies` or `module:attr`; `corpus` are files of your own counts, `completions` a
    model's story completions for `tfd`. One text may stand alone. Raises `InputError` for what cannot be used.
    """
    from freqbias.run.scoring import scored

    lines = [texts] if isinstance(texts, str) else list(several(texts, "texts", "a text or several"))
    for number, text in enumerate(lines):
        if not isinstance(text, str):
            raise InputError(f"texts[{number}]: expected a text, found {type(text).__name__}")
    files = [Path(path) for path in ([corpus] if isinstance(corpus, str | os.PathLike) else corpus)]
    with arguments_named():
        mixed = None if completions is None else Path(completions)
        return list(scored(lines, frequency, language=language, corpus=files, completions=mixed))


def order(
    file: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    by: str,
    field: str | None = None,
    seed: int = 0,
    language: str = "en",
    track: Track = silent,
) -> "Ordered":
    """Write the rows of a file to `out` in order of the frequency of their wording, and return how many there are.

    `by` is `low-to-high` or `high-to-low` (the mean Zipf value of the content words of column `field`, default `text`), `random` by
    `seed`, or `length`, few words first. Rows stay as they stand; equal ones keep their order; those without a known content word come
    last. The file (.jsonl, .csv, .tsv, .txt, gzipped or not) may be larger than memory, and `out` appears when it is whole. Which way
    Adam's Law trains is for you to choose: its abstract says low-to-high, the script in its repository sorts high-to-low. Raises
    `InputError` for what cannot be used.
    """
    from freqbias.run.ordering import write_ordered

    with arguments_named():
        return write_ordered(Path(file), Path(out), by=by, field=field, seed=seed, language=language, track=track)
