"""The owner mark: the comment of a record that says it is ours, and which load balancer it serves.

    <owner> <region>/<account>/<kind>/<name>[/<id>]

`served_by` recognises what `comment_for` writes: exact, case-sensitive, whole fields.
"""

from __future__ import annotations

from mesh_dns.core.values import LoadBalancerId, Record

# Characters in a comment on Cloudflare's free plan; error 9313 beyond it.
LONGEST_MARK = 100


def comment_for(owner: str, load_balancer: LoadBalancerId) -> str:
    """The comment that our record for this load balancer carries: at most `LONGEST_MARK` characters."""
    return f"{owner} {load_balancer}"


def served_by(owner: str, record: Record) -> LoadBalancerId | None:
    """The load balancer that a record's mark names; None when the record does not carry our mark."""
    prefix, _, rest = record.comment.partition(" ")
    return LoadBalancerId.parse(rest) if prefix == owner else None


def is_marked(record: Record) -> bool:
    """Whether the comment is the mark of any installation, ours or somebody else's."""
    _, _, rest = record.comment.partition(" ")
    return LoadBalancerId.parse(rest) is not None
