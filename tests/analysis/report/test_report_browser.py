"""The report in a real browser, opened from disk: sorting, filtering, no request, no error, nothing that axe objects to."""

import json
import shutil
from importlib.resources import files
from importlib.util import find_spec

import numpy as np
import pytest
from conftest import missing
from simulation import simulate

from freqbias.analysis import estimate, frame
from freqbias.analysis.report.report import write_report
from freqbias.files import write_json, write_records
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
def browser(tmp_path_factory):
    """Return headless Chromium with the report open."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        missing("chromium and chromium-driver (Debian's packages)")
    if find_spec("selenium") is None or find_spec("axe_core_python") is None:
        missing("the packages selenium and axe-core-python")
    from selenium import webdriver

    folder = tmp_path_factory.mktemp("run")
    write_run(folder)
    write_report(folder)
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    profile = tmp_path_factory.mktemp("profile")
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1100,900", f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    page = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=driver))
    try:
        page.get((folder / "report.html").as_uri())
        yield page
    finally:
        page.quit()


def column(browser, place):
    """Return the visible texts of one column of the table of estimates."""
    script = (
        "return Array.from(document.querySelectorAll('table.sortable tbody tr')).filter(r => !r.hidden)"
        ".map(r => [r.cells[arguments[0]].textContent, r.cells[arguments[0]].dataset.value])"
    )
    return browser.execute_script(script, place)


def heads(browser):
    return browser.find_elements("css selector", "table.sortable thead th")


def press(browser, element, key):
    browser.execute_script("arguments[0].focus()", element)
    browser.switch_to.active_element.send_keys(key)


def numbers(browser, place):
    return [None if value == "" else float(value) for _, value in column(browser, place)]


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
    assert [text for text, _ in column(browser, 6)] != sorted(text for text, _ in column(browser, 6))
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
    found = [text for text, _ in column(browser, 3)]
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
    assert {text for text, _ in found} == {"placebo", "frequency-placebo"}
    assert {text for text, _ in column(browser, 0)} == {"second"}
    count = browser.find_element("id", "count")
    assert count.get_attribute("aria-live") == "polite"
    assert count.text == f"{len(found)} of {total} estimates"
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(Keys.DELETE)
    assert count.text == f"{total} of {total} estimates"
    assert len(column(browser, 0)) == total


def test_the_controls_are_reached_with_the_tab_key(browser):
    from selenium.webdriver.common.keys import Keys

    field = browser.find_element("id", "filter")
    press(browser, field, Keys.TAB)
    reached = []
    for _ in range(4):
        reached.append(browser.switch_to.active_element.get_attribute("aria-label") or browser.switch_to.active_element.text)
        browser.switch_to.active_element.send_keys(Keys.TAB)
    assert reached == ["Every estimate", "model", "probe", "measure"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser, scheme):
    axe = files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    back = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert back == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 25, 28)"}[scheme]
    browser.execute_script("document.querySelectorAll('details').forEach(part => part.open = true)")
    browser.execute_script(axe)
    result = browser.execute_async_script("const done = arguments[0]; axe.run().then(done, error => done({error: String(error)}))")
    assert "error" not in result
    found = [(rule["id"], [node["html"][:200] for node in rule["nodes"][:3]]) for rule in result["violations"]]
    assert found == []
    passed = {rule["id"] for rule in result["passes"]}
    assert {"color-contrast", "label", "button-name", "svg-img-alt", "duplicate-id", "scrollable-region-focusable"} <= passed


def test_details_open_for_print(browser):
    browser.execute_script("document.querySelectorAll('details').forEach(part => part.open = false)")
    opened = "return document.querySelectorAll('details[open]').length"
    assert browser.execute_script(opened) == 0
    browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert browser.execute_script(opened) == 7  # findings and two directions of two models, and the audit
    browser.execute_script("dispatchEvent(new Event('afterprint'))")
    assert browser.execute_script(opened) == 0
