"""Models for `freqbias constraints`: one with a plain effect of frequency, and one that breaks. Named as `constraining:NAME`."""

from synthetic import CLOSE, WIDE, _embed

STRONG = 0.15  # nearer to its gloss lies the right document in frequent form, where noise and decoys let it lose at times


def embed_strong(texts, role):
    """The right document lies nearer in frequent form: wins far more often, whatever the form of the wrong one."""
    return _embed(texts, role, wrong=CLOSE, noise=WIDE, draw=1, exact=STRONG)


def embed_broken(texts):
    """Break."""
    raise ValueError("it broke")
