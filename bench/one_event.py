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

EVENTS = 200


class NoMailbox:
    """Nothing is rejected or postponed here."""

    def reject(self, message_id: str, body: str, reason: str) -> None:
        """Not called in this bench."""
        raise RuntimeError(reason)

    def delay(self, delays: Mapping[str, int]) -> None:
        """Not called in this bench."""
        raise RuntimeError("a message failed")


def main() -> None:
    """Print the table."""
    inventory = InMemoryInventory()
    ours, bare = [], []
    with bench(inventory, quota=2 * EVENTS) as hub:
        with contextlib.redirect_stdout(io.StringIO()):
            telemetry = Telemetry("bench", HUB)
            ports = hub.ports(telemetry)
            intake = Intake(ports, HubOnly(HUB, time.time), NoMailbox(), telemetry, HUB, "AROABENCH")
            for number in range(1 + EVENTS):  # in turns, so that a busy machine disturbs both alike
                ours.append(_event(intake, inventory, number))
                bare.append(_bare(hub))
        if len(hub.names()) != 1 + EVENTS:
            raise RuntimeError("the names did not come out right")
    del ours[0], bare[0]
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
