"""Headless Chromium that opens the built site, and what it saw there."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

REQUIRED = "GOODHART_REQUIRE_BROWSER"
"""Set to 1, a missing browser or site fails the tests; else they are skipped."""

QUIET = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--allow-file-access-from-files",
)

DESKTOP, PHONE = (1280, 900), (375, 812)

HERE = ("file://", "data:", "blob:", "about:", "chrome:")
"""How addresses begin that ask for nothing outside."""

# Until MathJax has set every formula and the fonts are there.
SETTLED = """
const done = arguments[arguments.length - 1];
const settled = () => document.fonts.ready.then(() => done(true));
if (window.MathJax && MathJax.startup) MathJax.startup.promise.then(settled, settled);
else settled();
"""


def program_missing() -> str | None:
    """Why there is nothing to open a page with; None if all is there."""
    for program, package in (("chromium", "chromium"), ("chromedriver", "chromium-driver")):
        if shutil.which(program) is None:
            return f"no {program} here (on Debian: apt-get install {package})"
    try:
        import selenium  # noqa: F401
    except ModuleNotFoundError:
        return "selenium is not installed: pip install '.[docs]'"
    return None


def missing(site: Path, sources: Iterable[Path]) -> str | None:
    """Why there is nothing to open or nothing to open it with; None if all is there."""
    index = site / "searchindex.js"
    if (reason := program_missing()) is not None:
        return reason
    if not index.is_file():
        return "the site is not built: make docs"
    if any(source.stat().st_mtime > index.stat().st_mtime for source in sources):
        return "the site is older than its pages: make docs"
    return None


def required() -> bool:
    """Whether a missing browser is a failure."""
    return os.environ.get(REQUIRED) == "1"


@dataclass(frozen=True)
class Seen:
    """What happened while a page was open.

    Attributes
    ----------
    errors : list of str
        What the console shows as an error, and uncaught exceptions.
    outside : list of str
        Addresses that were asked for and are not files of the site.
    """

    errors: list[str]
    outside: list[str]


class Browser:
    """One window."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, page: Path) -> Seen:
        """Open a page, wait until its formulas stand, and say what happened."""
        self._forget()
        self.driver.get(page.resolve().as_uri())
        self.driver.execute_async_script(SETTLED)
        return self._seen()

    def screen(self, size: tuple[int, int], scheme: str) -> None:
        """Show the page that is open, and those to come, on a screen of this size and scheme."""
        self._command(
            "Emulation.setDeviceMetricsOverride",
            width=size[0], height=size[1], deviceScaleFactor=1, mobile=size == PHONE,
        )  # fmt: skip
        self.media(prefers_color_scheme=scheme)

    def media(self, kind: str = "screen", **features: str) -> None:
        """Show the page as on this medium, for a reader with these preferences."""
        named = [{"name": n.replace("_", "-"), "value": value} for n, value in features.items()]
        self._command("Emulation.setEmulatedMedia", media=kind, features=named)

    def run(self, script: str, *arguments: object) -> Any:
        """Run a script in the page; what it returns."""
        return self.driver.execute_script(script, *arguments)

    def pdf(self) -> bytes:
        """The page as it is printed."""
        import base64

        return base64.b64decode(self.driver.print_page())

    def picture(self, path: Path) -> None:
        """The whole page as a PNG."""
        import base64

        taken = self._command("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(taken["data"]))

    def _command(self, name: str, **parameters: object) -> Any:
        return self.driver.execute_cdp_cmd(name, parameters)

    def _forget(self) -> None:
        for kind in ("browser", "performance"):
            self.driver.get_log(kind)

    def _seen(self) -> Seen:
        errors = [e["message"] for e in self.driver.get_log("browser") if e["level"] == "SEVERE"]
        outside = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                address = message["params"]["request"]["url"]
                if not address.startswith(HERE):
                    outside.append(address)
        return Seen(errors, outside)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser with an empty profile, closed at the end."""
    from selenium.webdriver import Chrome, ChromeOptions, ChromeService

    options = ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in QUIET:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with TemporaryDirectory() as profile:
        options.add_argument(f"--user-data-dir={profile}")
        driver = Chrome(options, ChromeService(executable_path=str(shutil.which("chromedriver"))))
        try:
            driver.set_script_timeout(30)
            yield Browser(driver)
        finally:
            driver.quit()
