"""Generator `tasks`: problems with a gold answer, each in frequent and in rare wording, in several prompts.

Bundled tasks bring four wordings: as given, a placebo of equally frequent words, frequent and rare words, in three and more slots each.
Of a package's or a user's own tasks the wordings are made by `substitute`, and with `rewrite` by a language model too; or they come from
files, a line a task. Numbers stay as they are, and so do gold and options. Left out and counted is a pair with another number than the
task has, which would make it another problem, and one of which a changed word stands in the answer or the options, since then an option
would look more, or less, like the question.

Every task is put in every prompt, so that prompts are crossed with items. The item of the analysis is the task; of bundled problems that
are drawn from a template, with other words and numbers, it is the template, since they share a sentence (`meta.task_item` names the
task). Of the two placebo wordings `high` is the one with fewer characters or fewer syllables, by turns (`meta.oriented_by`);
`meta.original_side` says which is the one as given.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from freqbias.covariates import characters
from freqbias.errors import InputError
from freqbias.frequency import content_words, tokens
from freqbias.paraphrases import completing, substitute
from freqbias.paraphrases.checks import checked, numbers_equal
from freqbias.paraphrases.documents import Document
from freqbias.paraphrases.expecting import shortfalls
from freqbias.paraphrases.making import content_id, drafted, drawn
from freqbias.paraphrases.task_sources import Wanted, forms_given, items_of
from freqbias.paraphrases.words import shared_words
from freqbias.progress import Track, silent
from freqbias.readability import syllables
from freqbias.records import Pair
from freqbias.tasks.asked import asking
from freqbias.tasks.items import TaskItem
from freqbias.tasks.prompts import TaskPrompt, bundled, own_prompts
from freqbias.terms import FREQUENCY, HIGH, LOW, ORIGINAL, ORIGINAL_SIDE, PLACEBO, SIDES, TRANSLATION

NAME = "tasks"
TEMPLATE, TASK_ITEM = "template", "task_item"  # fields of `meta`, of a task and of a pair
WRITE = ("all", "first", "none")
log = logging.getLogger(__name__)


def _syllables(text: str) -> int:
    return sum(map(syllables, tokens(text)))


RIVALS: tuple[tuple[str, Callable[[str], float]], ...] = (("characters", characters), ("syllables", _syllables))


@dataclass
class Coverage:
    """How many tasks there were, which of them have a pair, and what was left out, by reason."""

    tasks: int = 0
    prompts: int = 0
    templates: int = 0
    arms: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    more: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Return one sentence an arm, on what was left out, and on what is too little."""
        arms = [
            f"{arm}: {self.arms[arm]} of {self.tasks} tasks have a pair, each in {self.prompts} prompts" for arm in (FREQUENCY, PLACEBO)
        ]
        shared = [f"the items of the analysis are {self.templates} templates, which several tasks share"] if self.templates else []
        rest = [f"left out: {count} ({reason})" for reason, count in sorted(self.left_out.items())]
        return [*arms, *shared, *rest, *self.more, *shortfalls(self.arms)]


