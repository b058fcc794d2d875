"""Language-model probe `entailment`: whether a hypothesis is accepted more readily where it is more frequent than its premise.

McKenna et al. 2023 (arXiv:2305.14552) call it the relative frequency bias: models affirm entailment where the premise's predicate is less
frequent than the hypothesis's. Both forms of a pair say the same, so each follows from the other, and the pair is asked in both
directions. A value is the log-odds of "yes" against "no", in nats, from the two labels of a question with two options, averaged over
both orders of the options. In every row `high` is the hypothesis in frequent wording, `low` that in rare wording. Rows written:

* `direction`: high is rare premise -> frequent hypothesis, low is frequent premise -> rare hypothesis. `decoys` has the pair's wrong
  document, in the hypothesis's wording, in the place of the hypothesis: the true negatives, in the same frame;
* `hypothesis_only`: the same hypotheses after `N/A`, that is, how readily each is accepted with nothing to go by. The paper's rival, the
  attestation bias, is one such prior, and a mere liking for frequent texts is another;
* `direction_net` (confirmatory): `direction` less `hypothesis_only`, hypothesis by hypothesis, `decoys` alike;
* `wrong_premise`: either hypothesis after one wrong document, the paper's random premise: whatever is accepted here is accepted falsely.
  The premise is the same on both sides, so nothing but the hypothesis changes.

Estimates on the model as a whole are in `freqbias.probes.entailment_auc`: AUC by direction, on the cases that the paper calls
consistent with the bias and adversarial to it, and the mean gap beyond its margin of relative frequency.

What could fake a result, and what is done about it:

* always saying yes (cancels in the gap), and a liking for a letter or a place (cancels over both orders);
* a prior of the hypothesis: subtracted, and shown;
* subtracting too much, where a real premise overrides the prior and `N/A` does not: that turns a liking for frequent hypotheses into a
  negative `direction_net`. So `direction` and `wrong_premise` stand beside it, and a net number that both contradict is no finding;
* premise and hypothesis that both pull, which a direction cannot tell apart: `wrong_premise` holds the premise;
* word overlap and length: both directions have the same two texts;
* a rare word that is the more specific one, so that the frequent one follows from it and not the reverse. The lexicon's readers called
  its words the same; the analysis holds `specificity` and `n_senses` where pairs have them;
* the wording of the question: three templates, rotated over pairs by a hash, one for all rows of a pair, named in `prompt`;
* a model that cannot do the task, whose answers are noise: its exact - decoy margin and its AUC say so.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from freqbias.models import LanguageModel
from freqbias.models.labels import ANSWER_START, label_log_probs, label_texts, labels_measure
from freqbias.models.log_probs import checked
from freqbias.probes import Finding, Judgement, Probe
from freqbias.probes.common import form_covariates, observation, prompt, text_hash
from freqbias.probes.entailment_auc import ABOVE_CHANCE, AUC_NORM, GLOSSARY, MARGIN, RESAMPLES, Scored, model_estimates
from freqbias.progress import Track
from freqbias.records import Estimate, Observation, Pair
from freqbias.terms import FREQUENCY, HIGH, LOW, SIDES

NAME = "entailment"
LOG_ODDS = "log_odds_nats"
FIRST_TOKEN_LOG_ODDS = "first_token_log_odds_nats"  # noqa: S105 - the name of a measure
CONTENT_FREE = "N/A"  # in the place of a premise, as in contextual calibration (Zhao et al. 2021, arXiv:2102.09690)
PROMPTS = ("entailment-follows-v1", "entailment-true-v1", "entailment-must-v1")
TEMPLATES = {name: prompt(name) for name in PROMPTS}
LABELS = ("A", "B")
ORDERS = (("Yes", "No"), ("No", "Yes"))  # of what the labels stand for
PART = 32  # pairs whose answers are asked for at once for estimates: enough to fill batches

Question = tuple[str, str, str]  # template, premise, hypothesis
Answers = Mapping[Question, float]
OTHER = {HIGH: LOW, LOW: HIGH}


def prepare(pairs: Iterable[Pair], model: LanguageModel, track: Track) -> dict[str, Scored]:
    """Return where `run` keeps what the estimates need of each pair, so that nothing is asked twice."""
    return {}


def run(pairs: Sequence[Pair], model: LanguageModel, common: dict[str, Scored] | None = None) -> Iterator[Observation]:
    """Yield the rows of every pair; see the module's docstring."""
    model = checked(model)
    answers, measure = _answers(pairs, model), labels_measure(model, LOG_ODDS)
    covariates = form_covariates(pairs, model)
    for pair in pairs:
        _keep(pair, answers, common)
        for contrast, values, asked in _rows(pair, answers):
            sound = np.isfinite([values[HIGH], values[LOW], *values.get("decoys", {}).values()]).all()
            fields = values if sound else {"error": f"{model.info.name} gave no finite log-probability of an answer"}
            texts = [] if sound else [text for question in asked for text in _asked_texts(question, model)]
            yield observation(NAME, measure, pair, model, contrast, fields, covariates[pair.id], None, texts, prompt=_template(pair))


