"""A watcher's news as server-sent events: from the first to the last, and to nobody else's harm."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from sse_starlette.sse import AppStatus

from acedata_async import AceData, Callbacks, PollPolicy, TaskFailed, TaskWatcher, Voice
from acedata_async.integrations.starlette import news
from acedata_async.sandbox import Sandbox
from acedata_async.testing import ManualClock
from tests.integrations.streams import Browser
from tests.patience import until


async def follow(watcher: TaskWatcher[Any]) -> Browser:
    """Follow a task to its end."""
    browser = Browser(news(watcher))
    await browser.open()
    assert browser.ended
    return browser


def kinds(browser: Browser) -> list[str]:
    """Return the names of the events."""
    return [name for name, _ in browser.events]


async def test_song(ace: AceData) -> None:
    """Changes come as they are seen, and the songs last."""
    watcher = await ace.producer.generate("Rain", title="Drops")
    browser = await follow(watcher)
    first, last = browser.events[0], browser.events[-1]
    assert first == (
        "task",
        {"id": watcher.id, "state": "pending", "progress": None, "audios": []},
    )
    assert kinds(browser)[1:-1] == ["task"] * (len(browser.events) - 2)
    assert browser.events[-2][1]["state"] == "succeeded"
    song = (await watcher)[0]
    assert browser.events[-2][1]["audios"] == [
        {
            "id": song.id,
            "title": "Drops",
            "audio_url": song.audio_url,
            "image_url": song.image_url,
            "duration": song.duration,
        }
    ]
    assert last[0] == "result"
    assert last[1]["id"] == watcher.id
    assert last[1]["audios"][0]["title"] == "Drops"
    assert last[1]["audios"][0]["lyric"] == song.lyric


async def test_headers(ace: AceData) -> None:
    """No cache keeps it, no proxy holds it back, and a browser knows when to come back."""
    browser = await follow(await ace.producer.generate("Rain"))
    headers = dict(browser.sent[0]["headers"])
    assert headers[b"content-type"].startswith(b"text/event-stream")
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"x-accel-buffering"] == b"no"
    assert browser.text.startswith("retry: 2000\n")


async def test_other_results(ace: AceData) -> None:
    """Stems, speeches and voices come under their names."""
    song = (await (await ace.producer.generate("Rain")))[0]
    stems = await follow(await ace.producer.stems(song))
    assert stems.events[-1][1]["stems"]["stems_url"]
    speech = await follow(await ace.fish.speak("Good morning."))
    assert speech.events[-1][1]["speech"]["audio_url"]
    made = await ace.fish.create_voice("https://example.org/voice.mp3", title="Anna")
    voice = await follow(made)
    assert voice.events[-1][1]["voice"]["title"] == "Anna"
    again = await follow(ace.fish.watch(made.id or "", result=Voice))
    assert again.events[-1] == voice.events[-1]


async def test_failure(ace: AceData, sandbox: Sandbox) -> None:
    """A failure is told with the vendor's code and message, and not raised."""
    sandbox.inject("fail-F1")
    watcher = await ace.producer.generate("Rain")
    name, facts = (await follow(watcher)).events[-1]
    with pytest.raises(TaskFailed) as failure:
        await watcher
    assert name == "failed"
    assert (facts["code"], facts["message"]) == (failure.value.code, failure.value.message)
    assert facts["task_ids"] == [watcher.id]


async def test_timeout(sandbox: Sandbox) -> None:
    """A task that takes too long lives on, and the page is told so."""
    sandbox.inject("never")
    ace = sandbox.client(poll=PollPolicy(deadline=30))
    watcher = await ace.producer.generate("Rain")
    name, facts = (await follow(watcher)).events[-1]
    assert (name, facts["error"], facts["task_ids"]) == ("timeout", "watch_timeout", [watcher.id])


async def test_unknown_id(ace: AceData) -> None:
    """An id without a record is gone."""
    name, facts = (await follow(ace.producer.watch("nobody-s"))).events[-1]
    assert (name, facts["error"]) == ("gone", "task_not_found")
    name, facts = (await follow(ace.producer.watch("nobody-s"))).events[-1]
    assert name == "gone"


async def test_refused_token(sandbox: Sandbox) -> None:
    """A token that is refused ends the stream, and is not in it."""
    ace = sandbox.client(api_token="invalid-token")
    browser = await follow(ace.producer.watch("an-id"))
    name, facts = browser.events[-1]
    assert (name, facts["error"]) == ("gone", "authentication_error")
    assert "invalid-token" not in browser.text


async def test_client_closes(ace: AceData, clock: ManualClock) -> None:
    """A client that closes ends the stream without a last event, so that the page comes back."""
    browser = Browser(news(await ace.producer.generate("Rain")))
    following = browser.open()
    await until(lambda: browser.events)
    await ace.aclose()
    await following
    assert browser.ended
    assert set(kinds(browser)) == {"task"}
    refused = await follow(ace.producer.watch("an-id"))
    assert kinds(refused) == ["task"]


