"""Which top-k sets of documents vectors of a dimension can give: in theory, after free optimisation, and of given vectors.

A set of k of n documents is *reachable* where some query scores each of its members above every other document; by how much, for a query
of length 1, is its margin. Three different things are told apart here, which the literature has mixed:

* whether vectors exist. Four numbers are enough for all pairs of any number of documents: n points of the moment curve (t, t², t³, t⁴)
  are the corners of a neighbourly polytope, and the query −(t−a)²(t−b)², written out as an inner product, is highest at a and b alone
  (2k numbers for sets of k: Wang et al. 2026, arXiv:2601.20844v3, which supersedes the reading of Weller et al. 2025, arXiv:2508.21038);
* at what margin. The moment curve pays with margins near 1e-9, which single precision cannot hold. For vectors no longer than 1, in any
  dimension, no margin of all sets is above `largest_margin`, which a regular simplex reaches;
* whether an optimiser finds such vectors. How many documents it manages ("critical n") changes with its temperature alone, so it is
  a number of the optimiser; nothing is extrapolated from it.
"""

import itertools
import math
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_MARGIN = 1e-6  # of the longest vector: below, the solver's own rounding decides
LEARNING_RATE, DECAY, SECOND_DECAY = 0.01, 0.9, 0.999  # Adam's; the rate is that of Weller et al. 2025, section 4
PATIENCE, MAX_STEPS = 1000, 20_000  # steps without a better loss, as there; at most
BETTER = 1e-4  # a loss lower by less than this share is no better one
TEMPERATURES, STARTS = (1.0, 0.1, 0.05), 3  # of the plain optimiser
WIDTH = 4  # numbers of the moment curve


def pairs_of(n: int) -> Ints:
    """Return all sets of two of n documents, shape (n (n − 1) / 2, 2)."""
    return np.array(list(itertools.combinations(range(n), 2)), dtype=np.int64).reshape(-1, 2)


def largest_margin(n: int, k: int) -> float:
    """Return ε*(n, k) = n / √(k (n − 1) (n − k)), which no margin of all k-sets exceeds in any dimension, for vectors up to length 1.

    A query of length 1 with margin ε for a set S has ε ≤ |mean of S − mean of the others|. Over all S the mean square of that distance is
    n² / (k (n − 1) (n − k)) times the documents' variance, which is at most 1; a regular simplex attains it.
    Source: Wang et al. 2026, arXiv:2601.20844v3, where it is called the feasibility ceiling.
    """
    return n / math.sqrt(k * (n - 1) * (n - k))


