"""Commands on tasks that were submitted before."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.live import Live

from acedata_async.sandbox import Sandbox
from tests.cli.conftest import Acedata, document


def submit(acedata: Acedata, *arguments: object) -> str:
    """Submit something and return its task id."""
    return acedata(*arguments, "--no-wait", "-q").stdout.strip()


def test_tasks_are_looked_up(acedata: Acedata, sandbox: Sandbox) -> None:
    """Every record is shown; an id without one is told and ends with 1."""
    sandbox.inject("fail-F1", times=1)
    failed = submit(acedata, "generate", "A song")
    running = submit(acedata, "generate", "A song")
    shown = acedata("task", failed, running, failed)
    assert shown.exit_code == 0
    assert [line.split()[0] for line in shown.stdout.splitlines()] == [failed, running]
    acedata("watch", failed, running)
    result = acedata("task", running, failed, "gone", "--json")
    found = document(result)
    assert result.exit_code == 1
    assert {one["task_id"]: one["state"] for one in found["tasks"]} == {
        running: "succeeded",
        failed: "failed",
    }
    assert found["missing"] == ["gone"]
    assert "TaskNotFound: task gone" in result.stderr
    lines = acedata("task", running, failed).stdout
    assert "  title     Untitled" in lines
    assert "  address   https://" in lines


def test_a_task_of_stems_shows_its_address(acedata: Acedata, tmp_path: Path) -> None:
    """Stems have an address too, and `watch` fetches them."""
    made = document(acedata("generate", "A song", "--json", "-o", tmp_path))
    task_id = submit(acedata, "stems", made["audios"][0]["id"])
    watched = document(acedata("watch", task_id, "-o", tmp_path, "--json"))
    assert watched["tasks"][0]["stems"]["file"].endswith(".zip")
    assert ".zip" in acedata("task", task_id).stdout


def test_a_terminal_sees_all_tasks_and_files_in_one_display(
    acedata: Acedata, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows for each task and each file, in one display: older versions of rich take no more."""
    ids = [submit(acedata, "generate", "A song", "--title", title) for title in ("Rain", "Sun")]
    start, stop, shown, most = Live.start, Live.stop, set[Live](), 0

    def started(live: Live, *, refresh: bool = False) -> None:
        nonlocal most
        shown.add(live)
        most = max(most, len(shown))
        start(live, refresh=refresh)

    def stopped(live: Live) -> None:
        shown.discard(live)
        stop(live)

    monkeypatch.setattr(Live, "start", started)
    monkeypatch.setattr(Live, "stop", stopped)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    result = acedata("watch", *ids, "-o", tmp_path)
    assert result.exit_code == 0
    assert all(f"{task_id[:8]} pending" in result.stderr for task_id in ids)
    assert most == 1
    assert not shown
    # The terminal's cursor is shown again.
    assert result.stderr.rindex("\x1b[?25h") > result.stderr.rindex("\x1b[?25l")
    assert "\x1b[" not in result.stdout


def test_tasks_are_watched_together(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """All are waited for; one that failed or is unknown does not hide the others."""
    sandbox.inject("fail-F1", times=1)
    failed = submit(acedata, "generate", "A song")
    good = submit(acedata, "generate", "A song")
    result = acedata("watch", failed, good, "gone", good, "-o", tmp_path, "--json")
    assert result.exit_code == 1
    tasks = document(result)["tasks"]
    assert [(one["task_id"], one["state"]) for one in tasks] == [
        (failed, "failed"),
        (good, "succeeded"),
        ("gone", "missing"),
    ]
    assert [one.get("error", {}).get("type") for one in tasks] == [
        "TaskFailed",
        None,
        "TaskNotFound",
    ]
    assert len(list(tmp_path.iterdir())) == 1


def test_without_a_directory_nothing_is_fetched(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path
) -> None:
    """`watch` alone prints the addresses."""
    task_id = submit(acedata, "generate", "A song")
    assert "address   https://" in acedata("watch", task_id).stdout
    assert sandbox.stats.media_requests == 0


def test_a_wait_that_ends_is_6(acedata: Acedata, sandbox: Sandbox) -> None:
    """A task that outlasts the timeout lives on."""
    sandbox.inject("never")
    task_id = submit(acedata, "generate", "A song")
    result = acedata("watch", task_id, "--timeout", 50, "--json")
    assert result.exit_code == 6
    assert document(result)["tasks"][0]["state"] == "unknown"
