"""Files of a run whose links have gone, and tags in those that come."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from acedata_async import DownloadError
from acedata_async._clock import sleep
from acedata_async.ledger import Ledger, SqliteLedger
from acedata_async.sandbox import Sandbox
from tests.bulk.conftest import (
    PatientClock,
    entries_of,
    make,
    names_in,
    song,
    songs,
    states,
)
from tests.tasks.watching import client


async def test_files_are_tagged_when_asked(
    sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path
) -> None:
    """Each file tells its song, its task and what was asked for."""
    pytest.importorskip("mutagen", reason="mutagen is not installed")
    from acedata_async import read_tags  # noqa: PLC0415 - below what may skip

    requests = [*songs(2), {"key": "said", "action": "stems", "source": "s0"}]
    outcomes = await make(
        sandbox.client(), requests, ledger=ledger, directory=tmp_path / "out", tags=True
    )
    assert states(outcomes) == {"s0": "saved", "s1": "saved", "said": "saved"}
    for key in ("s0", "s1"):
        path = outcomes[key].path
        assert path is not None
        tags = read_tags(path)
        assert tags.task_id == outcomes[key].task_id
        assert tags.audio_id == outcomes[key].audios[0].id
        assert tags.prompt
    assert len(names_in(tmp_path / "out")) == 3
    assert sandbox.stats.submissions == 3


async def test_files_are_not_tagged_by_themselves(sandbox: Sandbox, tmp_path: Path) -> None:
    """Unless asked for the file is the vendor's, byte by byte."""
    outcomes = await make(sandbox.client(), songs(1), directory=tmp_path)
    path = outcomes["s0"].path
    assert path is not None
    assert b"acedatacloud" not in path.read_bytes()
    assert sandbox.stats.media_requests == 1


async def test_link_that_expired_between_runs(
    clock: PatientClock, ledger: Ledger | Path, tmp_path: Path
) -> None:
    """The next run looks each task up once, and fetches what is behind the new link."""
    async with Sandbox(clock=clock, seed=1, durations=12.0, link_lifetime=60.0) as sandbox:
        sandbox.inject("media-500")
        first = await make(sandbox.client(), songs(3), ledger=ledger, directory=tmp_path / "out")
        assert set(states(first).values()) == {"succeeded"}
        sandbox.clear_faults()
        await sleep(clock, 86_400.0)
        lookups = sandbox.stats.lookups
        again = await make(sandbox.client(), songs(3), ledger=ledger, directory=tmp_path / "out")
        assert set(states(again).values()) == {"saved"}
        assert sandbox.stats.submissions == 3
        assert sandbox.stats.lookups - lookups <= 3
        assert len(names_in(tmp_path / "out")) == 3


@pytest.mark.parametrize("fault", ["media-403", "media-404", "media-410"])
async def test_dead_link(
    sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path, fault: str
) -> None:
    """The outcome says that it is made, why there is no file, and how to go on; no part is left."""
    sandbox.inject(fault)
    outcomes = await make(
        sandbox.client(), [song("mine")], ledger=ledger, directory=tmp_path / "out"
    )
    outcome = outcomes["mine"]
    assert outcome.state == "succeeded"
    assert isinstance(outcome.error, DownloadError)
    assert "made, but not downloaded" in outcome.reason
    assert "acedata ledger resolve mine --resubmit" in outcome.reason
    assert outcome.path is None
    assert names_in(tmp_path / "out") == set()
    assert sandbox.stats.submissions == 1


async def test_dead_link_is_not_paid_for_again_by_itself(
    sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path
) -> None:
    """Further runs try to fetch it, and send nothing."""
    sandbox.inject("media-403")
    for _ in range(3):
        outcomes = await make(
            sandbox.client(),
            [song("mine")],
            ledger=ledger,
            directory=tmp_path / "out",
            retry_failed=True,
        )
        assert outcomes["mine"].state == "succeeded"
    assert sandbox.stats.submissions == 1
    sandbox.clear_faults()
    outcomes = await make(
        sandbox.client(), [song("mine")], ledger=ledger, directory=tmp_path / "out"
    )
    assert outcomes["mine"].state == "saved"
    assert sandbox.stats.submissions == 1


async def test_decided_to_pay_again(sandbox: Sandbox, tmp_path: Path) -> None:
    """By hand what cannot be fetched any more is made anew, under the same key."""
    path, out = tmp_path / "a.ledger", tmp_path / "out"
    sandbox.inject("media-410")
    first = await make(sandbox.client(), [song("mine")], ledger=path, directory=out)
    async with SqliteLedger(path) as opened:
        await opened.resubmit("mine")
    assert (await entries_of(path))["mine"].state == "pending"
    sandbox.clear_faults()
    again = await make(sandbox.client(), [song("mine")], ledger=path, directory=out)
    assert again["mine"].state == "saved"
    assert again["mine"].task_id != first["mine"].task_id
    assert sandbox.stats.submissions == 2
    assert len(names_in(out)) == 1


async def test_decided_to_leave_it(sandbox: Sandbox, tmp_path: Path) -> None:
    """By hand it is given up: nothing is sent, nothing fetched."""
    path, out = tmp_path / "a.ledger", tmp_path / "out"
    sandbox.inject("media-410")
    await make(sandbox.client(), [song("mine")], ledger=path, directory=out)
    async with SqliteLedger(path) as opened:
        await opened.give_up("mine")
    media = sandbox.stats.media_requests
    outcomes = await make(sandbox.client(), [song("mine")], ledger=path, directory=out)
    assert outcomes["mine"].state == "given_up"
    assert sandbox.stats.submissions == 1
    assert sandbox.stats.media_requests == media


@pytest.mark.parametrize("fault", ["media-cut", "media-html", "media-redirect-private"])
async def test_other_failures_are_tried_again_by_running_again(
    sandbox: Sandbox, tmp_path: Path, fault: str
) -> None:
    """What is not the link's fault is fetched by the next run."""
    options: dict[str, Any] = {"ledger": tmp_path / "a.ledger", "directory": tmp_path / "out"}
    sandbox.inject(fault)
    outcomes = await make(client(sandbox), [song("mine")], **options)
    assert "run it again to fetch it" in outcomes["mine"].reason
    assert "resubmit" not in outcomes["mine"].reason
    sandbox.clear_faults()
    outcomes = await make(client(sandbox), [song("mine")], **options)
    assert outcomes["mine"].state == "saved"
    assert sandbox.stats.submissions == 1
