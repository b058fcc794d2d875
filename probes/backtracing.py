"""Embedding probe `backtracing`: whether a question finds the sentence that caused it, or one that resembles it.

Wang et al. 2024 (arXiv:2403.03956): of the sentences of a lecture, an article or a conversation, find the one that made somebody ask. A
pair (`freqbias pairs backtracing`) is such a text, `meta.sentences`, with the places of its causes from 0, `meta.causes`; one of them,
`meta.changed`, is in frequent wording in `high` and in rare wording in `low`. `queries.relevant` is the question. The places `meta.own`
are the question itself, as a turn of its conversation, and are no candidates. Rows written:

* `cause` (confirmatory; the model's own measure): relevance of the cause to the question. `decoys` is the mean of the sentences that are
  no cause, the same in both wordings, which gives the model's own scale;
* `acc_at_1`, `acc_at_3` (measure `accuracy`): whether a cause is among the first one, or three; ties in random order, as a probability.

Estimates on the model as a whole, frequency arm, by domain and `all` (term): measures `acc_at_1` and `acc_at_3`, contrasts
`frequent_wording` and `rare_wording`, mean of item means with an interval that is not empty where all are found (`role.mean_share`);
and contrast `baseline`, terms `random:DOMAIN` (exact, no interval) and `position:DOMAIN`. The second goes by places alone, which the
paper leaves out: all candidates in the tenth of the text that holds most causes of the domain first, and so on. It is fitted on the
texts that it is scored on, so that it flatters itself; a model under it has found nothing that a list of places does not.

What could fake a result, and what is done about it:

* a question that resembles its cause: the generator plants the share in which it does, which a model of words in common finds;
* places: causes stand everywhere equally often in generated texts; in a user's the baseline says what they are worth;
* the question's own turn, which resembles it most: no candidate;
* several causes: one of them is enough, as in the paper, and `random` says what that is worth;
* equal scores: ties are broken at random, so a constant model is `random`;
* a text whose sentences differ in wording: only one of them does, and both forms are held against the same rest.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from freqbias.models.relevance import Scorer
from freqbias.probes import Finding, Judgement, Probe
from freqbias.probes.common import TIE, couple_scores, document_covariates, encode_all, observation, unscorable
from freqbias.probes.role import WORDINGS, mean_share
from freqbias.progress import Track
from freqbias.records import Estimate, Observation, Pair
from freqbias.terms import ACCURACY, FREQUENCY, HIGH, LOW, SIDES

NAME = "backtracing"
ALL = "all"
BASELINE = "baseline"
RANDOM = "random:"  # start of the terms of that baseline
FIRST = (1, 3)  # places that count as found: the paper's
TENTHS = 10  # parts of a text in which the baseline of places counts causes: few enough to be filled by some hundred
PART = 64  # pairs whose scores are asked for at once for estimates
DOMAINS = {"lecture": "Lectures", "article": "Articles", "conversation": "Conversations"}

Floats = NDArray[np.float64]
Scored = dict[str, dict[str, Floats]]  # by pair id and side: relevance of every candidate


@dataclass(frozen=True)
class Text:
    """A text as a question meets it: the candidates, which of them are causes, and which one has two wordings."""

    question: str
    sentences: Sequence[str]
    is_cause: NDArray[np.bool_]
    changed: int
    tenths: NDArray[np.int64]

    def in_form(self, text: str) -> list[str]:
        """Return the candidates with the cause in one wording."""
        return [text if place == self.changed else sentence for place, sentence in enumerate(self.sentences)]


def text_of(pair: Pair) -> Text | None:
    """Return the text of a pair; None for a pair of another kind, or one in which every candidate is a cause."""
    meta, asked = pair.meta, pair.queries.get("relevant")
    if not asked or not {"sentences", "causes", "changed"} <= meta.keys() or meta["changed"] not in meta["causes"]:
        return None
    own = set(meta.get("own", ()))
    kept = [place for place, sentence in enumerate(meta["sentences"]) if place not in own and sentence.strip()]
    is_cause = np.isin(kept, meta["causes"])
    if meta["changed"] not in kept or is_cause.all():
        return None
    tenths = np.arange(len(kept)) * TENTHS // len(kept)
    return Text(asked[0], [meta["sentences"][place] for place in kept], is_cause, kept.index(meta["changed"]), tenths)


def prepare(pairs: Iterable[Pair], model: Scorer, track: Track) -> Scored:
    """Encode every text once, and return where `run` keeps the scores for the estimates."""
    encode_all(pairs, model, track)
    texts = (text for pair in pairs if (text := text_of(pair)) is not None)
    model.prepare((), (sentence for text in texts for sentence in text.sentences), track)
    return {}


def run(pairs: Sequence[Pair], model: Scorer, common: Scored | None = None) -> Iterator[Observation]:
    """Yield the rows of every pair that is a text with a cause; see the module's docstring."""
    texts = {pair.id: text for pair in pairs if (text := text_of(pair)) is not None}
    usable = [pair for pair in pairs if pair.id in texts]
    scored, covariates = _scores(usable, texts, model), document_covariates(usable, model)
    for pair in usable:
        text, own = texts[pair.id], scored[pair.id]
        if common is not None and pair.arm == FREQUENCY:
            common[pair.id] = own
        named = {sentence: float(value) for side in SIDES for sentence, value in zip(_forms(pair, text)[side], own[side], strict=True)}
        failed = unscorable(named)
        values: dict[str, Any] = {side: float(own[side][text.changed]) for side in SIDES}
        values["decoys"] = {side: float(own[side][~text.is_cause].mean()) for side in SIDES}
        rows = [("cause", model.measure, values)]
        rows += [(f"acc_at_{k}", ACCURACY.name, {side: found_among(own[side], text.is_cause, k) for side in SIDES}) for k in FIRST]
        for contrast, measure, fields in rows:
            yield observation(NAME, measure, pair, model, contrast, failed or fields, covariates[pair.id], None, [text.question, *named])


