"""The report in a real browser, opened from disk: sorting, filtering, no request, no error, nothing that axe objects to."""

import base64
import io
import json
import re
import shutil
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import missing
from simulation import simulate

from freqbias.analysis import estimate, frame
from freqbias.analysis.report.formatting import p_text, precise, precise_interval
from freqbias.analysis.report.glossary import senses
from freqbias.analysis.report.report import write_report
from freqbias.files import read_estimates, read_pairs, write_json, write_records
from freqbias.paraphrases.audit import audit
from freqbias.records import Observation, Pair


def write_run(folder):
    pairs, rows = simulate(np.random.default_rng(0), {"frequency": 0.0, "placebo": 0.0, "length": 0.1}, items=8, model="<b>m</b>")
    hostile = "<script>document.title = 'broken'</script><img src=x onerror=\"document.title='broken'\"> text"
    pairs = [Pair.from_dict(pair.to_dict() | {"high": f"{hostile} {pair.id} high"}) for pair in pairs]
    common = {"probe": "similarity", "measure": "cosine", "contrast": "crossed", "model": "<b>m</b>"}
    cells = {"hh": 0.5, "hl": 0.1, "lh": 0.2, "ll": 0.6}
    rows += [Observation(pair_id=p.id, item=p.item, arm=p.arm, cells=cells, **common) for p in pairs if p.arm == "frequency"]
    rows += [Observation.from_dict(row.to_dict() | {"model": "second"}) for row in rows]
    write_records(folder / "pairs.jsonl", pairs)
    write_records(folder / "observations.jsonl", rows)
    write_records(folder / "estimates.jsonl", estimate(frame(rows), pairs))
    write_json(folder / "audit.json", audit(pairs))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a run folder with its report."""
    folder = tmp_path_factory.mktemp("run")
    write_run(folder)
    write_report(folder)
    return folder


@pytest.fixture(scope="module")
def browser(run, tmp_path_factory):
    """Return headless Chromium with the report open."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        missing("chromium and chromium-driver (Debian's packages)")
    if find_spec("selenium") is None or find_spec("axe_core_python") is None:
        missing("the packages selenium and axe-core-python")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    profile = tmp_path_factory.mktemp("profile")
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1100,900", f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    page = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=driver))
    try:
        page.get((run / "report.html").as_uri())
        yield page
    finally:
        page.quit()


def opened(browser, block):
    """Open a part of the page that is unpacked on demand, and wait for it."""
    from selenium.webdriver.support.ui import WebDriverWait

    script = "const part = document.querySelector(`details[data-block=${arguments[0]}]`); part.open = true; return part.dataset.shown"
    WebDriverWait(browser, 20).until(lambda page: page.execute_script(script, block) == "done")


def column(browser, place):
    """Return the texts of one column of the table of estimates, in order, scrolling through rows that are drawn only in sight."""
    opened(browser, "estimates")
    script = """
        const [scroll, done] = [document.getElementById("estimate-scroll"), arguments[1]];
        const [found, total] = [[], Number(document.getElementById("estimate-table").getAttribute("aria-rowcount")) - 1];
        scroll.scrollTop = 0;
        const step = () => {
            for (const row of document.querySelectorAll("#estimate-table tbody tr:not(.space)")) {
                found[Number(row.getAttribute("aria-rowindex")) - 2] = row.cells[arguments[0]].textContent;
            }
            if (found.filter((text) => text !== undefined).length >= total) { scroll.scrollTop = 0; done(found); return; }
            scroll.scrollTop += 400;
            setTimeout(step, 30);
        };
        setTimeout(step, 30);
    """
    return browser.execute_async_script(script, place)


def heads(browser):
    opened(browser, "estimates")
    return browser.find_elements("css selector", "#estimate-table thead th")


def empty(browser):
    """Take away what the table is filtered by."""
    browser.execute_script("const f = document.getElementById('filter'); f.value = ''; f.dispatchEvent(new Event('input'))")


def press(browser, element, key):
    browser.execute_script("arguments[0].focus()", element)
    browser.switch_to.active_element.send_keys(key)


def numbers(browser, place):
    """Return what is printed as numbers: p-values by their digits, None for what has none."""
    texts = [text.replace("−", "-").replace("p < ", "0").replace("p = ", "0") for text in column(browser, place)]
    return [None if text in ("–", "no test") else float(text) for text in texts]


def test_nothing_is_fetched_and_nothing_goes_wrong(browser):
    requests = [json.loads(row["message"])["message"] for row in browser.get_log("performance")]
    sent = [row["params"] for row in requests if row["method"] == "Network.requestWillBeSent"]
    urls = [row["request"]["url"] for row in sent if row.get("documentURL") == browser.current_url]
    assert urls == [browser.current_url]
    assert urls[0].startswith("file:")
    names = browser.execute_script("return performance.getEntries().map(e => e.name)")
    assert not [name for name in names if name.startswith(("http", "ws", "data", "blob"))]
    assert browser.get_log("browser") == []
    assert browser.title == "freqbias: frequent and rare wording of the same content"
    assert browser.find_elements("css selector", "td img") == []


def test_numbers_sort_as_numbers_with_the_mouse(browser):
    value = heads(browser)[6]
    value.find_element("tag name", "button").click()
    assert value.get_attribute("aria-sort") == "ascending"
    rising = numbers(browser, 6)
    assert rising == sorted(rising)
    assert column(browser, 6) != sorted(column(browser, 6))
    value.find_element("tag name", "button").click()
    assert value.get_attribute("aria-sort") == "descending"
    assert numbers(browser, 6) == rising[::-1]


@pytest.mark.parametrize("key", ["ENTER", "SPACE"])
def test_sorting_by_keyboard_keeps_one_sorted_column(browser, key):
    from selenium.webdriver.common.keys import Keys

    p_value = heads(browser)[8]
    heads(browser)[0].find_element("tag name", "button").click()
    press(browser, p_value.find_element("tag name", "button"), getattr(Keys, key))
    assert [head.get_attribute("aria-sort") for head in heads(browser)].count(None) == 14
    assert p_value.get_attribute("aria-sort") == "ascending"
    found = numbers(browser, 8)
    tested = [value for value in found if value is not None]
    assert 0 < len(tested) < len(found)
    assert found == sorted(tested) + [None] * (len(found) - len(tested))  # rows without a test come last
    press(browser, p_value.find_element("tag name", "button"), getattr(Keys, key))
    found = numbers(browser, 8)
    assert found == sorted(tested)[::-1] + [None] * (len(found) - len(tested))


def test_names_sort_as_texts(browser):
    contrast = heads(browser)[3]
    contrast.find_element("tag name", "button").click()
    found = column(browser, 3)
    assert found == sorted(found)
    assert len(set(found)) > 2


def test_filter_by_keyboard_counts_aloud(browser):
    from selenium.webdriver.common.keys import Keys

    total = len(column(browser, 0))
    label = browser.find_element("css selector", "label[for=filter]")
    label.click()
    field = browser.switch_to.active_element
    assert field.get_attribute("id") == "filter"
    field.send_keys("SECOND placebo")
    found = column(browser, 4)
    assert set(found) == {"placebo", "frequency-placebo"}
    assert set(column(browser, 0)) == {"second"}
    count = browser.find_element("id", "count")
    assert count.get_attribute("aria-live") == "polite"
    assert count.text == f"{len(found)} of {total} estimates"
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(Keys.DELETE)
    assert count.text == f"{total} of {total} estimates"
    assert len(column(browser, 0)) == total


def test_the_controls_are_reached_with_the_tab_key(browser):
    from selenium.webdriver.common.keys import Keys

    opened(browser, "estimates")
    field = browser.find_element("id", "filter")
    press(browser, field, Keys.TAB)
    reached = []
    for _ in range(7):
        reached.append(browser.switch_to.active_element.get_attribute("aria-label") or browser.switch_to.active_element.text)
        browser.switch_to.active_element.send_keys(Keys.TAB)
    assert reached == ["Copy as CSV", "Copy as Markdown", "Copy as LaTeX", "Every estimate", "model", "probe", "measure"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser, scheme):
    axe = files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    back = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert back == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 25, 28)"}[scheme]
    for block in ("estimates", "glossary", "pairs"):
        opened(browser, block)
    browser.execute_script("document.querySelectorAll('details').forEach(part => part.open = true)")
    browser.execute_script(axe)
    result = browser.execute_async_script("const done = arguments[0]; axe.run().then(done, error => done({error: String(error)}))")
    assert "error" not in result
    found = [(rule["id"], [node["html"][:200] for node in rule["nodes"][:3]]) for rule in result["violations"]]
    assert found == []
    passed = {rule["id"] for rule in result["passes"]}
    assert {"color-contrast", "label", "button-name", "svg-img-alt", "duplicate-id", "scrollable-region-focusable"} <= passed