def generate(
    sources: Sequence[Path] = (),
    *,
    data: str | None = None,
    layout: str | None = None,
    fields: str | None = None,
    to: str | None = None,
    prompts: str | None = None,
    high_file: str | None = None,
    low_file: str | None = None,
    placebo_file: str | None = None,
    write: str = WRITE[0],
    n: int | None = None,
    seed: int = 0,
    rewrite: bool = False,
    lm: str | None = None,
    embedder: str | None = None,
    journal: Path | None = None,
    coverage: Coverage | None = None,
    skipped: list[str] | None = None,
    track: Track = silent,
) -> list[Pair]:
    """Return the pairs of tasks, arms `frequency` and `placebo`, in the order of the tasks; `n` draws so many tasks.

    `data` names bundled tasks (`math`, `commonsense`, `translation`, `tools`) or those of a package (`freqbias.tasks.installed`).
    `sources` are files in the place of it: `layout` is `rows` (columns `question`, `answer`, and `options` of a choice; `fields` renames
    them, as in `question=stem,answer=key`), `gsm8k`, `commonsenseqa`, or `lines` (English, then references). `to` is the language of
    these, or those of the bundled translations (all: `de,fr,es`).
    `prompts` are files of your own, with commas; by default three bundled ones. `high_file`, `low_file` and `placebo_file` hold wordings,
    a line a task; without them, wordings are made by substitution, with `rewrite` by the language model `lm` too. `write` says in which
    prompts a model may write free answers, which takes the longest: `all`, `first`, or `none`, where they are scored alone. Raises
    `InputError` with file and line.
    """
    if n is not None and n < 1:
        raise InputError(f"--n must be at least 1, found {n}")
    if write not in WRITE:
        raise InputError(f"-o write={write}: must be one of {', '.join(WRITE)}")
    named = {name: value for name, value in {"lm": lm, "embedder": embedder}.items() if value is not None}
    if named and not rewrite:
        raise InputError(f"--{next(iter(named))} is for --rewrite; add that, or leave it out")
    coverage = Coverage() if coverage is None else coverage
    wanted = Wanted(
        sources=sources,
        data=data,
        layout=layout,
        fields=fields,
        to=to,
        forms=forms_given(high_file, low_file, placebo_file),
        skipped=skipped,
    )
    own = None if prompts is None else own_prompts(_paths(prompts))
    items, coverage.left_out = items_of(wanted)
    places = {id_: place for place, id_ in enumerate(dict.fromkeys(item.id for item in items))}
    ids = set(drawn(list(places), n, np.random.default_rng(seed)))
    chosen = [item for item in items if item.id in ids]
    single = list({item.id: item for item in chosen}.values())  # a translation into several languages is one item
    coverage.tasks = len(ids)
    for item in single if own else ():
        for prompt in own or ():
            prompt.check_fits(item)
    if single[0].forms.keys() > {ORIGINAL}:
        if rewrite:
            raise InputError("--rewrite: these tasks have their wordings already; leave it out")
        made = [pair for item in single for pair in _of_forms(item, places[item.id], coverage)]  # the same pair whatever is drawn
    else:
        made = _made(single, seed, completing.work_of(named, seed, journal) if rewrite else None, coverage, track)
    sound = _sound(made, {item.id: item for item in single}, coverage)
    return _put(checked(sound), chosen, own, write, coverage)  # checked before a pair stands there once for each prompt


def _paths(prompts: str) -> list[str]:
    found = [path.strip() for path in prompts.split(",") if path.strip()]
    if not found:
        raise InputError("-o prompts= is empty; give a file, or several with commas")
    return found


def _of_forms(item: TaskItem, place: int, coverage: Coverage) -> Iterator[Pair]:
    """Yield the pairs of the wordings that a task brings; `place` is its number in the source, by which rivals take turns."""
    forms = item.forms
    common: dict[str, Any] = {"item": item.id, "generator": NAME}
    for arm, one, other in ((FREQUENCY, HIGH, LOW), (PLACEBO, ORIGINAL, PLACEBO)):
        if {one, other} <= forms.keys() and forms[one] == forms[other]:
            coverage.left_out[f"arm {arm}: both wordings are the same"] += 1
    if {HIGH, LOW} <= forms.keys() and forms[HIGH] != forms[LOW]:
        yield drafted(high=forms[HIGH], low=forms[LOW], meta={"original": forms[ORIGINAL]}, **common)
    if PLACEBO in forms and forms[PLACEBO] != forms[ORIGINAL]:
        high, low, rival = _oriented(forms[ORIGINAL], forms[PLACEBO], place)
        side = HIGH if high == forms[ORIGINAL] else LOW
        meta = {"original": forms[ORIGINAL], "oriented_by": rival, ORIGINAL_SIDE: side}
        yield drafted(arm=PLACEBO, high=high, low=low, meta=meta, **common)


def _oriented(one: str, other: str, place: int) -> tuple[str, str, str | None]:
    """Return two equally frequent wordings, the one with less of a rival first, and the rival; None where they are level in all."""
    turn = place % len(RIVALS)
    for name, measure in (*RIVALS[turn:], *RIVALS[:turn]):
        values = measure(one), measure(other)
        if values[0] != values[1]:
            return (one, other, name) if values[0] < values[1] else (other, one, name)
    return one, other, None


