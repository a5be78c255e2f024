"""What Ctrl-C does to a bulk run: once it sends nothing more, twice it is left."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from acedata_async import BulkRun, ConfigurationError
from acedata_async.cli.output import Output, counted, thing_of


class CtrlC:
    """Hears Ctrl-C on behalf of the command that runs now.

    Args:
        run: The run.
        output: Where to say what happens.

    Attributes:
        pressed: How often it was pressed.
    """

    def __init__(self, run: BulkRun, output: Output) -> None:
        self.pressed = 0
        self._run = run
        self._output = output
        self._command = asyncio.current_task()

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Hear it while the context is open.

        Where that is not possible (on Windows), Ctrl-C leaves the run at once.
        """
        loop, before = asyncio.get_running_loop(), signal.getsignal(signal.SIGINT)
        heard = False
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(signal.SIGINT, self._press)
            heard = True
        try:
            yield
        finally:
            if heard:
                loop.remove_signal_handler(signal.SIGINT)
                signal.signal(signal.SIGINT, before)

    def _press(self) -> None:
        self.pressed += 1
        if self.pressed == 1 and self._has_stopped():
            busy, thing = self._busy(), thing_of(self._output.service)
            are = "is" if busy == 1 else "are"
            self._say(
                f"finishing {counted(busy, thing)} that {are} paid for; press Ctrl-C again"
                " to leave at once (nothing is lost: run the same command again)"
            )
            return
        if self.pressed == 2:
            self._say("leaving; paid calls under way get some seconds to be answered")
        if self._command is not None:
            self._command.cancel()

    def _has_stopped(self) -> bool:
        try:
            self._run.stop("Ctrl-C was pressed")
        except ConfigurationError:  # it has not begun
            return False
        return True

    def _busy(self) -> int:
        stats = self._run.stats
        return stats.submitting + stats.generating + stats.downloading + stats.looked_for

    def _say(self, text: str) -> None:
        self._output.progress.print(f"acedata: {text}")
