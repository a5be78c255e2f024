"""One file over as many answers as it takes."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from acedata_async._rules.transfer import Transfer
from tests.examples import examples

WHOLE = {"content-length": "10", "etag": '"a"'}
CHANGED = "Tue, 30 Dec 2025 18:36:00 GMT"
LATER = "Thu, 01 Jan 2026 00:00:00 GMT"


def begun(received: int, **headers: str) -> Transfer:
    """Return a transfer of which so many bytes came before it broke."""
    transfer = Transfer()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    assert transfer.begin(200, named or WHOLE) == "anew"
    transfer.take(received)
    return transfer


def part(first: int, last: int, total: int | str, **headers: str) -> dict[str, str]:
    """Return the headers of an answer with a part of a file."""
    return {"content-range": f"bytes {first}-{last}/{total}", **headers}


def test_first_request_asks_for_everything() -> None:
    """As long as nothing is here no range is asked for."""
    assert Transfer().headers() == {}


@pytest.mark.parametrize(
    ("headers", "validator"),
    [
        ({"etag": '"a"'}, '"a"'),
        ({"etag": '"a"', "last-modified": "Tue, 30 Dec 2025 18:36:00 GMT"}, '"a"'),
        ({"last-modified": CHANGED, "date": "Tue, 30 Dec 2025 18:37:00 GMT"}, CHANGED),
    ],
)
def test_rest_is_asked_for_with_its_validator(headers: dict[str, str], validator: str) -> None:
    """After a cut the rest alone is asked for, on condition that the file is the same."""
    transfer = Transfer()
    transfer.begin(200, headers)
    transfer.take(4)
    assert transfer.headers() == {"range": "bytes=4-", "if-range": validator}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"etag": 'W/"a"'},
        {"etag": ""},
        {"last-modified": " "},
        {"last-modified": CHANGED},
        {"last-modified": CHANGED, "date": CHANGED},
        {"last-modified": CHANGED, "date": "Tue, 30 Dec 2025 18:36:59 GMT"},
        {"last-modified": CHANGED, "date": "Mon, 29 Dec 2025 18:36:00 GMT"},
        {"last-modified": CHANGED, "date": "soon"},
        {"last-modified": "soon", "date": LATER},
        {"last-modified": CHANGED, "date": "Tue, 99 Dec 99999 18:36:00 GMT"},
        {"etag": 'W/"a"', "last-modified": CHANGED, "date": LATER},
    ],
)
def test_no_rest_without_a_strong_validator(headers: dict[str, str]) -> None:
    """Where nothing tells one state of the file from another all of it is asked for again."""
    transfer = Transfer()
    transfer.begin(200, headers)
    transfer.take(4)
    assert transfer.headers() == {}


def test_right_part_goes_on() -> None:
    """The rest of the same file belongs behind what is here."""
    transfer = begun(4)
    assert transfer.begin(206, part(4, 9, 10, etag='"a"')) == "on"
    transfer.take(6)
    assert transfer.shortage is None


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-range": "bytes 4-9"},
        {"content-range": "bytes */10"},
        {"content-range": "items 4-9/10"},
        part(3, 9, 10, etag='"a"'),
        part(5, 9, 10, etag='"a"'),
        part(4, 9, 11, etag='"a"'),
        part(4, 9, 10, etag='"b"'),
        part(4, 3, 10, etag='"a"'),
        part(4, 10, 10, etag='"a"'),
        part(4, 9, 10, **{"last-modified": CHANGED}),
        part(4, 9, 10, etag='W/"a"', **{"last-modified": "Tue, 30 Dec 2025 18:36:00 GMT"}),
    ],
)
def test_other_parts_are_refused(headers: dict[str, str]) -> None:
    """A part of another place or of another file is of no use, and all is asked for again."""
    transfer = begun(4)
    assert transfer.begin(206, headers) is None
    assert transfer.headers() == {}


def test_part_of_another_date_is_refused() -> None:
    """Where a date tells one state of a file from another, each part has to have it."""
    headers = {"content-length": "10", "last-modified": CHANGED, "date": LATER}
    for told, fits in (
        ({"last-modified": CHANGED}, "on"),
        ({"last-modified": LATER}, None),
        ({}, None),
        ({"last-modified": CHANGED, "etag": '"a"'}, None),
    ):
        transfer = Transfer()
        transfer.begin(200, headers)
        transfer.take(4)
        assert transfer.begin(206, part(4, 9, 10, **told)) == fits


def test_part_of_a_file_without_a_length() -> None:
    """The end of a part is not that of the file where nobody tells how long the file is."""
    transfer = begun(4, etag='"a"')
    assert transfer.begin(206, part(4, 9, "*", etag='"a"')) == "on"
    transfer.take(6)
    assert transfer.shortage == "a part of a file came whose length nobody tells"
    assert transfer.headers()["range"] == "bytes=10-"


def test_length_that_a_later_part_tells() -> None:
    """Once a length is told, what makes up that length is whole."""
    transfer = begun(4, etag='"a"')
    for first, last, total in ((4, 9, "*"), (10, 11, 12)):
        assert transfer.begin(206, part(first, last, total, etag='"a"')) == "on"
        transfer.take(last + 1 - first)
    assert transfer.shortage is None


def test_all_of_a_file_as_a_part_without_a_length() -> None:
    """A first part that may not be all of it is not taken for all of it."""
    transfer = Transfer()
    assert transfer.begin(206, part(0, 4, "*", etag='"a"')) == "anew"
    transfer.take(5)
    assert transfer.shortage == "a part of a file came whose length nobody tells"


def test_part_with_more_than_it_says() -> None:
    """Of what comes beyond a part nobody knows what it is, and all is asked for again."""
    transfer = begun(4)
    assert transfer.begin(206, part(4, 6, 10, etag='"a"')) == "on"
    transfer.take(6)
    assert transfer.shortage == "10 bytes came of 7"
    assert transfer.headers() == {}


def test_whole_file_in_place_of_a_part() -> None:
    """A server that sends all of it once more makes what is here worthless."""
    transfer = begun(4)
    assert transfer.begin(200, {"content-length": "3", "etag": '"b"'}) == "anew"
    transfer.take(3)
    assert transfer.shortage is None
    assert transfer.headers()["if-range"] == '"b"'


@pytest.mark.parametrize("length", ["ten", "", "NaN", "inf"])
def test_length_that_is_none(length: str) -> None:
    """A length that cannot be read counts as untold."""
    transfer = begun(4, content_length=length)
    assert transfer.total is None
    assert transfer.shortage is None


def test_part_tells_the_length() -> None:
    """What the first answer did not tell a part may."""
    transfer = begun(4, etag='"a"')
    assert transfer.begin(206, part(4, 9, 10, etag='"a"')) == "on"
    transfer.take(5)
    assert transfer.shortage == "9 bytes came of 10"


def test_too_much_is_no_whole_file() -> None:
    """More bytes than announced are as wrong as fewer."""
    assert begun(11).shortage == "11 bytes came of 10"
    assert begun(0).shortage == "no bytes came"


def test_part_from_the_start_replaces_what_is_there() -> None:
    """A part from the first byte on is written from the first byte on, asked for or not."""
    transfer = begun(4)
    assert transfer.begin(206, part(5, 9, 10)) is None
    assert transfer.begin(206, part(0, 9, 10)) in {"anew", None}


def test_getting_on() -> None:
    """A try is worth repeating that brought 64 KiB, or a tenth of what is missing."""
    transfer = begun(100, content_length="1000000", etag='"a"')
    assert not transfer.got_on()
    transfer.take(65_536)
    assert transfer.got_on()
    assert not transfer.got_on()
    transfer.take(1_000_000 - 65_636 - 1000)
    assert transfer.got_on()
    transfer.take(99)
    assert not transfer.got_on()
    transfer.take(101)
    assert transfer.got_on()
    transfer.start_over()
    transfer.begin(200, WHOLE)
    transfer.take(5)
    assert not transfer.got_on()


def test_weak_tag_of_another_file() -> None:
    """A weak tag proves nothing, but one of another file is a proof that it is another."""
    transfer = begun(4, etag='"a"')
    assert transfer.begin(206, part(4, 9, "*", etag='W/"b"')) is None


class Version(NamedTuple):
    """A state of the server's file: its bytes, and what tells it from others."""

    content: bytes
    headers: dict[str, str]

    @property
    def validator(self) -> str | None:
        """What a server compares `If-Range` with."""
        return self.headers.get("etag", self.headers.get("last-modified"))

    @property
    def is_certain(self) -> bool:
        """Whether these bytes can be told from others."""
        return self.validator is not None and not self.validator.startswith("W/")


