"""Queries with a known route, in frequent, rare and equally frequent wording: arms `frequency` and `placebo`.

A query asks for one of five forms of knowledge (StructRAG, arXiv:2410.08815): figures over many records (`table`), several links in a
row (`graph`), things to do one after another (`algorithm`), a summary of much text (`catalogue`), one fact of one passage (`chunk`).
Which one is in the template (eight a route, `data/routing.json`), so gold is by construction. The slot holds a topic, a plural noun that
fits every template, says nothing of the route, and is no keyword of a route. Every one of 25 synonym sets an arm stands in every
template: a route has 200 queries in two wordings an arm, and its topics are those of every other route.

The item is the synonym set, the template is the frame. Of a placebo set, whose two words are equally frequent, `high` is the shorter
word, or, of equally long ones, the one of fewer syllables, or the less formal one (`meta.oriented_by`). `meta.keyword_route` holds
where a router by keywords sends both wordings, a baseline that needs no model.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from freqbias.errors import InputError
from freqbias.paraphrases.checks import checked
from freqbias.paraphrases.making import drafted
from freqbias.records import Pair
from freqbias.terms import FREQUENCY, MARKED, PLACEBO

NAME = "routing"
ROUTES = ("table", "graph", "algorithm", "catalogue", "chunk")
DEFAULT = "chunk"  # of a query without a keyword: plain passages, as where nothing is routed
ROUTE, KEYWORD_ROUTE = "route", "keyword_route"  # fields of a pair's `meta`
SLOT = "{x}"


@dataclass(frozen=True, kw_only=True)
class Topic:
    """Two words for one topic, with what is known of their register, and by what the high one of a placebo is so."""

    arm: str
    high: str
    low: str
    register: Sequence[str | None]
    oriented_by: str | None


@cache
def _data() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(files("freqbias.paraphrases").joinpath("data", "routing.json").read_text(encoding="utf-8"))
    return found


def templates() -> dict[str, list[str]]:
    """Return the templates of each route, with `{x}` for the topic."""
    return dict(_data()["templates"])


def topics(arm: str) -> list[Topic]:
    """Return the synonym sets of an arm, in file order."""
    return [topic for row in _data()["words"] if (topic := Topic(**row)).arm == arm]


def keywords() -> dict[str, list[str]]:
    """Return the words by which `by_keywords` knows a route."""
    return dict(_data()["keywords"])


def by_keywords(query: str) -> str:
    """Return the route with the most keywords in a query, the first of several, `chunk` where there is none."""
    words = re.findall(r"[a-z]+", query.lower())
    counts = {route: sum(word in own for word in words) for route, own in keywords().items()}
    best = max(counts, key=lambda route: counts[route])
    return best if counts[best] else DEFAULT


def generate(*, n: int | None = None, seed: int = 0) -> list[Pair]:
    """Return `n` pairs of arm `frequency` and as many of `placebo`, spread evenly over routes, templates and topics; all without `n`.

    The same arguments give the same pairs in the same order. `InputError` when `n` is beyond what there is.
    """
    frames = [(route, f"{route}-{k + 1}", own[k]) for k in range(len(templates()[DEFAULT])) for route, own in templates().items()]
    made: list[Pair] = []
    for arm in (FREQUENCY, PLACEBO):
        own = topics(arm)
        order = np.random.default_rng([seed, len(made)]).permutation(len(own))
        most = len(own) * len(frames)
        if n is not None and not 1 <= n <= most:
            raise InputError(f"--n must be between 1 and {most}, the number of queries; found {n}")
        places = [(place, int(order[(place + turn) % len(own)])) for turn in range(len(own)) for place in range(len(frames))]
        made += [_pair(own[topic], *frames[place]) for place, topic in places[:n]]
    return checked(made)


def _pair(topic: Topic, route: str, frame: str, text: str) -> Pair:
    high, low = (text.replace(SLOT, word) for word in (topic.high, topic.low))
    return drafted(
        item=f"{topic.high}-{topic.low}",
        arm=topic.arm,
        high=high,
        low=low,
        generator=NAME,
        covariates={name: [int(register == name) for register in topic.register] for name in MARKED},
        meta={
            ROUTE: route,
            KEYWORD_ROUTE: [by_keywords(high), by_keywords(low)],
            "frame": frame,
            "swap": [topic.high, topic.low],
            "oriented_by": topic.oriented_by,
        },
    )
