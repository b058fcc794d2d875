"""Nothing that readers meet in a verdict is written anywhere but in the tables: no stray text in the sources, none in a report."""

import ast
import json
import re
import shutil
from pathlib import Path

import pytest
from hand_made import GRADED, LEVEL, NOTHING, heterogeneity, mean, placebo, row, told

from freqbias.analysis.report.formatting import capital
from freqbias.analysis.report.qualifiers import QUALIFIERS
from freqbias.analysis.report.report import write_report
from freqbias.analysis.report.rules import HEADLINES
from freqbias.analysis.report.sentences import SENTENCES, said
from freqbias.judgement import Judgements

ROOT = Path(__file__).parents[3]
SOURCES = sorted((ROOT / "analysis" / "report").glob("*.py"))
TABLES = {
    "page_words.py",
    "qualifiers.py",
    "rules.py",
    "sentences.py",
    "sentences_answers.py",
    "sentences_facts.py",
    "sentences_remedied.py",
}
NO_SENTENCES = {"CITATION", "BIBTEX"}  # a reference to this program, and no result
#: How ids begin that the sources put together; what they are put together from has tests of its own.
MADE = (
    "arm_",
    "by_",
    "count_",
    "limit_",
    "mark_",
    "oriented_",
    "register_",
    "remedied_column_",
    "remedied_right_",
    "remedy_",
    "stratum_",
    "trust_",
    "what_",
    "worst_case_",
    "worst_title_",
)
#: A name and a number, as lists hold them, with its interval, test and number of items where it has them.
ENTRY = re.compile(r"[^.:]+:? [+−]?\d[\d.e−-]*(?: \[[^\]]*\])?(?:, (?:adjusted )?p [=<] [.\d]+)?(?: \(\d+ items?\))?\.")
WORDS = re.compile(r"[A-Za-z]{2,},? [A-Za-z]{2,}")


