# Other accounts and regions: who may put events, what the function may do there, and what each spoke is told.

mock_provider "aws" {
  source          = "./tests/setup"
  override_during = plan
}

variables {
  zones    = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353" } } }
  trail    = null
  accounts = { "111122223333" = ["*"], "444455556666" = ["*.eu.mesh.example.com"], "777788889999" = ["cluster9.mesh.example.com"] }
  spokes   = {}
}

run "without_spokes_there_is_nothing_of_them" {
  command = plan

  variables {
    spokes = null
  }

  assert {
    condition     = length(aws_cloudwatch_event_bus.spokes) + length(aws_cloudwatch_event_rule.spokes) + length(aws_cloudwatch_event_bus_policy.spokes) == 0
    error_message = "No bus without spokes."
  }
  assert {
    condition     = output.hub == null && !strcontains(aws_iam_role_policy.function.policy, "sts:") && !strcontains(aws_iam_role_policy.function.policy, "dynamodb:UpdateItem")
    error_message = "Without spokes the function may neither assume roles nor note sweeps."
  }
  assert {
    condition     = !can(jsondecode(aws_lambda_function.mesh_dns.environment[0].variables.MESH_DNS_SETTINGS).spokes) && !contains(keys(aws_cloudwatch_metric_alarm.watch), "spokes-rule")
    error_message = "Without spokes the function knows of none, and no alarm watches what they send."
  }
}

run "by_default_exactly_the_accounts_that_may_claim_put_events" {
  command = plan

  assert {
    condition = jsondecode(aws_cloudwatch_event_bus_policy.spokes[0].policy).Statement == [{
      Sid       = "AccountsPutEvents"
      Effect    = "Allow"
      Principal = { AWS = ["arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:root", "arn:aws:iam::777788889999:root"] }
      Action    = "events:PutEvents"
      Resource  = "arn:aws:events:eu-west-1:111122223333:event-bus/mesh-dns"
    }]
    error_message = "The bus must let in the accounts of `accounts`, and nobody else."
  }
}

run "an_organization_and_its_units_are_conditions" {
  command = plan

  variables {
    spokes = {
      organization_id    = "o-a1b2c3d4e5"
      organization_paths = ["o-f6g7h8i9j0/r-ab12/ou-ab12-11111111/*"]
      account_ids        = ["777788889999"]
    }
  }

  assert {
    condition = [
      for statement in jsondecode(aws_cloudwatch_event_bus_policy.spokes[0].policy).Statement :
      { principal = statement.Principal, condition = try(statement.Condition, null), rest = [statement.Effect, statement.Action, statement.Resource] }
      ] == [
      for statement in [
        { principal = "*", condition = { StringEquals = { "aws:PrincipalOrgID" = "o-a1b2c3d4e5" } } },
        { principal = "*", condition = { "ForAnyValue:StringLike" = { "aws:PrincipalOrgPaths" = ["o-f6g7h8i9j0/r-ab12/ou-ab12-11111111/*"] } } },
        { principal = { AWS = ["arn:aws:iam::111122223333:root", "arn:aws:iam::777788889999:root"] }, condition = null },
      ] : merge(statement, { rest = ["Allow", "events:PutEvents", "arn:aws:events:eu-west-1:111122223333:event-bus/mesh-dns"] })
    ]
    error_message = "Anybody (\"*\") may come in only with the condition that belongs to it."
  }
}

run "for_other_regions_of_the_own_account_the_bus_is_closed_to_everybody_else" {
  command = plan

  variables {
    accounts = null
  }

  assert {
    condition     = [for statement in jsondecode(aws_cloudwatch_event_bus_policy.spokes[0].policy).Statement : statement.Principal] == [{ AWS = ["arn:aws:iam::111122223333:root"] }]
    error_message = "The bus must stay closed to every other account."
  }
  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : statement.Resource if statement.Action == "sts:AssumeRole"
    ] == [["arn:aws:iam::111122223333:role/${output.hub.reader_role}-*"]]
    error_message = "The function may assume reader roles of this account only."
  }
}

