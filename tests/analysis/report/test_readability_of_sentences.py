"""Every sentence that a report can say is short and holds few numbers: of real runs, of worlds made by hand, and of every template.

A sentence ends at a full stop or question mark before a space: the templates hold no abbreviation, so that nothing has to be guessed. A
word is what stands between spaces and holds a letter or a digit. A size, that is a value with its unit, interval, p-value and number of
items or pairs, is one thing to look at: it counts as one word, and none of its numbers as loose.
"""

import json
import re
import statistics
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from hand_made import GRADED, LEVEL, NOTHING, mean, placebo, row, slopes, told
from worlds import CASES, LIMITS, OVERTAKES, PLAIN, WORLDS

from freqbias.analysis.report.comparison import comparisons
from freqbias.analysis.report.formatting import entries
from freqbias.analysis.report.limitations import limits_of
from freqbias.analysis.report.qualifiers import QUALIFIERS
from freqbias.analysis.report.rules import HEADLINES
from freqbias.analysis.report.sentences import SENTENCES, said
from freqbias.analysis.report.verdicts_of_run import manifest_of, verdicts_of
from freqbias.collection import remedies as made
from freqbias.files import read_estimates
from freqbias.judgement import Judgements, words_of_remedy
from freqbias.records import Estimate
from freqbias.registry import names

ROOT = Path(__file__).parents[3]
RUNS = ("example", "embeddings", "lm")
MEDIAN, MOST_WORDS, MOST_NUMBERS = 18, 30, 2
REMEDIES = (made.BM25, made.HYBRID, made.RERANK, made.QUERY_EXPANSION, made.QUERY_REWRITING, made.DOCUMENT_EXPANSION)
ENTRY = 7  # words: a shorter sentence is an entry of a list, and must not be what makes a median small

NUMBER = r"[+−±]?\d*\.?\d+(?:e[-−]?\d+)?"
UNIT = r"(?: %| [^\W\d][\w@-]*(?: [a-z]+)?)?"
SIZE = re.compile(
    rf"(?:{NUMBER}{UNIT},? )?(?:\d\d % interval )?\[(?:{NUMBER}, {NUMBER}|no interval)\]"
    r"(?:,? (?:adjusted )?(?:p [=<] \.?\d[.\d]*|no test))?"
    r"(?:,? in \d+ items?| \(\d+ items?\)|, \d+ items?)?"
)
LOOSE = re.compile(rf"(?<![\w@.]){NUMBER}(?![\w@])")


def sentences(text):
    return [part for part in re.split(r"(?<=[.?])\s+", text.strip()) if part]


def measure(sentence):
    """Return the words and the loose numbers of a sentence."""
    plain = SIZE.sub("size", sentence).replace(" %", "%")
    return sum(any(map(str.isalnum, word)) for word in plain.split()), len(LOOSE.findall(plain))


@pytest.mark.parametrize(
    ("sentence", "words", "numbers"),
    [
        ("The gap is +0.05 cosine [+0.04, +0.06], adjusted p = .012.", 4, 0),
        ("It is −1e-05 nats, 90 % interval [−0.1, +0.2], 30 items; bound ± 0.02.", 5, 1),
        ("Both words whole: +0.003 [−0.003, +0.009] (33 items).", 4, 0),
        ("By regression 40 % [20, 60] of it goes with length.", 8, 0),
        ("In 28 % instead of 19 % of 300 comparisons nDCG@10 is 0.3.", 11, 4),
        ("Recall@10 of BM25 in Q4_1 is a word each.", 9, 0),
        ("It is +0.1 and p < .001.", 6, 2),
    ],
)
def test_the_measure(sentence, words, numbers):
    assert measure(sentence) == (words, numbers)


def of_verdict(verdict):
    yield "headline", verdict.headline
    yield "answer", verdict.told.sentence
    yield "step", verdict.step.said
    yield "cite", verdict.cite
    for kind, texts in (("control", verdict.controls), ("finding", verdict.findings)):
        yield from ((kind, text) for text in texts)
    for line in verdict.trust:
        yield from (("trust", text) for text in (line.sentence, *line.numbers))


