"""The public surface is listed, complete and light."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import acedata_async
from acedata_async import AceDataError, errors


def test_every_listed_name_exists() -> None:
    """What `__all__` lists can be had, once and in order, and `dir` shows it."""
    names = acedata_async.__all__
    assert names == sorted(set(names))
    assert all(getattr(acedata_async, name) is not None for name in names)
    assert dir(acedata_async) == names


def test_every_error_is_public() -> None:
    """Each class of the error tree is a public name."""
    tree = {
        name
        for name, thing in vars(errors).items()
        if inspect.isclass(thing) and issubclass(thing, AceDataError)
    }
    assert tree <= set(acedata_async.__all__)


def test_unknown_name_is_an_attribute_error() -> None:
    """A misspelt name fails as in any module."""
    with pytest.raises(AttributeError, match="AceDataa"):
        _ = acedata_async.AceDataa  # type: ignore[attr-defined]  # on purpose


def test_everything_public_is_documented() -> None:
    """Each public class, function and method has a docstring."""
    missing = []
    for name in acedata_async.__all__:
        thing = getattr(acedata_async, name)
        if not inspect.isclass(thing):
            continue
        if not thing.__doc__:
            missing.append(name)
        missing += [
            f"{name}.{attribute}"
            for attribute, member in vars(thing).items()
            if not attribute.startswith("_")
            and (inspect.isfunction(member) or isinstance(member, property))
            and not member.__doc__
        ]
    assert missing == []


def test_import_loads_no_extra() -> None:
    """The package and its client load no optional package, not even by way of httpx."""
    code = (
        "import sys; from acedata_async import AceData, WatchSet;"
        "print({'typer', 'rich', 'starlette', 'uvicorn', 'pytest', 'httpx'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)  # noqa: S603
    assert shown.stdout.strip() == "set()"
