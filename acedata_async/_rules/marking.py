"""Where the marker of a paid call travels: in the `callback_url`, which the record echoes.

The vendor has no idempotency key and no field for a reference of the caller's. It stores the
submitted body with the task, and its own documents name `https://api.acedata.cloud/health` as the
address for whoever has no receiver.
"""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

Marking = Literal["placeholder", "everywhere", "off"]
"""`placeholder`: a request without a `callback_url` is sent with the vendor's placeholder, which
carries the marker. `everywhere`: the marker goes into the query of a `callback_url` of yours, too.
`off`: no marker is sent; what is uncertain can then only be resolved by hand."""

_VENDOR = "acedata.cloud"
_DOCUMENTED = "https://api.acedata.cloud/health"
_PARAMETER = "acedata_marker"
_MARKED = re.compile(rf"[?&]{_PARAMETER}=[\w-]{{8,}}|/[\w-]{{8,64}}/[\w-]{{32}}\Z", re.ASCII)
"""In the query of an address, or in the path of a receiver's, before its signature."""


def placeholder_at(base_url: str) -> str:
    """Return the address that stands for "no receiver" at an API.

    At the vendor's hosts it is the documented one; anywhere else, such as at a sandbox on this
    machine, it is the same path there, so that nothing is ever called that was not asked for.
    """
    host = urlsplit(base_url).hostname or ""
    vendors = host == _VENDOR or host.endswith("." + _VENDOR)
    return _DOCUMENTED if vendors else f"{base_url}/health"


def marked(marker: str, own: str | None, *, marking: Marking, placeholder: str) -> str | None:
    """Return the `callback_url` that carries a marker, or None where none is to be sent.

    Args:
        marker: The marker.
        own: The request's own `callback_url`, or None.
        marking: Where markers may go.
        placeholder: What is used where the request has no address of its own.
    """
    if marking == "off" or (own is not None and marking != "everywhere"):
        return None
    address, hash_sign, fragment = (own or placeholder).partition("#")
    joint = "&" if "?" in address else "?"
    if address.endswith(("?", "&")):
        joint = ""
    return f"{address}{joint}{_PARAMETER}={marker}{hash_sign}{fragment}"


def carries_marker(address: str) -> bool:
    """Say whether a marker can be read in an address: anybody's, but not a masked one."""
    return _MARKED.search(address) is not None
