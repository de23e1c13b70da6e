# The function's role may do what its code calls, and what AWS itself does with the role. Nothing else.

locals {
  # Secrets that hold a Vault token, the keys that encrypt them, and Vaults that take a token signed by AWS. All of it may be unknown in a
  # first plan, and so stands in a policy that is always there.
  vault_auths       = [for place in values(local.token_places) : place.vault.auth if length(place.vault[*]) > 0]
  vault_secret_arns = sort(distinct(compact([for auth in local.vault_auths : auth.token_secret_arn])))
  vault_secret_keys = sort(distinct(compact([for auth in local.vault_auths : auth.token_kms_key_arn])))
  vault_audiences   = sort(distinct(compact([for auth in local.vault_auths : auth.audience])))

  # Secrets that hold a token. Each is a whole ARN: no wildcard.
  token_arns = sort(distinct(values(local.secret_arns)))
  token_keys = sort(distinct(compact(concat(
    length(local.made_tokens) > 0 ? [var.kms_key_arn] : [],
    [for place in values(local.token_places) : try(place.existing.kms_key_arn, null)],
  ))))

  # KMS names the calling service with amazonaws.com; some partitions have a suffix of their own as well.
  service_suffixes = distinct(["amazonaws.com", data.aws_partition.current.dns_suffix])

  # What the code calls.
  called_actions = concat(local.home_actions, local.spoke_actions, local.vault_actions)

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
    {
      Sid      = "CallsRemember"
      Effect   = "Allow"
      Action   = ["dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Query"]
      Resource = local.arn.table
    },
  ]

  vault_actions = concat(
    [
      for audiences in [local.vault_audiences] : {
        # The token proves to Vault who the function is. It is good for these audiences only, and for a minute.
        Sid      = "CallsIdentifyItselfToVault"
        Effect   = "Allow"
        Action   = "sts:GetWebIdentityToken"
        Resource = "*"
        Condition = {
          "ForAllValues:StringEquals" = { "sts:IdentityTokenAudience" = audiences }
          NumericLessThanEquals       = { "sts:DurationSeconds" = "60" }
        }
      } if length(audiences) > 0
    ],
    [
      for arns in [local.vault_secret_arns] : {
        Sid      = "CallsReadTheVaultToken"
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = arns
      } if length(arns) > 0
    ],
  )

  # A reader role is called by its region; which regions there are, only the spokes know.
  reader_arns = [for account in local.claiming_accounts : "arn:${local.partition}:iam::${account}:${local.reader_role}"]

  # A role's policies hold 10,240 characters. If the accounts do not fit, or any may join, the policy names the Organization.
  readers_fit             = length(jsonencode(local.reader_arns)) <= 6000
  readers_by_organization = local.readers_fit ? contains(keys(coalesce(var.accounts, {})), "*") : true

  reader_role  = "role${var.iam.path}${local.installation}-reader-*"
  organization = { id = try(var.spokes.organization_id, null), paths = try(var.spokes.organization_paths, []) }

  spoke_actions = [
    for statement in [
      {
        Sid      = "CallsReadSpokes"
        Action   = "sts:AssumeRole"
        Resource = [for arn in local.reader_arns : arn if local.readers_fit || startswith(arn, "arn:${local.partition}:iam::${local.account}:")]
        wanted   = local.readers_fit ? length(local.reader_arns) > 0 : contains(local.claiming_accounts, local.account)
      },
      {
        Sid       = "CallsReadSpokesOfTheOrganization"
        Action    = "sts:AssumeRole"
        Resource  = ["arn:${local.partition}:iam::*:${local.reader_role}"]
        Condition = { StringEquals = { "aws:ResourceOrgID" = local.organization.id } }
        wanted    = local.readers_by_organization && local.organization.id != null
      },
      {
        Sid       = "CallsReadSpokesOfOrganizationalUnits"
        Action    = "sts:AssumeRole"
        Resource  = ["arn:${local.partition}:iam::*:${local.reader_role}"]
        Condition = { "ForAnyValue:StringLike" = { "aws:ResourceOrgPaths" = local.organization.paths } }
        wanted    = local.readers_by_organization && length(local.organization.paths) > 0
      },
      {
        Sid      = "CallsRememberSweeps"
        Action   = "dynamodb:UpdateItem"
        Resource = local.arn.table
        wanted   = true
      },
    ] :
    merge({ Effect = "Allow" }, { for key, value in statement : key => value if key != "wanted" }) if statement.wanted && length(var.spokes[*]) > 0
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
      for key in var.kms_key_arn[*] : {
        # DynamoDB decrypts the table's key, and Lambda the environment, in the name of the role.
        Sid       = "ServiceDecryptsTableAndSettings"
        Effect    = "Allow"
        Action    = "kms:Decrypt"
        Resource  = key
        Condition = { StringEquals = { "kms:ViaService" = flatten([for service in ["dynamodb", "lambda"] : [for suffix in local.service_suffixes : "${service}.${local.region}.${suffix}"]]) } }
      }
    ],
    [
      for keys in [local.vault_secret_keys] : {
        # Secrets Manager decrypts in the name of the role.
        Sid       = "ServiceDecryptsTheVaultToken"
        Effect    = "Allow"
        Action    = "kms:Decrypt"
        Resource  = keys
        Condition = { StringEquals = { "kms:ViaService" = local.secrets_manager_in.vault } }
      } if length(keys) > 0
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
      for arns in [local.token_arns] : {
        Sid      = "CallsReadTheToken"
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = arns
      }
    ],
    [
      for keys in [local.token_keys] : {
        # Secrets Manager decrypts in the name of the role.
        Sid       = "ServiceDecryptsTheToken"
        Effect    = "Allow"
        Action    = "kms:Decrypt"
        Resource  = keys
        Condition = { StringEquals = { "kms:ViaService" = local.secrets_manager_in.token } }
      } if length(keys) > 0
    ],
  )

  # Secret => by which names KMS knows the Secrets Manager that calls it, in the regions of these secrets.
  secrets_manager_in = {
    for kind, arns in { token = local.token_arns, vault = local.vault_secret_arns } : kind => flatten([
      for region in distinct([for arn in arns : split(":", arn)[3]]) : [for suffix in local.service_suffixes : "secretsmanager.${region}.${suffix}"]
    ])
  }
}

resource "aws_iam_role" "function" {
  name                 = local.function_role
  description          = "Lets the function ${var.name} in ${local.region} look at load balancers, use its queues and its table, and read its token"
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

  lifecycle {
    precondition {
      condition     = length(var.spokes[*]) == 0 || local.readers_fit || local.organization.id != null || length(local.organization.paths) > 0
      error_message = "accounts names ${nonsensitive(length(local.claiming_accounts))} accounts, more than a role's policy can list one by one. Set spokes.organization_id or spokes.organization_paths: the function's role is then held to the Organization, and accounts to what each may claim."
    }
  }
}

resource "aws_iam_role_policy" "token" {
  count = anytrue([for place in values(local.token_places) : length(place.vault[*]) == 0]) ? 1 : 0 # with Vault alone, no secret holds a token

  name   = "token"
  role   = aws_iam_role.function.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.token_actions })
}

resource "aws_iam_role" "scheduler" {
  name                 = "${var.name}-${local.region}-sweep"
  description          = "Lets the schedule ${var.name}-sweep in ${local.region} put its sweep onto the default bus"
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
