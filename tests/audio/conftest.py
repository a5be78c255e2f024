"""What tests of files share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Where an archive goes."""
    return tmp_path / "a.zip"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The bytes on the disk each time that something is cleared away."""
    sizes: list[int] = []
    remove = shutil.rmtree

    def remove_counted(path: Path, *, ignore_errors: bool = False) -> None:
        sizes.append(sum(file.stat().st_size for file in path.iterdir()))
        remove(path, ignore_errors=ignore_errors)

    monkeypatch.setattr(shutil, "rmtree", remove_counted)
    return sizes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file whose name tells nothing."""
    return tmp_path / "song"
