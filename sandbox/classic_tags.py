"""Tags of classic load balancers, kept and shown here as late as others: moto has them outside its backend."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from moto.elb.models import elb_backends
from werkzeug.wrappers import Response

from sandbox.lateness import query_error
from sandbox.load_balancers import MOST_PER_CALL, SandboxClassicLoadBalancers

if TYPE_CHECKING:
    from sandbox.caller import Caller
    from sandbox.gateway import Call

_CLASSIC = "2012-06-01"


class ClassicTags:
    """Tags of classic load balancers. moto keeps them outside its backend, so calls are watched and answered here."""

    def before(self, call: Call, caller: Caller) -> None:
        """Nothing to do: tags change when a call was made."""

    def after(self, call: Call, caller: Caller, response: Response) -> None:
        """Note what a call did to tags."""
        if call.action in ("CreateLoadBalancer", "AddTags", "RemoveTags") and _is_classic(call):
            backend = _classic(caller.account, call.region)
            for balancer in list(backend.load_balancers.values()):
                made = call.action == "CreateLoadBalancer"
                backend.shown.tagged(balancer.name, dict(balancer.tags), at_create=made)

    def answer(self, call: Call, caller: Caller) -> Response | None:
        """`DescribeTags`: the tags of all that are asked for, or nothing."""
        if call.action != "DescribeTags" or not _is_classic(call):
            return None
        shown = _classic(caller.account, call.region).shown
        names = [value for parameter, value in call.form().items() if parameter.startswith("LoadBalancerNames.member.")]
        if len(names) > MOST_PER_CALL:
            return query_error("ValidationError", "Up to 20 load balancers can be described in one call.")
        described = ""
        for name in names:
            try:
                tags = shown.tags(name)
            except KeyError:
                return query_error("LoadBalancerNotFound", f"There is no ACTIVE Load Balancer named '{escape(name)}'")
            members = "".join(
                f"<member><Key>{escape(k)}</Key><Value>{escape(v)}</Value></member>" for k, v in tags.items()
            )
            described += f"<member><LoadBalancerName>{name}</LoadBalancerName><Tags>{members}</Tags></member>"
        result = f"<DescribeTagsResult><TagDescriptions>{described}</TagDescriptions></DescribeTagsResult>"
        return Response(f"<DescribeTagsResponse>{result}</DescribeTagsResponse>", content_type="text/xml")


def _classic(account: str, region: str) -> SandboxClassicLoadBalancers:
    backend = elb_backends[account][region]
    assert isinstance(backend, SandboxClassicLoadBalancers)  # noqa: S101  # that is what the sandbox registers
    return backend


def _is_classic(call: Call) -> bool:
    return call.service == "elasticloadbalancing" and call.form().get("Version") == _CLASSIC
