# What the function's role may do, in each configuration: exactly this.

mock_provider "aws" {
  source          = "./tests/setup"
  override_during = plan
}

variables {
  zones = { "mesh.example.com" = "023e105f4ecef8ad9ca31a8372d0c353" }

  calls = {
    CallsLookAtLoadBalancers          = ["elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeTags", "tag:GetResources"]
    CallsSendSecondLooksAndRejections = ["sqs:SendMessage"]
    CallsPostponeFailedMessages       = ["sqs:ChangeMessageVisibility"]
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
      ServicePollsTheQueue        = ["arn:aws:sqs:eu-west-1:111122223333:mesh-dns-events"]
      ServiceWritesTheLog         = ["arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/mesh-dns:log-stream:*"]
    }
    error_message = "Every resource must be exact; only the describing calls accept nothing finer than \"*\"."
  }
  assert {
    condition = jsondecode(aws_iam_role_policy.token[0].policy).Statement == [{
      Sid = "CallsReadTheToken", Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = [aws_secretsmanager_secret.token[0].arn]
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
      secret_arn  = "arn:aws:secretsmanager:eu-central-1:444455556666:secret:cloudflare-AbCdEf"
      json_key    = "token"
      kms_key_arn = "arn:aws:kms:eu-central-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"
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

run "tokens_of_single_zones_are_readable_too" {
  command = plan

  variables {
    token = { zones = { "mesh.example.com" = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:mesh-AbCdEf" } }
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.token[0].policy).Statement[0].Resource == [aws_secretsmanager_secret.token[0].arn, "arn:aws:secretsmanager:eu-west-1:111122223333:secret:mesh-AbCdEf"]
    error_message = "The function must be able to read the common token and each zone's own."
  }
}

run "a_customer_key_is_used_through_sqs_and_secrets_manager_only" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }

  assert {
    condition = [
      for statement in concat(jsondecode(aws_iam_role_policy.function.policy).Statement, jsondecode(aws_iam_role_policy.token[0].policy).Statement) :
      [statement.Sid, flatten([statement.Action]), statement.Condition.StringEquals["kms:ViaService"]]
      if flatten([statement.Resource]) == ["arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"]
      ] == [
      ["ServiceUsesTheKeyOfTheQueues", ["kms:Decrypt", "kms:GenerateDataKey"], ["sqs.eu-west-1.amazonaws.com"]],
      ["ServiceDecryptsTheToken", ["kms:Decrypt"], ["secretsmanager.eu-west-1.amazonaws.com"]],
    ]
    error_message = "The key is for the queues' messages and the secret, through the services that hold them."
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

run "vault_with_a_token_needs_that_one_secret" {
  command = plan

  variables {
    token = {
      vault = {
        address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token"
        auth    = { token_secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:vault-AbCdEf" }
      }
    }
  }

  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.token[0].policy).Statement : statement.Resource] == [["arn:aws:secretsmanager:eu-west-1:111122223333:secret:vault-AbCdEf"]]
    error_message = "Only the secret that holds the Vault token is readable."
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

run "another_partition_is_named_as_such" {
  command = plan

  override_data {
    target          = data.aws_partition.current
    override_during = plan
    values          = { partition = "aws-cn", dns_suffix = "amazonaws.com.cn" }
  }
  override_data {
    target          = data.aws_region.current
    override_during = plan
    values          = { id = "cn-north-1", name = "cn-north-1" }
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.function.policy).Statement :
      alltrue([for resource in flatten([statement.Resource]) : resource == "*" || startswith(resource, "arn:aws-cn:")])
    ])
    error_message = "Partitions are derived, never written down."
  }
}
