"""What you need to test code that uses this package: a clock that you own.

The fake vendor is `acedata_async.sandbox.Sandbox`; in memory it comes with a `ManualClock` that
jumps, so that a song of forty seconds takes a test a few milliseconds.
"""

from acedata_async.testing.clock import ManualClock

__all__ = ["ManualClock"]
