"""What a client is set up with: built once, checked, frozen. The only reader of the environment."""

from __future__ import annotations

import ipaddress
import math
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from acedata_async.errors import ConfigurationError

DEFAULT_BASE_URL = "https://api.acedata.cloud"
TOKEN_VARIABLE = "ACEDATACLOUD_API_TOKEN"  # noqa: S105 - the name of a variable, not a token
FISH_TOKEN_VARIABLE = "ACEDATACLOUD_FISH_API_TOKEN"  # noqa: S105 - the same
BASE_URL_VARIABLE = "ACEDATACLOUD_API_BASE_URL"

ACCESS_HELP = (
    "get one at https://platform.acedata.cloud: open the service, press Acquire, copy the token;"
    " Producer, Producer Tasks and Fish may each have to be acquired"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PollPolicy:
    """How tasks are watched.

    Attributes:
        min_interval: The least time between two looks at one task, in seconds, and between two
            lookups that have room for more tasks. Below about a second more looks bring little:
            a song takes half a minute to five.
        deadline: How long a wait lasts at most, in seconds, unless the call says otherwise. The
            task lives on when it passes.
        pace: How eagerly to look, from 0.1 to 10: 1 weighs lookups against lateness as the
            package sees fit, 2 looks about twice as often, 0.5 about half as often. Whatever it
            is, `min_interval` holds.
    """

    min_interval: float = 0.8
    deadline: float = 900.0
    pace: float = 1.0

    def __post_init__(self) -> None:
        _check_seconds(self, "min_interval", "deadline")
        if not (_is_number(self.pace) and 0.1 <= self.pace <= 10):
            raise ConfigurationError(
                f"PollPolicy.pace: {self.pace!r} is not allowed; allowed: a number from 0.1 to 10"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long the client waits for what, in seconds.

    Attributes:
        connect: For a connection to be made.
        lookup: For the whole answer to a free look at a task.
        generation: For the answer to a paid call. Long, because the API may generate before it
            answers, and giving up early leaves the outcome unknown.
        download: For the next bytes of a download.
        throttled: How long a paid call keeps trying while the API answers 429.
        close: How long closing the client waits for paid calls under way.
    """

    connect: float = 10.0
    lookup: float = 15.0
    generation: float = 330.0
    download: float = 60.0
    throttled: float = 600.0
    close: float = 10.0

    def __post_init__(self) -> None:
        _check_seconds(self, *(field.name for field in fields(self)))


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadPolicy:
    """What downloads may do: an address in a record is outside data.

    Attributes:
        largest: Bytes of a file at most; 4 GiB unless set.
        slowest: Bytes a second, over `Timeouts.download` seconds, below which a connection is
            given up and another one is tried; 64 unless set.
        trusted_hosts: Hosts in a private network, or on this machine, from which files may come,
            without a port: the client refuses what is no host.
            The host of `base_url` is one of them anyway. Any other is refused: one whose name or
            address says so, and one whose name leads to such an address. The addresses of a name
            are looked at before a connection is made, and the one connected to again before
            anything is sent. Through a proxy, and with an `http_client` on another engine than
            httpx's own, only the name is judged. 198.18.0.0/15, which some proxies give to every
            name, counts as public.
    """

    largest: int = 4 * 1024**3
    slowest: float = 64.0
    trusted_hosts: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for name in ("largest", "slowest"):
            value = getattr(self, name)
            if not _is_number(value) or not 0 < value < math.inf:
                raise ConfigurationError(
                    f"DownloadPolicy.{name}: {value!r} is not allowed; allowed: a number of bytes"
                    " above 0"
                )
        hosts: Any = self.trusted_hosts
        several = isinstance(hosts, Collection) and not isinstance(hosts, str | bytes)
        if not several or not all(isinstance(host, str) for host in hosts):
            raise ConfigurationError(
                f"DownloadPolicy.trusted_hosts: {hosts!r} is not allowed; allowed: a set of hosts"
            )


_LONGEST = 10 * 365 * 86400.0


def _check_seconds(settings: PollPolicy | Timeouts, *names: str) -> None:
    for name in names:
        value = getattr(settings, name)
        if not _is_number(value) or not 0 < value <= _LONGEST:
            raise ConfigurationError(
                f"{type(settings).__name__}.{name}: {value!r} is not allowed;"
                " allowed: a number of seconds above 0"
            )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where the API is and what opens it.

    Attributes:
        base_url: Where it is.
        token: Opens every service that has no token of its own.
        fish_token: Opens Fish, where that is another one.
    """

    base_url: str
    token: SecretStr
    fish_token: SecretStr | None = None

    def token_for(self, service: str) -> SecretStr:
        """Return what opens a service, such as `producer` or `fish`."""
        own = self.fish_token if service == "fish" else None
        return self.token if own is None else own

    @property
    def tokens(self) -> list[SecretStr]:
        """All of them."""
        return [self.token] if self.fish_token is None else [self.token, self.fish_token]


def read_credentials(
    api_token: str | None,
    base_url: str | None,
    environ: Mapping[str, str] | None = None,
    *,
    fish_token: str | None = None,
) -> Credentials:
    """Take tokens and address from the arguments, else from the environment, and check them.

    Raises:
        ConfigurationError: There is no token, or one of them cannot be used.
    """
    environ = os.environ if environ is None else environ
    if fish_token is None and api_token is None:
        # Beside a token that was passed, one from the environment may be of another account.
        fish_token = environ.get(FISH_TOKEN_VARIABLE, "").strip() or None
    only = environ.get(TOKEN_VARIABLE, "").strip() or fish_token or ""
    token = _checked_token(only if api_token is None else api_token)
    if token is None:
        raise ConfigurationError(
            f"no API token: pass api_token or set {TOKEN_VARIABLE}; {ACCESS_HELP}"
        )
    own = None if fish_token is None else _checked_token(fish_token)
    if fish_token is not None and own is None:
        raise ConfigurationError("fish_token: empty; allowed: a token, or None for api_token")
    address = environ.get(BASE_URL_VARIABLE) or DEFAULT_BASE_URL if base_url is None else base_url
    checked = checked_address(
        "base_url",
        address.strip(),
        such_as=DEFAULT_BASE_URL,
        # The API answers plain HTTP with a redirect, and the token is lost on the way.
        risk="send the token unencrypted",
    )
    return Credentials(checked, token, None if own == token else own)


def _checked_token(given: str) -> SecretStr | None:
    token = given.strip()
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigurationError(
            "the API token has characters that no token has (blanks, line breaks, accents);"
            " copy it again, without the word Bearer"
        )
    return SecretStr(token) if token else None


def checked_address(name: str, address: str, *, such_as: str, risk: str) -> str:
    """Check an address of the web, and return it without a slash at its end.

    Args:
        name: What it is called, for the error.
        address: As the user gave it.
        such_as: One that is allowed.
        risk: What would come of its being unencrypted.

    Raises:
        ConfigurationError: It is none, has parts that it must not have, or is plain HTTP to
            another machine.
    """
    if set("@?#\\") & set(address) or not address.isprintable() or " " in address:
        # Not shown, since a password may be in it.
        raise ConfigurationError(
            f"{name}: no user name, query, fragment, backslash or blank is allowed in it"
        )
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise ConfigurationError(f"{name}: {address!r} is not an address: {error}") from error
    if parts.scheme not in {"http", "https"} or not host:
        raise ConfigurationError(
            f"{name}: {address!r} is not allowed; allowed: an address such as {such_as}"
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise ConfigurationError(
            f"{name}: {address!r} would {risk}; use https (http is allowed for loopback only)"
        )
    return address.rstrip("/")


def is_loopback(host: str) -> bool:
    """Say whether a host name or address can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
