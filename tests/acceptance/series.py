"""A file of songs, and a command that is struck at random instants until it is done."""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from types import MappingProxyType
from typing import Any, Literal

from tests.acceptance.accounts import Account, take_account
from tests.acceptance.crashing import Run, Workplace, workplace

Blow = Literal["kill", "kill-vendor", "stop", "twice"]
Instant = Literal["starting", "submitting", "waiting", "downloading"]

_MOST_RUNS = 25
_DONE = frozenset({0, 5})


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What else goes wrong while a command is killed again and again.

    Attributes:
        faults: Faults of the server, with their options.
        sandbox: What the sandbox is made with.
        blows: What may befall the command, or the server.
        stopped: How long a stopped command is left so, in seconds.
    """

    faults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sandbox: Mapping[str, Any] = field(default_factory=dict)
    blows: tuple[Blow, ...] = ("kill",)
    stopped: float = 1.5


TROUBLES: Mapping[str, Trouble] = MappingProxyType(
    {
        "killed": Trouble(),
        "lost answers": Trouble(faults={"cut-after-accept": {"probability": 0.2}}),
        "failing answers": Trouble(faults={"error-500-after-accept": {"probability": 0.2}}),
        "refusals": Trouble(
            faults={"throttle": {"probability": 0.3}, "lookup-429": {"probability": 0.3}},
            sandbox={"requests_per_second": 8.0, "max_tasks": 3},
        ),
        "broken files": Trouble(faults={"media-cut": {"probability": 0.3, "times": 4}}),
        "server killed": Trouble(blows=("kill", "kill-vendor")),
        "stopped": Trouble(blows=("kill", "stop")),
        "twice": Trouble(blows=("kill", "twice")),
    }
)
"""The kinds of series, by what befalls them beside being killed."""


@dataclass
class Series:
    """How a series went.

    Attributes:
        kind: Which of `TROUBLES` it had.
        seed: What chose its instants.
        kills: How often the command was killed.
        runs: How often it was started.
        account: What it has cost and brought.
    """

    kind: str
    seed: int
    kills: int = 0
    runs: int = 0
    account: Account = field(default_factory=Account)

    def line(self) -> str:
        """Return it as a line of text."""
        account = self.account
        problems = "".join(f"\n    {problem}" for problem in account.problems)
        return (
            f"{self.kind}, seed {self.seed}: {self.runs} runs, {self.kills} kills,"
            f" {account.songs} songs, {account.paid} paid, {account.saved} saved,"
            f" {account.unknown} unknown, {account.duplicates} duplicates,"
            f" {account.lost} lost{problems}"
        )


def play(kind: str, seed: int, *, stopped: float | None = None) -> Series:
    """Strike a command at random instants, let it go on until it is done, and take account.

    Args:
        kind: One of `TROUBLES`.
        seed: What chooses the instants.
        stopped: Takes the place of how long a stopped command is left so.
    """
    trouble, rng = TROUBLES[kind], Random(f"{kind} {seed}")
    series = Series(kind, seed)
    with workplace(form(rng), seed=seed, **trouble.sandbox) as place:
        player = _Player(place, trouble, rng, stopped or trouble.stopped, series)
        player.inject()
        player.play()
    return series


def form(rng: Random) -> list[dict[str, Any]]:
    """Return eight to twelve songs; two are made from others."""
    songs: list[dict[str, Any]] = [
        {"key": f"song-{n}", "action": "generate", "prompt": f"Song number {n}"}
        for n in range(rng.randint(6, 10))
    ]
    cover = {"key": "cover", "action": "cover", "source": "song-1", "prompt": "With brass"}
    return [*songs, cover, {"key": "stems", "action": "stems", "source": "song-0"}]


class _Player:
    """Plays one series."""

    def __init__(
        self, workplace: Workplace, trouble: Trouble, rng: Random, stopped: float, series: Series
    ) -> None:
        self._workplace = workplace
        self._vendor = workplace.vendor
        self._trouble = trouble
        self._rng = rng
        self._stopped = stopped
        self._series = series
        self._doubtful: set[str] = set()
        self._problems: list[str] = []

    def inject(self) -> None:
        """Let go wrong at the server what belongs to the series."""
        for fault, options in self._trouble.faults.items():
            self._vendor.inject(fault, **options)

    def play(self) -> None:
        """Strike until nothing is left to strike with, and let the last run end."""
        blows = [
            self._rng.choice(self._trouble.blows)
            for _ in range(self._rng.choice((1, 1, 2, 2, 3, 4)))
        ]
        code, printed = -1, ""
        while self._goes_on(code, printed) and self._series.runs < _MOST_RUNS:
            self._series.runs += 1
            with self._workplace.bulk() as run:
                while blows and self._comes(run):
                    self._strike(run, blows.pop(0))
                code, printed = run.code(), run.text
        account = take_account(self._workplace, doubtful=self._doubtful)
        account.problems += self._problems
        if account.problems:
            account.problems.append(f"the last run ended with {code}:\n{printed}")
        self._series.account = account

    @staticmethod
    def _goes_on(code: int, printed: str) -> bool:
        """Whether the command has to be started again: not done, or stopped for a dead server."""
        return code not in _DONE or "\nstopped: " in printed

    def _comes(self, run: Run) -> bool:
        """Wait for a random instant in what the command does; False if it ends before."""
        instants: tuple[Instant, ...] = ("starting", "submitting", "waiting", "downloading")
        instant, rng = self._rng.choice(instants), self._rng
        figure, after = {
            "starting": ("submissions", rng.uniform(0.05, 1.5)),
            "submitting": ("submission_requests", rng.uniform(0.0, 0.15)),
            "waiting": ("submissions", rng.uniform(0.1, 1.0)),
            "downloading": ("media_requests", rng.uniform(0.0, 0.04)),
        }[instant]
        more = 0 if instant == "starting" else rng.randint(1, 4)
        enough = self._vendor.stats()[figure] + more
        reached = run.lasts_until(lambda: self._vendor.stats()[figure] >= enough)
        return reached and not run.ends_within(after)

    def _strike(self, run: Run, blow: Blow) -> None:
        if blow == "kill":
            run.kill()
            self._series.kills += 1
        elif blow == "kill-vendor":
            self._vendor.kill()
            run.ends_within(self._rng.uniform(0.0, 1.0))
            self._vendor.start()
            self.inject()
        elif blow == "stop":
            run.process.send_signal(signal.SIGSTOP)
            time.sleep(self._stopped)
            run.process.send_signal(signal.SIGCONT)
        else:
            self._start_another(run)
        # Of a call that breaks off with its server, the command itself notes that it is unknown.
        doubts = {"submitting", "unknown"} if blow == "kill-vendor" else {"submitting"}
        entries = self._workplace.entries().values()
        self._doubtful |= {entry.key for entry in entries if entry.state in doubts}

    def _start_another(self, run: Run) -> None:
        """Start the same command beside the one that runs: it is refused, or finds all done."""
        with self._workplace.bulk() as other:
            code = other.code()
        refused = f"process {run.process.pid} " in other.text
        if code not in _DONE and not refused:
            self._problems.append(f"the second command ended with {code}:\n{other.text}")