def test_numbers_are_printed_as_in_the_sentences(browser, run):
    """The script writes numbers as `formatting` does: every value, interval and p-value of the table."""
    opened(browser, "estimates")
    empty(browser)
    estimates = {(row.model, row.probe, row.measure, row.contrast, row.arm, row.term): row for row in read_estimates(run)}
    columns = [column(browser, place) for place in range(10)]
    assert len(columns[0]) > 50
    for *key, value, ends, p_value, adjusted in zip(*columns, strict=True):
        row = estimates[tuple(key)]
        assert value == precise(row.value), key
        assert ends.removesuffix(" 90 %") == precise_interval(row), key
        assert ends.endswith(" 90 %") == (row.level == 0.9 and row.ci_low is not None), key
        assert p_value == p_text(row.p_value), key
        assert adjusted == ("–" if row.p_adjusted is None else p_text(row.p_adjusted)), key


def copied(browser, button):
    """Press a button that copies and return what it copies."""
    browser.execute_script("window.copied = null; navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    button.click()
    return browser.execute_script("return window.copied")


@pytest.mark.parametrize("kind", ["CSV", "Markdown", "LaTeX"])
def test_the_rows_that_are_left_are_copied(browser, kind):
    opened(browser, "estimates")
    empty(browser)
    browser.find_element("id", "filter").send_keys("second relative")
    models = column(browser, 0)
    shown = len(models)
    text = copied(browser, browser.find_element("css selector", f"button.copy[data-format={kind}]"))
    empty(browser)
    lines = text.split("\n")
    assert shown > 0
    if kind == "CSV":
        table = pd.read_csv(io.StringIO(text))
        assert len(table) == shown
        assert table["model"].tolist() == models
        assert {"value", "p_value", "n_items"} <= set(table.columns)
    elif kind == "Markdown":
        assert len(lines) == shown + 2
        assert {line.count("|") for line in lines} == {16}
    else:
        assert lines[0] == "\\begin{tabular}{llllllrrrrrrrrl}"
        assert lines[-1] == "\\end{tabular}"
        assert len(lines) == shown + 4


def test_pairs_are_searched_filtered_and_copied(browser, run):
    opened(browser, "pairs")
    pairs = {pair.id: pair for pair in read_pairs(run)}
    cards = "return Array.from(document.querySelectorAll('#pair-list article')).map(card => card.textContent)"
    assert len(browser.find_elements("css selector", "#examples h3")) == 3
    assert browser.find_element("id", "pair-count").text == f"{len(pairs)} of {len(pairs)} pairs"
    browser.find_element("css selector", "#of-arm option[value=placebo]").click()
    wanted = [pair for pair in pairs.values() if pair.arm == "placebo"]
    assert browser.find_element("id", "pair-count").text == f"{len(wanted)} of {len(pairs)} pairs"
    assert browser.find_elements("css selector", "#examples h3") == []
    search = browser.find_element("id", "of-text")
    search.send_keys(wanted[0].item)
    found = browser.execute_script(cards)
    assert found
    assert all(wanted[0].item in card and "placebo" in card and "gap " in card for card in found)
    read = Pair.from_dict(json.loads(copied(browser, browser.find_element("css selector", "#pair-list article button"))))
    assert (read.high, read.low) == (pairs[read.id].high, pairs[read.id].low)
    search.clear()
    browser.find_element("css selector", "#of-arm option[value='']").click()


def sized(browser, width, height):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    )


