# A changed name, applied: what goes on under its first name, and what is made anew.

mock_provider "aws" {
  source = "./tests/setup"
}

variables {
  zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353" } } }
  trail  = {}
  spokes = {}

  token       = { version = 1 }
  token_value = "0123456789-0123456789"
}

run "the_first_name" {
  assert {
    condition     = output.owner == "mesh-dns/${substr(sha256("111122223333/eu-west-1/mesh-dns"), 0, 8)}" && output.table_name == "mesh-dns"
    error_message = "The owner mark is made of account, region and the first name."
  }
}

run "another_name_keeps_the_mark_and_what_holds_something" {
  variables {
    name = "dns-of-the-mesh"
  }

  assert {
    condition     = toset([output.owner, jsondecode(aws_lambda_function.mesh_dns.environment[0].variables.MESH_DNS_SETTINGS).owner]) == toset(["mesh-dns/${substr(sha256("111122223333/eu-west-1/mesh-dns"), 0, 8)}"])
    error_message = "With another mark, every record would be foreign."
  }
  assert {
    condition     = aws_dynamodb_table.memory.name == "mesh-dns" && aws_secretsmanager_secret.token["default"].name_prefix == "mesh-dns-token-" && module.trail[0].bucket == "mesh-dns-trail-111122223333-eu-west-1"
    error_message = "Table, secret and bucket must stay, with what is in them."
  }
  assert {
    condition = (
      jsondecode(aws_lambda_function.mesh_dns.environment[0].variables.MESH_DNS_SETTINGS).table_name == "mesh-dns"
      && contains([for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : statement.Resource], "arn:aws:dynamodb:eu-west-1:111122223333:table/mesh-dns")
    )
    error_message = "The function must find the table that stayed."
  }
  assert {
    condition = alltrue([
      for name in [aws_lambda_function.mesh_dns.function_name, aws_sqs_queue.events.name, aws_sns_topic.events.name, aws_iam_role.function.name, output.hub.installation] :
      startswith(name, "dns-of-the-mesh")
    ])
    error_message = "What does the work goes by its new name."
  }
  assert {
    condition     = output.hub.first_installation == "mesh-dns-${substr(sha256("111122223333/eu-west-1/mesh-dns"), 0, 8)}"
    error_message = "A spoke's trail and bucket must stay, with what is in them."
  }
}

run "a_mark_that_is_given_takes_its_place" {
  command = plan

  variables {
    owner = "mesh-dns/1f0c9a3e"
  }

  assert {
    condition     = output.owner == "mesh-dns/1f0c9a3e"
    error_message = "owner carries records over from another hub."
  }
}

run "the_bus_of_aws_is_no_name" {
  command = plan

  variables {
    name = "default"
  }

  expect_failures = [var.name]
}

run "a_name_that_aws_keeps_to_itself_is_refused" {
  command = plan

  variables {
    name = "sthree-mesh"
  }

  expect_failures = [var.name]
}

run "a_name_that_begins_as_aws_does_is_refused" {
  command = plan

  variables {
    name = "aws-mesh"
  }

  expect_failures = [var.name]
}

run "a_name_that_begins_as_amazon_does_is_refused" {
  command = plan

  variables {
    name = "amazon-mesh"
  }

  expect_failures = [var.name]
}

run "a_name_that_begins_as_the_examples_of_s3_do_is_refused" {
  command = plan

  variables {
    name = "amzn-s3-demo-mesh"
  }

  expect_failures = [var.name]
}

run "a_name_that_begins_as_systems_manager_does_is_refused" {
  command = plan

  variables {
    name = "ssm-mesh"
  }

  expect_failures = [var.name]
}

run "a_tag_that_the_module_sets_is_refused" {
  command = plan

  variables {
    tags = { "mesh-dns" = "mine" }
  }

  expect_failures = [var.tags]
}

run "a_tag_that_aws_would_refuse_is_refused" {
  command = plan

  variables {
    tags = { "aws:team" = "platform" }
  }

  expect_failures = [var.tags]
}
