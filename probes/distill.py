"""Language-model probe `distill`: whether word frequencies taken from a model's own stories predict it better than a corpus's do.

This is Textual Frequency Distillation (TFD) of Adam's Law (Lu et al. 2026, arXiv:2604.02176): a model completes stories that open with
texts of the pairs, its words are counted, and a corpus's frequencies (here wordfreq's) are merged with the counts. Two merges:

* `eq5`, the paper's Eq. 5: F = alpha F1 + (1 + zeta [F1 = 0]) beta F2, with F1 from the corpus and F2 from the stories. Its form was read
  in notes on the paper by others, not in the paper itself. These have F1 and F2 for sentences; that it is taken word by word, with a mean
  of logarithms over words behind it, is inferred from the repository, which merges tables of words. No values of the weights are known:
  alpha = beta = 1/2 and zeta = 1 are ours. A word that was never written keeps alpha F1, so nothing needs smoothing.
* `product`, what `align_and_merge` of the authors' repository does: F1 x c x F2, with c the median of F1 / F2 over common words and 1e-8
  for a word that one of them lacks. Taken from there, except that the corpus is wordfreq instead of Brown and stop words are counted.

Rows, all over the words in which the forms differ: `written` (measure `written_zipf`), log10 of the words' rate in the stories, half an
occurrence added to each; `distilled` (measures `eq5_zipf`, `product_zipf`). The first is judged. The second holds wordfreq's own gap, by
which pairs are chosen, so that its mean is above zero by construction; it is there to be looked up.

Model-level estimates: `delta_r2`, R squared of the model's gap log p(high) - log p(low) on the gap by a merge (`eq5`, `product`), or by
the stories alone (`written`), minus R squared of the same gaps on wordfreq's gap. Each has one predictor and a constant, so none is
larger for having more of them. Over item means, with an interval from resampling items; it takes the stories as given. How much it
depends on them: half and a quarter of the stories, and those of one prompt alone (`eq5:half`, `eq5:story`, ...). `r2` gives both sides;
`words_written` and `never_written` how much text there was.

What could fake a result, and what is done about it: a pair's own text fed back (see `freqbias.probes.stories`: stories of its item, or
opened with one of its words, are left out); one form opening more stories (balanced); a prompt's own words (left out in the same way, and
no prompt shares one with another); words never written (stated above); a sampling temperature that sharpens frequencies (it is 1). Two
things remain. Pairs are chosen by their gap in wordfreq, which narrows its range and so its R squared, not that of the stories: a small
positive difference can come of that. And log p of a form falls with the pieces of its words, which both predictors leave to chance.

The engine gives probes no place for files: an interrupted run writes its stories anew, the same ones where the model keeps its seeds.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from freqbias.frequency.counts import BILLION_LOG10, Counts
from freqbias.frequency.distillation import EPSILON, alignment, tfd_product
from freqbias.frequency.measures import tfd
from freqbias.frequency.words import Source, wordfreq_source
from freqbias.models import LanguageModel
from freqbias.models.log_probs import checked
from freqbias.probes import Finding, Judgement, Probe, stories
from freqbias.probes import vector_geometry as resampling
from freqbias.probes.common import MIN_ITEMS, form_covariates, observation, text_hash
from freqbias.probes.stories import Stories, Words, compared_words, is_usable
from freqbias.probes.vector_geometry import Fit, Floats
from freqbias.progress import Track, chunks
from freqbias.records import Estimate, Observation, Pair
from freqbias.terms import FEW_ITEMS, FREQUENCY, SIDES, UNDEFINED

ALPHA, BETA, ZETA = 0.5, 0.5, 1.0  # of Eq. 5; ours, since no values are known
HALF_OCCURRENCE = 0.5  # added to every count of `written`: Jeffreys' prior of a binomial share
WORDFREQ, WRITTEN, EQ5, PRODUCT = ("wordfreq", "written", "eq5", "product")
ROWS = {WRITTEN: (WRITTEN, "written_zipf"), EQ5: ("distilled", "eq5_zipf"), PRODUCT: ("distilled", "product_zipf")}
SHARES = {"half": 2, "quarter": 4}  # of the stories
PAIRS_AT_ONCE = 256  # whose log-probabilities are asked for in one call


def prepare(pairs: Iterable[Pair], model: LanguageModel, track: Track) -> Stories:
    """Let the model write its stories."""
    return stories.write(pairs, model, track)


def run(pairs: Sequence[Pair], model: LanguageModel, common: Stories) -> Iterator[Observation]:
    """Yield the rows of every English pair that differs in words; see the module's docstring."""
    usable = [pair for pair in pairs if is_usable(pair)]
    covariates = form_covariates(usable, model)
    for pair in usable:
        words = compared_words(pair)
        counts = common.without(pair.item, (*words[0], *words[1]))
        values = {} if counts is None else _estimated(words, counts, wordfreq_source(pair.language))
        for name, (contrast, measure) in ROWS.items():
            sides = dict(zip(SIDES, values.get(name, ()), strict=False))
            failed = {} if sides and None not in sides.values() else {"error": _reason(counts)}
            yield observation("distill", measure, pair, model, contrast, failed or sides, covariates[pair.id])


