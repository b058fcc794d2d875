"""Probe `choice` on models that answer by position, by letter, by taste and by what they are asked; all of it known beforehand."""

import re
from collections import Counter

import numpy as np
import pytest
from conftest import missing, needed

from freqbias.analysis import estimate, frame
from freqbias.analysis.report.verdict import verdicts
from freqbias.errors import BackendError
from freqbias.models import ModelInfo, language_model
from freqbias.models.names.aliases import aliases
from freqbias.paraphrases.lexicon import generate
from freqbias.probes import choice as module
from freqbias.probes.choice import CONTENT_FREE, CRITERIA, TEMPLATES, probe
from freqbias.probes.runner import Measurement
from freqbias.progress import silent
from freqbias.records import Pair
from freqbias.terms import ARMS
from freqbias.testing import check_probe
from freqbias.testing.planted import KnownTexts, noise_of

OPTION = re.compile(r"^([AB])[.:)] (.*)$", re.MULTILINE)
KEY = ("pair_id", "measure", "contrast", "register")
NATS = 0.7


def is_content_free(question):
    return any(text in question for text in CONTENT_FREE)


class Chooser:
    """Answers with the letter of the text that it likes more: `taste(text, question)` in nats, and `first(question)` for what is A.

    `letters` are the log-probabilities that both letters lose whatever is asked; beside them there is no other answer to be scored.
    """

    path = None

    def __init__(self, taste=lambda text, question: 0.0, first=lambda question: 0.0, letters=(0.0, 0.0)):
        self.info = ModelInfo(name="chooser", kind="language_model", source="memory")
        self.taste, self.first, self.letters, self.asked = taste, first, letters, []

    def continuation_log_probs(self, contexts, continuations):
        self.asked += list(zip(contexts, continuations, strict=True))
        return np.array([self._one(*couple) for couple in zip(contexts, continuations, strict=True)])

    def _one(self, context, label):
        question = OPTION.sub("", context)
        (a, first), (b, second) = OPTION.findall(context)
        assert (a, b) == ("A", "B")
        likes = np.array([self.taste(first, question) + self.first(question), self.taste(second, question)])
        likes = likes - np.logaddexp.reduce(likes) + self.letters
        return float(likes["AB".index(label.strip())])

    def log_probs(self, texts):
        return [-np.ones(len(text.split())) for text in texts]

    def format_prompt(self, prompt):
        return prompt

    def token_counts(self, texts):
        return [len(text.split()) for text in texts]


@pytest.fixture(scope="module")
def pairs():
    return generate(n=24, seed=0)


@pytest.fixture(scope="module")
def frequent(pairs):
    return KnownTexts(pairs).is_frequent


def gaps(rows):
    """Return the gaps of the frequency arm by contrast."""
    found = {}
    for row in rows:
        if row.arm == "frequency":
            found.setdefault(row.contrast, []).append(row.high - row.low)
    return found


def judged(rows, pairs):
    return verdicts(estimate(frame(rows), pairs, resamples=499, curve=False), {"seed": 0})


def by_question(question):
    """Return up to 3 nats that depend on what is asked, and on no option."""
    return 3 * float(noise_of(question)[0])


def test_position_alone_is_no_gap_at_all(pairs):
    rows = list(probe(pairs, Chooser(first=by_question)))
    assert {row.arm for row in rows} == set(ARMS)
    assert {row.high - row.low for row in rows} == {0.0}


def test_one_letter_always_is_no_finding(pairs):
    """A model that says A whatever it is asked, and one that hardly says either letter."""
    for letters in ((-0.01, -9.0), (-30.0, -12.0)):
        rows = list(probe(pairs, Chooser(letters=letters)))
        assert {row.high - row.low for row in rows} == {0.0}
        (found,) = judged(rows, pairs)
        assert "both wordings score exactly the same" in found.headline
        main = next(row for row in estimate(frame(rows), pairs, resamples=499, curve=False) if row.contrast == "meaning")
        assert (main.value, main.p_value) == (0.0, 1.0)
        assert {"constant", "unmoved"} <= set(main.flags)
        assert main.bound is None  # no margin, so nothing to be equivalent by


def test_the_rounding_of_a_model_that_sees_no_option_is_no_gap(pairs):
    rows = list(probe(pairs, language_model("synthetic:lm_corpus")))  # what it says depends on the words of a question, in both letters
    assert {row.high - row.low for row in rows} == {0.0}


