"""The commands `ledger …`: what a bulk run remembers, and decisions by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from acedata_async.cli import ledger_file
from acedata_async.cli.entries import document_of, doubt_of, facts_of, line_of, whole_document_of
from acedata_async.cli.exits import Exit, worst
from acedata_async.cli.ledger_file import Key, LedgerPlace
from acedata_async.cli.options import command
from acedata_async.cli.output import Output, as_json, json_to_stdout, to_stdout
from acedata_async.cli.resolving import add_resolve
from acedata_async.cli.session import conclude
from acedata_async.ledger.entry import STATES, EntryState

_HELP = "Look at the ledger of a bulk run, and decide by hand what nobody else can."

_IN_DOUBT: Mapping[EntryState, Exit] = {
    "submitting": Exit.UNKNOWN,  # of a killed run; or of one at work, and then not for long
    "unknown": Exit.UNKNOWN,
    "lost": Exit.UNFINISHED,
}
"""The states of what may be paid and is not here, and what the command ends with then."""

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
    add_resolve(group)


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
        before = '{"ledger": ' + as_json(str(path), encoding="ascii") + ', "entries": ['
        async for entry in ledger.entries(states):
            if output.as_json:
                json_to_stdout(document_of(entry), before=f"{before}\n")
                before = ","
            else:
                output.result({}, [line_of(entry)])
        if output.as_json:
            to_stdout(f"{before if before != ',' else ''}\n]}}\n")
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
        entry = await ledger_file.entry_of(ledger, key)
    output.result(whole_document_of(entry), facts_of(entry))
    return Exit.GOOD


def _add_unknown(group: typer.Typer) -> None:
    @command(
        group,
        "unknown",
        "acedata ledger unknown -o songs/",
        "acedata ledger unknown -o songs/ --json",
    )
    def unknown(
        place: LedgerPlace,
        as_json: AsJson = False,  # noqa: FBT002 - an option, given by its name
    ) -> None:
        """List what may be paid and is not here, and how to decide about it.

        It ends with 5 if something is unknown, with 6 if something is lost, else with 0.
        """
        output = Output(as_json=as_json, quiet=False)
        conclude(output, lambda: _unknown(output, ledger_file.there(place.path), place))


async def _unknown(output: Output, path: Path, place: LedgerPlace) -> Exit:
    async with ledger_file.to_read(path) as ledger:
        found = [entry async for entry in ledger.entries(_IN_DOUBT)]
    code = worst(_IN_DOUBT[entry.state] for entry in found)
    document = {
        "ledger": str(path),
        "entries": [document_of(entry) for entry in found],
        "exit_code": int(code),
    }
    lines = [line for entry in found for line in (*doubt_of(entry), "")]
    output.result(document, [*lines, *(_ways(place) if found else ["nothing is unknown or lost"])])
    return code


def _ways(place: LedgerPlace) -> list[str]:
    resolve = place.command("resolve", "KEY")
    return [
        "A lost one is looked up again by the next run, an unknown one is looked for. To decide:",
        f"  {resolve} --task-id ID   it is this task; the next run looks it up",
        f"  {resolve} --resubmit     send it again; it may be paid twice",
        f"  {resolve} --give-up      leave it; it is neither sent nor looked for",
        "The vendor's console, https://platform.acedata.cloud, shows what was charged.",
    ]
