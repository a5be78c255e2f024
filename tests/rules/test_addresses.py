"""Addresses in records: outside data, which must not lead into somebody's own network."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acedata_async._rules.addresses import (
    is_private,
    is_trusted,
    leads_inside,
    read_host,
    refusal,
    shown,
)

METADATA = "169.254.169.254"
"""Where clouds keep secrets for their machines."""


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.acedata.cloud/a.m4a",
        "http://example.com:8080/a?b=c#d",
        "https://8.8.8.8/a",
        "https://[2606:4700::1111]/a",
        "https://localhost.example.com/a",
        "https://not-localhost.org/a",
        "https://127.0.0.1.example.com/a",
        "https://örtlich.example/a",
        "https://user:secret@example.com/a",
        "HTTPS://EXAMPLE.COM/A",
    ],
)
def test_public_addresses(url: str) -> None:
    """What is on the internet may be fetched."""
    assert refusal(url, trusted=()) is None


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost",
        "localhost.",
        "printer.local",
        "metadata.google.internal",
        "router.lan",
        "nas.home.arpa",
        "a.localhost",
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "127.0.1",
        "0",
        "0.0.0.0",  # noqa: S104 - nothing listens
        "2130706433",
        "017700000001",
        "0x7f000001",
        "0X7F.1",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "0177.0x0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "192.168.257",
        "100.64.0.1",
        METADATA,
        "2852039166",
        "0xa9fea9fe",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::FFFF:A9FE:A9FE]",
        "[fe80::1]",
        "[fe80::1%25eth0]",
        "[::1%25lo]",
        "[fc00::1]",
        "[fd12:3456::1]",
        "[2001:db8::1]",
    ],
)
@pytest.mark.parametrize(
    "form", ["http://{}", "https://{}:8443/a", "HTTP://{}/", "http://a@{}/", "http://a:b@{}:80/?c"]
)
def test_private_addresses(host: str, form: str) -> None:
    """Each form that systems take of a private address is refused, with what can be done."""
    words = refusal(form.format(host), trusted=())
    assert words is not None
    assert "trusted_hosts" in words


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com\\@127.0.0.1/",
        "http://example.com@127.0.0.1/",
        "http://example.com:80@127.0.0.1/",
        "http://example.com%40@127.0.0.1/",
        "http://12\t7.0.0.1/",
        "http://127.0.0.1#@example.com/",
        "http://127.0.0.1?@example.com/",
    ],
)
def test_tricks_with_what_is_not_the_host(url: str) -> None:
    """A name before an @, a blank or a mark behind the host hide nothing."""
    assert refusal(url, trusted=()) is not None


@pytest.mark.parametrize("stop", ["\u3002", "\uff0e", "\uff61"])
@pytest.mark.parametrize("host", ["127.0.0.1", METADATA, "10.0.0.1", "a.localhost"])
def test_full_stops_of_other_scripts(host: str, stop: str) -> None:
    """What the network reads as a full stop counts as one."""
    assert refusal(f"http://{host.replace('.', stop)}/", trusted=()) is not None


@pytest.mark.parametrize("host", ["localhost\u3002", f"{METADATA}\uff0e"])
def test_full_stops_of_other_scripts_at_the_end(host: str) -> None:
    """The same behind a host."""
    assert refusal(f"http://{host}/", trusted=()) is not None


@pytest.mark.parametrize(
    "host",
    [
        "[64:ff9b::a9fe:a9fe]",
        "[64:ff9b::10.0.0.1]",
        "[2002:7f00:1::]",
        "[2002:a9fe:a9fe::1]",
        "[::127.0.0.1]",
        "[::ffff:0:127.0.0.1]",
        "[fec0::1]",
        "[64:ff9b:1::7f00:1]",
        "[64:ff9b:1:ffff::808:808]",
        "[5f00::1]",
        "[3fff::1]",
        "[100::1]",
        "192.88.99.1",
    ],
)
def test_addresses_within_addresses(host: str) -> None:
    """A private address within one of IPv6 is as private, and what leads nowhere is refused."""
    assert refusal(f"http://{host}/", trusted=()) is not None


@pytest.mark.parametrize(
    "host",
    ["boß.lan", "faß.example", "ς.example", "a\u200db.example", "ẞ.example", "\uff45.example"],
)
def test_names_that_are_read_in_two_ways(host: str) -> None:
    """A name that older rules read as another one than the network does is refused, or trusted."""
    read = host.replace("ß", "ss").replace("\uff45", "e")
    assert refusal(f"https://{host}/", trusted=(host, read)) is not None
    assert not is_trusted(f"https://{host}/", (host, read))


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("NAS.lan", "nas.lan"),
        ("localhost.", "localhost"),
        ("[::1]", "::1"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("Örtlich.lan", "xn--rtlich-vxa.lan"),
        ("nas.lan:8080", None),
        ("http://nas.lan", None),
        ("nas.lan/songs", None),
        ("user@nas.lan", None),
        ("[::1]:8080", None),
        ("", None),
    ],
)
def test_hosts_are_read_as_the_network_reads_them(given: str, read: str | None) -> None:
    """Hosts in settings and in addresses are the same once they are read."""
    assert read_host(given) == read


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://a.test/b.m4a?sig=s3cr3t", "https://a.test/b.m4a"),
        ("https://a.test/b.m4a#s3cr3t", "https://a.test/b.m4a"),
        ("https://user:s3cr3t@a.test/b", "https://a.test/b"),
        ("https://user:p@s3cr3t@a.test/b@c", "https://a.test/b@c"),
        ("ftp://user:s3cr3t@a.test/b?x@y", "ftp://a.test/b"),
        ("//s3cr3t@a.test/b", "//a.test/b"),
        ("/b", "/b"),
        ("", ""),
    ],
)
def test_addresses_are_shown_without_secrets(url: str, safe: str) -> None:
    """What lets others in stands in no message."""
    assert shown(url) == safe
    assert "s3cr3t" not in str(refusal(url, trusted=()))


@pytest.mark.parametrize("host", ["intranet", "redis", "ip6-localhost", "localhost.localdomain"])
def test_names_that_only_a_private_network_knows(host: str) -> None:
    """A name without a dot is looked up in the network's own domain."""
    assert refusal(f"http://{host}/", trusted=()) is not None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a",
        "/a",
        "//127.0.0.1/a",
        "file:///etc/passwd",
        "ftp://example.com/a",
        "javascript:alert(1)",
        "data:audio/mp4;base64,AAAA",
        "gopher://127.0.0.1:6379/_",
        "http://",
        "http:///a",
        "http:example.com",
        "http://:80/",
        "http://a:port/",
        "http://a:99999/",
        "http://[::1/",
        "http://[::1]]/",
        "http://exa\u2100mple.com/",
        "http://localhost../",
        "http://a..b/",
        "http://127%2e0%2e0%2e1/",
    ],
)
def test_what_is_no_web_address(url: str) -> None:
    """Other schemes and what cannot be read are refused, and never an exception."""
    words = refusal(url, trusted=())
    assert words is not None
    assert len(words) < 400


