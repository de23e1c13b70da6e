# What somebody must know. Each alarm says in its description what to do.

locals {
  # `missing` says what a period without data means: "breaching" only where silence itself is the fault.
  alarms = merge(local.alarms_of_every_hub, { for name, alarm in local.alarms_of_spokes : name => alarm if var.spokes != null })

  alarms_of_every_hub = {
    dead-letter = {
      description = "Messages wait in ${var.name}-dead-letter: look at their attribute `reason`, or for the message id in the log, then put them back."
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = aws_sqs_queue.dead_letter.name }
      statistic   = "Maximum"
      above       = 0
      period      = 60
      periods     = 1
      missing     = "notBreaching" # an idle queue reports nothing
    }
    errors = {
      description = "The function ${var.name} failed as a whole: wrong settings, a timeout or a crash. Look at its log."
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      dimensions  = { FunctionName = aws_lambda_function.mesh_dns.function_name }
      statistic   = "Sum"
      above       = 0
      period      = 300
      periods     = 1
      missing     = "notBreaching" # no invocation, no error
    }
    backlog = {
      # A second look waits up to 900 s and a failed message up to 900 s more: an hour is neither.
      description = "The oldest message in ${var.name}-events is an hour old: the function fails, is throttled, or waits for the provider."
      namespace   = "AWS/SQS"
      metric      = "ApproximateAgeOfOldestMessage"
      dimensions  = { QueueName = aws_sqs_queue.events.name }
      statistic   = "Maximum"
      above       = 3600
      period      = 300
      periods     = 1
      missing     = "notBreaching" # an idle queue reports nothing
    }
    silence = {
      description = "No sweep of this account and region was completed for three periods: something between the schedule and the provider is dead. Follow the path: rule, topic, queue, function."
      namespace   = "MeshDNS"
      metric      = "SweepCompleted"
      dimensions  = { service = aws_lambda_function.mesh_dns.function_name }
      statistic   = "Sum"
      below       = 1
      period      = var.sweep.minutes * 60
      periods     = 3
      missing     = "breaching" # a path that died in silence reports nothing
    }
    guard = {
      description = "The mass-delete guard stopped deletes. If so many load balancers really left, invoke the function with the override; else find out why they seem gone."
      namespace   = "MeshDNS"
      metric      = "GuardTripped"
      dimensions  = { service = aws_lambda_function.mesh_dns.function_name }
      statistic   = "Sum"
      above       = 0
      period      = 300
      periods     = 1
      missing     = "notBreaching" # reported only when it trips
    }
    rule = {
      description = "EventBridge could not hand events to the topic ${var.name}-events: look at the topic's policy and key."
      namespace   = "AWS/Events"
      metric      = "FailedInvocations"
      dimensions  = { RuleName = aws_cloudwatch_event_rule.events.name }
      statistic   = "Sum"
      above       = 0
      period      = 300
      periods     = 1
      missing     = "notBreaching" # reported only when it fails
    }
    topic = {
      description = "The topic ${var.name}-events could not deliver to a subscriber: look at the queue's policy and key."
      namespace   = "AWS/SNS"
      metric      = "NumberOfNotificationsFailed"
      dimensions  = { TopicName = aws_sns_topic.events.name }
      statistic   = "Sum"
      above       = 0
      period      = 300
      periods     = 1
      missing     = "notBreaching" # reported only when it fails
    }
  }

  alarms_of_spokes = {
    spoke = {
      description = "Scopes were not heard of for three sweep periods: the function's log names them under `silent`. Look at the spoke's rule and reader role, or release the scope."
      namespace   = "MeshDNS"
      metric      = "ScopesSilent"
      dimensions  = { service = aws_lambda_function.mesh_dns.function_name }
      statistic   = "Maximum"
      above       = 0
      period      = var.sweep.minutes * 60
      periods     = 1
      missing     = "ignore" # told once a sweep, which may begin at any moment of its window; `silence` watches the sweeps
    }
    spokes-rule = {
      description = "EventBridge could not hand what spokes sent to the topic ${var.name}-events: look at the topic's policy and key."
      namespace   = "AWS/Events"
      metric      = "FailedInvocations"
      dimensions  = { EventBusName = var.name, RuleName = "${var.name}-spokes" } # both, for a rule that is not on the default bus
      statistic   = "Sum"
      above       = 0
      period      = 300
      periods     = 1
      missing     = "notBreaching" # reported only when it fails
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "watch" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = can(each.value.below) ? "LessThanThreshold" : "GreaterThanThreshold"
  threshold           = try(each.value.below, each.value.above)
  period              = each.value.period
  evaluation_periods  = each.value.periods
  treat_missing_data  = each.value.missing
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
  tags                = local.tags
}