def _reason(counts: Counts | None) -> str:
    if counts is None:
        return "no word was written in stories that neither this item nor one of its words opened"
    return "a form has no word that wordfreq's list or the stories hold"


def _estimated(words: Words, counts: Counts, source: Source) -> dict[str, tuple[float | None, float | None]]:
    """Return the Zipf values of both sides by what they were estimated from; None where a side has no word."""
    factor = alignment(source, counts)
    found = {}
    for name in ROWS:
        high, low = (_zipf(name, side, counts, source, factor) for side in words)
        found[name] = (high, low)
    return found


def _zipf(name: str, words: Sequence[str], counts: Counts, source: Source, factor: float) -> float | None:
    """Return the mean Zipf value of the words of a side; of `product` without the constant that no gap depends on."""
    if name == EQ5:
        mixed = tfd(words, source, completions=counts, alpha=ALPHA, beta=BETA, zeta=ZETA)
        return None if mixed is None else float(np.log10(mixed)) + BILLION_LOG10
    if name == PRODUCT:
        merged = tfd_product(words, source, counts, factor)
        return None if merged is None else merged + BILLION_LOG10
    if not words:
        return None
    occurrences = np.array([counts.words.get(word, 0) for word in words])
    shares = (occurrences + HALF_OCCURRENCE) / (counts.words.total() + 2 * HALF_OCCURRENCE)
    return float(np.log10(shares).mean()) + BILLION_LOG10


@dataclass(frozen=True)
class Gaps:
    """Item means: the model's gap in nats, and the gap in Zipf units by predictor; `never` counts words that were not written."""

    log_prob: Floats
    by: Mapping[str, Floats]
    n_pairs: int
    n_failed: int
    never: float | None


def estimates(pairs: Iterable[Pair], model: LanguageModel, common: Stories) -> Iterator[Estimate]:
    """Yield what has one value per model; a number that cannot be given has no value and a flag."""
    parts = _parts(common)
    gaps = _gaps(pairs, checked(model), common, parts)
    make = _Maker(model.info.name, gaps, _amount(common))
    for name in (WORDFREQ, *ROWS):
        yield make.estimate("r2", "r_squared", name, _r_squared(gaps.log_prob, [gaps.by[name]]))
    for term in gaps.by:
        if term != WORDFREQ:
            yield make.estimate("delta_r2", "r2_difference", term, _r_squared(gaps.log_prob, [gaps.by[term], gaps.by[WORDFREQ]]))
    yield make.number("words_written", "words", float(common.counts.total()))
    yield make.number("never_written", "share_of_words", gaps.never)


def _parts(common: Stories) -> dict[str, Stories]:
    """Return some of the stories by the name of the part: halves that hold each other, and those of one prompt."""
    order = np.argsort([text_hash(story.item, story.prompt) for story in common.stories], kind="stable")
    rank = np.argsort(order)
    count = len(common.stories)
    shares = {name: common.part(by * rank < count) for name, by in SHARES.items()}
    asked = np.array([story.prompt for story in common.stories])
    return shares | {name: common.part(asked == name) for name in stories.PROMPTS}


