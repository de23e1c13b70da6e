"""Event patterns, as EventBridge matches them.

moto's matcher knows the comparisons (`prefix`, `exists`, `anything-but`, `numeric`, ...) but does not look
into arrays of objects: `{"tags": {"key": ["hostname"]}}` never matches `"tags": [{"key": "hostname"}]`. In
EventBridge it does, and all conditions below `tags` must hold in the same element. So the walk is here,
and each comparison is moto's.
"""

from __future__ import annotations

from moto.events.models import UNDEFINED, EventPattern

_COMPARE = EventPattern(None, {})._does_item_match_filters


def matches(pattern: dict[str, object], value: object) -> bool:
    """Whether an event, or a part of one, fits a pattern, or the part of one for it."""
    if isinstance(value, list) and value:
        return any(matches(pattern, element) for element in value)
    members = value if isinstance(value, dict) else {}
    return all(_member_matches(name, wanted, members) for name, wanted in pattern.items())


def _member_matches(name: str, wanted: object, members: dict[str, object]) -> bool:
    if name == "$or" and isinstance(wanted, list):
        return any(matches(alternative, members) for alternative in wanted)
    if isinstance(wanted, dict):
        return matches(wanted, members.get(name))
    if not isinstance(wanted, list):
        return False
    found = members.get(name, UNDEFINED)
    # Only a leaf exists: an object, or an empty array, has no value to compare.
    return bool(_COMPARE(UNDEFINED if isinstance(found, dict) or found == [] else found, wanted))
