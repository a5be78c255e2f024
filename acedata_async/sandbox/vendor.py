"""The vendor's memory: its tasks, songs, voices and files, and what it has counted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import Any

from acedata_async.sandbox.access import Tokens
from acedata_async.sandbox.booth import Booth
from acedata_async.sandbox.callback import is_asked_for
from acedata_async.sandbox.chances import Chances
from acedata_async.sandbox.depot import Depot, Served
from acedata_async.sandbox.fault_rules import FaultRules
from acedata_async.sandbox.faults import MARKED_LOOKUPS, Fault, Stage
from acedata_async.sandbox.fish_validation import references
from acedata_async.sandbox.kinds import FISH, PRODUCER, Kind
from acedata_async.sandbox.limits import Limits
from acedata_async.sandbox.links import USUAL_LIFETIME
from acedata_async.sandbox.media_files import MediaLibrary
from acedata_async.sandbox.past import Accepted, Past
from acedata_async.sandbox.production import Product, Studio
from acedata_async.sandbox.replies import Reply, failure
from acedata_async.sandbox.shelf import Shelf
from acedata_async.sandbox.songs import Song
from acedata_async.sandbox.state import Journal
from acedata_async.sandbox.stats import Counters, SandboxStats
from acedata_async.sandbox.task import Task
from acedata_async.sandbox.voices import Voice

Durations = Callable[[Random], float] | float | tuple[float, float]
"""How long tasks take, in seconds: always the same, between two bounds, or drawn."""

_QUEUE_SHARE = 0.02
_SONG_SHARE = 0.4
"""In the documents' record the song's own `created_at` is at 0.39 of the task's run."""


