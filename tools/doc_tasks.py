"""What the datasheet of the task templates for translation and tool calls says in figures."""

import json
import statistics
from collections import Counter
from pathlib import Path

from scipy.optimize import brentq
from scipy.stats import norm

from freqbias.analysis.stats.resampling import minimum_detectable
from freqbias.frequency import word_zipf
from freqbias.paraphrases.task_rows import LANGUAGES, length_lean, placebo_lean, read_rows, slot_words
from freqbias.terms import FORMS, HIGH, LOW, ORIGINAL, PLACEBO, TOOLS, TRANSLATION

ROOT = Path(__file__).resolve().parents[1]
DISCORDANCE = (0.05, 0.1, 0.2)  # share of items that are right in one form alone


def task_sizes() -> str:
    """Return the table of sizes, computed from the bundled files."""
    words = slot_words()
    gaps = [(word_zipf(row[HIGH]) or 0) - (word_zipf(row[LOW]) or 0) for row in words.values()]
    lines = [
        "| what | number |",
        "|---|---|",
        f"| quadruples of words | {len(words)} |",
        f"| … of four different words | {sum(len({row[form] for form in FORMS}) == len(FORMS) for row in words.values())} |",
        f"| … median (least) Zipf gap of frequent and rare word | {statistics.median(gaps):.2f} ({min(gaps):.2f}) |",
    ]
    for family in (TRANSLATION, TOOLS):
        rows = read_rows(family)
        slots = [len(row["slots"]) for row in rows]
        lines += [
            f"| items, family `{family}` | {len(rows)} |",
            f"| … slots an item: least, mean | {min(slots)}, {statistics.mean(slots):.2f} |",
            f"| … quadruples used; most uses of one | {_uses(family)} |",
            f"| … original and placebo between rare (0) and frequent (1) in Zipf, mean | {_middle(family):.2f} |",
            f"| … characters of the frequent form less the rare one, mean | {length_lean(rows, words):+.2f} |",
            f"| … Zipf a slot, original less placebo, mean | {placebo_lean(rows, words):+.3f} |",
        ]
    functions = {tool["name"] for row in read_rows(TOOLS) for tool in row["tools"]}
    lines.append(f"| references; functions | {sum(len(row['references']) * 2 for row in read_rows(TRANSLATION))}; {len(functions)} |")
    return "\n".join(lines)


def _uses(family: str) -> str:
    counts = Counter(id_ for row in read_rows(family) for id_ in row["slots"].values())
    return f"{len(counts)}; {max(counts.values())}"


def _middle(family: str) -> float:
    """Return where the two middle words of a slot lie on average, 0 at the rare and 1 at the frequent word, over all slots."""
    used = [slot_words()[id_] for row in read_rows(family) for id_ in row["slots"].values()]
    zipf = [{form: word_zipf(words[form]) or 0.0 for form in FORMS} for words in used]
    return statistics.mean(((own[ORIGINAL] + own[PLACEBO]) / 2 - own[LOW]) / (own[HIGH] - own[LOW]) for own in zipf)


def task_power() -> str:
    """Return what a family detects with 80 % power at 5 %: accuracy by McNemar's test, and a graded outcome by the item means."""
    head = " | ".join(f"{share:.0%} discordant" for share in DISCORDANCE)
    lines = [f"| family | items | {head} | graded |", f"|---|---:|{'---:|' * len(DISCORDANCE)}---:|"]
    for family in (TRANSLATION, TOOLS):
        n = len(read_rows(family))
        points = " | ".join(_points(n, share) for share in DISCORDANCE)
        lines.append(f"| {family} | {n} | {points} | {minimum_detectable(n**-0.5, n - 1):.2f} SD |")
    return "\n".join(lines)


def _points(n: int, discordance: float) -> str:
    """Return the difference in accuracy that McNemar's test finds in n pairs (Connor 1987, doi:10.2307/2531961), or that none is."""
    alpha, power = norm.ppf(0.975), norm.ppf(0.8)

    def excess(difference: float) -> float:
        needed = (alpha * discordance**0.5 + power * (discordance - difference**2) ** 0.5) ** 2
        return float(n * difference**2 - needed)

    if excess(discordance) < 0:  # not even where all discordant pairs go one way
        return "none"
    return f"{100 * brentq(excess, 1e-9, discordance):.1f} points"


def task_reading() -> str:
    """Return what the reading of all items found, from the committed findings: in the random sample, and in the others."""
    text = (ROOT / "benchmarks" / "task_rows_read.jsonl").read_text(encoding="utf-8")
    head, *rows = map(json.loads, text.splitlines())
    count = Counter((row["sample"], row["where"], row["verdict"]) for row in rows)
    lines = ["| what was read | 40 random items: bad, doubtful | the others: bad, doubtful |", "|---|---|---|"]
    for where in (ORIGINAL, PLACEBO, HIGH, LOW, *LANGUAGES):
        cells = [f"{count[sample, where, 'bad']}, {count[sample, where, 'doubtful']}" for sample in (True, False)]
        lines.append(f"| {where if where in FORMS else f'references in `{where}`'} | {cells[0]} | {cells[1]} |")
    sampled = Counter(id_.split("-")[0] for id_ in head["random_40"])
    shown = ", ".join(f"{number} of {name}" for name, number in sorted(sampled.items()))
    mended = sum(row["mended"] for row in rows)
    return "\n".join([*lines, "", f"The random items are {shown}. Of {len(rows)} findings, {mended} were mended."])
