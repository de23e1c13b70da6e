"""A DNS server on a loopback port that answers from the emulated zones.

Like an authoritative server for the zones: CNAME with the chain behind it, NXDOMAIN or an empty answer with
the zone's SOA, a referral for what is at or below a delegation (NS records below the zone's apex: what else
is there is in the zone, and nobody sees it), REFUSED for anything else. It answers for load balancers too, so
that `dig` ends with an address: a name below `*.elb.*.amazonaws.com` gets one from 198.51.100.0/24, the range
that RFC 5737 keeps for documentation, always the same one for the same name. Wildcards and the proxy are not
emulated.
"""

from __future__ import annotations

import hashlib
import re
import threading
from typing import TYPE_CHECKING

from dnslib import AAAA, CNAME, MX, NS, QTYPE, RCODE, RR, SOA, TXT, A, DNSRecord
from dnslib.server import BaseResolver, DNSHandler, DNSLogger
from dnslib.server import DNSServer as DnslibServer

from sandbox.cloudflare.records import AUTOMATIC_TTL, StoredRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sandbox.cloudflare.emulator import CloudflareEmulator

HOST = "127.0.0.1"
# What Cloudflare means by "automatic", and how long its SOA lets resolvers remember NXDOMAIN.
AUTOMATIC_SECONDS = 300
NEGATIVE_SECONDS = 1800
LOAD_BALANCER_SECONDS = 60
LONGEST_CHAIN = 8
POLL = 0.05

# The types of records that are answered; a name with only others exists, with nothing to say.
_ANSWERED: dict[str, Callable[..., object]] = {
    "A": A,
    "AAAA": AAAA,
    "CNAME": CNAME,
    "MX": MX,
    "NS": NS,
    "TXT": TXT,
}

# NLB: <name>-<id>.elb.<region>.amazonaws.com; ALB and classic: <name>-<id>.<region>.elb.amazonaws.com.
_LOAD_BALANCER = re.compile(r"[a-z0-9-]+\.(elb\.[a-z0-9-]+|[a-z0-9-]+\.elb)\.amazonaws\.com(\.cn)?")


def load_balancer_address(dns_name: str) -> str:
    """The address from 198.51.100.0/24 that stands for this load balancer."""
    return f"198.51.100.{hashlib.sha256(dns_name.encode()).digest()[0] % 254 + 1}"


