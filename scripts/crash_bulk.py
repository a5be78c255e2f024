"""Kill `acedata bulk` again and again, start it anew, and count at the server what was paid.

    python -m scripts.crash_bulk [SEEDS [OTHERS]]

SEEDS series are only killed, 200 unless set. OTHERS of each other kind meet lost answers, refusals,
a server that is killed as well, and so on, 20 unless set. It fails if a song was made twice, or
paid for and not saved, or is unknown without a reason.
"""

from __future__ import annotations

import sys
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor, as_completed

from tests.acceptance.series import TROUBLES, Series, play

AT_ONCE = 6
STOPPED = 15.0
"""How long a stopped command is left so, in seconds."""


def main() -> None:
    """Play the series, and print each and the sums."""
    given = [int(argument) for argument in sys.argv[1:]]
    seeds, others = [*given, *(200, 20)[len(given) :]]
    wanted = [("killed", seed) for seed in range(seeds)]
    wanted += [(kind, seed) for seed in range(others) for kind in TROUBLES if kind != "killed"]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        series = [pool.submit(play, kind, seed, stopped=STOPPED) for kind, seed in wanted]
        total = _sum(series)
    print(", ".join(f"{name} {number}" for name, number in total.items()))
    if total["wrong"]:
        raise SystemExit(f"{total['wrong']} series are wrong")


def _sum(series: list[Future[Series]]) -> Counter[str]:
    names = ("seeds", "runs", "kills", "songs", "paid", "saved", "unknown", "duplicates", "lost")
    total = Counter(dict.fromkeys((*names, "wrong"), 0))
    for done in as_completed(series):
        played = done.result()
        account = played.account
        print(played.line(), flush=True)
        total["seeds"] += 1
        total["wrong"] += bool(account.problems)
        total["runs"] += played.runs
        total["kills"] += played.kills
        for name in names[3:]:
            total[name] += getattr(account, name)
    return total


if __name__ == "__main__":
    main()
