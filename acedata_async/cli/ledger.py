"""The commands `ledger …`: what a bulk run remembers, and decisions by hand."""

from __future__ import annotations

import json
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from acedata_async import InvalidRequest, LedgerError
from acedata_async.cli import ledger_file
from acedata_async.cli.entries import document_of, doubt_of, facts_of, line_of, whole_document_of
from acedata_async.cli.exits import Exit
from acedata_async.cli.ledger_file import LedgerPlace
from acedata_async.cli.options import command
from acedata_async.cli.output import Output
from acedata_async.cli.session import conclude
from acedata_async.ledger import Entry
from acedata_async.ledger.entry import STATES, EntryState

_HELP = "Look at the ledger of a bulk run, and decide by hand what nobody else can."

Key = Annotated[str, typer.Argument(help="The song's key.", metavar="KEY")]
States = Annotated[
    list[str] | None,
    typer.Option("--state", metavar="STATE", help=f"Only these; repeatable: {', '.join(STATES)}."),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Write one JSON document to stdout, and nothing else.")
]


def add_ledger(app: typer.Typer) -> None:
    """Add the commands on ledgers."""
    group = typer.Typer(help=_HELP, no_args_is_help=True)
    app.add_typer(group, name="ledger")
    _add_list(group)
    _add_show(group)
    _add_unknown(group)
    _add_resolve(group)


def _add_list(group: typer.Typer) -> None:
    @command(
        group,
        "list",
        "acedata ledger list -o songs/",
        "acedata ledger list -o songs/ --state failed --state lost",
    )
    def list_(
        place: LedgerPlace,
        state: States = None,
        as_json: AsJson = False,  # noqa: FBT002 - an option, given by its name
    ) -> None:
        """List the songs: key, state, task id, file, when, and what it is.

        It works while a run is at work.
        """
        states = _states(state)
        output = Output(as_json=as_json, quiet=False)
        conclude(output, lambda: _list(output, ledger_file.there(place.path), states))


def _states(given: list[str] | None) -> frozenset[EntryState] | None:
    for state in given or ():
        if state not in STATES:
            words = f"{state!r} is not one of {', '.join(STATES)}."
            raise typer.BadParameter(words, param_hint="'--state'")
    return frozenset(state for state in STATES if state in given) if given else None


async def _list(output: Output, path: Path, states: frozenset[EntryState] | None) -> Exit:
    """Write entry after entry, for there may be many."""
    async with ledger_file.to_read(path) as ledger:
        before = f'{{"ledger": {json.dumps(str(path))}, "entries": ['
        async for entry in ledger.entries(states):
            if output.as_json:
                sys.stdout.write(f"{before}\n{json.dumps(document_of(entry))}")
                before = ","
            else:
                output.result({}, [line_of(entry)])
        if output.as_json:
            sys.stdout.write(f"{before if before != ',' else ''}\n]}}\n")
    return Exit.GOOD


def _add_show(group: typer.Typer) -> None:
    @command(group, "show", "acedata ledger show harbour-lights -o songs/")
    def show(
        key: Key,
        place: LedgerPlace,
        as_json: AsJson = False,  # noqa: FBT002 - an option, given by its name
    ) -> None:
        """Show everything that is remembered of a song."""
        output = Output(as_json=as_json, quiet=False)
        conclude(output, lambda: _show(output, ledger_file.there(place.path), key))


async def _show(output: Output, path: Path, key: str) -> Exit:
    async with ledger_file.to_read(path) as ledger:
        entry = _found(await ledger.get(key), key)
    output.result(whole_document_of(entry), facts_of(entry))
    return Exit.GOOD


def _add_unknown(group: typer.Typer) -> None:
    @command(group, "unknown", "acedata ledger unknown -o songs/")
    def unknown(place: LedgerPlace) -> None:
        """List what may be paid and is not here, and how to decide about it."""
        output = Output(as_json=False, quiet=False)
        conclude(output, lambda: _unknown(output, ledger_file.there(place.path), place))


async def _unknown(output: Output, path: Path, place: LedgerPlace) -> Exit:
    found = 0
    async with ledger_file.to_read(path) as ledger:
        async for entry in ledger.entries({"unknown", "lost"}):
            found += 1
            output.result({}, [*doubt_of(entry), ""])
    if not found:
        output.result({}, ["nothing is unknown or lost"])
        return Exit.GOOD
    resolve = place.command("resolve", "KEY")
    lines = [
        "A lost one is looked up again by the next run, an unknown one is looked for. To decide:",
        f"  {resolve} --task-id ID   it is this task; the next run looks it up",
        f"  {resolve} --resubmit     send it again; it may be paid twice",
        f"  {resolve} --give-up      leave it; it is neither sent nor looked for",
        "The vendor's console, https://platform.acedata.cloud, shows what was charged.",
    ]
    output.result({}, lines)
    return Exit.GOOD


def _add_resolve(group: typer.Typer) -> None:
    @command(
        group,
        "resolve",
        "acedata ledger resolve harbour-lights -o songs/ --give-up",
        "acedata ledger resolve harbour-lights -o songs/ --task-id TASK_ID",
    )
    def resolve(
        key: Key,
        place: LedgerPlace,
        task_id: Annotated[
            str | None, typer.Option(metavar="ID", help="The unknown song is this task.")
        ] = None,
        *,
        resubmit: Annotated[
            bool, typer.Option("--resubmit", help="Send it again; it may be paid twice.")
        ] = False,
        give_up: Annotated[bool, typer.Option("--give-up", help="Leave it as it is.")] = False,
    ) -> None:
        """Decide about a song that is unknown or lost; give exactly one of the three."""
        if (task_id is not None) + resubmit + give_up != 1:
            raise typer.BadParameter("give exactly one of --task-id, --resubmit and --give-up.")
        output = Output(as_json=False, quiet=False)

        def begin() -> Coroutine[Any, Any, Exit]:
            return _resolve(output, ledger_file.there(place.path), key, task_id, resubmit=resubmit)

        conclude(output, begin)


async def _resolve(
    output: Output, path: Path, key: str, task_id: str | None, *, resubmit: bool
) -> Exit:
    async with ledger_file.to_write(path) as ledger:
        _found(await ledger.get(key), key)
        if task_id is not None:
            wanted = task_id.strip()
            if not wanted:
                raise InvalidRequest("task-id", task_id, "the id of a task")
            owner = (await ledger.of_tasks([wanted])).get(wanted)
            if owner is not None and owner.key != key:
                raise InvalidRequest("task-id", wanted, f"another one; {owner.key} has this task")
            await ledger.accept(key, wanted)
            said = f"{key} is task {wanted}; the next `acedata bulk` looks it up"
        elif resubmit:
            await ledger.resubmit(key)
            said = f"the next `acedata bulk` sends {key} again; it may be paid twice"
        else:
            await ledger.give_up(key)
            said = f"{key} is given up; it is neither sent nor looked for any more"
    output.result({}, [said])
    return Exit.GOOD


def _found(entry: Entry | None, key: str) -> Entry:
    if entry is None:
        raise LedgerError(f"the ledger has no entry {key!r}")
    return entry