def _forms(pair: Pair, text: Text) -> dict[str, list[str]]:
    return {HIGH: text.in_form(pair.high), LOW: text.in_form(pair.low)}


def _scores(pairs: Sequence[Pair], texts: Mapping[str, Text], model: Scorer) -> Scored:
    forms = {pair.id: _forms(pair, texts[pair.id]) for pair in pairs}
    known = couple_scores(model, ((texts[name].question, text) for name, own in forms.items() for side in SIDES for text in own[side]))
    return {
        name: {side: np.array([known[texts[name].question, text] for text in own[side]]) for side in SIDES} for name, own in forms.items()
    }


def found_among(scores: Floats, is_cause: NDArray[np.bool_], k: int) -> float:
    """Return the probability that a cause is among the k highest scores, ties in random order.

    With g others above the best cause, and m causes and t others level with it: 1 - C(t, r) / C(m + t, r) for the r = k - g places left.
    """
    best = scores[is_cause].max()
    above = int((scores[~is_cause] > best + TIE).sum())
    level = np.abs(scores - best) <= TIE
    causes, others = int((level & is_cause).sum()), int((level & ~is_cause).sum())
    left = min(max(k - above, 0), causes + others)
    return 1 - math.comb(others, left) / math.comb(causes + others, left)


def estimates(pairs: Iterable[Pair], model: Scorer, common: Scored | None) -> Iterator[Estimate]:
    """Yield acc@1 and acc@3 by wording and domain, and what chance and places give; missing scores are asked for again."""
    known = {} if common is None else common
    wanted = [pair for pair in pairs if pair.arm == FREQUENCY and text_of(pair) is not None]
    texts = {pair.id: text for pair in wanted if (text := text_of(pair)) is not None}
    missing = [pair for pair in wanted if pair.id not in known]
    for start in range(0, len(missing), PART):
        known |= _scores(missing[start : start + PART], texts, model)
    places = _places(wanted, texts)
    present = {str(pair.meta.get("domain")) for pair in wanted}
    for name in [*sorted(present - {"None"}), ALL]:
        chosen = [pair for pair in wanted if name in (ALL, pair.meta.get("domain"))]
        sound = [pair for pair in chosen if all(np.isfinite(known[pair.id][side]).all() for side in SIDES)]
        by_contrast = {(WORDINGS[side], name): {pair.id: known[pair.id][side] for pair in sound} for side in SIDES}
        by_contrast[BASELINE, f"{RANDOM}{name}"] = {pair.id: np.zeros(len(texts[pair.id].sentences)) for pair in sound}
        by_contrast[BASELINE, f"position:{name}"] = {pair.id: places[pair.id] for pair in sound}
        for (contrast, term), scores in by_contrast.items():
            for k in FIRST:
                values = np.array([found_among(scores[pair.id], texts[pair.id].is_cause, k) for pair in sound])
                fields = mean_share(values, sound, f"a cause is among the first {k}")
                if term.startswith(RANDOM):  # computed, not estimated
                    fields = {name: value for name, value in fields.items() if name not in ("ci_low", "ci_high", "std_error")}
                counts: dict[str, Any] = {"n_pairs": len(sound), "n_failed": len(chosen) - len(sound)}
                about: dict[str, Any] = {"model": model.info.name, "probe": NAME, "measure": f"acc_at_{k}", "contrast": contrast}
                yield Estimate(**about, term=term, arm=FREQUENCY, **counts, **fields)


