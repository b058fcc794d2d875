"""Language-model probe `choice`: which of the two forms of a pair a model takes for an answer, by the letters that stand for them.

A question shows both forms as A and B and asks which one fits. Only the letters are scored, never the texts, so that neither length nor
the probability of a text enters. Every question is asked in both orders. With A and B renormalised to a probability of 1 in each order,

    value(side) = mean over the two orders of log p(letter of that side)
                  - the same mean of the content-free question, averaged over `CONTENT_FREE`

and gap = value(high) - value(low) is a difference of two log-odds, in nats. The content-free question is the same template with the same
two options in the same two orders; only `{content}` is replaced, by "N/A" or "[MASK]" (contextual calibration, Zhao et al. 2021,
arXiv:2102.09690; as a ratio of two conditional probabilities, Holtzman et al. 2021, arXiv:2104.08315). Rows, all in `log_prob_nats`, or
in `first_token_log_prob_nats` of a server that scores no text:

* `meaning` (one row a register; confirmatory): the content is a gloss of the item. The two forms mean the same, so no answer is better.
  Adam's Law predicts that the frequent form is recognised more readily: above zero;
* `correct`: the content is "correctly worded". Both forms are, so anything but zero is a bias of judgement, not of understanding;
* `usual`: the content is "worded as most people would say it". Here the frequent form *is* the right answer: a positive control. A model
  without it cannot answer such questions, or does not know what is frequent, and its zeros elsewhere say little;
* `meaning_uncalibrated`, `correct_uncalibrated`, `usual_uncalibrated`: value(side) without its second line.

In `meaning` the frequency arm has `decoys` too: value(side) less the log-odds, calibrated in the same way, by which the right sentence is
chosen over its decoy in the same form. That margin is what meaning is worth to the model in the same kind of question, and a tenth of it
the smallest effect of interest, as for `likelihood`. Where it is not above zero, the model cannot do the task. Its gaps are small then as
well, and without a smallest effect nothing can call them "no difference that matters"; a fixed number of nats would have done so.

The model-level estimate `position`, from at most `SAMPLE` pairs of the frequency arm, is log p(A) - log p(B) of two equal sentences.

What could fake a result, and what is done about it:

* position and letter, worth nats in small models: both orders of everything, so they cancel exactly, and `position` shows them. A model
  that always gives one letter has a gap of zero, and no margin;
* a taste for one of the two texts, whatever is asked: subtracted with the content-free question. That question is no neutral one for
  every model: one that reads "N/A" as "the odd one" takes the rare form, which calibration would turn into an effect. So the
  uncalibrated rows stand beside, and only an effect that both show is one of the question;
* one wording of the question: `TEMPLATES` are crossed with the items as a factor, which rows name as `prompt`. A pair meets one template
  of either kind, an item with several pairs as many templates, in a Latin rotation: `(place of the item in its arm + place of the pair
  in its item) mod templates`, places by a hash of their names, so that every template has as many items as any other in every arm.
  Asking all of them of every pair would cost four times as much and tell no more of other items. With one pair an item, templates lie
  between items, and a difference of two templates is one of items as well;
* register and the words of the gloss: two registers of equal weight, and glosses that share no stem with either form;
* a letter that the model would not give: log-odds of two unlikely answers are numbers as well. The margin is at zero then.
"""

import heapq
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from freqbias.models import LanguageModel
from freqbias.models.labels import label_log_probs, label_texts, labels_measure
from freqbias.models.log_probs import checked
from freqbias.probes import Finding, Judgement, Probe
from freqbias.probes.common import form_covariates, gloss_queries, mean_over_items, observation, prompt, text_hash
from freqbias.progress import Track
from freqbias.records import Estimate, Observation, Pair
from freqbias.terms import FREQUENCY, SIDES

LABELS = ("A", "B")  # as the templates call the first and the second option
CONTENT_FREE = ("N/A", "[MASK]")  # Zhao et al. 2021; their third, the empty text, would leave a hole in a question
MEANING, CORRECT, USUAL = ("meaning", "correct", "usual")
UNCALIBRATED = {MEANING: "meaning_uncalibrated", CORRECT: "correct_uncalibrated", USUAL: "usual_uncalibrated"}
CRITERIA = {CORRECT: "correctly worded", USUAL: "worded as most people would say it"}
POSITION = "position"
DIGITS = 12  # of nats: a model that likes both texts the same leaves 1e-15 of rounding, which is no effect
SAMPLE = 48  # pairs behind `position`, a question each: the interval is .3 nats to either side where items differ by 1


@dataclass(frozen=True)
class Template:
    """The words of a question, with `{content}`, and `{a}` and `{b}` for the options; the kind is `meaning` or `wording`."""

    name: str
    kind: str
    text: str


