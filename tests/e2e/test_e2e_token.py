"""The token is in the secret, and nowhere else."""

from __future__ import annotations

import base64
import json
import zipfile

import pytest

from sandbox.terraform import ROOT
from tests.e2e.installation import Installation


@pytest.fixture(scope="module", autouse=True)
def _the_token_is_denied(installation: Installation) -> None:
    """So that there are errors, where a token might show."""
    cloudflare, token = installation.sandbox.cloudflare, installation.tokens[-1]
    cloudflare.revoke(token)
    try:
        controller, name = installation.controller(), installation.hostname()
        controller.create(name)
        installation.wait(
            lambda: [line for line in installation.told("zone unread") if "Cloudflare denies" in line["detail"]],
            "the refusal",
        )
    finally:
        cloudflare.add_token(token, installation.zone_ids.values())


def places(mesh: Installation) -> dict[str, str]:
    """Everything that the token must not be in."""
    logs, group = mesh.sandbox.client("logs"), f"/aws/lambda/{mesh.outputs['function_name']}"
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    configuration = mesh.functions.get_function_configuration(FunctionName=mesh.outputs["function_name"])
    found = {f"the {name} plan": text for name, text in mesh.plans.items()}
    found |= {f"the {name} plan, as JSON": json.dumps(mesh.terraform.plan_json(name)) for name in mesh.plans}
    found |= {"the state": mesh.terraform.state(), "the outputs": json.dumps(mesh.outputs)}
    found |= {"the function's configuration": json.dumps(configuration, default=str)}
    found |= {"what the function printed": "\n".join(line.text for line in mesh.sandbox.logs)}
    found |= {"CloudWatch": "\n".join(event["message"] for page in pages for event in page["events"])}
    with zipfile.ZipFile(ROOT / "lambda" / "package.zip") as package:
        found |= {name: package.read(name).decode("latin-1") for name in package.namelist()}
    found |= {"records": repr([mesh.sandbox.cloudflare.records(zone) for zone in mesh.zone_ids.values()])}
    return found


def test_the_token_is_in_the_secret_only(mesh: Installation) -> None:
    secret = mesh.sandbox.client("secretsmanager").get_secret_value(SecretId=mesh.outputs["secret_arn"])
    assert secret["SecretString"] == mesh.tokens[-1]

    searched = places(mesh)
    assert all(searched[place] for place in ("the state", "the first plan", "what the function printed", "CloudWatch"))
    spellings = [form for token in mesh.tokens for form in (token, base64.b64encode(token.encode()).decode())]
    assert [place for place, text in searched.items() if any(form in text for form in spellings)] == []


def test_an_error_that_is_handed_back_does_not_hold_it(mesh: Installation) -> None:
    cloudflare, token = mesh.sandbox.cloudflare, mesh.tokens[-1]
    cloudflare.add_token(token, [])
    try:
        answer = mesh.invoke({"action": "forget", "hostname": mesh.hostname()})
    finally:
        cloudflare.add_token(token, mesh.zone_ids.values())
    assert answer.payload["errorType"] == "Denied"
    assert token not in json.dumps(answer.payload)
