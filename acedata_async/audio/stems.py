"""Unpacking stems: a zip of tracks becomes a directory of files, whole or not at all."""

from __future__ import annotations

import io
import os
import re
import shutil
import stat
import struct
import unicodedata
import zlib
from collections.abc import Sequence
from itertools import count, pairwise
from pathlib import Path, PurePosixPath, PureWindowsPath
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from acedata_async._files import part_path, sync_directory
from acedata_async._rules.filenames import MEDIA, numbered, safe_stem
from acedata_async.errors import DownloadError

_PIECE = 64 * 1024
_MOST_ENTRIES = 64
_LARGEST_ENTRY = 1024**3
_LARGEST_TOTAL = 4 * 1024**3
_MOST_RATIO = 100
_INNOCENT = 64 * 1024**2
"""Bytes up to which nobody minds the ratio: a track of silence is packed to next to nothing."""
_LARGEST_CONTENTS = 1024**2
"""Bytes of an archive's table of contents, which is read at once."""

_LOCAL_HEADER = 30
"""Bytes before an entry's name, at the least."""
_ENCRYPTED = 0x1 | 0x40 | 0x2000
"""Flags of an entry: encrypted, strongly encrypted, its header hidden."""
_DOS_SPECIAL = 0x08 | 0x40 | 0x400
"""Attributes of DOS and Windows: a volume's label, a device, a reparse point (a link)."""
_ENDING = re.compile(r"\.\S+")
_HARMLESS = MEDIA | {".mid", ".midi", ".txt", ".lrc", ".jpg", ".jpeg", ".png"}
"""Endings of tracks, and of what may come with them."""

_LONGEST_SHOWN = 80
_LONGEST_REASON = 300
"""Characters of a name and of a reason in a message; a name can have 65,535."""

_DAMAGES = (
    BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OverflowError,
    ValueError,  # a name that is no text among them
)


class _Refused(Exception):
    """An archive that is not unpacked, and why."""


class _Archive(io.BufferedReader):
    """An archive's bytes; knows how many were read, and reads no endless table of contents."""

    passed = 0

    def read(self, size: int | None = -1, /) -> bytes:
        # Only the table of contents is asked for in one large piece; without a size zipfile asks
        # for the last 64 KiB alone.
        if size is not None and size > _LARGEST_CONTENTS:
            raise _Refused(f"its table of contents is larger than {_LARGEST_CONTENTS} bytes")
        data = super().read(size)
        self.passed += len(data)
        return data


def unpack(archive: Path, directory: Path, *, stem: str, url: str) -> list[Path]:
    """Unpack a zip of tracks into a new directory of its own; blocks, so run it in a thread.

    The tracks are written into a hidden directory beside the new one, which gets its name when
    they are whole and on the disk. After an error none of them is left. Directories within the
    archive are flattened, and what macOS adds (`__MACOSX`, `.DS_Store`) is left out. Memory does
    not grow with the tracks.

    Args:
        archive: The zip file; it stays.
        directory: Where the new directory goes; made if it is missing, and kept after an error.
        stem: The new directory's name, made safe, and numbered where it is taken.
        url: Where the archive came from, for the error.

    Returns:
        The tracks, in the archive's order, each named as in the archive, made safe. Entries of
        one name are numbered, and `.bin` is put behind a name that ends as neither sound nor
        what may come with it does, such as `.exe`.

    Raises:
        DownloadError: The archive is damaged, empty or unsafe (a path outside, a link, an
            encrypted entry, different names that would become one file, more than 64 entries,
            1 GiB in an entry, 4 GiB in all, or more than 64 MiB and 100 times what it was packed
            to), or it could not be read or the tracks not be written.
    """
    try:
        with _Archive(io.FileIO(archive)) as source, ZipFile(source) as opened:
            size = source.seek(0, os.SEEK_END)
            tracks = _plan(opened.infolist(), size)
            return _unpack(source, opened, tracks, directory, safe_stem(stem))
    except _Refused as refusal:
        raise DownloadError(f"the zip of {stem} is not unpacked: {refusal}", url=url) from refusal
    except _DAMAGES as error:
        reason = str(error)[:_LONGEST_REASON] or "it ends too early"
        words = f"the zip of {stem} is no whole zip archive: {reason}"
        raise DownloadError(words, url=url) from error
    except OSError as error:
        raise DownloadError(f"could not unpack {stem} in {directory}: {error}", url=url) from error


def _plan(entries: Sequence[ZipInfo], size: int) -> dict[str, ZipInfo]:
    """Choose the tracks and their names; refuse what can be told without inflating."""
    if len(entries) > _MOST_ENTRIES:
        raise _Refused(f"it has {len(entries)} entries, more than {_MOST_ENTRIES}")
    for entry in entries:
        _check_path(entry.orig_filename)
        _check_kind(entry)
    _check_layout(entries, size)
    tracks = [entry for entry in entries if _is_track(entry.orig_filename)]
    if not tracks:
        raise _Refused("it is empty")
    total = 0
    for track in tracks:
        total += track.file_size
        _check_size(track, track.file_size, total)
    return dict(zip(_names([_base(track) for track in tracks]), tracks, strict=True))


