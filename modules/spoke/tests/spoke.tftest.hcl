# What lies in a spoke's account, and the traps of the real AWS on the way to the hub.

mock_provider "aws" {
  override_during = plan

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

override_resource {
  target          = aws_iam_role.forward
  override_during = plan
  values          = { arn = "arn:aws:iam::444455556666:role/forward" }
}

override_resource {
  target          = aws_iam_role.sweep
  override_during = plan
  values          = { arn = "arn:aws:iam::444455556666:role/sweep" }
}

variables {
  hub = {
    version              = 1
    partition            = "aws"
    account              = "111122223333"
    region               = "eu-west-1"
    installation         = "mesh-dns-1f0c9a3e"
    first_installation   = "mesh-dns-1f0c9a3e"
    owner                = "mesh-dns/1f0c9a3e"
    bus_arn              = "arn:aws:events:eu-west-1:111122223333:event-bus/mesh-dns"
    function_role_arn    = "arn:aws:iam::111122223333:role/platform/mesh-dns-eu-west-1-function"
    role_path            = "/platform/"
    reader_role          = "mesh-dns-1f0c9a3e-reader"
    external_id          = "mesh-dns-1f0c9a3e"
    event_pattern        = "{\"source\":[\"mesh-dns\"],\"detail-type\":[\"Mesh DNS Sweep\"],\"detail\":{\"owner\":[\"mesh-dns/1f0c9a3e\"]}}"
    sweep_minutes        = 15
    sweep_window_minutes = 10
  }
}

run "events_take_one_hop_with_a_role_of_their_own" {
  command = plan

  assert {
    condition = (
      aws_cloudwatch_event_target.hub.arn == var.hub.bus_arn && aws_cloudwatch_event_target.hub.role_arn == aws_iam_role.forward.arn
      && aws_cloudwatch_event_target.hub.event_bus_name == null # the default bus
    )
    error_message = "From the default bus straight to the hub's, with a role: a bus of another account takes nothing without one, and an event takes one hop."
  }
  assert {
    condition     = aws_cloudwatch_event_rule.forward.event_pattern == var.hub.event_pattern && aws_cloudwatch_event_rule.forward.event_bus_name == null
    error_message = "The rule must match what the hub's own matches: load balancer calls happen on the default bus."
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.forward.policy).Statement == [{
      Sid = "PutsEventsOntoTheHubsBus", Effect = "Allow", Action = "events:PutEvents", Resource = var.hub.bus_arn
    }]
    error_message = "The rule may put events onto that one bus."
  }
  assert {
    condition = jsondecode(aws_iam_role.forward.assume_role_policy).Statement == [{
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = {
          "aws:SourceAccount" = "444455556666"
          "aws:SourceArn"     = "arn:aws:events:eu-central-1:444455556666:rule/mesh-dns-1f0c9a3e-spoke"
        }
      }
    }]
    error_message = "EventBridge must not be a confused deputy: it names the rule."
  }
}

run "only_the_hubs_function_may_look_and_only_look" {
  command = plan

  assert {
    condition = jsondecode(aws_iam_role.reader.assume_role_policy).Statement == [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::111122223333:root" }
      Action    = "sts:AssumeRole"
      Condition = {
        ArnEquals    = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/platform/mesh-dns-eu-west-1-function" }
        StringEquals = { "sts:ExternalId" = "mesh-dns-1f0c9a3e" }
      }
    }]
    error_message = "The hub's account, narrowed to the function's role by a condition: a principal that names a role dies with it."
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.reader.policy).Statement == [{
      Sid       = "LooksAtLoadBalancers"
      Effect    = "Allow"
      Action    = ["elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeTags", "tag:GetResources"]
      Resource  = "*"
      Condition = { StringEquals = { "aws:RequestedRegion" = "eu-central-1" } }
    }]
    error_message = "Describing load balancers and their tags in this region, nothing else."
  }
  assert {
    condition     = aws_iam_role.reader.name == "mesh-dns-1f0c9a3e-reader-eu-central-1" && aws_iam_role.reader.path == "/platform/"
    error_message = "The function finds the role by path, name and region."
  }
  assert {
    condition = alltrue([
      for role in [aws_iam_role.reader, aws_iam_role.forward, aws_iam_role.sweep] : endswith(role.name, "-eu-central-1") && role.path == "/platform/"
    ])
    error_message = "IAM knows no regions: names of roles must carry theirs, or two regions of one account collide."
  }
}

