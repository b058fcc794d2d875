"""Take the pictures of a report that the docs show: its first screen, light and dark, on a phone, and as it prints.

python tools/screenshots.py

Needs Chromium and its driver, as the tests of the report do, and the extra `dev`.
"""

import base64
import shutil
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / "results" / "example" / "report.html"
FOLDER = ROOT / "docs" / "images"
SCREEN, PHONE = (1280, 800), (390, 844)  # pixels
SCREENS = {
    "report-first-screen": (*SCREEN, "light"),
    "report-first-screen-dark": (*SCREEN, "dark"),
    "report-phone": (*PHONE, "light"),
}


def main() -> None:
    """Write the pictures of the committed example."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    page = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=shutil.which("chromedriver")))
    FOLDER.mkdir(exist_ok=True)
    try:
        for name, (width, height, scheme) in SCREENS.items():
            show(page, width, height, scheme)
            (FOLDER / f"{name}.png").write_bytes(page.get_screenshot_as_png())
        show(page, *SCREEN, "light")
        printed = page.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
        (FOLDER / "report-printed.pdf").write_bytes(base64.b64decode(printed["data"]))
    finally:
        page.quit()


def show(page: Any, width: int, height: int, scheme: str) -> None:
    """Open the report in a window of so many pixels and wait until its words are explained."""
    from selenium.webdriver.support.ui import WebDriverWait

    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < SCREEN[0]}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    page.get(REPORT.as_uri())
    WebDriverWait(page, 20).until(lambda shown: shown.find_elements("css selector", "abbr"))


if __name__ == "__main__":
    main()
