"""Models whose vectors or scores are looked up, and pairs made of their names, for tests of probes by hand."""

import numpy as np

from freqbias.models.protocols import ModelInfo
from freqbias.records import Pair


class Table:
    """An embedder that looks vectors up; `similarity` is what its scores are."""

    max_tokens = None

    def __init__(self, vectors, similarity="dot", name="table"):
        self.info = ModelInfo(name=name, kind="embedder", source="test", fingerprint="f")
        self.vectors = vectors
        self.similarity = similarity

    def encode(self, texts, *, role):
        return np.array([self.vectors[text] for text in texts], dtype=np.float32)

    def token_counts(self, texts):
        return None


class Reranker:
    """A pair scorer that looks scores up and counts how often it is asked; it has no vectors."""

    measure = "logit"
    pairwise = True
    max_tokens = None

    def __init__(self, score):
        self.info = ModelInfo(name="reranker", kind="embedder", source="test", fingerprint="f")
        self.score = score
        self.asked = 0

    def prepare(self, queries, documents, track=None):
        pass

    def scores(self, queries, documents):
        self.asked += len(queries)
        return np.array([self.score(query, document) for query, document in zip(queries, documents, strict=True)], dtype=float)

    def matrix(self, queries, documents):
        return np.array([self.scores([query] * len(documents), documents) for query in queries])

    def token_counts(self, texts):
        return None


def named_pairs(items, frames=1, arm="frequency", **queries):
    """Return pairs whose texts are their names: `h 3 0` is the high document of item 3 in frame 0, `e 3` its elevated gloss."""
    return [
        Pair(
            id=f"{arm}{i}.{k}",
            item=f"{arm}{i}",
            arm=arm,
            high=f"h {i} {k}",
            low=f"l {i} {k}",
            queries={
                "gloss_plain": [f"p {i}", f"pp {i}"],
                "gloss_elevated": [f"e {i}"],
                "naming_high": f"nh {i}",
                "naming_low": f"nl {i}",
                "neutral": ["n"],
            }
            | queries,
            decoys={"high": f"dh {i} {k}", "low": f"dl {i} {k}"},
            zipf_gap=None,
            meta={"frame": f"frame{k}"},
        )
        for i in range(items)
        for k in range(frames)
    ]


def texts_of(pairs):
    """Return every distinct document and query of some pairs, sorted."""
    texts = set()
    for pair in pairs:
        texts |= {pair.high, pair.low, *pair.decoys.values()}
        for value in pair.queries.values():
            texts |= {value} if isinstance(value, str) else set(value)
    return sorted(texts)


def random_table(pairs, seed, width=6, **similarity):
    """Return a table of random vectors."""
    texts = texts_of(pairs)
    return Table(dict(zip(texts, np.random.default_rng(seed).normal(size=(len(texts), width)), strict=True)), **similarity)


def far_decoys(pairs):
    """Return pairs whose wrong documents are nothing like their queries, so that a random model has a margin above zero as well."""
    return [pair.replace(decoys={side: f"{side} 7 7 7 7 7 7 7 7" for side in pair.decoys}) for pair in pairs]
