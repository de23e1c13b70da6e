# One run per thing that is refused, by a variable or by the plan of a first apply, which knows no ids yet.

mock_provider "aws" {
  source = "./tests/setup"
}

variables {
  zones = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353" } } }
  trail = null
}

run "the_smallest_input_is_accepted" {
  command = plan
}

run "a_name_with_capitals_is_refused" {
  command = plan

  variables {
    name = "Mesh-DNS"
  }

  expect_failures = [var.name]
}

run "a_name_that_a_bucket_could_not_hold_is_refused" {
  command = plan

  variables {
    name = "mesh-dns-of-the-platform-team"
  }

  expect_failures = [var.name]
}

run "zones_may_not_be_empty" {
  command = plan

  variables {
    zones = {}
  }

  expect_failures = [var.zones]
}

run "a_suffix_with_a_trailing_dot_is_refused" {
  command = plan

  variables {
    zones = { "mesh.example.com." = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353" } } }
  }

  expect_failures = [var.zones]
}

run "a_suffix_of_one_label_is_refused" {
  command = plan

  variables {
    zones = { "com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353" } } }
  }

  expect_failures = [var.zones]
}

run "a_wildcard_suffix_is_refused" {
  command = plan

  variables {
    zones = { "*.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353" } } }
  }

  expect_failures = [var.zones]
}

run "a_zone_name_instead_of_its_id_is_refused" {
  command = plan

  variables {
    zones = { "mesh.example.com" = { cloudflare = { zone_id = "example.com" } } }
  }

  expect_failures = [var.zones]
}

run "accounts_may_not_be_empty" {
  command = plan

  variables {
    accounts = {}
  }

  expect_failures = [var.accounts]
}

run "an_account_that_lost_its_leading_zero_is_refused" {
  command = plan

  variables {
    accounts = { "11122223333" = ["*"] }
  }

  expect_failures = [var.accounts]
}

run "an_account_whose_patterns_are_null_is_refused" {
  command = plan

  variables {
    accounts = { "111122223333" = null }
  }

  expect_failures = [var.accounts]
}

run "a_pattern_that_is_null_is_refused" {
  command = plan

  variables {
    accounts = { "111122223333" = ["*", null] }
  }

  expect_failures = [var.accounts]
}

run "an_account_that_may_claim_nothing_is_fine" {
  command = plan

  variables {
    accounts = { "111122223333" = ["*"], "444455556666" = [] }
  }

  assert {
    condition     = length(output.settings.accounts["444455556666"]) == 0
    error_message = "An empty list is no null."
  }
}

run "a_pattern_with_an_inner_wildcard_is_refused" {
  command = plan

  variables {
    accounts = { "111122223333" = ["cluster*.mesh.example.com"] }
  }

  expect_failures = [var.accounts]
}

run "a_pattern_with_capitals_is_refused" {
  command = plan

  variables {
    accounts = { "111122223333" = ["*.EU.mesh.example.com"] }
  }

  expect_failures = [var.accounts]
}

run "a_pattern_outside_the_zones_is_refused" {
  command = plan

  variables {
    accounts = { "111122223333" = ["*.mesh.example.org"] }
  }

  expect_failures = [var.accounts]
}

run "a_pattern_beyond_a_label_border_is_refused" {
  command = plan

  variables {
    accounts = { "111122223333" = ["*.evilmesh.example.com"] }
  }

  expect_failures = [var.accounts]
}

run "a_hostname_tag_of_aws_is_refused" {
  command = plan

  variables {
    load_balancers = { hostname_tag = "aws:hostname" }
  }

  expect_failures = [var.load_balancers]
}

run "a_required_tag_key_with_a_comma_is_refused" {
  command = plan

  variables {
    required_tags = { "a,b" = "c" }
  }

  expect_failures = [var.required_tags]
}

run "a_required_tag_value_with_a_wildcard_is_refused" {
  command = plan

  variables {
    required_tags = { stack = "kube-system/*" }
  }

  expect_failures = [var.required_tags]
}