def test_trusted_hosts() -> None:
    """What is trusted may be private, in any case of letters and with a dot at its end."""
    trusted = {"localhost", "10.0.0.1", "::1"}
    assert refusal("http://LOCALHOST.:8000/a", trusted=trusted) is None
    assert refusal("http://10.0.0.1/a", trusted=trusted) is None
    assert refusal("http://[::1]/a", trusted=trusted) is None
    assert refusal("http://10.0.0.2/a", trusted=trusted) is not None
    assert refusal("http://10.0.0.1@10.0.0.2/a", trusted=trusted) is not None


def test_long_address_is_cut_in_the_words() -> None:
    """The words of a refusal stay short, whatever the address is."""
    words = refusal("x" * 100_000, trusted=())
    assert words is not None
    assert len(words) < 300


NUMBER = st.sampled_from(["{}", "0x{:x}", "0X{:X}", "0{:o}", "0x0{:x}", "00{:o}"])


@st.composite
def old_forms(draw: st.DrawFn) -> str:
    """Return an address of IPv4 in a form that C libraries take."""
    private = [0, 10 << 24, 127 << 24, (127 << 24) + 1, (169 << 24) + (254 << 16), (192 << 24) + 1]
    value = draw(st.integers(0, 2**32 - 1) | st.sampled_from(private))
    count = draw(st.integers(1, 4))
    numbers = [(value >> 24 - 8 * index) & 0xFF for index in range(count - 1)]
    numbers.append(value & (1 << 32 - 8 * (count - 1)) - 1)
    return ".".join(draw(NUMBER).format(number) for number in numbers)


@given(old_forms())
def test_old_forms_are_read_as_the_system_reads_them(host: str) -> None:
    """Each number may be decimal, octal or hexadecimal, and the last one fill what is left."""
    address = IPv4Address(socket.inet_aton(host))
    assert is_private(host) is not address.is_global
    assert (refusal(f"http://{host}/", trusted=()) is None) is address.is_global


@given(st.from_regex(r"[0-9a-fA-FxX.]{1,20}", fullmatch=True))
def test_nothing_that_the_system_reads_is_missed(host: str) -> None:
    """Whatever the system takes for a private address is private here."""
    try:
        address = IPv4Address(socket.inet_aton(host))
    except OSError:
        return
    assert is_private(host) or address.is_global


@given(st.ip_addresses(v=6))
def test_new_addresses(address: object) -> None:
    """Addresses of IPv6 that are not global are refused."""
    is_global = getattr(address, "is_global", False)
    assert is_global or refusal(f"http://[{address}]/", trusted=()) is not None


@given(st.text(max_size=40))
def test_any_text(text: str) -> None:
    """Nothing in a record makes it fail."""
    for url in (text, f"http://{text}", f"http://[{text}]/", f"http://a@{text}:80/"):
        words = refusal(url, trusted={"localhost"})
        assert words is None or words


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("8.8.8.8", False),
        ("2606:4700::1111", False),
        ("64:ff9b::808:808", False),
        ("198.18.0.7", False),  # a proxy's stand-in for any name
        ("198.19.255.255", False),
        ("198.20.0.1", False),
        ("127.0.0.1", True),
        ("10.1.2.3", True),
        ("172.16.0.1", True),
        ("192.168.0.1", True),
        ("169.254.169.254", True),
        ("100.64.0.1", True),
        ("224.0.0.1", True),
        ("0.0.0.0", True),  # noqa: S104 - nothing listens
        ("::1", True),
        ("fe80::1%eth0", True),
        ("fd00::1", True),
        ("::ffff:10.0.0.1", True),
        ("64:ff9b::a00:1", True),
    ],
)
def test_addresses_of_a_name(address: str, *, inside: bool) -> None:
    """What a name was found to lead to counts by the address, apart from stand-ins."""
    assert leads_inside(address) is inside


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("http://files.lan/a", True),
        ("http://FILES.lan.:8080/a", True),
        ("http://files\u3002lan/a", True),
        ("http://files.lan.evil.test/a", False),
        ("http://user@evil.test/files.lan", False),
        ("http:///a", False),
    ],
)
def test_host_is_trusted_by_its_whole_name(url: str, *, trusted: bool) -> None:
    """A host is trusted by its whole name, as the network reads it."""
    assert is_trusted(url, {"files.lan"}) is trusted