def version(number: int, content: bytes, kind: str) -> Version:
    """Return a state of a file whose validator is of the kind."""
    date = f"Tue, 30 Dec 2025 18:{number // 60 % 60:02}:{number % 60:02} GMT"
    return Version(
        content,
        {
            "strong": {"etag": f'"{number}"'},
            "both": {"etag": f'"{number}"', "last-modified": date},
            "date": {"last-modified": date, "date": LATER},
            "weak": {"etag": f'W/"{number}"'},
            "none": {},
        }[kind],
    )


class Answer(NamedTuple):
    """What a server sends; `begin` is where it says that its bytes belong."""

    status: int
    headers: dict[str, str]
    body: bytes


PLAYS = ("right", "whole", "elsewhere", "unasked", "another file", "no range", "less", "more")
CONTENTS = st.binary(min_size=1, max_size=12)
KINDS = st.sampled_from(["strong", "both", "date", "weak", "none"])


class Server(RuleBasedStateMachine):
    """A server that breaks off, changes its file and sends other parts; and a download from it.

    What it says of its bytes is true, as far as it says something. Either the file that comes out
    is one that the server has had, or the try fails.
    """

    def __init__(self) -> None:
        super().__init__()
        self.versions = [version(0, b"first version", "strong")]
        self.transfer = Transfer()
        self.file = bytearray()

    @rule(content=CONTENTS, kind=KINDS)
    def change(self, content: bytes, kind: str) -> None:
        """Put another file in the place of the one that was there."""
        self.versions.append(version(len(self.versions), content, kind))

    @rule(
        play=st.sampled_from(PLAYS),
        is_told=st.booleans(),
        breaks_at=st.integers(0, 14),
        shift=st.integers(-3, 3),
    )
    def answer(self, play: str, breaks_at: int, shift: int, *, is_told: bool) -> None:
        """Answer what the download asks for next."""
        asked = self.transfer.headers()
        answer = self.play(play, asked, shift, is_told=is_told)
        is_cut = breaks_at < len(answer.body)
        self.take(answer, answer.body[:breaks_at], is_cut=is_cut)

    def play(self, play: str, asked: dict[str, str], shift: int, *, is_told: bool) -> Answer:
        """Return the answer to a request."""
        now = self.versions[-1]
        start = int(asked["range"][6:-1]) if asked else 0
        fits = bool(asked) and asked["if-range"] == now.validator and start < len(now.content)
        if play == "another file" and asked and start < len(now.content) and now.is_certain:
            return self.part(now, start)
        if play == "unasked":
            return self.part(now, 0, is_named=False)
        if not fits or play == "whole":
            length = {"content-length": str(len(now.content))} if is_told else {}
            surplus = b"more" if play == "more" and is_told else b""
            return Answer(200, now.headers | length, now.content + surplus)
        if play == "elsewhere":
            return self.part(now, min(max(0, start + shift), len(now.content) - 1))
        if play == "no range":
            return Answer(206, now.headers, now.content[start:])
        until = start + 1 if play == "less" else None
        return self.part(now, start, until=until, is_named=is_told)

    def part(
        self, now: Version, start: int, *, until: int | None = None, is_named: bool = True
    ) -> Answer:
        """Return an answer with a part of a file."""
        size = len(now.content)
        body = now.content[start:until]
        told = part(start, start + len(body) - 1, size)
        return Answer(206, told | (now.headers if is_named else {}), body)

    def take(self, answer: Answer, body: bytes, *, is_cut: bool) -> None:
        """Do with an answer what a download does."""
        match self.transfer.begin(answer.status, answer.headers):
            case None:
                return
            case "anew":
                self.file.clear()
        self.file += body
        self.transfer.take(len(body))
        if not is_cut and self.transfer.shortage is None:
            assert bytes(self.file) in {version.content for version in self.versions}
            self.transfer = Transfer()
            self.file = bytearray()

    @invariant()
    def knows_what_is_there(self) -> None:
        """As many bytes count as received as are there, or none of them counts."""
        assert self.transfer.received in {0, len(self.file)}


TestServer = Server.TestCase
TestServer.settings = examples(200, stateful_step_count=40)
