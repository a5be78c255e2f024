"""How the studio is set up: by the environment, and read once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self

from acedata_async import Callbacks, ConfigurationError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
CALLBACKS = "/callbacks"
"""Where the vendor calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a studio is given.

    Attributes:
        directory: Where the ledger and the songs are.
        callbacks: Where the vendor calls back; None to find out by asking alone.
        hosts: The names under which the page may be opened. The vendor's calls come under any.
        max_in_flight: How many songs may be under way at once.
        budget: How many songs may be paid for, in the whole ledger; None for any number.
        sandbox: Whether the vendor is a fake one, which the page says.
    """

    directory: Path
    callbacks: Callbacks | None = None
    hosts: frozenset[str] = field(default=LOOPBACK)
    max_in_flight: int | Literal["auto"] = "auto"
    budget: int | None = None
    sandbox: bool = False

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the environment.

        `STUDIO_DIRECTORY` (`out/studio`), `STUDIO_URL` and `STUDIO_SECRET` (where the vendor
        reaches this service, and the secrets that sign it, the newest first, with blanks between
        them), `STUDIO_HOSTS` (names with blanks between them, beside those of this machine),
        `STUDIO_MAX_IN_FLIGHT` and `STUDIO_BUDGET`.

        Raises:
            ConfigurationError: One of them cannot be used.
        """
        url, secret = environment.get("STUDIO_URL"), environment.get("STUDIO_SECRET")
        if bool(url) is not bool(secret):
            missing = "STUDIO_SECRET" if url else "STUDIO_URL"
            raise ConfigurationError(
                f"{missing} is missing: the vendor's calls need an address and a secret, or neither"
            )
        callbacks = None
        if url and secret:
            callbacks = Callbacks(url.rstrip("/") + CALLBACKS, *secret.split())
        return cls(
            directory=Path(environment.get("STUDIO_DIRECTORY") or "out/studio"),
            callbacks=callbacks,
            hosts=LOOPBACK | frozenset(environment.get("STUDIO_HOSTS", "").lower().split()),
            max_in_flight=_number(environment, "STUDIO_MAX_IN_FLIGHT") or "auto",
            budget=_number(environment, "STUDIO_BUDGET"),
        )

    @property
    def ledger(self) -> Path:
        """The ledger's file."""
        return self.directory / "studio.ledger"


def _number(environment: Mapping[str, str], name: str) -> int | None:
    given = environment.get(name)
    if not given:
        return None
    if not given.isdecimal() or int(given) == 0:
        raise ConfigurationError(f"{name}: {given!r} is not allowed; allowed: 1, 2, 3, …")
    return int(given)