def texts(path):
    """Yield the texts of a module that could reach a reader: no docstrings, no errors, no annotations."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    left_out = set()
    for node in ast.walk(tree):
        named = isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id in NO_SENTENCES for target in node.targets
        )
        if isinstance(node, ast.Raise) or named or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            left_out |= {id(part) for part in ast.walk(node)}
        if isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
            left_out |= {id(part) for part in ast.walk(node.annotation)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in left_out:
            yield node


@pytest.mark.parametrize("path", [path for path in SOURCES if path.name not in TABLES], ids=lambda path: path.name)
def test_no_sentence_stands_outside_the_tables(path):
    assert [f"{path.name}:{node.lineno}: {node.value}" for node in texts(path) if WORDS.search(node.value)] == []


def test_the_reader_of_sources_finds_a_stray_sentence(tmp_path):
    path = tmp_path / "stray.py"
    path.write_text('"""A docstring of words."""\n\ndef f(n):\n    """Return it."""\n    return f"It goes with luck, {n}"\n')
    assert [node.value for node in texts(path) if WORDS.search(node.value)] == ["It goes with luck, "]


def test_every_sentence_of_the_table_is_said_by_some_module():
    source = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES if path.name not in TABLES)
    templates = sorted((ROOT / "analysis" / "report" / "templates").glob("*.jinja"))
    source += "\n".join(re.sub(r"said\('(\w+)'", r'said("\1"', path.read_text(encoding="utf-8")) for path in templates)
    made = {f"calibration_{way}" for way in ("even", "steeper", "flatter")} | {name for name in SENTENCES if name.startswith(MADE)}
    assert [name for name in SENTENCES if f'"{name}"' not in source and name not in made] == []
    assert set(re.findall(r'said\("(\w+)"', source)) <= set(SENTENCES)


def parts(text):
    """Return the sentences of a text, or of a template; what a template fills in at its end is a part of its own."""
    return [part for part in re.split(r"(?<=\.)\s+|(?<=\.)(?=\{)|(?<=\})\s+(?=[A-Z])", text.strip()) if part]


def patterns(texts=()):
    """Return what every sentence of the tables, of what probes declare and of `texts` matches, and the entries of lists."""
    declared = [finding.sentence for probe in PROBES for finding in Judgements()[probe].findings]
    for part in (part for text in (*SENTENCES.values(), *declared, *texts) for part in parts(text)):
        if part.endswith(".") and not re.fullmatch(r"\{\w+\}\.", part):  # the others are filled into these
            own = re.split(r"\{\w+\}", capital(part))
            yield re.compile(".*?".join(map(re.escape, own)).replace(r"\{\{", "{"), re.DOTALL)
    yield ENTRY


PROBES = ("similarity", "inversion", "retrieval", "likelihood", "geometry", "collection", "collection_queries")


def headline_left(headline, rules):
    """Return the sentences of a headline that neither its rows of the table make, nor what they fill in."""
    own = [rule.sentence for rule in (*HEADLINES, *QUALIFIERS) if rule.name in rules]
    filled = [f"{text}." for name, text in SENTENCES.items() if name.startswith(("natural_", "carrier", "own_share", "distinct"))]
    return " ".join(strays(headline, [*own, *filled]))


def strays(text, texts=()):
    """Return the sentences of a text that no template makes."""
    known = list(patterns(texts))
    return [part for part in parts(text) if not any(own.fullmatch(part) for own in known)]


def test_every_sentence_of_the_example_comes_from_the_tables(tmp_path):
    run = tmp_path / "run"
    shutil.copytree(ROOT / "results" / "example", run)
    write_report(run)
    document = json.loads((run / "report.json").read_text(encoding="utf-8"))
    verdicts = document["verdicts"]
    printed = [text for verdict in verdicts for text in (*verdict["controls"], *verdict["findings"])]
    printed += [*document["notes"], *document["noise"]]
    assert len(printed) > 40
    assert [found for text in printed if (found := strays(text))] == []
    assert [headline_left(verdict["headline"], verdict["rules"]) for verdict in verdicts] == [""] * len(verdicts)
    section = (run / "findings.md").read_text(encoding="utf-8").partition("## Verdict\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line and not line.startswith("### ")]
    assert len(lines) == len(printed) - len(document["noise"]) + len(verdicts)


def test_a_sentence_of_another_origin_would_be_seen():
    found = told(*GRADED)
    assert headline_left(found.headline, found.rules) == ""
    assert headline_left(f"{found.headline} So buy it.", found.rules) == "So buy it."
    assert strays("Placebo: none. Placebo: splendid.") == ["Placebo: none.", "Placebo: splendid."]
    assert strays("Placebo: these pairs have none. Both split: +0.1 [0, 0.2] (3 items).") == []


def test_what_is_lost_is_told_in_percent_of_the_margin():
    """The bound is a tenth of the frequent form's margin: .156 of .2 is lost by rare wording."""
    own = told(mean(0.156), row("relative", 1.28))
    lost = (
        "Rare wording loses 78 % of the lead that the right document in frequent wording has over a wrong one in frequent wording. The "
        "gap divided by the lead, averaged over both wordings of each, is +1.3 ["
    )
    assert any(text.startswith(lost) for text in own.findings)
    assert not any("may do as much" in text for text in own.findings)
    as_much = told(mean(0.156), row("relative", 1.28), *placebo(0.15, difference=0.001))
    assert any(text.endswith(" Equally frequent synonyms (placebo) may do as much.") for text in as_much.findings)
    other = told(mean(-0.2), row("relative", -1.0))
    assert any(text.startswith("Frequent wording loses 50 % of the lead that the right document in rare") for text in other.findings)
    unclear = told(mean(0.01, 0.05), row("relative", 0.05, 0.3))
    assert any(text.startswith("The gap is +0.05 [−0.25, +0.35] times this model's margin") for text in unclear.findings)
    untold = told(mean(), row("relative", 4.0, None, flags=["margin_not_told"]))
    assert any(text.endswith("The interval of that margin includes zero.") for text in untold.findings)


def test_an_adjusted_test_says_so():
    """The interval beside it is not adjusted: both in one line without a word would contradict each other."""
    assert ", adjusted p = .012." in told(mean(p_adjusted=0.012)).headline
    assert ", p = .001." in told(mean()).headline


