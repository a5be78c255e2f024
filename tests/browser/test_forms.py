"""The forms: what they cost, what they keep, and where their buttons are."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.test_songs import READY, card, make
from tests.studio.processes import House


def test_long_prompt_is_kept_and_marked(page: Page, studio: House) -> None:
    """Nothing that is pasted is cut off in silence; what the vendor documents is said."""
    page.get_by_label("What is it to be?").fill("a" * 199 + "🎵")
    hint = page.locator("[data-counts=c-prompt]")
    expect(hint).to_have_text("200 of 200 characters ")
    page.get_by_label("What is it to be?").fill("a" * 214)
    expect(hint).to_contain_text("214 of 200 characters \u2013 the vendor documents no more")
    expect(hint).to_have_class(re.compile("over"))
    song = make(page, "b" * 250, "Long words")
    expect(song).to_have_attribute("data-stage", "failed")
    expect(song).to_contain_text("The vendor did not take the request as it is.")
    assert studio.song(str(song.get_attribute("data-key")))["prompt"] == "b" * 250
    expect(hint).to_have_text("0 of 200 characters ")


def test_what_is_made_from_a_song_keeps_its_model(page: Page, studio: House) -> None:
    """Unless another one is chosen; each dialog says that it costs a song, and where it ends."""
    page.get_by_label("Model").first.select_option("FUZZ-1.0")
    song = make(page, "An old sound", "Old")
    expect(song).to_have_attribute("data-stage", READY)
    dialog = page.get_by_role("dialog")
    for name in ("Extend", "Cover", "Variation", "Stems"):
        song.get_by_role("button", name=f"{name}: Old").click()
        expect(dialog.get_by_text("One paid song.")).to_be_visible()
        page.keyboard.press("Escape")
    song.get_by_role("button", name="Extend: Old").click()
    expect(dialog.get_by_label("Model")).to_have_value("FUZZ-1.0")
    place = dialog.get_by_label("Go on from second")
    assert float(str(place.get_attribute("max"))) < 60
    place.fill("999")
    dialog.get_by_role("button", name="Extend it").click()
    expect(place).to_have_accessible_description(re.compile("up to .*, where the song ends"))
    place.fill("3")
    dialog.get_by_label("Title").fill("Old, longer")
    dialog.get_by_role("button", name="Extend it").click()
    expect(card(page, "Old, longer").locator(".meta")).to_contain_text("FUZZ\u20111.0")
    song.get_by_role("button", name="Cover: Old").click()
    dialog.get_by_label("Model").select_option("FUZZ-2.0")
    dialog.get_by_label("Title").fill("Old, new")
    dialog.get_by_role("button", name="Make the cover").click()
    expect(card(page, "Old, new").locator(".meta")).to_contain_text("FUZZ\u20112.0")
    page.get_by_label("Model").first.select_option("FUZZ-2.0 Pro")


def test_button_stays_in_sight(page: Page, studio: House) -> None:
    """On a small screen, with all of the form open, also below a banner and above the player."""
    song = card(page, "Seen")
    make(page, "Something to play", "Seen")
    expect(song).to_have_attribute("data-stage", READY)
    page.set_viewport_size({"width": 1280, "height": 720})
    song.get_by_role("button", name="Extend: Seen").click()
    expect(page.get_by_role("button", name="Extend it")).to_be_in_viewport(ratio=1)
    page.keyboard.press("Escape")
    page.get_by_label("Write the lyrics").check()
    page.get_by_text("Fine tuning").click()
    button = page.get_by_role("button", name="Make this song")
    expect(button).to_be_in_viewport(ratio=1)
    song.get_by_role("button", name="Play Seen").click()
    player = page.get_by_role("region", name="Player")
    expect(player).to_be_visible()
    bottom = button.evaluate("(one) => one.getBoundingClientRect().bottom")
    assert bottom <= player.evaluate("(one) => one.getBoundingClientRect().top")
    studio.inject("used-up", times=1)
    studio.order(prompt="No money left")
    expect(page.get_by_text("Nothing is sent for now.")).to_be_visible()
    expect(button).to_be_in_viewport(ratio=1)
    page.locator("#resume").click()
    expect(page.get_by_text("Nothing is sent for now.")).to_be_hidden()
    seed = page.get_by_label("Seed")
    seed.focus()
    row = page.locator(".composer .submit").evaluate("(one) => one.getBoundingClientRect().top")
    assert seed.evaluate("(one) => one.getBoundingClientRect().bottom") <= row