async def test_comes_back_at_the_end(ace: AceData) -> None:
    """A page that does not close its stream comes back, and is told to stop."""
    watcher = await ace.producer.generate("Rain")
    assert "id: over\n" in (await follow(watcher)).text
    browser = Browser(news(watcher), {"last-event-id": "over"})
    await browser.open()
    assert browser.sent[0]["status"] == 204
    assert browser.text == ""


async def test_comes_back_in_between(ace: AceData) -> None:
    """A new stream begins with how things are."""
    watcher = await ace.producer.generate("Rain")
    await watcher
    browser = await follow(watcher)
    assert [facts.get("state") for _, facts in browser.events] == ["succeeded", None]


async def test_browser_closes() -> None:
    """A browser that goes away ends its wait at once; nothing is asked for it any more."""
    clock = ManualClock(jump=False)
    async with Sandbox(clock=clock, durations=600.0) as sandbox:
        ace = sandbox.client()
        making = asyncio.create_task(ace.producer.generate("Rain"))
        await clock.advance(1)
        watcher = await making
        browsers = [Browser(news(watcher)) for _ in range(50)]
        following = [browser.open() for browser in browsers]
        await clock.advance(60)
        assert sandbox.stats.lookups > 0
        for browser in browsers:
            browser.close()
        await asyncio.gather(*following)
        before = sandbox.stats.lookups
        await clock.advance(300)
        assert sandbox.stats.lookups == before


async def test_one_closes_and_another_stays(ace: AceData) -> None:
    """Others who follow the same task do not notice."""
    watcher = await ace.producer.generate("Rain")
    leaving, staying = Browser(news(watcher)), Browser(news(watcher))
    both = [leaving.open(), staying.open()]
    await until(lambda: leaving.events and staying.events)
    leaving.close()
    await asyncio.gather(*both)
    assert kinds(staying)[-1] == "result"
    assert "result" not in kinds(leaving)


class Stuck(Browser):
    """A browser that reads the first three messages, and nothing more."""

    async def _send(self, message: Any) -> None:
        await super()._send(message)
        if len(self.sent) > 3 and message["body"]:
            await asyncio.Event().wait()


async def test_stuck_browser_closes() -> None:
    """A browser that goes away while something is being sent to it leaves nothing either."""
    clock = ManualClock(jump=False)
    async with Sandbox(clock=clock, durations=600.0) as sandbox:
        ace = sandbox.client()
        making = asyncio.create_task(ace.producer.generate("Rain"))
        await clock.advance(1)
        browser = Stuck(news(await making))
        following = browser.open()
        await clock.advance(60)
        before = sandbox.stats.lookups
        assert before > 1
        browser.close()
        await following
        await clock.advance(300)
        assert sandbox.stats.lookups == before


async def test_heartbeat(ace: AceData) -> None:
    """A silent stream says that it is alive, in comments."""
    clock = ManualClock(jump=False)
    async with Sandbox(clock=clock, durations=600.0) as sandbox:
        watcher = sandbox.client().producer.watch("an-id")
        browser = Browser(news(watcher, heartbeat=0.01))
        following = browser.open()
        await until(lambda: browser.text.count(": still here") > 2)
        browser.close()
        await following


async def test_server_is_shutting_down(ace: AceData, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that begins while the server ends comes to a proper end all the same."""
    monkeypatch.setattr(AppStatus, "should_exit", True)
    browser = Browser(news(await ace.producer.generate("Rain")))
    await browser.open()
    assert browser.ended
    assert "result" not in kinds(browser)


async def test_callback_url_is_not_told(sandbox: Sandbox, callbacks: Callbacks) -> None:
    """No event holds the `callback_url`, also where the vendor repeats it."""
    ace = sandbox.client(callbacks=callbacks)
    watcher = await ace.producer.generate("Rain")
    address = sandbox.submissions[0]["callback_url"]
    browser = await follow(watcher)
    assert address not in browser.text
    assert address.rsplit("/", 1)[1] not in browser.text


async def test_callback_url_within_a_title(respx_mock: Any, callbacks: Callbacks) -> None:
    """Where a record repeats the address in a text, the text is shown without it."""
    address = callbacks.address()
    song = {"id": "a", "title": f"See {address}", "audio_url": "https://a.example/a.m4a"}
    record = {
        "id": "an-id",
        "type": "audios",
        "request": {"action": "generate", "callback_url": address},
        "response": {"success": True, "data": [song]},
        "created_at": 1.0,
        "finished_at": 2.0,
    }
    respx_mock.post("https://api.acedata.cloud/producer/tasks").mock(
        return_value=httpx.Response(200, json=record)
    )
    async with AceData("a-token") as ace:
        browser = await follow(ace.producer.watch("an-id"))
    assert kinds(browser)[-1] == "result"
    assert "https://songs.example.org/" in browser.text
    assert address not in browser.text
    assert address.rsplit("/", 1)[1] not in browser.text