run "a_ttl_below_a_minute_is_refused" {
  command = plan

  variables {
    records = { ttl = 1 }
  }

  expect_failures = [var.records]
}

run "an_unknown_policy_is_refused" {
  command = plan

  variables {
    write_policy = "delete-only"
  }

  expect_failures = [var.write_policy]
}

run "an_unknown_adoption_is_refused" {
  command = plan

  variables {
    adopt = "all"
  }

  expect_failures = [var.adopt]
}

run "a_grace_longer_than_a_queue_can_delay_is_refused" {
  command = plan

  variables {
    records = { grace_seconds = 901 }
  }

  expect_failures = [var.records]
}

run "an_unknown_mode_is_refused" {
  command = plan

  variables {
    mode = "plan"
  }

  expect_failures = [var.mode]
}

run "a_sweep_of_no_minutes_is_refused" {
  command = plan

  variables {
    sweep = { minutes = 0 }
  }

  expect_failures = [var.sweep]
}

run "a_sweep_of_half_minutes_is_refused" {
  command = plan

  variables {
    sweep = { minutes = 2.5 }
  }

  expect_failures = [var.sweep]
}

run "a_window_longer_than_the_period_is_refused" {
  command = plan

  variables {
    sweep = { minutes = 5, flexible_window_minutes = 6 }
  }

  expect_failures = [var.sweep]
}

run "a_retention_of_no_days_is_refused" {
  command = plan

  variables {
    trail = { retention_days = 0 }
  }

  expect_failures = [var.trail]
}

run "too_little_memory_is_refused" {
  command = plan

  variables {
    function = { memory_mb = 64 }
  }

  expect_failures = [var.function]
}

run "a_timeout_beyond_lambdas_is_refused" {
  command = plan

  variables {
    function = { timeout_seconds = 901 }
  }

  expect_failures = [var.function]
}

run "an_unknown_architecture_is_refused" {
  command = plan

  variables {
    function = { architecture = "amd64" }
  }

  expect_failures = [var.function]
}

run "an_unknown_log_level_is_refused" {
  command = plan

  variables {
    function = { log_level = "verbose" }
  }

  expect_failures = [var.function]
}

run "a_log_retention_that_cloudwatch_does_not_know_is_refused" {
  command = plan

  variables {
    function = { log_retention_days = 10 }
  }

  expect_failures = [var.function]
}

run "a_vpc_without_subnets_is_refused" {
  command = plan

  variables {
    function = { vpc = { subnet_ids = [], security_group_ids = ["sg-0a1b2c3d"] } }
  }

  expect_failures = [var.function]
}

run "an_alarm_action_that_is_no_arn_is_refused" {
  command = plan

  variables {
    alarm_actions = ["on-call@example.com"]
  }

  expect_failures = [var.alarm_actions]
}

run "an_owner_longer_than_the_comment_allows_is_refused" {
  command = plan

  variables {
    owner = "mesh-dns/1f0c9a3e0"
  }

  expect_failures = [var.owner]
}

run "an_owner_with_a_space_is_refused" {
  command = plan

  variables {
    owner = "mesh dns"
  }

  expect_failures = [var.owner]
}

run "a_key_alias_is_refused" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:alias/aws/sns"
  }

  expect_failures = [var.kms_key_arn]
}

run "a_path_without_its_slashes_is_refused" {
  command = plan

  variables {
    iam = { path = "platform" }
  }

  expect_failures = [var.iam]
}

run "a_boundary_that_is_no_policy_is_refused" {
  command = plan

  variables {
    iam = { permissions_boundary = "boundary" }
  }

  expect_failures = [var.iam]
}

run "a_pattern_that_eventbridge_would_refuse_stops_the_plan" {
  command = plan

  variables {
    required_tags = { for number in range(8) : "${join("", [for _ in range(118) : "k"])}${number}" => "v" }
  }

  expect_failures = [aws_cloudwatch_event_rule.events]
}

