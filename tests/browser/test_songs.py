"""The studio as somebody uses it: with a pointer, and then with the server dying under it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Complaints, wait_for
from tests.studio.processes import House, house

READY = re.compile("ready")


def card(page: Page, title: str) -> Locator:
    """Return the song with a title, the newest of them."""
    heading = page.get_by_role("heading", name=title, exact=True, level=3)
    return page.locator("li.song").filter(has=heading).first


def write(page: Page, prompt: str, title: str) -> None:
    """Fill the composer in."""
    page.get_by_label("What is it to be?").fill(prompt)
    page.get_by_label("Title").first.fill(title)


def make(page: Page, prompt: str, title: str) -> Locator:
    """Order a song, and return its place in the list."""
    write(page, prompt, title)
    page.get_by_role("button", name="Make this song").click()
    return card(page, title)


def test_song_is_ordered_made_and_heard(page: Page, studio: House) -> None:
    """A double click pays once; progress is seen; the song has a cover, and it sounds."""
    paid, listed = studio.counted()["submissions"], page.locator("li.song").count()
    write(page, "Rain on a tin roof, late at night", "Tin roof")
    page.get_by_role("button", name="Make this song").dblclick()
    song = card(page, "Tin roof")
    expect(song).to_be_visible()
    expect(song.get_by_role("progressbar", name="Progress of Tin roof")).to_be_visible()
    expect(song.locator(".stage")).to_have_text(re.compile("^Being made for"))
    song.get_by_role("button", name="Play Tin roof").click()
    wait_for(page, "document.getElementById('audio').readyState >= 2")
    wait_for(page, "document.getElementById('audio').currentTime > 0.2")
    expect(song.get_by_role("button", name="Pause Tin roof")).to_be_visible()
    page.get_by_label("Position").fill("8")
    wait_for(page, "document.getElementById('audio').currentTime >= 8")
    wait_for(page, "document.querySelector('.song .cover img').naturalWidth > 0")
    expect(page.locator("#live")).to_have_text("“Tin roof” is ready.")
    expect(page.locator("li.song")).to_have_count(listed + 1)
    assert studio.counted()["submissions"] == paid + 1


def test_lyrics_are_sung_and_shown(page: Page, studio: House) -> None:
    """What is written as lyrics is what the vendor gets, line by line; the list shows it."""
    words = "[Verse]\nThe kettle sings\nThe day begins"
    page.get_by_label("Write the lyrics").check()
    page.get_by_label("The words to sing").fill(words)
    page.get_by_role("button", name="Make this song").click()
    song = card(page, "The kettle sings")
    expect(song).to_have_attribute("data-stage", READY)
    song.get_by_text("Lyrics").click()
    expect(song.get_by_text("The day begins")).to_be_visible()
    key = str(song.get_attribute("data-key"))
    assert studio.song(key)["lyric"] == words


def test_song_leads_to_others(page: Page, studio: House) -> None:
    """Extend, cover, variation and stems of a song that is there; a mistake is told in place."""
    before = studio.counted()["submissions_by_action"]
    song = make(page, "Lighthouse keeper's waltz", "Waltz")
    expect(song).to_have_attribute("data-stage", READY)
    dialog = page.get_by_role("dialog")

    song.get_by_role("button", name="Extend: Waltz").click()
    dialog.get_by_label("Go on from second").fill("-1")
    dialog.get_by_role("button", name="Extend it").click()
    place = dialog.get_by_label("Go on from second")
    expect(place).to_have_attribute("aria-invalid", "true")
    expect(place).to_have_accessible_description(re.compile("a number of seconds, 0 or more"))
    expect(place).to_be_focused()
    place.fill("6")
    dialog.get_by_label("Title").fill("Waltz, longer")
    dialog.get_by_role("button", name="Extend it").click()
    expect(dialog).to_be_hidden()
    expect(card(page, "Waltz, longer").locator(".meta")).to_contain_text("Extended from Waltz")

    for name, verb in {"Cover": "Make the cover", "Variation": "Make the variation"}.items():
        song.get_by_role("button", name=f"{name}: Waltz").click()
        dialog.get_by_label("Title").fill(f"Waltz, {name}")
        dialog.get_by_role("button", name=verb).click()
        expect(dialog).to_be_hidden()
        expect(card(page, f"Waltz, {name}")).to_be_visible()

    song.get_by_role("button", name="Stems: Waltz").click()
    dialog.get_by_role("button", name="Take it apart").click()
    stems = page.locator("li.song[data-action=stems]").first
    expect(stems).to_have_attribute("data-stage", READY)
    with page.expect_download() as started:
        stems.get_by_role("link", name="Download Waltz").click()
    assert Path(started.value.suggested_filename).suffix == ".zip"
    for name in ("longer", "Cover", "Variation"):
        expect(card(page, f"Waltz, {name}")).to_have_attribute("data-stage", READY)
    after = studio.counted()["submissions_by_action"]
    for name in ("extend", "cover", "variation", "stems"):
        assert after[name] == before.get(name, 0) + 1


def test_trouble_is_told(page: Page, studio: House) -> None:
    """What failed says why and what was paid, and can be tried again; what is unknown says so."""
    studio.inject("fail-F1", times=1)
    failed = make(page, "A song that fails", "Bad luck")
    expect(failed).to_have_attribute("data-stage", "failed")
    expect(failed.locator(".reason")).to_have_text("The vendor could not make it.")
    expect(failed).to_contain_text("Nothing was paid.")
    expect(failed.get_by_text("One paid song.")).to_be_visible()
    failed.get_by_text("What is known").click()
    expect(failed.get_by_text("api_error fetch failed")).to_be_visible()
    failed.get_by_role("button", name="Try again: Bad luck").click()
    expect(page.locator("li.song[data-stage=ready]").filter(has_text="Bad luck")).to_be_visible()

    studio.inject("cut-before-accept", times=1)
    unknown = make(page, "Who knows", "Schrödinger")
    expect(unknown).to_have_attribute("data-stage", "unknown")
    expect(unknown).to_contain_text("it may have been paid")
    expect(unknown.locator("code")).to_contain_text("-m acedata_async ledger unknown --ledger")


def test_titles_are_text_whatever_they_say(page: Page, studio: House) -> None:
    """A title or a lyric with markup in it is shown as it is, and runs nothing."""
    title = "<img src=x onerror=\"document.title='run'\"><b>bold</b>"
    key = studio.order(prompt="x", title=title, lyric="<script>document.title='run'</script>")
    song = page.locator(f"li.song[data-key='{key}']")
    expect(song).to_have_attribute("data-stage", READY)
    expect(song.locator(".title")).to_have_text(title)
    expect(song.locator(".title *")).to_have_count(0)
    assert page.title() == "Studio"


def test_reload_forgets_nothing(page: Page) -> None:
    """A reload in the middle shows the same songs, and what was being written."""
    song = make(page, "Something slow", "In the middle")
    expect(song).to_be_visible()
    write(page, "Half a thought", "Draft")
    page.reload()
    expect(page.get_by_label("What is it to be?")).to_have_value("Half a thought")
    expect(card(page, "In the middle")).to_have_attribute("data-stage", READY)
    write(page, "", "")


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[House]:
    """A studio of the test's own, whose songs take three seconds."""
    with house(tmp_path, (2.5, 3.5)) as running:
        yield running