def _places(pairs: Sequence[Pair], texts: Mapping[str, Text]) -> dict[str, Floats]:
    """Return how often a candidate's tenth of the text holds a cause in its domain, per candidate there, as its score."""
    causes, candidates = Counter[tuple[Any, int]](), Counter[tuple[Any, int]]()
    for pair in pairs:
        text, domain = texts[pair.id], pair.meta.get("domain")
        causes.update((domain, int(tenth)) for tenth in text.tenths[text.is_cause])
        candidates.update((domain, int(tenth)) for tenth in text.tenths)
    share = {key: causes[key] / count for key, count in candidates.items()}
    return {pair.id: np.array([share[pair.meta.get("domain"), int(tenth)] for tenth in texts[pair.id].tenths]) for pair in pairs}


def _findings() -> Iterator[Finding]:
    for name, said in DOMAINS.items():
        start = f"{said}, number of pairs in brackets: a cause comes first in"
        yield Finding(
            contrast=WORDINGS[HIGH], term=name, measure="acc_at_1", sentence=f"{start} {{first}} in frequent wording, {{interval}}."
        )
        yield Finding(contrast=BASELINE, term=f"position:{name}", measure="acc_at_1", sentence=f"{start} {{first}} by its place alone.")


probe = Probe(
    name=NAME,
    needs="scorer",
    summary="whether a question finds the sentence of a text that caused it, by the wording of that sentence",
    questions={"cause": "Does rare wording hide the cause of a question?"},
    glossary={
        "cause": "How much nearer the sentence that caused a question lies to it in frequent than in rare wording.",
        "acc_at_1": "How often a sentence that caused the question comes first among those of its text.",
        "acc_at_3": "How often a sentence that caused the question is among the first three of its text.",
        WORDINGS[HIGH]: "What a model finds where the sought document is in frequent wording.",
        WORDINGS[LOW]: "What a model finds where the sought document is in rare wording.",
        BASELINE: "What needs no model: sentences in random order, or by their place in the text alone.",
        RANDOM: "Sentences in random order: {what}.",
        "position:": "Sentences ordered by how often their tenth of a text holds a cause: {what}. It is fitted on the same texts.",
    },
    judgement=Judgement(
        contrast="cause",
        secondary=(ACCURACY.name, *(f"acc_at_{k}" for k in FIRST)),
        subject="cause",
        meaning="lies nearer to the question that it caused",
        findings=(
            *_findings(),
            Finding(
                contrast="acc_at_1",
                measure=ACCURACY.name,
                sentence="A cause comes first in {high} of texts in frequent wording, in {low} in rare wording: {size}, {p}.",
            ),
            Finding(
                contrast="acc_at_3",
                measure=ACCURACY.name,
                sentence="A cause is among the first three in {high} of texts in frequent wording, in {low} in rare: {size}, {p}.",
            ),
        ),
    ),
    wants="queries relevant, and the text with its causes in meta (freqbias pairs backtracing)",
    prepare=prepare,
    run=run,
    estimates=estimates,
    settings={"tie": TIE, "tenths": TENTHS},
    by_default=False,
)
