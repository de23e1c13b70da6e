"""Names: what a tag asks for, what a DNS name may look like, and which zone holds it."""

from __future__ import annotations

import re
from collections.abc import Mapping

LONGEST_NAME = 253
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def normalize(name: str) -> str:
    """Names and record contents are compared like this: lower case, without a trailing dot.

    A name that is not ASCII stays as it is and is refused later: lower-casing turns some foreign letters into ASCII.
    """
    return name.lower().removesuffix(".") if name.isascii() else name


def in_tag(value: str) -> tuple[str, ...]:
    """The hostnames that a tag's value asks for, each once, in its order. A tag may hold several names."""
    return tuple(dict.fromkeys(normalize(name) for name in value.split()))


def problem_with(name: str) -> str | None:
    """Why a normalized name cannot be a hostname (RFC 1123), or None when it can."""
    if not name.isascii():
        return "is not ASCII; write it in its punycode form (xn--...)"
    if len(name) > LONGEST_NAME:
        return f"is longer than {LONGEST_NAME} characters"
    for label in name.split("."):
        if not _LABEL.fullmatch(label):
            return (
                f"has the label {label!r}: a label holds 1-63 letters, digits and inner hyphens, "
                "no wildcard, no underscore"
            )
    return None


def suffix_of(name: str, suffixes: Mapping[str, str]) -> str | None:
    """The longest configured suffix that a name lies under, on label borders.

    A suffix itself lies under none, not even under a shorter one: it may be the apex of a zone.
    """
    if name in suffixes:
        return None
    labels = name.split(".")
    for start in range(len(labels)):
        candidate = ".".join(labels[start:])
        if candidate in suffixes:
            return candidate
    return None


def matches(name: str, pattern: str) -> bool:
    """Whether a name fits a pattern: `*` is any name, `*.` at the front one or more labels, the rest is literal."""
    pattern = normalize(pattern)
    if pattern == "*":
        return True
    if pattern.startswith("*."):
        return name.endswith(pattern[1:]) and name != pattern[1:]
    return name == pattern
