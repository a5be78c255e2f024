"""Print the time of importing the package, and its client, beside that of `import httpx, pydantic`.

Each is a fresh process; they take turns, and the medians are compared.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

_RUNS = 15
_THEIRS = "import httpx, pydantic"
_STATEMENTS = (_THEIRS, "import acedata_async", "from acedata_async import AceData")


def _seconds(statement: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    times: dict[str, list[float]] = {statement: [] for statement in _STATEMENTS}
    for _ in range(_RUNS):
        for statement in _STATEMENTS:
            times[statement].append(_seconds(statement))
    medians = {statement: statistics.median(values[1:]) for statement, values in times.items()}
    for statement, median in medians.items():
        print(f"{statement:34} {median * 1000:7.1f} ms, {median / medians[_THEIRS]:.2f} times")
    probe = (
        "import sys; from acedata_async import AceData;"
        "print('extras loaded:',"
        " sorted({'typer', 'rich', 'starlette', 'uvicorn', 'pytest'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", probe], check=True)


if __name__ == "__main__":
    main()
