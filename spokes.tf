# Other accounts and regions: the bus that their events come to, and what each spoke must know of this hub.

locals {
  # Whose roles the function may assume: exactly the accounts that may claim names, and with "*" any of the Organization.
  claiming_accounts = var.accounts == null ? [local.account] : [for account in keys(var.accounts) : account if account != "*"]

  # Who may put events by account: those named here, or, when nothing else lets anybody in, all that may claim names.
  # The hub's own account is always among them, for its other regions.
  bus_accounts = length(var.spokes[*]) == 0 ? [] : setsubtract(
    coalesce(
      var.spokes.account_ids,
      var.spokes.organization_id == null && length(var.spokes.organization_paths) == 0 ? local.claiming_accounts : [],
    ),
    [local.account],
  )

  bus_statements = [
    for statement in [
      {
        Sid       = "OrganizationPutsEvents"
        Principal = "*"
        Condition = { StringEquals = { "aws:PrincipalOrgID" = try(var.spokes.organization_id, null) } }
        wanted    = try(var.spokes.organization_id, null) != null
      },
      {
        Sid       = "OrganizationalUnitsPutEvents"
        Principal = "*"
        Condition = { "ForAnyValue:StringLike" = { "aws:PrincipalOrgPaths" = try(var.spokes.organization_paths, []) } }
        wanted    = length(try(var.spokes.organization_paths, [])) > 0
      },
      {
        Sid       = "AccountsPutEvents"
        Principal = { AWS = [for account in concat([local.account], tolist(local.bus_accounts)) : "arn:${local.partition}:iam::${account}:root"] }
        Condition = null
        wanted    = true # a policy needs a statement, even where the Organization is not known yet
      },
    ] :
    merge(
      { Sid = statement.Sid, Effect = "Allow", Principal = statement.Principal, Action = "events:PutEvents", Resource = local.arn.bus },
      { for key, value in { Condition = statement.Condition } : key => value if value != null },
    ) if statement.wanted
  ]

  spoke_settings = length(var.spokes[*]) == 0 ? null : {
    reader_role = "${trimprefix(var.iam.path, "/")}${local.installation}-reader"
    external_id = local.installation
  }
}

resource "aws_cloudwatch_event_bus" "spokes" {
  #checkov:skip=CKV_AWS_297:Events pass through, and say no more than the accounts' own trails; AWS encrypts what it holds meanwhile.
  count = length(var.spokes[*])

  name        = var.name
  description = "Load balancer calls and sweeps of other accounts and regions, for ${local.owner}"
  tags        = local.tags
}

# Whom this lets in can make the function look at their own account, if `accounts` names it, and nothing else: EventBridge sets an
# event's account and region.
resource "aws_cloudwatch_event_bus_policy" "spokes" {
  count = length(var.spokes[*])

  event_bus_name = aws_cloudwatch_event_bus.spokes[0].name
  policy         = jsonencode({ Version = "2012-10-17", Statement = local.bus_statements })

  lifecycle {
    precondition {
      condition     = length(jsonencode(local.bus_statements)) <= 10000
      error_message = "The event bus's policy would exceed the 10 KB that EventBridge allows. Let accounts in by spokes.organization_id or spokes.organization_paths instead."
    }
  }
}

resource "aws_cloudwatch_event_rule" "spokes" {
  count = length(var.spokes[*])

  name           = "${var.name}-spokes"
  event_bus_name = aws_cloudwatch_event_bus.spokes[0].name
  description    = "Load balancer calls and sweeps that other accounts and regions forward, for ${local.owner}"
  event_pattern  = local.event_pattern
  tags           = local.tags
}

resource "aws_cloudwatch_event_target" "spokes" {
  count = length(var.spokes[*])

  rule           = aws_cloudwatch_event_rule.spokes[0].name
  event_bus_name = aws_cloudwatch_event_bus.spokes[0].name
  target_id      = "topic"
  arn            = aws_sns_topic.events.arn
  # No role_arn: a topic is reached by its policy.

  dead_letter_config {
    arn = aws_sqs_queue.dead_letter.arn
  }

  depends_on = [aws_sns_topic_policy.events]
}
