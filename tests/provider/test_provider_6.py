"""Provider 6 is not run here. Every resource and argument that the module uses is held against what it knows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from scripts.provider_6 import KNOWN, described
from scripts.terraform_code import Use, used

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = json.loads(KNOWN.read_text())
PROVIDER_6: Mapping[str, Mapping[str, Sequence[str]]] = FIXTURE["known"]
USED = used(ROOT)

QUEUE = """
resource "aws_sqs_queue" "events" {
  count = var.on ? 1 : 0

  name   = "x" # not = an argument
  policy = jsonencode({
    inner = "no argument"
    text  = "} unbalanced ]"
  })
  tags = { not = "one" }

  dynamic "vpc_config" {
    for_each = var.vpc
    content {
      subnet_ids = [
        for_subnets = 1
      ]
    }
  }

  filter {}

  lifecycle {
    ignore_changes = [policy]
    precondition {
      condition = true
    }
  }
  description = <<-EOT
    nothing = here
  EOT
  delay_seconds = 1
}

data "aws_region" "current" {}

output "arn" { value = aws_sqs_queue.events[0].url + data.aws_region.current.id + module.x.aws_sqs_queue.y.z }
"""
BINDINGS = """
class AwsQueue(Resource):
    '''(experimental) Represents a {@link https://r/aws/6.1.0/docs/resources/sqs_queue aws_sqs_queue}.

    :param name: {@link https://r/aws/6.1.0/docs/resources/sqs_queue#name AwsQueue#name}.
    :param s: {@link https://r/aws/6.1.0/docs/resources/sqs_queue#sha256 AwsQueue#sha256}.
    '''

    @builtins.property
    @jsii.member(jsii_name="arn")
    def arn(self) -> str:

class AwsOther(Resource):
    @builtins.property
    def other(self) -> str:
"""


def test_reads_arguments_blocks_and_references_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(QUEUE)
    blocks = {"vpc_config", "subnet_ids", "filter"}
    assert used(tmp_path) == {
        "aws_sqs_queue": Use({"name", "policy", "tags", "description", "delay_seconds"} | blocks, {"url"}),
        "data.aws_region": Use(set(), {"id"}),
    }


def test_reads_the_bindings_of_one_resource_and_not_of_its_neighbour() -> None:
    expected = {"aws_sqs_queue": {"arguments": ["name", "sha256"], "attributes": ["arn"]}}
    assert described([BINDINGS], ["aws_sqs_queue", "aws_other"]) == ("6.1.0", expected)


def test_all_that_the_module_uses_was_looked_up() -> None:
    assert FIXTURE["provider"].startswith("6.")
    assert set(USED) <= set(PROVIDER_6), "run `make provider`"
    assert len(USED) > 25


@pytest.mark.parametrize("address", USED)
def test_every_argument_and_attribute_is_known(address: str) -> None:
    known, use = PROVIDER_6.get(address, {"arguments": [], "attributes": []}), USED[address]
    assert use.arguments <= set(known["arguments"])
    assert use.attributes <= {*known["arguments"], *known["attributes"]}


def test_the_regions_name_which_6_deprecates_is_not_used() -> None:
    assert USED["data.aws_region"].attributes == {"id"}
