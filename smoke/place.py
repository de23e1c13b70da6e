"""The account, the zone and the name servers that a smoke test works with: the real ones, or those of a sandbox.

Nothing here knows which: the environment says where AWS (`AWS_ENDPOINT_URL`), Cloudflare (`CLOUDFLARE_BASE_URL`) and
the zone's name server (`SMOKE_DNS`, host:port) are, and each has its public address otherwise.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import boto3
import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.resolver
import requests

CLOUDFLARE = "https://api.cloudflare.com/client/v4"
RECORDS_A_PAGE = 5000
TAG = "mesh-dns-smoke"


@dataclass
class Place:
    """zone: the name at Cloudflare; the test works below a suffix of its own in it, which nobody else uses.

    subnets: for the load balancers. may_reserve: whether Lambda lets the account reserve an execution for a function.
    """

    run: str
    region: str
    zone: str
    zone_id: str
    token: str = field(repr=False)
    subnets: tuple[str, ...] = ()
    may_reserve: bool = True

    def __post_init__(self) -> None:
        self.suffix = f"smoke-{self.run}.{self.zone}"
        self.name = f"smoke-{self.run}"
        self.account = str(self.client("sts").get_caller_identity()["Account"])
        self.made: list[str] = []
        self._servers = _name_servers(self.zone)

    def client(self, service: str) -> Any:
        """A client of the account and region."""
        return boto3.client(service, region_name=self.region)

    # Cloudflare

    def records(self, name: str = "") -> list[dict[str, Any]]:
        """The records of this run, or those at one name; also those that another zone's id led astray."""
        ours = [each for page in self._pages() for each in page if f".{self.name}." in f".{each['name']}"]
        return [each for each in ours if name in ("", each["name"])]

    def _pages(self) -> Iterator[list[dict[str, Any]]]:
        """All records of the zone."""
        for page in itertools.count(1):
            asked = {"per_page": str(RECORDS_A_PAGE), "page": str(page), "order": "name"}
            response = requests.get(
                self._records_url(), params=asked, headers=self._headers(), timeout=30, allow_redirects=False
            )
            response.raise_for_status()
            answer = response.json()
            yield answer["result"]
            if page >= answer["result_info"]["total_pages"]:
                return

    def add_record(self, name: str, content: str, comment: str) -> dict[str, Any]:
        """Make a CNAME by hand, and return it as Cloudflare made it."""
        record = {"type": "CNAME", "name": name, "content": content, "ttl": 60, "proxied": False, "comment": comment}
        response = requests.post(
            self._records_url(), json=record, headers=self._headers(), timeout=30, allow_redirects=False
        )
        response.raise_for_status()
        made: dict[str, Any] = response.json()["result"]
        return made

    def delete_record(self, record_id: str) -> None:
        """Take a record of this run out of the zone."""
        url = f"{self._records_url()}/{record_id}"
        requests.delete(url, headers=self._headers(), timeout=30, allow_redirects=False).raise_for_status()

    def _records_url(self) -> str:
        return f"{os.environ.get('CLOUDFLARE_BASE_URL', CLOUDFLARE)}/zones/{self.zone_id}/dns_records"

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    # DNS

    def answer(self, name: str) -> str:
        """The target that the zone's own server gives; `NXDOMAIN`, or empty when no server answers."""
        for host, port in self._servers:
            try:
                said = dns.query.udp(dns.message.make_query(name, "CNAME"), host, port=port, timeout=3)
            except (OSError, dns.exception.DNSException):
                continue
            if said.answer:
                return str(said.answer[0][0]).rstrip(".").removeprefix("CNAME ")
            return str(dns.rcode.to_text(said.rcode())) if said.rcode() else "NODATA"
        return ""


def _name_servers(zone: str) -> Sequence[tuple[str, int]]:
    given = os.environ.get("SMOKE_DNS")
    if given:
        host, _, port = given.rpartition(":")
        return [(host, int(port))]
    names = [str(each.target) for each in dns.resolver.resolve(zone, "NS")]
    return [(str(dns.resolver.resolve(name, "A")[0]), 53) for name in names]
