"""Probe `distill` on writers whose word frequencies are known: their own, the corpus's, or those of their prompts."""

import math
from collections import Counter

import numpy as np
import pytest

from freqbias.errors import BackendError
from freqbias.frequency import Counts, content_words, tokens, word_zipf
from freqbias.frequency.distillation import EPSILON, alignment, tfd_product
from freqbias.frequency.words import wordfreq_source
from freqbias.models.writing import seed_of
from freqbias.probes import stories
from freqbias.probes.distill import EQ5, PRODUCT, WORDFREQ, probe
from freqbias.probes.runner import Measurement
from freqbias.probes.stories import PROMPTS, Stories, Story, compared_words, is_usable, openings
from freqbias.progress import silent
from freqbias.testing import PlantedLanguageModel
from freqbias.testing.planted import ln_p, noise_of

WORDS = 400  # of a story: enough that the words of sixty items are all written
SHIFT = 0.7  # Zipf units: standard deviation of a word's frequency in the planted model about that in the corpus
TEXT_NOISE = 1.0  # nats: what else moves the log-probability of a text


class Teller(PlantedLanguageModel):
    """A writer of independent words; its frequencies are the corpus's, times a factor of its own for each word.

    It writes as it scores: log p of a text is the sum of its own log frequencies, and some noise.
    """

    def __init__(self, pairs, *, shift, noise=TEXT_NOISE, draw=0):
        super().__init__(name="teller")
        self.words = sorted({word for pair in pairs if is_usable(pair) for side in compared_words(pair) for word in side})
        self.shift, self.noise, self.draw, self.asked = shift, noise, draw, []
        shares = np.exp([self.ln_p(word) for word in self.words])
        self.shares = shares / shares.sum()

    def ln_p(self, word):
        return ln_p(word) + math.log(10) * self.shift * float(noise_of(f"teller {word}")[0])

    def log_probs(self, texts):
        return [np.array([*map(self.ln_p, tokens(text)), self.noise * float(noise_of(f"{self.draw} {text}")[0]) - 9]) for text in texts]

    def write(self, prompts, *, n, max_tokens, temperature, seed):
        self.asked += prompts
        assert temperature == 1
        return [self.told(np.random.default_rng(seed_of(seed, prompt))) for prompt in prompts]

    def told(self, rng):
        return [" ".join(rng.choice(self.words, size=WORDS, p=self.shares))]


class Parrot(Teller):
    """A writer that says its prompt over and over, and prefers the form of a pair that opened more stories."""

    def __init__(self, pairs):
        super().__init__(pairs, shift=0, noise=0)
        self.opened = Counter()

    def write(self, prompts, **options):
        self.opened.update(text for prompt in prompts for text in prompt.split("\n"))
        return [[f"{prompt}\n" * 5] for prompt in prompts]

    def log_probs(self, texts):
        return [np.array([self.opened[text] - 20.0]) for text in texts]


def measured(pairs, model):
    """Return the rows by pair and measure, and the model-level estimates by contrast and term."""
    measurement = Measurement(probe, pairs, model, silent)
    rows = {(row.pair_id, row.measure): row for row in measurement.rows(pairs)}
    return rows, {(row.contrast, row.term): row for row in measurement.estimates()}


@pytest.fixture(scope="module")
def own(lexicon_pairs):
    return measured(lexicon_pairs, Teller(lexicon_pairs, shift=SHIFT))


@pytest.fixture(scope="module")
def corpus(lexicon_pairs):
    return measured(lexicon_pairs, Teller(lexicon_pairs, shift=0.0))


@pytest.mark.parametrize("merge", [EQ5, PRODUCT])
def test_a_model_with_frequencies_of_its_own_is_predicted_better_by_its_stories(own, merge):
    _, estimates = own
    gain = estimates["delta_r2", merge]
    assert gain.ci_low > 0
    assert gain.value == pytest.approx(estimates["r2", merge].value - estimates["r2", WORDFREQ].value)
    assert gain.n_items == 60
    assert "words in 180 stories" in gain.method
    assert estimates["words_written", "all"].value == 180 * WORDS
    for part in ("half", "quarter", *PROMPTS):
        assert estimates["delta_r2", f"{merge}:{part}"].value > 0


