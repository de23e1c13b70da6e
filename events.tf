# What wakes the function: load balancer calls that may concern it, and the sweep.

locals {
  source     = "mesh-dns"
  sweep_type = "Mesh DNS Sweep"

  sweep_window_minutes = coalesce(var.sweep.flexible_window_minutes, max(1, floor(var.sweep.minutes * 2 / 3)))

  sweep_period = var.sweep.minutes == 1 ? "1 minute" : "${var.sweep.minutes} minutes" # the unit's number counts

  watched_tags = concat([var.load_balancers.hostname_tag], keys(var.required_tags))

  load_balancer_call = {
    source      = ["aws.elasticloadbalancing"]
    detail-type = ["AWS API Call via CloudTrail"]
  }

  # Creating and deleting always pass. Tagging passes only where it touches a tag that we look at: thousands of unrelated load balancers,
  # target groups and listeners are tagged all day. Both generations name the tags as tags[{key}], only RemoveTags of the newer one as tagKeys[].
  #
  # Target groups and listeners that get such a tag themselves do pass: AWS Load Balancer Controller tags them like their load balancer, one
  # call each, and the function drops their events before it asks anybody. A wildcard on resourceArns could leave them out, with a further
  # alternative for classic calls, which have no ARNs. But a pattern that is too narrow loses events without a word, and one that is too wide
  # costs two messages a change: so this one looks at nothing but calls and tags.
  event_pattern = jsonencode({
    "$or" = [
      merge(local.load_balancer_call, { detail = { eventName = ["CreateLoadBalancer", "DeleteLoadBalancer"] } }),
      merge(local.load_balancer_call, { detail = {
        eventName         = ["AddTags", "RemoveTags"]
        requestParameters = { tags = { key = local.watched_tags } }
      } }),
      merge(local.load_balancer_call, { detail = {
        eventName         = ["RemoveTags"]
        requestParameters = { tagKeys = local.watched_tags }
      } }),
      {
        source      = [local.source]
        detail-type = [local.sweep_type]
        detail      = { owner = [local.owner] }
      },
    ]
  })
}

resource "aws_cloudwatch_event_rule" "events" {
  name          = "${var.name}-events"
  description   = "Load balancer calls that may concern a hostname, and the sweep of ${local.owner}"
  event_pattern = local.event_pattern
  tags          = local.tags

  lifecycle {
    precondition {
      condition     = length(local.event_pattern) <= 2048
      error_message = "The event pattern has ${nonsensitive(length(local.event_pattern))} characters, and EventBridge allows 2048. Shorten or drop keys of required_tags."
    }
  }
}

resource "aws_cloudwatch_event_target" "topic" {
  rule      = aws_cloudwatch_event_rule.events.name
  target_id = "topic"
  arn       = aws_sns_topic.events.arn
  # No role_arn: a topic is reached by its policy.

  dead_letter_config {
    arn = aws_sqs_queue.dead_letter.arn
  }

  depends_on = [aws_sns_topic_policy.events]
}

# The sweep goes onto the default bus and through the same rule as every event, so each one tests the whole path.
resource "aws_scheduler_schedule_group" "sweep" {
  name = var.name
  tags = local.tags
}

resource "aws_scheduler_schedule" "sweep" {
  #checkov:skip=CKV_AWS_297:The schedule's only input is the owner mark, which is public in every record's comment.
  name                = "${var.name}-sweep"
  group_name          = aws_scheduler_schedule_group.sweep.name
  description         = "Every ${local.sweep_period}: the function ${var.name} looks at every tagged load balancer"
  schedule_expression = "rate(${local.sweep_period})"

  flexible_time_window {
    mode                      = "FLEXIBLE"
    maximum_window_in_minutes = local.sweep_window_minutes
  }

  target {
    arn      = local.arn.default_bus
    role_arn = aws_iam_role.scheduler.arn
    input    = jsonencode({ owner = local.owner })

    eventbridge_parameters {
      source      = local.source
      detail_type = local.sweep_type
    }

    # A sweep that is late is worth nothing: the next one does its work.
    retry_policy {
      maximum_event_age_in_seconds = var.sweep.minutes * 60
      maximum_retry_attempts       = 3
    }
  }

  # A schedule fires as soon as it exists: all that the first sweep passes must be there.
  depends_on = [
    aws_iam_role_policy.scheduler,
    aws_cloudwatch_event_target.topic,
    aws_sns_topic_subscription.queue,
    aws_lambda_event_source_mapping.queue,
    aws_secretsmanager_secret_version.token,
  ]
}
