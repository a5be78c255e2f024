"""What the vendor sees of an HTTP request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request.

    Attributes:
        authorization: The `Authorization` header, empty if there was none.
        media_base: What comes before the paths of media in the answer.
        query: What stands behind the question mark of the address.
        engine: The `model` header, empty if there was none.
        asked: What came before the path in the address: scheme and host.
        range: The `Range` header, empty if there was none.
        if_range: The `If-Range` header, empty if there was none.
    """

    method: str
    path: str
    authorization: str
    body: bytes
    media_base: str
    query: str = ""
    engine: str = ""
    asked: str = "http://localhost"
    range: str = ""
    if_range: str = ""