def test_what_it_likes_in_the_question_is_recovered_in_nats(pairs, frequent):
    """Position, a letter and a template of its own lie on top, and change nothing."""
    model = Chooser(lambda text, question: NATS * frequent(text) * (not is_content_free(question)), by_question, (-0.2, -4.0))
    rows = list(probe(pairs, model))
    found = gaps(rows)
    assert set(found) == {name + more for name in ("meaning", "correct", "usual") for more in ("", "_uncalibrated")}
    for values in found.values():
        assert values == pytest.approx([NATS] * len(values))
    for arm in ("placebo", "length"):  # the length arm shows the frequent form on both sides
        kept = [pair for pair in pairs if pair.arm == arm]
        wanted = {pair.id: NATS * (frequent(pair.high) - frequent(pair.low)) for pair in kept}
        own = [row for row in rows if row.arm == arm]
        assert [row.high - row.low for row in own] == pytest.approx([wanted[row.pair_id] for row in own])
    plain = next(row for row in rows if row.contrast == "correct_uncalibrated")
    assert np.exp(plain.high) < 0.7  # a mean of two log-probabilities of one letter each


def test_what_it_likes_whatever_is_asked_is_taken_off(pairs, frequent):
    found = gaps(probe(pairs, Chooser(lambda text, question: NATS * frequent(text))))
    for name in ("meaning", "correct", "usual"):
        assert found[name] == pytest.approx([0.0] * len(found[name]), abs=1e-12)
        assert found[name + "_uncalibrated"] == pytest.approx([NATS] * len(found[name]))


def test_a_template_of_its_own_is_told_by_the_prompt(pairs, frequent):
    """What a template adds to the first option is in no gap; what it adds to the frequent one is in the gaps of that prompt."""

    def taste(text, question):
        return (0.3 + 0.5 * ("Somebody is looking" in question)) * frequent(text) * (not is_content_free(question))

    rows = list(probe(pairs, Chooser(taste, lambda question: 2.0 * ("Here is an idea" in question))))
    found = {}
    for row in rows:
        if (row.contrast, row.arm) == ("meaning", "frequency"):
            found.setdefault(row.prompt, []).append(row.high - row.low)
    assert set(found) == {template.name for template in TEMPLATES["meaning"]}
    for name, values in found.items():
        assert values == pytest.approx([0.8 if name == "search" else 0.3] * len(values))


def test_the_decoys_are_what_meaning_is_worth(pairs):
    """A right sentence that is liked 1.2 nats more than its decoy, and a smallest effect of interest of a tenth of that."""
    exact = {getattr(pair, side) for pair in pairs for side in ("high", "low")}
    model = Chooser(lambda text, question: 1.2 * (text in exact) * (not is_content_free(question)))
    rows = list(probe(pairs, model))
    own = [row for row in rows if row.contrast == "meaning" and row.arm == "frequency"]
    assert [row.high - row.decoys["high"] for row in own] == pytest.approx([1.2] * len(own))
    assert [row.low - row.decoys["low"] for row in own] == pytest.approx([1.2] * len(own))
    assert all(row.decoys is None for row in rows if row.arm != "frequency" or row.contrast != "meaning")
    found = estimate(frame(rows), pairs, resamples=499, curve=False)
    assert next(row for row in found if (row.contrast, row.term) == ("meaning", "mean")).bound == pytest.approx(0.12)


def test_the_checks_of_probes_pass():
    known = KnownTexts(generate(n=40, seed=0))
    noisy = lambda text, question: 0.2 * float(noise_of(text + question)[0])  # noqa: E731
    likes = lambda text, question: noisy(text, question) + NATS * known.is_frequent(text) * (not is_content_free(question))  # noqa: E731
    check_probe(probe, planted=Chooser(likes, by_question), null=Chooser(noisy, by_question))


def test_rows_have_keys_of_their_own_and_name_their_prompt(pairs):
    rows = list(probe(pairs, Chooser()))
    assert len({tuple(getattr(row, name) for name in KEY) for row in rows}) == len(rows)
    for row in rows:
        kind = "meaning" if row.contrast.startswith("meaning") else "wording"
        assert row.prompt in {template.name for template in TEMPLATES[kind]}
        assert (row.register is None) == (kind == "wording")
        assert row.covariates["subwords"]


def test_templates_are_asked_equally_often_and_an_item_meets_several():
    """By counting and not by luck: 24 items, 4 templates; an item of four frames meets all of them."""
    single = generate(n=24, seed=0)
    for arm in ("frequency", "placebo", "length"):
        places = module.prepare(single, None, silent)
        met = Counter(
            module.choices_of(pair, places[module.text_hash(pair.id)]).__next__()[2].template.name for pair in single if pair.arm == arm
        )
        assert set(met) == {template.name for template in TEMPLATES["meaning"]}
        assert max(met.values()) - min(met.values()) <= 1
    several = [Pair(id=f"{item}{k}", item=item, high=f"one {k}", low=f"two {k}") for item in "abcde" for k in range(4)]
    for given in (several, several[::-1]):
        rows = [row for row in probe(given, Chooser()) if row.contrast == "correct"]
        assert {item: len({row.prompt for row in rows if row.item == item}) for item in "abcde"} == dict.fromkeys("abcde", 4)
        assert Counter(row.prompt for row in rows) == dict.fromkeys((template.name for template in TEMPLATES["wording"]), 5)