@pytest.mark.parametrize("merge", [EQ5, PRODUCT])
def test_a_model_with_the_corpus_frequencies_is_not(corpus, merge):
    gain = corpus[1]["delta_r2", merge]
    assert gain.ci_low <= 0
    assert gain.value < 0.03
    assert corpus[1]["r2", WORDFREQ].value > 0.2  # there is something to predict


def test_the_intervals_hold_under_the_null(lexicon_pairs):
    told = probe.prepare(lexicon_pairs, Teller(lexicon_pairs, shift=0.0), silent)
    draws = 20
    found = [row for draw in range(draws) for row in probe.estimates(lexicon_pairs, Teller(lexicon_pairs, shift=0.0, draw=draw), told)]
    for merge in (EQ5, PRODUCT):
        gains = [row for row in found if (row.contrast, row.term) == ("delta_r2", merge)]
        assert len(gains) == draws
        assert np.mean([row.value for row in gains]) < 0
        assert sum(row.ci_low > 0 for row in gains) <= 3  # of 20 at 2.5 %, at 99.8 %


def test_r_squared_by_hand(own, lexicon_pairs):
    rows, estimates = own
    model = Teller(lexicon_pairs, shift=SHIFT)
    pairs = [pair for pair in lexicon_pairs if pair.arm == "frequency" and all(map(word_zipf, sum(compared_words(pair), ())))]
    sums = [row.sum() for row in model.log_probs([text for pair in pairs for text in (pair.high, pair.low)])]
    y = np.subtract(sums[::2], sums[1::2])
    x = [rows[pair.id, "eq5_zipf"].high - rows[pair.id, "eq5_zipf"].low for pair in pairs]
    items = [pair.item for pair in pairs]
    assert len(set(items)) == len(items)  # so that pairs are items
    assert estimates["r2", EQ5].value == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2)
    gaps = [pair.zipf_gap for pair in pairs]
    assert estimates["r2", WORDFREQ].value == pytest.approx(np.corrcoef(gaps, y)[0, 1] ** 2)


def test_the_verdict_of_the_rows(own, corpus):
    for rows, _ in (own, corpus):
        gaps = [row.high - row.low for (_, measure), row in rows.items() if measure == "written_zipf" and row.arm == "frequency"]
        assert len(gaps) == 60
        assert np.mean(gaps) > 0.5  # both write frequent words more often


def test_a_parrot_gains_nothing_from_a_pairs_own_words(lexicon_pairs):
    model = Parrot(lexicon_pairs)
    measurement = Measurement(probe, lexicon_pairs, model, silent)
    swapped = {word for pair in lexicon_pairs if is_usable(pair) for side in compared_words(pair) for word in side}
    assert len(swapped & measurement.common.counts.keys()) >= 60  # it did say them
    rows = [row for row in measurement.rows(lexicon_pairs) if row.contrast == "written"]
    assert len(rows) == 120
    assert {row.high - row.low for row in rows} == {0.0}
    found = {(row.contrast, row.term): row for row in measurement.estimates()}
    pairs = [pair for pair in lexicon_pairs if pair.arm == "frequency"]
    fed = [[math.log(measurement.common.counts[word] + 1) for (word,) in compared_words(pair)] for pair in pairs]
    preferred = [model.opened[pair.high] - model.opened[pair.low] for pair in pairs]
    assert np.corrcoef(np.subtract(*zip(*fed, strict=True)), preferred)[0, 1] > 0.5  # its own words would have given it away
    assert found["r2", "written"].value == 0
    for merge in (EQ5, PRODUCT):
        assert found["delta_r2", merge].value == pytest.approx(0, abs=1e-6)


def test_stories_are_opened_by_one_pair_an_item_in_either_form(lexicon_pairs):
    model = Teller(lexicon_pairs, shift=0)
    opened = openings(lexicon_pairs)
    assert openings(lexicon_pairs[::-1]) == opened
    assert {pair.arm for pair in opened} == {"frequency"}
    stories.write(lexicon_pairs, model, silent)
    assert len(model.asked) == len(set(model.asked)) == 3 * 60
    high = sum(any(pair.high in prompt for pair in opened) for prompt in model.asked)
    assert 70 <= high <= 110  # of 180


def test_a_pool_of_openings_is_a_part_of_many_items(lexicon_pairs, monkeypatch):
    monkeypatch.setattr(stories, "MAX_OPENINGS", 10)
    assert len(openings(lexicon_pairs)) == 10
    assert openings(lexicon_pairs) == openings(lexicon_pairs[::-1])


