"""Draw docs/explanation/polling.svg: when the package looks at a task, from its own rules."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from acedata_async._rules.cadence import first_look, next_gap
from acedata_async._rules.durations import Spread
from acedata_async.config import PollPolicy

TARGET = Path(__file__).resolve().parent.parent / "docs/explanation/polling.svg"

_LEAST = PollPolicy().min_interval
_USUAL = Spread(median=45.0, sigma=0.35)
_ROWS: tuple[tuple[str, Spread | None, int], ...] = (
    ("one song, kind unknown", None, 1),
    ("one song, kind known", _USUAL, 1),
    ("fifty songs, kind unknown", None, 50),
    ("fifty songs, kind known", _USUAL, 50),
)
_SECONDS, _SCALE, _LEFT, _TOP, _ROW, _CURVE = 150, 4.0, 190, 24, 44, 90


def looks(spread: Spread | None, sharing: int) -> Iterator[float]:
    """Yield the ages at which a task that does not end is looked at."""
    age = first_look(0.0, acknowledged=True, spread=spread, sharing=sharing, least=_LEAST)
    while age <= _SECONDS:
        yield age
        age += next_gap(age, spread=spread, sharing=sharing, least=_LEAST, pace=1.0, chance=0.5)


def draw() -> str:
    """Return the picture as SVG."""
    bottom = _TOP + _CURVE + len(_ROWS) * _ROW
    width, height = _LEFT + _SECONDS * _SCALE + 20, bottom + 40
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}"'
        ' font-family="sans-serif" font-size="13" role="img"'
        ' aria-label="When a task is looked at, by its age in seconds">'
    )
    parts = [
        head,
        f'<rect width="{width:.0f}" height="{height}" fill="#fff"/>',
        *_curve(),
    ]
    for number, (label, spread, sharing) in enumerate(_ROWS):
        y = _TOP + _CURVE + number * _ROW + 22
        parts += _row(label, list(looks(spread, sharing)), y)
    parts += _axis(bottom + 8)
    return "\n".join([*parts, "</svg>", ""])


def _curve() -> Iterator[str]:
    ages = range(1, _SECONDS + 1)
    shares = [_USUAL.chance(age + 0.5) - _USUAL.chance(age - 0.5) for age in ages]
    base, high = _TOP + _CURVE - 10, max(shares)
    points = " ".join(
        f"{_x(age):.1f},{base - share / high * (_CURVE - 20):.1f}"
        for age, share in zip(ages, shares, strict=True)
    )
    outline = f"{_x(0):.1f},{base} {points} {_x(_SECONDS):.1f},{base}"
    yield f'<polygon points="{outline}" fill="#cfe3f7"/>'
    yield f'<text x="8" y="{base - 24}" fill="#333">how often such songs</text>'
    yield f'<text x="8" y="{base - 8}" fill="#333">end at this age</text>'


def _row(label: str, ages: list[float], y: int) -> Iterator[str]:
    yield f'<text x="8" y="{y + 4}" fill="#111">{label}</text>'
    yield f'<line x1="{_x(0):.1f}" y1="{y}" x2="{_x(_SECONDS):.1f}" y2="{y}" stroke="#ddd"/>'
    for age in ages:
        x = _x(age)
        yield f'<line x1="{x:.1f}" y1="{y - 9}" x2="{x:.1f}" y2="{y + 9}" stroke="#1463a5"/>'


def _axis(y: int) -> Iterator[str]:
    for age in range(0, _SECONDS + 1, 15):
        yield f'<text x="{_x(age):.1f}" y="{y + 14}" text-anchor="middle" fill="#333">{age}</text>'
    yield f'<text x="8" y="{y + 14}" fill="#333">age in seconds</text>'


def _x(age: float) -> float:
    return _LEFT + age * _SCALE


def expected(spread: Spread, sharing: int) -> tuple[float, float]:
    """Return looks and mean lateness in seconds of a task of such a kind, by adding up."""
    total_looks = total_lateness = before = covered = 0.0
    ages = list(looks(spread, sharing))
    for number, age in enumerate(ages, 1):
        share = spread.chance(age) - spread.chance(before)
        total_looks += number * share
        steps = 50
        for step in range(steps):
            low = before + (age - before) * step / steps
            high = before + (age - before) * (step + 1) / steps
            part = spread.chance(high) - spread.chance(low)
            total_lateness += part * (age - (low + high) / 2)
        before, covered = age, covered + share
    return total_looks / covered, total_lateness / covered


def main() -> None:
    """Write the picture, and print what it shows in figures."""
    TARGET.write_text(draw(), encoding="utf-8")
    for label, spread, sharing in _ROWS:
        if spread is not None:
            count, lateness = expected(spread, sharing)
            print(f"{label}: {count / sharing:.2f} lookups, {lateness:.2f} s late on average")
        else:
            until = sum(1 for age in looks(None, sharing) if age <= math.ceil(_USUAL.median))
            print(f"{label}: {until} looks until {_USUAL.median:.0f} s")


if __name__ == "__main__":
    main()
