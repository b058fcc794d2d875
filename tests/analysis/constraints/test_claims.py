"""The table of claims is whole: each is about an estimate that its probe writes, with limits and a paper; its sentences are plain."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from freqbias import registry
from freqbias.analysis.constraints import claims as table
from freqbias.analysis.constraints.claims import ARCHITECTURES, Bibliography, bibliography, chosen_claims, claims, parsed_claims, say
from freqbias.analysis.constraints.words import WORDS
from freqbias.errors import InputError
from freqbias.paraphrases.generators import load_generator, options_of

ROOT = Path(__file__).parents[3]
REGISTERED = [claim for claim in claims() if claim.probe in registry.names("probes")]
MOST_WORDS = 30
ROW = """
[[claim]]
name = "one"
title = "One"
question = "One?"
probe = "inversion"
generator = "lexicon"
about = ["dense"]
number = {scale = 100, unit = "points"}
limits = {present = 0.1, absent = 0.02, why = "So."}
paper = "2604.02176"
newer = []
"""


@pytest.mark.parametrize("claim", REGISTERED, ids=lambda claim: claim.name)
def test_a_claim_whose_probe_is_here_says_which_estimate_decides(claim):
    assert claim.headline is not None
    assert claim.generator in registry.names("generators")
    known = options_of(load_generator(claim.generator))
    assert [word for word in claim.options if word.partition("=")[0] not in known] == []
    assert {"n", "seed"} <= set(known)


def test_what_is_on_main_is_asked():
    assert {"inversion", "retrieval", "geometry", "entailment"} <= {claim.probe for claim in REGISTERED}


def test_the_committed_table_names_every_paper_and_no_other():
    named = {paper for claim in claims() for paper in (claim.paper, *claim.newer)}
    assert named == set(bibliography().papers)
    assert all(re.fullmatch(r"\d{4}\.\d{4,5}", paper) for paper in named)
    assert all(20 * 100 + int(name[:2]) in (own.year, own.year - 1) for name, own in bibliography().papers.items())


def test_names_choose_claims_in_the_order_of_the_report():
    assert [claim.name for claim in chosen_claims(["rank", "exact-loses"])] == ["exact-loses", "rank"]
    assert chosen_claims([]) == claims()
    with pytest.raises(InputError, match="unknown claim 'rnk'; did you mean 'rank'"):
        chosen_claims(["rnk"])


def test_a_row_is_read():
    (claim,) = parsed_claims(ROW, bibliography())
    assert (claim.limits.rises, claim.sign, claim.headline) == (True, 1, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ROW.replace("absent = 0.02", "absent = 0.1"), "claim 'one': limits 'present' and 'absent' are the same"),
        (ROW.replace('["dense"]', '["dens"]'), "claim 'one': unknown architecture 'dens'; did you mean 'dense'"),
        (ROW.replace('probe = "inversion"', ""), "claim 'one': Object missing required field `probe`"),
        (ROW + 'wobble = "x"', "claim 'one': Object contains unknown field `wobble`"),
        (
            ROW.replace("2604.02176", "2604.02177"),
            "claim 'one': paper '2604.02177' is not in the bibliography; did you mean '2604.02176'",
        ),
        (ROW + 'rare = {contrast = "a", measure = "b"}', "claim 'one': 'rare' needs a 'headline'"),
        (ROW + ROW, "two claims are called 'one'"),
        (ROW + ROW.replace('"one"', '"two"') + "pairs = 3", "claims 'one' and 'two' rest on one run of 'inversion'"),
    ],
)
def test_a_row_that_does_not_fit_is_told(text, said):
    with pytest.raises(InputError, match=re.escape(said)):
        parsed_claims(text, bibliography())


def test_a_paper_must_say_how_it_was_checked():
    with pytest.raises(InputError, match="Invalid enum value 'somehow'"):
        table._converted(
            {"dated": "2026-11-30", "papers": {"1": {"title": "T", "year": 1, "claims": "", "since": "", "checked": "somehow"}}},
            Bibliography,
            "bibliography",
        )


def sentences():
    for text in (*table._sentences().values(),):
        yield from text.values()
    for claim in claims():
        yield from (claim.title, claim.question, claim.limits.why)
    for paper in bibliography().papers.values():
        yield from (paper.claims, paper.since)


def test_every_sentence_is_short():
    long = [part for text in sentences() for part in re.split(r"(?<=[.?]) ", text) if len(part.split()) > MOST_WORDS]
    assert long == []


def test_every_sentence_is_said_somewhere():
    folder, templates = ROOT / "analysis" / "constraints", ROOT / "analysis" / "report" / "templates"
    paths = [*folder.glob("*.py"), *templates.glob("constraints.*"), ROOT / "freqbias/run/constraints.py"]
    paths.append(ROOT / "freqbias" / "cli" / "constraints_command.py")
    source = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    given = {
        "words": WORDS,
        "meanings": WORDS,
        "needs": ("scorer", "embedder", "language_model"),
        "checked": ("read", "abstract", "cited"),
    }
    for group, own in table._sentences().items():
        if group in given:
            assert set(own) <= set(given[group])
            continue
        stems = {re.sub(r"_(open|limit)$", "", name) for name in own}
        assert [name for name in stems if f'"{name}"' not in source] == [], group


def test_words_and_meanings_go_together():
    assert list(table._sentences()["words"]) == list(table._sentences()["meanings"]) == list(WORDS)
    assert say("words", "present") == "still present"
    assert len(set(ARCHITECTURES)) == len(ARCHITECTURES)


def test_the_files_are_packaged():
    names = {path.name for path in files("freqbias.analysis.constraints").iterdir() if path.name.endswith(".toml")}
    assert names == {"bibliography.toml", "claims.toml", "sentences.toml"}
    assert '"freqbias.analysis.constraints" = ["*.toml"]' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
