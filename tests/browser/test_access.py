"""The studio for everybody: by keyboard, by name, on a phone, in the dark."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import wait_for
from tests.browser.test_songs import READY, card, make
from tests.studio.processes import House

CONTROLS = frozenset(
    {
        "button",
        "checkbox",
        "combobox",
        "dialog",
        "DisclosureTriangle",
        "link",
        "progressbar",
        "radio",
        "slider",
        "spinbutton",
        "textbox",
    }
)

CONTRASTS = """() => {
  const lab = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = (color) => {
    lab.clearRect(0, 0, 1, 1); lab.fillStyle = color; lab.fillRect(0, 0, 1, 1);
    return lab.getImageData(0, 0, 1, 1).data;
  };
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const color = rgb(getComputedStyle(one).backgroundColor);
      if (color[3] > 250) return color;
    }
    return rgb('white');
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const [words, element] = [walker.currentNode.data.trim(), walker.currentNode.parentElement];
    if (!words || !element.checkVisibility() || element.closest('.hidden, .skip')) continue;
    const [a, b] = [light(rgb(getComputedStyle(element).color)), light(behind(element))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) found.push(`${words}: ${ratio.toFixed(2)}`);
  }
  return found;
}"""


def tree(page: Page) -> list[dict[str, Any]]:
    """Return what a screen reader is told, node by node."""
    session = page.context.new_cdp_session(page)
    nodes: list[dict[str, Any]] = session.send("Accessibility.getFullAXTree")["nodes"]
    return [node for node in nodes if not node.get("ignored")]


def check_names(page: Page) -> None:
    """Make sure that every control has a name, and that no id is there twice."""
    nameless = [
        node["role"]["value"]
        for node in tree(page)
        if node.get("role", {}).get("value") in CONTROLS
        and not node.get("name", {}).get("value", "").strip()
    ]
    assert nameless == []
    twice = page.evaluate(
        "() => { const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);"
        " return ids.filter((id, place) => ids.indexOf(id) !== place); }"
    )
    assert twice == []


def test_every_control_has_a_name(page: Page, studio: House) -> None:
    """In the list, with trouble in it, in the composer and in the dialog; headings go in order."""
    studio.inject("fail-F1", times=1)
    studio.wait_for(studio.order(prompt="fails"), "failed")
    song = make(page, "A named song", "Named")
    expect(song).to_have_attribute("data-stage", READY)
    page.get_by_text("Fine tuning").click()
    page.get_by_label("Write the lyrics").check()
    song.get_by_role("button", name="Play Named").click()
    check_names(page)
    levels = page.evaluate(
        "() => [...document.querySelectorAll('h1, h2, h3')].filter((one) => one.checkVisibility())"
        ".map((one) => Number(one.tagName[1]))"
    )
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    song.get_by_role("button", name="Cover: Named").click()
    check_names(page)
    assert page.locator("html").get_attribute("lang") == "en"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(page: Page, studio: House, scheme: Any) -> None:
    """All text has a contrast of 4.5 to its ground, also where something went wrong."""
    page.emulate_media(color_scheme=scheme)
    studio.inject("fail-F1", times=1)
    studio.wait_for(studio.order(prompt="fails"), "failed")
    studio.inject("cut-before-accept", times=1)
    studio.wait_for(studio.order(prompt="unknown"), "unknown")
    page.locator("[data-stage=unknown]").first.wait_for()
    page.get_by_role("button", name="Make this song").click()
    expect(page.locator(".problem").first).to_be_visible()
    assert page.evaluate(CONTRASTS) == []


def test_keyboard_alone_is_enough(page: Page) -> None:
    """From the top of the page to a song that sounds, without a pointer."""
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the songs")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("The words to sing")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Tab")
    page.keyboard.type("By keyboard")
    page.keyboard.press("Tab")
    page.keyboard.type("Keys")
    page.keyboard.press("Enter")
    song = card(page, "Keys")
    expect(song).to_have_attribute("data-stage", READY)
    play = song.get_by_role("button", name="Play Keys")
    for _ in range(60):
        page.keyboard.press("Tab")
        if play.evaluate("(one) => one === document.activeElement"):
            break
    ring = play.evaluate("(one) => getComputedStyle(one).outlineStyle")
    assert ring != "none"
    page.keyboard.press("Enter")
    wait_for(page, "document.getElementById('audio').readyState >= 2")

    extend = song.get_by_role("button", name="Extend: Keys")
    extend.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Go on from second")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(extend).to_be_focused()


def test_wrong_fields_are_told_beside_them(page: Page) -> None:
    """Nothing is sent to the vendor; the first wrong field has the focus."""
    page.get_by_role("button", name="Make this song").click()
    prompt = page.get_by_label("What is it to be?")
    expect(prompt).to_be_focused()
    expect(prompt).to_have_accessible_description("Say what the song is to be.")
    page.get_by_text("Fine tuning").click()
    page.get_by_label("Seed").fill("seven")
    page.get_by_text("Fine tuning").click()
    prompt.fill("A song")
    page.get_by_role("button", name="Make this song").click()
    expect(page.get_by_label("Seed")).to_be_focused()
    expect(page.get_by_label("Seed")).to_have_accessible_description(
        "'seven' is not allowed; allowed: a whole number, 0 or more"
    )


def test_phone_shows_everything(browser: Browser, studio: House) -> None:
    """At 360 px nothing is cut off, and what can be tapped is large enough."""
    studio.wait_for(studio.order(prompt="A long one " * 12, title="Long" * 20), "ready")
    with browser.new_context(
        viewport={"width": 360, "height": 740},
        has_touch=True,
        is_mobile=True,
        reduced_motion="reduce",
    ) as context:
        page = context.new_page()
        page.goto(studio.url)
        page.get_by_role("link", name=re.compile(r"^Songs \(\d+\)$")).tap()
        song = page.locator("li.song[data-stage=ready]").first
        expect(song).to_be_in_viewport()
        song.locator(".play").tap()
        wait_for(page, "document.getElementById('audio').readyState >= 2")
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        small = page.evaluate(
            "() => [...document.querySelectorAll('button, a, select, summary')]"
            ".filter((one) => one.checkVisibility() && !one.closest('.skip'))"
            ".filter((one) => one.getBoundingClientRect().height < 24)"
            ".map((one) => one.textContent)"
        )
        assert small == []
        assert page.evaluate("document.getAnimations().length") == 0