def _templates(text: str) -> dict[str, list[Template]]:
    """Return the templates of a prompt file by kind; each stands under a line `=== NAME KIND`."""
    parts = re.split(r"^=== (\w+) (\w+)\n", text, flags=re.MULTILINE)[1:]
    found: dict[str, list[Template]] = {}
    for name, kind, words in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        found.setdefault(kind, []).append(Template(name, kind, words.strip()))
    return found


PROMPTS = prompt("choice-v1")
TEMPLATES = _templates(PROMPTS)


@dataclass(frozen=True)
class Choice:
    """A question on two options, which is asked in both orders."""

    template: Template
    content: str
    options: tuple[str, str]

    @property
    def messages(self) -> tuple[str, str]:
        """The question with the options in their order, and in the other one."""
        first, second = self.options
        fill = self.template.text.format
        return fill(content=self.content, a=first, b=second), fill(content=self.content, a=second, b=first)

    @property
    def content_free(self) -> list["Choice"]:
        """The same question and options without content."""
        return [replace(self, content=text) for text in CONTENT_FREE]


class Answers:
    """What a model says to choices, asked for all at once, every message once."""

    def __init__(self, model: LanguageModel, choices: Iterable[Choice]):
        messages = list(dict.fromkeys(message for choice in choices for message in choice.messages))
        values = label_log_probs(model, messages, LABELS) if messages else np.zeros((0, len(LABELS)))
        with np.errstate(invalid="ignore"):  # NaN, where the model has no number
            values = values - np.logaddexp.reduce(values, axis=1, keepdims=True)
        self._letters = dict(zip(messages, values.tolist(), strict=True))

    def letters(self, message: str) -> tuple[float, float]:
        """Return the log-probabilities of both letters, renormalised, in nats."""
        first, second = self._letters[message]
        return first, second

    def values(self, choice: Choice) -> NDArray[np.float64]:
        """Return the log-probability of each option's letter, the mean of the two orders, in nats; shape (2,)."""
        (first, second), (second_swapped, first_swapped) = map(self.letters, choice.messages)
        return np.round(np.array([first + first_swapped, second + second_swapped]) / 2, DIGITS)

    def missing(self, choices: Sequence[Choice], model: LanguageModel) -> list[str]:
        """Return the whole texts, by which a model keeps its reasons, of what it gave no number for."""
        messages = [message for choice in choices for message in choice.messages if not np.isfinite(self._letters[message]).all()]
        return [text for message in messages for text in label_texts(model, message, LABELS)]

    def calibrated(self, choice: Choice) -> NDArray[np.float64]:
        """Return the same minus the mean of the content-free questions; shape (2,)."""
        free = np.array([self.values(each) for each in choice.content_free])
        own: NDArray[np.float64] = np.round(self.values(choice) - free.mean(axis=0), DIGITS)
        return own


def prepare(pairs: Iterable[Pair], model: Any, track: Track) -> dict[int, int]:
    """Return the place of every pair in the rotation of templates, by the hash of its id; it depends on no order of the pairs."""
    items: dict[str, dict[int, list[int]]] = {}
    for pair in pairs:
        items.setdefault(pair.arm, {}).setdefault(text_hash(pair.item), []).append(text_hash(pair.id))
    return {
        name: start + step
        for of_arm in items.values()
        for start, item in enumerate(sorted(of_arm))
        for step, name in enumerate(sorted(of_arm[item]))
    }


def choices_of(pair: Pair, place: int) -> Iterator[tuple[str, str | None, Choice]]:
    """Yield contrast, register and question of everything that is asked of a pair; what needs a gloss only where there is one."""
    options = (pair.high, pair.low)
    for register, texts in gloss_queries(pair).items():
        yield MEANING, register, Choice(_turn(MEANING, place), texts[0], options)  # the first gloss, as `likelihood` takes it
    for contrast, content in CRITERIA.items():
        yield contrast, None, Choice(_turn("wording", place), content, options)


def _turn(kind: str, place: int) -> Template:
    return TEMPLATES[kind][place % len(TEMPLATES[kind])]


def run(pairs: Sequence[Pair], model: LanguageModel, common: Mapping[int, int] | None) -> Iterator[Observation]:
    """Yield the rows of every pair; see the module's docstring."""
    if common is None:
        return
    model = checked(model)
    wanted = [(pair, *asked) for pair in pairs for asked in choices_of(pair, common[text_hash(pair.id)])]
    answers = Answers(model, (each for pair, contrast, _, choice in wanted for each in _asked(choice, _margins(pair, contrast, choice))))
    covariates = form_covariates(pairs, model)
    for pair, contrast, register, choice in wanted:
        margins = _margins(pair, contrast, choice)
        plain, own = answers.values(choice), answers.calibrated(choice)
        values: dict[str, Any] = _by_side(own)
        if margins:
            values["decoys"] = _by_side(own - [np.subtract(*answers.calibrated(margin)) for margin in margins])
        rows = [(contrast, values, _asked(choice, margins)), (UNCALIBRATED[contrast], _by_side(plain), [choice])]
        for name, found, asked in rows:
            missing = answers.missing(asked, model)
            told = {"error": f"{model.info.name} gave no finite log-probability for a letter"} if missing else found
            extra = covariates[pair.id]
            yield observation("choice", labels_measure(model), pair, model, name, told, extra, register, missing, choice.template.name)


