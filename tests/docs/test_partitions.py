"""What regions lack: no resource's service, and what else is missing is in the documents' tables."""

from __future__ import annotations

import re

import botocore.session
import pytest

from tests.docs.declared import ROOT

FILES = [*ROOT.glob("*.tf"), *ROOT.glob("modules/spoke/**/*.tf")]
SESSION = botocore.session.get_session()
PLANNED = [
    ("aws", "mx-central-1"),
    ("aws", "ap-southeast-6"),
    ("aws", "eu-south-2"),
    ("aws-us-gov", "us-gov-west-1"),
    ("aws-cn", "cn-north-1"),
]
"""Those of tests/partitions.tftest.hcl."""
GATE = "local.new_lambda_api"
# How the type of a resource begins => its service, as botocore names it. IAM is in every partition, in no region.
SERVICES = {
    "aws_cloudtrail": "cloudtrail",
    "aws_cloudwatch_event_": "events",
    "aws_cloudwatch_log_": "logs",
    "aws_cloudwatch_metric_": "cloudwatch",
    "aws_dynamodb_": "dynamodb",
    "aws_iam_": "",
    "aws_lambda_": "lambda",
    "aws_s3_": "s3",
    "aws_scheduler_": "scheduler",
    "aws_secretsmanager_": "secretsmanager",
    "aws_sns_": "sns",
    "aws_sqs_": "sqs",
    "terraform_data": "",
}
# What the function and its callers call besides.
CALLED = {"elb", "elbv2", "resourcegroupstaggingapi", "sts", "kms"}
# What the tables say that some regions lack: resource type => the line that leaves it out there.
LACKING = {
    "aws_lambda_function_recursion_config": f"count = {GATE} ? 1 : 0",
    "aws_lambda_event_source_mapping": f"tags = {GATE} ? local.tags : null",
}


def resources(text: str) -> dict[str, str]:
    """Type => the block's text; of several, the last one's."""
    return dict(re.findall(r'^resource "(\w+)" "\w+" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL))


def without() -> set[str]:
    """The partitions and regions that the code leaves something out for."""
    (condition,) = re.findall(r"^  new_lambda_api = (.*)$", (ROOT / "function.tf").read_text(), re.MULTILINE)
    assert condition.startswith('local.partition == "aws" && ')
    return {"aws-us-gov", "aws-cn", *re.findall(r'"([a-z]+-[a-z]+-\d)"', condition)}


def test_the_plans_are_tested_there() -> None:
    plans = re.findall(r'^run "(\w+)"', (ROOT / "tests" / "partitions.tftest.hcl").read_text(), re.MULTILINE)
    assert {region.replace("-", "_") for _, region in PLANNED} == set(plans)


def test_every_kind_of_resource_has_its_service() -> None:
    used = {kind for file in FILES for kind in resources(file.read_text())}
    assert used >= LACKING.keys()
    assert [kind for kind in used if sum(kind.startswith(begin) for begin in SERVICES) != 1] == []


@pytest.mark.parametrize("service", sorted({*SERVICES.values(), *CALLED} - {""}))
@pytest.mark.parametrize(("partition", "region"), PLANNED)
def test_its_service_is_in_the_region(partition: str, region: str, service: str) -> None:
    assert region in SESSION.get_available_regions(service, partition)


@pytest.mark.parametrize("kind", LACKING)
def test_what_a_region_lacks_is_left_out_there(kind: str) -> None:
    assert LACKING[kind] in resources((ROOT / "function.tf").read_text())[kind]


@pytest.mark.parametrize("document", ["inputs.md", "multi-account.md"])
def test_the_table_names_every_region_that_lacks_something(document: str) -> None:
    section = (ROOT / "docs" / document).read_text().split("## Partitions and regions\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    lacking = {
        where
        for row in rows
        if re.search("recursion setting|the same two settings", row) or re.search(r"\| the same[;| ]", row)
        for where in re.findall(r"`(aws-[a-z-]+|[a-z]{2}-[a-z]+-\d)`", row.split("|")[1])
    }
    assert lacking == without()
