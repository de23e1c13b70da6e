# The function's role may do what its code calls, and what AWS itself does with the role. Nothing else.

locals {
  # Secrets that the function reads. Each is a whole ARN: no wildcard.
  secret_arns = concat(
    local.makes_secret ? aws_secretsmanager_secret.token[*].arn : compact([var.token.secret_arn]),
    compact([try(var.token.vault.auth.token_secret_arn, null)]),
    sort(distinct(values(var.token.zones))),
  )
  existing_secret_arns = compact(concat(
    [var.token.secret_arn, try(var.token.vault.auth.token_secret_arn, null)],
    values(var.token.zones),
  ))
  secret_regions = distinct(concat(
    local.makes_secret ? [local.region] : [],
    [for arn in local.existing_secret_arns : split(":", arn)[3]],
  ))
  secret_keys = distinct(compact([local.makes_secret ? var.kms_key_arn : null, var.token.kms_key_arn]))

  # KMS names the calling service with amazonaws.com; some partitions have a suffix of their own as well.
  service_suffixes = distinct(["amazonaws.com", data.aws_partition.current.dns_suffix])

  # What the code calls.
  called_actions = concat(local.home_actions, [for statement in local.spoke_actions : statement if var.spokes != null])

  home_actions = [
    {
      # None of the three accepts a finer resource.
      Sid      = "CallsLookAtLoadBalancers"
      Effect   = "Allow"
      Action   = ["elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeTags", "tag:GetResources"]
      Resource = "*"
    },
    {
      Sid      = "CallsSendSecondLooksAndRejections"
      Effect   = "Allow"
      Action   = "sqs:SendMessage"
      Resource = [local.arn.queue, local.arn.dead_letter]
    },
    {
      Sid      = "CallsPostponeFailedMessages"
      Effect   = "Allow"
      Action   = "sqs:ChangeMessageVisibility"
      Resource = local.arn.queue
    },
  ]

  spoke_actions = [
    {
      # A reader role is called by its region; which regions there are, only the spokes know.
      Sid      = "CallsReadSpokes"
      Effect   = "Allow"
      Action   = "sts:AssumeRole"
      Resource = [for account in local.claiming_accounts : "arn:${local.partition}:iam::${account}:role${var.iam.path}${local.installation}-reader-*"]
    },
    {
      Sid      = "CallsListKnownScopes"
      Effect   = "Allow"
      Action   = "ssm:GetParametersByPath"
      Resource = local.arn.register
    },
    {
      Sid      = "CallsRememberAndForgetScopes"
      Effect   = "Allow"
      Action   = ["ssm:PutParameter", "ssm:DeleteParameter"]
      Resource = "${local.arn.register}/*"
    },
  ]

  # What AWS does with the role, besides what the code calls.
  service_actions = concat(
    [
      {
        # The event source mapping polls the queue, deletes what was handled, and reads the queue's attributes to scale.
        Sid      = "ServicePollsTheQueue"
        Effect   = "Allow"
        Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        Resource = local.arn.queue
      },
      {
        # Lambda writes the function's output to its log group, which the module made before.
        Sid      = "ServiceWritesTheLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${local.arn.log_group}:log-stream:*"
      },
    ],
    [
      for key in var.kms_key_arn[*] : {
        # SQS encrypts what the function sends, and decrypts what the mapping receives, in the name of the role.
        Sid       = "ServiceUsesTheKeyOfTheQueues"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = key
        Condition = { StringEquals = { "kms:ViaService" = [for suffix in local.service_suffixes : "sqs.${local.region}.${suffix}"] } }
      }
    ],
    [
      for vpc in var.function.vpc[*] : {
        # Lambda manages the function's network interfaces. It checks for these when the function is made, without a resource:
        # AWS documents them with "*" only. The statement below keeps the code from using them.
        Sid    = "ServiceManagesNetworkInterfaces"
        Effect = "Allow"
        Action = [
          "ec2:AssignPrivateIpAddresses",
          "ec2:CreateNetworkInterface",
          "ec2:DeleteNetworkInterface",
          "ec2:DescribeNetworkInterfaces",
          "ec2:DescribeSubnets",
          "ec2:UnassignPrivateIpAddresses",
        ]
        Resource = "*"
      }
    ],
    [
      for vpc in var.function.vpc[*] : {
        # The key is set on what the code calls, and not on what Lambda does by itself.
        Sid       = "CodeLeavesNetworkInterfacesAlone"
        Effect    = "Deny"
        Action    = "ec2:*"
        Resource  = "*"
        Condition = { ArnEquals = { "lambda:SourceFunctionArn" = local.arn.function } }
      }
    ],
  )

  # What the code calls for the token; apart, because the ARN of a new secret is known only after the apply.
  token_actions = concat(
    [
      for arns in [local.secret_arns] : {
        Sid      = "CallsReadTheToken"
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = arns
      }
    ],
    [
      for keys in [local.secret_keys] : {
        # Secrets Manager decrypts in the name of the role.
        Sid      = "ServiceDecryptsTheToken"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = keys
        Condition = {
          StringEquals = {
            "kms:ViaService" = flatten([
              for region in local.secret_regions : [for suffix in local.service_suffixes : "secretsmanager.${region}.${suffix}"]
            ])
          }
        }
      } if length(keys) > 0
    ],
  )

  # Vault with IAM login needs no secret, and so no policy.
  reads_secrets = local.makes_secret || length(local.existing_secret_arns) > 0
}

resource "aws_iam_role" "function" {
  name                 = local.function_role
  description          = "The function ${var.name} in ${local.region}"
  path                 = var.iam.path
  permissions_boundary = var.iam.permissions_boundary
  tags                 = local.tags

  # Lambda gives no source in this call; iam:PassRole decides which function gets the role.
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  name   = "function"
  role   = aws_iam_role.function.id
  policy = jsonencode({ Version = "2012-10-17", Statement = concat(local.called_actions, local.service_actions) })
}

resource "aws_iam_role_policy" "token" {
  count = local.reads_secrets ? 1 : 0

  name   = "token"
  role   = aws_iam_role.function.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.token_actions })
}

resource "aws_iam_role" "scheduler" {
  name                 = "${var.name}-${local.region}-sweep"
  description          = "The schedule of ${var.name} in ${local.region}"
  path                 = var.iam.path
  permissions_boundary = var.iam.permissions_boundary
  tags                 = local.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = {
          "aws:SourceAccount" = local.account
          "aws:SourceArn"     = local.arn.schedule_group # Scheduler names the group, not the schedule
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "scheduler" {
  name = "sweep"
  role = aws_iam_role.scheduler.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "PutsTheSweepOntoTheBus"
      Effect    = "Allow"
      Action    = "events:PutEvents"
      Resource  = local.arn.default_bus
      Condition = { StringEquals = { "events:source" = local.source } }
    }]
  })
}
