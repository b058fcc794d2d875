"""Language-model probe `task`: whether a problem is solved better when it is worded in frequent words.

Adam's Law (Lu et al., arXiv:2604.02176) says so of arithmetic, common sense, translation and tool calls. A pair is a problem in two
wordings that is put in one of several prompts (`freqbias pairs tasks`); gold answer, numbers, options and tools are the same in both.
Rows written, with the name of the prompt:

* `log_prob_nats` (a chat-only server: `first_token_log_prob_nats`): log p of the right answer behind the prompt; of several references
  the mean. `decoys` is that of the best wrong answer, which gives the model's own scale. This is what the probe is judged by: it moves
  before answers flip;
* `margin_nats`: right answer less best wrong one;
* `accuracy`: whether the most likely letter is right; without options, whether what the model writes is. `chance` is what guessing gives,
  `answer` the place of the letter taken. What cannot be read is a row with its reason, never wrong and never right;
* `chrf` and `bleu` (Popović 2015; Papineni et al. 2002) of a written translation against all references, by sacrebleu, a sentence at a
  time; `argument_match`: the share of the right call's arguments in the call that was written.

Contrast `gap` is frequent less rare wording, and in the placebo arm one of two equally frequent wordings less the other. Contrast
`paraphrase` has the two of the placebo as what they are: reworded less as given (the cost of any rewording).

What could fake a result: another content (gold, numbers, options and overlap of options with the question are equal by construction); a
cost of any rewording (the placebo and `paraphrase`); length and split words (matched in the bundled items, recorded, held by the
analysis); one lucky prompt (crossed with the items); a preference for a letter (equal in both wordings, and refused where one letter
takes over 80 % of answers); a model that cannot do the task (refused at chance); a number that is the beginning of another (the full stop
behind it is scored too); generous reading of what was written (strict, counted).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from freqbias.errors import InputError, install_hint
from freqbias.models import LanguageModel
from freqbias.models.labels import answer_context, label_log_probs, label_texts, labels_measure
from freqbias.models.log_probs import checked
from freqbias.probes import Judgement, Probe
from freqbias.probes.common import form_covariates, observation
from freqbias.progress import Track
from freqbias.records import Observation, Pair
from freqbias.tasks.answers import judged, letter_of
from freqbias.tasks.asked import Asked, asked_of
from freqbias.tasks.prompts import bundled
from freqbias.terms import (
    ACCURACY,
    ARGUMENT_MATCH,
    BLEU,
    CHRF,
    FAMILIES,
    FIRST_TOKEN_MARGIN,
    HIGH,
    LOG_PROB,
    LOW,
    MARGIN,
    PARAPHRASE,
    PLACEBO,
    SIDES,
    TOOLS,
    TRANSLATION,
)

SESOI = 0.08  # nats: what moves an answer of even odds by two points of accuracy (the logistic curve's slope there is 1/4)


SCORED = (LOG_PROB.name, MARGIN.name)  # measures of letters that a server which tells first tokens has under another name


class Put(NamedTuple):
    """A wording of a task, as it is put to a model."""

    message: str
    start: str
    question: str


class Scored(NamedTuple):
    """Log-probabilities of answers to one wording, in nats: right, best wrong (None without one), and the place of the best option."""

    right: float
    wrong: float | None
    best: int | None


def prepare(pairs: Iterable[Pair], model: LanguageModel, track: Track) -> None:
    """Check that the pairs are tasks, and all of one family: nats of a letter and of a sentence make no mean."""
    families = {asked.item.family for pair in pairs if (asked := asked_of(pair)) is not None}
    if not families:
        raise InputError("probe 'task': none of the pairs is a task; make some: freqbias pairs tasks --out tasks.jsonl")
    if len(families) > 1:
        raise InputError(
            f"probe 'task': the pairs are of several families ({', '.join(sorted(families))}); run each from a file of its own"
        )


def run(pairs: Sequence[Pair], model: LanguageModel, common: None = None) -> Iterator[Observation]:
    """Yield the rows of every pair that is a task; see the module's docstring."""
    model = checked(model)
    tasks = [(pair, asked) for pair in pairs if (asked := asked_of(pair)) is not None]
    put = {(pair.id, side): _put(asked, getattr(pair, side)) for pair, asked in tasks for side in SIDES}
    scored = _scored(tasks, put, model)
    written = _written(tasks, put, model)
    covariates = form_covariates([pair for pair, _ in tasks], model)
    for pair, asked in tasks:
        sides = {side: scored[pair.id, side] for side in SIDES}
        texts = {side: written.get(put[pair.id, side]) for side in SIDES}
        known_by = [text for side in SIDES for text in _texts(asked, put[pair.id, side], model)]
        for measure, values, extra in _measured(asked, sides, texts):
            for contrast, turned in _contrasts(pair, asked):
                yield observation(
                    "task",
                    labels_measure(model, measure) if asked.item.options and measure in SCORED else measure,
                    pair,
                    model,
                    contrast,
                    _turned(values) if turned else values,
                    covariates[pair.id] | ({key: both[::-1] for key, both in extra.items()} if turned else extra),
                    asked=known_by,
                    prompt=asked.name,
                )


