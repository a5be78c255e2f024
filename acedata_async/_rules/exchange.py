"""One request and one answer as plain values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal
from urllib.parse import urlencode

from acedata_async._rules.masking import bytes_without

SERVICES = ("producer", "fish")
"""The services that the package speaks to."""

Lane = Literal["lookup", "read", "submit", "hold"]
"""Which connections a call uses: `lookup` for free looks at tasks, `read` for free looks at
anything else, `submit` for calls that are acknowledged at once, `hold` for those that keep their
connection until the work is done."""


@dataclass(frozen=True)
class Call:
    """A request to the API.

    Attributes:
        path: From the base URL on, such as `/producer/tasks`.
        body: The JSON object to post. Of a `GET`, what it asks for, which becomes the query.
        lane: Which connections it uses.
        headers: Its own headers, beside those that every call has.
        method: `POST` or `GET`.
    """

    path: str
    body: Mapping[str, Any] = field(repr=False)
    lane: Lane
    headers: Mapping[str, str] = field(default_factory=dict)
    method: Literal["POST", "GET"] = "POST"

    @property
    def service(self) -> str:
        """The service that it is for, such as `producer`."""
        return service_of(self.path)

    @property
    def target(self) -> str:
        """The path, with the query of a `GET`."""
        asked = urlencode(self.body) if self.method == "GET" else ""
        return f"{self.path}?{asked}" if asked else self.path

    @cached_property
    def content(self) -> bytes:
        """The body as it is sent."""
        return json.dumps(dict(self.body)).encode() if self.method == "POST" else b""


def service_of(path: str) -> str:
    """Return the service that an address of the API belongs to, such as `producer`."""
    return path.split("/")[1]


@dataclass(frozen=True)
class Reply:
    """The API's answer to a call: any status, whole body.

    Attributes:
        status: The HTTP status.
        headers: The response headers, names in lower case.
        content: The body as bytes.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)

    @cached_property
    def body(self) -> Any:
        """The parsed JSON, or None where the content is not JSON."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            return None


def without_callback(reply: Reply, call: Call) -> Reply:
    """Return an answer without the call's `callback_url`, which may hold a secret.

    Errors quote answers, and some quote the request.
    """
    url = call.body.get("callback_url")
    if not isinstance(url, str) or not url:
        return reply
    return replace(reply, content=bytes_without(reply.content, url, "(callback_url)"))
