"""Runs of a task made up in memory: problems in four wordings, asked in several prompts, whose log p of the right answer is planted.

Every item has its original wording, one in equally frequent words (placebo), one in frequent words, which is the original but for a word
in every third item, and one in rare words. log p(right) = item + prompt + noise + `per_zipf` * Zipf of the wording + `per_word` * its
words + `per_swap` * the words in it that the original does not have + `reworded` where there is one at all + `constant` in the rare
wording. With `both` the frequent wording is as far from the original as the rare one.
"""

import numpy as np

from freqbias.files import write_json, write_records
from freqbias.judgement import Judgement
from freqbias.records import Observation, Pair

PROBE = "quiz"
PROMPTS = ("plain", "polite", "stepwise")
JUDGEMENT = Judgement(
    measure="log_prob_nats",
    secondary=("margin_nats", "accuracy"),
    subject="problem",
    meaning="makes its right answer likelier",
    sesoi=0.1,
)
LENGTH = 14  # words of an original
OPTIONS = 5


def task_run(
    seed,
    *,
    items=80,
    per_zipf=0.0,
    per_word=0.0,
    per_swap=0.0,
    reworded=0.0,
    constant=0.0,
    both=False,
    level=-0.9,
    noise=0.15,
    prompts=PROMPTS,
):
    """Return pairs and rows; `level` is log p of a right answer in a wording as given, without anything planted."""
    rng = np.random.default_rng(seed)
    pairs, rows = [], []
    of_prompt = dict(zip(prompts, rng.normal(0, 0.3, len(prompts)), strict=True))
    for item in range(items):
        own, gold = rng.normal(0, 0.5), int(rng.integers(OPTIONS))
        forms = _forms(rng, item, both)
        for prompt in prompts:
            value = {
                name: level
                + own
                + of_prompt[prompt]
                + per_zipf * zipf
                + per_word * (len(text.split()) - LENGTH)
                + per_swap * swaps
                + reworded * (swaps > 0)
                + constant * (name == "low")
                + rng.normal(0, noise)
                for name, (text, zipf, swaps) in forms.items()
            }
            value = {name: min(log_p, -0.01) for name, log_p in value.items()}
            for arm, sides in (("frequency", ("high", "low")), ("placebo", ("original", "placebo")[:: 1 if item % 2 else -1])):
                pair = _pair(item, prompt, arm, forms, sides)
                pairs.append(pair)
                rows += _rows(pair, prompt, "gap", [value[side] for side in sides], gold, rng)
                if arm == "placebo":
                    rows += _rows(pair, prompt, "paraphrase", [value["placebo"], value["original"]], gold, rng)
    return pairs, rows


def _forms(rng, item, both):
    """Return text, Zipf relative to the original, and swapped words of every wording."""
    words = [f"w{item}x{place}" for place in range(LENGTH)]
    dose, (swaps, rare) = rng.uniform(0.7, 2.5), map(int, rng.integers(2, 5, size=2))

    def swapped(kind, count, more=0):
        return " ".join([*(f"{kind}{word}" if place < count else word for place, word in enumerate(words)), *["so"] * more])

    eased = rare if both else int(item % 3 == 0)
    return {
        "original": (" ".join(words), 0.0, 0),
        "placebo": (swapped("p", swaps, int(rng.integers(0, 2))), 0.0, swaps),
        "high": (swapped("h", eased) if eased else " ".join(words), 0.1 * eased, eased),
        "low": (swapped("l", rare, int(rng.integers(0, 5))), -dose, rare),
    }


def _pair(item, prompt, arm, forms, sides):
    (high, zipf_high, _), (low, zipf_low, _) = (forms[side] for side in sides)
    return Pair(
        id=f"{arm} {item} {prompt}",
        item=f"item {item}",
        arm=arm,
        high=high,
        low=low,
        zipf_gap=zipf_high - zipf_low,
        meta={"original": forms["original"][0], **({"oriented_by": ("subwords", "characters")[item % 2]} if arm == "placebo" else {})},
    )


def _rows(pair, prompt, contrast, values, gold, rng):
    known = {"pair_id": pair.id, "item": pair.item, "arm": pair.arm, "probe": PROBE, "contrast": contrast, "model": "m", "prompt": prompt}
    letters = [gold if value > np.log(1 / 3) else (gold + 1 + int(rng.integers(OPTIONS - 1))) % OPTIONS for value in values]
    right = [float(letter == gold) for letter in letters]
    margin = [value - np.log1p(-np.exp(value)) + np.log(2) for value in values]
    decoys = {side: value - own for side, value, own in zip(("high", "low"), values, margin, strict=True)}
    return [
        Observation(**known, measure="log_prob_nats", high=values[0], low=values[1], decoys=decoys),
        Observation(**known, measure="margin_nats", high=margin[0], low=margin[1]),
        Observation(**known, measure="accuracy", high=right[0], low=right[1], covariates={"chance": [0.2, 0.2], "answer": letters}),
    ]


def write_task_run(folder, pairs, rows):
    """Write a run folder up to its observations."""
    folder.mkdir(exist_ok=True)
    write_records(folder / "pairs.jsonl", pairs)
    write_records(folder / "observations.jsonl", rows)
    write_json(folder / "manifest.json", {"schema": 1, "judgements": {PROBE: JUDGEMENT.to_dict()}})
