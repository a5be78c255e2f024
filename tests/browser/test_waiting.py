"""Songs that wait: why, and how they go on or are taken back."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Complaints
from tests.browser.test_songs import READY, card, make
from tests.studio.processes import House


def test_empty_balance_stops_until_it_is_filled(page: Page, studio: House) -> None:
    """What would meet everybody is told once; orders wait, and go on when somebody says so."""
    studio.inject("used-up", times=1)
    song = make(page, "No money left", "Broke")
    banner = page.get_by_text("Nothing is sent for now.")
    expect(banner).to_be_visible()
    expect(page.locator("#stopped-why")).to_contain_text("The balance at the vendor is used up.")
    expect(song).to_have_attribute("data-stage", "waiting")
    later = make(page, "Ordered meanwhile", "Patience")
    for one in (song, later):
        expect(one.locator(".stage")).to_have_text("Held back")
        expect(one.get_by_role("progressbar")).not_to_have_class(re.compile("vague"))
        expect(one).not_to_contain_text("balance")
    page.get_by_role("button", name="Try again: send 2 waiting songs").click()
    expect(banner).to_be_hidden()
    for one in (song, later):
        expect(one).to_have_attribute("data-stage", READY)


def test_order_that_waits_can_be_withdrawn(page: Page, studio: House) -> None:
    """It is not sent when things go on, and can be ordered anew; the keyboard stays where it is."""
    studio.inject("used-up", times=1)
    song = make(page, "Said too soon", "Regret")
    kept = make(page, "Still wanted", "Kept")
    expect(page.get_by_text("Nothing is sent for now.")).to_be_visible()
    before = studio.counted()["submissions"]
    song.get_by_role("button", name="Withdraw Regret").focus()
    page.keyboard.press("Enter")
    expect(song).to_have_attribute("data-stage", "withdrawn")
    expect(song).to_contain_text("Nothing was paid.")
    expect(song.get_by_role("button", name="Order it again: Regret")).to_be_focused()
    page.get_by_role("button", name="Try again: send 1 waiting song").click()
    expect(kept).to_have_attribute("data-stage", READY)
    assert studio.counted()["submissions"] == before + 1
    page.get_by_role("button", name="Order it again: Regret").click()
    expect(card(page, "Regret")).to_have_attribute("data-stage", READY)


def test_withdrawing_may_be_too_late(page: Page, studio: House, complaints: Complaints) -> None:
    """A song that was sent meanwhile is made, and it is said that it was too late."""
    complaints.expected = ("status of 409",)
    late = {"error": "too_late", "detail": "Too late: it was sent."}
    page.route("**/withdraw", lambda route: route.fulfill(status=409, json=late))
    studio.inject("used-up", times=1)
    song = make(page, "Sent in this very moment", "Gone")
    song.get_by_role("button", name="Withdraw Gone").click()
    expect(song.locator(".told")).to_have_text("Too late: it was sent.")
    page.locator("#resume").click()
    expect(song).to_have_attribute("data-stage", READY)
    expect(song.locator(".told")).to_be_hidden()
