"""Names for files that are safe everywhere."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from acedata_async._rules.filenames import ENDINGS, ending_of, numbered, safe_stem
from tests.examples import examples

RESERVED = {"con", "prn", "aux", "nul", "conin$", "conout$", "clock$"} | {
    f"{device}{digit}" for device in ("com", "lpt") for digit in "123456789¹²³"
}


@pytest.mark.parametrize(
    ("text", "stem"),
    [
        ("A song for Christmas", "A song for Christmas"),
        ("在陽光下醒來", "在陽光下醒來"),
        ("a/b\\c:d", "a_b_c_d"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("/etc/passwd", "_etc_passwd"),
        ("C:\\x", "C__x"),
        ('<>:"/\\|?*', "_________"),
        ("a\nb\r\nc\td", "a b c d"),
        ("a\x00b", "a b"),
        ("a\x7fb\x85c\u2028d", "a b c d"),
        ("  a   b  ", "a b"),
        ("...", "untitled"),
        (".hidden", "hidden"),
        ("song.", "song"),
        ("song. . .", "song"),
        ("", "untitled"),
        (" ", "untitled"),
        ("\u200b\u202e", "untitled"),
        ("\u202egnp.exe", "gnp.exe"),
        ("\ud800", "untitled"),
        ("a\ud800b", "ab"),
        ("con", "_con"),
        ("CON", "_CON"),
        ("Con.txt", "_Con.txt"),
        ("aux .txt", "_aux .txt"),
        ("com1", "_com1"),
        ("LPT9.x.y", "_LPT9.x.y"),
        ("com¹", "_com¹"),
        ("com0", "com0"),
        ("CONIN$", "_CONIN$"),
        ("conout$.x", "_conout$.x"),
        ("CLOCK$", "_CLOCK$"),
        ("console", "console"),
        ("n\u200bul", "_nul"),
        ("e\u0301", "é"),
    ],
)
def test_safe_stem(text: str, stem: str) -> None:
    """Each trap has its name."""
    assert safe_stem(text) == stem


def test_long_text() -> None:
    """A long text is cut between characters."""
    assert safe_stem("x" * 1000) == "x" * 200
    assert safe_stem("é" * 150) == "é" * 100
    assert safe_stem("x" + "é" * 150) == "x" + "é" * 99
    assert safe_stem("x" * 199 + " y") == "x" * 199


TRAPS = st.text(
    st.characters()
    | st.sampled_from('./\\:*?"<>| \t\n\x00\u200b\u200d\u202e\u0301\u2028e')
    | st.characters(categories=["Cs", "Cf", "Mn", "Zs", "Cc"]),
    max_size=300,
) | st.sampled_from(sorted(RESERVED)).flatmap(
    lambda name: st.tuples(st.just(name), st.text(". \u200b\u0301x", max_size=4)).map("".join)
)


@examples(500)
@given(TRAPS)
@example("e\u200d\u0301")
@example("\u1100\u200b\u1161")
@example("aux\u200b.\u0301")
def test_safe_stem_is_safe(text: str) -> None:
    """Whatever the title, the name is one short, visible, unreserved component, and stays so."""
    stem = safe_stem(text)
    assert stem
    assert not set(stem) & set('<>:"/\\|?*')
    assert all(unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in stem)
    assert not stem.startswith((".", " "))
    assert not stem.endswith((".", " "))
    assert stem.partition(".")[0].strip().lower() not in RESERVED
    assert len(f"{stem} (999).abcdefgh".encode()) + len(".0123456789abcdef.part") <= 255
    assert unicodedata.is_normalized("NFC", stem)
    assert safe_stem(stem) == stem


@pytest.mark.parametrize(
    ("url", "content_type", "ending"),
    [
        ("https://x/1.m4a", "", ".m4a"),
        ("https://x/1.M4A?token=1.exe#a.b", "audio/mpeg", ".m4a"),
        ("https://x/1%2Em4a", "", ".m4a"),
        ("https://x/archive.tar.gz", "", ".bin"),
        ("https://x/evil.exe", "", ".bin"),
        ("https://x/evil.exe", "audio/mpeg", ".mp3"),
        ("https://x/get.php?id=1", "audio/mp4; charset=x", ".m4a"),
        ("https://x/song.lnk", "application/x-msdownload", ".bin"),
        ("https://x/1.Opus", "", ".opus"),
        ("https://x/1.webm", "audio/mp4", ".webm"),
        ("https://x/1", "audio/mp4", ".m4a"),
        ("https://x/1", "Audio/MPEG; charset=x", ".mp3"),
        ("https://x/1", "audio/x-wav", ".wav"),
        ("https://x/1", "application/zip", ".zip"),
        ("https://x/1", "video/mp4", ".mp4"),
        ("https://x/1", "image/jpeg", ".bin"),
        ("https://x/1", "text/html", ".bin"),
        ("https://x/1", "", ".bin"),
        ("https://x.m4a", "", ".bin"),
        ("https://x/1.toolongending", "audio/mp4", ".m4a"),
        ("https://x/1.m%2F4", "", ".bin"),
        ("https://x/1.m4a/", "", ".m4a"),
        ("https://x/1.m4%00", "", ".bin"),
        ("https://x/1.é", "", ".bin"),
        ("", "", ".bin"),
    ],
)
def test_ending_of(url: str, content_type: str, ending: str) -> None:
    """The ending is that of the address, else that of the content type, else `.bin`."""
    assert ending_of(url, content_type) == ending


@settings(deadline=None)
@given(st.text() | st.text().map("https://x/{}".format), st.text())
@example("http://[", "")
@example("https://[::1/a.m4a", "audio/mp4")
def test_ending_of_anything(url: str, content_type: str) -> None:
    """An address from a reply never raises, however broken, and the ending is a plain one."""
    assert ending_of(url, content_type) in ENDINGS


@pytest.mark.parametrize(
    ("url", "content_type", "told", "ending"),
    [
        ("https://x/1.mp3", "audio/mpeg", ".wav", ".wav"),
        ("https://x/evil.exe", "application/x-msdownload", ".m4a", ".m4a"),
        ("https://x/1.bin", "audio/mpeg", ".flac", ".flac"),
        ("https://x/1.zip", "", ".mp3", ".mp3"),
        ("https://x/1.mp4", "", ".m4a", ".mp4"),
        ("https://x/1.opus", "", ".ogg", ".opus"),
        ("https://x/1.m4a", "audio/mp4", ".zip", ".zip"),
        ("https://x/1", "audio/mpeg", ".webm", ".webm"),
    ],
)
def test_ending_that_the_bytes_tell(url: str, content_type: str, told: str, ending: str) -> None:
    """What the bytes tell counts more than an address that is no more exact."""
    assert ending_of(url, content_type, told) == ending


@pytest.mark.parametrize(
    ("name", "number", "expected"),
    [
        ("a.m4a", 1, "a.m4a"),
        ("a.m4a", 2, "a (2).m4a"),
        ("a.b.m4a", 3, "a.b (3).m4a"),
        ("a", 2, "a (2)"),
        ("a", 1, "a"),
    ],
)
def test_numbered(name: str, number: int, expected: str) -> None:
    """Files of one name are told apart by a number before the ending."""
    assert numbered(name, number) == expected
