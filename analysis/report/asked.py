"""What the findings say of the queries: what they were, what they search, and the words that they share with either form."""

from freqbias.analysis.report.formatting import Lookup, flags_of, sized
from freqbias.analysis.report.sentences import said
from freqbias.analysis.report.values import count
from freqbias.records import Estimate
from freqbias.terms import COLLECTION, NO_GLOSS, ONE_REGISTER, QUERY_SIDE


def queries(have: Lookup, main: Estimate | None) -> list[str]:
    """Say where the queries are not glosses in two registers."""
    if ONE_REGISTER in flags_of(main):
        return [said("queries_one_register")]
    if NO_GLOSS not in flags_of(main) or have.main("equal_overlap") is not None:
        return []
    return [said("queries_no_gloss")]


def equal_overlap(have: Lookup, main: Estimate | None) -> list[str]:
    """Say what a collection's own queries search, and what is there where they share as many words with both forms."""
    row = have.main("equal_overlap")
    if row is None:
        return []
    asks = have.judgement.subject == QUERY_SIDE
    whole = said("equal_overlap_query") if asks else said("equal_overlap_collection")
    own = whole if have.judgement.searches == COLLECTION else said("equal_overlap_own")
    if row.value is None:
        return [own, said("equal_overlap_query_none") if asks else said("equal_overlap_none")]
    values = {"items": count(row.n_items), "size": sized(row)}
    return [own, said("equal_overlap_query_level", **values) if asks else said("equal_overlap", **values)]
