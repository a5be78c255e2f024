"""Where the vendor calls back, and how such a call is told from a forged one."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass

from pydantic import SecretStr

from acedata_async.config import checked_address
from acedata_async.errors import ConfigurationError

_SHORTEST_SECRET = 16
_SIGNED = 24
"""Bytes of the digest that an address carries: far beyond guessing."""
_MARKER = re.compile(r"[A-Za-z0-9_-]{8,64}")
_LONGEST_URL = 500


@dataclass(frozen=True, slots=True, init=False)
class Callbacks:
    """Where the vendor is to call when a task is over.

    The vendor promises no signature, so each address that it is given carries one: the secret
    itself never travels, and neither the vendor's records nor a log of requests can show it.

    Args:
        url: Where your receiver (`acedata_async.webhooks`) is reached from outside, such as
            `https://songs.example.org/callbacks`. `http://` is for loopback only.
        *secrets: What addresses are signed with, each of 16 characters or more; make one by
            `python -c "import secrets; print(secrets.token_urlsafe())"`. The first signs; the
            others are still accepted, so that a secret can be replaced while tasks are running:
            put the new one first, and drop the old one once the last of its tasks is over.

    Raises:
        ConfigurationError: The address cannot be used, or a secret is too short.

    Attributes:
        url: The same, without a slash at its end.
    """

    url: str
    _secrets: tuple[SecretStr, ...]

    def __init__(self, url: str, *secrets: str) -> None:
        object.__setattr__(self, "url", _checked_url(url))
        object.__setattr__(self, "_secrets", _checked_secrets(secrets))

    def __repr__(self) -> str:
        return f"Callbacks({self.url!r}, {len(self._secrets)} secret(s))"

    def address(self, marker: str | None = None) -> str:
        """Return a `callback_url` for one task.

        Args:
            marker: What tells its task from others: 8 to 64 letters, digits, `-` or `_`. By
                default a random one.
        """
        known: object = secrets.token_urlsafe(16) if marker is None else marker
        if not isinstance(known, str) or not _MARKER.fullmatch(known):
            raise ConfigurationError("marker: 8 to 64 letters, digits, - or _ are allowed")
        return f"{self.url}/{known}/{_signature(known, self._secrets[0])}"

    def opens(self, marker: str, signature: str) -> bool:
        """Say whether an address with this marker and signature is one of ours.

        It takes as long for a signature that is nearly right as for one that is not.
        """
        given = signature.encode(errors="replace")
        fits = [
            hmac.compare_digest(given, _signature(marker, secret).encode())
            for secret in self._secrets
        ]
        return any(fits)

    def marker_of(self, address: object) -> str | None:
        """Return the marker of a `callback_url` that leads to this receiver; None for others."""
        if not isinstance(address, str) or not address.startswith(self.url + "/"):
            return None
        marker, slash, _ = address.removeprefix(self.url + "/").partition("/")
        return marker if slash and _MARKER.fullmatch(marker) else None


def _signature(marker: str, secret: SecretStr) -> str:
    key, text = secret.get_secret_value().encode(), marker.encode(errors="replace")
    digest = hmac.digest(key, text, hashlib.sha256)
    return urlsafe_b64encode(digest[:_SIGNED]).decode()


def _checked_url(url: object) -> str:
    if not isinstance(url, str) or len(url) > _LONGEST_URL:
        raise ConfigurationError(
            f"Callbacks.url: allowed: a text of {_LONGEST_URL} characters at most"
        )
    return checked_address(
        "Callbacks.url",
        url.strip(),
        such_as="https://songs.example.org/callbacks",
        risk="let anybody on the way read the addresses",
    )


def _checked_secrets(given: tuple[object, ...]) -> tuple[SecretStr, ...]:
    if not given:
        raise ConfigurationError(
            "Callbacks: at least one secret is needed; make one by"
            ' python -c "import secrets; print(secrets.token_urlsafe())"'
        )
    known = [secret for secret in given if isinstance(secret, str)]
    fits = [secret.isprintable() and len(secret) >= _SHORTEST_SECRET for secret in known]
    if len(known) != len(given) or not all(fits):
        raise ConfigurationError(
            f"Callbacks: each secret has to be {_SHORTEST_SECRET} or more printable characters"
        )
    return tuple(SecretStr(secret) for secret in known)
