"""Language-model probe `consistency`: whether a problem gets the same answer in both wordings, and each time it is asked.

A model that draws its answers contradicts itself without any change of wording. Two answers to *one* wording agree with probability
sum p², one to either with sum p q. The mean of the two former less the latter is half the sum of (p - q)²: zero where wording plays no
part, however much answers vary and however often they agree by chance, since both cancel. Rows of measure `agreement` (a share of
couples of answers), with the name of the prompt:

* `gap`: agreement of answers to the frequent wording, less that to the rare one. This is what the probe is judged by;
* `flip`: agreement within a wording (in the place of `high`) less agreement between the wordings (in the place of `low`). In the placebo
  arm it says how much any rewording changes answers; what frequency adds is the difference of the arms.

Of options, the probabilities of their letters are taken as they are: as if answers were drawn without end, at temperature 1. Free answers
are drawn `SAMPLES` times each with a seed of their own (`freqbias.models.protocols.Writer`), and couples of different draws compared,
which is unbiased (U-statistics; Hoeffding 1948).

What could fake a result: the noise of drawing (cancels, see above); a letter that is always taken (full agreement on both sides, no gap);
answers that cannot be read (left out; a wording with fewer than two readable answers is an error and no agreement); answers that are
equal and written otherwise (compared as numbers, letters or calls, not as texts). Agreement is no accuracy: one may be sure and wrong.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from freqbias.errors import InputError
from freqbias.models import LanguageModel
from freqbias.models.labels import answer_context, label_log_probs, label_texts
from freqbias.models.log_probs import checked
from freqbias.models.writing import drawn
from freqbias.probes import Finding, Judgement, Probe
from freqbias.probes.common import observation
from freqbias.progress import Track
from freqbias.records import Observation, Pair
from freqbias.tasks.answers import judged, letter_of
from freqbias.tasks.asked import Asked, asked_of
from freqbias.tasks.calls import read_calls
from freqbias.terms import AGREEMENT, HIGH, LOW, SIDES, TOOLS, TRANSLATION

SAMPLES = 5  # answers to a wording: ten couples within it, 25 between two
TEMPERATURE = 0.7  # of free answers, as chat front ends draw them
SEED = 0
DEFAULT_TOKENS = 16  # of an answer, where the prompt sets no number
FLIP = "flip"

#: Answers to a wording: shares by answer where these are known, else counts of the answers drawn.
Shares = Mapping[str, float]
Drawn = Counter[str]


def prepare(pairs: Iterable[Pair], model: LanguageModel, track: Track) -> None:
    """Check that there are tasks whose answers can be equal: every translation may be another, and none be wrong."""
    families = {asked.item.family for pair in pairs if (asked := asked_of(pair)) is not None and not asked.item.options}
    if not families and all(asked_of(pair) is None for pair in pairs):
        raise InputError("probe 'consistency': none of the pairs is a task; make some: freqbias pairs tasks --out tasks.jsonl")
    if TRANSLATION in families:
        raise InputError(
            "probe 'consistency': translations have no one answer to agree on; leave it out, or take another family of tasks"
        )


def run(pairs: Sequence[Pair], model: LanguageModel, common: None = None) -> Iterator[Observation]:
    """Yield the rows of every pair that is a task; see the module's docstring."""
    model = checked(model)
    tasks = [(pair, asked) for pair in pairs if (asked := asked_of(pair)) is not None]
    shares = _shares(model, [(pair, asked) for pair, asked in tasks if asked.item.options])
    for pair, asked in tasks:
        put = [asked.prompt.message(asked.item, getattr(pair, side)) for side in SIDES]
        answers: Sequence[Shares | Drawn] = shares[pair.id] if pair.id in shares else _drawn(model, asked, put)
        known_by = [text for message in put for text in _texts(model, asked, message)]
        within = [_within(each) for each in answers]
        between = _between(*answers)
        sides: dict[str, tuple[float | None, float | None]] = {"gap": (within[0], within[1]), FLIP: (_mean(within), between)}
        for contrast, (high, low) in sides.items():
            unknown = high is None or low is None
            values: dict[str, str | float | None] = {"error": _reason(asked)} if unknown else {HIGH: high, LOW: low}
            yield observation("consistency", AGREEMENT.name, pair, model, contrast, values, {}, asked=known_by, prompt=asked.name)


def _reason(asked: Asked) -> str:
    return "the model gave no finite log-probability" if asked.item.options else "fewer than two answers to a wording could be read"