def _texts(asked: Asked, put: Put, model: LanguageModel) -> list[str]:
    """Return the texts by which a model may know why it has no number, or no answer, to one wording."""
    context = answer_context(model, put.message, put.start)
    if asked.item.options:
        return label_texts(model, put.message, [letter_of(place) for place in range(len(asked.item.options))], start=put.start)
    return [context, *(context + asked.written(text) for text in (*asked.gold, *asked.wrong))]


def _put(asked: Asked, question: str) -> Put:
    return Put(asked.prompt.message(asked.item, question), asked.prompt.beginning(asked.item), question)


def _contrasts(pair: Pair, asked: Asked) -> Iterator[tuple[str, bool]]:
    """Yield the contrasts that a pair's rows stand for, and whether its sides change places there."""
    yield "gap", False
    if pair.arm == PLACEBO and asked.original_side is not None:
        yield PARAPHRASE, asked.original_side == HIGH


def _turned(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with the sides in each other's place."""
    if "error" in values:
        return dict(values)
    found = {HIGH: values[LOW], LOW: values[HIGH]}
    return found | ({"decoys": {HIGH: values["decoys"][LOW], LOW: values["decoys"][HIGH]}} if "decoys" in values else {})


def _scored(
    tasks: Sequence[tuple[Pair, Asked]], put: Mapping[tuple[str, str], Put], model: LanguageModel
) -> dict[tuple[str, str], Scored]:
    """Return the scores of the answers to every wording by pair and side."""
    letters: dict[tuple[int, str], list[tuple[str, str]]] = defaultdict(list)  # a number of options and a start share one call
    free: dict[tuple[str, str], tuple[str, list[str]]] = {}
    by_key = {(pair.id, side): asked for pair, asked in tasks for side in SIDES}
    for key, asked in by_key.items():
        if asked.item.options:
            letters[len(asked.item.options), put[key].start].append(key)
        else:
            answers = [asked.written(text) for text in (*asked.gold, *asked.wrong)]
            free[key] = (answer_context(model, put[key].message, put[key].start), answers)
    found = {}
    for (count, start), keys in letters.items():
        labels = [letter_of(place) for place in range(count)]
        for key, row in zip(keys, label_log_probs(model, [put[key].message for key in keys], labels, start=start), strict=True):
            gold = by_key[key].item.answer
            best = int(np.argmax(row)) if np.isfinite(row).all() and (row == row.max()).sum() == 1 else None
            found[key] = Scored(float(row[gold]), float(np.delete(row, gold).max()), best)
    couples = list(dict.fromkeys((context, answer) for context, answers in free.values() for answer in answers))
    known: dict[tuple[str, str], float] = {}
    if couples:
        values = model.continuation_log_probs([context for context, _ in couples], [answer for _, answer in couples])
        known = dict(zip(couples, map(float, values), strict=True))
    for key, (context, answers) in free.items():
        scores, right = [known[context, answer] for answer in answers], len(by_key[key].gold)
        found[key] = Scored(float(np.mean(scores[:right])), max(scores[right:], default=None), None)
    return found


def _written(tasks: Sequence[tuple[Pair, Asked]], put: Mapping[tuple[str, str], Put], model: LanguageModel) -> dict[Put, str | None]:
    """Return what the model writes for every wording whose prompt lets it write; None where it gave nothing."""
    wanted: dict[tuple[int, tuple[str, ...]], list[Put]] = defaultdict(list)
    for pair, asked in tasks:
        if asked.prompt.max_tokens and not asked.item.options:
            stop: tuple[str, ...] = () if asked.prompt.marked else ("\n",)
            wanted[asked.prompt.max_tokens, stop] += [put[pair.id, side] for side in SIDES]
    found: dict[Put, str | None] = {}
    for (max_tokens, stop), all_of_them in wanted.items():
        asked_for = list(dict.fromkeys(all_of_them))
        contexts = [answer_context(model, each.message, each.start) for each in asked_for]
        found |= dict(zip(asked_for, model.generate(contexts, max_tokens=max_tokens, stop=stop), strict=True))
    return found


def _measured(
    asked: Asked, scored: Mapping[str, Scored], written: Mapping[str, str | None]
) -> Iterator[tuple[str, dict[str, Any], dict[str, list[float]]]]:
    """Yield measure, values (or `error`) and covariates of the rows of a pair."""
    high, low = scored[HIGH], scored[LOW]
    values: dict[str, Any] = {HIGH: high.right, LOW: low.right}
    if high.wrong is not None and low.wrong is not None:
        values["decoys"] = {HIGH: high.wrong, LOW: low.wrong}
        margins = {HIGH: high.right - high.wrong, LOW: low.right - low.wrong}
    numbers = [high.right, low.right, *values.get("decoys", {}).values()]
    fault = {} if np.isfinite(numbers).all() else {"error": "the model gave no finite log-probability"}
    yield LOG_PROB.name, fault or values, {}
    if "decoys" in values:
        yield MARGIN.name, fault or margins, {}
    chance = {"chance": [asked.chance, asked.chance]}
    if asked.item.options:
        places = [float(one.best) for one in (high, low) if one.best is not None]
        right = {side: float(scored[side].best == asked.item.answer) for side in SIDES}
        tied = {"error": "several letters are equally likely"} if len(places) < len(SIDES) else {}
        unknown = fault or tied
        yield ACCURACY.name, unknown or right, chance if unknown else chance | {"answer": places}
    elif asked.prompt.max_tokens:
        yield from _of_written(asked, written, chance)


def _of_written(
    asked: Asked, written: Mapping[str, str | None], chance: dict[str, list[float]]
) -> Iterator[tuple[str, dict[str, Any], dict[str, list[float]]]]:
    """Yield the same of what a model wrote."""
    if asked.item.family == TRANSLATION:
        for measure in (CHRF, BLEU):
            yield measure.name, _graded(measure.name, asked.item.answer, written), {}
        return
    outcomes = {side: judged(asked.item, text, marked=asked.prompt.marked) for side, text in written.items()}
    reason = next((f"the answer cannot be read: {one.reason}" for one in outcomes.values() if one.right is None), None)
    right: dict[str, Any] = {side: float(bool(one.right)) for side, one in outcomes.items()}
    yield ACCURACY.name, {"error": reason} if reason else right, chance
    if asked.item.family == TOOLS:
        shares: dict[str, Any] = {
            side: float(np.mean([*one.arguments.values()])) if one.arguments else 0.0 for side, one in outcomes.items()
        }
        yield ARGUMENT_MATCH.name, {"error": reason} if reason else shares, {}


def _graded(measure: str, references: Sequence[str], written: Mapping[str, str | None]) -> dict[str, Any]:
    """Return how near what was written is to the references, 0 to 100."""
    try:
        from sacrebleu.metrics import bleu, chrf
    except ModuleNotFoundError as error:
        raise InputError(f"translations need '{error.name}'; run: {install_hint('tasks')}") from error
    if not all((text or "").strip() for text in written.values()):
        return {"error": "the model wrote nothing"}
    metric: Any = chrf.CHRF() if measure == CHRF.name else bleu.BLEU(effective_order=True)
    return {side: metric.sentence_score((text or "").strip(), list(references)).score for side, text in written.items()}


probe = Probe(
    name="task",
    needs="language_model",
    summary="answers to problems with a gold answer, in frequent and in rare wording",
    wants="a task with its gold answer (made by freqbias pairs tasks)",
    by_default=False,
    questions={"gap": "Is the right answer likelier in frequent wording?"},
    glossary={
        PARAPHRASE: "What rewording costs by itself: the score of a problem in other, equally frequent words, less that of the original.",
        MARGIN.name: "How much likelier the right answer is than the best wrong one, in nats (natural logarithms).",
        CHRF.name: "How many short strings of letters a translation shares with its references, from 0 to 100.",
        BLEU.name: "How many runs of words a translation shares with its references, from 0 to 100.",
        ARGUMENT_MATCH.name: "The share of the arguments of the right function call that the model's own call has right.",
    },
    judgement=Judgement(
        contrast="gap",
        meaning="makes the right answer more likely",
        subject="problem",
        secondary=(MARGIN.name, FIRST_TOKEN_MARGIN.name, ACCURACY.name, CHRF.name, BLEU.name, ARGUMENT_MATCH.name),
        other_words=(PARAPHRASE,),
        sesoi=SESOI,
    ),
    prepare=prepare,
    run=run,
    prompts={prompt.name: prompt.text for family in FAMILIES for prompt in bundled(family)},
)
