"""The state file: what a sandbox knows again after its process has ended."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from acedata_async.sandbox import Sandbox, SystemClock
from acedata_async.testing import ManualClock

from .conftest import LYRIC, TOKEN, Caller, as_killed, caller_of, started

_MEDIA = "https://media.sandbox.acedata.invalid"


def _stat(path: Path) -> os.stat_result:
    return path.stat()


async def _make_everything(caller: Caller) -> list[str]:
    """Submit one of each kind, and return the ids of their tasks."""
    song = await caller.song(lyric=LYRIC, custom=True, seed="\u00e4")
    upload = (await caller.submit("upload", audio_url="https://a.example/x.mp3")).json()["data"]
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("audios", {"action": "upload_cover", "audio_id": upload["audio_id"], "async": True}),
        ("audios", {"action": "stems", "audio_id": song["id"]}),
        ("lyrics", {"prompt": "a harbour"}),
        ("videos", {"audio_id": song["id"]}),
        ("wav", {"audio_id": song["id"]}),
    ]
    for address, body in bodies:
        assert (await caller.submit(address, **body)).status_code == 200
    return [item["id"] for item in (await caller.listed()).json()["items"]]


async def _files(caller: Caller, records: list[dict[str, Any]]) -> list[bytes]:
    """Return the files that the records speak of."""
    pieces = json.dumps(records).split('"')
    addresses = [piece for piece in pieces if piece.startswith(f"{_MEDIA}/")]
    replies = [await caller.http.get(address) for address in addresses]
    assert {reply.status_code for reply in replies} == {200}
    return [reply.content for reply in replies]


async def test_everything_comes_back(path: Path, clock: ManualClock) -> None:
    """Tasks, songs, files and counts of a sandbox that was killed are those of the next one."""
    async with started(path, clock=clock) as (sandbox, caller):
        ids = await _make_everything(caller)
        await clock.advance(1000.0)
        records = [await caller.look_up(task_id) for task_id in ids]
        files = await _files(caller, records)
        await caller.batch(*ids)
        # With a new task everything counted until then is written down.
        await caller.generate()
        killed, stats = as_killed(path), sandbox.stats
    async with started(killed, clock=clock) as (again, caller):
        before = again.stats
        assert again.tasks == sandbox.tasks
        assert again.submissions == sandbox.submissions
        assert [await caller.look_up(task_id) for task_id in ids] == records
        assert await _files(caller, records) == files
        made = records[-1]["response"]["data"][0]["id"]
        assert await caller.song(action="cover", audio_id=made)
    assert (len(ids), len(files)) == (7, 8)
    # The task's own answer is the one thing that was not yet counted.
    statuses = {200: stats.statuses[200] - 1}
    assert before == dataclasses.replace(stats, statuses=statuses, bytes_sent=before.bytes_sent)


async def test_counts_after_closing(path: Path) -> None:
    """A sandbox that was closed has lost nothing of what it counted."""
    async with started(path) as (sandbox, caller):
        for _ in range(3):
            await caller.batch(await caller.generate(), "x")
        await caller.look_up("x")
        await caller.http.post("/producer/nothing", json={})
    for _ in range(2):
        async with started(path) as (again, _):
            assert again.stats == sandbox.stats


async def test_counts_now_and_then(path: Path) -> None:
    """Of lookups after the last submission, a kill forgets the last fifty at most."""
    async with started(path) as (_, caller):
        for _ in range(120):
            await caller.look_up("x")
        async with started(as_killed(path)) as (again, _):
            assert 70 < again.stats.lookups <= 120


async def test_the_same_songs(path: Path, clock: ManualClock) -> None:
    """With a state file, and with any number of restarts, the songs are those of none."""
    async with Sandbox(clock=ManualClock(), seed=7) as sandbox, caller_of(sandbox) as http:
        expected = [await Caller(http).song() for _ in range(6)]
    songs = []
    for count in (1, 2, 0, 3):
        async with started(path, clock=clock, seed=7) as (_, caller):
            songs += [await caller.song() for _ in range(count)]
    assert songs == expected
    assert len({song["id"] for song in songs}) == 6


async def test_fresh_ids(path: Path) -> None:
    """No id is given twice, to tasks or to traces, whatever became of the sandboxes before."""
    ids: list[str] = []
    current = path
    for _ in range(3):
        async with started(current) as (_, caller):
            for _ in range(2):
                ids.append(await caller.generate())
                refused = await caller.submit(action="generate")
                ids.append(refused.json()["trace_id"])
            current = as_killed(current)
        current = current.rename(path.with_suffix(f".{len(ids)}"))
    assert len(set(ids)) == len(ids) == 12


async def test_what_lookups_left(path: Path, clock: ManualClock) -> None:
    """What was seen stays seen, and a marked fault goes on where it was."""
    async with started(path, clock=clock) as (_, caller):
        vanishing = await caller.generate("#sandbox:vanish")
        failing = await caller.generate("#sandbox:lookup-500#sandbox:elapsed")
        assert (await caller.batch(failing)).status_code == 500
        assert await caller.look_up(vanishing)
        killed = as_killed(path)
    async with started(killed, clock=clock) as (_, caller):
        assert await caller.look_up(vanishing) == {}
        assert [(await caller.batch(failing)).status_code for _ in "123"] == [500, 500, 200]
        await clock.advance(1000.0)
        assert (await caller.look_up(failing))["elapsed"]


async def test_running_tasks_count(path: Path, clock: ManualClock) -> None:
    """Tasks still running after a restart take their room, those that never end for ever."""
    async with started(path, clock=clock, durations=9.0) as (_, caller):
        await caller.generate()
        await caller.generate("#sandbox:never")
    await clock.advance(5.0)
    async with started(path, clock=clock, durations=9.0, max_tasks=2) as (_, caller):
        assert (await caller.submit(action="generate", prompt="x")).status_code == 429
        await clock.advance(5.0)
        assert await caller.generate()
        assert (await caller.submit(action="generate", prompt="x")).status_code == 429


async def test_odd_bodies(path: Path) -> None:
    """A body is kept as it was sent, whatever is in it."""
    raw = b'{"action":"generate","async":true,"prompt":"\\ud800","k\\u2028":[1e-7,0.1,null,{"":9}]}'
    async with started(path) as (sandbox, caller):
        reply = await caller.http.post("/producer/audios", content=raw)
        assert reply.status_code == 200
    async with started(path) as (again, _):
        assert again.submissions == sandbox.submissions == [json.loads(raw)]


async def test_faults_are_not_kept(path: Path) -> None:
    """Faults injected end with the sandbox; those of its tasks stay."""
    async with started(path) as (sandbox, caller):
        sandbox.inject("with-success")
        task_id = await caller.generate()
    async with started(path, clock=ManualClock(start=2e9)) as (_, caller):
        assert (await caller.look_up(task_id))["response"]["success"] is True
        assert "success" not in (await caller.look_up(await caller.generate()))


def test_no_file_to_be_had(tmp_path: Path) -> None:
    """What cannot be opened is told with the reason."""
    with pytest.raises(ValueError, match=r"cannot be used: Is a directory"):
        Sandbox(state=tmp_path)
    with pytest.raises(ValueError, match=r"cannot be used: No such file"):
        Sandbox(state=str(tmp_path / "no" / "such"))


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
async def test_private(path: Path) -> None:
    """Callback addresses can be secrets: only the owner can read the file."""
    async with started(path):
        assert _stat(path).st_mode & 0o777 == 0o600


async def test_closed(path: Path) -> None:
    """A closed sandbox still answers lookups; it takes no task that it could not write down."""
    async with started(path, clock=ManualClock()) as (sandbox, caller):
        task_id = await caller.generate()
        await sandbox.aclose()
        size = _stat(path).st_size
        assert (await caller.look_up(task_id))["id"] == task_id
        for _ in range(60):
            await caller.look_up("x")
        with pytest.raises(RuntimeError, match="was closed with its sandbox"):
            await caller.generate()
        assert sandbox.tasks == [task_id]
    assert _stat(path).st_size == size


async def test_full_disk(path: Path) -> None:
    """A task that cannot be written down does not exist, and the file stays whole."""
    resource = pytest.importorskip("resource", reason="only POSIX can make a disk full")
    async with started(path) as (sandbox, caller):
        await caller.generate()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (_stat(path).st_size + 100, hard))
        try:
            with pytest.raises(OSError, match="too large"):
                await caller.generate()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert sandbox.stats.submissions == 1
        await caller.generate()
    async with started(path) as (again, _):
        assert again.tasks == sandbox.tasks
        assert len(again.tasks) == 2


_SERVER = """
import asyncio, sys
from acedata_async.sandbox import Sandbox, SystemClock