def test_no_two_prompts_share_a_content_word():
    words = [word for template in PROMPTS.values() for word in set(content_words(template.replace("{text}", "")))]
    assert len(PROMPTS) >= 3
    assert len(words) == len(set(words))


def test_what_is_left_out_of_the_counts():
    told = Stories(
        [
            Story("a", "story", frozenset({"the", "car"}), Counter({"car": 5, "red": 1})),
            Story("b", "story", frozenset({"old", "jalopy"}), Counter({"jalopy": 7, "red": 2})),
            Story("c", "story", frozenset({"a", "dog"}), Counter({"dog": 3, "car": 1})),
        ]
    )
    assert told.without("a", ["jalopy"]).words == {"dog": 3, "car": 1}
    assert told.without("x", ["cat"]).words == told.counts
    assert told.without("a", ["old", "dog"]) is None


def test_rows_do_not_depend_on_company(lexicon_pairs, own):
    pairs = lexicon_pairs[::-1]
    measurement = Measurement(probe, pairs, Teller(pairs, shift=SHIFT), silent)
    rows = [row for start in range(0, len(pairs), 7) for row in measurement.rows(pairs[start : start + 7])]
    assert {(row.pair_id, row.measure): row for row in rows} == own[0]
    for row in rows:
        row.check()
    assert {row.arm for row in rows} == {"frequency", "placebo"}  # the forms of the length arm have the same words


def test_a_model_that_cannot_write_is_one_line(cli, pair_file, tmp_path):
    done = cli("run", "--pairs", pair_file, "--lm", "synthetic:lm_corpus", "--probe", "distill", "--out", tmp_path / "run")
    assert done.exit_code == 2
    said = "model 'synthetic:lm_corpus' is a function that only scores texts; name a model that can generate"
    assert [line for line in done.stderr.splitlines() if "only scores" in line] == [f"freqbias: {said}"]


def test_a_model_that_writes_no_word_has_rows_with_error_and_numbers_without_value(lexicon_pairs):
    rows, estimates = measured(lexicon_pairs, PlantedLanguageModel())  # its every answer is empty
    assert all("no word was written" in row.error for row in rows.values())
    assert len(rows) == 3 * 120
    assert estimates["delta_r2", EQ5].value is None
    assert estimates["delta_r2", EQ5].flags == ["few_items"]
    assert estimates["words_written", "all"].value == 0
    for row in estimates.values():
        row.check()


def test_a_story_that_failed_is_counted(lexicon_pairs):
    class Halting(Teller):
        def write(self, prompts, **options):
            answers = super().write(prompts, **options)
            return [[None] if "Continue" in prompt else answer for prompt, answer in zip(prompts, answers, strict=True)]

    _, estimates = measured(lexicon_pairs, Halting(lexicon_pairs, shift=0))
    assert "words in 120 stories, 60 not written" in estimates["delta_r2", EQ5].method


def test_a_writer_that_answers_otherwise_is_told(lexicon_pairs):
    class Odd(Teller):
        def write(self, prompts, **options):
            return [[]] * len(prompts)

    with pytest.raises(BackendError, match="did not write 1 texts for each of"):
        Measurement(probe, lexicon_pairs, Odd(lexicon_pairs, shift=0), silent)


def test_the_repositorys_product_by_hand():
    words = ["the", "of", "and", "to", "in", "is", "on", "for", "it", "with", "as"]
    counts = Counts(Counter(dict.fromkeys(words, 2) | {"zzqxv": 1, "jalopy": 1}))
    source = wordfreq_source("en")
    share = {word: 10 ** (word_zipf(word) - 9) for word in (*words, "jalopy", "car")}
    ratios = [(share[word] + EPSILON) / (counts.probability(word) + EPSILON) for word in (*words, "jalopy")]
    factor = alignment(source, counts)
    assert factor == pytest.approx(np.median(ratios))
    merged = [share["jalopy"] * factor / 24, share["car"] * 1e-8, 1e-8 * factor / 24]
    assert tfd_product(["jalopy", "car", "zzqxv"], source, counts, factor) == pytest.approx(np.log10(merged).mean())
    assert alignment(source, Counts(Counter(words[:10]))) == 1
    assert tfd_product([], source, counts, factor) is None