def estimates(pairs: Iterable[Pair], model: LanguageModel, common: dict[str, Scored] | None) -> Iterator[Estimate]:
    """Yield what is known of the model as a whole; pairs that an interrupted run had measured before are asked again."""
    known = {} if common is None else common
    wanted = [pair for pair in pairs if pair.arm == FREQUENCY and _decoys(pair)]
    missing = [pair for pair in wanted if pair.id not in known]
    for start in range(0, len(missing), PART):
        part = missing[start : start + PART]
        answers = _answers(part, checked(model))
        for pair in part:
            _keep(pair, answers, known)
    yield from model_estimates(NAME, labels_measure(model, LOG_ODDS), model, [known[pair.id] for pair in wanted])


def _template(pair: Pair) -> str:
    return PROMPTS[text_hash(pair.id) % len(PROMPTS)]


def _decoys(pair: Pair) -> Mapping[str, str]:
    """Return the decoys of the frequency arm, which give the scale and the true negatives; the controls would only cost time."""
    return pair.decoys if pair.arm == FREQUENCY and set(SIDES) <= pair.decoys.keys() else {}


def _wrong_premise(pair: Pair) -> str | None:
    """Return one wrong document of a pair, as often the frequent as the rare one."""
    return _decoys(pair)[SIDES[text_hash(pair.id, "premise") % len(SIDES)]] if _decoys(pair) else None


def _questions(pair: Pair) -> dict[str, dict[str, Question]]:
    """Return every question of a pair: by contrast and the side of the hypothesis, those with decoys under `CONTRAST:decoys`."""
    template, decoys, wrong = _template(pair), _decoys(pair), _wrong_premise(pair)
    premises = {side: getattr(pair, OTHER[side]) for side in SIDES}
    hypotheses = {side: getattr(pair, side) for side in SIDES}
    found = {
        "direction": {side: (template, premises[side], hypotheses[side]) for side in SIDES},
        "hypothesis_only": {side: (template, CONTENT_FREE, hypotheses[side]) for side in SIDES},
    }
    if wrong is not None:
        found |= {
            "direction:decoys": {side: (template, premises[side], decoys[side]) for side in SIDES},
            "hypothesis_only:decoys": {side: (template, CONTENT_FREE, decoys[side]) for side in SIDES},
            "wrong_premise": {side: (template, wrong, hypotheses[side]) for side in SIDES},
        }
    return found


def _rows(pair: Pair, answers: Answers) -> Iterator[tuple[str, dict[str, Any], list[Question]]]:
    """Yield contrast, values and the questions behind them."""
    questions = _questions(pair)
    values = {name: {side: answers[question] for side, question in sides.items()} for name, sides in questions.items()}
    for contrast in ("direction", "hypothesis_only", "wrong_premise"):
        if contrast in questions:
            decoys = f"{contrast}:decoys"
            row: dict[str, Any] = values[contrast] | ({"decoys": values[decoys]} if decoys in values else {})
            yield contrast, row, [*questions[contrast].values(), *questions.get(decoys, {}).values()]
    net: dict[str, Any] = _less(values["direction"], values["hypothesis_only"])
    if "direction:decoys" in values:
        net["decoys"] = _less(values["direction:decoys"], values["hypothesis_only:decoys"])
    yield "direction_net", net, [question for name in questions if name != "wrong_premise" for question in questions[name].values()]


def _less(first: Mapping[str, float], second: Mapping[str, float]) -> dict[str, float]:
    return {side: first[side] - second[side] for side in SIDES}


