"""Links that carry a signature and are good for a while."""

from __future__ import annotations

import hashlib
from urllib.parse import parse_qs

USUAL_LIFETIME = 60.0
"""Seconds for which a link is good whose task has the fault, if the sandbox knows no better."""


def signed(path: str, expires: float) -> str:
    """Return `path` with a signature that is good until `expires`, in Unix seconds."""
    moment = f"{expires:.3f}"
    return f"{path}?expires={moment}&sig={_signature(path, moment)}"


def is_good(path: str, query: str, now: float) -> bool:
    """Return whether a request may have the file behind a signed link.

    Args:
        path: What it asks for.
        query: What stands behind the question mark.
        now: The time, in Unix seconds.
    """
    given = parse_qs(query)
    moment, signature = given.get("expires", [""])[0], given.get("sig", [""])[0]
    # What is signed is a number, since nothing else ever was.
    return signature == _signature(path, moment) and now <= float(moment)


def _signature(path: str, moment: str) -> str:
    # A secret would protect nothing here, and links would not outlive a restart.
    return hashlib.sha256(f"{path} until {moment}".encode()).hexdigest()[:32]
