# What the function's role may do, in each configuration: exactly this.

mock_provider "aws" {
  source          = "./tests/setup"
  override_during = plan
}

variables {
  zones = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353" } } }
  trail = null

  calls = {
    CallsLookAtLoadBalancers          = ["elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeTags", "tag:GetResources"]
    CallsSendSecondLooksAndRejections = ["sqs:SendMessage"]
    CallsPostponeFailedMessages       = ["sqs:ChangeMessageVisibility"]
    CallsRemember                     = ["dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Query"]
  }
  services = {
    ServicePollsTheQueue = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    ServiceWritesTheLog  = ["logs:CreateLogStream", "logs:PutLogEvents"]
  }
}

run "by_default_it_looks_at_load_balancers_uses_its_queues_and_reads_its_secret" {
  command = plan

  assert {
    condition = {
      for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : statement.Sid => flatten([statement.Action])
    } == merge(var.calls, var.services)
    error_message = "The policy must hold what the code calls and what AWS does with the role, nothing else."
  }
  assert {
    condition = {
      for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : statement.Sid => flatten([statement.Resource])
      } == {
      CallsLookAtLoadBalancers = ["*"]
      CallsSendSecondLooksAndRejections = [
        "arn:aws:sqs:eu-west-1:111122223333:mesh-dns-events", "arn:aws:sqs:eu-west-1:111122223333:mesh-dns-dead-letter",
      ]
      CallsPostponeFailedMessages = ["arn:aws:sqs:eu-west-1:111122223333:mesh-dns-events"]
      CallsRemember               = ["arn:aws:dynamodb:eu-west-1:111122223333:table/mesh-dns"]
      ServicePollsTheQueue        = ["arn:aws:sqs:eu-west-1:111122223333:mesh-dns-events"]
      ServiceWritesTheLog         = ["arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/mesh-dns:log-stream:*"]
    }
    error_message = "Every resource must be exact; only the describing calls accept nothing finer than \"*\"."
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.token[0].policy).Statement == [{
      Sid = "CallsReadTheToken", Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = [aws_secretsmanager_secret.token["default"].arn]
    }]
    error_message = "The function may read its own secret, and needs no key for it."
  }
  assert {
    condition = jsondecode(aws_iam_role.function.assume_role_policy).Statement == [{
      Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole"
    }]
    error_message = "Only Lambda may assume the function's role."
  }
}

run "an_existing_secret_in_another_account_comes_with_its_key" {
  command = plan

  variables {
    token = {
      existing = {
        secret_arn  = "arn:aws:secretsmanager:eu-central-1:444455556666:secret:cloudflare-AbCdEf"
        json_key    = "token"
        kms_key_arn = "arn:aws:kms:eu-central-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"
      }
    }
  }

  assert {
    condition     = length(aws_secretsmanager_secret.token) == 0 && output.secret_arn == "arn:aws:secretsmanager:eu-central-1:444455556666:secret:cloudflare-AbCdEf"
    error_message = "With an existing secret the module makes none."
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.token[0].policy).Statement == [
      {
        Sid      = "CallsReadTheToken", Effect = "Allow", Action = "secretsmanager:GetSecretValue"
        Resource = ["arn:aws:secretsmanager:eu-central-1:444455556666:secret:cloudflare-AbCdEf"]
      },
      {
        Sid       = "ServiceDecryptsTheToken", Effect = "Allow", Action = "kms:Decrypt"
        Resource  = ["arn:aws:kms:eu-central-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"]
        Condition = { StringEquals = { "kms:ViaService" = ["secretsmanager.eu-central-1.amazonaws.com"] } }
      },
    ]
    error_message = "The function may read that secret, and use its key through Secrets Manager of the secret's region only."
  }
}

run "further_tokens_are_readable_too" {
  command = plan

  variables {
    zones = {
      "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353" } }
      "eu.example.com"   = { cloudflare = { zone_id = "353c0d2738a13ca9da8fece4f501e320", token = "eu" } }
      "us.example.com"   = { cloudflare = { zone_id = "fedcba9876543210fedcba9876543210", token = "us" } }
    }
    tokens = { eu = { existing = { secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:eu-AbCdEf" } }, us = {} }
  }

  assert {
    condition     = keys(aws_secretsmanager_secret.token) == ["default", "us"] && keys(output.secret_arns) == ["default", "eu", "us"]
    error_message = "The module makes a secret for each token that has no place yet."
  }
  assert {
    condition = toset(jsondecode(aws_iam_role_policy.token[0].policy).Statement[0].Resource) == toset([
      "arn:aws:secretsmanager:eu-west-1:111122223333:secret:eu-AbCdEf", aws_secretsmanager_secret.token["default"].arn,
    ])
    error_message = "The function must be able to read each secret (those of the module are mocked with one ARN)."
  }
}

run "where_no_zone_uses_the_default_token_there_is_no_secret_for_it" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = { eu = { existing = { secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:eu-AbCdEf" } } }
  }

  assert {
    condition     = length(aws_secretsmanager_secret.token) == 0 && output.secret_arn == null
    error_message = "A secret that nobody reads must not be made."
  }
}

run "a_customer_key_is_used_through_the_services_that_hold_something_only" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }

  assert {
    condition     = one(aws_dynamodb_table.memory.server_side_encryption).enabled && one(aws_dynamodb_table.memory.server_side_encryption).kms_key_arn == var.kms_key_arn
    error_message = "The table must be under the key."
  }
  assert {
    condition = [
      for statement in concat(jsondecode(aws_iam_role_policy.function.policy).Statement, jsondecode(aws_iam_role_policy.token[0].policy).Statement) :
      [statement.Sid, flatten([statement.Action]), statement.Condition.StringEquals["kms:ViaService"]]
      if flatten([statement.Resource]) == ["arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"]
      ] == [
      ["ServiceUsesTheKeyOfTheQueues", ["kms:Decrypt", "kms:GenerateDataKey"], ["sqs.eu-west-1.amazonaws.com"]],
      ["ServiceDecryptsTableAndSettings", ["kms:Decrypt"], ["dynamodb.eu-west-1.amazonaws.com", "lambda.eu-west-1.amazonaws.com"]],
      ["ServiceDecryptsTheToken", ["kms:Decrypt"], ["secretsmanager.eu-west-1.amazonaws.com"]],
    ]
    error_message = "The key is for messages, the table, the settings and the secret, through the services that hold them."
  }
}