def _answers(pairs: Iterable[Pair], model: LanguageModel) -> dict[Question, float]:
    """Return the log-odds of yes against no, in nats, to every distinct question, averaged over both orders of the options."""
    questions = list(dict.fromkeys(question for pair in pairs for sides in _questions(pair).values() for question in sides.values()))
    messages = [_message(question, order) for question in questions for order in ORDERS]
    if not messages:
        return {}
    scores = label_log_probs(model, messages, LABELS)
    yes = np.array([order.index("Yes") for _ in questions for order in ORDERS])
    rows = np.arange(len(messages))
    odds = (scores[rows, yes] - scores[rows, 1 - yes]).reshape(len(questions), len(ORDERS)).mean(axis=1)
    return dict(zip(questions, map(float, odds), strict=True))


def _message(question: Question, order: Sequence[str]) -> str:
    template, premise, hypothesis = question
    options = "\n".join(f"{label}) {said}" for label, said in zip(LABELS, order, strict=True))
    return TEMPLATES[template].format(premise=premise, hypothesis=hypothesis, options=options)


def _asked_texts(question: Question, model: LanguageModel) -> list[str]:
    """Return the whole texts by which a model knows why it has no number."""
    return [text for order in ORDERS for text in label_texts(model, _message(question, order), LABELS)]


def _keep(pair: Pair, answers: Answers, common: dict[str, Scored] | None) -> None:
    """Put a pair's answers where the estimates find them: premise, hypothesis, whether it follows, log-odds of yes."""
    if common is None or not _decoys(pair):
        return
    questions = _questions(pair)
    cases = [
        (premise, hypothesis, follows, answers[template, premise, hypothesis])
        for name, follows in (("direction", True), ("direction:decoys", False))
        for template, premise, hypothesis in (questions[name][side] for side in SIDES)
    ]
    common[pair.id] = Scored(pair=pair, cases=cases)


probe = Probe(
    name=NAME,
    needs="language_model",
    summary="log-odds of yes to whether one form follows from the other, in both directions, with and without a premise",
    questions={"direction_net": "Is a hypothesis accepted more readily where it is more frequent than its premise?"},
    glossary={
        "direction": "How much more readily the frequent hypothesis is accepted after the rare premise than the rare one after the "
        "frequent premise. Both do follow.",
        "hypothesis_only": "How much more readily the frequent hypothesis is accepted where there is no premise.",
        "direction_net": "The difference between the two directions, less that between the two hypotheses without a premise.",
        "wrong_premise": "How much more readily the frequent hypothesis is accepted after a premise from which neither follows.",
        "log-odds": "How much likelier yes is than no, as a natural logarithm.",
        FIRST_TOKEN_LOG_ODDS: "The same by the first token of the answer, of a server that does not score a text.",
        LOG_ODDS: "How much likelier the answer yes is than no, as a logarithm; 0 where they are equally likely.",
        **GLOSSARY,
    },
    judgement=Judgement(
        contrast="direction_net",
        secondary=(ABOVE_CHANCE, AUC_NORM),
        unit="log-odds",
        subject="hypothesis",
        meaning="is accepted more readily after its premise, beyond what it is without one",
        findings=(
            Finding(
                contrast="direction",
                sentence="Before anything is taken off, the step from rare to frequent wording is accepted more readily than that back "
                "by {value} {unit} {interval}, {p}.",
            ),
            Finding(
                contrast="hypothesis_only",
                sentence="Without a premise the frequent hypothesis is accepted more readily by {value} {unit} {interval}, {p}.",
            ),
            Finding(
                contrast="wrong_premise",
                sentence="After a wrong premise the frequent hypothesis is accepted more readily by {value} {unit} {interval}, {p}. "
                "Neither hypothesis follows there.",
            ),
            Finding(
                contrast="direction",
                measure=ABOVE_CHANCE,
                term="consistent_lead",
                sentence="The AUC above chance, in telling what follows, is higher by {value} {interval} where relative frequency points "
                "the right way than where it misleads.",
            ),
        ),
    ),
    wants="decoys in both forms, for the scale and the true negatives",
    prepare=prepare,
    run=run,
    estimates=estimates,
    prompts=TEMPLATES,
    settings={"content_free": CONTENT_FREE, "start": ANSWER_START, "margin_zipf": MARGIN, "resamples": RESAMPLES},
    by_default=False,
)