def _made(items: Sequence[TaskItem], seed: int, work: Any, coverage: Coverage, track: Track) -> list[Pair]:
    """Return pairs by substitution of a word, and by rewriting where there is `work` for a model."""
    documents = [Document(id=item.id, text=item.question, place=item.id) for item in items]
    choice = substitute.Choice(seed=seed, edit_both=False, ask=False, track=track)
    told = substitute.Coverage()
    if work is None:
        found = substitute.pairs_of(documents, None, choice, told)
    else:
        rest = completing.Rest(work=work, source=items[0].source, track=track)
        found = rest.pairs_of(documents, None, choice, told, log.info)
    alone = [f"left alone: {told.strangers}"] if told.strangers.count else []
    coverage.more = [*alone, *([] if work is None else told.more)]
    questions = {item.id: item.question for item in items}
    return [_with_side(pair, questions[pair.item]) for pair in found]


def _with_side(pair: Pair, question: str) -> Pair:
    """Return a placebo pair of which one wording is the one as given with the side that it is on."""
    side = next((side for side in SIDES if pair.arm == PLACEBO and getattr(pair, side) == question), None)
    return pair if side is None else pair.replace(meta={**pair.meta, ORIGINAL_SIDE: side})


def _sound(pairs: Sequence[Pair], items: Mapping[str, TaskItem], coverage: Coverage) -> list[Pair]:
    """Return the pairs that are the same problem in both wordings, with answer and options as near to one as to the other."""
    kept = []
    for pair in pairs:
        item = items[pair.item]
        if not all(numbers_equal(item.question, getattr(pair, side), pair.language) for side in SIDES):
            coverage.left_out["other numbers than in the task"] += 1
        elif touched(pair, item):
            coverage.left_out["a changed word stands in the answer or the options"] += 1
        else:
            kept.append(pair)
    return kept


def touched(pair: Pair, item: TaskItem) -> list[str]:
    """Return the words that differ between two wordings and stand in gold or options, themselves or in a word of their family."""
    high, low = set(content_words(pair.high, pair.language)), set(content_words(pair.low, pair.language))
    fixed = item.options or ([] if item.family == TRANSLATION else [str(item.answer)])
    return sorted({first for first, _ in shared_words(sorted(high ^ low), fixed)})


def _put(
    pairs: Sequence[Pair], items: Sequence[TaskItem], own: Sequence[TaskPrompt] | None, write: str, coverage: Coverage
) -> list[Pair]:
    """Return every pair in every prompt (a translation in every language too), in the order of the tasks."""
    by_item: dict[str, list[Pair]] = {}
    for pair in pairs:
        by_item.setdefault(pair.item, []).append(pair)
    found: dict[str, Pair] = {}
    for place, item in enumerate(items):
        prompts = _written(bundled(item.family) if own is None else own, write)
        coverage.prompts = len(prompts)
        other = _other(items, place)
        for prompt in prompts:
            for pair in by_item.get(item.id, ()):
                name = f"{prompt.name}-{item.meta['to']}" if item.family == TRANSLATION else prompt.name
                task = asking(item, prompt, other, pair.meta.get(ORIGINAL_SIDE))
                new = pair.replace(
                    id=content_id(pair.arm, item.id, pair.high, pair.low, name),
                    item=item.meta.get(TEMPLATE, item.id),
                    generator=NAME,
                    meta={**pair.meta, **task, TASK_ITEM: item.id, "frame": name},
                )
                found.setdefault(new.id, new)
    coverage.arms = Counter(arm for _, arm in {(pair.meta[TASK_ITEM], pair.arm) for pair in found.values()})
    coverage.templates = len({template for item in items if (template := item.meta.get(TEMPLATE))})
    return list(found.values())


def _written(prompts: Sequence[TaskPrompt], write: str) -> list[TaskPrompt]:
    """Return prompts, of which those that are not to let a model write give it no room for that."""
    allowed = {"all": len(prompts), "first": 1, "none": 0}[write]
    return [prompt if place < allowed else msgspec.structs.replace(prompt, max_tokens=0) for place, prompt in enumerate(prompts)]


def _other(items: Sequence[TaskItem], place: int) -> TaskItem | None:
    """Return the next task of another content, in the same target language."""
    own = items[place]
    later = (*items[place + 1 :], *items[:place])
    return next((item for item in later if item.id != own.id and item.meta.get("to") == own.meta.get("to")), None)
