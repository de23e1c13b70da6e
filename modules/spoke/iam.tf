# Three roles: one lets the hub's function look, one lets the rule forward, one lets the schedule put the sweep.

resource "aws_iam_role" "reader" {
  name                 = "${var.hub.reader_role}-${local.region}"
  description          = "Lets ${var.hub.owner} in ${var.hub.account} look at load balancers in ${local.region}"
  path                 = var.hub.role_path # the hub knows the role by its path, its name and the region
  permissions_boundary = var.iam.permissions_boundary
  tags                 = local.tags

  # The account, narrowed to the function's role by a condition: a principal that names the role itself would die with the role when the
  # hub is made anew. The external id is no secret: it says on whose behalf the function comes, should its role ever serve another hub.
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:${local.partition}:iam::${var.hub.account}:root" }
      Action    = "sts:AssumeRole"
      Condition = {
        ArnEquals    = { "aws:PrincipalArn" = var.hub.function_role_arn }
        StringEquals = { "sts:ExternalId" = var.hub.external_id }
      }
    }]
  })
}

resource "aws_iam_role_policy" "reader" {
  name = "reader"
  role = aws_iam_role.reader.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      # None of the three accepts a finer resource.
      Sid       = "LooksAtLoadBalancers"
      Effect    = "Allow"
      Action    = ["elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeTags", "tag:GetResources"]
      Resource  = "*"
      Condition = { StringEquals = { "aws:RequestedRegion" = local.region } }
    }]
  })
}

resource "aws_iam_role" "forward" {
  name                 = "${local.name}-forward-${local.region}"
  description          = "Lets the rule in ${local.region} put events onto the bus of ${var.hub.owner}"
  path                 = var.hub.role_path
  permissions_boundary = var.iam.permissions_boundary
  tags                 = local.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account, "aws:SourceArn" = local.arn.rule } }
    }]
  })
}

resource "aws_iam_role_policy" "forward" {
  name = "forward"
  role = aws_iam_role.forward.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "PutsEventsOntoTheHubsBus"
      Effect   = "Allow"
      Action   = "events:PutEvents"
      Resource = var.hub.bus_arn
    }]
  })
}

resource "aws_iam_role" "sweep" {
  name                 = "${local.name}-sweep-${local.region}"
  description          = "Lets the schedule in ${local.region} put the sweep of ${var.hub.owner} onto the default bus"
  path                 = var.hub.role_path
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

resource "aws_iam_role_policy" "sweep" {
  name = "sweep"
  role = aws_iam_role.sweep.id

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