run "what_spokes_send_takes_one_rule_to_the_topic" {
  command = plan

  assert {
    condition     = aws_cloudwatch_event_rule.spokes[0].event_pattern == aws_cloudwatch_event_rule.events.event_pattern && aws_cloudwatch_event_rule.spokes[0].event_bus_name == "mesh-dns"
    error_message = "The rule on the bus must let pass what the rule on the default bus lets pass."
  }
  assert {
    condition = (
      aws_cloudwatch_event_target.spokes[0].arn == aws_sns_topic.events.arn && aws_cloudwatch_event_target.spokes[0].role_arn == null
      && aws_cloudwatch_event_target.spokes[0].event_bus_name == "mesh-dns"
    )
    error_message = "Straight to the topic: an event takes one bus-to-bus hop, and a spoke has taken it."
  }
  assert {
    condition = one(aws_cloudwatch_event_target.spokes[0].dead_letter_config).arn == aws_sqs_queue.dead_letter.arn && contains(
      flatten([for statement in jsondecode(aws_sqs_queue.dead_letter.policy).Statement : try(statement.Condition.ArnEquals["aws:SourceArn"], [])]),
      "arn:aws:events:eu-west-1:111122223333:rule/mesh-dns/mesh-dns-spokes",
    )
    error_message = "What the topic refuses of it must be kept; the ARN of a rule on a bus of its own names the bus."
  }
}

run "the_function_may_read_the_claiming_accounts_and_note_their_sweeps" {
  command = plan

  variables {
    iam = { path = "/platform/" }
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.function.policy).Statement :
      { actions = flatten([statement.Action]), resources = flatten([statement.Resource]) }
      if contains(["CallsReadSpokes", "CallsRememberSweeps"], statement.Sid)
      ] == [
      {
        actions = ["sts:AssumeRole"]
        resources = [
          for account in ["111122223333", "444455556666", "777788889999"] : "arn:aws:iam::${account}:role/platform/${output.hub.installation}-reader-*"
        ]
      },
      { actions = ["dynamodb:UpdateItem"], resources = ["arn:aws:dynamodb:eu-west-1:111122223333:table/mesh-dns"] },
    ]
    error_message = "One reader role per account that may claim, and the hub's own table."
  }
  assert {
    condition = jsondecode(aws_lambda_function.mesh_dns.environment[0].variables.MESH_DNS_SETTINGS).spokes == {
      reader_role = "platform/${output.hub.installation}-reader"
      external_id = output.hub.external_id
    }
    error_message = "The function must look for the role that the policy lets it assume."
  }
}

run "a_spoke_is_told_everything_and_no_secret" {
  command = plan

  variables {
    sweep = { minutes = 30, flexible_window_minutes = 10 }
    iam   = { path = "/platform/" }
  }

  assert {
    condition = output.hub == {
      version              = 1
      partition            = "aws"
      account              = "111122223333"
      region               = "eu-west-1"
      installation         = "mesh-dns-${substr(sha256("111122223333/eu-west-1/mesh-dns"), 0, 8)}"
      first_installation   = "mesh-dns-${substr(sha256("111122223333/eu-west-1/mesh-dns"), 0, 8)}"
      owner                = output.owner
      bus_arn              = "arn:aws:events:eu-west-1:111122223333:event-bus/mesh-dns"
      function_role_arn    = "arn:aws:iam::111122223333:role/platform/mesh-dns-eu-west-1-function"
      role_path            = "/platform/"
      reader_role          = "mesh-dns-${substr(sha256("111122223333/eu-west-1/mesh-dns"), 0, 8)}-reader"
      external_id          = "mesh-dns-${substr(sha256("111122223333/eu-west-1/mesh-dns"), 0, 8)}"
      event_pattern        = aws_cloudwatch_event_rule.events.event_pattern
      sweep_minutes        = 30
      sweep_window_minutes = 10
    }
    error_message = "The hub object is a contract: raise its version when a spoke must change with it."
  }
  assert {
    condition     = aws_iam_role.function.name == "mesh-dns-eu-west-1-function" && aws_iam_role.function.path == "/platform/"
    error_message = "The role must be called what spokes trust."
  }
}

run "an_organization_id_of_another_form_is_refused" {
  command = plan

  variables {
    spokes = { organization_id = "a1b2c3d4e5" }
  }

  expect_failures = [var.spokes]
}

run "a_unit_without_its_organization_is_refused" {
  command = plan

  variables {
    spokes = { organization_paths = ["ou-ab12-11111111"] }
  }

  expect_failures = [var.spokes]
}

run "an_account_that_may_claim_nothing_is_refused" {
  command = plan

  variables {
    spokes = { account_ids = ["000011112222"] }
  }

  expect_failures = [var.spokes]
}

run "a_number_that_is_no_account_is_refused" {
  command = plan

  # Among any account of the Organization, so that no entry of its own is missed.
  variables {
    accounts = { "*" = ["*.{account}.mesh.example.com"] }
    spokes   = { organization_id = "o-a1b2c3d4e5", account_ids = ["4444"] }
  }

  expect_failures = [var.spokes]
}

run "an_organization_of_which_nobody_may_claim_is_refused" {
  command = plan

  variables {
    accounts = null
    spokes   = { organization_id = "o-a1b2c3d4e5" }
  }

  expect_failures = [var.spokes]
}
