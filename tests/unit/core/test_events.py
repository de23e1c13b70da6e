"""What each event asks us to look at, and what becomes of events that cannot be what they seem."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mesh_dns.core import events
from mesh_dns.core.values import Kind, LoadBalancerId, Scope
from mesh_dns.core.work import Check, Event, EventKind, Sweep
from mesh_dns.errors import Ignored, Rejected
from tests.doubles.hub import OWNER
from tests.fixtures import events as samples

SCOPE = Scope("111122223333", "eu-west-1")
PREFIX = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:"
NLB = LoadBalancerId("eu-west-1", "111122223333", Kind.NETWORK, "k8s-kubesyst-clusterm-0123456789", "50dc6c495c0c9188")
ALB = LoadBalancerId("eu-west-1", "111122223333", Kind.APPLICATION, "k8s-web-ingress-fedcba9876", "1234567890abcdef")
GWLB = LoadBalancerId("eu-west-1", "111122223333", Kind.GATEWAY, "inspection", "0011223344556677")
CLASSIC = LoadBalancerId("eu-west-1", "111122223333", Kind.CLASSIC, "a0123456789abcdef0123456789abcde")

Json = dict[str, Any]


def outcome(event: object) -> object:
    """The work that an event asks for, or `ignored` or `rejected` with the reason."""
    try:
        return events.work_in(event, OWNER, "hostname", SENT)  # type: ignore[arg-type]
    except Ignored as reason:
        return f"ignored: {reason}"
    except Rejected as reason:
        return f"rejected: {reason}"


NAME, NAME_2 = "cluster1.mesh.example.com", "cluster2.mesh.example.com"
SENT = 9e9
AT = 1_777_887_012.0
CREATED, TAGGED = Event(EventKind.CREATED, AT), Event(EventKind.TAGGED, AT)
DELETED, UNTAGGED = Event(EventKind.DELETED, AT), Event(EventKind.UNTAGGED, AT, untags=True)

# fmt: off
ASKED_FOR = {
    "v2-create-nlb": Check(SCOPE, frozenset({NLB}), replace(CREATED, tag=NAME)),
    "v2-create-alb-without-tags": Check(SCOPE, frozenset({ALB}), CREATED),
    "v2-create-gwlb": Check(SCOPE, frozenset({GWLB}), CREATED),
    "v2-delete": Check(SCOPE, frozenset({NLB}), DELETED),
    "v2-add-tags": Check(SCOPE, frozenset({NLB}), replace(TAGGED, tag=NAME)),
    "v2-add-tags-to-several": Check(SCOPE, frozenset({NLB, ALB}), replace(TAGGED, tag=f"{NAME} {NAME_2}")),
    "v2-remove-tags": Check(SCOPE, frozenset({NLB, ALB}), UNTAGGED),
    "classic-create": Check(SCOPE, frozenset({CLASSIC}), replace(CREATED, tag=NAME)),
    "classic-delete": Check(SCOPE, frozenset({CLASSIC}), DELETED),
    "classic-add-tags": Check(SCOPE, frozenset({CLASSIC}), replace(TAGGED, tag=NAME)),
    "classic-remove-tags": Check(SCOPE, frozenset({CLASSIC}), UNTAGGED),
    "old-record-without-optional-fields": Check(SCOPE, frozenset({NLB}), replace(TAGGED, tag=NAME)),
    "sweep": Sweep(SCOPE),
    "v2-add-tags-to-target-group": "ignored: AddTags of target groups, listeners or rules",
    "v2-add-tags-to-listener": "ignored: AddTags of target groups, listeners or rules",
    "v2-create-denied": "ignored: CreateLoadBalancer failed with AccessDenied, so nothing changed",
    "v2-delete-in-use": "ignored: DeleteLoadBalancer failed with ResourceInUseException, so nothing changed",
    "other-call-modify-attributes":
        "ignored: ModifyLoadBalancerAttributes changes neither load balancers nor their tags",
    "another-service": "ignored: an event of 'aws.ec2', not of a load balancer",
    "sweep-of-another-installation": "ignored: a sweep of another installation",
}
# fmt: on


def test_every_fixture_has_its_row() -> None:
    assert sorted(ASKED_FOR) == samples.names()


@pytest.mark.parametrize("name", samples.names())
def test_what_an_event_asks_for(name: str) -> None:
    assert outcome(samples.load(name)) == ASKED_FOR[name]


def _recorded(region: str, path: str, *, created: bool, at: float) -> Check:
    lb = LoadBalancerId.from_arn(f"arn:aws:elasticloadbalancing:{region}:111122223333:loadbalancer/{path}")
    assert lb is not None
    return Check(lb.scope, frozenset({lb}), Event(EventKind.CREATED if created else EventKind.DELETED, at))


# fmt: off
RECORDED = {
    "classic-create-console--stackstate": _recorded("eu-west-1", "waegh", created=True, at=1_525_082_725),
    "classic-delete-console--stackstate": _recorded("eu-west-1", "classic-lb", created=False, at=1_525_082_409),
    "v2-create-alb-eventbridge--python-notes":
        _recorded("us-east-1", "app/b14/e2a53ebbbc9d21f4", created=True, at=1_561_485_748),
    "v2-delete-nlb--aws-spotlight":
        _recorded("ap-northeast-1", "net/TESTflontback/813270f8ee6fa76a", created=False, at=1_617_810_881),
    "v2-error-access-denied-create-rule--traildiscover":
        "ignored: CreateRule changes neither load balancers nor their tags",
    "v2-other-create-target-group--stackstate":
        "ignored: CreateTargetGroup changes neither load balancers nor their tags",
    "lambda-event-eventbridge--powertools": "ignored: an event of 'aws.ec2', not of a load balancer",
}
# fmt: on


@pytest.mark.skipif(not samples.RECORDED.is_dir(), reason="the recorded events are not beside this repository")
@pytest.mark.parametrize("name", RECORDED)
def test_what_a_recorded_event_asks_for(name: str) -> None:
    assert outcome(samples.recorded()[name]) == RECORDED[name]


@pytest.mark.skipif(not samples.RECORDED.is_dir(), reason="the recorded events are not beside this repository")
def test_a_recorded_create_by_cloudformation_names_its_load_balancer() -> None:
    event = samples.recorded()["v2-create-alb-cloudformation--stackstate"]
    (created,) = event["detail"]["responseElements"]["loadBalancers"]
    work = outcome(event)
    assert isinstance(work, Check)
    assert [PREFIX + "loadbalancer/" + lb.arn_path for lb in work.load_balancers] == [created["loadBalancerArn"]]


# Events that were changed


def changed(name: str, path: str, value: object) -> Json:
    """A fixture with one value replaced; `...` takes it out."""
    event = samples.load(name)
    *parents, last = path.split(".")
    place = event
    for step in parents:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return event


def lb_arn(number: int, *, region: str = "eu-west-1", account: str = "111122223333") -> str:
    return f"arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/net/mesh/{number:016x}"


PARAMETERS = "detail.requestParameters"
# fmt: off
REJECTED = {
    "an ARN of another account than the envelope's":
        (changed("v2-add-tags", f"{PARAMETERS}.resourceArns", [lb_arn(1, account="444455556666")]),
         "an event of 111122223333/eu-west-1 names a load balancer of 444455556666/eu-west-1"),
    "an ARN of another region than the envelope's":
        (changed("v2-delete", f"{PARAMETERS}.loadBalancerArn", lb_arn(1, region="us-east-1")),
         "an event of 111122223333/eu-west-1 names a load balancer of 111122223333/us-east-1"),
    "one foreign ARN among good ones":
        (changed("v2-add-tags", f"{PARAMETERS}.resourceArns", [lb_arn(1), lb_arn(2, account="444455556666")]),
         "names a load balancer of 444455556666"),
    "a created load balancer of another account":
        (changed("v2-create-nlb", "detail.responseElements.loadBalancers",
                 [{"loadBalancerArn": lb_arn(1, account="444455556666")}]),
         "names a load balancer of 444455556666"),
    "an envelope of another scope around a good call":
        (changed("v2-delete", "account", "444455556666"), "an event of 444455556666/eu-west-1 names"),
    "101 ARNs":
        (changed("v2-add-tags", f"{PARAMETERS}.resourceArns", [lb_arn(n) for n in range(101)]), "resourceArns"),
    "no ARN":
        (changed("v2-add-tags", f"{PARAMETERS}.resourceArns", []), "resourceArns: [] should be non-empty"),
    "ARNs that are a text":
        (changed("v2-add-tags", f"{PARAMETERS}.resourceArns", lb_arn(1)), "is not of type 'array'"),
    "an ARN that is a number":
        (changed("v2-add-tags", f"{PARAMETERS}.resourceArns", [1]), "resourceArns.0: 1 is not of type 'string'"),
    "an ARN with a path that is none":
        (changed("v2-delete", f"{PARAMETERS}.loadBalancerArn", PREFIX + "loadbalancer/net/mesh/../../x"),
         "does not name a load balancer"),
    "an ARN in Unicode digits":
        (changed("v2-delete", f"{PARAMETERS}.loadBalancerArn", lb_arn(1, account="\u0661" * 12)),
         "does not name a load balancer"),
    "a name with a line end":
        (changed("classic-delete", f"{PARAMETERS}.loadBalancerName", "mesh\n"), "does not name a load balancer"),
    "a name with a slash":
        (changed("classic-delete", f"{PARAMETERS}.loadBalancerName", "net/mesh/1"), "does not match"),
    "no account in the envelope": (changed("v2-delete", "account", ...), "'account' is a required property"),
    "an account that is a number": (changed("v2-delete", "account", 111122223333), "account: 111122223333"),
    "a region that is none": (changed("v2-delete", "region", "*"), "region: '*'"),
    "no detail": (changed("v2-delete", "detail", ...), "'detail' is a required property"),
    "a detail that is a text": (changed("v2-delete", "detail", "x"), "detail: 'x' is not of type 'object'"),
    "no event name": (changed("v2-delete", "detail.eventName", ...), "'eventName' is a required property"),
    "no request parameters": (changed("v2-delete", PARAMETERS, None), "without loadBalancerArn or loadBalancerName"),
    "empty request parameters": (changed("v2-add-tags", PARAMETERS, {}), "without resourceArns or loadBalancerNames"),
    "a create without a response":
        (changed("v2-create-nlb", "detail.responseElements", None), "responseElements: None is not of type 'object'"),
    "a create that made nothing":
        (changed("v2-create-nlb", "detail.responseElements.loadBalancers", []), "loadBalancers: []"),
    "a created load balancer without its ARN":
        (changed("v2-create-nlb", "detail.responseElements.loadBalancers", [{"loadBalancerName": "x"}]),
         "'loadBalancerArn' is a required property"),
    "an id of 17 digits":
        (changed("v2-delete", f"{PARAMETERS}.loadBalancerArn", f"{lb_arn(1)}0"), "does not name a load balancer"),
    "an errorCode that is null, which AWS does not send":
        (changed("v2-delete", "detail.errorCode", None), "errorCode: None is not of type 'string'"),
    "a record of a log file, without its envelope":
        ({"Records": [samples.load("v2-delete")["detail"]]}, "'source' is a required property"),
    "what SNS asks a new subscriber":
        ({"Type": "SubscriptionConfirmation", "Message": "You have chosen ...", "SubscribeURL": "https://..."},
         "'source' is a required property"),
    "a sweep without an owner": (changed("sweep", "detail.owner", ...), "'owner' is a required property"),
}
# fmt: on


@pytest.mark.parametrize(("event", "reason"), REJECTED.values(), ids=REJECTED.keys())
def test_what_cannot_be_understood_is_rejected_with_the_reason(event: Json, reason: str) -> None:
    told = outcome(event)
    assert str(told).startswith("rejected: ")
    assert reason in str(told)
    assert len(str(told)) < 300


# fmt: off
STILL_UNDERSTOOD = {
    "no apiVersion": ("v2-delete", "detail.apiVersion", ...),
    "the apiVersion of the other generation": ("v2-delete", "detail.apiVersion", "2012-06-01"),
    "no recipientAccountId": ("v2-delete", "detail.recipientAccountId", ...),
    "another account inside: the envelope counts": ("v2-delete", "detail.recipientAccountId", "444455556666"),
    "another region inside: the envelope counts": ("v2-delete", "detail.awsRegion", "us-east-1"),
    "an empty errorCode": ("v2-delete", "detail.errorCode", ""),
    "the name of a replay in the envelope": ("v2-delete", "replay-name", "again"),
    "resources in the envelope": ("v2-delete", "resources", [PREFIX + "loadbalancer/net/other/0011223344556677"]),
    "resources in the record":
        ("v2-delete", "detail.resources", [{"ARN": PREFIX + "loadbalancer/net/other/0011223344556677"}]),
    "a trust store and a rule beside it":
        ("v2-add-tags", f"{PARAMETERS}.resourceArns",
         [PREFIX + "truststore/x/0011223344556677",
          PREFIX + "listener-rule/net/mesh/0011223344556677/0011223344556677/0011223344556677",
          PREFIX + "loadbalancer/" + NLB.arn_path]),
    "fields that nobody knows": ("v2-delete", "detail.somethingNew", {"a": [1, None]}),
    "odd Unicode in a tag":
        ("v2-create-gwlb", "detail.requestParameters.tags", [{"key": "\u202e\U0001f600", "value": "\ud800"}]),
    **{
        f"tags that are no tags, but {value!r}": ("v2-create-gwlb", "detail.requestParameters.tags", value)
        for value in (None, "x", 5, True, {"key": "hostname"}, [5, "hostname", None, {"key": 7}, {"value": "x"}])
    },
}
# fmt: on


@pytest.mark.parametrize(("name", "path", "value"), STILL_UNDERSTOOD.values(), ids=STILL_UNDERSTOOD.keys())
def test_what_does_not_matter_changes_nothing(name: str, path: str, value: object) -> None:
    assert outcome(changed(name, path, value)) == ASKED_FOR[name]


# fmt: off
TOLD = {
    "a create that sets no hostname tag": ("v2-create-nlb", f"{PARAMETERS}.tags", [], CREATED),
    "a hostname tag without a value":
        ("v2-add-tags", f"{PARAMETERS}.tags", [{"key": "hostname"}], replace(TAGGED, tag="")),
    "other tags only": ("v2-add-tags", f"{PARAMETERS}.tags", [{"key": "team", "value": "mesh"}], TAGGED),
    "other tags removed": ("v2-remove-tags", f"{PARAMETERS}.tagKeys", ["team"], replace(UNTAGGED, untags=False)),
    "tag keys that are no list": ("v2-remove-tags", f"{PARAMETERS}.tagKeys", 7, replace(UNTAGGED, untags=False)),
    "other tags removed of a classic one":
        ("classic-remove-tags", f"{PARAMETERS}.tags", [{"key": "team"}], replace(UNTAGGED, untags=False)),
    "no time": ("v2-delete", "detail.eventTime", ..., replace(DELETED, at=SENT)),
    "a time that is a number": ("v2-delete", "detail.eventTime", 5, replace(DELETED, at=SENT)),
    "a time that is a text": ("v2-delete", "detail.eventTime", "yesterday", replace(DELETED, at=SENT)),
    "a year 0": ("v2-delete", "detail.eventTime", "0000-01-01T00:00:00Z", replace(DELETED, at=SENT)),
    "a month 13": ("v2-delete", "detail.eventTime", "2026-13-01T00:00:00Z", replace(DELETED, at=SENT)),
    "a day 0": ("v2-delete", "detail.eventTime", "2026-01-00T00:00:00Z", replace(DELETED, at=SENT)),
    "a time after the message was sent": ("v2-delete", "detail.eventTime", "2300-01-01T00:00:00Z",
                                          replace(DELETED, at=SENT)),
}
# fmt: on


@pytest.mark.parametrize(("name", "path", "value", "told"), TOLD.values(), ids=TOLD.keys())
def test_what_an_event_tells_decides_when_to_look(name: str, path: str, value: object, told: Event) -> None:
    work = outcome(changed(name, path, value))
    assert isinstance(work, Check)
    assert work.event == told


def test_the_hostname_tag_may_have_another_name() -> None:
    work = events.work_in(samples.load("v2-add-tags"), OWNER, "team", SENT)
    assert isinstance(work, Check)
    assert work.event == replace(TAGGED, tag=None)
    untagged = events.work_in(samples.load("v2-remove-tags"), OWNER, "team", SENT)
    assert isinstance(untagged, Check)
    assert untagged.event == UNTAGGED


def test_several_load_balancers_made_by_one_call_are_all_looked_at() -> None:
    made = [{"loadBalancerArn": lb_arn(n)} for n in range(3)]
    work = outcome(changed("v2-create-nlb", "detail.responseElements.loadBalancers", made))
    assert isinstance(work, Check)
    assert len(work.load_balancers) == 3


@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-eusc"])
def test_other_partitions_have_other_arns(partition: str) -> None:
    arn = lb_arn(1).replace("arn:aws:", f"arn:{partition}:")
    assert isinstance(outcome(changed("v2-delete", f"{PARAMETERS}.loadBalancerArn", arn)), Check)
