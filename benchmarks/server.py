"""The counting server: the sandbox in a process of its own, with a log of all requests.

python -m benchmarks.server '{"median": 12.0, "sigma": 0.3, …}' prints its address and serves
until it is terminated. Beside the sandbox's own addresses there are `POST /bench/tasks`, which
creates tasks out of nothing, and `GET /bench/report`, which tells what was seen.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import math
import socket
import time
from collections.abc import Callable
from random import Random
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from acedata_async.sandbox import Sandbox, SystemClock
from acedata_async.sandbox.app import Message, Receive, Send
from acedata_async.sandbox.kinds import SONG
from benchmarks.probe import orders

_LOOKUPS = "/producer/tasks"
_BODY = {"action": "generate", "prompt": "A song", "async": True}


class Front:
    """Stands before the sandbox, notes each request, and switches the outage on and off.

    Args:
        sandbox: What answers.
        outage: Seconds after the first submission at which lookups begin and cease to fail.
    """

    def __init__(self, sandbox: Sandbox, outage: tuple[float, float] | None) -> None:
        self.connections: list[float] = []
        self._sandbox = sandbox
        self._outage = outage
        self._began: float | None = None
        self._down = False
        self._requests: list[tuple[float, bool, float]] = []

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        match scope["path"]:
            case "/bench/tasks":
                wish = json.loads((await receive())["body"])
                await _send_json(send, self._create(wish["count"]))
            case "/bench/report":
                await _send_json(send, self._report())
            case path:
                self._note(path)
                await self._sandbox.app(scope, receive, send)

    def _note(self, path: str) -> None:
        now = time.time()
        lookup = path == _LOOKUPS
        self._requests.append((now, lookup, time.process_time()))
        if self._began is None and not lookup:
            self._began = now
        if self._outage is not None and self._began is not None:
            begin, end = self._outage
            self._switch(down=begin <= now - self._began < end)

    def _switch(self, *, down: bool) -> None:
        if down and not self._down:
            self._sandbox.inject("lookup-502-html")
        elif self._down and not down:
            self._sandbox.clear_faults()
        self._down = down

    def _create(self, count: int) -> list[str]:
        vendor = self._sandbox.app.vendor
        ids = [vendor.accept(SONG, dict(_BODY), (), time.time()).id for _ in range(count)]
        gc.collect()
        gc.freeze()
        return ids

    def _report(self) -> dict[str, Any]:
        vendor, stats = self._sandbox.app.vendor, self._sandbox.stats
        return {
            "finished_at": {
                task.id: task.finished_at
                for task in vendor.tasks.values()
                if math.isfinite(task.finished_at)
            },
            "created_at": [task.created_at for task in vendor.tasks.values()],
            "requests": self._requests,
            "connections": self.connections,
            "statuses": dict(stats.statuses),
            "ids_asked": stats.lookups_single + sum(stats.ids_per_batch),
        }


async def _send_json(send: Send, payload: object) -> None:
    body = json.dumps(payload).encode("ascii")
    headers = [(b"content-length", b"%d" % len(body)), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _sandbox(told: dict[str, Any]) -> Sandbox:
    middle, sigma = math.log(told["median"]), told["sigma"]

    def draw(rng: Random) -> float:
        return rng.lognormvariate(middle, sigma)

    sandbox = Sandbox(
        clock=SystemClock(),
        seed=told["seed"],
        durations=draw,
        requests_per_second=told["requests_per_second"],
        retry_after=told["retry_after"],
    )
    if told["never"]:
        sandbox.inject("never")
    return sandbox


async def _serve(told: dict[str, Any]) -> None:
    front = Front(_sandbox(told), told["outage"])

    def connected(**options: Any) -> asyncio.Protocol:
        front.connections.append(time.time())
        return cast("asyncio.Protocol", cast("Any", AutoHTTPProtocol)(**options))

    config = uvicorn.Config(
        cast("Any", front),
        http=cast("Any", connected),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=1,
    )
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        await uvicorn.Server(config).serve(sockets=[listener])


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        factory: Any = importlib.import_module("uvloop").new_event_loop
    except ImportError:
        factory = asyncio.new_event_loop
    return cast("Callable[[], asyncio.AbstractEventLoop]", factory)


if __name__ == "__main__":
    instructions = orders()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(instructions))