def test_killed_server_loses_nothing(page: Page, mortal: House, complaints: Complaints) -> None:
    """Killed in the middle and started again, it finishes what it began, paid once.

    The page says that the connection is lost, finds it again by itself, and an order that met
    nobody is sent again by the same key.
    """
    complaints.expected = ("net::ERR_",)
    page.goto(mortal.url)
    expect(page.get_by_text("It is quiet in here.")).to_be_visible()
    page.get_by_role("button", name="A brass band that is slightly lost").click()
    expect(page.get_by_label("What is it to be?")).to_have_value(
        "A brass band that is slightly lost"
    )
    first = make(page, "Made through a crash", "Survivor")
    expect(first).to_have_attribute("data-stage", "making")
    mortal.studio.kill()
    expect(page.get_by_text("The connection to the studio is lost.")).to_be_visible()
    write(page, "Ordered while it was dead", "Ghost")
    page.get_by_role("button", name="Make this song").click()
    expect(page.get_by_text("it is not paid twice").last).to_be_visible()

    began = time.monotonic()
    mortal.start_studio()
    expect(page.get_by_text("The connection to the studio is lost.")).to_be_hidden()
    page.get_by_role("button", name="Make this song").click()
    for title in ("Survivor", "Ghost"):
        expect(card(page, title)).to_have_attribute("data-stage", READY)
    assert time.monotonic() - began < 30
    expect(page.locator("li.song")).to_have_count(2)
    assert mortal.counted()["submissions"] == 2
