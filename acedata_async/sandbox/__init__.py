"""A fake vendor for tests, demonstrations and benchmarks: everything but the bill.

In memory, with a clock that jumps:

    async with Sandbox() as sandbox:
        watcher = await sandbox.client().producer.generate("A song for Christmas")
        songs = await watcher

As a server (extra `sandbox`), also by `acedata sandbox`:

    async with Sandbox(clock=SystemClock()).listen(port=8000) as base_url:
        ...

Another process steers the server with `GET /sandbox/stats`, `POST /sandbox/faults`
(`{"fault": …, "times": …, "probability": …, "on": …}`) and `DELETE /sandbox/faults`; these
requests are not counted.

The files, from the outside in: `sandbox` is what you use; `transport` and `server` are its two
doors; `app` reads requests and carries out answers; `routes`, `submitting`, `lookups` and `listing`
decide what to answer; `records`, `songs` and `replies` shape it; `production` makes it, by the
`chances` there are; `vendor` remembers, and `state` and `past` do so beyond the process;
`validation`, `access` and `limits` say what is refused; `faults`, `fault_rules` and
`fault_replies` are what goes wrong.
"""

from acedata_async._clock import SystemClock
from acedata_async.sandbox.faults import FAULTS, Fault, Stage
from acedata_async.sandbox.sandbox import Sandbox
from acedata_async.sandbox.stats import SandboxStats

__all__ = ["FAULTS", "Fault", "Sandbox", "SandboxStats", "Stage", "SystemClock"]
