"""Draw the bundled task items from their templates, and set which word of a slot is the original and which the placebo.

    python tools/draw_tasks.py [--check] [-v]

Of each template in `benchmarks/task_templates.yaml` as many items are made as an item has options: slots are drawn first, then numbers.
Fillings are exchanged within their template until the high and the low forms of the family are equally long on average. The right option
stands at each letter once a template. Last, originals and placebos are exchanged within rows of words, as few as may be, so that over
each family they differ neither in frequency nor in length. Every draw is seeded by its template, so that a template that is mended leaves
the numbers and letters of the others as they are. With `--check` nothing is written and the exit code is 1 where a file would change;
with `-v` every filling that falls is named with its reason.
"""

import itertools
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from scipy.optimize import Bounds, LinearConstraint, milp

from freqbias.frequency import word_zipf
from freqbias.paraphrases import task_templates
from freqbias.paraphrases.task_slots import SLOT
from freqbias.paraphrases.task_templates import (
    FAMILIES,
    OPTIONS,
    SlotWords,
    fill,
    slot_faults,
    slot_words,
    value,
)
from freqbias.paraphrases.words import article
from freqbias.terms import COMMONSENSE, HIGH, LOW, MATH

TEMPLATES = Path(__file__).parents[1] / "benchmarks/task_templates.yaml"
DATA = Path(task_templates.__file__).parent / "data/tasks"
PREFIXES = ("m-", "c-")  # of the words that these families use
EACH = OPTIONS  # items a template
TRIES = 10_000
LEAST_ANSWER = 2
SAME_ZIPF, SAME_LENGTH = 0.005, 0.05  # Zipf a slot and characters an item in which original and placebo may differ on average
Row = dict[str, Any]


def families(words: Mapping[str, SlotWords]) -> dict[str, list[Row]]:
    """Return the rows of each family as the templates give them; `ValueError` names a template that cannot be drawn from."""
    templates = yaml.safe_load(TEMPLATES.read_text(encoding="utf-8"))
    return {family: _draw(family, templates[family], words) for family in FAMILIES}


def _draw(family: str, templates: Mapping[str, Row], words: Mapping[str, SlotWords]) -> list[Row]:
    pools, chosen, short = {}, {}, []
    for name, template in templates.items():
        pool = list(_fillings(family, name, template, words))
        needed = EACH if family == COMMONSENSE else 1
        if len(pool) < needed:
            short.append(f"{name}: {len(pool)} fillings without a fault, {needed} needed")
            continue
        rng = _rng(name)
        rng.shuffle(pool)
        pools[name] = pool
        chosen[name] = [pool[i % len(pool)] for i in range(EACH)]
    if short:
        raise ValueError("; ".join(short))
    _level_length(pools, chosen, words)
    rows = []
    for name, template in templates.items():
        answers = (_numbered if family == MATH else _lettered)(name, template)
        pairs = zip(chosen[name], answers, strict=True)
        rows += [filling | {"id": f"{name}-{i}"} | own for i, (filling, own) in enumerate(pairs, 1)]
    return rows


def _fillings(family: str, name: str, template: Row, words: Mapping[str, SlotWords]) -> Iterator[Row]:
    """Yield every choice of words for the slots of a template in which no word comes back, as rows without numbers."""
    numbers = template.get("numbers", {}).keys() | template.get("derived", {}).keys()
    marks = [mark for mark in dict.fromkeys(re.findall(r"\{([^}]+)\}", template["text"])) if mark not in numbers]
    letters = dict(zip(marks, (letter for letter in "abcdefghij" if letter not in numbers), strict=False))
    text = re.sub(r"\{([^}]+)\}", lambda found: f"{{{letters.get(found[1], found[1])}}}", template["text"])
    shown = [number for number in sorted(numbers) if f"{{{number}}}" in text]
    for ids in itertools.product(*([_id(key, words) for key in mark.split("|")] for mark in marks)):
        row = {"id": name, "family": family, "template": name, "text": text, "slots": dict(zip(letters.values(), ids, strict=True))}
        row |= {"numbers": dict.fromkeys(shown, 0), "options": template.get("options", [])}
        faults = slot_faults(row, words)
        if not faults:
            yield row
        elif "-v" in sys.argv:
            sys.stdout.write("\n".join(faults) + "\n")


def _rng(name: str) -> random.Random:
    return random.Random(name)  # noqa: S311  # a seed that repeats is the point


def _id(key: str, words: Mapping[str, SlotWords]) -> str:
    return next(prefix + key for prefix in PREFIXES if prefix + key in words)