def _margins(pair: Pair, contrast: str, choice: Choice) -> list[Choice]:
    """Return the same question on either form and its decoy, of the frequency arm: controls need no scale, and would cost time."""
    if contrast != MEANING or pair.arm != FREQUENCY or not set(SIDES) <= pair.decoys.keys():
        return []
    return [replace(choice, options=(getattr(pair, side), pair.decoys[side])) for side in SIDES]


def _asked(choice: Choice, margins: Sequence[Choice]) -> list[Choice]:
    """Return everything that a calibrated row rests on."""
    return [each for own in (choice, *margins) for each in (own, *own.content_free)]


def _by_side(values: NDArray[np.float64]) -> dict[str, Any]:
    return dict(zip(SIDES, values.tolist(), strict=True))


def estimates(pairs: Iterable[Pair], model: LanguageModel, common: Mapping[int, int] | None) -> Iterator[Estimate]:
    """Yield what being the first is worth where nothing else differs; nothing that `run` asked is asked again."""
    if common is None:
        return
    chosen = heapq.nsmallest(SAMPLE, (pair for pair in pairs if pair.arm == FREQUENCY), key=lambda pair: text_hash(pair.id))
    first = [next(choices_of(pair, common[text_hash(pair.id)]))[-1] for pair in chosen]
    same = [replace(choice, options=(pair.high, pair.high)) for pair, choice in zip(chosen, first, strict=True)]
    answers = Answers(checked(model), same)
    leads = np.array([np.subtract(*answers.letters(choice.messages[0])) for choice in same], dtype=np.float64)
    usable = np.isfinite(leads)
    yield Estimate(
        model=model.info.name,
        probe="choice",
        measure=labels_measure(model),
        contrast=POSITION,
        arm=FREQUENCY,
        n_pairs=int(usable.sum()),
        n_failed=int((~usable).sum()),
        method="log p(A) - log p(B) where both are the frequent form of a pair; mean over items, t interval",
        **mean_over_items(leads[usable], np.array([pair.item for pair in chosen], dtype=object)[usable]),
    )


GLOSSARY = {
    MEANING: "How much likelier the model is to choose the frequent sentence when asked which one has a given meaning. What it would "
    "choose without a meaning to look for is taken off.",
    CORRECT: "How much likelier the model is to choose the frequent sentence when asked which one is correctly worded. Both are.",
    USUAL: "How much likelier the model is to choose the frequent sentence when asked which one most people would say. This is a "
    "positive control: the frequent one is right.",
    UNCALIBRATED[MEANING]: "As `meaning`, with what the model would choose anyway left in.",
    UNCALIBRATED[CORRECT]: "As `correct`, with what the model would choose anyway left in.",
    UNCALIBRATED[USUAL]: "As `usual`, with what the model would choose anyway left in.",
    POSITION: "How much likelier the model is to answer A than B when both show the same sentence. It cancels, since every question is "
    "asked in both orders.",
}

probe = Probe(
    name="choice",
    needs="language_model",
    summary="which of the two forms a model chooses by its letter, in both orders, beyond what it chooses when nothing is asked",
    questions={
        MEANING: "Is rare wording chosen less often as what was meant?",
        CORRECT: "Does the model take frequent wording for the correct one?",
    },
    glossary=GLOSSARY,
    judgement=Judgement(
        contrast=MEANING,
        meaning="is the likelier choice as the sentence with a given meaning",
        subject="sentence",
        findings=(
            Finding(
                contrast=POSITION,
                sentence="Place: of two equal sentences the first is ahead by {value} {unit} {interval}. Every question is asked in both "
                "orders, which cancels this.",
            ),
            Finding(
                contrast=UNCALIBRATED[MEANING],
                sentence="With what the model would choose anyway left in, the frequent sentence is ahead by {value} {unit} {interval}, "
                "{p}.",
            ),
            Finding(
                contrast=CORRECT,
                sentence="Asked which sentence is correctly worded, the model puts the frequent one ahead by {value} {unit} {interval}, "
                "{p}. Both are.",
            ),
            Finding(
                contrast=USUAL,
                sentence="Asked which one most people would say, it puts the frequent one ahead by {value} {unit} {interval}, {p}. That "
                "is the right answer.",
            ),
        ),
    ),
    wants="queries gloss_plain and gloss_elevated for its main question, and decoys in both forms for its scale",
    prepare=prepare,
    run=run,
    estimates=estimates,
    settings={"content_free": list(CONTENT_FREE), "criteria": CRITERIA, "labels": list(LABELS), "sample": SAMPLE},
    prompts={"choice": PROMPTS},
    by_default=False,
)
