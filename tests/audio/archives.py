"""Archives of stems, good and bad, and what becomes of them."""

from __future__ import annotations

import struct
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import pytest

from acedata_async import DownloadError
from acedata_async.audio.stems import unpack

URL = "https://cdn.test/stems/a.zip"
MIB = 1024**2
SOUND = bytes(range(256)) * 8

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="what POSIX systems do")


def entry(name: str, *, mode: int = 0, method: int = ZIP_STORED) -> ZipInfo:
    """Return an entry with this very name, which zipfile would put right."""
    info = ZipInfo("x")
    info.filename = info.orig_filename = name
    info.external_attr = mode << 16
    info.compress_type = method
    return info


def pack(path: Path, entries: Iterable[tuple[str | ZipInfo, bytes]]) -> Path:
    """Write an archive."""
    with warnings.catch_warnings(), ZipFile(path, "w") as opened:
        warnings.simplefilter("ignore")  # of a name that comes twice
        for name, data in entries:
            opened.writestr(name if isinstance(name, ZipInfo) else entry(name), data)
    return path


def forge(path: Path, offset: int, form: str, value: int) -> None:
    """Overwrite a field of the first entry in the table of contents."""
    data = bytearray(path.read_bytes())
    struct.pack_into(form, data, data.index(b"PK\x01\x02") + offset, value)
    path.write_bytes(data)


def unpacked(path: Path, *, stem: str = "Song") -> list[Path]:
    """Unpack an archive into its own directory."""
    return unpack(path, path.parent, stem=stem, url=URL)


def tree(directory: Path) -> list[str]:
    """Return all that is in a directory, hidden names as well."""
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*"))


def refusal(path: Path) -> str:
    """Return why an archive is refused, and prove that nothing is left behind."""
    before = tree(path.parent)
    with pytest.raises(DownloadError) as caught:
        unpacked(path)
    assert caught.value.url == URL
    assert tree(path.parent) == before
    assert len(str(caught.value)) < 1000
    return str(caught.value)
