"""Names of files from a template such as `{title} - {id}`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from acedata_async._rules.filenames import fitted
from acedata_async._rules.wire import as_text
from acedata_async.errors import InvalidRequest

_FIELD = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LONGEST = 60
"""Characters of a field in a name: lyrics are fields as well."""


def check_template(template: object, known: Collection[str]) -> None:
    """Make sure that a template can be filled in.

    Args:
        template: The template.
        known: The names that it may have in braces.

    Raises:
        InvalidRequest: It cannot.
    """
    if not isinstance(template, str) or not template.strip():
        raise InvalidRequest("template", template, 'a text such as "{title} - {id}"')
    for found in _FIELD.finditer(template):
        name = found[1]
        if found[0] in {"{{", "}}"} or name in known:
            continue
        if name is None:
            rule = f"each field in two braces, and {found[0] * 2} where {found[0]} itself is meant"
        elif not _NAME.fullmatch(name):
            rule = "fields that are a name in braces, without a format"
        else:
            rule = "a text with fields in braces"
        allowed = f"{rule}; the fields are: {', '.join(sorted(known))}"
        raise InvalidRequest("template", template, allowed)


def as_template(name: str) -> str:
    """Return the template that gives a name as it is."""
    return name.replace("{", "{{").replace("}", "}}")


def fill(template: str, facts: Mapping[str, Any]) -> str:
    """Return a template with its fields filled in; what is not known leaves nothing behind.

    Where that is too long for a name, texts such as titles are shortened, and ids are not.
    """
    texts, cut, end = [], [], 0
    for found in _FIELD.finditer(template):
        name = found[1]
        value = found[0][0] if name is None else _shown(facts.get(name))
        texts += [template[end : found.start()], value]
        cut += [False, name is not None and name != "id" and not name.endswith("_id")]
        end = found.end()
    # Of "{title} - {id}" without an id no dash is to stay.
    return fitted([*texts, template[end:]], cut=[*cut, False]).strip(" -_.,")


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join((as_text(value) or "").split())[:_LONGEST].strip()
