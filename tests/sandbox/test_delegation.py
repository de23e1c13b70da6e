"""What an NS record below the zone's apex hides."""

from __future__ import annotations

from collections.abc import Iterator

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from sandbox.cloudflare import CloudflareEmulator
from sandbox.dns import DnsServer

TARGET = "k8s-x-0123456789abcdef.elb.eu-west-1.amazonaws.com"


@pytest.fixture
def server() -> Iterator[DnsServer]:
    with CloudflareEmulator() as emulator:
        zone_id = emulator.add_zone("example.com")
        for kind, name, content in (
            ("NS", "@", "ns.cloudflare.example"),
            ("NS", "away", "ns1.elsewhere.example"),
            ("NS", "away", "ns2.elsewhere.example"),
            ("NS", "lower.away", "ns3.elsewhere.example"),
            ("CNAME", "c1.away", TARGET),
            ("CNAME", "c1.lower.away", TARGET),
            ("CNAME", "c1", TARGET),
            ("CNAME", "alias", "c1.away.example.com"),
        ):
            emulator.add_record(zone_id, type=kind, name=name, content=content)
        with DnsServer(emulator) as running:
            yield running


SERVERS = {"ns1.elsewhere.example.", "ns2.elsewhere.example."}


@pytest.mark.parametrize(
    ("name", "wanted", "answers", "referred_to", "authoritative"),
    [
        pytest.param("c1.away.example.com", "A", 0, SERVERS, False, id="a record below a delegation is not seen"),
        pytest.param("c1.away.example.com", "CNAME", 0, SERVERS, False, id="not even when asked for as it is"),
        pytest.param("nothing.away.example.com", "A", 0, SERVERS, False, id="nor is a name that does not exist denied"),
        pytest.param("away.example.com", "A", 0, SERVERS, False, id="the delegated name itself is theirs"),
        pytest.param("c1.lower.away.example.com", "A", 0, SERVERS, False, id="the highest delegation counts"),
        pytest.param("alias.example.com", "A", 1, SERVERS, True, id="a chain into a delegation ends with a referral"),
        pytest.param("c1.example.com", "A", 2, set(), True, id="the name beside it is seen"),
        pytest.param("c1.straightaway.example.com", "A", 0, set(), True, id="a name that merely ends alike is ours"),
    ],
)
def test_referrals(
    server: DnsServer, *, name: str, wanted: str, answers: int, referred_to: set[str], authoritative: bool
) -> None:
    reply = dns.query.udp(dns.message.make_query(name, wanted), server.host, port=server.port, timeout=3)
    referred = {str(item) for rrset in reply.authority for item in rrset if rrset.rdtype == dns.rdatatype.NS}
    found = (len(reply.answer), referred, bool(reply.flags & dns.flags.AA))
    assert found == (answers, referred_to, authoritative)
    assert reply.rcode() == (dns.rcode.NXDOMAIN if "straight" in name else dns.rcode.NOERROR)
