"""When the vendor has had enough."""

from __future__ import annotations

from acedata_async.sandbox.limits import Limits


def test_no_limits() -> None:
    """By default nothing is too much."""
    limits = Limits()
    for _ in range(100):
        assert limits.task_fits(0.0)
        assert limits.lookup_fits(0.0)
        assert limits.request_fits(0.0)
        limits.count_task(1.0)


def test_tasks_in_flight() -> None:
    """A task makes room once it is over."""
    limits = Limits(max_tasks=2)
    limits.count_task(10.0)
    limits.count_task(20.0)
    assert not limits.task_fits(9.9)
    assert limits.task_fits(10.0)


def test_lookups() -> None:
    """A burst is answered, then the steady pace."""
    limits = Limits(lookups_per_second=2.0)
    assert [limits.lookup_fits(0.0) for _ in range(3)] == [True, True, False]
    assert [limits.lookup_fits(0.5) for _ in range(2)] == [True, False]
    assert [limits.lookup_fits(9.0) for _ in range(3)] == [True, True, False]


def test_requests() -> None:
    """Requests of any kind have a pace of their own."""
    limits = Limits(requests_per_second=1.0, lookups_per_second=5.0)
    assert [limits.request_fits(0.0) for _ in range(2)] == [True, False]
    assert limits.lookup_fits(0.0)
    assert limits.request_fits(1.0)


def test_retry_after() -> None:
    """What a refusal asks for is in whole seconds, and nothing unless set."""
    assert Limits().headers == ()
    assert Limits(retry_after=2.1).headers == (("retry-after", "3"),)
