"""Direct looks at load balancers of one scope and generation: few calls; one that fails does not affect the others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from mesh_dns.aws.calls import ErrorAnswer, OddAnswer, unreadable
from mesh_dns.aws.generations import IDS_PER_CALL, NOT_FOUND, Generation
from mesh_dns.core.values import Gone, LoadBalancer, LoadBalancerId, Sighting, Unreadable
from mesh_dns.errors import Retryable

# Calls at the same time in one scope and generation: at 300 ms a call, as many as the bucket gives.
CALLS_AT_A_TIME = 4
# Where more than these are asked for, the scope's pages are described first. AWS fails a call for several whole when
# one of them is gone, as many are in a wave of replacements: twenty ids would cost twenty-one calls.
FEW = 3
# What AWS says to a whole call because of one of its ids.
_ABOUT_ONE_ID = frozenset({NOT_FOUND, "ValidationError"})

T = TypeVar("T")
Ids = Sequence[LoadBalancerId]
Read = Callable[[Ids], Mapping[LoadBalancerId, T | Unreadable]]


class SideBySide(Protocol):
    """`map` by several threads."""

    def __call__(self, function: Callable[[Any], Any], items: Iterable[Any], /) -> Iterable[Any]:
        """The results in order."""
        ...


def look(generation: Generation, ids: Ids, side_by_side: SideBySide) -> Mapping[LoadBalancerId, Sighting]:
    """Look at each. Every id is in the answer; `Gone` only from a call that asked for that one id."""
    found = _describe(generation, ids, side_by_side)
    there = [load_balancer for load_balancer in ids if isinstance(found[load_balancer], LoadBalancer)]
    for load_balancer, tags in read_each(generation.tags, there, side_by_side).items():
        described = found[load_balancer]
        if isinstance(tags, Gone | Unreadable):
            found[load_balancer] = tags
        elif isinstance(described, LoadBalancer):
            found[load_balancer] = replace(described, tags=tags)
    return found


def those_that_exist(generation: Generation, ids: Ids) -> Mapping[LoadBalancerId, LoadBalancer | Unreadable]:
    """Describe those of many that AWS still has, in as few calls as possible. Absence from the answer proves nothing.

    Raises Retryable.
    """
    if len(ids) <= IDS_PER_CALL:
        try:
            return generation.describe(ids)
        except ErrorAnswer as error:
            if not about_one_id(error):
                raise
    found: dict[LoadBalancerId, LoadBalancer | Unreadable] = {}
    _take_from_pages(generation, ids, found)
    return found


def about_one_id(error: Exception) -> bool:
    """Whether a call failed because of one of its ids, and may work for the others."""
    return isinstance(error, OddAnswer) or (isinstance(error, ErrorAnswer) and error.code in _ABOUT_ONE_ID)


def read_each(
    read: Read[T], ids: Ids, side_by_side: SideBySide, size: int = IDS_PER_CALL
) -> dict[LoadBalancerId, T | Gone | Unreadable]:
    """Read by chunks, and one by one what failed because of one of several. Every id is in the answer.

    Only a call for one id can say that this one is gone. Any other failure is about the whole scope: it is the answer
    for all that are left, which are not asked for.
    """
    found: dict[LoadBalancerId, T | Gone | Unreadable] = {}
    one_by_one: list[LoadBalancerId] = []
    chunks = _chunks(ids, size)
    for start in range(0, len(chunks), CALLS_AT_A_TIME):
        wave = chunks[start : start + CALLS_AT_A_TIME]
        failure: Unreadable | None = None
        for chunk, answer in zip(wave, side_by_side(lambda chunk: _attempt(read, chunk), wave), strict=True):
            if not isinstance(answer, Exception):
                unread = Unreadable("AWS answered without it and without saying that it is gone")
                found.update((key, answer.get(key, unread)) for key in chunk)
            elif about_one_id(answer) and len(chunk) > 1:
                one_by_one += chunk
            elif about_one_id(answer):
                found[chunk[0]] = _said_of_one(answer)
            else:
                failure = unreadable(answer)
                found.update(dict.fromkeys(chunk, failure))
        if failure is not None:
            left = [key for key in ids if key not in found]
            return found | dict.fromkeys(left, failure)
    return found | (read_each(read, one_by_one, side_by_side, size=1) if one_by_one else {})


def _describe(generation: Generation, ids: Ids, side_by_side: SideBySide) -> dict[LoadBalancerId, Sighting]:
    if len(ids) <= FEW:
        return dict(read_each(generation.describe, ids, side_by_side))
    found: dict[LoadBalancerId, Sighting] = {}
    try:
        _take_from_pages(generation, ids, found)
    except Retryable as error:
        left = [load_balancer for load_balancer in ids if load_balancer not in found]
        return found | dict.fromkeys(left, unreadable(error))
    left = [load_balancer for load_balancer in ids if load_balancer not in found]
    return found | read_each(generation.describe, left, side_by_side, size=1)


def _take_from_pages(generation: Generation, ids: Ids, found: dict[LoadBalancerId, Any]) -> None:
    """Put into `found` what the scope's pages show of these, as far as they can be read. Raises Retryable."""
    wanted = set(ids)
    for page in generation.pages():
        found.update((key, described) for key, described in page.items() if key in wanted)
        if len(found) == len(wanted):
            return


def _attempt(read: Read[T], chunk: Ids) -> Mapping[LoadBalancerId, T | Unreadable] | Exception:
    """The answer, or what was raised: a failed call must not affect the ids of the others."""
    try:
        return read(chunk)
    except Exception as error:
        return error


def _said_of_one(error: Exception) -> Gone | Unreadable:
    return Gone() if isinstance(error, ErrorAnswer) and error.code == NOT_FOUND else unreadable(error)


def _chunks(ids: Collection[LoadBalancerId], size: int) -> list[list[LoadBalancerId]]:
    every = list(ids)
    return [every[start : start + size] for start in range(0, len(every), size)]