def _level_length(pools: Mapping[str, list[Row]], chosen: Mapping[str, list[Row]], words: Mapping[str, SlotWords]) -> None:
    """Exchange chosen fillings for others of their template until high and low are equally long in sum, or no exchange helps."""
    longer = {id(row): len(fill(row, HIGH, words)) - len(fill(row, LOW, words)) for pool in pools.values() for row in pool}
    total = sum(longer[id(row)] for rows in chosen.values() for row in rows)
    while total:
        exchanges = [
            (abs(total - longer[id(rows[i])] + longer[id(new)]), name, i, k)
            for name, rows in chosen.items()
            for k, new in enumerate(pools[name])
            if new not in rows
            for i in range(EACH)
        ]
        best, name, i, k = min(exchanges)
        if best >= abs(total):
            return
        total += longer[id(pools[name][k])] - longer[id(chosen[name][i])]
        chosen[name][i] = pools[name][k]


def _numbered(name: str, template: Row) -> Iterator[Row]:
    """Yield different numbers with an answer that is whole, not small and not among them."""
    rng, seen = _rng(name), []
    for _ in range(TRIES):
        numbers = {key: rng.randint(*bounds) for key, bounds in template["numbers"].items()}
        numbers |= {key: value(expression, numbers) for key, expression in template.get("derived", {}).items()}
        shown = {key: numbers[key] for key in sorted(numbers) if f"{{{key}}}" in template["text"]}
        try:
            answer = value(template["answer"], shown)
        except ValueError:
            continue
        if answer >= LEAST_ANSWER and answer not in shown.values() and answer not in seen and len(set(shown.values())) == len(shown):
            seen.append(answer)
            yield {"numbers": shown, "options": [], "expression": template["answer"], "answer": str(answer)}
            if len(seen) == EACH:
                return
    raise ValueError(f"{name}: no {EACH} different answers in {TRIES} draws")


def _lettered(name: str, template: Row) -> Iterator[Row]:
    """Yield the options in another order each time, the right one at each place once."""
    rng = _rng(name)
    right, *wrong = template["options"]
    for place in rng.sample(range(OPTIONS), EACH):
        others = rng.sample(wrong, len(wrong))
        yield {"numbers": {}, "options": [*others[:place], right, *others[place:]], "answer": place}


def levelled(words: Mapping[str, SlotWords], rows: Mapping[str, list[Row]]) -> dict[str, SlotWords]:
    """Return the words with as few originals and placebos exchanged as make them level in frequency and length over each family."""
    used = [id_ for id_ in words if any(id_ in row["slots"].values() for own in rows.values() for row in own)]
    sums, slack = [], []
    for own in rows.values():
        uses = Counter(id_ for row in own for id_ in row["slots"].values())
        letters = _letters(words, own)
        sums += [[uses[id_] * _zipf(words[id_]) for id_ in used], [letters[id_] for id_ in used]]
        slack += [SAME_ZIPF * uses.total(), SAME_LENGTH * len(own)]
    parts, room = np.array(sums), np.array(slack)
    level = LinearConstraint(-2 * parts, -room - parts.sum(axis=1), room - parts.sum(axis=1))
    found = milp(np.ones(len(used)), constraints=level, integrality=np.ones(len(used)), bounds=Bounds(0, 1))
    if not found.success:
        raise ValueError(f"originals and placebos cannot be made level: {found.message}")
    turned = {id_ for id_, share in zip(used, found.x, strict=True) if share > 0.5}
    return {id_: replace(own, original=own.placebo, placebo=own.original) if id_ in turned else own for id_, own in words.items()}


def _zipf(own: SlotWords) -> float:
    """Return by how many Zipf the placebo is more frequent."""
    return (word_zipf(own.placebo, "en") or 0.0) - (word_zipf(own.original, "en") or 0.0)


def _letters(words: Mapping[str, SlotWords], rows: list[Row]) -> Counter[str]:
    """Return by how many characters placebos are longer than originals in the texts of a family, articles and repeats included."""
    letters: Counter[str] = Counter()
    for row in rows:
        for found in SLOT.finditer(row["text"]):
            if found["name"] in row["slots"]:
                own = words[row["slots"][found["name"]]]
                shown = [len(article(word) + word if found["article"] else word) for word in (own.placebo, own.original)]
                letters[own.id] += shown[0] - shown[1]
    return letters


def main() -> int:
    """Write the files; return 1 with --check when one was out of date."""
    words = slot_words()
    rows = families(words)
    fresh = {"words": [asdict(own) for own in levelled(words, rows).values()]} | rows
    stale = []
    for name, own in fresh.items():
        path = DATA / f"{name}.jsonl"
        text = "".join(json.dumps(_told(row), ensure_ascii=False) + "\n" for row in own)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path.name)
            if "--check" not in sys.argv:
                path.write_text(text, encoding="utf-8")
    sys.stdout.write(f"out of date: {', '.join(stale)}\n" if stale else "up to date\n")
    return int(bool(stale) and "--check" in sys.argv)


def _told(row: Row) -> Row:
    return {key: told for key, told in row.items() if key != "options" or told}


if __name__ == "__main__":
    raise SystemExit(main())