def _gaps(pairs: Iterable[Pair], model: LanguageModel, common: Stories, parts: Mapping[str, Stories]) -> Gaps:
    """Return the gaps of the frequency arm's pairs whose words wordfreq knows, all predictors from the same words."""
    names = [WORDFREQ, *ROWS, *(f"{merge}:{part}" for part in parts for merge in (EQ5, PRODUCT))]
    items: dict[str, list[list[float]]] = {}
    failed = never = words_seen = 0
    for part in chunks((pair for pair in pairs if pair.arm == FREQUENCY and is_usable(pair)), PAIRS_AT_ONCE):
        found = model.log_probs([getattr(pair, side) for pair in part for side in SIDES])
        for k, pair in enumerate(part):
            log_prob = float(found[2 * k].sum() - found[2 * k + 1].sum())
            words = compared_words(pair)
            row = _predictors(pair, words, common, parts)
            if row is None or not np.isfinite(log_prob):
                failed += 1
                continue
            items.setdefault(pair.item, []).append([log_prob, *row])
            own = common.without(pair.item, (*words[0], *words[1]))
            never += sum(own is None or not own.words.get(word) for side in words for word in side)
            words_seen += sum(map(len, words))
    means = np.array([np.mean(rows, axis=0) for rows in items.values()]).reshape(len(items), len(names) + 1)
    by = dict(zip(names, means.T[1:], strict=True))
    return Gaps(means[:, 0], by, sum(map(len, items.values())), failed, never / words_seen if words_seen else None)


def _predictors(pair: Pair, words: Words, common: Stories, parts: Mapping[str, Stories]) -> list[float] | None:
    """Return the gap by wordfreq, by each merge, and by each merge with parts of the stories; None where one is missing."""
    source = wordfreq_source(pair.language)
    known = [[source.zipf(word) for word in side] for side in words]
    if not all(known) or any(None in side for side in known):
        return None
    row = [float(np.mean(known[0]) - np.mean(known[1]))]  # type: ignore[arg-type]  # no None is left
    for some in (common, *parts.values()):
        counts = some.without(pair.item, (*words[0], *words[1]))
        if counts is None:
            return None
        found = _estimated(words, counts, source)
        wanted = ROWS if some is common else (EQ5, PRODUCT)
        for name in wanted:
            high, low = found[name]
            if high is None or low is None:
                return None
            row.append(high - low)
    return row


def _r_squared(y: Floats, predictors: Sequence[Floats]) -> Fit:
    """Return per-item moments and the statistic R squared of y on the first predictor, minus that on the second where there is one.

    A predictor that does not vary predicts nothing: 0. NaN where y does not vary.
    """
    y, *columns = (column - column.mean() if len(column) else column for column in (y, *predictors))
    moments = np.column_stack([np.ones_like(y), y, y * y, *(part for x in columns for part in (x, x * x, x * y))])

    def statistic(sums: Floats) -> Floats:
        n, sy, syy = sums.T[:3]
        total = n * syy - sy**2
        shares = []
        for sx, sxx, sxy in sums.T[3:].reshape(len(columns), 3, -1):
            spread = n * sxx - sx**2
            shared = (n * sxy - sx * sy) ** 2
            shares.append(np.where(spread > 1e-12, shared / np.where(spread > 1e-12, spread, 1.0), 0.0))
        first, second = shares[0], shares[1] if len(shares) > 1 else 0.0
        return np.asarray((first - second) / np.where(total > 1e-12, total, np.nan))

    return moments, statistic


def _amount(common: Stories) -> str:
    failed = f", {common.failed} not written" if common.failed else ""
    return f"{common.counts.total()} words in {len(common.stories)} stories{failed}"


@dataclass(frozen=True)
class _Maker:
    """Makes the estimates of one model."""

    model: str
    gaps: Gaps
    amount: str

    def estimate(self, contrast: str, measure: str, term: str, fit: Fit) -> Estimate:
        """Return a statistic of item means with its percentile interval."""
        count = len(self.gaps.log_prob)
        rng = np.random.default_rng(text_hash("distill"))  # the same draws for all, so that they can be held against each other
        few = count < MIN_ITEMS
        found = resampling.Resampled(None, None, None) if few else resampling.resampled(*fit, np.arange(count), rng)
        method = f"least squares on item means; {self.amount}; percentile interval from {resampling.RESAMPLES} resamples of items"
        flags = [FEW_ITEMS] if few else [UNDEFINED] if found.value is None else []
        return self._row(contrast, measure, term, method, found.value, flags).replace(ci_low=found.low, ci_high=found.high)

    def number(self, contrast: str, measure: str, value: float | None) -> Estimate:
        """Return a number without interval."""
        return self._row(contrast, measure, "all", f"count; {self.amount}", value, [UNDEFINED] if value is None else [])

    def _row(self, contrast: str, measure: str, term: str, method: str, value: float | None, flags: list[str]) -> Estimate:
        return Estimate(
            model=self.model,
            probe="distill",
            measure=measure,
            contrast=contrast,
            arm=FREQUENCY,
            term=term,
            value=value,
            n_pairs=self.gaps.n_pairs,
            n_items=len(self.gaps.log_prob),
            n_failed=self.gaps.n_failed,
            method=method,
            flags=flags,
        )


