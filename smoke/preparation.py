"""What must be so before anything is made. Each lack is told with its remedy; nothing here writes."""

from __future__ import annotations

import argparse
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dns.exception
import requests
from botocore.exceptions import BotoCoreError, ClientError

from smoke.place import Place

LEAST_CONCURRENCY = 101
"""Lambda leaves nobody fewer than 100 executions that are not reserved, and the module reserves one."""
OWN_TRAIL = "--own-trail"


class NotReady(Exception):
    """Something is missing; the text says what to do."""


def place_of(run: str, options: argparse.Namespace) -> Place:
    """The account and the zone. Raises NotReady when one of them does not let us in."""
    token = os.environ.get("CLOUDFLARE_API_TOKEN", "")
    if not (options.zone and options.zone_id):
        raise NotReady("Say which zone: make smoke ZONE=example.com ZONE_ID=<its id, 32 hexadecimal digits>")
    if not re.fullmatch("[0-9a-f]{6}", run):
        raise NotReady(f"{run!r} is no run: its six hexadecimal digits are in the names of what it made (smoke-...).")
    if not token:
        raise NotReady("CLOUDFLARE_API_TOKEN is not set: a token with Zone / DNS / Edit on the zone.")
    if shutil.which("terraform") is None:
        raise NotReady("terraform is not on the path: install Terraform 1.11 or later.")
    try:
        place = Place(run, options.region, options.zone, options.zone_id, token)
        place.records()
    except (BotoCoreError, ClientError) as error:
        raise NotReady(f"AWS lets nobody in ({error}): set AWS_PROFILE, or log in again.") from None
    except dns.exception.DNSException as error:
        raise NotReady(
            f"The name servers of {options.zone} are not found ({error}): is the zone's name right?"
        ) from None
    except requests.RequestException as error:
        raise NotReady(f"Cloudflare does not show the zone ({error}): are its id and the token right?") from None
    return place


def prepare(place: Place, options: argparse.Namespace) -> None:
    """Look at the account, and note in `place` what it has. Raises NotReady."""
    try:
        place.subnets = tuple(_subnets(place.client("ec2"), options.vpc))
        if not (options.own_trail or _has_trail(place.client("cloudtrail"))):
            raise NotReady(
                f"No trail of this account logs write management events in {place.region}, and without one no load "
                f'balancer call is told: let the module make one, with SMOKE="{OWN_TRAIL}".'
            )
        limits = place.client("lambda").get_account_settings()["AccountLimit"]
    except (BotoCoreError, ClientError) as error:
        raise NotReady(f"The account cannot be looked at: {error}") from None
    place.may_reserve = limits["UnreservedConcurrentExecutions"] >= LEAST_CONCURRENCY


def try_zone(place: Place) -> None:
    """Make a record and take it away again: the id may be another zone's, where every name gets that zone's suffix.

    Raises NotReady.
    """
    name = f"probe.{place.suffix}"
    try:
        record = place.add_record(name, place.zone, "made by make smoke, and taken away at once")
        place.delete_record(record["id"])
    except requests.RequestException as error:
        raise NotReady(f"Cloudflare does not let the token edit the zone ({error}).") from None
    if record["name"] != name:
        raise NotReady(f"The id is not that of {place.zone}: Cloudflare made {record['name']}, which is gone again.")


def _subnets(ec2: Any, wanted: str) -> Sequence[str]:
    """Two subnets in different zones, where a VPC has them: of the wanted one, else the default one, else the only."""
    vpcs = [vpc for page in ec2.get_paginator("describe_vpcs").paginate() for vpc in page["Vpcs"]]
    chosen = [vpc for vpc in vpcs if (vpc["VpcId"] == wanted if wanted else vpc.get("IsDefault"))]
    if not (chosen or wanted) and len(vpcs) == 1:
        chosen = vpcs
    if not chosen:
        ids = ", ".join(sorted(vpc["VpcId"] for vpc in vpcs)) or "none"
        raise NotReady(f'Say in which VPC the load balancers shall be, with SMOKE="--vpc vpc-...". There are: {ids}.')
    filters = [{"Name": "vpc-id", "Values": [chosen[0]["VpcId"]]}]
    found = [
        each for page in ec2.get_paginator("describe_subnets").paginate(Filters=filters) for each in page["Subnets"]
    ]
    roomiest = sorted(found, key=lambda each: int(each["AvailableIpAddressCount"]))
    by_zone = {each["AvailabilityZone"]: str(each["SubnetId"]) for each in roomiest}
    if not by_zone:
        raise NotReady(f"{chosen[0]['VpcId']} has no subnet: name another VPC.")
    return sorted(by_zone.values())[:2]


def _has_trail(cloudtrail: Any) -> bool:
    """Whether a trail logs write management events here, as far as can be seen."""
    for trail in cloudtrail.describe_trails()["trailList"]:
        try:
            logging = cloudtrail.get_trail_status(Name=trail["TrailARN"])["IsLogging"]
            selectors = cloudtrail.get_event_selectors(TrailName=trail["TrailARN"])
        except ClientError:
            return True  # an organization's trail, into which its members may not look
        if logging and any(_takes_writes(selectors)):
            return True
    return False


def _takes_writes(selectors: Mapping[str, Any]) -> Iterator[bool]:
    for each in selectors.get("EventSelectors") or ():
        yield bool(each["IncludeManagementEvents"]) and each["ReadWriteType"] != "ReadOnly"
    for each in selectors.get("AdvancedEventSelectors") or ():
        equals = {field["Field"]: field.get("Equals") for field in each["FieldSelectors"]}
        yield equals.get("eventCategory") == ["Management"] and equals.get("readOnly") != ["true"]
