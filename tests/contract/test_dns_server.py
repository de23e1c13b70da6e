"""The DNS server of the sandbox, asked as a resolver would."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from sandbox.cloudflare import CloudflareEmulator
from sandbox.dns import DnsServer, load_balancer_address
from tests.contract.worlds import TARGET

ALB = "internal-k8s-x-123.eu-west-1.elb.amazonaws.com"
Query = Callable[..., dns.message.Message]


@pytest.fixture
def server(emulator: CloudflareEmulator) -> Iterator[DnsServer]:
    zone_id = emulator.add_zone("mesh.example.com")
    for name, target in (("c1", TARGET), ("c2", ALB), ("gone", f"gone-{TARGET}"), ("out", "www.example.org")):
        emulator.add_record(zone_id, type="CNAME", name=name, content=target, ttl=60)
    emulator.add_record(zone_id, type="CNAME", name="alias", content="c1.mesh.example.com")
    emulator.add_record(zone_id, type="CNAME", name="loop1", content="loop2.mesh.example.com")
    emulator.add_record(zone_id, type="CNAME", name="loop2", content="loop1.mesh.example.com")
    emulator.add_record(zone_id, type="A", name="deep.below", content="192.0.2.7", ttl=120)
    emulator.add_record(zone_id, type="MX", name="deep.below", content="mail.example.net", priority=5)
    with DnsServer(emulator, lambda name: name in (TARGET, ALB)) as running:
        yield running


@pytest.fixture(params=[dns.query.udp, dns.query.tcp], ids=["UDP", "TCP"])
def transport(request: pytest.FixtureRequest) -> Query:
    return request.param


def ask(server: DnsServer, name: str, wanted: str, transport: Query = dns.query.udp) -> tuple[str, list[str], bool]:
    """The response code, the answer section as text, and whether there is a SOA to remember "no" by."""
    reply = transport(dns.message.make_query(name, wanted), server.host, port=server.port, timeout=3)
    lines = [line for rrset in reply.answer for line in rrset.to_text().splitlines()]
    soa = any(rrset.rdtype == dns.rdatatype.SOA for rrset in reply.authority)
    return dns.rcode.to_text(reply.rcode()), lines, soa


def chain(*hops: tuple[str, int, str, str]) -> list[str]:
    return [f"{name}. {ttl} IN {kind} {data}" for name, ttl, kind, data in hops]


NLB_HOP = (TARGET, 60, "A", load_balancer_address(TARGET))
C1 = ("c1.mesh.example.com", 60, "CNAME", f"{TARGET}.")
ANSWERS = {
    "a name ends with the load balancer's address": ("c1.mesh.example.com", "A", "NOERROR", chain(C1, NLB_HOP), False),
    "whatever the case it is asked in": ("C1.MESH.example.com", "A", "NOERROR", chain(C1, NLB_HOP), False),
    "an ALB's too": (
        "c2.mesh.example.com",
        "A",
        "NOERROR",
        chain(("c2.mesh.example.com", 60, "CNAME", f"{ALB}."), (ALB, 60, "A", load_balancer_address(ALB))),
        False,
    ),
    "a chain in the zone is followed": (
        "alias.mesh.example.com",
        "A",
        "NOERROR",
        chain(("alias.mesh.example.com", 300, "CNAME", "c1.mesh.example.com."), C1, NLB_HOP),
        False,
    ),
    "the CNAME itself": ("c1.mesh.example.com", "CNAME", "NOERROR", chain(C1), False),
    "no IPv6 address": ("c1.mesh.example.com", "AAAA", "NOERROR", chain(C1), False),
    "a load balancer that is gone": (
        "gone.mesh.example.com",
        "A",
        "NXDOMAIN",
        chain(("gone.mesh.example.com", 60, "CNAME", f"gone-{TARGET}.")),
        False,
    ),
    "a target elsewhere": (
        "out.mesh.example.com",
        "A",
        "NOERROR",
        chain(("out.mesh.example.com", 60, "CNAME", "www.example.org.")),
        False,
    ),
    "an address": (
        "deep.below.mesh.example.com",
        "A",
        "NOERROR",
        chain(("deep.below.mesh.example.com", 120, "A", "192.0.2.7")),
        False,
    ),
    "a mail server": (
        "deep.below.mesh.example.com",
        "MX",
        "NOERROR",
        chain(("deep.below.mesh.example.com", 300, "MX", "5 mail.example.net.")),
        False,
    ),
    "a name that does not exist": ("nope.mesh.example.com", "A", "NXDOMAIN", [], True),
    "a name that only has names below": ("below.mesh.example.com", "A", "NOERROR", [], True),
    "a name without that type": ("deep.below.mesh.example.com", "TXT", "NOERROR", [], True),
    "the zone itself": ("mesh.example.com", "A", "NOERROR", [], True),
    "a zone that merely ends the same": ("evilmesh.example.com", "A", "REFUSED", [], False),
    "another zone": ("www.example.org", "A", "REFUSED", [], False),
}


@pytest.mark.parametrize("case", ANSWERS.values(), ids=ANSWERS)
def test_answers(server: DnsServer, transport: Query, case: tuple[str, str, str, list[str], bool]) -> None:
    name, wanted, code, lines, soa = case
    got_code, got_lines, got_soa = ask(server, name, wanted, transport)
    assert (got_code, [line.lower() for line in got_lines], got_soa) == (code, [line.lower() for line in lines], soa)


def test_a_loop_ends(server: DnsServer) -> None:
    code, _, _ = ask(server, "loop1.mesh.example.com", "A")
    assert code == "NOERROR"


def test_a_change_is_seen_at_once(server: DnsServer, emulator: CloudflareEmulator) -> None:
    zone_id = emulator.zone_names()["mesh.example.com"]
    record = next(record for record in emulator.records(zone_id) if record.name == "c1.mesh.example.com")
    emulator.edit_record(zone_id, record.id, content=ALB)
    assert ask(server, record.name, "A")[1][-1].endswith(load_balancer_address(ALB))
    emulator.delete_record(zone_id, record.id)
    assert ask(server, record.name, "A") == ("NXDOMAIN", [], True)


def test_it_can_be_stopped_and_started(server: DnsServer) -> None:
    server.start()
    server.stop()
    server.stop()
    server.start()
    assert ask(server, "c1.mesh.example.com", "CNAME")[0] == "NOERROR"
