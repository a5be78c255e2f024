"""Addresses in records: outside data, which must not lead into somebody's own network."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache
from urllib.parse import urlsplit

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_LOCAL_NAMES = ("localhost", "localdomain", "local", "internal", "intranet", "lan", "home.arpa")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_SEEMING = ipaddress.IPv4Network("198.18.0.0/15")
_EMBEDDING = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "::/96", "::ffff:0:0:0/96")))
"""Networks whose addresses hold one of the older form in their last bits."""
_STOPS = re.compile("[\u3002\uff0e\uff61]")
_USER = re.compile(r"([/\\]{2})[^/\\]*@")
_UNUSED = tuple(
    map(
        ipaddress.ip_network,
        ("192.88.99.0/24", "64:ff9b:1::/48", "100::/64", "2001:db8::/32", "3fff::/20", "5f00::/16"),
    )
)
"""Networks that lead nowhere, or into one's own; what Python says of some depends on its version
(IANA's special-purpose address registries)."""
_NUMBERS = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+)){0,3}\.?", re.IGNORECASE)


def refusal(url: str, *, trusted: Collection[str]) -> str | None:
    """Return why nothing is fetched from an address, in words; None where it may be.

    Args:
        url: The address.
        trusted: Hosts from which files may come although they are private.
    """
    try:
        parts = urlsplit(url)
        written, _ = parts.hostname, parts.port
    except ValueError:
        written, parts = None, None
    if parts is None or parts.scheme not in {"http", "https"} or not written:
        return f"{shown(url)!r:.200} is no web address"
    host = read_host(written)
    if host is None:
        return f"{written!r:.200} is no name of a host"
    if host in trusted or not is_private(host):
        return None
    return (
        f"{host} is an address inside a network, which no record has reason to name; if it is"
        " yours, allow it: DownloadPolicy(trusted_hosts=…)"
    )


def shown(url: str) -> str:
    """Leave out what lets others in: a query, which may hold a signature, and names of users."""
    return _USER.sub(r"\1", url.partition("?")[0].partition("#")[0])


def is_trusted(url: str, trusted: Collection[str]) -> bool:
    """Say whether a web address is of one of these hosts."""
    host = urlsplit(url).hostname
    return host is not None and read_host(host) in trusted


def leads_inside(address: str) -> bool:
    """Say whether an address that a name was found to have lies in a private network.

    Those of 198.18.0.0/15 do not count: it is what proxies that take over a whole machine let
    names seem to have.
    """
    read = _address(address)
    if isinstance(read, ipaddress.IPv4Address) and read in _SEEMING:
        return False
    return is_private(address)


def is_private(host: str) -> bool:
    """Say whether a host is this machine, or one that only a private network knows.

    Args:
        host: A name, or an address in any form that systems take: `127.1`, `0x7f000001`.
    """
    address = _address(host)
    if address is None:
        # What has no dot is looked up in the machine's own domain.
        return "." not in host or any(host.endswith(f".{name}") for name in _LOCAL_NAMES)
    return any(map(_is_inside, _meant(address)))


def _is_inside(address: _Address) -> bool:
    # Addresses of sites are out of use, and count as global.
    of_a_site = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    if of_a_site or any(address in network for network in _UNUSED):
        return True
    return address.is_multicast or not address.is_global


@lru_cache(maxsize=64)  # a run fetches from a few
def read_host(host: str) -> str | None:
    """Return a host as the network reads it, in lower case; None for what is none.

    Full stops of other scripts separate names as well, and letters have look-alikes: a name that
    older rules read as another one (`ß` as `ss`) is none.
    """
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    if ":" in host:
        try:
            return str(ipaddress.IPv6Address(host.lower()))
        except ValueError:
            return None
    try:
        ascii_ = unicodedata.normalize("NFKC", host).encode("idna").decode("ascii")
        given = _STOPS.sub(".", unicodedata.normalize("NFC", host).lower())
        if not host.isascii() and ascii_.encode("ascii").decode("idna") != given:
            return None
    except UnicodeError:
        return None
    named = ascii_.rstrip(".").lower()
    return None if not named or set("%/@?# \\") & set(named) else named


def _meant(address: _Address) -> list[_Address]:
    """Return an address and those within it, which a gateway may lead to."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    within = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    low = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if any(address in network for network in _EMBEDDING):
        within.append(low)
    if address.ipv4_mapped is not None or address in _NAT64:
        return [one for one in within if one is not None]
    return [address, *(one for one in within if one is not None)]


def _address(host: str) -> _Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    if not _NUMBERS.fullmatch(host):
        return None
    return _old_form(host.rstrip(".").split("."))


def _old_form(parts: list[str]) -> ipaddress.IPv4Address | None:
    """Read an address of one to four numbers, decimal, octal or hexadecimal, as C libraries do."""
    try:
        *firsts, last = (_number(part) for part in parts)
        value = last
        for index, first in enumerate(firsts):
            if first > 255:
                return None
            value += first << (24 - 8 * index)
        return ipaddress.IPv4Address(value)
    except ValueError:
        return None


def _number(text: str) -> int:
    lowered = text.lower()
    if lowered.startswith("0x"):
        return int(lowered[2:] or "0", 16)
    if len(text) > 1 and text.startswith("0"):
        return int(text, 8)
    return int(text[:20])
