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

  default { value = 1 }

  lifecycle_rule {
    and {
      prefix = "x"
    }
    days = 1
  }

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
    '''

    def __init__(
        self,
        scope: "_constructs.Construct",
        *,
        name: builtins.str,
        rule: typing.Optional[typing.Sequence[typing.Union["AwsQueue.RuleProperty", typing.Dict[builtins.str]]]] = None,
        connection: typing.Optional[builtins.str] = None,
    ) -> None:
        '''(experimental) Create a new one.

        :param scope: The scope.
        :param name: (experimental) {@link https://r/aws/6.1.0/docs/resources/sqs_queue#name AwsQueue#name}.
        :param rule: (experimental) rule block. {@link https://r/aws/6.1.0/docs/resources/sqs_queue#rule AwsQueue#rule}
        :param connection:
        '''

    @builtins.property
    @jsii.member(jsii_name="arn")
    def arn(self) -> str:
        pass

    @builtins.classmethod
    def import_from(cls) -> str:
        pass

    class EmptyProperty:
        def __init__(self) -> None:
            pass

    class RuleProperty:
        def __init__(
            self,
            *,
            equal_to: jsii.Number,
            rule: typing.Optional[typing.Union["AwsQueue.RuleProperty", typing.Dict[builtins.str]]] = None,
        ) -> None:
            '''
            :param equal_to: (experimental) {@link https://r/aws/6.1.0/docs/resources/sqs_queue#equals AwsQueue#equals}.
            :param rule: (experimental) {@link https://r/aws/6.1.0/docs/resources/sqs_queue#rule AwsQueue#rule}
            '''

class AwsOther(Resource):
    @builtins.property
    def other(self) -> str:
        pass
"""


def test_reads_arguments_blocks_and_references_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(QUEUE)
    blocks = {"vpc_config", "vpc_config.subnet_ids", "filter", "default", "default.value"}
    blocks |= {"lifecycle_rule", "lifecycle_rule.and", "lifecycle_rule.and.prefix", "lifecycle_rule.days"}
    assert used(tmp_path) == {
        "aws_sqs_queue": Use({"name", "policy", "tags", "description", "delay_seconds"} | blocks, {"url"}),
        "data.aws_region": Use(set(), {"id"}),
    }


def test_reads_the_bindings_of_one_resource_and_not_of_its_neighbour() -> None:
    arguments = ["name", "rule", "rule.equals", "rule.rule"]
    expected = {"aws_sqs_queue": {"arguments": arguments, "attributes": ["arn"]}}
    assert described([BINDINGS], ["aws_sqs_queue", "aws_other"]) == ("6.1.0", expected)


def test_all_that_the_module_uses_was_looked_up() -> None:
    assert FIXTURE["provider"].startswith("6.")
    assert set(USED) <= set(PROVIDER_6), "run `make provider`"
    assert len(USED) > 25


def test_what_stands_in_blocks_is_looked_up_within_them() -> None:
    nested = {address: [each for each in use.arguments if "." in each] for address, use in USED.items()}
    assert "scaling_config.maximum_concurrency" in nested["aws_lambda_event_source_mapping"]
    assert len([address for address, arguments in nested.items() if arguments]) > 5


@pytest.mark.parametrize("address", USED)
def test_every_argument_and_attribute_is_known(address: str) -> None:
    known, use = PROVIDER_6.get(address, {"arguments": [], "attributes": []}), USED[address]
    assert use.arguments <= set(known["arguments"])
    assert use.attributes <= {*known["arguments"], *known["attributes"]}


def test_the_regions_name_which_6_deprecates_is_not_used() -> None:
    assert USED["data.aws_region"].attributes == {"id"}