@pytest.mark.parametrize(
    ("name", "rows", "said_of_it"),
    [
        ("spread", [row("heterogeneity", 0.03, details={"prediction_low": -0.01, "prediction_high": 0.11})], "between −0.01 and +0.11."),
        (
            "groups",
            [row("by:pos", None, p_value=0.01, details={"means": {"noun": 0.02, "verb": 0.08}})],
            "part of speech (p = .010). Its means: noun +0.02. Verb +0.08.",
        ),
        ("strata", [row("whole_whole", 0.04), row("split_split", 0.06, n_items=1)], "Both split: +0.06 [+0.05, +0.07] (1 item)."),
        (
            "split_cost",
            [row("whole_split", 0.04), row("split_effect", 0.03)],
            "split instead of none, confounders and frequency gap held constant: +0.03 [",
        ),
        ("dose_sense", [row("within_slope", 0.02), row("sense_zipf_slope", 0.03)], "By the frequency of the intended sense: +0.03 ["),
        (
            "dose_sense_same",
            [row("within_slope", 0.02), row("sense_zipf_slope", 0.02)],
            "sense it is, to the digits shown, what it is within the arm.",
        ),
        ("dose_beside_split", [row("split_slope", 0.02)], "strata of splitting, on average over them: +0.02 ["),
        ("trimmed", [row("trimmed", 0.005)], "items at either end it is +0.005 [−0.005, +0.015], and its interval includes zero."),
        ("without_largest", [row("without_largest", 0.005)], "its interval includes zero."),
        (
            "dose_sides",
            [row("zipf_high_slope", 0.02), row("zipf_low_slope", -0.05)],
            "of the frequent one, −0.05 [−0.06, −0.04] of the rare",
        ),
        ("dose_instrument", [row("zipf_slope_iv:subtlex", 0.04)], "With the frequency in subtlex as instrument: +0.04"),
        ("flipped", [mean(details={"flipped": 0.07})], "0.02 cosine. Then 7 % of their comparisons with wrong ones"),
        ("direct_beyond", [row("net_of_subwords", 0.07)], " That is more than the whole effect, so together these work the other way."),
        (
            "direct",
            [row("net_of_subwords", 0.04, details={"robustness_value": 0.2})],
            "20 % of the residual variance of the gap, and as much of the predictors', to bring this remainder to zero.",
        ),
    ],
)
def test_findings_on_single_estimates(name, rows, said_of_it):
    found = told(*LEVEL, *rows)
    assert any(said_of_it in text for text in found.findings), name
    assert not any(said_of_it in text for text in told(*LEVEL).findings)


def test_groups_of_ones_own_go_by_their_name():
    found = told(*LEVEL, row("by:genre", None, p_value=0.01, details={"means": {"news": 0.02}}))
    assert any(text.startswith("The gap is not the same by genre (p = .010). Its means: news +0.02.") for text in found.findings)


WIDE = {"value": 0.018, "half": 0.01}  # beyond the bound of .02
WITHIN = {"value": 0.008, "half": 0.003}


@pytest.mark.parametrize(
    ("flags", "p_value", "opening"),
    [
        (["equivalent"], 0.4, "Placebo: equivalent to zero (+0.008 cosine, 90 % interval [+0.005, +0.011], 30 items; bound ± 0.02)."),
        (["equivalent"], 0.01, "Placebo: smaller than the smallest effect of interest, yet it differs from zero (+0.008 cosine, 90 %"),
        (["equivalent", "differs"], 0.4, "Placebo: smaller than the smallest effect of interest, yet it differs from zero ("),
    ],
)
def test_a_placebo_is_told_with_the_interval_of_its_equivalence(flags, p_value, opening):
    assert placebo_told(WITHIN, flags, p_value).startswith(opening)


@pytest.mark.parametrize(
    ("test", "p_value", "opening"),
    [
        (WIDE, 0.01, "Placebo: differs from zero (+0.018 cosine, 90 % interval [+0.008, +0.028], 30 items; bound ± 0.02, interval width"),
        (WIDE, 0.4, "Placebo: not shown to be equivalent to zero (+0.018 cosine, 90 % interval [+0.008, +0.028], 30 items; bound"),
        (
            WITHIN,
            0.4,
            "Placebo: as a whole smaller than the smallest effect of interest, but not shown to be in each of its parts (",
        ),
        (WITHIN, 0.01, "Placebo: differs from zero, as a whole by less than the smallest effect of interest ("),
    ],
)
def test_a_placebo_that_is_not_equivalent_says_whether_the_whole_or_a_part_is_not(test, p_value, opening):
    assert placebo_told(test, ["not_equivalent"], p_value).startswith(opening)