def of_runs():
    """Yield what is said today of the committed runs, whose manifests may hold older words of the probes."""
    for run in RUNS:
        folder = ROOT / "results" / run
        for verdict in verdicts_of(list(read_estimates(folder)), [manifest_of(folder / "manifest.json")]):
            yield from of_verdict(verdict)
    document = json.loads((ROOT / "results" / "helpdesk" / "compare.json").read_text(encoding="utf-8"))
    for compared in comparisons([Estimate.from_dict(own) for own in document["estimates"]]):
        yield from (("comparison", text) for text in (compared.sentence, *compared.more))


#: What probes beside similarity measure, with levels and a natural unit of their own.
LEVELS = {"high_mean": 0.7, "low_mean": 0.5, "share_positive": 0.6, "share_negative": 0.3}
OTHERS = [
    [mean(value, probe=probe, **LEVELS), *placebo(probe=probe), *beside]
    for value in (0.05, -0.05, 0.001)
    for probe, beside in (
        ("retrieval", [row("mean", 80 * value, probe="retrieval", measure="negative_rank", high_mean=-5.0, low_mean=-9.0)]),
        ("inversion", [row("mean", value, probe="inversion", measure="win_rate", contrast="exact_form", **LEVELS)]),
        ("likelihood", slopes(probe="likelihood")),
    )
]


def of_worlds():
    """Yield what is said of worlds made by hand, and of what cannot be shown in them."""
    worlds = [(own, None) for own in (GRADED, LEVEL, NOTHING, *OTHERS)]
    worlds += [(own, None) for _, _, rows, change in CASES for own in (rows, [*rows, *change])]
    worlds += [(rows, floor) for _, rows, floor in OVERTAKES] + list(WORLDS.values())
    for rows, floor in worlds:
        yield from of_verdict(told(*rows, floor=floor))
    for pairs, manifest, audit, estimates in (*LIMITS.values(), PLAIN):
        found = limits_of({own.id: own for own in pairs}, manifest, audit, estimates)
        yield from (("limit", limit.sentence) for limit in found)


def longest(texts):
    return max(texts, key=lambda text: measure(text)[0])


