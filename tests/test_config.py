"""What a client is set up with."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from acedata_async.config import (
    BASE_URL_VARIABLE,
    DEFAULT_BASE_URL,
    TOKEN_VARIABLE,
    PollPolicy,
    Timeouts,
    is_loopback,
    read_credentials,
)
from acedata_async.errors import ConfigurationError

TOKEN = "s3cr3t-t0ken"


def test_argument_over_environment() -> None:
    """An argument counts more than the environment, and the environment more than the default."""
    environ = {TOKEN_VARIABLE: "from-environ", BASE_URL_VARIABLE: "https://environ.example"}
    both = read_credentials(TOKEN, "https://argument.example", environ)
    assert both.token.get_secret_value() == TOKEN
    assert both.base_url == "https://argument.example"
    neither = read_credentials(None, None, environ)
    assert neither.token.get_secret_value() == "from-environ"
    assert neither.base_url == "https://environ.example"
    assert read_credentials(TOKEN, None, {}).base_url == DEFAULT_BASE_URL
    assert read_credentials(TOKEN, None, {BASE_URL_VARIABLE: ""}).base_url == DEFAULT_BASE_URL


def test_real_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the process is read where none is given."""
    monkeypatch.setenv("ACEDATACLOUD_API_TOKEN", TOKEN)
    monkeypatch.setenv("ACEDATACLOUD_API_BASE_URL", "https://environ.example")
    credentials = read_credentials(None, None)
    assert credentials.token.get_secret_value() == TOKEN
    assert credentials.base_url == "https://environ.example"


@pytest.mark.parametrize("token", ["", " ", "\n", None])
def test_no_token(token: str | None) -> None:
    """Without a token the message says which variable to set and where to get one."""
    with pytest.raises(ConfigurationError) as caught:
        read_credentials(token, None, {})
    assert TOKEN_VARIABLE in str(caught.value)
    assert "https://platform.acedata.cloud" in str(caught.value)


def test_empty_argument_is_no_token() -> None:
    """An empty argument is a mistake, not a wish for the environment's token."""
    with pytest.raises(ConfigurationError):
        read_credentials("", None, {TOKEN_VARIABLE: TOKEN})


def test_blanks_around() -> None:
    """Blanks around token and address are taken off, such as the line break of a file."""
    credentials = read_credentials(f" {TOKEN}\r\n", " https://x.example/ ", {})
    assert credentials.token.get_secret_value() == TOKEN
    assert credentials.base_url == "https://x.example"


@pytest.mark.parametrize(
    "token",
    [f"Bearer {TOKEN}", "a b", "a\tb", "a\nb", "a\x00b", "a\x7fb", "tokén", "令牌", "a\u200bb"],
)
def test_bad_token(token: str) -> None:
    """A token that cannot stand in a header is refused, and not shown."""
    with pytest.raises(ConfigurationError) as caught:
        read_credentials(token, None, {})
    assert token not in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


def test_token_is_shown_nowhere() -> None:
    """No repr shows the token."""
    credentials = read_credentials(TOKEN, None, {})
    for shown in (repr(credentials), str(credentials), f"{credentials.token}", repr([credentials])):
        assert "s3cr3t" not in shown
    with pytest.raises(dataclasses.FrozenInstanceError):
        credentials.base_url = "x"  # type: ignore[misc] # that it is refused is what is tested


