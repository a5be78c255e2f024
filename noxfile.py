"""Every check of the project; `nox -l` lists them. CI runs nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "types", "imports", "tests", "examples", "package"]

SUPPORTED = ("3.11", "3.12", "3.13")
THIS = f"{sys.version_info.major}.{sys.version_info.minor}"
AT_ONCE = ("-n", "auto", "--dist", "worksteal")
CODE = (
    "acedata_async",
    "tests",
    "benchmarks",
    "examples",
    "scripts",
    "docs/run_examples.py",
    "noxfile.py",
)


def _interpreters() -> list[str]:
    """Return every supported Python that is installed, also those that pyenv keeps apart."""
    if os.environ.get("CI"):
        return [THIS]
    if shutil.which("pyenv") and "PYENV_VERSION" not in os.environ:
        listed = subprocess.run(
            ["pyenv", "versions", "--bare"], capture_output=True, text=True, check=False
        ).stdout.split()
        os.environ["PYENV_VERSION"] = ":".join(
            sorted(listed, key=lambda version: not version.startswith(THIS + "."))
        )
    return [version for version in SUPPORTED if version == THIS or _runs(f"python{version}")]


def _runs(command: str) -> bool:
    return (
        shutil.which(command) is not None
        and subprocess.run([command, "-c", ""], capture_output=True, check=False).returncode == 0
    )


def _groups(name: str) -> list[str]:
    return list(nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), name))


@nox.session(python=_interpreters())
def tests(session: nox.Session) -> None:
    """Run the tests."""
    session.install("-e", ".[all]", *_groups("tests"))
    session.run("pytest", *AT_ONCE, *session.posargs)


@nox.session(python=THIS)
def coverage(session: nox.Session) -> None:
    """Run the tests and report the coverage of lines and branches."""
    session.install("-e", ".[all]", *_groups("tests"))
    session.env["COVERAGE_FILE"] = str(Path(session.create_tmp()) / "coverage")
    least = "0" if session.posargs else "97"
    session.run(
        "pytest", *AT_ONCE, "--cov=acedata_async", f"--cov-fail-under={least}", *session.posargs
    )


@nox.session(python=False)
def develop(session: nox.Session) -> None:
    """Install what most sessions need where nox itself is; `nox --no-venv --no-install` uses it."""
    names = ("tests", "browser", "bench", "lint", "types", "imports")
    groups = [spec for name in names for spec in _groups(name)]
    session.run(sys.executable, "-m", "pip", "install", "-q", "-e", ".[all]", *groups)


@nox.session(python=THIS)
def demo(session: nox.Session) -> None:
    """Make every song of examples/songs.jsonl on the embedded sandbox, into out/."""
    session.install(".[all]")
    session.run(
        "acedata", "bulk", "examples/songs.jsonl", "--sandbox", "-o", "out", *session.posargs
    )


@nox.session(python=THIS)
def studio(session: nox.Session) -> None:
    """Start the example service on the embedded sandbox, until Ctrl-C."""
    session.install(".[all]")
    arguments = ("--sandbox", *session.posargs)  # for real, and for money, it is started by hand
    session.run("python", "-m", "examples.studio", *arguments, success_codes=[0, 130])


@nox.session(python=THIS)
def browser(session: nox.Session) -> None:
    """Test the example service in a Chromium, if one is installed; `-- --screenshot` for docs."""
    session.install("-e", ".[all]", *_groups("tests"), *_groups("browser"))
    session.run("pytest", "-q", "tests/browser", *session.posargs)


@nox.session(python=THIS)
def lint(session: nox.Session) -> None:
    """Check style and format."""
    session.install(*_groups("lint"))
    session.run("ruff", "check", *CODE)
    session.run("ruff", "format", "--check", *CODE)


@nox.session(python=THIS)
def types(session: nox.Session) -> None:
    """Check the types of the package, the tests and the examples, strictly."""
    session.install("-e", ".[all]", "nox", *_groups("tests"), *_groups("types"))
    session.run("mypy", *CODE)


@nox.session(python=THIS)
def imports(session: nox.Session) -> None:
    """Check that imports point down, and that optional packages stay optional."""
    session.install("-e", ".", *_groups("imports"))  # imports are read, not run
    session.run("lint-imports", "--no-cache")


@nox.session(python=THIS)
def examples(session: nox.Session) -> None:
    """Execute the code in README and docs, on the sandbox."""
    session.install("-e", ".[all]", *_groups("tests"))
    session.run("pytest", *AT_ONCE, "-q", "docs/run_examples.py", *session.posargs)


@nox.session(python=THIS)
def package(session: nox.Session) -> None:
    """Build the wheel, and import it in an environment that has nothing else."""
    session.install("build")
    dist = Path(session.create_tmp()) / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(dist), ".", silent=True)
    wheel = next(dist.glob("*.whl"))
    empty = Path(session.create_tmp()) / "empty"
    shutil.rmtree(empty, ignore_errors=True)
    session.run("python", "-m", "venv", str(empty), silent=True)
    python = next(p for p in (empty / "bin/python", empty / "Scripts/python.exe") if p.exists())
    session.run(str(python), "-m", "pip", "install", "-q", str(wheel), external=True, silent=True)
    session.run(
        str(python),
        "-c",
        "import acedata_async, sys; from acedata_async.sandbox import Sandbox;"
        " from importlib.resources import files;"
        " assert (files('acedata_async') / 'py.typed').is_file();"
        " extras = {'typer', 'rich', 'uvicorn', 'starlette', 'pytest'} & set(sys.modules);"
        " assert not extras, extras; print('imported', acedata_async.__version__)",
        external=True,
    )


@nox.session(python=THIS)
def lowest(session: nox.Session) -> None:
    """Run the tests with the lowest versions of the dependencies that are allowed."""
    project = nox.project.load_toml("pyproject.toml")["project"]
    extras = project["optional-dependencies"]
    optional = ("aiohttp", "cli", "fastapi", "sandbox", "tags")
    wanted = [*project["dependencies"], *(spec for name in optional for spec in extras[name])]
    floors = [spec.split(",")[0].replace(">=", "==") for spec in wanted]
    session.install(*floors, *_groups("tests"))
    session.install("--no-deps", "-e", ".")
    # Old versions may themselves use what newer ones of others have deprecated.
    quietly = ("-q", "-W", "ignore::DeprecationWarning")
    session.run("pytest", *AT_ONCE, *quietly, *session.posargs)


@nox.session(python=THIS)
def crash(session: nox.Session) -> None:
    """Kill `acedata bulk` at random instants, go on, and count at the server what was paid."""
    session.install("-e", ".[all]")
    session.run("python", "-m", "scripts.crash_bulk", *session.posargs)


@nox.session(python=THIS)
def import_time(session: nox.Session) -> None:
    """Print how long the import takes, beside that of its own dependencies."""
    session.install(".")
    session.run("python", "scripts/import_time.py")


@nox.session(python=THIS)
def bench(session: nox.Session) -> None:
    """Measure this package beside the vendor's SDK; see docs/benchmarks.md."""
    session.install("-e", ".[aiohttp,sandbox]", *_groups("bench"))
    vendor = Path(session.create_tmp()).absolute() / "vendor"
    session.run("python", "-m", "venv", str(vendor), silent=True)
    python = next(p for p in (vendor / "bin/python", vendor / "Scripts/python.exe") if p.exists())
    session.run(
        str(python), "-m", "pip", "install", "-q", "acedatacloud", external=True, silent=True
    )
    session.run(
        "python", "-m", "benchmarks.bench", "--vendor-python", str(python), *session.posargs
    )


@nox.session(python=THIS)
def bench_bulk(session: nox.Session) -> None:
    """Measure bulk runs and their ledger; see docs/benchmarks-bulk.md."""
    session.install("-e", ".[sandbox]", *_groups("bench"))
    session.run("python", "-m", "benchmarks.bulk", *session.posargs)


@nox.session(python=THIS)
def bench_downloads(session: nox.Session) -> None:
    """Measure downloads beside curl and bare httpx; see docs/benchmarks-downloads.md."""
    session.install("-e", ".[aiohttp]")
    session.run("python", "-m", "benchmarks.downloads", *session.posargs)


@nox.session(python=THIS)
def bench_callbacks(session: nox.Session) -> None:
    """Measure what callbacks save, and what forged ones cost; see docs/benchmarks-callbacks.md."""
    session.install("-e", ".[sandbox]")
    session.run("python", "-m", "benchmarks.callbacks", *session.posargs)


@nox.session(python=THIS)
def bench_studio(session: nox.Session) -> None:
    """Measure the example service under load; see docs/tutorial/studio.md."""
    session.install("-e", ".[all]")
    session.run("python", "-m", "benchmarks.studio_load", *session.posargs)
