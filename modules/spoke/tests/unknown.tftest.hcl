# Every input whose value a first plan does not know: one call of the module for each in tests/unknown.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "444455556666" }
  }
  mock_data "aws_region" {
    defaults = { id = "eu-central-1", name = "eu-central-1" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::444455556666:role/mocked" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:eu-central-1:444455556666:mocked" }
  }
  mock_resource "aws_cloudtrail" {
    defaults = { arn = "arn:aws:cloudtrail:eu-central-1:444455556666:trail/mocked" }
  }
}

run "nothing_counts_on_what_a_first_plan_does_not_know" {
  command = plan

  module {
    source = "./tests/unknown"
  }

  assert {
    condition     = terraform_data.unknown.input == "known after apply"
    error_message = "The value must be that of a resource."
  }
}