@pytest.mark.parametrize(
    ("address", "base_url"),
    [
        ("https://x.example", "https://x.example"),
        ("https://x.example/", "https://x.example"),
        ("https://x.example//", "https://x.example"),
        ("https://x.example/v1/", "https://x.example/v1"),
        ("https://x.example:8443", "https://x.example:8443"),
        ("HTTPS://X.example", "HTTPS://X.example"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://LOCALHOST", "http://LOCALHOST"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_address(address: str, base_url: str) -> None:
    """An address with https may be anywhere, with http only this machine."""
    assert read_credentials(TOKEN, address, {}).base_url == base_url


@pytest.mark.parametrize(
    "address",
    [
        "http://api.acedata.cloud",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://0.0.0.0",
        "http://10.0.0.1",
        "http://[2001:db8::1]",
        "http://example.com/localhost",
    ],
)
def test_plain_http(address: str) -> None:
    """Plain http to another machine would lose the token."""
    with pytest.raises(ConfigurationError, match="unencrypted"):
        read_credentials(TOKEN, address, {})
    with pytest.raises(ConfigurationError, match="unencrypted"):
        read_credentials(TOKEN, None, {BASE_URL_VARIABLE: address})


@pytest.mark.parametrize(
    "address",
    [
        "",
        " ",
        "x.example",
        "//x.example",
        "ftp://x.example",
        "https://",
        "https:///v1",
        "https:x.example",
        "https://[::1",
        "https://x.example:port",
        "https://x.example:99999",
        "https://user@x.example",
        "https://user:pass@x.example",
        "https://@x.example",
        "https://x.example?a=b",
        "https://x.example/#top",
        "http://localhost@x.example",
    ],
)
def test_bad_address(address: str) -> None:
    """An address that is none, or holds more than an address, is refused."""
    with pytest.raises(ConfigurationError, match="base_url"):
        read_credentials(TOKEN, address, {})


@pytest.mark.parametrize(
    "address", ["https://x.example?", "https://x.example/#", "https://x.\nexample", "https://x y"]
)
def test_broken_address(address: str) -> None:
    """An address that would break in two when a path is put to it is refused."""
    with pytest.raises(ConfigurationError, match="base_url"):
        read_credentials(TOKEN, address, {})


@pytest.mark.parametrize(
    "address", ["https://user:s3cr3t@x.example", "ftp://user:s3cr3t@x", "https://u:s3cr3t@x:port"]
)
def test_password_is_not_shown(address: str) -> None:
    """A password in an address is refused without showing it."""
    with pytest.raises(ConfigurationError) as caught:
        read_credentials(TOKEN, address, {})
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.255.255.254", True),
        ("::1", True),
        ("0.0.0.0", False),  # noqa: S104 - nothing is bound
        ("128.0.0.1", False),
        ("localhost.example", False),
        ("127.1", False),
        ("", False),
    ],
)
def test_is_loopback(host: str, here: bool) -> None:  # noqa: FBT001 - a table
    """Only what must be this machine is loopback."""
    assert is_loopback(host) is here


SETTINGS = [
    (kind, field.name)
    for kind in (PollPolicy, Timeouts)
    for field in dataclasses.fields(kind)
    if field.name != "pace"
]


@pytest.mark.parametrize(("kind", "name"), SETTINGS)
@pytest.mark.parametrize(
    "value",
    [
        0,
        0.0,
        -1,
        math.nan,
        math.inf,
        -math.inf,
        True,
        False,
        "10",
        None,
        [],
        pytest.param(10**400, id="huge"),
    ],
)
def test_bad_seconds(kind: Any, name: str, value: Any) -> None:
    """A setting is a number of seconds above 0; the message names it and shows the value."""
    with pytest.raises(ConfigurationError) as caught:
        kind(**{name: value})
    assert f"{kind.__name__}.{name}: " in str(caught.value)
    assert "above 0" in str(caught.value)


@pytest.mark.parametrize(("kind", "name"), SETTINGS)
@pytest.mark.parametrize("value", [1, 0.001, 86400.0])
def test_good_seconds(kind: Any, name: str, value: float) -> None:
    """Any other number of seconds is taken."""
    assert getattr(kind(**{name: value}), name) == value


@pytest.mark.parametrize(
    "pace",
    [0, -1, 0.0999, 10.001, math.nan, math.inf, True, "1", None, pytest.param(10**400, id="huge")],
)
def test_bad_pace(pace: Any) -> None:
    """A pace is a number from 0.1 to 10; the message says so."""
    with pytest.raises(ConfigurationError, match=r"PollPolicy\.pace: .* from 0\.1 to 10"):
        PollPolicy(pace=pace)


@pytest.mark.parametrize("pace", [0.1, 0.5, 1, 2, 10])
def test_good_pace(pace: float) -> None:
    """Its bounds are allowed, too."""
    assert PollPolicy(pace=pace).pace == pace


def test_defaults() -> None:
    """The defaults are those of the documentation."""
    assert PollPolicy() == PollPolicy(min_interval=0.8, deadline=900.0, pace=1.0)
    assert Timeouts().generation == 330.0
    assert Timeouts().lookup == 15.0


@pytest.mark.parametrize("kind", [PollPolicy, Timeouts])
def test_frozen(kind: Any) -> None:
    """Settings are given by name and do not change."""
    name = dataclasses.fields(kind)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(kind(), name, 1.0)
    with pytest.raises(TypeError):
        kind(1.0)
