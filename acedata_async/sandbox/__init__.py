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
doors; `app` makes a `request` of what comes, and `connection` carries out answers; `routes`,
`submitting`, `lookups`, `listing`, `catalogue` and `downloads` (with `ranges` and `links`) decide
what to answer; `kinds` is what there is to be made, by Producer and by Fish; `records`, `songs`,
`voices` and `replies` shape it; `production` and `booth` make it, by the `chances` there are;
`media_files`, `large_files`, `contents`, `speech`, `vowels` and `mp3` are the sound of it;
`vendor`, its `shelf` of voices (`builtin_voices` first) and its `depot` of files remember, and
`state` and `past` do so beyond the process; `outcomes` tell of what is over, as a `callback` that
the `courier` brings does; `refusing`, `validation`, `fish_validation`, `access` and `limits` are
what is refused; `faults`, `fault_rules`, `fault_replies` and `media_faults` are what goes wrong.
"""

from acedata_async._clock import SystemClock
from acedata_async.sandbox.faults import FAULTS, Fault, Stage
from acedata_async.sandbox.sandbox import Sandbox
from acedata_async.sandbox.stats import SandboxStats

__all__ = ["FAULTS", "Fault", "Sandbox", "SandboxStats", "Stage", "SystemClock"]
