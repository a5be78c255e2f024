"""A real browser in front of a real studio; without either, the tests say what is missing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.studio.processes import House, house, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)
_PATIENCE = 30_000
"""Milliseconds after which something that has to come about on any machine has not."""
NAMES = ("chromium", "chromium-headless-shell", "chromium-browser", "google-chrome")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that takes the pictures for the docs."""
    parser.addoption("--screenshot", action="store_true", help="renew docs/studio*.png")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Take pictures only where they are asked for, and nothing without Playwright."""
    unwanted = collection_path.name == "test_pictures.py" and not config.getoption("--screenshot")
    missing = collection_path.suffix == ".py" and find_spec("playwright") is None
    return True if unwanted or missing else None


def found_browser() -> str | None:
    """Return the path of a Chromium, or None."""
    named = os.environ.get("BROWSER_PATH")
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium without a window."""
    from playwright.sync_api import expect, sync_playwright  # noqa: PLC0415 - it may be missing

    expect.set_options(timeout=_PATIENCE)

    path = found_browser()
    if path is None:
        pytest.skip(
            "no Chromium was found: install one (on Debian: apt-get install chromium), or name it"
            " in BROWSER_PATH"
        )
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A studio, and a vendor whose songs take a second."""
    with house(tmp_path_factory.mktemp("studio"), (0.8, 1.4)) as running:
        yield running


def wait_for(page: Page, expression: str) -> None:
    """Wait until something is so on a page; Playwright's own way needs what the page forbids."""
    wait_until(lambda: bool(page.evaluate(expression)), expression)


class Complaints(list[str]):
    """What a page has complained about.

    Attributes:
        expected: What a browser writes down by itself, and is meant to happen here.
    """

    expected: tuple[str, ...] = ("status of 422",)

    def take(self, message: ConsoleMessage) -> None:
        """Take in what was written to the console."""
        if message.type in {"error", "warning"}:
            self.append(message.text)


@pytest.fixture
def complaints() -> Complaints:
    """Everything that the page has written to its console as an error."""
    return Complaints()


@pytest.fixture
def page(browser: Browser, studio: House, complaints: Complaints) -> Iterator[Page]:
    """The studio's page, with a fresh profile. It must not complain."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        opened = context.new_page()
        opened.set_default_timeout(_PATIENCE)
        opened.on("console", complaints.take)
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.goto(studio.url)
        opened.wait_for_selector(".ghost", state="detached")
        yield opened
    left = [one for one in complaints if not any(part in one for part in complaints.expected)]
    assert left == []
