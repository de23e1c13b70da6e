# What a spoke must not be given: each stops the plan with a sentence that helps.

mock_provider "aws" {
  override_during = plan

  mock_data "aws_caller_identity" {
    defaults = { account_id = "444455556666" }
  }
  mock_data "aws_region" {
    defaults = { id = "cn-north-1", name = "cn-north-1" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws-cn", dns_suffix = "amazonaws.com.cn" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws-cn:iam::444455556666:role/mocked" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws-cn:sqs:cn-north-1:444455556666:mocked" }
  }
}

variables {
  hub = {
    version              = 1
    partition            = "aws-cn"
    account              = "111122223333"
    region               = "cn-north-1"
    installation         = "mesh-dns-1f0c9a3e"
    first_installation   = "mesh-dns-1f0c9a3e"
    owner                = "mesh-dns/1f0c9a3e"
    bus_arn              = "arn:aws-cn:events:cn-north-1:111122223333:event-bus/mesh-dns"
    function_role_arn    = "arn:aws-cn:iam::111122223333:role/mesh-dns-cn-north-1-function"
    role_path            = "/"
    reader_role          = "mesh-dns-1f0c9a3e-reader"
    external_id          = "mesh-dns-1f0c9a3e"
    event_pattern        = "{\"source\":[\"mesh-dns\"]}"
    sweep_minutes        = 1
    sweep_window_minutes = 1
  }
}

run "another_partition_than_the_default_one_is_derived" {
  command = plan

  assert {
    condition = (
      jsondecode(aws_iam_role.reader.assume_role_policy).Statement[0].Principal.AWS == "arn:aws-cn:iam::111122223333:root"
      && aws_scheduler_schedule.sweep.target[0].arn == "arn:aws-cn:events:cn-north-1:444455556666:event-bus/default"
      && aws_scheduler_schedule.sweep.schedule_expression == "rate(1 minute)"
    )
    error_message = "ARNs must be of the partition that the spoke is in."
  }
}

run "a_hub_in_another_partition_is_refused" {
  command = plan

  variables {
    hub = merge(var.hub, { partition = "aws", region = "eu-west-1" })
  }

  expect_failures = [aws_cloudwatch_event_rule.forward]
}

run "a_hub_in_another_region_of_china_is_refused" {
  command = plan

  variables {
    hub = merge(var.hub, { region = "cn-northwest-1" })
  }

  expect_failures = [aws_cloudwatch_event_rule.forward]
}

run "a_key_alias_is_refused" {
  command = plan

  variables {
    kms_key_arn = "arn:aws-cn:kms:cn-north-1:444455556666:alias/mesh"
  }

  expect_failures = [var.kms_key_arn]
}

run "a_tag_that_the_module_sets_is_refused" {
  command = plan

  variables {
    tags = { "mesh-dns" = "mine" }
  }

  expect_failures = [var.tags]
}

run "the_hubs_own_scope_is_refused" {
  command = plan

  variables {
    hub = merge(var.hub, { account = "444455556666" })
  }

  expect_failures = [aws_cloudwatch_event_rule.forward]
}

run "a_hub_without_spokes_is_refused" {
  command = plan

  variables {
    hub = null
  }

  expect_failures = [var.hub]
}

run "a_hub_object_of_an_older_release_is_refused" {
  command = plan

  variables {
    hub = { owner = "mesh-dns/1f0c9a3e", bus_arn = "arn:aws-cn:events:cn-north-1:111122223333:event-bus/mesh-dns" }
  }

  expect_failures = [var.hub]
}

run "a_hub_object_of_a_newer_release_is_refused" {
  command = plan

  variables {
    hub = merge(var.hub, { version = 2 })
  }

  expect_failures = [var.hub]
}

run "half_a_hub_object_is_refused" {
  command = plan

  variables {
    hub = { version = 1, owner = "mesh-dns/1f0c9a3e" }
  }

  expect_failures = [var.hub]
}

run "a_trail_that_keeps_nothing_is_refused" {
  command = plan

  variables {
    trail = { retention_days = 0 }
  }

  expect_failures = [var.trail]
}

run "a_boundary_that_is_no_policy_is_refused" {
  command = plan

  variables {
    iam = { permissions_boundary = "boundary" }
  }

  expect_failures = [var.iam]
}

run "a_path_that_is_not_the_hubs_is_refused" {
  command = plan

  variables {
    iam = { path = "/platform/" }
  }

  expect_failures = [var.iam]
}

run "a_tag_that_aws_would_refuse_is_refused" {
  command = plan

  variables {
    tags = { "aws:team" = "platform" }
  }

  expect_failures = [var.tags]
}