GLOSSARY = {
    "written": "How much more often the model itself writes the frequent word, in stories that other items open. As a term: frequency "
    "from these stories alone.",
    "distilled": "How much more frequent the frequent word is once the model's own stories are counted in. It holds the corpus's gap, "
    "so it is above zero by construction.",
    "delta_r2": "How much more of the model's preferences a re-estimated frequency explains than the corpus's does. Below zero, "
    "the corpus predicts the model better.",
    "r2": "How much of the differences between items in log p of the two forms one frequency gap explains.",
    "words_written": "How many words the model wrote in all.",
    "never_written": "The share of the compared words that do not occur in the stories which count for their pair.",
    "written_zipf": "Zipf value by the model's own stories, half an occurrence added to every word.",
    "eq5_zipf": "Zipf value by corpus and stories, as a weighted sum of the two (Eq. 5 of Adam's Law).",
    "product_zipf": "Zipf value by corpus and stories, as their product (the authors' repository), up to a constant.",
    "r2_difference": "A difference of two shares of explained variance, from −1 to 1.",
    "r_squared": "The share of the variance that is explained, from 0 to 1.",
    "words": "How many running words.",
    "share_of_words": "The share of the compared words, from 0 to 1.",
    "wordfreq": "Frequency by the corpus alone.",
    "eq5": "Frequency as the paper's Eq. 5 merges it: a weighted sum of corpus and stories.",
    "product": "Frequency as the authors' repository merges it: the product of corpus and stories.",
    "eq5:": "The weighted sum of corpus and stories, with some of the stories only: {what}.",
    "product:": "The product of corpus and stories, with some of the stories only: {what}.",
    "all": "All stories together.",
    "half": "Half of the stories. Where it is as good as all, more text would change little.",
    "quarter": "A quarter of the stories.",
    "story": "The stories that the first prompt asks for.",
    "next": "The stories that the second prompt asks for.",
    "novel": "The stories that the third prompt asks for.",
}

probe = Probe(
    name="distill",
    needs="language_model",
    summary="word frequencies from the model's own stories, and whether they predict it better than a corpus's",
    questions={"written": "Does the model itself write the frequent word more often?"},
    glossary=GLOSSARY,
    outcome=False,
    judgement=Judgement(
        contrast="written",
        measure="written_zipf",
        secondary=("eq5_zipf", "product_zipf"),
        meaning="holds the word that the model's own stories use more",
        unit="Zipf",
        sesoi=0.1,  # the widest frequency gap of a placebo pair
        findings=tuple(
            Finding(
                contrast="delta_r2",
                measure="r2_difference",
                term=term,
                sentence=f"Frequency merged with the model's own stories ({name}) is held against the corpus's alone as a predictor of "
                "its log p gaps. R squared differs by {value} {interval}; below zero the corpus alone predicts better.",
            )
            for term, name in ((EQ5, "the paper's Eq. 5"), (PRODUCT, "the repository's product"))
        ),
    ),
    wants="English forms that differ in words",
    prepare=prepare,
    run=run,
    estimates=estimates,
    prompts=stories.PROMPTS,
    settings={
        "alpha": ALPHA,
        "beta": BETA,
        "zeta": ZETA,
        "epsilon": EPSILON,
        "half_occurrence": HALF_OCCURRENCE,
        "max_openings": stories.MAX_OPENINGS,
        "max_tokens": stories.MAX_TOKENS,
        "temperature": stories.TEMPERATURE,
        "seed": stories.SEED,
        "resamples": resampling.RESAMPLES,
    },
    by_default=False,
)
