"""The command `ledger resolve`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from acedata_async import Task
from acedata_async.cli.resolving import difference_of
from acedata_async.ledger import Entry, NewEntry, SqliteLedger
from acedata_async.sandbox import Sandbox
from tests.cli.conftest import Acedata, change, ledger_at, song, write


@pytest.fixture
def unknown(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> Path:
    """A form with a song that is unknown, and another one that is saved."""
    sandbox.inject("cut-after-accept", times=1)
    sandbox.inject("list-refused")
    form = write(tmp_path, song(), song("b", prompt="Another song"))
    assert acedata("bulk", form, "-o", tmp_path).exit_code == 5
    return form


def test_a_task_id_is_looked_up(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path, unknown: Path
) -> None:
    """The unknown song is the task that the user has found; the next run fetches it."""
    task_id = sandbox.tasks[0]
    result = acedata("ledger", "resolve", "a", "--task-id", f" {task_id} ")
    assert result.stdout == (
        f"a is task {task_id} (succeeded); the next `acedata bulk` looks it up\n"
    )
    assert acedata("bulk", unknown, "-o", tmp_path).exit_code == 0
    assert sandbox.stats.submissions == 2


@pytest.mark.usefixtures("unknown")
def test_a_mistyped_task_id_is_refused(acedata: Acedata, tmp_path: Path) -> None:
    """It says what was found, nothing, and how to insist; nothing is changed."""
    before = ledger_at(tmp_path / "acedata.ledger")
    result = acedata("ledger", "resolve", "a", "--task-id", "mistyped")
    assert result.exit_code == 2
    assert "no task mistyped is known to the vendor" in result.stderr
    assert "add --unchecked" in result.stderr
    assert ledger_at(tmp_path / "acedata.ledger") == before
    insisting = acedata("ledger", "resolve", "a", "--task-id", "mistyped", "--unchecked")
    assert insisting.stdout.startswith("a is task mistyped (unchecked); ")


def test_another_requests_task_is_refused(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path, unknown: Path
) -> None:
    """A task that was asked for something else is not the song, also where no other has it."""
    elsewhere = tmp_path / "elsewhere"
    acedata("bulk", write(tmp_path, song(prompt="A hymn")), "-o", elsewhere)
    task_id = sandbox.tasks[-1]
    result = acedata("ledger", "resolve", "a", "--task-id", task_id)
    assert result.exit_code == 2
    assert "its prompt is 'A hymn', that of a is 'A song'" in result.stderr
    assert ledger_at(tmp_path / "acedata.ledger")["a"].state == "unknown"


def test_a_wrong_decision_is_corrected(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path, unknown: Path
) -> None:
    """What became lost by a wrong id, or was given up, takes the right one."""
    form = write(tmp_path, song(), song("b", prompt="Another song"))
    acedata("ledger", "resolve", "a", "--task-id", "mistyped", "--unchecked")
    assert acedata("bulk", form, "-o", tmp_path, "--timeout", 60).exit_code == 6
    assert acedata("ledger", "resolve", "a", "--give-up").exit_code == 0
    assert acedata("ledger", "resolve", "a", "--task-id", sandbox.tasks[0]).exit_code == 0
    assert acedata("bulk", form, "-o", tmp_path).exit_code == 0
    assert sandbox.stats.submissions == 2


@pytest.mark.usefixtures("unknown")
def test_a_vendor_that_cannot_be_asked(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """The error is the vendor's, and there is a way to decide all the same."""
    sandbox.inject("lookup-401")
    result = acedata("ledger", "resolve", "a", "--task-id", sandbox.tasks[0])
    assert result.exit_code == 3
    assert "add --unchecked" in result.stderr
    assert ledger_at(tmp_path / "acedata.ledger")["a"].state == "unknown"


def test_a_task_is_looked_up_where_the_songs_are(acedata: Acedata, path: Path) -> None:
    """Another API does not have it, so that it is not asked."""

    async def made_elsewhere(ledger: SqliteLedger) -> None:
        await ledger.put_note("origin", "https://api.acedata.cloud")

    change(path, made_elsewhere)
    result = acedata("ledger", "resolve", "unsure", "--task-id", "task-2")
    assert result.exit_code == 1
    assert "the ledger is of songs made at https://api.acedata.cloud" in result.stderr


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"action": "generate", "prompt": "A  song\n", "title": "Given by the vendor"}, None),
        ({}, None),
        ({"action": "cover", "prompt": "A song"}, "its action is 'cover', that of a is 'generate'"),
        ({"action": "generate"}, "its prompt is not set, that of a is 'A song'"),
        ({"action": "generate", "prompt": "A song", "lyric": "la"}, "its lyric is 'la', that of"),
    ],
)
def test_what_tells_requests_apart(asked: dict[str, str], said: str | None) -> None:
    """Action and prompt are always sent; a lyric counts where both have one."""
    ours = {"action": "generate", "prompt": "A song", "lyric": "do"}
    entry = Entry(key="a", request=ours, marker="")
    told = difference_of(entry, Task.read({"id": "t", "request": asked}))
    assert told is None if said is None else said in str(told)


