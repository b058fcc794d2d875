"""Copy figures from committed files into the texts that quote them; with --check, exit 1 when a text is out of date.

python tools/update_docs.py [--check]
"""

import json
import math
import statistics
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from doc_blind import blind_readings
from doc_helpdesk import helpdesk
from doc_problems import task_power as problem_power
from doc_problems import task_readings as problem_readings
from doc_problems import task_sizes as problem_sizes
from doc_results import embeddings, example, halves, headlines, inversions, language_models, summary
from doc_task_runs import answer as answer_of_tasks
from doc_task_runs import log_probabilities, right_answers
from doc_tasks import task_power as row_power
from doc_tasks import task_reading, task_sizes
from statsmodels.stats.proportion import proportion_confint

from freqbias.analysis.design import power_of_task
from freqbias.analysis.estimate.families import is_confirmatory
from freqbias.analysis.report.glossary import Entry, groups, listed
from freqbias.analysis.stats.resampling import minimum_detectable
from freqbias.files import read_estimates
from freqbias.frequency import word_zipf
from freqbias.judgement import Judgements
from freqbias.models.names import kinds
from freqbias.models.names.families import Family, families
from freqbias.paraphrases.constructions import CONJUNCT_ORDER, KINDS, dose_of, rates, sentences
from freqbias.paraphrases.lexicon import SynonymSet, fitting_frames, frames, synonym_sets
from freqbias.paraphrases.slots import rules
from freqbias.paraphrases.substitute import Coverage, generate
from freqbias.registry import BUILT_IN
from freqbias.terms import COMMONSENSE, FREQUENCY, MATH, PLACEBO, SIDES, TOOLS, TRANSLATION

ROOT = Path(__file__).resolve().parents[1]
TOKENIZERS = ("wordpiece", "sentencepiece", "bpe")


def _gap(item: SynonymSet) -> float:
    return (word_zipf(item.high) or 0.0) - (word_zipf(item.low) or 0.0)


def sizes() -> str:
    """Return the datasheet's table of sizes, computed from the bundled files."""
    frequency, placebo = synonym_sets("frequency"), synonym_sets("placebo")
    gaps = {item.id: _gap(item) for item in frequency}
    neutral = [item for item in frequency if set(item.register) == {"neutral"}]
    lines = ["| what | number |", "|---|---|", f"| synonym sets, arm `frequency` | {len(frequency)} |"]
    lines += [f"| … {pos}s | {count} |" for pos, count in sorted(Counter(item.pos for item in frequency).items())]
    lines += [
        f"| … median (least) Zipf gap | {statistics.median(gaps.values()):.2f} ({min(gaps.values()):.2f}) |",
        f"| … called the same by both readers | {sum(item.surely_same for item in frequency)} |",
        f"| … both words neutral | {len(neutral)} |",
        f"| … … and single pieces of WordPiece and of BPE | {sum(map(_is_whole, neutral))} |",
        f"| … rare form informal / formal | {_share(frequency, 'informal')} / {_share(frequency, 'formal')} |",
        f"| … headline (sense share ≥ .8 on both sides, no relatives, not regional) | {sum(i.headline for i in frequency)} |",
        f"| … frequent form at least as long as the rare one | {_percent([len(i.high) >= len(i.low) for i in frequency])} |",
    ]
    for name in TOKENIZERS:
        equal = [item for item in frequency if item.subwords[name][0] == item.subwords[name][1]]
        medians = [statistics.median(gaps[item.id] for item in part) for part in (equal, _others(frequency, equal))]
        share = f"{len(equal) / len(frequency):.0%}"
        lines.append(f"| … split equally by {name} | {share}; median gap {medians[0]:.2f}, the others {medians[1]:.2f} |")
    matched = [item for item in frequency if item.gap_matched]
    halves = [
        statistics.median(gaps[item.id] for item in matched if (item.subwords["wordpiece"][0] == item.subwords["wordpiece"][1]) == equal)
        for equal in (True, False)
    ]
    medians_text = f"median gap {halves[0]:.2f} where they split equally, {halves[1]:.2f} where they do not"
    lines += [
        f"| … `balanced` (level in characters, readability and register; the default) | {sum(item.balanced for item in frequency)} |",
        f"| … `gap_matched` (half split equally by wordpiece, half do not) | {len(matched)}; {medians_text} |",
    ]
    rivals = ", ".join(f"{name} {count}" for name, count in sorted(Counter(str(item.oriented_by) for item in placebo).items()))
    fitting = [len(fitting_frames(item.id, item.arm)) for item in (*frequency, *placebo)]
    lines += [
        f"| synonym sets, arm `placebo` | {len(placebo)} ({rivals}) |",
        f"| … mean oriented Zipf gap | {statistics.mean(map(_gap, placebo)):+.3f} |",
        f"| frames (domains) | {len(frames())} ({len({frame.domain for frame in frames()})}) |",
        f"| frames that fit a set: least, median | {min(fitting)}, {statistics.median(fitting):.0f} |",
        f"| frames that were written for one set | {sum(not frame.slots for frame in frames())} |",
        f"| glosses | {sum(len(item.glosses) for item in (*frequency, *placebo))} |",
    ]
    return "\n".join(lines)


