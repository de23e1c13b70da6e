"""What regions lack is in one table of the documents, and is left out there: nothing else that the module uses."""

from __future__ import annotations

import re

import botocore.session
import pytest

from tests.docs.declared import ROOT

FILES = [*ROOT.glob("*.tf"), *ROOT.glob("modules/spoke/**/*.tf")]
SESSION = botocore.session.get_session()
ISOLATED = "aws-iso"
OTHER_PARTITIONS = sorted(
    partition
    for partition in SESSION.get_available_partitions()
    if partition != "aws" and not partition.startswith(ISOLATED)
)
PLANNED = [
    ("aws", "mx-central-1"),
    ("aws", "ap-southeast-6"),
    ("aws", "eu-south-2"),
    ("aws-us-gov", "us-gov-west-1"),
    ("aws-cn", "cn-north-1"),
]
"""Those of tests/partitions.tftest.hcl."""
HEADING = "## Partitions and regions\n"
TABLE = (ROOT / "docs" / "multi-account.md").read_text().split(HEADING)[1].split("\n## ")[0]
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
# What the table says that some regions lack: resource type => the line that leaves it out there.
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
    return {*OTHER_PARTITIONS, *re.findall(r'"([a-z]+-[a-z]+-\d)"', condition)}


def rows_that_say(*texts: str) -> set[str]:
    """The partitions and regions of the table's rows in which what does not work has any of these words."""
    rows = [line.split(" | ") for line in TABLE.splitlines() if line.startswith("| ")][1:]
    return {
        where
        for kind, _, lacks, _ in rows
        if any(text in lacks for text in texts)
        for where in re.findall(r"`(aws(?:-[a-z-]+)?|[a-z]{2}-[a-z]+-\d)`", kind)
    }


def test_the_plans_are_tested_there() -> None:
    plans = re.findall(r'^run "(\w+)"', (ROOT / "tests" / "partitions.tftest.hcl").read_text(), re.MULTILINE)
    assert {region.replace("-", "_") for _, region in PLANNED} == set(plans)


def test_every_kind_of_resource_has_its_service() -> None:
    used = {kind for file in FILES for kind in resources(file.read_text())}
    assert used >= LACKING.keys()
    assert [kind for kind in used if sum(kind.startswith(begin) for begin in SERVICES) != 1] == []


def test_the_table_is_in_one_place() -> None:
    assert [page.name for page in (ROOT / "docs").glob("*.md") if HEADING in page.read_text()] == ["multi-account.md"]


def test_the_table_has_every_partition() -> None:
    named = set(re.findall(r"`(aws(?:-[a-z-]+)?)`", TABLE))
    assert named == {"aws", *OTHER_PARTITIONS, ISOLATED}


@pytest.mark.parametrize("service", sorted({*SERVICES.values(), *CALLED} - {""}))
@pytest.mark.parametrize("partition", ["aws", *OTHER_PARTITIONS])
def test_its_service_is_in_every_region_where_lambda_is(partition: str, service: str) -> None:
    """A region in which one is missing needs a row in the table, and a place here."""
    hubs = set(SESSION.get_available_regions("lambda", partition))
    assert hubs - set(SESSION.get_available_regions(service, partition)) == set()
    assert {region for of, region in PLANNED if of == partition} <= hubs


@pytest.mark.parametrize("kind", LACKING)
def test_what_a_region_lacks_is_left_out_there(kind: str) -> None:
    assert LACKING[kind] in resources((ROOT / "function.tf").read_text())[kind]


def test_the_table_names_every_region_that_lacks_something() -> None:
    assert rows_that_say("recursion setting", "same two settings") == without()


def test_the_table_names_every_partition_in_which_vault_knows_no_login_by_iam() -> None:
    """The function signs for Vault's default endpoint, which is of the partition `aws`."""
    assert rows_that_say("Vault by `aws_role`") == set(OTHER_PARTITIONS)


def test_the_table_says_what_to_do_where_the_default_architecture_is_missing() -> None:
    (default,) = re.findall(r'architecture +?= optional\(string, "(\w+)"\)', (ROOT / "variables.tf").read_text())
    (row,) = [line for line in TABLE.splitlines() if f"`{default}`" in line]
    assert 'architecture = "x86_64"' in row