class DnsServer:
    """UDP and TCP on one loopback port. Nothing runs before `start()`.

    `exists` says whether there is a load balancer with this DNS name (lower case, no trailing dot); names
    of load balancers that do not exist are NXDOMAIN. Without it every such name has an address.
    """

    def __init__(self, emulator: CloudflareEmulator, exists: Callable[[str], bool] = lambda _name: True) -> None:
        self._resolver = _Resolver(emulator, exists)
        self._servers: list[DnslibServer] = []
        self._threads: list[threading.Thread] = []
        self.host = HOST
        self.port = 0

    def start(self) -> None:
        """Listen on a port that is free for both protocols. A second start does nothing."""
        if self._servers:
            return
        udp = self._listen(0, tcp=False)
        self.port = udp.server.server_address[1]
        self._servers = [udp]
        try:
            self._servers.append(self._listen(self.port, tcp=True))
        except OSError:
            self.stop()
            self.start()
            return
        for server in self._servers:
            # Not dnslib's own thread: it polls twice a second, and stopping would take as long.
            thread = threading.Thread(target=server.server.serve_forever, args=(POLL,), name="dns", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Close the port."""
        for server in self._servers[: len(self._threads)]:
            server.stop()
        for thread in self._threads:
            thread.join()
        for server in self._servers:
            server.server.server_close()
        self._servers, self._threads = [], []

    def __enter__(self) -> DnsServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _listen(self, port: int, *, tcp: bool) -> DnslibServer:
        quiet = DNSLogger("-request,-reply,-truncated,-error")
        return DnslibServer(self._resolver, port=port, address=HOST, tcp=tcp, logger=quiet)


class _Resolver(BaseResolver):  # type: ignore[misc]  # dnslib has no types
    def __init__(self, emulator: CloudflareEmulator, exists: Callable[[str], bool]) -> None:
        self._emulator = emulator
        self._exists = exists

    def resolve(self, request: DNSRecord, handler: DNSHandler) -> DNSRecord:
        """The answer to one question, in dnslib's terms."""
        reply = request.reply(ra=0)
        name = str(request.q.qname).rstrip(".").lower()
        wanted = QTYPE[request.q.qtype]
        for _ in range(LONGEST_CHAIN):
            target = self._answer(reply, name, wanted)
            if target is None:
                break
            name = target
        return reply

    def _answer(self, reply: DNSRecord, name: str, wanted: str) -> str | None:
        """Add what is known of one name; the name to go on with after a CNAME."""
        if _LOAD_BALANCER.fullmatch(name):
            self._answer_load_balancer(reply, name, wanted)
            return None
        zone = self._zone_of(name)
        if zone is None:
            if not reply.rr:
                reply.header.rcode = RCODE.REFUSED
            return None
        records = self._emulator.records(self._emulator.zone_names()[zone])
        delegation = _delegation(records, name, zone)
        if delegation:
            reply.add_auth(*(_resource(record) for record in delegation))
            reply.header.aa = int(bool(reply.rr))  # our word for the CNAMEs so far, theirs for the rest
            return None
        here = [record for record in records if record.name == name]
        for record in here:
            if record.type == "CNAME" and wanted != "CNAME":
                reply.add_answer(_resource(record))
                return record.content
        answers = [_resource(record) for record in here if record.type in _ANSWERED and wanted in (record.type, "ANY")]
        reply.add_answer(*answers)
        if wanted == "SOA" and name == zone:
            reply.add_answer(_soa(zone))
        elif not answers:
            # A name that only has names below it exists, with nothing at it.
            below = any(record.name.endswith(f".{name}") for record in records)
            if not here and not below and name != zone:
                reply.header.rcode = RCODE.NXDOMAIN
            reply.add_auth(_soa(zone))
        return None

    def _answer_load_balancer(self, reply: DNSRecord, name: str, wanted: str) -> None:
        if not self._exists(name):
            reply.header.rcode = RCODE.NXDOMAIN
        elif wanted in ("A", "ANY"):
            address = A(load_balancer_address(name))
            reply.add_answer(RR(name, QTYPE.A, rdata=address, ttl=LOAD_BALANCER_SECONDS))

    def _zone_of(self, name: str) -> str | None:
        holding = [zone for zone in self._emulator.zone_names() if f".{name}".endswith(f".{zone}")]
        return max(holding, key=len, default=None)


def _delegation(records: Sequence[StoredRecord], name: str, zone: str) -> list[StoredRecord]:
    """The NS records that hand this name to other servers: those nearest to the zone's apex, below it."""
    above = [r for r in records if r.type == "NS" and r.name != zone and f".{name}".endswith(f".{r.name}")]
    cut = min((record.name for record in above), key=len, default="")
    return [record for record in above if record.name == cut]


def _soa(zone: str) -> RR:
    times = (1, 10000, 2400, 604800, NEGATIVE_SECONDS)
    return RR(zone, QTYPE.SOA, rdata=SOA(f"ns.{zone}", f"dns.{zone}", times), ttl=NEGATIVE_SECONDS)


def _resource(record: StoredRecord) -> RR:
    ttl = AUTOMATIC_SECONDS if record.ttl == AUTOMATIC_TTL else record.ttl
    preference = {"preference": record.priority or 0} if record.type == "MX" else {}
    rdata = _ANSWERED[record.type](record.content, **preference)
    return RR(record.name, getattr(QTYPE, record.type), rdata=rdata, ttl=ttl)
