"""The command `ledger resolve`: deciding about a song that is unknown or lost."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from acedata_async import AceData, AceDataError, InvalidRequest, Task, TaskNotFound
from acedata_async.bulk.items import KINDS, service_kind
from acedata_async.bulk.origin import check_origin
from acedata_async.cli import ledger_file
from acedata_async.cli.exits import Exit
from acedata_async.cli.ledger_file import Key, LedgerPlace
from acedata_async.cli.options import Common, command
from acedata_async.cli.output import Output
from acedata_async.cli.session import Connection, conclude, connected
from acedata_async.ledger import Entry
from acedata_async.resources.service import Service

_ALWAYS_TOLD = ("action", "prompt")
_PERHAPS_TOLD = ("lyric", "title", "text")
"""Fields that tell one request from another. The vendor may fill in a title of its own."""
_MOST = 60
"""Characters of a field in a message."""
_INSIST = "nothing was changed; if you are sure, add --unchecked"


def add_resolve(group: typer.Typer) -> None:
    """Add the command that decides about a song."""

    @command(
        group,
        "resolve",
        "acedata ledger resolve harbour-lights -o songs/ --give-up",
        "acedata ledger resolve harbour-lights -o songs/ --task-id TASK_ID",
    )
    def resolve(
        context: typer.Context,
        key: Key,
        place: LedgerPlace,
        task_id: Annotated[
            str | None,
            typer.Option(metavar="ID", help="The song is this task; it is looked up. Free."),
        ] = None,
        *,
        resubmit: Annotated[
            bool, typer.Option("--resubmit", help="Send it again; it may be paid twice.")
        ] = False,
        give_up: Annotated[
            bool, typer.Option("--give-up", help="Leave it as it is; one that waits is not sent.")
        ] = False,
        unchecked: Annotated[
            bool, typer.Option("--unchecked", help="Take the task id as it is; ask nobody.")
        ] = False,
    ) -> None:
        """Decide about a song that is unknown or lost, or waits; give exactly one of the three.

        A task id may correct an earlier decision, too.
        """
        if (task_id is not None) + resubmit + give_up != 1:
            raise typer.BadParameter("give exactly one of --task-id, --resubmit and --give-up.")
        if unchecked and task_id is None:
            raise typer.BadParameter("--unchecked belongs to --task-id.")
        output = Output(as_json=False, quiet=False)

        def begin() -> Coroutine[Any, Any, Exit]:
            ledger_file.there(place.path)
            if task_id is None:
                return _decide(output, place, key, resubmit=resubmit)
            return _take(context, output, place, key, _an_id(task_id), unchecked=unchecked)

        conclude(output, begin)


def _an_id(given: str) -> str:
    task_id = given.strip()
    if not task_id:
        raise InvalidRequest("task-id", given, "the id of a task")
    return task_id


async def _decide(output: Output, place: LedgerPlace, key: str, *, resubmit: bool) -> Exit:
    """Send a song again, or leave it."""
    entry = await _entry(place, key)
    async with ledger_file.to_write(place.path) as ledger:
        if resubmit:
            await ledger.resubmit(key)
            said = f"the next `acedata bulk` sends {key} again; it may be paid twice"
        elif entry.state == "pending":
            await ledger.withdraw(key)
            said = f"{key} is withdrawn; it is not sent, and nothing was paid for it"
        else:
            await ledger.give_up(key)
            said = f"{key} is given up; it is neither sent nor looked for any more"
    output.result({}, [said])
    return Exit.GOOD


async def _take(
    context: typer.Context,
    output: Output,
    place: LedgerPlace,
    key: str,
    task_id: str,
    *,
    unchecked: bool,
) -> Exit:
    """Write down that a song is a task, once that is plausible."""
    entry = await _entry(place, key, task_id)
    found = "unchecked"
    if not unchecked:

        async def check(connection: Connection, output: Output) -> Exit:
            nonlocal found
            found = await _checked(connection, output, place, entry, task_id)
            return Exit.GOOD

        await connected(context, Common(), check, output)
    async with ledger_file.to_write(place.path) as ledger:
        await ledger.accept(key, task_id)
    said = f"{key} is task {task_id} ({found}); the next `acedata bulk` looks it up"
    output.result({}, [said])
    return Exit.GOOD


async def _entry(place: LedgerPlace, key: str, task_id: str | None = None) -> Entry:
    """Return what is remembered of a song; nothing is made where there is no ledger.

    Raises:
        InvalidRequest: The task is another song's.
        LedgerError: There is no such song, or no ledger.
    """
    async with ledger_file.to_read(place.path) as ledger:
        entry = await ledger_file.entry_of(ledger, key)
        owners = {} if task_id is None else await ledger.of_tasks([task_id])
    owner = owners.get(task_id or "")
    if owner is not None and owner.key != key:
        raise InvalidRequest("task-id", task_id, f"another one; {owner.key} has this task")
    return entry


async def _checked(
    connection: Connection, output: Output, place: LedgerPlace, entry: Entry, task_id: str
) -> str:
    """Return how a task stands that may be a song's.

    Raises:
        InvalidRequest: It is not there, or is plainly that of another request.
        LedgerError: The ledger is of another API.
        AceDataError: The task could not be looked up.
    """
    async with ledger_file.to_read(place.path) as ledger:
        await check_origin(ledger, connection.ace.base_url)
    try:
        task = await _service(connection.ace, entry).retrieve(task_id)
    except TaskNotFound:
        words = (
            f"no task {task_id} is known to the vendor: the id is mistyped, or its record was"
            f" removed, as the vendor may do after a day; {_INSIST}"
        )
        raise InvalidRequest(None, None, words) from None
    except AceDataError:
        output.warn(f"the task could not be looked up; {_INSIST}")
        raise
    if difference := difference_of(entry, task):
        words = f"task {task_id} is another request's: {difference}; {_INSIST}"
        raise InvalidRequest(None, None, words)
    return task.state


def _service(ace: AceData, entry: Entry) -> Service:
    """Return the service that an entry is made by."""
    return ace.fish if _is_of_fish(entry) else ace.producer


def _is_of_fish(entry: Entry) -> bool:
    action = entry.request.get("action")
    return action in KINDS and service_kind(str(action)) == "fish"


def difference_of(entry: Entry, task: Task) -> str | None:
    """Return in words why a task is plainly not an entry's; None where it may be.

    A record that does not tell what was asked for proves nothing.
    """
    asked = task.request
    always = () if _is_of_fish(entry) else _ALWAYS_TOLD  # its address says what Fish is to do
    for name in (*always, *_PERHAPS_TOLD) if asked else ():
        ours, theirs = _plain(entry.request.get(name)), _plain(asked.get(name))
        if ours != theirs and (name in always or (ours and theirs)):
            return f"its {name} is {_short(theirs)}, that of {entry.key} is {_short(ours)}"
    return None


def _plain(value: object) -> str:
    return "" if value is None else " ".join(str(value).split())


def _short(text: str) -> str:
    if not text:
        return "not set"
    return repr(text if len(text) <= _MOST else f"{text[: _MOST - 1]}…")
