"""Who may do what by a resource's own policy: event buses that other accounts send to, roles that they assume.

moto checks neither. Only what such policies use here is known; an operator that is not known raises NotImitatedError.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from sandbox.not_imitated import NotImitatedError

_OPERATORS = {"StringEquals", "ArnEquals", "ArnLike", "StringLike"}
ORGANIZATION_ID = "o-sandbox0000"
"""Every account of the sandbox belongs to this organization."""

ORGANIZATION_PATH = f"{ORGANIZATION_ID}/r-sand/ou-sand-00000000/"
"""... and to this organizational unit."""


def allows(policy: dict[str, Any], *, action: str, resource: str, facts: Mapping[str, str]) -> bool:
    """Whether an Allow statement fits and no Deny does.

    `facts` holds the condition keys of the request; `aws:PrincipalAccount` and `aws:PrincipalArn` also say who
    asks.
    """
    fitting = [s["Effect"] for s in _listed(policy["Statement"]) if _fits(s, action, resource, _known(facts))]
    return "Allow" in fitting and "Deny" not in fitting


def _known(facts: Mapping[str, str]) -> dict[str, str]:
    organization = {"aws:PrincipalOrgID": ORGANIZATION_ID, "aws:PrincipalOrgPaths": ORGANIZATION_PATH}
    return {name.lower(): value for name, value in (organization | dict(facts)).items()}


def _fits(statement: dict[str, Any], action: str, resource: str, facts: dict[str, str]) -> bool:
    return (
        any(fnmatchcase(action.lower(), wanted.lower()) for wanted in _listed(statement["Action"]))
        and any(fnmatchcase(resource, wanted) for wanted in _listed(statement.get("Resource", "*")))
        and _is_principal(statement["Principal"], facts)
        and all(
            _condition_holds(operator, wanted, facts.get(key.lower()))
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _is_principal(principal: Any, facts: dict[str, str]) -> bool:
    named = _listed(principal.get("AWS", []) if isinstance(principal, dict) else principal)
    account = facts["aws:principalaccount"]
    return any(
        name in {"*", account, facts.get("aws:principalarn")} or name.endswith(f"::{account}:root") for name in named
    )


def _condition_holds(operator: str, wanted: Any, value: str | None) -> bool:
    kind = operator.rsplit(":", 1)[-1]
    if value is None:
        return False
    if kind in _OPERATORS:
        pattern = kind != "StringEquals"
        return any(fnmatchcase(value, w) if pattern else value == w for w in _listed(wanted))
    raise NotImitatedError(f"the condition operator {operator}", f"use one of {', '.join(sorted(_OPERATORS))}")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
