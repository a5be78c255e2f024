"""What a series of runs has cost and brought: counted at the server, not believed."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acedata_async.audio.payload import audio_digest
from acedata_async.ledger import Entry
from tests.acceptance.crashing import Workplace


@dataclass
class Account:
    """What was found out.

    Attributes:
        songs: How many songs were asked for.
        paid: How many tasks the server has created.
        saved: How many songs are saved.
        unknown: How many stay unknown.
        duplicates: How many tasks were created for what already had one.
        lost: How many tasks were paid for and are not saved whole.
        problems: What is wrong, in words.
    """

    songs: int = 0
    paid: int = 0
    saved: int = 0
    unknown: int = 0
    duplicates: int = 0
    lost: int = 0
    problems: list[str] = field(default_factory=list)


def take_account(workplace: Workplace, *, doubtful: Collection[str]) -> Account:
    """Compare what the server has with what is in the ledger and on the disk.

    Args:
        workplace: Where the runs were.
        doubtful: The keys of the songs that may be unknown: a run was killed between their
            intent and their written id, or the answer was lost.
    """
    vendor, entries = workplace.vendor, workplace.entries()
    vendor.clear_faults()
    tasks = vendor.tasks()
    account = Account(songs=len(workplace.songs), paid=vendor.stats()["submissions"])
    if account.paid != len(tasks):
        account.problems.append(f"{account.paid} were paid, {len(tasks)} are in the list")
    contents = Counter(_content(task["request"]) for task in tasks)
    account.duplicates = contents.total() - len(contents)
    account.problems += [f"{n} times: {what}" for what, n in contents.items() if n > 1]
    found = {entry.task_id: entry for entry in entries.values()}
    for task in tasks:
        trouble = _loss(workplace, task, found.get(task["id"]))
        if trouble:
            account.lost += 1
            account.problems.append(f"task {task['id']}: {trouble}")
    account.saved = sum(entry.state == "saved" for entry in entries.values())
    account.problems += _strays(workplace, entries)
    account.problems += _unfinished(workplace, entries, doubtful)
    account.unknown = sum(entry.state == "unknown" for entry in entries.values())
    return account


def _content(request: Mapping[str, Any]) -> str:
    """Return what a submission asked for; where the news of it go is no part of that."""
    asked = {name: value for name, value in request.items() if name != "callback_url"}
    return json.dumps(asked, sort_keys=True)


def _loss(workplace: Workplace, task: Mapping[str, Any], entry: Entry | None) -> str:
    """Say why a paid task is lost; nothing if its file is there, whole."""
    if entry is None:
        return f"not in the ledger: {_content(task['request'])}"
    if entry.state != "saved" or entry.path is None:
        return f"{entry.key} is {entry.state}"
    file = workplace.directory / entry.path
    if not file.is_file():
        return f"{entry.path} is not there"
    made = task["response"]["data"][0]
    address = made.get("audio_url") or made["stems_url"]
    if not _is_same(file, workplace.vendor.get(address)):
        return f"{entry.path} is not what the server has"
    return ""


def _is_same(file: Path, content: bytes) -> bool:
    """Say whether a file is what the server has, but for its tags."""
    if file.read_bytes() == content:
        return True
    with tempfile.NamedTemporaryFile(suffix=file.suffix) as untagged:
        untagged.write(content)
        untagged.flush()
        return file.suffix != ".zip" and audio_digest(file) == audio_digest(Path(untagged.name))


def _strays(workplace: Workplace, entries: Mapping[str, Entry]) -> list[str]:
    """Say which files are there, and belong to no song."""
    strays = workplace.files() - {entry.path for entry in entries.values() if entry.path}
    return [f"a stray file: {name}" for name in sorted(strays)]


def _unfinished(
    workplace: Workplace, entries: Mapping[str, Entry], doubtful: Collection[str]
) -> list[str]:
    """Say which songs are not saved without a reason for it."""
    problems = [
        f"{song['key']} is not in the ledger"
        for song in workplace.songs
        if song["key"] not in entries
    ]
    sources = {song["key"]: song.get("source") for song in workplace.songs}
    unsaved = {key for key, entry in entries.items() if entry.state != "saved"}
    unknown = {key for key in unsaved if entries[key].state == "unknown"}
    problems += [
        f"{key} is {entries[key].state}"
        for key in sorted(unsaved - unknown)
        # What has no source to start from has to wait.
        if entries[key].state != "pending" or sources[key] not in unsaved
    ]
    problems += [f"{key} is unknown without a reason" for key in sorted(unknown - {*doubtful})]
    listed = workplace.listed_unknown() if unknown else set()
    if listed != unknown:
        problems.append(f"unknown are {sorted(unknown)}, listed are {sorted(listed)}")
    return problems
