"""The values that the other modules share. All are frozen; all times are seconds since the epoch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """Kind of load balancer, spelled as in a v2 ARN; a classic one has no such field in its ARN."""

    APPLICATION = "app"
    NETWORK = "net"
    GATEWAY = "gwy"
    CLASSIC = "classic"


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """One (account, region)."""

    account: str
    region: str

    def __str__(self) -> str:
        return f"{self.account}/{self.region}"


# Names as AWS allows them; an id is 16 hex digits and classic load balancers have none.
_PATH = re.compile(r"(?:(app|net|gwy)/([A-Za-z0-9-]{1,32})/([0-9a-f]{16})|([A-Za-z0-9-]{1,32}))")
_ARN = re.compile(r"arn:[a-z-]+:elasticloadbalancing:([a-z0-9-]+):([0-9]{12}):loadbalancer/(.+)")


@dataclass(frozen=True, slots=True, order=True)
class LoadBalancerId:
    """What a load balancer is known by. `id` is empty for a classic one, which its name alone identifies."""

    region: str
    account: str
    kind: Kind
    name: str
    id: str = ""

    @property
    def scope(self) -> Scope:
        """The (account, region) that it lives in."""
        return Scope(self.account, self.region)

    @property
    def arn_path(self) -> str:
        """The part of its ARN behind `:loadbalancer/`."""
        return self.name if self.kind is Kind.CLASSIC else f"{self.kind.value}/{self.name}/{self.id}"

    def __str__(self) -> str:
        """`region/account/kind/name[/id]`: the text in an owner mark, in messages and in logs."""
        path = f"{self.kind.value}/{self.name}" + (f"/{self.id}" if self.id else "")
        return f"{self.region}/{self.account}/{path}"

    @classmethod
    def parse(cls, text: str) -> LoadBalancerId | None:
        """The inverse of `str()`: exact and case-sensitive; None when the text is anything else."""
        region, _, rest = text.partition("/")
        account, _, path = rest.partition("/")
        if not re.fullmatch(r"[a-z0-9-]+", region) or not re.fullmatch(r"[0-9]{12}", account):
            return None
        return cls.from_path(region, account, path.removeprefix("classic/"), classic=path.startswith("classic/"))

    @classmethod
    def from_arn(cls, arn: str) -> LoadBalancerId | None:
        """The load balancer that an ARN names; None for target groups, listeners, rules and anything else."""
        match = _ARN.fullmatch(arn)
        if match is None:
            return None
        region, account, path = match.groups()
        return cls.from_path(region, account, path, classic="/" not in path)

    @classmethod
    def from_path(cls, region: str, account: str, path: str, *, classic: bool) -> LoadBalancerId | None:
        """From the part of an ARN behind `:loadbalancer/`; None when it is not one."""
        match = _PATH.fullmatch(path)
        if match is None or classic != bool(match[4]):
            return None
        if classic:
            return cls(region, account, Kind.CLASSIC, match[4])
        return cls(region, account, Kind(match[1]), match[2], match[3])


class Readiness(StrEnum):
    """A load balancer's state. The DNS name of one that is being provisioned does not resolve yet."""

    ACTIVE = "active"
    PROVISIONING = "provisioning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """A load balancer as AWS showed it. `dns_name` is normalized; a classic one is always active."""

    id: LoadBalancerId
    dns_name: str
    created: float
    internal: bool
    tags: Mapping[str, str] = field(hash=False)
    readiness: Readiness = Readiness.ACTIVE


@dataclass(frozen=True, slots=True)
class Gone:
    """AWS answered, for this one id, that there is no such load balancer."""


class Cause(StrEnum):
    """Why something could not be read."""

    ERROR = "error"  # AWS answered, but not with what we asked for: it denied the call, or its answer is odd
    UNANSWERED = "unanswered"  # throttled, no answer, or not in time: it may work soon
    OUT_OF_TIME = "out-of-time"  # not asked, because the invocation's deadline was near
    FAULT = "fault"  # a fault of the function's own


@dataclass(frozen=True, slots=True)
class Unreadable:
    """We could not look. Never the same as `Gone`. `after`: seconds we were asked to wait, if we were."""

    reason: str
    after: float | None = None
    cause: Cause = Cause.ERROR


Sighting = LoadBalancer | Gone | Unreadable
LoadBalancers = Mapping[LoadBalancerId, LoadBalancer]


@dataclass(frozen=True, slots=True)
class Record:
    """A DNS record at the provider. `name` and `content` are normalized.

    `edited`, `made`: when the provider says that it was last changed, and made, in seconds since the epoch; None when
    it does not say.
    """

    id: str
    zone_id: str
    name: str
    type: str
    content: str
    ttl: int
    proxied: bool
    comment: str = ""
    edited: float | None = None
    made: float | None = None


class ClaimState(StrEnum):
    """Whether a load balancer claims a name. The values complete the sentence "its load balancer ..."."""

    CLAIMS = "claims it"
    DROPPED = "exists and does not claim it"
    GONE = "is gone"
    UNREADABLE = "cannot be read"
    UNKNOWN = "was not looked at"


class Action(StrEnum):
    """What a change does to one record."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Change:
    """One write. Always a CNAME that is never proxied.

    `record_id` is empty for a create; `content`, `ttl` and `comment` mean nothing for a delete.
    `load_balancer` is whom the record serves after the change, or served before a delete.
    """

    action: Action
    zone_id: str
    hostname: str
    load_balancer: LoadBalancerId
    record_id: str = ""
    content: str = ""
    ttl: int = 0
    comment: str = ""