def above_the_fold(browser):
    """Return where the matrix and the last sentence of the answers end, in pixels from the top of a window of 1280 x 800."""
    sized(browser, 1280, 800)
    script = (
        "scrollTo(0, 0); const last = (all) => Array.from(document.querySelectorAll(all)).at(-1).getBoundingClientRect().bottom;"
        "return [last('table.answers'), last('p.answer')]"
    )
    found = browser.execute_script(script)
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    return found


def pages_in_print(browser):
    browser.execute_script("document.querySelectorAll('details').forEach(part => part.open = false)")
    printed = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"])
    return len(re.findall(rb"/Type\s*/Page\b", printed))


def test_words_of_the_glossary_explain_themselves(browser, run):
    """Where a reader points at a word there is its entry, under each heading once; every identifier of the table is in the list."""
    found = browser.execute_script("return Array.from(document.querySelectorAll('main abbr')).map(a => [a.textContent, a.title])")
    assert len(found) > 20
    for word, title in found:
        assert title in {entry.hover for entry in senses(word)}, word
    assert {"gloss"} <= {word for word, _ in found}
    opened(browser, "glossary")
    terms = browser.execute_script("return Array.from(document.querySelectorAll('#terms dt')).map(term => term.textContent)")
    rows = list(read_estimates(run))
    shown = {value for row in rows for value in (row.probe, row.measure, row.contrast, row.arm, row.term, *row.flags)}
    assert shown <= set(terms)


