"""Short lectures, articles and conversations in which one sentence caused a question and another one resembles it.

Given a folder, the pairs are made of that instead (`backtracing_files`): the benchmark of Wang et al. 2024 (arXiv:2403.03956), in a
user's own copy. Otherwise code fills `data/backtracing.json`: a text of eight sentences on one topic, which `context` names. One is the
cause of the question (`queries.relevant`), three are about the topic and no cause, four are about neither. `high` and `low` are the cause
in frequent and rare wording, by one of the persons of generator `roles`; `decoys` is one of the three, the same on both sides.
`meta.sentences` is the whole text with the cause in high form, `meta.causes` its place from 0, `meta.own` the places that are the
question's own turn.

What else could find the cause, and what was done about it (a test holds each):

* Likeness. The question names the topic. In a planted share of the texts (`similar`, an exact count) the cause names it too and the
  three say `it`; in all others one of the three names it, and the cause says `it` as the other two do. Cause and question share no
  content word beside, so what goes by words in common finds the planted share, and no more.
* Unlikeness. Where the cause does not name the topic, two other sentences of three do not either, and most sentences hold a `the`: what
  comes second by words in common is no sure guess.
* Places. The cause and that one of the three stand in every place equally often, and at every distance from each other.
* The question itself. A conversation holds the question's own turn, which resembles it most; it is marked and is no candidate.
* Wording. The swapped word is in no question and no other sentence.
* Grammar. `it` is the topic that `context` names, in causes and other sentences alike.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from freqbias.errors import InputError
from freqbias.frequency import swap
from freqbias.paraphrases.backtracing_files import read_pairs
from freqbias.paraphrases.checks import checked
from freqbias.paraphrases.lexicon import SynonymSet, sets_by_id, word_covariates
from freqbias.paraphrases.making import drafted, drawn
from freqbias.paraphrases.roles import categories
from freqbias.paraphrases.words import shared_words
from freqbias.records import Pair
from freqbias.terms import FREQUENCY, HIGH, LOW, PLACEBO, SWAPPED_WORDS, ZIPF_GAP_OF

SENTENCES = 8  # candidates of a text: a random one is right in an eighth, three in three eighths
DEFAULT_PAIRS = 600  # 200 a domain
SIMILAR = 0.25  # of the texts, in which the cause is the sentence that resembles the question
CONVERSATION = "conversation"
ON_TOPIC = 3  # sentences beside the cause that are about the topic
IT = "it"


@cache
def domains() -> dict[str, dict[str, Any]]:
    """Return by domain its `topics`, `templates` of causes with their questions, sentences that are `similar`, and `fillers`."""
    text = files("freqbias.paraphrases").joinpath("data", "backtracing.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def generate(
    sources: Sequence[str | Path] = (),
    *,
    n: int | None = None,
    seed: int = 0,
    similar: float = SIMILAR,
    skipped: list[str] | None = None,
) -> list[Pair]:
    """Return `n` frequency pairs, spread evenly over the domains, and as many placebo pairs; of `sources`, those that they allow.

    `similar` is the share of texts in which the cause is the sentence that resembles the question. Without `n` there are 200 a domain.
    The same arguments give the same pairs in the same order. `InputError` for a share beyond 0 to 1, or an `n` that is too large.
    """
    rng = np.random.default_rng(seed)
    if sources:
        by_arm = read_pairs([Path(source) for source in sources], skipped)
        return checked([pair for own in by_arm.values() for pair in drawn(own, n, rng)])
    if not 0 <= similar <= 1:
        raise InputError(f"-o similar={similar:g}: must be from 0 to 1")
    most = min(len(_words(arm)) for arm in (FREQUENCY, PLACEBO)) * _templates() * len(domains())
    n = DEFAULT_PAIRS if n is None else n
    if not 1 <= n <= most:
        raise InputError(f"--n must be between 1 and {most}, the number of words times templates of causes; found {n}")
    return checked([pair for arm in (FREQUENCY, PLACEBO) for pair in _of_arm(arm, n, similar, rng)])


def _templates() -> int:
    """Return in how many templates every word fits."""
    return min(
        len(_fitting(item, own["templates"])) for own in domains().values() for arm in (FREQUENCY, PLACEBO) for item, _ in _words(arm)
    )


def _words(arm: str) -> list[tuple[SynonymSet, str]]:
    """Return the sets of persons of generator `roles`, each with the phrase that its words go into."""
    families = categories()["agent_patient"]["families"]
    return [(sets_by_id(arm)[name], family["phrase"]) for family in families for name in family[arm]]


def _of_arm(arm: str, n: int, similar: float, rng: np.random.Generator) -> list[Pair]:
    """Return the pairs of an arm, domain by domain, every word in another template each time round."""
    words = _words(arm)
    words = [words[i] for i in rng.permutation(len(words))]
    pairs = []
    for d, (domain, own) in enumerate(domains().items()):
        size = n // len(domains()) + (d < n % len(domains()))
        alike = np.arange(size) < round(similar * size)
        alike = alike[rng.permutation(size)]
        layout = rng.permutation([(k % SENTENCES, 1 + k // SENTENCES % (SENTENCES - 1)) for k in range(size)])
        for k in range(size):
            item, phrase = words[k % len(words)]
            template = _fitting(item, own["templates"], k % len(words))[k // len(words)]
            topic = _fitting(item, own["topics"], int(rng.integers(len(own["topics"]))))[0]
            fillers = _fitting(item, [own["fillers"][i] for i in rng.permutation(len(own["fillers"]))])[: SENTENCES - 1 - ON_TOPIC]
            around = _fitting(item, [own["similar"][i] for i in rng.permutation(len(own["similar"]))])[:ON_TOPIC]
            fillers = [*fillers, *(text.format(ref=IT) for text in around[1:])]
            fillers = [fillers[i] for i in rng.permutation(len(fillers))]
            place, distance = (int(value) for value in layout[k])
            sentences = {place: template["cause"], (place + distance) % SENTENCES: around[0]}
            pairs.append(_pair(item, phrase, domain, template, topic, sentences, fillers, bool(alike[k])))
    return pairs


def _fitting(item: SynonymSet, options: Sequence[Any], first: int = 0) -> list[Any]:
    """Return the options, from one on and round, that hold no relative of a set's words."""
    turned = [options[(first + k) % len(options)] for k in range(len(options))]
    texts = [list(option.values()) if isinstance(option, dict) else [option] for option in turned]
    return [option for option, own in zip(turned, texts, strict=True) if not shared_words([item.high, item.low], own)]