class Vendor:
    """All that the fake vendor remembers. It knows no clock and no network.

    Args:
        seed: What all its chances come from; separate ones for the tasks of each service,
            lookups and faults, so that neither lookups nor voices change the songs.
        tokens: Those that it takes.
        durations: How long tasks take.
        page_size: The most items that a batch lookup returns, or None.
        batch_limit: From how many ids on the faults about too large batches strike.
        limits: How much it takes at once.
        list_page: The most items that a list has.
        list_delay: For how many seconds after its creation a task is in no list.
        link_lifetime: For how many seconds a link is good that a record shows; None for ever.
        journal: Where tasks are written down before they are acknowledged, or None.

    Attributes:
        owed: Tasks about which somebody is to be called back and which nobody has taken over
            yet, and what comes before the paths of their media.
    """

    def __init__(
        self,
        *,
        seed: int,
        tokens: Tokens,
        durations: Durations,
        page_size: int | None,
        batch_limit: int,
        limits: Limits,
        list_page: int = 12,
        list_delay: float = 0.0,
        link_lifetime: float | None = None,
        journal: Journal | None = None,
    ) -> None:
        self.tokens = tokens
        self.page_size = page_size
        self.batch_limit = batch_limit
        self.list_page = list_page
        self.list_delay = list_delay
        self._link_lifetime = link_lifetime
        self.limits = limits
        self.counters = Counters()
        self.rules = FaultRules(Random(f"{seed} faults"))
        self.lookup_rng = Random(f"{seed} lookups")
        self.tasks: dict[str, Task] = {}
        self.submitted: list[dict[str, Any]] = []
        self.owed: list[tuple[Task, str]] = []
        self.songs: dict[str, Song] = {}
        self.voices = Shelf(self.tasks)
        self.media_rng = Random(f"{seed} media")
        self._chances = {
            PRODUCER: Chances(f"{seed} tasks"),
            FISH: Chances(f"{seed} {FISH} tasks"),
        }
        self._trace_chances = Chances(f"{seed} traces")
        self._draw_duration = _drawing(durations)
        library = MediaLibrary()
        self.depot = Depot(library, self.voices.recipe)
        self._booth = Booth(self._chances[FISH])
        self._makers: Mapping[str, Studio | Booth] = {
            PRODUCER: Studio(self._chances[PRODUCER], library, self.songs),
            FISH: self._booth,
        }
        self._journal = journal
        if journal is not None:
            self._take_up(journal.past, seed)

    def trace_id(self) -> str:
        """Return a fresh id for an answer that belongs to no task."""
        return self._trace_chances.uuid()

    def throttle(self, code: str, message: str) -> Reply:
        """Return the refusal of what a limit does not let pass."""
        return failure(429, code, message, self.trace_id(), headers=self.limits.headers)

    def accept(self, kind: Kind, body: dict[str, Any], marks: Iterable[Fault], now: float) -> Task:
        """Create the task of a valid submission; from here on it would be billed.

        Args:
            kind: What is asked for.
            body: The submitted body.
            marks: The faults that its markers ask for.
            now: The time, in Unix seconds.
        """
        chances = self._chances[kind.service]
        action = kind.action or body["action"]
        marks = list(marks)
        owed = is_asked_for(kind, body)
        lasting = (Stage.RECORD, Stage.CALLBACK) if owed else (Stage.RECORD,)
        drawn = [f for stage in lasting for f in self.rules.draw_all(stage, action=action)]
        quirks = frozenset(f.name for f in (*drawn, *marks) if f.stage in lasting)
        duration = max(0.0, self._draw_duration(chances)) * kind.share
        created_at = round(now, 3)
        task_id = chances.uuid()
        record_id = f"{int(now) & 0xFFFFFFFF:08x}{chances.getrandbits(64):016x}"
        trace_id = chances.uuid()
        moment = created_at + _SONG_SHARE * duration
        product = self._makers[kind.service].make(kind, body, task_id=task_id, moment=moment)
        task = Task(
            id=task_id,
            record_id=record_id,
            trace_id=trace_id,
            type=kind.type,
            action=action,
            request=body,
            data=product.data,
            created_at=created_at,
            started_at=round(created_at + _QUEUE_SHARE * duration, 3),
            finished_at=math.inf if "never" in quirks else round(created_at + duration, 3),
            quirks=quirks,
            marked={
                f.name: MARKED_LOOKUPS for f in marks if f.stage in {Stage.LOOKUP, Stage.BATCH}
            },
            link_lifetime=self._lifetime(quirks),
            owed=owed,
        )
        self._take(Accepted(action=action, request=body, task=task, product=product))
        return task

    def create_model(self, body: dict[str, Any], action: str, now: float) -> Voice:
        """Make the voice of a valid submission that creates no task."""
        voice = self._booth.cast(body, round(now, 3))
        product = Product(data=None, voice=voice)
        self._take(Accepted(action=action, request=body, task=None, product=product))
        return voice

    def show(self, tasks: Iterable[Task]) -> None:
        """Take note of tasks that an answer shows."""
        fresh = [task for task in tasks if not task.seen]
        for task in fresh:
            task.seen = True
        if fresh and self._journal is not None:
            self._journal.change(fresh)

    def use_up(self, task: Task, fault: str) -> None:
        """Let a fault strike that a task was marked with."""
        task.marked[fault] -= 1
        if self._journal is not None:
            self._journal.change([task])

    def settle(self, task: Task) -> None:
        """Take note that nobody is to be called back about a task any more."""
        task.owed = False
        if self._journal is not None:
            self._journal.change([task])
            self._journal.count_event(self.counters)

    def end_request(self) -> None:
        """Take note of an API request that is over."""
        self.counters.end()
        if self._journal is not None:
            self._journal.count_event(self.counters)

    def media_file(self, path: str) -> Served | None:
        """Return the file behind a path, or None if there is none."""
        return self.depot.find(path)

    def stats(self, now: float) -> SandboxStats:
        """Return what has been counted up to now."""
        most = _most_at_once(
            (task.created_at, min(task.finished_at, now)) for task in self.tasks.values()
        )
        return self.counters.snapshot(max_tasks_in_flight=most)

    def _lifetime(self, quirks: frozenset[str]) -> float | None:
        if self._link_lifetime is None and "media-expires" in quirks:
            return USUAL_LIFETIME
        return self._link_lifetime

    def _take(self, accepted: Accepted) -> None:
        if self._journal is not None:
            drawn = self._chances[accepted.service].drawn
            self._journal.accept(accepted, drawn=drawn, counters=self.counters)
        self._admit(accepted)

    def _admit(self, accepted: Accepted) -> None:
        task, product = accepted.task, accepted.product
        self.submitted.append(accepted.request)
        self.counters.submissions_by_action[accepted.action] += 1
        if product.song is not None:
            self.songs[product.song.id] = product.song
        if product.voice is not None:
            self.voices.keep(product.voice)
        signed = task is not None and task.link_lifetime is not None
        self.depot.keep(product.media, signed=signed)
        if task is not None:
            self.tasks[task.id] = task
            self.limits.count_task(task.finished_at)
            if task.action == "speak":
                self.voices.count_uses(references(task.request))

    def _take_up(self, past: Past, seed: int) -> None:
        """Go on where earlier sandboxes ended, with ids that none of them has given."""
        self.counters = past.counters
        for service, drawn in past.drawn.items():
            self._chances[service].skip(drawn)
        if past.starts:
            self._trace_chances = Chances(f"{seed} traces {past.starts}")
        for accepted in past.accepted:
            self._admit(accepted)


def typical_duration(rng: Random) -> float:
    """Return a duration as songs really have it: log-normal, half of them under 40 s."""
    return rng.lognormvariate(math.log(40.0), 0.3)


def _drawing(durations: Durations) -> Callable[[Random], float]:
    if isinstance(durations, tuple):
        low, high = durations
        return lambda rng: rng.uniform(low, high)
    if isinstance(durations, int | float):
        seconds = durations
        return lambda _: seconds
    return durations


def _most_at_once(spans: Iterable[tuple[float, float]]) -> int:
    """Return how many of these spans overlap at the most; one that ends makes room first."""
    changes = sorted(change for begin, end in spans for change in ((begin, 1), (end, -1)))
    most = current = 0
    for _, change in changes:
        current += change
        most = max(most, current)
    return most
