"""What is read from a state file, and what is not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acedata_async.sandbox import Sandbox

from .conftest import Caller, caller_of


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, list[str]]:
    """Return a state file, and the ids of the tasks in it."""
    path = tmp_path_factory.mktemp("state") / "written"

    async def write() -> list[str]:
        async with Sandbox(state=path) as sandbox, caller_of(sandbox) as http:
            caller = Caller(http)
            for number in range(4):
                await caller.look_up(await caller.generate(f"Song {number}"))
            return sandbox.tasks

    ids = asyncio.run(write())
    return path.read_bytes(), ids


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_half_a_line(
    tmp_path_factory: pytest.TempPathFactory,
    written: tuple[bytes, list[str]],
    data: st.DataObject,
) -> None:
    """Wherever the file breaks off: whole lines count, half a line is dropped, and it goes on."""
    content, ids = written
    kept = content[: data.draw(st.integers(0, len(content)))]
    path = tmp_path_factory.mktemp("broken") / "state"
    path.write_bytes(kept)

    async def go_on() -> None:
        whole = kept[: kept.rfind(b"\n") + 1]
        before = ids[: whole.count(b'\n{"task":')]
        async with Sandbox(state=path) as sandbox, caller_of(sandbox) as http:
            assert sandbox.tasks == before
            fresh = await Caller(http).generate()
        async with Sandbox(state=path) as sandbox:
            assert sandbox.tasks == [*before, fresh]

    asyncio.run(go_on())


_HEADER = b'{"form":"acedata-sandbox","version":1}\n'


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"my notes", "is not the state file of a sandbox"),
        (b"my notes\n", "is not the state file of a sandbox"),
        (b"\n", "is not the state file of a sandbox"),
        (b"[]\n", "is not the state file of a sandbox"),
        (b'{"form":"acedata-job","version":1}\n', "is not the state file of a sandbox"),
        (b'{"form":"acedata-sandbox","version":2}\n', "of a sandbox of version 2; .*version 1"),
        (b'{"form":"acedata-sandbox"}\n', "is not the state file of a sandbox"),
        (b"[" * 100_000 + b"\n", "is not the state file of a sandbox"),
        (b"\xff\xfe\x00\n", "is not the state file of a sandbox"),
        (_HEADER + b"\n", "line 2 of .* cannot be understood: nothing known"),
        (_HEADER + b'{"start":1}\n{"strat":2}\n', "line 3 of .* cannot be understood"),
        (_HEADER + b'{"counted":{}}\n', "line 2 of .* cannot be understood: KeyError"),
        (_HEADER + b'{"counted":7}\n', "line 2 of .* cannot be understood: TypeError"),
        (_HEADER + b'{"changed":{"x":{"seen":true}}}\n', "line 2 of .* cannot be understood"),
        (
            _HEADER + b'{"made":"create_model","request":{},"voice":{},"drawn":1,"counted":{}}\n',
            "line 2 of .* cannot be understood: KeyError",
        ),
        (
            _HEADER + b'{"task":{},"song":null,"media":{},"drawn":1,"counted":{}}\n',
            "line 2 of .* cannot be understood: KeyError",
        ),
    ],
)
def test_other_files(tmp_path: Path, content: bytes, reason: str) -> None:
    """A file that is no state file, or a newer one, is told as what it is and left as it is."""
    path = tmp_path / "state"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=reason):
        Sandbox(state=path)
    assert path.read_bytes() == content