BARE = "+0.012 [−0.0045, +0.029]"
IN_ITEMS = f"{BARE} in 300 items"
MEANING = longest(Judgements()[probe].meaning or "" for probe in names("probes"))
#: What fills a template in, about as long as it gets; a field that is missing here fails the test.
FILLED = {
    "unread": "24",
    "pairs": "240",
    **{"value": "+0.012", "unit": "nDCG@10", "interval": "[−0.0045, +0.029]", "size": BARE, "p": "adjusted p = .012"},
    **{"form": "frequent", "other": "rare", "worse": "rare", "subject": "document", "meaning": MEANING, "bound": "0.02", "floor": "0.02"},
    **{
        "items": "300 items",
        "overlap_items": "300 items",
        "n": "300",
        "all": "5000",
        "failed": "12",
        "failed_beside": "12",
        "texts": "documents",
        "needs": "4300",
        "frames": "4",
        "over": "4 prompts",
    },
    **{"n_slope": "4500", "n_main": "5000", "share": "40 %", "ends": " [20, 60]", "low": "19 %", "high": "28 %", "zero": "12 %"},
    **{"fewer": "19 %", "more": "28 %", "high_loss": "28 %", "low_loss": "19 %", "better_level": "0.33", "worse_level": "0.27"},
    **{"places": "89", "factor": "1.41", "factor_low": "0.75", "factor_high": "1.9", "above": "20 %", "below": "15 %"},
    **{
        "inner": "[−0.01, +0.01]",
        "whole_inner": "[−0.01, +0.01]",
        "limit_share": "98 %",
        "same_share": "97 %",
        "top": "3 %",
        "bottom": "95 %",
    },
    **{"contrast": "document_form", "missing": "failed on every pair of", "held": "length, readability and register"},
    **{"label": "the glosses' lean towards one word", "groups": "part of speech, domain and frame", "by": "part of speech"},
    **{"adjusted": BARE, "frame_low": "−0.02", "frame_high": "+0.09", "placebo": BARE, "difference": BARE, "intercept": BARE},
    **{"placebo_p": "p = .012", "credit_p": "adjusted p = .071", "fit_p": "p = .012", "duplicate_items": "12 of 300 items"},
    **{"not_held": "Length, readability and register", "or_with": " or with one of length, readability and register"},
    **{"equal": IN_ITEMS, "where": IN_ITEMS, "whole": IN_ITEMS, "placebo_split": IN_ITEMS, "beside_split": BARE, "width": "0.04"},
    **{"least": "0.02", "regression": BARE, "matched": BARE, "reason": "every pair failed", "total": "+0.05", "source": "subtlex"},
    **{"list": BARE, "parts": BARE, "high_only": "12", "low_only": "15", "robustness": "9 %", "match": BARE, "asymmetry": BARE},
    **{"probe": "collection_queries", "model": "all-minilm", "side": "in documents", "run": "runs/base", "runs": "base tuned"},
    **{"first": "0.3 (132)", "last": "0.2 (1)", "second": "B loses 6", "a": "minilm and e5", "b": "minilm and e5", "shown": "20"},
    **{"what": "comparisons that the right document wins", "before": "+0.2", "after": "+0.05", "change": BARE, "mean": BARE},
    **{"files": "synonyms.solr.txt, synonyms.elasticsearch.txt", "frequent": "4 %", "rare": "31 %", "languages": "de", "to": "7"},
    **{"bits": "Q4_1 (4 bit)", "name": "similarity", "corpus": "137", "search": "cosine", "id": "d1", "text": "another text"},
    **{"prompt": "plain-v1", "prompt_least": f"plain-v1: {BARE}", "prompt_most": f"stepwise-v1: {BARE}"},
    **{"paraphrase": BARE, "beyond_paraphrase": BARE},
    **{"answers": "300", "right": "60", "chance": "20 %", "answer_share": "97 %", "guessing": "", "no_better": said("no_better")},
    **{"word": "dossier", "zipf": "2.3", "zipf_from": "1", "zipf_to": "7", "verb": "leaves out", "clear": " (interval includes zero)"},
    **{"of": ", of all content words of the texts", "left": ", so no effect is detected there", "why": ", every pair failed"},
    **{"instead": "queries that the model can answer, or another model", "carriers": "40 % [20, 60] of it goes with readability"},
    **{"failures": "whatever they would have shown, the mean lies between +0.02 and +0.08", "beyond": f"; {BARE} is left beyond it"},
    # sentences of their own, each measured by its own template
    **dict.fromkeys(("split", "own_share", "distinct", "placebo_parts", "alike", "needed", "beside", "disagree", "few", "level"), ""),
    **dict.fromkeys(("changes", "uneven", "within", "cost", "levels", "beside_placebo", "clauses", "slope", "case"), ""),
}
FILLED |= {
    "limits": said("limits", **FILLED),
    "sharing": said("sharing_query"),
    "matched": said("matched_query"),
    "carriers": said("carrier", **FILLED),
    "natural": longest(said(name, **FILLED) for name in SENTENCES if name in ("natural_loses", "natural_places", "natural_factor")),
    "clause": longest(said(name, **FILLED) for name in SENTENCES if name.startswith("natural_")),
    "cause": longest(text for name, text in SENTENCES.items() if name.startswith("with_")),
    "remedy": longest(SENTENCES[f"remedy_{name}"].format(by="judge") for name in REMEDIES),
    "gap": said("remedy_gap", **FILLED),
    "names": said("remedy_document_expansion"),
    "words": longest(words_of_remedy(name)[0] for name in names("remedies")),
    "margin": said("remedied_margin", **FILLED),
    "untold": "for some items or for larger frequency gaps",
}


