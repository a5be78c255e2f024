"""Every way to end has its exit code and one clear line, and no traceback."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from acedata_async.cli.app import app
from acedata_async.cli.exits import MEANINGS, Exit, worst
from acedata_async.sandbox import Sandbox
from tests.cli.conftest import Acedata, document

CASES = [
    ("fail-F1", Exit.FAILED, "TaskFailed"),
    ("bad-request", Exit.FAILED, "APIError"),
    ("moderation", Exit.NO_ACCESS, "PermissionDenied"),
    ("invalid-token", Exit.NO_ACCESS, "AuthenticationError"),
    ("used-up", Exit.NO_BALANCE, "InsufficientBalance"),
    ("payment-required", Exit.NO_BALANCE, "PaymentRequired"),
    ("cut-after-accept", Exit.UNKNOWN, "SubmissionUnknown"),
    ("never", Exit.UNFINISHED, "WatchTimeout"),
    ("refuse-connection", Exit.API_DOWN, "ConnectionFailed"),
    ("throttle", Exit.API_DOWN, "RateLimited"),
]


@pytest.mark.parametrize(("fault", "code", "kind"), CASES)
def test_each_error_has_its_code(
    acedata: Acedata, sandbox: Sandbox, *, fault: str, code: Exit, kind: str
) -> None:
    """The line names the error; with --json the document does, with the code."""
    sandbox.inject(fault)
    result = acedata("generate", "A song", "--json")
    assert result.exit_code == code
    assert result.stderr.splitlines()[-1].startswith(f"acedata: {kind}: ")
    assert "Traceback" not in result.output
    error = document(result)["error"]
    assert (error["type"], error["exit_code"]) == (kind, code)


@pytest.mark.parametrize(
    "arguments",
    [
        ["generate"],
        ["generate", "x", "--weirdness", "7"],
        ["extend", "x"],
        ["extend", "x", "--continue-at", "-1"],
        ["no-such-command"],
        ["generate", "x", "--timeout", "0"],
        ["generate", "x", "--api-token", "secret"],
    ],
)
def test_wrong_usage_sends_nothing(
    acedata: Acedata, sandbox: Sandbox, arguments: list[str]
) -> None:
    """Usage that is wrong ends with 2; a token is no option, for the shell remembers it."""
    result = acedata(*arguments)
    assert result.exit_code == Exit.USAGE
    assert sandbox.stats.submission_requests == 0


def test_what_to_do_is_said_once(acedata: Acedata, sandbox: Sandbox) -> None:
    """The error's own advice is not repeated."""
    sandbox.inject("used-up")
    result = acedata("generate", "A song")
    assert result.stderr.count("top up") == 1
    assert result.stderr.endswith("; then run it again\n")


def test_several_problems_are_a_line_each(acedata: Acedata) -> None:
    """An invalid file lists all its problems."""
    result = acedata("bulk", "-", "--json", stdin='{"action": "x"}\n{"action": "y"}')
    lines = result.stderr.splitlines()
    assert lines[0] == "acedata: InvalidRequest: 2 problems; nothing was sent"
    assert lines[1].startswith("  line 1: action: ")
    assert len(document(result)["error"]["problems"]) == 2


def test_without_a_token_it_says_where_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing token is one line and exit code 3."""
    monkeypatch.delenv("ACEDATACLOUD_API_TOKEN", raising=False)
    result = CliRunner().invoke(app, ["generate", "A song"])
    assert result.exit_code == Exit.NO_ACCESS
    assert result.stderr.startswith(
        "acedata: ConfigurationError: no API token: set ACEDATACLOUD_API_TOKEN; "
    )
    assert "https://platform.acedata.cloud" in result.stderr


def test_the_environment_says_where_to_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the sandbox the address and token of the environment are used."""
    monkeypatch.setenv("ACEDATACLOUD_API_TOKEN", "a-token")
    assert CliRunner().invoke(app, ["generate", " "]).exit_code == Exit.USAGE
    monkeypatch.setenv("ACEDATACLOUD_API_BASE_URL", "http://localhost.invalid")
    result = CliRunner().invoke(app, ["generate", " "])
    assert result.exit_code == Exit.NO_ACCESS
    assert "base_url" in result.stderr


def test_the_most_serious_code_wins() -> None:
    """An unknown outcome outweighs all others."""
    codes = set(Exit) - {Exit.GOOD, Exit.INTERRUPTED, Exit.TERMINATED}
    assert worst(codes) is Exit.UNKNOWN
    assert worst(codes - {Exit.UNKNOWN}) is Exit.NO_BALANCE
    assert worst([Exit.GOOD, Exit.UNFINISHED, Exit.FAILED]) is Exit.FAILED
    assert worst([]) is Exit.GOOD


def test_every_code_has_a_meaning() -> None:
    """The help of the app tells them all."""
    text = CliRunner().invoke(app, ["--help"]).stdout
    assert set(MEANINGS) == set(Exit)
    assert all(f"{int(code)} " in text and meaning in text for code, meaning in MEANINGS.items())
