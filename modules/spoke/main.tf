# One account and region: what happens there goes to the hub, and the hub's function may look there.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}
data "aws_partition" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  region    = data.aws_region.current.id
  partition = data.aws_partition.current.partition

  name   = var.hub.installation # unlike any other hub's, which may have a spoke here too
  source = "mesh-dns"           # of the sweep's event; the hub's pattern knows it

  tags = merge(var.tags, { "mesh-dns" = local.name })

  # Policies are built from names, so that a first plan shows them whole. IAM knows no regions: names of roles carry theirs.
  arn = {
    default_bus    = "arn:${local.partition}:events:${local.region}:${local.account}:event-bus/default"
    rule           = "arn:${local.partition}:events:${local.region}:${local.account}:rule/${local.name}-spoke"
    schedule_group = "arn:${local.partition}:scheduler:${local.region}:${local.account}:schedule-group/${local.name}"
    undelivered    = "arn:${local.partition}:sqs:${local.region}:${local.account}:${local.name}-undelivered"
  }
}

# From the default bus to the hub's: load balancer calls that may concern a hostname, and this scope's sweep.
resource "aws_cloudwatch_event_rule" "forward" {
  name          = "${local.name}-spoke"
  description   = "Load balancer calls that may concern a hostname, and the sweep, for ${var.hub.owner}"
  event_pattern = var.hub.event_pattern
  tags          = local.tags

  # A second spoke of this hub here must fail before it takes over the first one's rule: a role's name can exist only once, while
  # AWS makes a rule or queue that is there already without a word.
  depends_on = [aws_iam_role.reader]

  lifecycle {
    precondition {
      condition     = local.partition == var.hub.partition
      error_message = "This spoke is in the partition ${local.partition}, its hub in ${var.hub.partition}: neither events nor roles cross that border. A hub serves one partition; give ${local.partition} a hub of its own."
    }
    precondition {
      condition     = local.partition != "aws-cn" || local.region == var.hub.region
      error_message = "This spoke is in ${local.region}, its hub in ${var.hub.region}: in the partition aws-cn, EventBridge carries no events from one region to another. Give ${local.region} a hub of its own."
    }
    precondition {
      condition     = local.account != var.hub.account || local.region != var.hub.region
      error_message = "This is the hub's own account and region (${local.account}, ${local.region}), which it watches itself. Give the module a provider of another account or region: providers = { aws = aws.<alias> }."
    }
  }
}

resource "aws_cloudwatch_event_target" "hub" {
  rule      = aws_cloudwatch_event_rule.forward.name
  target_id = "hub"
  arn       = var.hub.bus_arn
  role_arn  = aws_iam_role.forward.arn # a bus of another account or region takes nothing without one

  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }

  depends_on = [aws_iam_role_policy.forward, aws_sqs_queue.undelivered]
}

# What the hub's bus did not take, with the reason as an attribute. Nothing needs to be put back: the next sweep looks at everything.
resource "aws_sqs_queue" "undelivered" {
  name                      = "${local.name}-undelivered"
  message_retention_seconds = 14 * 24 * 3600
  kms_master_key_id         = var.kms_key_arn
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null
  tags                      = local.tags

  depends_on = [aws_iam_role.reader] # as the rule

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "RuleLeavesWhatTheHubRefused"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = local.arn.undelivered
        Condition = { ArnEquals = { "aws:SourceArn" = local.arn.rule } }
      },
      {
        Sid       = "NobodyComesWithoutTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = local.arn.undelivered
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

# The sweep goes onto the default bus and through the same rule as every event: so this scope announces itself, and each sweep
# tests the whole path.
resource "aws_scheduler_schedule_group" "sweep" {
  name = local.name
  tags = local.tags
}

resource "aws_scheduler_schedule" "sweep" {
  #checkov:skip=CKV_AWS_297:The schedule's only input is the owner mark, which is public in every record's comment.
  name                = "${local.name}-sweep"
  group_name          = aws_scheduler_schedule_group.sweep.name
  description         = "Announces this account and region to ${var.hub.owner}, which then looks at every tagged load balancer here"
  schedule_expression = var.hub.sweep_minutes == 1 ? "rate(1 minute)" : "rate(${var.hub.sweep_minutes} minutes)" # the unit's number counts

  flexible_time_window {
    mode                      = "FLEXIBLE" # so many scopes spread out
    maximum_window_in_minutes = var.hub.sweep_window_minutes
  }

  target {
    arn      = local.arn.default_bus
    role_arn = aws_iam_role.sweep.arn
    input    = jsonencode({ owner = var.hub.owner })

    eventbridge_parameters {
      source      = local.source
      detail_type = "Mesh DNS Sweep"
    }

    # A sweep that is late is worth nothing: the next one does its work.
    retry_policy {
      maximum_event_age_in_seconds = var.hub.sweep_minutes * 60
      maximum_retry_attempts       = 3
    }
  }

  # A schedule fires as soon as it exists: the first sweep must find its way, and the hub must be able to look back.
  depends_on = [
    aws_iam_role_policy.sweep,
    aws_cloudwatch_event_target.hub,
    aws_iam_role_policy.reader,
  ]
}

module "trail" {
  source = "./trail" # inside this folder, so that the folder alone is complete
  count  = length(var.trail[*])

  # By the hub's first name: its changed name must replace no bucket that holds log files.
  name           = var.hub.first_installation
  bucket         = "${var.hub.first_installation}-${local.account}-${local.region}"
  retention_days = var.trail.retention_days
  force_destroy  = var.trail.force_destroy
  kms_key_arn    = var.kms_key_arn
  tags           = local.tags
}
