"""What a bulk run is given of the client's."""

from __future__ import annotations

from dataclasses import dataclass

from acedata_async._clock import Clock
from acedata_async.audio.download import Downloader
from acedata_async.callbacks import Callbacks
from acedata_async.tasks.claims import Claims
from acedata_async.tasks.orders import Orders
from acedata_async.tasks.poller import Poller


@dataclass(frozen=True, slots=True)
class Workshop:
    """The parts of a client that make things at one service.

    Attributes:
        service: The service's name, such as `producer`.
        orders: Sends what is paid for.
        poller: Watches the tasks.
        downloader: Fetches the files.
        clock: The time.
        base_url: Where the API is.
        grace: Seconds to wait for paid calls under way when a run is left.
        callbacks: Where the vendor calls back, if it does.
        claims: What those calls say about calls whose answer was lost.
    """

    service: str
    orders: Orders
    poller: Poller
    downloader: Downloader
    clock: Clock
    base_url: str
    grace: float
    callbacks: Callbacks | None
    claims: Claims