run "the_sweep_announces_the_scope_through_the_same_rule" {
  command = plan

  assert {
    condition = (
      aws_scheduler_schedule.sweep.target[0].arn == "arn:aws:events:eu-central-1:444455556666:event-bus/default"
      && aws_scheduler_schedule.sweep.target[0].role_arn == aws_iam_role.sweep.arn
      && jsondecode(aws_scheduler_schedule.sweep.target[0].input) == { owner = "mesh-dns/1f0c9a3e" }
      && aws_scheduler_schedule.sweep.target[0].eventbridge_parameters[0].source == "mesh-dns"
      && aws_scheduler_schedule.sweep.target[0].eventbridge_parameters[0].detail_type == "Mesh DNS Sweep"
    )
    error_message = "The sweep must be put onto the default bus of its own account and region: only that sets whose scope it is."
  }
  assert {
    condition = (
      aws_scheduler_schedule.sweep.schedule_expression == "rate(15 minutes)" && aws_scheduler_schedule.sweep.flexible_time_window[0].mode == "FLEXIBLE"
      && aws_scheduler_schedule.sweep.flexible_time_window[0].maximum_window_in_minutes == 10
    )
    error_message = "Many scopes must not sweep all at minute 0."
  }
  assert {
    condition = jsondecode(aws_iam_role.sweep.assume_role_policy).Statement[0].Condition.StringEquals == {
      "aws:SourceAccount" = "444455556666", "aws:SourceArn" = "arn:aws:scheduler:eu-central-1:444455556666:schedule-group/mesh-dns-1f0c9a3e"
      } && [for statement in jsondecode(aws_iam_role_policy.sweep.policy).Statement : [statement.Action, statement.Resource, statement.Condition]] == [[
        "events:PutEvents", "arn:aws:events:eu-central-1:444455556666:event-bus/default", { StringEquals = { "events:source" = "mesh-dns" } },
    ]]
    error_message = "Only this schedule may put only events of our own source."
  }
}

run "what_the_hub_refuses_is_kept" {
  command = plan

  assert {
    condition     = one(aws_cloudwatch_event_target.hub.dead_letter_config).arn == aws_sqs_queue.undelivered.arn && aws_sqs_queue.undelivered.sqs_managed_sse_enabled
    error_message = "The target must leave what the hub refused in an encrypted queue of the same region."
  }
  assert {
    condition = [
      for statement in jsondecode(aws_sqs_queue.undelivered.policy).Statement : [statement.Effect, statement.Action, statement.Condition]
      ] == [
      ["Allow", "sqs:SendMessage", { ArnEquals = { "aws:SourceArn" = "arn:aws:events:eu-central-1:444455556666:rule/mesh-dns-1f0c9a3e-spoke" } }],
      ["Deny", "sqs:*", { Bool = { "aws:SecureTransport" = "false" } }],
    ]
    error_message = "Only this rule may send there, and nobody without TLS."
  }
}

run "a_trail_only_where_it_is_asked_for" {
  command = plan

  assert {
    condition     = length(module.trail) == 0
    error_message = "No second copy of management events unless it is asked for."
  }
}

run "an_account_without_a_trail_gets_one" {
  command = plan

  variables {
    trail = {}
  }

  assert {
    condition     = module.trail[0].bucket == "mesh-dns-1f0c9a3e-444455556666-eu-central-1"
    error_message = "The trail's bucket must carry installation, account and region."
  }
}

run "a_renamed_hub_leaves_the_trail_and_its_bucket_alone" {
  command = plan

  variables {
    trail = {}
    hub   = merge(var.hub, { installation = "dns-of-the-mesh-2a1b3c4d", reader_role = "dns-of-the-mesh-2a1b3c4d-reader" })
  }

  assert {
    condition     = module.trail[0].bucket == "mesh-dns-1f0c9a3e-444455556666-eu-central-1" && startswith(aws_sqs_queue.undelivered.name, "dns-of-the-mesh-2a1b3c4d")
    error_message = "What holds log files goes by the hub's first name, everything else by its new one."
  }
}

run "the_longest_names_fit" {
  command = plan

  variables {
    trail = {}
    hub = merge(var.hub, {
      installation       = "a234567890123456789012-4-1f0c9a3e"
      first_installation = "a234567890123456789012-4-1f0c9a3e"
      reader_role        = "a234567890123456789012-4-1f0c9a3e-reader"
    })
  }

  assert {
    condition     = max([for role in [aws_iam_role.reader, aws_iam_role.forward, aws_iam_role.sweep] : length(role.name)]...) + 3 <= 64 && length(module.trail[0].bucket) + 3 <= 63
    error_message = "Names must fit, also with the longest region, which is three characters longer."
  }
}

run "the_inputs_reach_every_role_and_resource" {
  command = plan

  variables {
    iam  = { path = "/platform/", permissions_boundary = "arn:aws:iam::444455556666:policy/boundary" } # as at the hub
    tags = { team = "platform" }
  }

  assert {
    condition = alltrue([
      for role in [aws_iam_role.reader, aws_iam_role.forward, aws_iam_role.sweep] :
      role.permissions_boundary == "arn:aws:iam::444455556666:policy/boundary" && role.tags == tomap({ "mesh-dns" = "mesh-dns-1f0c9a3e", team = "platform" })
    ])
    error_message = "Every role must carry the boundary and the tags."
  }
}

run "a_customer_key_is_for_the_queue_and_the_trail" {
  command = plan

  variables {
    trail       = {}
    kms_key_arn = "arn:aws:kms:eu-central-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }

  assert {
    condition     = aws_sqs_queue.undelivered.kms_master_key_id == var.kms_key_arn && aws_sqs_queue.undelivered.sqs_managed_sse_enabled != true
    error_message = "What was not delivered must be under the key."
  }
  assert {
    condition     = module.trail[0].kms_key_arn == var.kms_key_arn
    error_message = "The trail must be under the key."
  }
}
