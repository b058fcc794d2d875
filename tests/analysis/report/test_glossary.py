"""Every word and identifier that a report can show has an entry in the glossary, every entry is of use, and a reader understands it."""

import ast
import json
import re
import statistics
from pathlib import Path

import pytest

from freqbias import terms
from freqbias.analysis.report.advice import BOTH
from freqbias.analysis.report.answers import WORDS
from freqbias.analysis.report.comparing import columns
from freqbias.analysis.report.glossary import entries, explain, groups, senses, suggest, titles
from freqbias.analysis.report.qualifiers import QUALIFIERS
from freqbias.analysis.report.remedied_advice import columns as remedied_columns
from freqbias.analysis.report.rules import HEADLINES
from freqbias.analysis.report.sentences import SENTENCES
from freqbias.covariates import TEXT_MEASURES
from freqbias.frequency import word_zipf
from freqbias.judgement import Judgement, Judgements
from freqbias.models.adapters.late_interaction import MEASURES as OF_TOKENS
from freqbias.models.scoring import SIMILARITIES
from freqbias.registry import BUILT_IN

ROOT = Path(__file__).parents[3]
RUNS = ("example", "embeddings", "lm")
TEMPLATES = sorted((ROOT / "analysis" / "report" / "templates").glob("*.html.jinja"))
OURS = entries(BUILT_IN["probes"])
#: Constants of `terms` that no reader meets: files and folders, and names of fields.
NO_WORDS = ("_FILE", "_REPORT", "_TABLE", "_FOLDER", "SYNONYMS", "_LISTS")
#: The forms and families of task items, which no report shows.
TASKS = {"ORIGINAL", "FORMS", "FAMILIES", "MATH", "COMMONSENSE", "TRANSLATION", "TOOLS"}
FIELDS = {*TASKS, "ZIPF_GAP_OF", "SIDE", "SIZE_FIELDS", "DETAILS", "NORM_FREQUENCIES"}


def unexplained(rows):
    """Return what of estimates has no entry, by column."""
    asked = {(name, row[name], row["probe"]) for row in rows for name in ("probe", "measure", "contrast", "term")}
    asked |= {("arm", row["arm"], "arms") for row in rows}
    asked |= {("flags", flag, "flags") for row in rows for flag in row["flags"]}
    return sorted({(column, name) for column, name, of in asked if explain(name, of) is None})


