"""The pictures of the studio for the docs, taken by `nox -s browser -- --screenshot`."""

from __future__ import annotations

from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from playwright.sync_api import Browser, Page, expect

from tests.studio.processes import House, house

_KETTLE = """[Verse]
The kettle sings, the window's grey
A bus goes by, it's early yet
You hum a line from yesterday

[Chorus]
Oh kettle, keep your steam for me
The day can wait, the tea can't be"""


_DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_pictures_are_taken(browser: Browser, tmp_path: Path) -> None:
    """A studio with songs in several states is photographed."""
    with house(tmp_path, (6.0, 7.0)) as running:
        _fill(running)
        with browser.new_context(
            viewport={"width": 1240, "height": 860}, device_scale_factor=1.5
        ) as context:
            page = context.new_page()
            _arrange(page, running)
            page.screenshot(path=_DOCS / "studio.png")
        with browser.new_context(
            viewport={"width": 390, "height": 844},
            device_scale_factor=2,
            is_mobile=True,
            has_touch=True,
            color_scheme="dark",
        ) as context:
            page = context.new_page()
            _arrange(page, running)
            page.locator("#songs-title").evaluate("(one) => one.scrollIntoView()")
            page.screenshot(path=_DOCS / "studio-phone.png")


def _key(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, name))  # so that it has the same colours each time


def _fill(running: House) -> None:
    waltz = running.order(
        key=_key("waltz"),
        prompt="Lighthouse keeper's waltz, accordion and sea",
        title="The Keeper",
    )
    audio_id = running.wait_for(waltz, "ready")["audio_id"]
    running.inject("fail-F1", times=1)
    failed = running.order(key=_key("oom"), prompt="A brass band, slightly lost", title="Oom")
    running.wait_for(failed, "failed")
    running.wait_for(running.order("stems", _key("stems"), audio_id=audio_id), "ready")
    running.wait_for(
        running.order(key=_key("kettle"), lyric=_KETTLE, title="Kettle, 6 a.m."), "ready"
    )
    cover = {"prompt": "As a string quartet would play it", "title": "The Keeper, for strings"}
    running.wait_for(running.order("cover", _key("cover"), audio_id=audio_id, **cover), "ready")
    running.inject("never", times=1)
    running.order(
        key=_key("rain"), prompt="Rain on a tin roof, late at night, slow piano", title="Tin Roof"
    )


def _arrange(page: Page, running: House) -> None:
    page.goto(running.url)
    making = page.locator("li.song[data-stage=making]")
    expect(making).to_be_visible()
    kettle = page.locator("li.song").filter(has_text="Kettle").first
    kettle.get_by_role("button", name="Play").click()
    expect(page.locator("#player-at")).to_have_text("0:02")
    page.locator("#player-play").click()
    page.wait_for_timeout(300)
