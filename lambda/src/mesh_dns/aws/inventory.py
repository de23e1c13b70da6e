"""Load balancers, read from AWS. A failed read is never taken for a load balancer that is not there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from mesh_dns.aws.calls import ErrorAnswer, OddAnswer, member, unreadable
from mesh_dns.aws.clients import THREADS
from mesh_dns.aws.generations import IDS_PER_CALL, Classic, ElbV2, Generation, Tags, no_loop, tags_of
from mesh_dns.aws.looking import about_one_id, look, read_each, those_that_exist
from mesh_dns.aws.scopes import Scopes
from mesh_dns.core.values import (
    Gone,
    Kind,
    LoadBalancer,
    LoadBalancerId,
    LoadBalancers,
    Scope,
    Sighting,
    Unreadable,
)
from mesh_dns.errors import Retryable

TAGGED_PER_PAGE = 100  # of GetResources
_log = logging.getLogger(__name__)


class AwsInventory:
    """An `Inventory`. Reads by the sessions of `scopes`; each scope and generation has its own failures."""

    def __init__(self, scopes: Scopes, hostname_tag: str) -> None:
        self._scopes = scopes
        self._hostname_tag = hostname_tag
        # Two pools, since waiting for a call must not hold a thread that the call needs. One after the other, sixty
        # scopes would take half a minute; a dozen that do not answer leave threads for the others.
        self._scope_threads = ThreadPoolExecutor(THREADS, "scope")
        self._call_threads = ThreadPoolExecutor(THREADS, "call")

    def look(self, ids: Collection[LoadBalancerId], deadline: float) -> Mapping[LoadBalancerId, Sighting]:
        """Look at each directly, per scope and generation: a call for its description and one for each 20's tags.

        Several of a scope cost a call for each 400 in the scope, and one for each that is gone.
        """
        groups: dict[tuple[Scope, bool], list[LoadBalancerId]] = {}
        for load_balancer in sorted(set(ids)):
            groups.setdefault((load_balancer.scope, load_balancer.kind is Kind.CLASSIC), []).append(load_balancer)
        found: dict[LoadBalancerId, Sighting] = {}
        for seen in self._scope_threads.map(partial(self._look_or_not, deadline), groups.values()):
            found.update(seen)
        return found

    def tagged(self, scopes: Collection[Scope], deadline: float) -> Mapping[Scope, LoadBalancers | Unreadable]:
        """One call for each 100 tagged, one for each 400 in the scope, and one that proves that tags can be read."""
        return self._each(self._tagged, scopes, deadline)

    def listings(self, scopes: Collection[Scope], deadline: float) -> Mapping[Scope, LoadBalancers | Unreadable]:
        """One call for each 400 in the scope and one for the tags of each 20, in both generations."""
        found = self._each(self._listing, scopes, deadline)
        for scope, listing in found.items():
            if isinstance(listing, Unreadable):
                # Its sweeps may work all the same, and decisions only say that deletes wait for it.
                _log.warning("%s cannot be listed for heirs: %s", scope, listing.reason)
        return found

    def _each(
        self, read: Callable[[Scope, float], LoadBalancers], scopes: Collection[Scope], deadline: float
    ) -> Mapping[Scope, LoadBalancers | Unreadable]:
        def read_or_not(scope: Scope) -> LoadBalancers | Unreadable:
            try:
                return read(scope, deadline)
            except Exception as error:
                return _not_read(error)

        every = sorted(set(scopes))
        return dict(zip(every, self._scope_threads.map(read_or_not, every), strict=True))

    def _look_or_not(self, deadline: float, ids: Sequence[LoadBalancerId]) -> Mapping[LoadBalancerId, Sighting]:
        try:
            (generation,) = (g for g in self._generations(ids[0].scope, deadline) if g.covers(ids[0]))
            return look(generation, ids, self._call_threads.map)
        except Exception as error:
            return dict.fromkeys(ids, unreadable(error))

    def _tagged(self, scope: Scope, deadline: float) -> LoadBalancers:
        tags = self._tags_by_tagging_api(scope, deadline)
        generations = self._generations(scope, deadline)
        found: dict[LoadBalancerId, LoadBalancer] = {}
        for generation in generations:
            ids = sorted(filter(generation.covers, tags))
            # The tagging API names deleted ones for a while: what AWS does not describe is left out.
            described = those_that_exist(generation, ids) if ids else {}
            there = {key: value for key, value in described.items() if isinstance(value, LoadBalancer) and key in tags}
            for key in described.keys() - there.keys():
                # It is left out of this answer: a decision that depends on it looks at it directly, and sees why.
                _log.warning("%s is left out of the tagged: %s", key, described[key])
            if there:
                _prove_that_tags_can_be_read(generation, list(there))
            found.update((key, replace(value, tags=tags[key])) for key, value in there.items())
        if not found:
            _prove_that_all_can_be_read(generations)
        return found

    def _listing(self, scope: Scope, deadline: float) -> LoadBalancers:
        found: dict[LoadBalancerId, LoadBalancer] = {}
        for generation in self._generations(scope, deadline):
            described = {key: value for page in generation.pages() for key, value in page.items()}
            for key, tags in read_each(generation.tags, list(described), self._call_threads.map).items():
                what = described[key]
                if isinstance(tags, Gone):
                    continue
                if isinstance(tags, Unreadable):
                    raise _Part(key, tags)
                if isinstance(what, LoadBalancer):
                    found[key] = replace(what, tags=tags)
                elif self._hostname_tag in tags:
                    # It may be an heir. One without the tag cannot be.
                    raise _Part(key, what)
        return found

    def _tags_by_tagging_api(self, scope: Scope, deadline: float) -> Mapping[LoadBalancerId, Tags]:
        found: dict[LoadBalancerId, Tags] = {}
        position: dict[str, object] = {}
        positions: set[str] = set()
        while True:
            answer = self._scopes.call(
                scope,
                "resourcegroupstaggingapi",
                "get_resources",
                deadline,
                ResourceTypeFilters=["elasticloadbalancing:loadbalancer"],
                TagFilters=[{"Key": self._hostname_tag}],
                ResourcesPerPage=TAGGED_PER_PAGE,
                **position,
            )
            for item in member(answer, "ResourceTagMappingList"):
                known_as = LoadBalancerId.from_arn(str(member(item, "ResourceARN")))
                if known_as is not None and known_as.scope == scope:
                    found[known_as] = tags_of(member(item, "Tags"))
            following = answer.get("PaginationToken")
            if not following:
                return found
            no_loop(following, positions)
            position = {"PaginationToken": following}

    def _generations(self, scope: Scope, deadline: float) -> tuple[Generation, Generation]:
        def call(service: str, operation: str, **arguments: object) -> Mapping[str, object]:
            return self._scopes.call(scope, service, operation, deadline, **arguments)

        return ElbV2(scope, self._scopes.partition(scope), call), Classic(scope, call)


class _Part(Retryable):
    """A load balancer could not be read, so the listing of its scope could not."""

    def __init__(self, load_balancer: LoadBalancerId, unread: Unreadable) -> None:
        self.unread = replace(unread, reason=f"{load_balancer}: {unread.reason}")
        super().__init__(self.unread.reason, after=unread.after)


def _not_read(error: Exception) -> Unreadable:
    return error.unread if isinstance(error, _Part) else unreadable(error)


def _prove_that_all_can_be_read(generations: Sequence[Generation]) -> None:
    """Describe one load balancer of any kind, and its tags. Where nothing is tagged, only this proves the permissions.

    Raises Retryable.
    """
    for generation in generations:
        for page in generation.pages(size=1):
            if page:
                _prove_that_tags_can_be_read(generation, list(page))
                return
            break


def _prove_that_tags_can_be_read(generation: Generation, ids: Sequence[LoadBalancerId]) -> None:
    """One call. An answer that a load balancer is gone proves it as well. Raises Retryable."""
    try:
        generation.tags(ids[:IDS_PER_CALL])
    except (ErrorAnswer, OddAnswer) as error:
        if isinstance(error, OddAnswer) or not about_one_id(error):
            raise