def test_a_resubmitted_song_is_sent_again(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path
) -> None:
    """By hand, with a warning that it may be paid twice."""
    sandbox.inject("cut-after-accept", times=1)
    sandbox.inject("list-refused")
    form = write(tmp_path, song())
    acedata("bulk", form, "-o", tmp_path)
    result = acedata("ledger", "resolve", "a", "--resubmit")
    assert result.stdout == "the next `acedata bulk` sends a again; it may be paid twice\n"
    assert acedata("bulk", form, "-o", tmp_path).exit_code == 0
    assert sandbox.stats.submissions == 2


@pytest.mark.parametrize(
    ("asked", "same"),
    [({"text": "Hello"}, True), ({"text": "Goodbye"}, False), ({"voice_url": "x"}, True)],
)
def test_speech_is_told_apart_by_its_text(asked: dict[str, str], *, same: bool) -> None:
    """A record of Fish has no action: its address says what was to be done."""
    entry = Entry(key="a", request={"action": "speak", "text": "Hello"}, marker="")
    assert (difference_of(entry, Task.read({"id": "t", "request": asked})) is None) == same


def test_speech_is_looked_up_at_fish(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """Each service knows its own tasks only."""

    async def speak() -> str:
        watcher = await sandbox.client().fish.speak("Hello")
        await watcher
        return watcher.id or ""

    async def fill(ledger: SqliteLedger) -> None:
        asked = {"action": "speak", "text": "Hello"}
        await ledger.add([NewEntry(key="a", request=asked)])
        await ledger.begin("a")
        await ledger.doubt("a", ValueError("cut off"))

    change(tmp_path / "acedata.ledger", fill)
    task_id = asyncio.run(speak())
    result = acedata("ledger", "resolve", "a", "--task-id", task_id)
    assert result.stdout.startswith(f"a is task {task_id} (succeeded); "), result.stderr


def test_what_waits_is_withdrawn(acedata: Acedata, tmp_path: Path) -> None:
    """It is not sent, and costs nothing."""

    async def fill(ledger: SqliteLedger) -> None:
        await ledger.add([NewEntry(key="a", request={"action": "generate", "prompt": "A song"})])

    change(tmp_path / "acedata.ledger", fill)
    result = acedata("ledger", "resolve", "a", "--give-up")
    assert result.stdout == "a is withdrawn; it is not sent, and nothing was paid for it\n"
    assert ledger_at(tmp_path / "acedata.ledger")["a"].state == "failed"


def test_what_is_given_up_is_left(acedata: Acedata, path: Path) -> None:
    """It is neither sent nor looked for; a later decision may send it after all."""
    assert acedata("ledger", "resolve", "unsure", "--give-up").exit_code == 0
    assert ledger_at(path)["unsure"].state == "given_up"
    assert acedata("ledger", "resolve", "unsure", "--resubmit").exit_code == 0
    assert ledger_at(path)["unsure"].state == "pending"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["unsure"], 2, "exactly one"),
        (["unsure", "--give-up", "--resubmit"], 2, "exactly one"),
        (["unsure", "--task-id", " "], 2, "the id of a task"),
        (["unsure", "--task-id", "task-1"], 2, "lost has this task"),
        (["failed", "--task-id", "task-2", "--unchecked"], 1, "failed is failed: accept is for"),
        (["lost", "--give-up", "--unchecked"], 2, "belongs to --task-id"),
        (["failed", "--resubmit"], 1, "nothing was changed"),
        (["nobody", "--give-up"], 1, "no entry 'nobody'"),
    ],
)
def test_a_decision_that_makes_no_sense_changes_nothing(
    acedata: Acedata, path: Path, words: list[str], code: int, said: str
) -> None:
    """It is refused with the reason."""
    before = ledger_at(path)
    result = acedata("ledger", "resolve", *words)
    assert result.exit_code == code
    assert said in " ".join(result.stderr.split())
    assert ledger_at(path) == before