def _texts(model: LanguageModel, asked: Asked, message: str) -> list[str]:
    """Return the texts by which a model may know why it has no number, or no answer, to one wording."""
    start = asked.prompt.beginning(asked.item)
    if asked.item.options:
        return label_texts(model, message, _letters(len(asked.item.options)), start=start)
    return [answer_context(model, message, start)]


def _letters(count: int) -> list[str]:
    return [letter_of(place) for place in range(count)]


def _shares(model: LanguageModel, tasks: Sequence[tuple[Pair, Asked]]) -> dict[str, list[Shares]]:
    """Return the probability of every letter, renormalised over the letters, for both wordings by pair; empty where there is none."""
    groups: dict[tuple[int, str], list[tuple[Pair, Asked]]] = {}
    for pair, asked in tasks:
        groups.setdefault((len(asked.item.options), asked.prompt.beginning(asked.item)), []).append((pair, asked))
    found: dict[str, list[Shares]] = {}
    for (count, start), group in groups.items():
        labels = _letters(count)
        messages = [asked.prompt.message(asked.item, getattr(pair, side)) for pair, asked in group for side in SIDES]
        rows = iter(label_log_probs(model, messages, labels, start=start))
        for pair, _ in group:
            found[pair.id] = [_normalised(labels, next(rows)) for _ in SIDES]
    return found


def _normalised(labels: Sequence[str], row: NDArray[np.float64]) -> Shares:
    if not np.isfinite(row).all():
        return {}
    weights = np.exp(row - row.max())
    return dict(zip(labels, (weights / weights.sum()).tolist(), strict=True))


def _drawn(model: LanguageModel, asked: Asked, messages: Sequence[str]) -> list[Drawn]:
    """Return the answers that were drawn and can be read, for both wordings."""
    contexts = [answer_context(model, message, asked.prompt.beginning(asked.item)) for message in messages]
    texts = drawn(model, contexts, n=SAMPLES, max_tokens=asked.prompt.max_tokens or DEFAULT_TOKENS, temperature=TEMPERATURE, seed=SEED)
    return [Counter(key for text in row if (key := _key(asked, text)) is not None) for row in texts]


def _key(asked: Asked, text: str | None) -> str | None:
    """Return what an answer says, so that answers which say the same are equal; None for one that cannot be read."""
    if not asked.prompt.marked and text:
        text = text.lstrip().partition("\n")[0]
    outcome = judged(asked.item, text, marked=asked.prompt.marked)
    if outcome.right is None:
        return None
    if asked.item.family == TOOLS and not asked.item.options:
        calls, _ = read_calls(text or "", asked.item.meta["tools"])
        return json.dumps(sorted([call.name, json.dumps(call.arguments, sort_keys=True)] for call in calls))
    return outcome.read


def _within(answers: Shares | Drawn) -> float | None:
    """Return how often two answers to one wording agree; of counts, over couples of different draws."""
    if not isinstance(answers, Counter):
        return sum(share**2 for share in answers.values()) if answers else None
    total = answers.total()
    return sum(count * (count - 1) for count in answers.values()) / (total * (total - 1)) if total > 1 else None


def _between(first: Shares | Drawn, second: Shares | Drawn) -> float | None:
    """Return how often an answer to one wording agrees with one to the other."""
    totals = [sum(each.values()) for each in (first, second)]
    return sum(value * second.get(key, 0) for key, value in first.items()) / (totals[0] * totals[1]) if all(totals) else None


def _mean(within: Sequence[float | None]) -> float | None:
    known = [each for each in within if each is not None]
    return float(np.mean(known)) if len(known) == len(within) else None


probe = Probe(
    name="consistency",
    needs="language_model",
    summary="whether answers to a problem agree, asked twice and in both wordings",
    wants="a task with its gold answer (made by freqbias pairs tasks)",
    by_default=False,
    questions={"gap": "Does it contradict itself less on frequent wording?", FLIP: "Do its answers change with the wording?"},
    glossary={
        FLIP: "How much more often two answers to one wording agree than answers to the two wordings. Zero: wording changes no answer.",
        AGREEMENT.name: "How often two answers to the same problem say the same.",
    },
    judgement=Judgement(
        contrast="gap",
        measure=AGREEMENT.name,
        meaning="gets the same answer more often when it is asked again",
        subject="problem",
        findings=(
            Finding(
                contrast=FLIP,
                only_if="found",
                sentence="Answers change with the wording: those to the two wordings agree less often than those to one, by {size}.",
            ),
            Finding(
                contrast=FLIP,
                only_if="not_found",
                sentence="No change of answers between the two wordings was found beyond their own variation: {size}.",
            ),
        ),
    ),
    prepare=prepare,
    run=run,
    settings={"samples": SAMPLES, "temperature": TEMPERATURE, "seed": SEED},
)
