"""Remedies in the space: linear maps of vectors, fitted on other items. They are the nulls among the remedies.

What they can do follows from what they are. With q and d for the vectors of a query and a document, the gap of an item is
q · (d_frequent - d_rare).

* A pull that all frequent documents share, d_frequent - d_rare = g for every item, has the mean gap (mean q) · g. It goes with the mean
  of the queries (`centre`, and so `all-but-the-top` and `whiten`, which centre first), or with g itself (`frequency-direction`).
* A rare form that is tied less to its own meaning differs from the frequent one in a direction of its own item. No map that is fitted on
  other items knows that direction; what it does to the gap it does to the margin between right and wrong documents.

Whatever shrinks or stretches all scores moves gap and margin alike: judge by gap ÷ margin and by ranks, never by the gap.

Queries and documents are centred each by their own mean: models with prompts put the two apart, and the mean of the queries is what
pulls. Directions (`all-but-the-top`, `whiten`) come from both together, each about its mean.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from freqbias.errors import InputError
from freqbias.models.scoring import Scores
from freqbias.remedies import Fitted, Remedy, Training

DIMENSIONS_A_COMPONENT = 100  # Mu & Viswanath (2018), arXiv:1702.01417, section 2.2: remove about d/100 components
WHITENED = 256  # dimensions that are kept: Su et al. (2021), arXiv:2103.15316, who report 256 and all
TEXTS_A_DIMENSION = 4  # that are whitened: with fewer the small variances are noise, and dividing by them is what is measured
SMALLEST = 1e-9  # of the largest variance: what is below is rounding

Centred = Callable[[Scores, str], Scores]


def means_of(training: Training) -> dict[str, Scores]:
    """Return the mean vector of the texts of each role; of a role without texts, that of the other."""
    known = {role: texts for role, texts in (("query", training.queries), ("document", training.documents)) if len(texts)}
    if not known:
        raise InputError("the other half of the items has no text with a vector")
    either = next(iter(known.values())).mean(axis=0)
    return {role: known[role].mean(axis=0) if role in known else either for role in ("query", "document")}


def components(training: Training) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Return variances and principal directions of all texts about the means of their roles, largest first, and how many texts."""
    means = means_of(training)
    rows = np.concatenate([training.queries - means["query"], training.documents - means["document"]])
    variances, directions = np.linalg.eigh(rows.T @ rows / len(rows))
    return variances[::-1], directions[:, ::-1], len(rows)


def fit_centre(training: Training) -> Fitted:
    """Take the mean of its role from every vector."""
    means = means_of(training)
    return Fitted(apply=lambda vectors, role: vectors - means[role])


def fit_all_but_the_top(training: Training) -> Fitted:
    """Centre, then take out the directions of largest variance: Mu & Viswanath (2018), arXiv:1702.01417."""
    means, (_, directions, _) = means_of(training), components(training)
    top = directions[:, : max(1, round(len(directions) / DIMENSIONS_A_COMPONENT))]

    def apply(vectors: Scores, role: str) -> Scores:
        centred = vectors - means[role]
        return centred - centred @ top @ top.T

    return Fitted(apply=apply, stated={"components": top.shape[1]})


def fit_whiten(training: Training) -> Fitted:
    """Centre, then bring all kept directions to one variance: Su et al. (2021), arXiv:2103.15316."""
    means, (variances, directions, count) = means_of(training), components(training)
    sound = int(np.count_nonzero(variances > SMALLEST * variances[0]))
    kept = max(1, min(WHITENED, sound, count // TEXTS_A_DIMENSION))
    scaled = directions[:, :kept] / np.sqrt(variances[:kept])
    return Fitted(apply=lambda vectors, role: (vectors - means[role]) @ scaled, stated={"dimensions": kept, "texts": count})


def fit_frequency_direction(training: Training) -> Fitted:
    """Take out the direction in which vectors move with frequency.

    It is the slope of the vector on the Zipf value of the words, within item and frame: sum(Δz Δx) / sum(Δz²) over pairs of forms, least
    squares through the origin. Differences of forms leave out what items are about, of which a regression over all texts has to be freed
    by many items.
    """
    if not len(training.forms):
        raise InputError("remedy 'frequency-direction': no pair of the other half of the items has a frequency gap")
    slope = training.zipf_gaps @ training.forms / (training.zipf_gaps @ training.zipf_gaps)
    length = float(np.linalg.norm(slope))
    if not length:
        return Fitted(apply=lambda vectors, role: vectors, stated={"length_a_zipf_unit": 0.0})
    direction = slope / length
    return Fitted(
        apply=lambda vectors, role: vectors - np.outer(vectors @ direction, direction),
        stated={"length_a_zipf_unit": length, "pairs": len(training.forms)},
    )


centre = Remedy(name="centre", summary="the mean taken from every vector", fit=fit_centre)
all_but_the_top = Remedy(
    name="all-but-the-top", summary="the mean and the directions of largest variance taken out", fit=fit_all_but_the_top
)
whiten = Remedy(name="whiten", summary="all directions brought to one variance", fit=fit_whiten)
frequency_direction = Remedy(name="frequency-direction", summary="the direction of frequency taken out", fit=fit_frequency_direction)