def test_every_template_shows_both_options_once_and_its_content():
    assert sum(map(len, TEMPLATES.values())) >= 6
    names = [template.name for kind in TEMPLATES.values() for template in kind]
    assert len(set(names)) == len(names)
    for kind in TEMPLATES.values():
        for template in kind:
            assert sorted(re.findall(r"{(\w+)}", template.text)) == ["a", "b", "content"]
            assert [label for label, _ in OPTION.findall(template.text)] == ["A", "B"]


def test_every_question_is_asked_in_both_orders_and_once(pairs):
    model = Chooser()
    list(probe(pairs, model))
    assert len(model.asked) == len(set(model.asked))
    options = Counter(tuple(text for _, text in OPTION.findall(context)) for context, _ in model.asked)
    assert all(options[first, second] == options[second, first] for first, second in options)


def test_without_glosses_only_the_wording_is_asked():
    pair = Pair(id="1", item="a", high="the car", low="the jalopy")
    model = Chooser()
    assert [row.contrast for row in probe([pair], model)] == ["correct", "correct_uncalibrated", "usual", "usual_uncalibrated"]
    asked = {context for context, _ in model.asked}
    assert len(asked) == 2 * (len(CRITERIA) + len(CONTENT_FREE))  # both criteria share the content-free questions


def test_a_model_that_gives_no_number_leaves_rows_with_errors(pairs):
    rows = list(probe(pairs[:3], language_model("synthetic:lm_broken")))
    assert rows
    assert all("no finite log-probability for a letter" in row.error and row.high is None for row in rows)


class Failing(Chooser):
    """Raises for one text, and knows why it has no number for another."""

    def __init__(self, raises, silent_of):
        super().__init__()
        self.raises, self.silent_of, self.errors = raises, silent_of, {}

    def continuation_log_probs(self, contexts, continuations):
        if any(self.raises in context for context in contexts):
            raise BackendError("out of memory")
        values = super().continuation_log_probs(contexts, continuations)
        for k, (context, label) in enumerate(zip(contexts, continuations, strict=True)):
            if self.silent_of in context:
                values[k] = np.nan
                self.errors[context + label] = "too long"
        return values


def test_failures_cost_their_own_pair_and_say_why(pairs):
    first, second, third = [pair for pair in pairs if pair.arm == "frequency"][:3]
    model = Failing(first.high, second.decoys["high"])
    rows = Measurement(probe, [first, second, third], model, silent).rows([first, second, third])
    assert len(rows) == 24
    told = {pair.id: {row.contrast: row.error for row in rows if row.pair_id == pair.id} for pair in (first, second, third)}
    assert set(told[third.id].values()) == {None}
    assert all("out of memory" in error for error in told[first.id].values())
    assert "too long" in told[second.id].pop("meaning")  # its scale is missing; what needs none is there
    assert set(told[second.id].values()) == {None}


def test_position_is_an_estimate_of_the_model(pairs):
    model = Chooser(lambda text, question: float(noise_of(text)[0]), lambda question: 2.0, (-0.5, -1.0))
    (found,) = Measurement(probe, pairs, model, silent).estimates()
    assert (found.contrast, found.arm, found.term) == ("position", "frequency", "mean")
    assert found.value == pytest.approx(2.5)
    assert found.n_items == 24
    assert len({context for context, _ in model.asked}) == 24
    (broken,) = Measurement(probe, pairs, language_model("synthetic:lm_broken"), silent).estimates()
    assert (broken.value, broken.n_failed) == (None, 24)


def test_a_report_says_what_was_chosen(pairs, frequent):
    rows = list(probe(pairs, Chooser(lambda text, question: NATS * frequent(text) * ("most people" in question))))
    (found,) = judged(rows, pairs)
    told = " ".join(found.findings)
    assert "Asked which one most people would say, it puts the frequent one ahead by +0.7 nats" in told


@pytest.mark.parametrize("name", ["smollm2-135m"])
def test_a_real_model_cancels_its_position_and_turns_with_the_pair(name):
    """What position is worth is in no gap; swapped forms give the same numbers on the other side."""
    needed("transformers")
    if aliases()[name].ready_directory() is None:
        missing(f"model {name}")
    few = [pair.replace(decoys={}) for pair in generate(n=10, seed=1) if pair.arm in ("frequency", "placebo")]
    assert len(few) == 20
    model = language_model(name)
    rows = list(probe(few, model))
    assert all(row.error is None for row in rows)
    (position,) = probe.estimates(few, model, module.prepare(few, model, silent))
    apart = [row.high - row.low for row in rows if row.contrast == "meaning"]
    assert np.ptp(apart) > 0  # it does see which form is which
    assert abs(np.mean(apart)) < abs(position.value)
    turned = few[0].replace(high=few[0].low, low=few[0].high)
    back = list(probe([turned], model))
    there = list(probe(few[:1], model))
    assert [row.high - row.low for row in there] == pytest.approx([row.low - row.high for row in back], abs=1e-3)
