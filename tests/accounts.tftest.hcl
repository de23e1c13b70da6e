# Hundreds of accounts: what reaches the function, what it may read, and what a reviewer sees.

mock_provider "aws" {
  source          = "./tests/setup"
  override_during = plan
}

variables {
  zones = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353" } } }
  trail = null

  many = { for number in range(500) : format("%012d", 200000000000 + number) => ["*.team-${number}.mesh.example.com"] }
}

run "few_accounts_stand_in_the_functions_settings" {
  command = plan

  variables {
    accounts = { "111122223333" = ["*"], "444455556666" = ["*.{account}.mesh.example.com"] }
  }

  assert {
    condition = (
      jsondecode(aws_lambda_function.mesh_dns.environment[0].variables.MESH_DNS_SETTINGS).accounts == { "111122223333" = ["*"], "444455556666" = ["*.{account}.mesh.example.com"] }
      && !can(jsondecode(aws_lambda_function.mesh_dns.environment[0].variables.MESH_DNS_SETTINGS).accounts_item)
    )
    error_message = "What fits into the settings needs no table."
  }
}

run "five_hundred_accounts_stand_in_the_table" {
  command = plan

  variables {
    accounts = var.many
    spokes   = { organization_id = "o-a1b2c3d4e5" }
  }

  assert {
    condition = (
      jsondecode(aws_lambda_function.mesh_dns.environment[0].variables.MESH_DNS_SETTINGS).accounts_item == sha256(jsonencode(var.many))
      && !can(jsondecode(aws_lambda_function.mesh_dns.environment[0].variables.MESH_DNS_SETTINGS).accounts)
    )
    error_message = "The settings must say which accounts the function may take from the table."
  }
  assert {
    condition = jsondecode(aws_dynamodb_table_item.accounts.item) == {
      kind  = { S = "settings" }
      key   = { S = "accounts" }
      value = { M = { for account, patterns in var.many : account => { L = [{ S = patterns[0] }] } } }
    }
    error_message = "A reviewer must be able to read every account in the plan."
  }
  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : [statement.Resource, statement.Condition] if statement.Action == "sts:AssumeRole"
    ] == [[["arn:aws:iam::*:role/${output.hub.reader_role}-*"], { StringEquals = { "aws:ResourceOrgID" = "o-a1b2c3d4e5" } }]]
    error_message = "More accounts than a policy can list are held to their Organization."
  }
  assert {
    condition     = length(aws_iam_role_policy.function.policy) + length(aws_iam_role_policy.token[0].policy) <= 10240
    error_message = "A role's policies hold 10,240 characters."
  }
}

run "thousands_of_accounts_by_one_rule" {
  command = plan

  variables {
    accounts = { "111122223333" = ["*"], "*" = ["*.{account}.mesh.example.com"] }
    spokes   = { organization_paths = ["o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"] }
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : [statement.Resource, try(statement.Condition, null)] if statement.Action == "sts:AssumeRole"
      ] == [
      [["arn:aws:iam::111122223333:role/${output.hub.reader_role}-*"], null],
      [["arn:aws:iam::*:role/${output.hub.reader_role}-*"], { "ForAnyValue:StringLike" = { "aws:ResourceOrgPaths" = ["o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"] } }],
    ]
    error_message = "Any account means any of these units, and no other."
  }
}

run "any_account_of_an_organization_and_of_some_units" {
  command = plan

  variables {
    accounts = { "*" = ["*.{account}.mesh.example.com"] }
    spokes   = { organization_id = "o-a1b2c3d4e5", organization_paths = ["o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"] }
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : statement if statement.Action == "sts:AssumeRole"
      ] == [
      {
        Sid       = "CallsReadSpokesOfTheOrganization"
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Resource  = ["arn:aws:iam::*:role/${output.hub.reader_role}-*"]
        Condition = { StringEquals = { "aws:ResourceOrgID" = "o-a1b2c3d4e5" } }
      },
      {
        Sid       = "CallsReadSpokesOfOrganizationalUnits"
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Resource  = ["arn:aws:iam::*:role/${output.hub.reader_role}-*"]
        Condition = { "ForAnyValue:StringLike" = { "aws:ResourceOrgPaths" = ["o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"] } }
      },
    ]
    error_message = "No role outside the Organization, and none without a condition, when no account is named."
  }
}

run "the_most_accounts_that_are_listed_leave_room_for_everything_else" {
  command = plan

  variables {
    name        = "a23456789012345678901234"
    accounts    = { for number in range(70) : format("%012d", 200000000000 + number) => ["*"] }
    spokes      = {}
    kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    function    = { vpc = { subnet_ids = ["subnet-0a1b2c3d"], security_group_ids = ["sg-0a1b2c3d"] } }
  }

  assert {
    condition     = length(aws_iam_role_policy.function.policy) + length(aws_iam_role_policy.token[0].policy) <= 10240
    error_message = "A role's policies hold 10,240 characters, and these have ${length(aws_iam_role_policy.function.policy) + length(aws_iam_role_policy.token[0].policy)}."
  }
}

run "more_accounts_than_a_policy_can_list_need_their_organization" {
  command = plan

  variables {
    accounts = var.many
    spokes   = { account_ids = ["200000000000"] }
  }

  expect_failures = [aws_iam_role_policy.function]
}

run "more_accounts_than_a_bus_can_list_need_their_organization" {
  command = plan

  variables {
    accounts = var.many
    spokes   = { organization_id = "o-a1b2c3d4e5", account_ids = keys(var.many) }
  }

  expect_failures = [aws_cloudwatch_event_bus_policy.spokes]
}

run "any_account_without_an_organization_is_refused" {
  command = plan

  variables {
    accounts = { "*" = ["*.{account}.mesh.example.com"] }
    spokes   = {}
  }

  expect_failures = [var.spokes]
}

run "an_unknown_word_in_braces_is_refused" {
  command = plan

  variables {
    accounts = { "111122223333" = ["*.{region}.mesh.example.com"] }
  }

  expect_failures = [var.accounts]
}

run "settings_that_lambda_would_refuse_stop_the_plan" {
  command = plan

  variables {
    zones = { for number in range(60) : "team-${number}.example.com" => { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353" } } }
  }

  expect_failures = [aws_lambda_function.mesh_dns]
}