async def main():
    async with Sandbox(clock=SystemClock(), durations=0.5, state=sys.argv[1]) as sandbox:
        async with sandbox.listen() as base_url:
            print(base_url, flush=True)
            await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def server(path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A sandbox in a process of its own, and its address."""
    with subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-c", _SERVER, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


async def test_killed(path: Path, server: tuple[subprocess.Popen[str], str]) -> None:
    """Of a process killed in the middle of its work every acknowledged task is there."""
    process, base_url = server
    acknowledged: list[str] = []

    async def submit_on(http: httpx.AsyncClient) -> None:
        while True:
            acknowledged.append(await Caller(http).generate())
            if len(acknowledged) == 200:
                process.kill()

    async with httpx.AsyncClient(base_url=base_url, headers=TOKEN, timeout=30.0) as http:
        ends = await asyncio.gather(*(submit_on(http) for _ in range(8)), return_exceptions=True)
    assert all(isinstance(end, httpx.TransportError) for end in ends)
    process.wait()
    async with started(path, clock=SystemClock()) as (sandbox, caller):
        assert set(acknowledged) <= set(sandbox.tasks)
        stats = sandbox.stats
        assert stats.submissions == len(sandbox.tasks) <= len(acknowledged) + 8
        assert stats.submissions <= stats.submission_requests <= stats.submissions + 8
        assert await caller.look_up(acknowledged[-1])


async def test_file_of_another_sandbox(path: Path, clock: ManualClock) -> None:
    """A file that another sandbox uses is refused, and free again when that one is closed."""
    async with started(path, clock=clock) as (_, caller):
        await caller.song()
        before = _stat(path).st_size
        with pytest.raises(ValueError, match="in use by another sandbox; stop that one"):
            Sandbox(state=path)
        assert _stat(path).st_size == before
    async with started(path, clock=clock) as (sandbox, _):
        assert len(sandbox.tasks) == 1