def placebo_told(test, flags, p_value):
    own = row("equivalence", **test, arm="placebo", level=0.9, bound=0.02, flags=flags)
    return told(mean(), mean(test["value"], 0.004, arm="placebo", p_value=p_value), own).controls[0]


def test_a_few_placebo_items_that_are_alike_show_nothing():
    """No spread gives an interval of width zero, four items as well as four hundred."""

    def first(n_items, **fields):
        own = row("equivalence", 0.0, 0.0, arm="placebo", level=0.9, bound=0.02, flags=["equivalent"], n_items=n_items)
        return told(mean(), mean(0.0, 0.0, arm="placebo", n_items=n_items, **fields), own).controls[0]

    assert first(4, flags=["constant"]) == (
        "Placebo: both forms score the same in each of its 4 items, too few to say that swapping words does nothing."
    )
    assert first(30, flags=["constant"]).startswith("Placebo: equivalent to zero")
    assert first(4).startswith("Placebo: equivalent to zero")


def test_an_adjusted_mean_that_no_pair_shows_is_told_as_such_and_makes_no_headline():
    far = {"flags": ["extrapolated"], "details": {"never_level": ["edited"]}}
    matched = row("matched", 0.005)
    seen, unseen = (told(*NOTHING, row("adjusted", 0.05, **more), matched) for more in ({}, far))
    assert "With confounders held constant it is +0.05" in seen.headline
    assert "With confounders held constant" not in unseen.headline
    line = " The regression's is read off a line, since hardly a pair is level in edits to the author's text."
    assert any(text.endswith(line) for text in unseen.findings)
    assert not any("read off a line" in text for text in seen.findings)


def test_word_matching_that_makes_no_difference_is_no_interval_of_nothing():
    asymmetry = row("mean", 0.0, 0.01, contrast="match_asymmetry")
    some = told(mean(), row("mean", 0.2, contrast="match"), asymmetry)
    assert any("instead of its synonym gains +0.2 [" in text for text in some.findings)
    none = told(mean(), row("mean", 0.0, 0.0, contrast="match"), asymmetry)
    assert any(text.endswith("score alike, in every pair.") for text in none.findings)
    assert not any("gains" in text for text in none.findings)


@pytest.mark.parametrize(("p_value", "ending"), [(0.01, "it differs from zero (p = .010)."), (0.2, "from zero detected (p = .200).")])
def test_the_joint_test_of_the_placebo_says_what_it_found(p_value, ending):
    joint = row("placebo_joint", 0.02, arm="placebo", p_value=p_value)
    found = told(mean(), mean(0.0, arm="placebo"), row("equivalence", 0.0, arm="placebo", level=0.9, flags=["not_equivalent"]), joint)
    assert found.controls[-2 if "Frequency minus" in found.controls[-1] else -1].endswith(ending)


def test_nothing_is_said_of_groups_that_do_not_differ():
    found = told(*LEVEL, row("by:pos", None, p_value=0.3, details={"means": {"noun": 0.02, "verb": 0.08}}))
    assert "noun" not in " ".join(found.findings)


def test_said_refuses_what_it_does_not_know():
    with pytest.raises(KeyError):
        said("placebo_differs")


def test_items_are_not_called_uneven_by_a_normal_model_where_most_have_no_gap_at_all():
    """Ranks: 53 % would be estimated to gain where 31 % do, and 57 % stand where they stood."""
    spread = heterogeneity(-0.2, 0.2, 0.53, 0.37)
    ranks = told(mean(0.01, 0.03, share_positive=0.31, share_negative=0.11), spread)
    assert ranks.rules[0] == "cannot_tell"
    assert not any("true effects" in text for text in ranks.findings)
    scores = told(mean(0.01, 0.03, share_positive=0.6, share_negative=0.4), spread)
    assert scores.rules[0] == "cancels"
    assert any("true effects" in text for text in scores.findings)