def moment_curve(n: int, dtype: type) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Return documents (t, t², t³, t⁴) at n Chebyshev nodes and one query for each of their pairs, in a precision; shapes (n, 4), (m, 4).

    −(t−a)²(t−b)² without its constant −a²b², which moves no rank.
    """
    t = np.cos((2 * np.arange(n) + 1) * np.pi / (2 * n))
    a, b = t[pairs_of(n)].T
    queries = np.stack([2 * a * b * (a + b), -((a + b) ** 2 + 2 * a * b), 2 * (a + b), -np.ones_like(a)], axis=1)
    return np.stack([t, t**2, t**3, t**4], axis=1).astype(dtype), queries.astype(dtype)


def set_margins(scores: NDArray[np.floating], sets: Ints) -> Floats:
    """Return the lowest score of a set minus the highest of all other documents; scores (m, n), sets (m, k), result (m,)."""
    rows = np.arange(len(sets))[:, None]
    others = np.array(scores, dtype=np.float64)
    others[rows, sets] = -np.inf
    return np.asarray(np.take_along_axis(scores, sets, axis=1).min(axis=1) - others.max(axis=1), dtype=np.float64)


def share_above(margins: Floats) -> float:
    """Return the share of margins above zero; one of exactly zero counts as half."""
    return float(np.mean((margins > 0) + 0.5 * (margins == 0)))


def best_margins(documents: Floats, sets: Ints) -> Floats:
    """Return the margin of each set for the best query of length 1, where the longest document has length 1; 0 where none reaches it.

    The smallest w with w·(d_i − d_j) ≥ 1 for every i in the set and j outside it has the length 1 / margin: a least-distance problem,
    solved through non-negative least squares (Lawson & Hanson 1974, Solving Least Squares Problems, chapter 23).
    """
    longest = float(np.linalg.norm(documents, axis=1).max(initial=0.0))
    if longest == 0:
        return np.zeros(len(sets))
    if documents.shape[1] > len(documents):  # the same distances in as many numbers as there are documents
        documents = np.linalg.qr(documents.T)[1].T
    return np.array([_best_margin(documents / longest, chosen) for chosen in sets])


def _best_margin(documents: Floats, chosen: Ints) -> float:
    inside = np.isin(np.arange(len(documents)), chosen)
    differences = (documents[inside][:, None] - documents[~inside][None]).reshape(-1, documents.shape[1])
    system = np.vstack([differences.T, np.ones(len(differences))])
    target = np.append(np.zeros(documents.shape[1]), 1.0)
    weights, rest = optimize.nnls(system, target, maxiter=100 * len(differences))
    residual = system @ weights - target
    if not math.isclose(rest, np.linalg.norm(residual), rel_tol=1e-6, abs_tol=LEAST_MARGIN):  # scipy 1.15 may stop before the end
        residual = system @ optimize.lsq_linear(system, target, (0, np.inf), method="bvls", tol=1e-14).x - target
    if np.linalg.norm(residual) < LEAST_MARGIN:
        return 0.0
    return float(abs(residual[-1]) / np.linalg.norm(residual[:-1]))


@cache
def documents_solved(width: int, temperature: float) -> tuple[int, int]:
    """Return the largest n up to which a plain optimiser finds vectors that give every pair of n documents: from any start, from all.

    Documents and queries of length 1 start at random and follow Adam on the full-batch InfoNCE loss, as in Weller et al. 2025.
    """
    n, by_all = width, width
    while True:
        solved = [_is_solved(n + 1, width, temperature, np.random.default_rng([start, n + 1])) for start in range(STARTS)]
        if not any(solved):
            return n, by_all
        by_all = n + 1 if all(solved) and by_all == n else by_all
        n += 1


def _is_solved(n: int, width: int, temperature: float, rng: np.random.Generator) -> bool:
    sets = pairs_of(n)
    wanted = np.zeros((len(sets), n))
    np.put_along_axis(wanted, sets, 1 / sets.shape[1], axis=1)
    vectors = _unit(rng.normal(size=(n + len(sets), width)))  # documents, then queries
    first, second = np.zeros_like(vectors), np.zeros_like(vectors)
    least, since = math.inf, 0
    for step in range(1, MAX_STEPS + 1):
        documents, queries = vectors[:n], vectors[n:]
        scores = queries @ documents.T
        if set_margins(scores, sets).min() > 0:
            return True
        logits = scores / temperature
        logits -= np.logaddexp.reduce(logits, axis=1, keepdims=True)
        loss = -float((wanted * logits).sum() / len(sets))
        least, since = (loss, 0) if loss < least * (1 - BETTER) else (least, since + 1)
        if since >= PATIENCE:
            return False
        slope = (np.exp(logits) - wanted) / (temperature * len(sets))
        gradient = np.vstack([slope.T @ queries, slope @ documents])
        first = DECAY * first + (1 - DECAY) * gradient
        second = SECOND_DECAY * second + (1 - SECOND_DECAY) * gradient**2
        change = first / (1 - DECAY**step) / (np.sqrt(second / (1 - SECOND_DECAY**step)) + 1e-8)
        vectors = _unit(vectors - LEARNING_RATE * change)
    return False


@cache
def in_theory(documents: int) -> tuple[tuple[str, str, dict[str, Any]], ...]:
    """Return what holds without any model, as measure, term and fields of an estimate: moment curve, largest margin, optimiser."""
    sets, ceiling = pairs_of(documents), largest_margin(documents, 2)
    found: list[tuple[str, str, float, str, dict[str, int]]] = []
    for name, dtype in (("double", np.float64), ("single", np.float32)):
        points, queries = moment_curve(documents, dtype)
        margins = set_margins(queries @ points.T, sets)
        about = f"{len(sets)} pairs of {documents} documents on the moment curve, {WIDTH} numbers, {name} precision"
        found.append(("sets_reachable", f"moment_curve:{name}", share_above(margins), f"{about}; a tie is half", {}))
        if dtype is np.float64:
            least = float((margins / np.linalg.norm(queries, axis=1)).min() / np.linalg.norm(points, axis=1).max() / ceiling)
            method = f"{about}; smallest margin as a share of the largest possible"
            found.append(("margin_share", "moment_curve:smallest", least, method, {}))
    method = f"of all pairs of {documents} vectors no longer than 1, in any dimension: n / √(k (n − 1) (n − k)), which a simplex has"
    found.append(("margin", "largest_possible", ceiling, method, {}))
    for temperature in TEMPERATURES:
        by_any, by_all = documents_solved(WIDTH, temperature)
        method = f"most documents whose pairs Adam on InfoNCE separates in {WIDTH} numbers, best of {STARTS} starts; of the optimiser"
        found.append(("documents", f"optimiser:{temperature:g}", float(by_any), method, {"by_every_start": by_all}))
    return tuple((measure, term, {"value": value, "method": method, "details": more}) for measure, term, value, method, more in found)


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def jackknife(values: Floats, sets: Ints) -> tuple[float, float, float]:
    """Return the mean of values of sets, its standard error and half its 95 % interval, by leaving out one document at a time.

    Sets that share a document are not independent: treating them so gives intervals that are far too short. Leaving a document out leaves
    out every set that holds it (Arvesen 1969, Jackknifing U-statistics, Annals of Mathematical Statistics 40).
    """
    names, where = np.unique(sets, return_inverse=True)
    where = where.reshape(sets.shape)
    sums, counts = np.zeros(len(names)), np.zeros(len(names))
    for column in where.T:
        np.add.at(sums, column, values)
        np.add.at(counts, column, 1)
    without = (values.sum() - sums) / (len(values) - counts)
    n = len(names)
    error = math.sqrt((n - 1) / n * float(((without - without.mean()) ** 2).sum()))
    return float(values.mean()), error, float(stats.t.ppf(0.975, n - 1)) * error