def filled(template, **own):
    return template.format_map(FILLED | own)


#: Where a field of one name holds another thing.
OWN = {
    "limit_of_run": {"limit": said("limit_english")},
    "remedied_scores": {"gap": "+0.02", "margin": "+0.03"},
    "dose": {"more": ""},
    "direct": {"more": ""},
    "compare_ask": {"first": "base", "second": "tuned"},
    "compare_quality_levels": {"first": "95 %", "second": "92 %"},
    **{
        name: {"where": filled(SENTENCES["placebo_width"], where=filled(SENTENCES["placebo_where"]))}
        for name in SENTENCES
        if name.startswith("placebo_") and "{where}" in SENTENCES[name] and name != "placebo_width"
    },
    "background_doubt": {"why": f"There is no placebo to hold it against and it is not shown after adjusting for confounders ({BARE})"},
}


def of_templates():
    """Yield every template filled in: of the verdicts, of the page, of what probes declare, and of what remedies do."""
    for name, template in SENTENCES.items():
        yield "template", filled(template, **OWN.get(name, {}))
    for rule in (*HEADLINES, *QUALIFIERS):
        yield "headline", rule.said(FILLED)
    for probe in names("probes"):
        for finding in Judgements()[probe].findings:
            yield "finding", filled(finding.sentence)
    remedies = [SENTENCES[f"remedy_{name}"] for name in REMEDIES]
    for remedy, effect in product(
        remedies, (name for name in SENTENCES if re.match("remedy_(helps|levels|reverses|widens|unclear|same)", name))
    ):
        yield "advice", filled(SENTENCES["remedy_line"], remedy=filled(remedy, by="judge"), clauses=filled(SENTENCES[effect]))
    yield from (("advice", text) for name in names("remedies") if (text := words_of_remedy(name)[1]))
    for lead in ("remedy_what_helps", "remedy_what_costs"):
        yield "advice", filled(SENTENCES[lead], names=entries([filled(remedy, by="judge") for remedy in remedies], after_colon=True))


IN_A_LINE = "em|strong|b|i|a|code|abbr|span"


def of_pages():
    """Yield the prose that stands in the pages themselves; what they fill in is one word."""
    for path in sorted((ROOT / "analysis" / "report" / "templates").glob("*.jinja")):
        page = re.sub(r"<(script|style)\b.*?</\1>|\{#.*?#\}|\{%.*?%\}", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        page = re.sub(rf"</?(?:{IN_A_LINE})\b[^>]*>", "", re.sub(r"\{\{.*?\}\}", "it", page, flags=re.DOTALL))
        yield from (("page", " ".join(block.split())) for block in re.split(r"<[^>]*>|\n\s*\n|\n[-|#]", page))


@cache
def measured():
    """Return kind, words, loose numbers and text of every sentence that is met."""
    found = {}
    for kind, text in (*of_runs(), *of_worlds(), *of_templates(), *of_pages()):
        for sentence in sentences(text):
            found[kind, sentence] = (kind, *measure(sentence), sentence)
    return list(found.values())


def test_no_sentence_is_long():
    assert [row for row in measured() if row[1] > MOST_WORDS] == []


def test_no_sentence_holds_more_than_two_loose_numbers():
    assert [row for row in measured() if row[2] > MOST_NUMBERS] == []


def test_half_of_the_sentences_are_short_without_the_entries_of_lists_too():
    kinds = {row[0] for row in measured()}
    assert kinds >= {"headline", "control", "finding", "trust", "limit", "step", "answer", "comparison", "advice", "cite"}
    for kind in (*sorted(kinds), None):
        words = [row[1] for row in measured() if kind in (row[0], None)]
        assert statistics.median(words) <= MEDIAN, kind
        assert statistics.median([n for n in words if n >= ENTRY] or words) <= MEDIAN, kind