def estimates(run):
    return [json.loads(line) for line in (ROOT / "results" / run / "estimates.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("run", RUNS)
def test_every_identifier_of_the_committed_estimates_has_an_entry(run):
    rows = estimates(run)
    assert len(rows) > 100
    assert unexplained(rows) == []


def test_an_identifier_without_an_entry_would_be_seen():
    row = estimates("lm")[0]
    new = [row | {"term": "wobble"}, row | {"contrast": "sidewise"}, row | {"flags": ["tilted"]}]
    assert unexplained(new) == [("contrast", "sidewise"), ("flags", "tilted"), ("term", "wobble")]


@pytest.mark.parametrize("run", RUNS)
def test_every_word_of_the_audit_has_an_entry(run):
    audit = json.loads((ROOT / "results" / run / "audit.json").read_text(encoding="utf-8"))
    names = [name for arm in audit["arms"].values() for name in (*arm["covariates"], *arm["between"])]
    assert len(names) > 20
    assert [name for name in names if explain(name, "covariates") is None] == []
    assert [row for row in audit["verdicts"] if None in (explain(row["code"], "audit"), explain(row["level"], "audit"))] == []


def test_what_the_audit_can_measure_and_say_has_an_entry():
    source = (ROOT / "paraphrases" / "audit.py").read_text(encoding="utf-8")
    said = re.findall(r'_verdict\((?:\s*)"(\w+)", (?:"(\w+)"|PHRASING|"(\w+)" if)', source)
    words = {word for found in said for word in found if word} | {"backwards", "dominant"}
    assert {"frequency_gap", "matched", "outliers", "negligible"} <= words
    assert [word for word in sorted(words) if explain(word, "audit") is None] == []
    assert [name for name in (*TEXT_MEASURES, "subwords") if explain(name, "covariates") is None] == []


def heads():
    """Return the heads of every table of the templates, with what they fill in filled in; of `{{ question }}` and `{{ name }}` none."""
    shown = {"unit": "unit", "lost.changed": "document", "lost.kept": "query", "question": "", "name": ""}
    found = set()
    for path in TEMPLATES:
        for text in re.findall(r"<th[ >][^\n]*?</th>", path.read_text(encoding="utf-8")):
            if 'scope="row"' not in text:
                inner = re.sub(r"^<th[^>]*(?:{%.*?%}[^>]*)*>", "", text)
                plain = re.sub(r"<[^>]+>|{%.*?%}", "", inner)
                found.add(re.sub(r"{{ ([\w.]+) }}", lambda hit: shown[hit[1]], plain).strip())
    return found - {""}


def test_every_head_of_a_table_has_an_entry():
    found = heads()
    assert {"model", "p adjusted", "dz", "AUC", "failed", "items", "overtaken by"} <= found
    assert [name for name in sorted(found) if explain(name, "columns") is None] == []
    assert [name for name in columns() if name and explain(name, "columns") is None] == []
    assert len(of_remedies()) == 9
    assert [name for name in (*of_remedies(), *remedied_columns()) if explain(name, "columns") is None] == []


def of_remedies():
    """Return the heads of the table of remedies, for either side."""
    names = [name for name in SENTENCES if name.startswith("remedy_column")]
    return {SENTENCES[name].format(side=SENTENCES[f"remedy_side_{side}"]) for name in names for side in BOTH}


def constants():
    """Return the words that `terms` holds for readers, by the name of the constant."""
    for name, value in vars(terms).items():
        if name.isupper() and not any(end in name for end in NO_WORDS) and name not in FIELDS:
            several = value if isinstance(value, tuple | frozenset | dict) else [value]
            yield from ((name, word) for word in several if isinstance(word, str))


def test_every_word_of_the_vocabulary_has_an_entry():
    found = list(constants())
    assert {("WHOLE_SPLIT", "whole_split"), ("FLAGS", "empty"), ("BY", "by:"), ("RIVALS", "fkgl")} <= set(found)
    assert [(name, word) for name, word in found if explain(word) is None] == []
    labels = [*terms.RIVALS.values(), *terms.PARTS.values(), *(measure.unit for measure in terms.MEASURES.values())]
    assert [label for label in labels if explain(label) is None] == []
    assert [name for name in (*SIMILARITIES, *OF_TOKENS.values(), "bm25", "logit") if explain(name, "measures") is None] == []


def parameters(trees):
    """Return where functions of these modules take a term, by name: the place among the arguments of a call."""
    found = {}
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                names = [argument.arg for argument in node.args.args if argument.arg != "self"]
                found |= {node.name: names.index("term")} if "term" in names else {}
    return found


def spelled(node):
    """Return the term that an expression spells, with `x` for what is only known later; None for a name of a variable."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Name):
        return getattr(terms, node.id, None)
    if isinstance(node, ast.JoinedStr):
        parts = [spelled(part.value if isinstance(part, ast.FormattedValue) else part) for part in node.values]
        return "".join("x" if part is None else part for part in parts) if any(part and part != ":" for part in parts) else None
    return None


def literal_terms(trees):
    """Return every term that a call of these modules spells, with its place."""
    places = parameters(trees)
    found = {}
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                given = [word.value for word in node.keywords if word.arg == "term"]
                given += node.args[places[name] : places[name] + 1] if name in places else []
                found |= {spelled(one): f"{path}:{node.lineno}" for one in given if spelled(one) is not None}
    return found


def modules():
    return {path.name: ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "analysis" / "estimate").glob("*.py"))}


def test_every_term_that_the_analysis_spells_has_an_entry():
    found = literal_terms(modules())
    assert {"equal_subwords", "part:x", "by:x", "x_slope", "spec_joint", "heterogeneity", "zipf_slope_robust", "credit"} <= set(found) | {
        "spec_joint"
    }
    assert len(found) > 30
    assert [(name, place) for name, place in found.items() if explain(name, "terms") is None] == []


def test_a_term_without_an_entry_would_be_seen():
    new = 'def f(series):\n    yield series.make(FREQUENCY, "wobble", rows)\n    yield Row(term="tilt")'
    trees = modules() | {"new.py": ast.parse(new)}
    found = literal_terms(trees)
    assert [name for name in found if explain(name, "terms") is None] == ["wobble", "tilt"]


def test_answers_and_rules_have_an_entry():
    assert [word for word in WORDS.values() if explain(word, "answers") is None] == []
    names = dict.fromkeys(rule.name for rule in (*HEADLINES, *QUALIFIERS))
    assert [name for name in names if explain(name, "answers") is None] == []


def shown():
    """Return all text that reaches a reader, or the columns of a file of estimates: literals of the sources, templates, probes."""
    folders = ("analysis", "probes", "paraphrases", "freqbias/collection", "freqbias/run")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    paths += [ROOT / "freqbias" / name for name in ("terms.py", "judgement.py", "covariates.py")]
    paths += [ROOT / "freqbias/models/scoring.py", *(ROOT / "freqbias/models/adapters").glob("*.py")]
    for path in paths:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        yield from (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in said)
    yield from (path.read_text(encoding="utf-8") for path in (*TEMPLATES, ROOT / "README.md", ROOT / "docs/reading.md"))
    yield from (*heads(), *of_remedies())


def test_no_entry_is_of_no_use():
    text = re.sub(r"[\s_-]+", " ", " | ".join(word for word in shown() if isinstance(word, str))).casefold()

    def used(name):
        bare = re.escape(re.sub(r"[\s_-]+", " ", name).casefold().strip(" :"))
        return re.search(rf"(?<![^\W\d_]){bare}(?![^\W\d_])" if bare[-1].isalpha() and bare[0].isalpha() else bare, text)

    assert [entry.term for entry in OURS if not any(used(name) for name in (entry.term, *entry.also))] == []


def test_every_reference_leads_to_an_entry_and_no_spelling_is_taken_twice_in_a_group():
    assert [(entry.term, term) for entry in OURS for term in entry.see if explain(term) is None] == []
    spellings = [(entry.group, name.casefold()) for entry in OURS for name in {entry.term, *entry.also}]
    assert sorted(spelling for spelling in set(spellings) if spellings.count(spelling) > 1) == []
    assert [entry.source for entry in OURS if entry.source and not re.search(r"\((1[89]|20)\d\d\)|: |8-75", entry.source)] == []


def test_a_reader_understands_the_entries():
    sentences = [sentence for entry in OURS for sentence in re.split(r"(?<=[.!?]) ", entry.says)]
    assert len(OURS) > 250
    assert statistics.median(len(sentence.split()) for sentence in sentences) <= 18
    assert max(len(sentence.split()) for sentence in sentences) <= 30
    assert [entry.term for entry in OURS if not entry.says.endswith((".", ":"))] == []
    table = [entry for entry in OURS if entry.group in titles()]
    assert [entry.term for entry in table if len(re.split(r"(?<=[.!?]) ", entry.says)) > 3] == []


def test_the_scale_of_the_examples_is_wordfreqs():
    says = explain("Zipf").says
    assert f"“the” has {word_zipf('the'):.1f}" in says
    assert f"“lawyer” {word_zipf('lawyer'):.1f}" in says


@pytest.mark.parametrize("spelling", ["zipf_gap", "Zipf gap", "ZIPF-GAP", " `zipf_gap` "])
def test_a_term_is_found_by_any_spelling(spelling):
    assert explain(spelling).term == "frequency gap"


@pytest.mark.parametrize(
    ("term", "of", "parts"),
    [
        ("part:gloss_lean", "terms", ["goes with `gloss_lean`, by regression", "`gloss_lean`: Which of the two words"]),
        ("equivalence:whole_whole", "terms", ["too small to matter: `whole_whole`", "reads whole"]),
        ("informal_slope", "terms", ["differ by one unit more in `informal`", "1 where it is"]),
        ("not_held:n_senses", "flags", ["`n_senses` could not be held constant", "How many meanings"]),
        ("zipf_slope:subtlex", "terms", ["your own source: `subtlex`"]),
        ("part:norm:aoa", "terms", ["goes with `norm:aoa`", "A norm that you joined"]),
        ("documents:centred", "geometry", ["whole documents; `centred` is the space", "no narrow cone"]),
        ("bucket:8", "retrieval", ["number `8`"]),
    ],
)
def test_a_patterned_identifier_is_explained_from_its_parts(term, of, parts):
    found = explain(term, of)
    assert found.term == term
    assert [part for part in parts if part not in found.says] == []
    assert "`" not in found.hover


def test_a_name_that_has_several_meanings_gives_the_one_that_is_asked_for_first():
    assert [entry.group for entry in senses("gloss")] == ["words", "probe:similarity"]
    assert explain("gloss", "similarity").says.startswith("How much nearer the frequent form")
    assert explain("raw", "geometry") != explain("raw", "likelihood")
    assert explain("frequency", "arms").group == "arms"
    assert explain("frequency", "answers").says.startswith("Verdict:")


def test_a_contrast_that_nothing_explains_is_told_by_its_judgement():
    own = Judgements({"mine:probe": Judgement(contrast="tilt", meaning="leans less", unit="degrees"), "bare": Judgement(contrast="lift")})
    assert explain("tilt") is None
    assert explain("tilt", "mine:probe", own).says.endswith("Where it is positive, a document in frequent wording leans less.")
    assert explain("mine:probe", judgements=own).says.startswith("The gap that probe `mine:probe` is judged by.")
    assert explain("degrees", judgements=own).says == "The unit in which probe `mine:probe` tells what it measures."
    assert explain("lift", judgements=own).says.endswith("a document in frequent wording has the higher value.")
    assert explain("nothing", judgements=own) is None


def test_every_probe_of_ours_explains_what_it_alone_writes():
    for name in BUILT_IN["probes"]:
        assert explain(name, name).says.startswith("The probe asks: ")
    assert {entry.group for entry in OURS} == {*titles(), *(f"probe:{name}" for name in BUILT_IN["probes"])}
    assert list(groups(BUILT_IN["probes"]))[:2] == [titles()["words"], titles()["arms"]]


def test_a_misspelt_term_is_answered_with_those_that_are_near():
    assert suggest("frequncy gap")[0] == "frequency gap"
    assert suggest("gloses") == ["gloss", *suggest("gloses")[1:]]
    assert suggest("qqqqqqqq") == []
