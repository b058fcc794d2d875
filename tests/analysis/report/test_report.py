"""The report: escaped texts, one file without network, figures, the largest pairs."""

import base64
import hashlib
import json
import re
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hand_made import mean
from hand_made import row as made
from simulation import markdown_of, simulate, write_run

from freqbias.analysis import estimate, frame
from freqbias.analysis.figures.distributions import cell_means, dose, raincloud
from freqbias.analysis.figures.intervals import love, strata
from freqbias.analysis.figures.svg import Subject
from freqbias.analysis.report.notes import notes
from freqbias.analysis.report.rendering import CITATION, text
from freqbias.analysis.report.report import write_report
from freqbias.analysis.report.top_pairs import MAX_CHARACTERS, differing, largest
from freqbias.errors import InputError
from freqbias.files import read_estimates, read_pairs, write_json, write_records
from freqbias.judgement import Judgements
from freqbias.records import Observation, Pair


def test_report_is_one_escaped_file_without_network(run_folder):
    written = write_report(run_folder)
    html = (run_folder / "report.html").read_text(encoding="utf-8")
    assert html.count("<script") == 1  # our own; both texts that try to be one are escaped
    assert html.index("<script>//") > html.index('id="method"')
    assert "&lt;script&gt;alert(1)" in html
    assert "&lt;script&gt;alert(2)" in re.sub(r"</?mark>", "", html)
    assert not re.search(r"(?:src|href)=\"(?!#)", html.replace('xlink:href="#', ""))
    assert not re.search(r"@import|url\((?!#)", html)
    assert (
        html.count("<svg") - html.count('<svg class="strip"') == 7
    )  # controls, love plot, forest, raincloud, dose, specification curves of means and slopes
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    markdown = (run_folder / "findings.md").read_text(encoding="utf-8")
    assert "<script" not in markdown
    assert "<script" not in (run_folder / "report.md").read_text(encoding="utf-8")
    assert "Placebo: equivalent to zero" in markdown
    assert {path.suffix for path in written} == {".html", ".md", ".json", ".svg", ".csv"}


def test_report_repeats_to_the_byte(run_folder):
    paths = write_report(run_folder)
    before = {path: path.read_bytes() for path in paths}
    assert {path: path.read_bytes() for path in write_report(run_folder)} == before


def test_report_without_estimates(tmp_path):
    (tmp_path / "estimates.jsonl").write_text("")
    with pytest.raises(InputError, match="no estimates; run: freqbias analyze"):
        write_report(tmp_path)


SUBJECT = Subject(model="m", probe="similarity", measure="cosine", key="m-similarity", judgement=Judgements()["similarity"])


def test_only_the_own_script_may_run(run_folder):
    write_report(run_folder)
    html = (run_folder / "report.html").read_text(encoding="utf-8")
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.S)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', html)
    assert f"script-src &#39;sha256-{digest}&#39;;" in policy
    assert "default-src &#39;none&#39;" in policy
    assert "alert" not in script


def tags(folder, word):
    names = {"item": word, "high": f"{word} one two", "low": "three two"}
    write_run(folder, model=word, items=4, effects={"frequency": 0.05}, **names)
    write_report(folder)
    html = (folder / "report.html").read_text(encoding="utf-8")
    return re.findall(r"<(/?[a-z][a-z0-9]*)", re.sub(r"<svg.*?</svg>", "", html, flags=re.S)), html


@pytest.fixture(scope="module")
def plain_tags(tmp_path_factory):
    return set(tags(tmp_path_factory.mktemp("plain") / "run", "word")[0])


@pytest.mark.parametrize(
    "payload", ["</script><script>alert(3)</script>", '"><img src=x onerror=alert(3)>', "{{ 7*7 }}", "$a$ $\\frac$", "漢字"]
)
def test_no_text_of_data_breaks_out(tmp_path, plain_tags, payload):
    """Whatever a model, an item or a text is called, the page has the tags of a page with plain names."""

    found, html = tags(tmp_path / "odd", payload)
    assert set(found) == plain_tags
    assert found.count("script") == 1
    assert "onerror=alert" not in re.sub(r"&#34;|&gt;|&lt;", "", re.sub(r">[^<]*<|\"[^\"]*\"", "", html))
    assert "49" not in re.findall(r"<h3>(.*?)</h3>", html)


