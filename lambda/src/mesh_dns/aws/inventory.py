"""Load balancers, read from AWS. What could not be read never looks like what is not there."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from mesh_dns.aws.calls import Refused
from mesh_dns.aws.generations import IDS_PER_CALL, NOT_FOUND, Classic, Descriptions, ElbV2, Generation, Tags, tags_of
from mesh_dns.aws.scopes import Scopes
from mesh_dns.core.values import Gone, Listing, LoadBalancer, LoadBalancerId, Scope, Sighting, Unreadable
from mesh_dns.errors import Retryable

TAGGED_PER_PAGE = 100  # of GetResources
# Listing is waiting, mostly: sixty scopes one after the other would take half a minute.
SCOPES_AT_A_TIME = 8
# What AWS says to a whole call because of one of its ids.
_ABOUT_ONE_ID = frozenset({NOT_FOUND, "ValidationError"})

T = TypeVar("T")


class AwsInventory:
    """An `Inventory`. Reads by the sessions of `scopes`."""

    def __init__(self, scopes: Scopes, hostname_tag: str) -> None:
        self._scopes = scopes
        self._hostname_tag = hostname_tag

    def look(self, ids: Collection[LoadBalancerId]) -> Mapping[LoadBalancerId, Sighting]:
        """Look at each directly: `ceil(n / 20)` calls for descriptions and as many for tags, per scope and generation.

        Where one of them is gone AWS refuses the whole call, which is then made for each of its ids.
        """
        found: dict[LoadBalancerId, Sighting] = {}
        for scope in sorted({load_balancer.scope for load_balancer in ids}):
            of_scope = sorted(load_balancer for load_balancer in ids if load_balancer.scope == scope)
            try:
                generations = self._generations(scope)
            except Retryable as error:
                found.update(dict.fromkeys(of_scope, Unreadable(str(error))))
                continue
            for generation in generations:
                read = partial(_describe_with_tags, generation)
                found.update(_read_each(read, filter(generation.covers, of_scope)))
        return found

    def tagged(self, scope: Scope) -> Mapping[LoadBalancerId, LoadBalancer]:
        """Every load balancer with the hostname tag: a call for each 100, and one for each 400 in the scope."""
        tags = self._tags_by_tagging_api(scope)
        found: dict[LoadBalancerId, LoadBalancer] = {}
        for generation in self._generations(scope):
            ids = sorted(filter(generation.covers, tags))
            described = _describe_those_that_exist(generation, ids) if ids else {}
            # The tagging API names deleted ones for a while: what AWS does not describe is left out.
            found.update((key, replace(described[key], tags=tags[key])) for key in ids if key in described)
        return found

    def listings(self, scopes: Collection[Scope]) -> Mapping[Scope, Listing | Unreadable]:
        """Every load balancer of each scope with its tags, several scopes at a time."""
        with ThreadPoolExecutor(SCOPES_AT_A_TIME) as pool:
            return dict(zip(scopes, pool.map(self._listing_or_not, scopes), strict=True))

    def _listing_or_not(self, scope: Scope) -> Listing | Unreadable:
        try:
            return self.listing(scope)
        except Retryable as error:
            return Unreadable(str(error), error.after)

    def listing(self, scope: Scope) -> Listing:
        """Every load balancer of a scope: a call for each 400, and one for the tags of each 20. Raises Retryable."""
        found: dict[LoadBalancerId, LoadBalancer] = {}
        for generation in self._generations(scope):
            described = generation.describe_all()
            read = partial(_tags_of_all, generation)
            for key, tags in _read_each(read, described).items():
                if isinstance(tags, Unreadable):
                    raise Retryable(tags.reason, after=tags.after)
                if not isinstance(tags, Gone):
                    found[key] = replace(described[key], tags=tags)
        return found

    def _tags_by_tagging_api(self, scope: Scope) -> Mapping[LoadBalancerId, Tags]:
        found: dict[LoadBalancerId, Tags] = {}
        position: dict[str, object] = {}
        while True:
            answer = self._scopes.call(
                scope,
                "resourcegroupstaggingapi",
                "get_resources",
                ResourceTypeFilters=["elasticloadbalancing:loadbalancer"],
                TagFilters=[{"Key": self._hostname_tag}],
                ResourcesPerPage=TAGGED_PER_PAGE,
                **position,
            )
            for item in answer["ResourceTagMappingList"]:
                known_as = LoadBalancerId.from_arn(item["ResourceARN"])
                if known_as is not None:
                    found[known_as] = tags_of(item["Tags"])
            if not answer.get("PaginationToken"):
                return found
            position = {"PaginationToken": answer["PaginationToken"]}

    def _generations(self, scope: Scope) -> tuple[Generation, Generation]:
        call: Callable[..., Mapping[str, Any]] = partial(self._scopes.call, scope)
        return ElbV2(scope, self._scopes.partition(scope), call), Classic(scope, call)


def _describe_with_tags(generation: Generation, ids: Sequence[LoadBalancerId]) -> Descriptions:
    described = generation.describe(ids)
    # An answer that leaves one out proves nothing: its tags are not asked for, and it stays unread.
    there = [load_balancer for load_balancer in ids if load_balancer in described]
    tags = generation.tags(there) if there else {}
    return {key: replace(described[key], tags=tags[key]) for key in there if key in tags}


def _tags_of_all(generation: Generation, ids: Sequence[LoadBalancerId]) -> Mapping[LoadBalancerId, Tags]:
    return generation.tags(ids)


def _describe_those_that_exist(generation: Generation, ids: Sequence[LoadBalancerId]) -> Descriptions:
    if len(ids) <= IDS_PER_CALL:
        try:
            return generation.describe(ids)
        except Refused as error:
            if error.code not in _ABOUT_ONE_ID:
                raise
    return generation.describe_all()


def _read_each(
    read: Callable[[Sequence[LoadBalancerId]], Mapping[LoadBalancerId, T]], ids: Iterable[LoadBalancerId]
) -> Mapping[LoadBalancerId, T | Gone | Unreadable]:
    """Read by chunks, and one by one what was refused because of one of several. Every id is in the answer.

    Only the refusal of a call for one id says that this one is gone. Any other failure is not about an id: it stands
    for all that are left, which are not asked for.
    """
    found: dict[LoadBalancerId, T | Gone | Unreadable] = {}
    failure: Unreadable | None = None
    chunks = deque(_chunks(ids))
    while chunks:
        chunk = chunks.popleft()
        if failure is not None:
            found.update(dict.fromkeys(chunk, failure))
            continue
        try:
            answer = read(chunk)
        except Refused as error:
            if error.code not in _ABOUT_ONE_ID:
                failure = Unreadable(str(error))
                chunks.appendleft(chunk)
            elif len(chunk) > 1:
                chunks.extendleft([one] for one in reversed(chunk))
            else:
                found[chunk[0]] = Gone() if error.code == NOT_FOUND else Unreadable(str(error))
        except Retryable as error:
            failure = Unreadable(str(error), error.after)
            chunks.appendleft(chunk)
        else:
            unread = Unreadable("AWS answered without it and without saying that it is gone")
            found.update((key, answer.get(key, unread)) for key in chunk)
    return found


def _chunks(ids: Iterable[LoadBalancerId]) -> Iterator[list[LoadBalancerId]]:
    rest = iter(ids)
    while chunk := list(islice(rest, IDS_PER_CALL)):
        yield chunk