def _pair(
    item: SynonymSet,
    phrase: str,
    domain: str,
    template: Mapping[str, str],
    topic: str,
    placed: Mapping[int, str],
    fillers: Sequence[str],
    alike: bool,
) -> Pair:
    """Return the pair of a text; `placed` holds the cause and the decoy by their places, the cause first."""
    (place, cause), (elsewhere, wrong) = placed.items()
    named = f"the {topic}"
    words = {HIGH: item.high, LOW: item.low}
    forms = {side: cause.format(x=phrase.format(x=word), ref=named if alike else IT) for side, word in words.items()}
    decoy = wrong.format(ref=IT if alike else named)
    rest = iter(fillers)
    sentences = [{place: forms[HIGH], elsewhere: decoy}.get(k) or next(rest) for k in range(SENTENCES)]
    question = template["asked"].format(t=topic)
    own = [SENTENCES] if domain == CONVERSATION else []
    difference = swap(forms[HIGH], forms[LOW])
    return drafted(
        item=item.id,
        arm=item.arm,
        high=forms[HIGH],
        low=forms[LOW],
        key=(item.arm, domain, item.id, template["id"], topic, *sentences),
        queries={"relevant": [question]},
        decoys={HIGH: decoy, LOW: decoy},
        context=f"On {named}.",
        zipf_gap=difference.zipf_gap,
        generator="backtracing",
        checks={
            "one_swap": (difference.high, difference.low) == ((item.high,), (item.low,)),
            "known_words": not difference.unknown,
        },
        covariates=word_covariates([item]),
        meta={
            "frame": f"{domain}-{template['id']}",
            "domain": domain,
            "pos": item.pos,
            "slot": item.slot,
            "swap": list(words.values()),
            "sentences": [*sentences, *([question] if own else [])],
            "causes": [place],
            "changed": place,
            "own": own,
            "similar": alike,
            "oriented_by": item.oriented_by if item.arm == PLACEBO else None,
            ZIPF_GAP_OF: SWAPPED_WORDS,
        },
    )