def test_the_first_screen_holds_the_answers(browser):
    """Question, matrix, a sentence an answer and what to distrust, without scrolling."""
    matrix, sentences = above_the_fold(browser)
    assert matrix < sentences <= 800


def test_a_narrow_screen_needs_no_sideways_scrolling(browser):
    sized(browser, 390, 800)
    browser.execute_script("document.querySelectorAll('details').forEach(part => part.open = true)")
    widths = browser.execute_script("return [document.documentElement.scrollWidth, document.querySelector('table.answers').scrollWidth]")
    heights = browser.execute_script(
        "return Array.from(document.querySelectorAll('.figures svg text')).map(t => t.getBoundingClientRect().height).filter(h => h > 0)"
    )
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert max(widths) <= 390
    assert heights
    assert min(heights) >= 8  # pixels of the smallest text of a figure


def test_print_is_a_summary_that_stands_alone(browser):
    """What is printed is the answers, how far to trust them, what to do, limits and the reference, on two pages."""
    assert pages_in_print(browser) <= 2
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    text = browser.find_element("tag name", "main").text
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    for words in ("The answers", "How far to trust them", "What to do", "What this cannot show", "How to cite", "Version "):
        assert words in text
    assert "Copy as CSV" not in text
    assert "Every estimate" not in text


def test_a_large_run_can_be_mailed():
    """Six models, four probes, 685 items and more: at most 3 MB."""
    page = Path(__file__).parents[3] / "results" / "embeddings" / "report.html"
    assert page.stat().st_size <= 3_000_000
    assert page.with_name("report.md").read_text(encoding="utf-8").count("\n") <= 120


def test_the_committed_example_keeps_to_the_size_goals(browser):
    """A default run: at most 600 kB, painted at once, its answers above the fold, its summary on two pages."""
    page = Path(__file__).parents[3] / "results" / "example" / "report.html"
    assert page.stat().st_size <= 600_000
    here = browser.current_url
    try:
        browser.get(page.as_uri())
        drawn = browser.execute_script("return document.querySelectorAll('*').length")
        matrix, sentences = above_the_fold(browser)
        # how long the first paint takes is no matter of a test, but how much there is to draw is
        assert drawn < 6000
        assert matrix < sentences <= 800
        assert pages_in_print(browser) <= 2
    finally:
        browser.get(here)
