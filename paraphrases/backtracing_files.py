"""The benchmark of backtracing in a user's own copy: questions, and the texts of which some sentence caused them.

Wang et al. 2024, *Backtracing: Retrieving the Cause of the Query* (arXiv:2403.03956, github.com/rosewang2008/backtracing). Its licence
forbids commercial use, so no part of it comes with freqbias. The layout, in `data` of the repository:

    sight/query/annotated/NAME.json        lectures     `annotatedSourceSentencesIndices`: places from 0
    inquisitive/query/test/NAME.json       articles     `sentence_id`: one place from 1
    reccon/query/NAME.json                 dialogues    `source_sentences`: places from 0; `id`: the query's own turn, from 1
    …/sources/…/NAME.json                  the text: a list of sentences, each an object with `text`

A dialogue holds the turn that is the query; it stays in the text and is marked, so that no probe takes it for a candidate. `high` and
`low` are the first of the causes in which a bundled word can be swapped (`swapping`), so questions without one make no pair. One of the
two forms is the author's own wording (`meta.original_side`; usually the frequent one): hold the gap against the placebo's.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from freqbias.errors import InputError
from freqbias.files import read_json
from freqbias.frequency import mean_zipf_gap
from freqbias.paraphrases.making import drafted
from freqbias.paraphrases.swapping import both_forms
from freqbias.records import Pair
from freqbias.terms import FREQUENCY, HIGH, LOW, ORIGINAL_SIDE, PLACEBO, SWAPPED_WORDS, ZIPF_GAP_OF

log = logging.getLogger(__name__)

#: By folder: the domain, the part of the files that is scored in the paper, the field of the places, and where they start.
DATASETS = {
    "sight": ("lecture", "annotated", "annotatedSourceSentencesIndices", 0),
    "inquisitive": ("article", "test", "sentence_id", 1),
    "reccon": ("conversation", "", "source_sentences", 0),
}
OWN_TURN = "id"  # of a query that is a turn of its own text, from 1


def read_pairs(folders: Sequence[Path], skipped: list[str] | None = None) -> dict[str, list[Pair]]:
    """Return the pairs of some folders by arm; `InputError` names the file and the query of the first fault.

    A folder is the repository, its `data`, or one of the three datasets. What makes no pair is counted, in `skipped` where it is given.
    """
    found: dict[str, list[Pair]] = {FREQUENCY: [], PLACEBO: []}
    asked = without = 0
    for folder in folders:
        for path, name, number, row, sentences in _questions(folder):
            asked += 1
            causes, own = _places(path, name, row, sentences)
            if not causes:
                without += 1
                continue
            for arm, pairs in found.items():
                pair = _pair(path, (arm, name, str(number)), row, sentences, causes, own)
                if pair is not None:
                    pairs.append(pair)
    told = f"{asked} questions, {without} of them without a cause beside their own turn; "
    told += ", ".join(f"{len(pairs)} {arm} pairs" for arm, pairs in found.items())
    log.info("%s", told) if skipped is None else skipped.append(told)
    if not found[FREQUENCY]:
        raise InputError(f"{folders[0]}: {told}; no cause holds a word that can be swapped")
    return found


def _questions(folder: Path) -> Iterator[tuple[Path, str, int, dict[str, Any], list[str]]]:
    """Yield file, dataset, number in its file, query and the sentences of its text."""
    base = folder / "data" if (folder / "data").is_dir() else folder
    known = [(name, base / name) for name in DATASETS if (base / name / "query").is_dir()]
    if (base / "query").is_dir() and base.name in DATASETS:
        known.append((base.name, base))
    if not known:
        raise InputError(
            f"{folder}: none of {', '.join(f'{name}/query' for name in DATASETS)} is in it; give the benchmark's folder data"
        )
    for name, own in known:
        part = DATASETS[name][1]
        paths = sorted((own / "query" / part).glob("*.json"))
        if not paths:
            raise InputError(f"{own / 'query' / part}: no .json file in it")
        for path in paths:
            text = own / "sources" / part / path.name
            if not text.is_file():
                raise InputError(f"{path}: its text {text} is not there")
            sentences = [_text(text, row) for row in _listed(text)]
            for number, row in enumerate(_listed(path)):
                yield path, name, number, row, sentences


def _listed(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a file, which may hold one alone."""
    found = read_json(path)
    rows = [found] if isinstance(found, dict) else found
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{path}: expected a list of objects")
    return rows


def _text(path: Path, row: Mapping[str, Any]) -> str:
    text = row.get("text")
    if not isinstance(text, str):
        raise InputError(f"{path}: field 'text' must be a text")
    return text.strip()


def _places(path: Path, name: str, row: Mapping[str, Any], sentences: Sequence[str]) -> tuple[list[int], list[int]]:
    """Return the places of the causes and of the query's own turn, from 0; the own turn is no cause."""
    _, _, field, start = DATASETS[name]
    given = row.get(field)
    places = [given] if isinstance(given, int) else given
    own = row.get(OWN_TURN) if name == "reccon" else None
    if not isinstance(places, list) or not all(isinstance(place, int) for place in [*places, *([] if own is None else [own])]):
        raise InputError(f"{path}: field '{field}' must hold places of sentences, found {given!r}")
    turns = [] if own is None else [own - 1]
    causes = [place - start for place in places]
    for place in [*causes, *turns]:
        if not 0 <= place < len(sentences):
            raise InputError(f"{path}: a place of '{row.get('text')}' is beyond the {len(sentences)} sentences of its text")
    return [place for place in dict.fromkeys(causes) if place not in turns and sentences[place]], turns


def _pair(
    path: Path, of: tuple[str, str, str], row: Mapping[str, Any], sentences: Sequence[str], causes: Sequence[int], own: Sequence[int]
) -> Pair | None:
    """Return the pair of a query; `of` is its arm, its dataset and its number in the file. None where no cause can be swapped."""
    arm, name, _ = of
    question = _text(path, row)
    for place in causes if question else ():
        high, low, couples = both_forms(sentences[place], arm)
        if couples and high != low:
            break
    else:
        return None
    original = {high: HIGH, low: LOW}.get(sentences[place])
    return drafted(
        item=f"{name}/{path.stem}",
        arm=arm,
        high=high,
        low=low,
        key=(*of, path.stem, question, high, low),
        queries={"relevant": [question]},
        zipf_gap=mean_zipf_gap(couple[:2] for couple in couples),
        generator="backtracing",
        meta={
            "domain": DATASETS[name][0],
            "sentences": [high if k == place else text for k, text in enumerate(sentences)],
            "causes": list(causes),
            "changed": place,
            "own": list(own),
            "swap": [list(couple[:2]) for couple in couples],
            ORIGINAL_SIDE: original,
            ZIPF_GAP_OF: SWAPPED_WORDS,
        },
    )