run "vault_with_iam_login_needs_no_secret_at_all" {
  command = plan

  variables {
    token = {
      vault = {
        address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { aws_role = "mesh-dns" }
      }
    }
  }

  assert {
    condition     = length(aws_iam_role_policy.token) == 0 && length(aws_secretsmanager_secret.token) == 0 && output.secret_arn == null
    error_message = "sts:GetCallerIdentity needs no permission: no secret, no policy for one."
  }
}

run "vault_with_a_token_needs_that_one_secret_and_its_key" {
  command = plan

  variables {
    token = {
      vault = {
        address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token"
        auth = {
          token_secret_arn  = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:vault-AbCdEf"
          token_kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
        }
      }
    }
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : [statement.Action, statement.Resource] if strcontains(statement.Sid, "VaultToken")
      ] == [
      ["secretsmanager:GetSecretValue", ["arn:aws:secretsmanager:eu-west-1:111122223333:secret:vault-AbCdEf"]],
      ["kms:Decrypt", ["arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"]],
    ]
    error_message = "Only the secret that holds the Vault token is readable, with its key."
  }
  assert {
    condition     = length(aws_iam_role_policy.token) == 0
    error_message = "No secret holds the Cloudflare token."
  }
}

run "vault_with_a_signed_token_needs_it_for_this_audience_and_a_minute" {
  command = plan

  variables {
    token = {
      vault = {
        address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token"
        auth    = { jwt_role = "mesh-dns", audience = "https://vault.example.com" }
      }
    }
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : [statement.Resource, statement.Condition] if statement.Action == "sts:GetWebIdentityToken"
      ] == [["*", {
        "ForAllValues:StringEquals" = { "sts:IdentityTokenAudience" = ["https://vault.example.com"] }
        NumericLessThanEquals       = { "sts:DurationSeconds" = "60" }
    }]]
    error_message = "AWS must sign for nobody else, and for no longer than a login takes."
  }
}

run "network_interfaces_are_lambdas_business_and_only_with_a_vpc" {
  command = plan

  variables {
    function = { vpc = { subnet_ids = ["subnet-0a1b2c3d"], security_group_ids = ["sg-0a1b2c3d"] } }
  }

  assert {
    condition = {
      for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : statement.Sid => flatten([statement.Action]) if statement.Effect == "Allow"
      } == merge(var.calls, var.services, {
        ServiceManagesNetworkInterfaces = [
          "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
          "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
        ]
    })
    error_message = "With a VPC, Lambda manages network interfaces with the role."
  }
  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : [statement.Action, statement.Condition] if statement.Effect == "Deny"
    ] == [["ec2:*", { ArnEquals = { "lambda:SourceFunctionArn" = "arn:aws:lambda:eu-west-1:111122223333:function:mesh-dns" } }]]
    error_message = "The code itself must not use what is given to Lambda."
  }
  assert {
    condition     = one(aws_lambda_function.mesh_dns.vpc_config).subnet_ids == toset(["subnet-0a1b2c3d"]) && one(aws_lambda_function.mesh_dns.vpc_config).security_group_ids == toset(["sg-0a1b2c3d"])
    error_message = "function.vpc must reach the function."
  }
}

run "roles_live_where_the_account_wants_them" {
  command = plan

  variables {
    iam = { path = "/platform/", permissions_boundary = "arn:aws:iam::111122223333:policy/boundary" }
  }

  assert {
    condition = alltrue([
      for role in [aws_iam_role.function, aws_iam_role.scheduler] :
      role.path == "/platform/" && role.permissions_boundary == "arn:aws:iam::111122223333:policy/boundary" && length(role.name) <= 64
    ])
    error_message = "Path and boundary must reach every role."
  }
}

run "without_a_key_the_table_is_told_so" {
  command = plan

  assert {
    condition     = !one(aws_dynamodb_table.memory.server_side_encryption).enabled
    error_message = "A table that is told nothing stays under a key that was taken away."
  }
}