def _is_whole(item: SynonymSet) -> bool:
    return max(item.subwords["wordpiece"] + item.subwords["bpe"]) == 1


def _others(items: tuple[SynonymSet, ...], without: list[SynonymSet]) -> list[SynonymSet]:
    out = {item.id for item in without}
    return [item for item in items if item.id not in out]


def _percent(flags: list[bool]) -> str:
    return f"{statistics.mean(flags):.0%}"


def _share(items: tuple[SynonymSet, ...], register: str) -> str:
    return _percent([item.register[1] == register for item in items])


def blind() -> str:
    """Return what the two readers of the blind check found, with Wilson's intervals of 95 %."""
    rows = [json.loads(line) for line in (ROOT / "paraphrases/data/blind_read.jsonl").read_text(encoding="utf-8").splitlines()]
    lines = ["| arm | reader | pairs | clean | doubtful | wrong |", "|---|---|---:|---|---:|---|"]
    for arm in (FREQUENCY, PLACEBO):
        for reader in ("a", "b"):
            said = Counter(row[f"reader_{reader}"]["verdict"] for row in rows if row["arm"] == arm)
            shares = [_share_of(said[word], said.total()) for word in ("clean", "wrong")]
            lines.append(f"| {arm} | {reader.upper()} | {said.total()} | {shares[0]} | {said['doubtful']} | {shares[1]} |")
    verdicts = [{row[f"reader_{reader}"]["verdict"] for reader in "ab"} for row in rows]
    both = sum("clean" not in said for said in verdicts)
    one = sum(len(said) > 1 and "clean" in said for said in verdicts)
    return "\n".join([*lines, "", f"Pairs that both readers objected to: {both}; that only one of them did: {one}."])


def _share_of(count: int, total: int) -> str:
    low, high = proportion_confint(count, total, method="wilson")
    return f"{count} ({count / total:.1%}; {low:.1%} to {high:.1%})"


def power() -> str:
    """Return the detectable effect that the spread seen in the example run implies for the whole of the balanced sets."""
    rows = [row for row in read_estimates(ROOT / "results/example") if row.term == "mean" and is_confirmatory(row, Judgements())]
    items = sum(item.balanced for item in synonym_sets("frequency"))
    lines = []
    for row in rows:
        spread = (row.std_error or 0.0) * math.sqrt(row.n_items)
        least = minimum_detectable(spread / math.sqrt(items), items - 1)
        share = f", {least / row.bound:.1f} times the smallest effect of interest" if row.bound else ""
        found = f"{items} items detect {least:.3g} with 80 % power{share}"
        lines.append(f"* {row.model}, `{row.contrast}`: item means spread by {spread:.3g}; {found}.")
    return "\n".join(lines)


