"""What one event takes, from the queue's message to the record: `python -m bench.one_event`.

Our own time, HTTP on the loopback and the emulator's answers included; AWS is answered from memory. Compared with two
bare HTTP calls to the same emulator, which is what any program that lists and writes would need.
"""

from __future__ import annotations

import contextlib
import io
import json
import statistics
import time
from collections.abc import Mapping

import requests

from bench.world import SUFFIX, Bench, BenchToken, bench
from mesh_dns.aws.register import HubOnly
from mesh_dns.intake import Intake
from mesh_dns.telemetry import Telemetry
from tests.doubles.inventory import HUB, InMemoryInventory, make, make_id

EVENTS = 40


class NoMailbox:
    """Nothing is rejected or postponed here."""

    def reject(self, message_id: str, body: str, reason: str) -> None:
        """Does not happen."""
        raise RuntimeError(reason)

    def postpone(self, delays: Mapping[str, int]) -> None:
        """Does not happen."""
        raise RuntimeError("a message failed")


def main() -> None:
    """Print the table."""
    inventory = InMemoryInventory()
    with bench(inventory, quota=1000) as hub:
        with contextlib.redirect_stdout(io.StringIO()):
            telemetry = Telemetry("bench", HUB)
            ports = hub.ports(telemetry)
            intake = Intake(ports, HubOnly(HUB, time.time), NoMailbox(), telemetry, HUB, "AROABENCH")
            ours = [_event(intake, inventory, number) for number in range(EVENTS + 1)][1:]
        if len(hub.names()) != EVENTS + 1:
            raise RuntimeError("the names did not come out right")
        bare = [_bare(hub) for _ in range(EVENTS + 1)][1:]
    print("| one event, list and write | median | slowest |")
    print("|---|---|---|")
    print(f"| from message to record | {_ms(statistics.median(ours))} | {_ms(max(ours))} |")
    print(f"| two bare HTTP calls | {_ms(statistics.median(bare))} | {_ms(max(bare))} |")
    print(f"\nratio of the medians: {statistics.median(ours) / statistics.median(bare):.1f}")


def _event(intake: Intake, inventory: InMemoryInventory, number: int) -> float:
    inventory.put(make(number, f"c{number}.{SUFFIX}"))
    arn = f"arn:aws:elasticloadbalancing:{HUB.region}:{HUB.account}:loadbalancer/{make_id(number).arn_path}"
    event = {
        "source": "aws.elasticloadbalancing",
        "detail-type": "AWS API Call via CloudTrail",
        "account": HUB.account,
        "region": HUB.region,
        "detail": {
            "eventSource": "elasticloadbalancing.amazonaws.com",
            "eventName": "AddTags",
            "requestParameters": {"resourceArns": [arn], "tags": []},
        },
    }
    record = {"messageId": str(number), "eventSource": "aws:sqs", "body": json.dumps(event), "receiptHandle": "r"}
    began = time.perf_counter()
    answer = intake.batch([record], time.time() + 100)
    seconds = time.perf_counter() - began
    if answer["batchItemFailures"]:
        raise RuntimeError("the event failed")
    return seconds


def _bare(hub: Bench) -> float:
    url = f"{hub.emulator.base_url}/zones/{hub.zone_id}/dns_records"
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {BenchToken()()}"
        session.get(url, params={"per_page": "1"}, timeout=5)
        began = time.perf_counter()
        session.get(url, params={"per_page": "5000"}, timeout=5)
        session.post(f"{url}/batch", json={"patches": []}, timeout=5)
        return time.perf_counter() - began


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


if __name__ == "__main__":
    main()
