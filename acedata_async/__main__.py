"""The command `acedata`, also as `python -m acedata_async`."""

from __future__ import annotations

import io
import sys

_NO_CONFIGURATION = 3
_INTERRUPTED = 130


def main() -> None:
    """Run the command line, or say what to install for it."""
    _write_whatever_comes()
    try:
        from acedata_async.cli.app import app  # noqa: PLC0415 - typer and rich are an extra
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in {"typer", "rich"}:
            raise
        sys.stderr.write(
            f"acedata: the command line needs {error.name}:"
            " pip install '.[cli]' in a clone of the project\n"
        )
        sys.exit(_NO_CONFIGURATION)
    except KeyboardInterrupt:  # the import takes a moment
        sys.stderr.write("acedata: interrupted\n")
        sys.exit(_INTERRUPTED)
    app(prog_name="acedata")


def _write_whatever_comes() -> None:
    """Let stdout and stderr escape what their encoding cannot hold: ids follow such a title."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    main()
