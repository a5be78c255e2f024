"""The receiver of callbacks: what the vendor posts to a `callback_url`.

It is an ASGI application of its own, and needs nothing beyond the core. A callback is a hint: it
makes its task due for a lookup, and the lookup tells the truth.
"""

from acedata_async.webhooks.receiver import Receiver

__all__ = ["Receiver"]