def test_json_says_what_the_page_says(run_folder):
    write_report(run_folder)
    document = json.loads((run_folder / "report.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    html = (run_folder / "report.html").read_text(encoding="utf-8")
    (found,) = document["verdicts"]
    assert found["model"] == "<script>alert(1)</script>"
    assert found["headline"] in unescape(html)
    assert document["families"]["confirmatory"] == ["<script>alert(1)</script> / similarity / cosine / gloss / frequency / mean"]


def test_swapped_words_are_told_apart():
    high, low = differing("He got into the car, an old one.", "He got into the jalopy, an old one.")
    assert high == [("He got into the", False), (" ", False), ("car", True), (", an old one.", False)]
    assert [words for words, marked in low if marked] == ["jalopy"]
    assert [words for words, marked in differing("猫が好き", "犬が好き", "ja")[0] if marked] == ["猫"]


def test_long_texts_are_shortened_around_the_difference():
    filler = " ".join(f"w{k}" for k in range(5000))
    for high, low in ((f"{filler} car", f"{filler} jalopy"), (f"car {filler}", f"jalopy {filler}")):
        for side in differing(high, low):
            assert sum(len(words) for words, _ in side) <= MAX_CHARACTERS + 2
            assert "…" in "".join(words for words, _ in side)
    assert ("car", True) in differing(f"car {filler}", f"jalopy {filler}")[0]
    middle = differing(" ".join(["w"] * 200 + ["car"] + ["v"] * 200), " ".join(["w"] * 200 + ["jalopy"] + ["v"] * 200))
    assert ("car", True) in middle[0]
    assert ("jalopy", True) in middle[1]


def test_a_rewrite_without_a_shared_word_is_marked_whole():
    high, low = differing("one two", "three  four five")
    assert (high, low) == ([("one two", True)], [("three  four five", True)])
    assert differing("one", "one two") == ([("one", False)], [("one", False), (" ", False), ("two", True)])


def test_every_figure_has_its_data_beside_it(run_folder):
    written = write_report(run_folder)
    drawn = {path.stem for path in written if path.suffix == ".svg"}
    assert drawn == {path.stem for path in written if path.suffix == ".csv" and path.parent.name == "figures"}
    (clouds,) = [path for path in written if path.suffix == ".csv" and path.stem.startswith("raincloud")]
    table = pd.read_csv(clouds)
    assert table.groupby("arm")["item"].nunique().to_dict() == {"frequency": 40, "placebo": 40}
    estimates = json.loads((run_folder / "report.json").read_text(encoding="utf-8"))["estimates"]
    means = {row["arm"]: row["value"] for row in estimates if (row["contrast"], row["term"]) == ("gloss", "mean")}
    for arm, rows in table.groupby("arm"):
        assert rows["gap"].mean() == pytest.approx(means[arm], abs=1e-6)


def test_cell_means_take_the_items_level_out():
    """With C = 2 cells of equal variance the within-item interval is that of the difference over the square root of two."""
    rng = np.random.default_rng(3)
    level = rng.normal(0, 10, 4000)
    cells = pd.DataFrame({cell: level + rng.normal(mean, 1, 4000) for cell, mean in zip(("hh", "hl", "lh", "ll"), range(4), strict=True)})
    found = cell_means(cells.assign(item=np.arange(4000)))
    half = (found["ci_high"] - found["ci_low"]) / 2
    assert half.to_numpy() == pytest.approx(1.96 / np.sqrt(4000), rel=0.05)  # spread within an item is 1, not 10
    assert found["mean"].diff().dropna().to_numpy() == pytest.approx(1, abs=0.1)
    assert cell_means(cells.head(1).assign(item=0))["ci_low"].isna().all()


def crossed(pairs):
    cells = {"hh": 0.5, "hl": 0.1, "lh": 0.2, "ll": 0.6}
    common = {"probe": "similarity", "measure": "cosine", "contrast": "crossed", "model": "m"}
    return [Observation(pair_id=p.id, item=p.item, arm=p.arm, cells=cells, **common) for p in pairs]


def test_interaction_plot_where_there_are_crossed_rows(tmp_path):
    pairs, rows = write_run(tmp_path / "run", items=6)
    rows += crossed(pairs)
    write_records(tmp_path / "run" / "observations.jsonl", rows)
    write_records(tmp_path / "run" / "estimates.jsonl", estimate(frame(rows), pairs))
    write_report(tmp_path / "run")
    table = pd.read_csv(tmp_path / "run" / "figures" / "interaction-m-similarity.csv")
    assert table.set_index(["query", "document"])["mean"].to_dict() == pytest.approx(
        {("frequent", "frequent"): 0.5, ("frequent", "rare"): 0.1, ("rare", "frequent"): 0.2, ("rare", "rare"): 0.6}
    )


def test_love_plot_skips_what_has_no_spread():
    row = {"dz": None, "dz_low": None, "dz_high": None}
    assert love({"arms": {"frequency": {"covariates": {"words": row}}}}, "x") is None
    far = {"dz": -9.0, "dz_low": -10.0, "dz_high": -8.0}
    near = {"dz": 0.2, "dz_low": 0.0, "dz_high": 0.4}
    arms = {"frequency": {"covariates": {"words": near, "fkgl": row}}, "length": {"covariates": {"words": far}}}
    chart = love({"arms": arms}, "x")
    assert chart.data["dz"].tolist() == [0.2, -9.0]
    assert "length: words -9.00" in chart.svg


def test_several_runs_are_shown_and_adjusted_together(tmp_path):
    write_run(tmp_path / "one", model="a", seed=1, effects={"frequency": 0.004})
    write_run(tmp_path / "two", model="b", seed=2, effects={"frequency": 0.004})
    write_report(tmp_path / "one", tmp_path / "two", out=tmp_path / "both")
    document = json.loads((tmp_path / "both" / "report.json").read_text(encoding="utf-8"))
    assert document["runs"] == ["one", "two"]
    assert [row["model"] for row in document["verdicts"]] == ["a", "b"]
    confirmatory = [row for row in document["estimates"] if row["family"] == "confirmatory"]
    p = sorted(row["p_value"] for row in confirmatory)
    assert sorted(row["p_adjusted"] for row in confirmatory) == pytest.approx([min(2 * p[0], p[1]), p[1]])
    overview = pd.read_csv(tmp_path / "both" / "figures" / "overview.csv")
    assert overview.loc[overview["term"] == "mean", "model"].tolist() == ["a", "b"]
    html = (tmp_path / "both" / "report.html").read_text(encoding="utf-8")
    assert "<h3>b · similarity, run two</h3>" in html
    assert not (tmp_path / "one" / "report.html").exists()


def test_two_runs_with_the_same_model_and_probe_are_refused(tmp_path, cli):
    for name in ("one", "two"):
        write_run(tmp_path / name, items=3)
    result = cli("report", tmp_path / "one", tmp_path / "two")
    assert result.exit_code == 2
    assert "runs 'one' and 'two' both contain model 'm' and probe 'similarity'; leave one out" in result.stderr


def test_names_that_give_the_same_file_are_kept_apart(tmp_path):
    write_run(tmp_path / "one", model="a/b", items=4)
    write_run(tmp_path / "two", model="a_b", items=4)
    written = write_report(tmp_path / "one", tmp_path / "two")
    assert len({path.name for path in written}) == len(written)


def test_observations_of_other_pairs_are_refused(tmp_path):
    pairs, _ = write_run(tmp_path / "run", items=4)
    write_records(tmp_path / "run" / "pairs.jsonl", pairs[1:])
    with pytest.raises(InputError, match=r"observations.jsonl:1: field 'pair_id': the pair file holds no pair 'frequency-0-0'"):
        write_report(tmp_path / "run")


def test_noise_command_and_citation(run_folder):
    models = [
        {
            "name": "m",
            "source": "s",
            "revision": None,
            "dtype": None,
            "quantisation": None,
            "licence": None,
            "details": {},
            "noise_floor": floor,
        }
        for floor in ({"measure": "cosine", "value": 2.5e-7}, {"measure": "log_prob_nats", "value": 0.0})
    ]
    argv = ["freqbias", "run", "--out", "a folder"]
    write_json(run_folder / "manifest.json", {"schema": 1, "argv": argv, "seed": 3, "models": models, "versions": {"python": "3"}})
    write_report(run_folder)
    for name in ("report.html", "findings.md", "report.json"):
        page = (run_folder / name).read_text(encoding="utf-8")
        assert "m: numbers move by 2.5e-07 cosine when only the batch changes." in page
        assert "m: numbers do not move when only the batch changes." in page
    html = (run_folder / "report.html").read_text(encoding="utf-8")
    assert "freqbias run --out &#39;a folder&#39;</code>, seed 3" in html
    assert CITATION in html


def test_citation_agrees_with_the_citation_file():
    lines = (Path(__file__).parents[3] / "CITATION.cff").read_text(encoding="utf-8")
    for field in ("title", "version", "license"):
        value = re.search(rf"^{field}: (.*)$", lines, re.M).group(1).strip('"')
        assert value in CITATION


def test_texts_cannot_be_markup_in_markdown():
    assert text("![x](http://a.b) | `c` *d* <e>\nf") == "\\!\\[x\\](http://a.b) \\| \\`c\\` \\*d\\* &lt;e&gt; f"


def test_fifty_thousand_pairs_stay_small():
    rng = np.random.default_rng(0)
    n = 50_000
    common = {"model": "m", "probe": "similarity", "measure": "cosine", "contrast": "gloss"}
    ids = [str(k) for k in range(n)]
    table = pd.DataFrame({"item": ids, "pair_id": ids, "gap": rng.normal(0, 1, n), "zipf_gap": rng.uniform(1, 3, n)})
    table = table.assign(arm=np.where(np.arange(n) % 2, "frequency", "placebo"), **common)
    high, low = ("very " * 5000 + word + " " + "x y z " * 500 + other for word, other in (("car", "old"), ("jalopy", "aged")))
    pairs = {name: Pair(id=name, item=name, high=high, low=low) for name in ids}
    charts = [dose(SUBJECT, table), raincloud(SUBJECT, table, [])]
    assert sum(len(chart.svg) for chart in charts) < 1_500_000
    assert "2000 of 25000 items" in charts[1].caption
    assert "2000 of 25000 pairs" in charts[0].svg
    assert [len(chart.data) for chart in charts] == [25_000, 50_000]
    shown = largest(SUBJECT, table, pairs)
    assert shown.n_pairs == 25_000
    assert [row.gap for row in shown.frequent] == sorted(table.loc[table["arm"] == "frequency", "gap"])[::-1][:20]
    assert sum(len(words) for row in [*shown.frequent, *shown.rare] for words, _ in [*row.high, *row.low]) < 80 * (MAX_CHARACTERS + 2)


def test_report_says_what_was_not_measured_failed_or_was_cut(run_folder):
    assert "produced no rows" not in markdown_of(run_folder)
    rows = [json.loads(line) for line in (run_folder / "observations.jsonl").read_text(encoding="utf-8").splitlines()]
    for row in rows[:2]:  # both registers of one pair
        row["covariates"]["truncated"] = [1, 0]
    for row in rows[2:4]:
        row |= {"high": None, "low": None, "decoys": None, "error": "too long"}
    write_records(run_folder / "observations.jsonl", [Observation.from_dict(row) for row in rows])
    steps = [{"model": "m", "probe": "inversion"}, {"model": rows[0]["model"], "probe": "similarity"}]
    told = notes({"probing": {"steps": steps}}, frame(run_folder), list(read_estimates(run_folder)))
    assert told[0].startswith("inversion of m produced no rows")
    assert "failed on 1 of 160 pairs; most often: too long." in told[1]
    assert "truncated texts of 1 of 160 pairs to its window" in told[2]
    assert len(told) == 3
    with pytest.raises(InputError, match=r"is not the mean of observations.jsonl, which has changed; run: freqbias analyze"):
        write_report(run_folder)
    write_records(run_folder / "estimates.jsonl", estimate(frame(run_folder), read_pairs(run_folder)))
    assert "truncated texts of 1 of 160 pairs" in markdown_of(run_folder)
    assert "truncated texts of 1 of 160 pairs" in (run_folder / "report.html").read_text(encoding="utf-8")


def test_families_say_what_is_one_test(tmp_path):
    """`inversion` repeats the number of `similarity`; the method says so and the list of tests names its twin."""
    pairs, rows = write_run(tmp_path, effects={"frequency": 0.05})
    change = {"probe": "inversion", "contrast": "exact_form", "register": None}
    rows += [Observation.from_dict(row.to_dict() | change) for row in rows if row.register == "plain"]
    write_records(tmp_path / "observations.jsonl", rows)
    write_records(tmp_path / "estimates.jsonl", estimate(frame(rows), pairs, curve=False))
    write_report(tmp_path)
    families = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["families"]
    own = "m / similarity / cosine / gloss / frequency / mean"
    assert families["confirmatory"] == [f"m / inversion / cosine / exact_form / frequency / mean (one test with {own})", own]
    for name in ("report.html", "findings.md"):
        assert "one number under two names" in (tmp_path / name).read_text(encoding="utf-8")
    alone = [row for row in rows if row.probe == "similarity"]
    write_records(tmp_path / "observations.jsonl", alone)
    write_records(tmp_path / "estimates.jsonl", estimate(frame(alone), pairs, curve=False))
    write_report(tmp_path)
    for name in ("report.html", "report.md", "findings.md"):
        assert "inversion" not in (tmp_path / name).read_text(encoding="utf-8")


def test_a_dose_is_drawn_as_it_is_and_with_confounders_held_constant():
    zipf = np.linspace(1, 3, 40)
    table = pd.DataFrame({"item": range(40), "pair_id": range(40), "gap": 0.1 + 0.05 * zipf, "zipf_gap": zipf}).assign(
        arm="frequency", model="m", probe="similarity", measure="cosine", contrast="gloss"
    )
    plain, held = dose(SUBJECT, table), dose(SUBJECT, table, [made("zipf_slope", 0.04), made("within_slope", 0.02)])
    assert "least-squares slope 0.05 per Zipf unit over 40 pairs" in plain.svg
    assert "confounders held constant" not in plain.svg + plain.caption
    assert "over 40 pairs, with confounders held constant 0.02" in held.svg
    assert "holds confounders constant, through the means." in held.caption


def test_strata_are_drawn_where_splitting_is_known():
    assert strata(SUBJECT, [mean(), made("adjusted", 0.04)]) is None
    chart = strata(SUBJECT, [mean(), made("whole_whole", 0.01), made("whole_split", 0.09), made("adjusted", 0.04)])
    assert chart.data["term"].tolist() == ["mean", "whole_whole", "whole_split", "adjusted"]
    assert "both words whole (30)" in chart.svg


def test_of_many_models_the_summary_stays_one(tmp_path):
    """Thirty models: every list of `report.md` says how many it leaves out, and fewer models leave out none."""
    pairs, rows = simulate(np.random.default_rng(0), {"frequency": 0.05}, items=4, frames=1)
    for models in (2, 30):
        folder = tmp_path / str(models)
        folder.mkdir()
        own = [row.replace(model=f"model-{k:02d}") for k in range(models) for row in rows]
        write_records(folder / "estimates.jsonl", estimate(frame(own), pairs))
        write_report(folder)
        text = (folder / "report.md").read_text(encoding="utf-8")
        assert text.count("\n") <= 120
        assert ("more are in [report.html]" in text) == (models == 30)
        assert "\n\n\n\n" not in text
        assert not re.search(r"\S\n\d+ more are in", text)  # of a list it would be the last entry


def test_a_run_without_its_pairs_says_so_and_offers_no_search(tmp_path):
    (tmp_path / "estimates.jsonl").write_text("".join(json.dumps(own.to_dict()) + "\n" for own in [mean()]), encoding="utf-8")
    write_report(tmp_path)
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "They are not shown" in html
    assert 'data-block="pairs"' not in html


def test_a_factor_beyond_a_million_has_no_digits(tmp_path):
    write_records(tmp_path / "estimates.jsonl", [mean(800.0, 1.0, probe="likelihood")])
    assert "by a factor of more than a million in probability" in markdown_of(tmp_path)
