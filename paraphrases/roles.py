"""Documents in which one thing plays one of two roles, in frequent and rare wording: arms `frequency` and `placebo`.

Four couples of roles: cause and effect, agent and patient, answer and question, part and whole. A pair asks for what is said of one thing
(`meta.anchor`) in one role: `queries.relevant` asks for the role of its documents `high` and `low`, `queries.other_role` for the role of
its decoys. The second noun or adjective is one of the lexicon's words, in its frequent and in its rare form; it is in no query.

`data/roles.json` holds ten templates a couple of roles, written by hand, the things, and which of the lexicon's sets fit. An item is a
synonym set, as it is in generator `lexicon`; template, thing and asked role are crossed with it.

What else could tell a right document from a wrong one, and what was done about it (a test holds each, row by row):

* Words. Both documents hold the same words in the same letters: a lead-in keeps capitals off what moves. Queries share with them
  `the` and the thing, in one piece, and nothing else, so counts of words and of couples of words are equal by construction.
* Order. One document has the thing first and one has it last, and each is right for one of the two queries, so a liking for a place gains
  one query and loses the other. In half of the templates the first role comes first. An answer and its question differ by one place.
* What is likely. A strike that leads to a quarrel may be likelier than the reverse; that favours one document for both queries alike.
* The wording of the queries. The two of a template are about as long, in the same order, and end in the thing where they can.
* Punctuation. A question ends in `?`, an answer in `.`, as they do; no query has a sign in it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from freqbias.errors import InputError
from freqbias.frequency import swap
from freqbias.paraphrases.checks import checked
from freqbias.paraphrases.lexicon import SynonymSet, sets_by_id, word_covariates
from freqbias.paraphrases.making import drafted
from freqbias.paraphrases.words import shared_words
from freqbias.records import Pair
from freqbias.registry import suggestion
from freqbias.terms import FREQUENCY, HIGH, LOW, PLACEBO, SWAPPED_WORDS, ZIPF_GAP_OF

DEFAULT_PAIRS = 800  # 200 a couple of roles: an AUC near .5 has an interval of about .05 either way
ALL_ROLES = "all"
Case = tuple[SynonymSet, int, Mapping[str, Any], Mapping[str, Any], str, int]  # set, category, family, template, anchor, asked role


@cache
def categories() -> dict[str, dict[str, Any]]:
    """Return the couples of roles by name: `roles`, `templates`, `families` of things and of the lexicon's sets that fit them."""
    text = files("freqbias.paraphrases").joinpath("data", "roles.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def generate(*, n: int | None = None, seed: int = 0, roles: str = ALL_ROLES) -> list[Pair]:
    """Return `n` frequency pairs, spread evenly over the couples of roles, and as many placebo pairs as there are up to `n`.

    `roles` names couples of roles, split by commas. Without `n` there are 200 a couple. The same arguments give the same pairs in the
    same order. `InputError` for unknown roles, or when `n` is beyond what sets and templates allow.
    """
    chosen = _chosen(roles)
    rng = np.random.default_rng(seed)
    frequency, placebo = (_in_rounds([list(_cases(name, arm, rng)) for name in chosen]) for arm in (FREQUENCY, PLACEBO))
    if n is None:
        n = DEFAULT_PAIRS * len(chosen) // len(categories())
    if not 1 <= n <= len(frequency):
        raise InputError(f"--n must be between 1 and {len(frequency)}, the number of sets times templates of these roles; found {n}")
    return checked([_pair(*case) for case in (*frequency[:n], *placebo[:n])])


def _chosen(roles: str) -> list[str]:
    named = [name.strip() for name in roles.split(",") if name.strip()]
    known = [*categories(), ALL_ROLES]
    if not named:
        raise InputError(f"-o roles= is empty; known: {', '.join(known)}")
    for name in named:
        if name not in known:
            raise InputError(f"unknown roles '{name}'{suggestion(name, known)}")
    return [name for name in categories() if name in named or ALL_ROLES in named]


def _cases(name: str, arm: str, rng: np.random.Generator) -> Iterator[Case]:
    """Yield every set in every template of a category, in rounds over the sets, with templates and asked roles in equal numbers."""
    category = categories()[name]
    fitting = [(sets_by_id(arm)[own], family) for family in category["families"] for own in family[arm]]
    order = [fitting[i] for i in rng.permutation(len(fitting))]
    templates = category["templates"]
    for round_ in range(len(templates)):
        for i, (item, family) in enumerate(order):
            template, anchors = templates[(i + round_) % len(templates)], family["anchors"]
            first = int(rng.integers(len(anchors)))
            free = [anchor for anchor in [*anchors[first:], *anchors[:first]] if not _meets(item, template, anchor)]
            if free:
                yield item, list(categories()).index(name), family, template, free[0], (i // len(templates) + round_) % 2


def _meets(item: SynonymSet, template: Mapping[str, Any], anchor: str) -> bool:
    """Tell whether a word of the set is near one of the queries or of the rest of the document."""
    documents = template["text"] if isinstance(template["text"], list) else [template["text"]]
    return bool(shared_words([item.high, item.low], [template["asked_0"], template["asked_1"], *documents, anchor]))


def _in_rounds(by_category: Sequence[Sequence[Case]]) -> list[Case]:
    return [own[k] for k in range(max(map(len, by_category))) for own in by_category if k < len(own)]


def _document(template: Mapping[str, Any], anchor: str, phrase: str, role: int) -> str:
    """Return the document in which the anchor has a role, 0 or 1."""
    text = template["text"]
    if isinstance(text, list):
        return str(text[role].format(a=anchor, x=phrase))
    return str(text.format(*((anchor, phrase) if role == 0 else (phrase, anchor))))


def _pair(item: SynonymSet, category: int, family: Mapping[str, Any], template: Mapping[str, Any], anchor: str, asked: int) -> Pair:
    name = list(categories())[category]
    words = {HIGH: item.high, LOW: item.low}
    documents = {
        role: {side: _document(template, anchor, family["phrase"].format(x=word), role) for side, word in words.items()}
        for role in (0, 1)
    }
    right, wrong = documents[asked], documents[1 - asked]
    difference = swap(right[HIGH], right[LOW])
    queries = [template[f"asked_{role}"].format(a=anchor) for role in (0, 1)]
    roles = categories()[name]["roles"]
    return drafted(
        item=item.id,
        arm=item.arm,
        high=right[HIGH],
        low=right[LOW],
        queries={"relevant": [queries[asked]], "other_role": [queries[1 - asked]]},
        decoys=wrong,
        zipf_gap=difference.zipf_gap,
        generator="roles",
        checks={
            "one_swap": (difference.high, difference.low) == ((item.high,), (item.low,)),
            "known_words": not difference.unknown,
        },
        covariates=word_covariates([item]),
        meta={
            "frame": f"{name}-{template['id']}",
            "domain": name,
            "pos": item.pos,
            "slot": item.slot,
            "swap": list(words.values()),
            "anchor": anchor,
            "asked_role": roles[asked],
            "other_role": roles[1 - asked],
            "oriented_by": item.oriented_by if item.arm == PLACEBO else None,
            ZIPF_GAP_OF: SWAPPED_WORDS,
        },
    )