def _check_path(path: str) -> None:
    windows = PureWindowsPath(path)
    outside = windows.drive or windows.root or ".." in path.split("/")
    if outside or "\\" in path or "\0" in path:
        raise _Refused(f"{_quoted(path)} is a path that may lead outside")


def _check_kind(entry: ZipInfo) -> None:
    name, kind = entry.orig_filename, stat.S_IFMT(entry.external_attr >> 16)
    is_directory = kind == stat.S_IFDIR and name.endswith("/")
    is_plain = kind in {0, stat.S_IFREG} or is_directory
    if not is_plain or entry.external_attr & _DOS_SPECIAL:
        raise _Refused(f"{_quoted(name)} is a link or another special file")
    if entry.flag_bits & _ENCRYPTED:
        raise _Refused(f"{_quoted(name)} is encrypted")
    # Python inflates other methods without a bound on memory.
    if entry.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise _Refused(f"{_quoted(name)} is packed by method {entry.compress_type}, not by deflate")


def _check_layout(entries: Sequence[ZipInfo], size: int) -> None:
    """Refuse entries that share their bytes, which makes much of little at no ratio."""
    if not all(0 <= entry.header_offset < size for entry in entries):
        raise BadZipFile("an entry begins outside of it")
    for entry, after in pairwise(sorted(entries, key=lambda entry: entry.header_offset)):
        if entry.header_offset + _LOCAL_HEADER + entry.compress_size > after.header_offset:
            names = " and ".join(_quoted(one.orig_filename) for one in (entry, after))
            raise _Refused(f"{names} overlap")


def _quoted(name: str) -> str:
    return repr(name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}…")


def _is_track(path: str) -> bool:
    *parents, base = path.split("/")
    return base not in {"", ".DS_Store"} and "__MACOSX" not in parents


def _base(track: ZipInfo) -> str:
    return track.orig_filename.rpartition("/")[2]


def _check_size(entry: ZipInfo, size: int, total: int) -> None:
    if size > _LARGEST_ENTRY:
        raise _Refused(f"{_quoted(entry.orig_filename)} is larger than {_LARGEST_ENTRY} bytes")
    if total > _LARGEST_TOTAL:
        raise _Refused(f"its tracks are larger than {_LARGEST_TOTAL} bytes")


def _names(bases: Sequence[str]) -> list[str]:
    """Name each track; equal names are numbered, and different ones that become one refused."""
    owners: dict[str, str] = {}
    for base in bases:
        owner = owners.setdefault(_as_seen(_safe(base)), base)
        if owner != base:
            raise _Refused(f"{_quoted(owner)} and {_quoted(base)} would become one file")
    taken = set(owners)
    given: set[str] = set()
    names = []
    for base in bases:
        name = _safe(base)
        if base in given:
            later = (numbered(name, number) for number in count(2))
            name = next(other for other in later if _as_seen(other) not in taken)
        given.add(base)
        taken.add(_as_seen(name))
        names.append(name)
    return names


def _safe(base: str) -> str:
    """Return a name for a track; what is called like a program is not to be started as one."""
    ending = PurePosixPath(base).suffix
    if ending.lower() in _HARMLESS:
        return safe_stem(base.removesuffix(ending)) + ending.lower()
    name = safe_stem(base)
    ending = PurePosixPath(name).suffix  # another one, where it was cut or what is unseen left out
    is_other = _ENDING.fullmatch(ending) and ending.lower() not in _HARMLESS
    return f"{name}.bin" if is_other else name


def _as_seen(name: str) -> str:
    """Return what a file system sees in a name that minds neither case nor normal form."""
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())


def _unpack(
    source: _Archive, opened: ZipFile, tracks: dict[str, ZipInfo], directory: Path, stem: str
) -> list[Path]:
    directory.mkdir(parents=True, exist_ok=True)
    place = part_path(directory, stem)
    place.mkdir()
    try:
        total = 0
        for name, track in tracks.items():
            total += _inflate(source, opened, track, place / name, total)
        sync_directory(place)
        place = _publish(place, directory, stem)
        sync_directory(directory)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    return [place / name for name in tracks]


def _inflate(source: _Archive, opened: ZipFile, track: ZipInfo, path: Path, before: int) -> int:
    """Write one track and return its bytes; what is counted decides, not what its header says."""
    written = 0
    with opened.open(track) as packed, path.open("xb") as file:
        while piece := packed.read(_PIECE):
            written += len(piece)
            _check_size(track, written, before + written)
            grown = before + written
            if grown > _INNOCENT and grown > _MOST_RATIO * source.passed:
                raise _Refused(f"it grows to more than {_MOST_RATIO} times its size")
            file.write(piece)
        if written != track.file_size:
            raise BadZipFile(f"a track has {written} bytes, not {track.file_size}")
        file.flush()
        os.fsync(file.fileno())
    return written


def _publish(part: Path, directory: Path, stem: str) -> Path:
    """Give a whole directory its name, and never another's."""
    number = 1
    while True:
        target = directory / (stem if number == 1 else f"{stem} ({number})")
        number += 1
        if os.path.lexists(target):  # a rename would take an empty directory's place
            continue
        try:
            return part.rename(target)
        except OSError:
            if not os.path.lexists(target):
                raise