def swaps() -> str:
    """Return what two blind readers found in the last sample of substitutions, and in those before it."""
    folder = ROOT / "benchmarks"
    lines = ["| sample | arm | swaps | bad, by each reader | doubtful, by each reader |", "|---|---|---:|---:|---:|"]
    samples = [("swaps_blind_1", "first"), ("swaps_blind_2", "second"), ("swaps_final", "last")]
    for name, label in (*samples, ("swaps_final", "… of sets that are still bundled")):
        rows = [json.loads(line) for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
        rows = [row for row in rows if not label.startswith("…") or row["set"] in rules()]
        for arm in (FREQUENCY, PLACEBO):
            own = [[set(row[f"reader_{reader}"].values()) for reader in (1, 2)] for row in rows if row["arm"] == arm]
            counts = [", ".join(str(sum(word in said[reader] for said in own)) for reader in (0, 1)) for word in ("bad", "doubtful")]
            lines.append(f"| {label} | {arm} | {len(own)} | {counts[0]} | {counts[1]} |")
    return "\n".join(lines)


def everyday() -> str:
    """Return what two blind readers found in the changed sentences of four domains, by form."""
    rows = [json.loads(line) for line in (ROOT / "benchmarks/everyday_read.jsonl").read_text(encoding="utf-8").splitlines()]
    lines = ["| arm | form | texts | bad, by each reader | doubtful, by each reader |", "|---|---|---:|---:|---:|"]
    for arm in (FREQUENCY, PLACEBO):
        own = [row for row in rows if row["arm"] == arm]
        for side in SIDES:
            said = [[row[f"reader_{reader}"][side] for row in own] for reader in (1, 2)]
            counts = [", ".join(str(words.count(word)) for words in said) for word in ("bad", "doubtful")]
            lines.append(f"| {arm} | {side} | {len(own)} | {counts[0]} | {counts[1]} |")
    return "\n".join(lines)


def held_out() -> str:
    """Return how many sentences of another writer the rows change, and what blind readers found in those changed when they read them."""
    coverage = Coverage()
    generate(sorted((ROOT / "tests/data/held_out").glob("*.txt")), coverage=coverage)
    rows = [json.loads(line) for line in (ROOT / "benchmarks/everyday_held_out_read.jsonl").read_text(encoding="utf-8").splitlines()]
    readers = sorted(name for name in rows[0] if name.startswith("reader_"))
    lines = [
        f"Of {coverage.texts} sentences, {coverage.changed[FREQUENCY]} are changed in arm `frequency` and {coverage.changed[PLACEBO]} in "
        f"`placebo`. Readers saw {len(rows)} of arm `frequency`, in both forms.",
        "",
        f"| form | texts | bad, by each of {len(readers)} | doubtful, by each |",
        "|---|---:|---:|---:|",
    ]
    for side in SIDES:
        counts = [", ".join(str(sum(row[name][side] == word for row in rows)) for name in readers) for word in ("bad", "doubtful")]
        lines.append(f"| {side} | {len(rows)} | {counts[0]} | {counts[1]} |")
    return "\n".join(lines)


def constructions() -> str:
    """Return the datasheet's table of the sentences in two phrasings, computed from the bundled files."""
    lines = ["| kind | sentences | words, frequent and rare | log10 per million, frequent and rare | of |", "|---|---:|---|---|---|"]
    for kind in (*KINDS, CONJUNCT_ORDER):
        own = [sentence for sentence in sentences() if sentence.construction == kind]
        words = [statistics.mean(len(getattr(sentence, side).split()) for sentence in own) for side in SIDES]
        dose = dose_of(kind)
        told = "not known" if dose is None else f"{dose[0]:.2f}, {dose[1]:.2f}"
        told = "equal" if kind == CONJUNCT_ORDER else told
        lines.append(f"| `{kind}` | {len(own)} | {words[0]:.1f}, {words[1]:.1f} | {told} | {rates()[kind]['unit'] or '–'} |")
    return "\n".join(lines)


def reading() -> str:
    """Return what two readers found in the pairs as first written, kind by kind, and in the mended ones if they were read again."""
    rows = [json.loads(line) for line in (ROOT / "paraphrases/data/constructions_read.jsonl").read_text(encoding="utf-8").splitlines()]
    first, again = ([row for row in rows if row["reading"] == number] for number in (1, 2))
    head = "| kind | pairs | clean, by each reader | doubtful | wrong | not read | mended since |"
    lines = [head, "|---|---:|---|---|---|---|---:|"]
    lines += [_told(f"`{kind}`", [row for row in first if row["construction"] == kind]) for kind in (*KINDS, CONJUNCT_ORDER)]
    lines.append(_told("all", first))
    mended = [row for row in first if row["mended"]]
    clean = [row for row in mended if not _doubted(row)]
    told = ", ".join(f"`{row['item']}`" for row in clean)
    lines += ["", f"{sum(map(_doubted, first))} pairs were doubted or called wrong by one reader or both; {len(mended)} were mended"]
    lines[-1] += f", of them {len(clean)} that both had passed, for the fault that was found in others ({told})." if clean else "."
    for reader in ("reader_1", "reader_2"):
        skipped = ", ".join(f"`{row['item']}`" for row in first if row[reader] is None)
        lines[-1] += f" {reader.replace('_', ' ').capitalize()} left out {skipped}." if skipped else ""
    if not again:
        lines += ["", "The mended pairs were read by their writer only."]
        return "\n".join(lines)
    lines += ["", "The mended pairs, and any that a reader had left out, were given to two readers again:", ""]
    return "\n".join([*lines, head, "|---|---:|---|---|---|---|---:|", _told("second reading", again)])


def task_power() -> str:
    """Return what a task can show before a run: the table of `freqbias power --task`."""
    answers = power_of_task()
    shares = sorted({answer.discordance for answer in answers})
    lines = [f"| items | {' | '.join(f'{share:.0%} differ' for share in shares)} |", f"|---:|{'---:|' * len(shares)}"]
    for items in sorted({answer.items for answer in answers}):
        row = [answer.detectable_points for share in shares for answer in answers if (answer.discordance, answer.items) == (share, items)]
        lines.append(f"| {items} | {' | '.join('–' if points is None else f'{points:.1f}' for points in row)} |")
    return "\n".join(lines)


def _doubted(row: dict[str, Any]) -> bool:
    return any(row[reader] is not None and row[reader]["verdict"] != "clean" for reader in ("reader_1", "reader_2"))


def _told(name: str, rows: list[dict[str, Any]]) -> str:
    """Return a line of the table of readings: how often each reader gave each verdict, or none."""
    counts = [Counter("none" if row[reader] is None else row[reader]["verdict"] for row in rows) for reader in ("reader_1", "reader_2")]
    told = " | ".join(", ".join(str(count[verdict]) for count in counts) for verdict in ("clean", "doubtful", "wrong", "none"))
    return f"| {name} | {len(rows)} | {told} | {sum(row['mended'] for row in rows)} |"


def embedding_families() -> str:
    """Return the table of embedding families: what is applied to each, and how that was checked."""
    prompts = "before a query; before a document | prompts from"
    head = (
        f"| family | used as | pooling | {prompts} | normalised | similarity | `--dtype` | own code | checked by | command | read from |"
    )
    lines = [head, "|---" * 12 + "|"]
    for row in _of_kind("embedder"):
        texts = "–" if row.prompts is None else "; ".join(_quoted(row.prompts[role]) for role in ("query", "document"))
        applied = [row.name, f"`{row.use}`", row.pooling, texts, row.prompts_from, _yes(row.normalised), row.similarity, row.dtype]
        lines.append(_row([*applied, _yes(row.trust), row.checked, _command(row), _pages(row)]))
    return "\n".join([*lines, "", *_notes("embedder")])


def language_families() -> str:
    """Return the table of language-model families."""
    head = ["| family | `--dtype` | own code | what is applied | checked by | command | read from |", "|---" * 7 + "|"]
    rows = _of_kind("language_model")
    lines = [_row([row.name, row.dtype, _yes(row.trust), row.note, row.checked, _command(row), _pages(row)]) for row in rows]
    return "\n".join([*head, *lines])


def _of_kind(kind: str) -> list[Family]:
    return sorted((row for row in families() if row.kind == kind), key=lambda row: row.name.lower())


def _row(cells: list[str | None]) -> str:
    return f"| {' | '.join('–' if cell is None else cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _quoted(text: str) -> str:
    return f"`{text}`".replace("\n", "⏎") if text else "nothing"


def _yes(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


def _command(row: Family) -> str:
    return f"`freqbias models check {row.example}{' --trust-remote-code' if row.trust else ''}`"


def _pages(row: Family) -> str:
    return ", ".join(
        f"[{'card' if page.startswith('https://huggingface.co/') else 'MTEB' if 'mteb' in page else 'docs'}]({page})"
        for page in row.source
    )


def _notes(kind: str) -> list[str]:
    return [f"* {row.name}: {row.note}." for row in _of_kind(kind) if row.note]


def glossary() -> str:
    """Return the glossary: the table and what the built-in probes declare, by group."""
    lines: list[str] = []
    for title, own in groups(BUILT_IN["probes"]).items():
        lines += [f"## {title}", ""]
        for entry, term in zip(own, listed(own), strict=True):
            lines.append(f"* **{term}**{_also(entry)}: {entry.says}{_beside(entry)}".replace("{what}", "…"))
        lines.append("")
    return "\n".join(lines).rstrip()


def _also(entry: Entry) -> str:
    return f" ({', '.join(entry.also)})" if entry.also else ""


def _beside(entry: Entry) -> str:
    see = f" See {', '.join(entry.see)}." if entry.see else ""
    return f"{see} Source: {entry.source}." if entry.source else see


BLOCKS = {
    "docs/glossary.md": [("glossary", glossary)],
    "docs/families.md": [("embedding families", embedding_families), ("language-model families", language_families)],
    "README.md": [("summary", summary), ("tasks", answer_of_tasks), ("helpdesk", helpdesk)],
    "results/README.md": [
        ("example", example),
        ("embeddings", embeddings),
        ("inversions", inversions),
        ("language models", language_models),
        ("headlines", headlines),
        ("halves", halves),
        ("right answers", right_answers),
        ("log-probabilities of answers", log_probabilities),
    ],
    "docs/models.md": [("uses", kinds.table)],
    "docs/files.md": [("swaps", swaps)],
    "docs/language-model.md": [("task power", task_power)],
    "paraphrases/data/DATASHEET.md": [("sizes", sizes), ("blind", blind), ("power", power)],
    "paraphrases/data/DATASHEET-everyday.md": [("everyday", everyday), ("held out", held_out)],
    "paraphrases/data/DATASHEET-constructions.md": [("constructions", constructions), ("reading", reading)],
    "paraphrases/data/tasks/DATASHEET-translation-tools.md": [
        ("sizes", task_sizes),
        ("power", row_power),
        ("reading", task_reading),
        ("blind readings", partial(blind_readings, (TRANSLATION, TOOLS))),
    ],
    "paraphrases/data/tasks/DATASHEET.md": [
        ("task sizes", problem_sizes),
        ("task power", problem_power),
        ("task readings", problem_readings),
        ("blind readings", partial(blind_readings, (MATH, COMMONSENSE))),
    ],
}


def main() -> int:
    """Rewrite every block; return 1 with --check when one was out of date."""
    stale = []
    for name, blocks in BLOCKS.items():
        path = ROOT / name
        text = fresh = path.read_text(encoding="utf-8")
        for label, make in blocks:
            start = fresh.index("-->", fresh.index(f"<!-- {label}:")) + 4
            end = fresh.index(f"<!-- end of {label} -->")
            fresh = f"{fresh[:start]}\n{make()}\n\n{fresh[end:]}"
        if fresh != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(fresh, encoding="utf-8")
    sys.stdout.write(f"out of date: {', '.join(stale)}\n" if stale else "up to date\n")
    return int(bool(stale) and "--check" in sys.argv)


if __name__ == "__main__":
    raise SystemExit(main())
