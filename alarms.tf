# What an operator must know. Each alarm says in its description what to do, within how many minutes it starts and ends, and what it
# notifies of when it is made.

locals {
  # An alarm looks at one metric, or at `math` over several. `above` and `below` are thresholds; with `of`, so many of the last `of` periods
  # decide, for metrics that are published once a sweep, which may begin at any moment of its window. `starts`: within how many minutes.
  alarms = {
    for name, alarm in merge(local.alarms_of_every_hub, { for name, alarm in local.alarms_of_spokes : name => alarm if length(var.spokes[*]) > 0 }) :
    name => merge({ math = null, periods = 1, of = null, missing = "notBreaching", starts = 5, made = local.says_ok }, alarm)
    if try(var.alarms[name].enabled, true)
  }

  # Within how many minutes it ends: after its periods, and two more, since CloudWatch takes older data points for those that are missing.
  alarm_ends = {
    for name, alarm in local.alarms :
    name => 5 + (can(alarm.below) ? 0 : ceil(alarm.period / 60 * (coalesce(alarm.of, alarm.periods) + (alarm.math == null ? 2 : 0))))
  }

  # A new alarm leaves INSUFFICIENT_DATA for OK, and CloudWatch carries out `ok_actions` whatever the state was before. None of our alarms
  # could stay in INSUFFICIENT_DATA instead: it would return there, without a notice, when its fault is over.
  says_ok = "When it is made it notifies once that it is OK."

  alarm_thresholds = {
    for name, default in { backlog = 3600, failing = 900 } : name => coalesce(try(var.alarms[name].threshold, null), default)
  }

  sweep_period_seconds = var.sweep.minutes * 60

  # Within how many minutes an alarm starts that is told by sweeps: of two in a row, one may come at the begin of its window and the next at
  # the end. A delete that waits is told by its second look, which is a grace after the sweep.
  told_by_sweep       = var.sweep.minutes + local.sweep_window_minutes + 5
  told_by_second_look = max(2 * var.sweep.minutes + 5, local.told_by_sweep + ceil(var.records.grace_seconds / 60))

  queue_metric    = { for name, queue in { events = aws_sqs_queue.events.name, dead_letter = aws_sqs_queue.dead_letter.name } : name => { QueueName = queue } }
  function_metric = { service = aws_lambda_function.mesh_dns.function_name }

  alarms_of_every_hub = {
    dead-letter = {
      description = "Messages wait in ${var.name}-dead-letter: look at their attribute `reason`, or for the message id in the log, then put them back."
      # SQS publishes nothing of a queue that lay idle for hours, and takes up to 15 minutes to begin again.
      starts  = 15 + 5
      metrics = { waiting = ["AWS/SQS", "ApproximateNumberOfMessagesVisible", local.queue_metric.dead_letter, "Maximum"] }
      above   = 0
      period  = 60
    }
    errors = {
      description = "The function ${var.name} failed as a whole (wrong settings, a timeout, a crash), or caught a fault of its own around one message. Look in its log for ERROR and `fault`."
      metrics = {
        errors = ["AWS/Lambda", "Errors", { FunctionName = aws_lambda_function.mesh_dns.function_name }, "Sum"]
        faults = ["MeshDNS", "Faults", local.function_metric, "Sum"]
      }
      math   = "FILL(errors, 0) + FILL(faults, 0)"
      above  = 0
      period = 300
    }
    failing = {
      # A failed message comes back after 900 s at most, and its age is published each time.
      description = "A message has been failing for more than ${ceil(local.alarm_thresholds.failing / 60)} minutes, counted from when it was first received (also if Lambda was only throttled) and not from when it was sent: the provider, AWS or the store of the token denies a call or does not answer. Look in the log of ${var.name} for `retried`, which says what. Over when the message succeeded or went to the dead-letter queue."
      starts      = ceil(local.alarm_thresholds.failing / 60) + 15 + 5
      metrics     = { age = ["MeshDNS", "OldestFailedMessageAge", local.function_metric, "Maximum"] }
      above       = local.alarm_thresholds.failing
      period      = 900
      periods     = 1
      of          = 2
    }
    backlog = {
      # A second look waits up to 900 s and a failed message up to 900 s more: an hour is neither. SQS leaves out what was received three
      # times or more, so this cannot see failing messages.
      description = "A message in ${var.name}-events is older than ${ceil(local.alarm_thresholds.backlog / 60)} minutes and was hardly ever received: nobody polls. Is the event source mapping enabled? (Messages that fail: see the alarm ${var.name}-failing. A function that is throttled, or whose concurrency is 0: see ${var.name}-silence.)"
      metrics     = { age = ["AWS/SQS", "ApproximateAgeOfOldestMessage", local.queue_metric.events, "Maximum"] }
      starts      = ceil(local.alarm_thresholds.backlog / 60) + 5
      above       = local.alarm_thresholds.backlog
      period      = 300
    }
    silence = {
      # Without FILL, an alarm of three periods looks further back where data is missing, and waits longer than it says. That it starts with
      # the install is the price of telling when the first sweep never comes: an alarm cannot know how long it has been there.
      description = "No sweep of this account and region was completed for three sweep periods (${3 * var.sweep.minutes} minutes): something between the schedule and the provider does not work. Follow the path: schedule, rule, topic, queue, function; the function may be throttled, or its concurrency 0."
      starts      = 3 * var.sweep.minutes + 5
      made        = "When it is made it starts at once, and ends with the first completed sweep, within ${var.sweep.minutes} minutes as a rule."
      metrics     = { sweeps = ["MeshDNS", "SweepCompleted", local.function_metric, "Sum"] }
      math        = "FILL(sweeps, 0)"
      below       = 1
      period      = local.sweep_period_seconds
      periods     = 3
      missing     = "breaching"
    }
    guard = {
      description = "The mass-delete guard stopped deletes. If so many load balancers really left, invoke the function with the override; else find out why they seem gone."
      metrics     = { tripped = ["MeshDNS", "DeletesStopped", local.function_metric, "Sum"] }
      above       = 0
      period      = local.sweep_period_seconds
      of          = 2
    }
    deletes-waiting = {
      description = "Records that nobody claims are not deleted, because in two of three sweep periods a scope could not be listed, or the table was younger than three periods (so after the first apply with spokes): decisions with the reason `delete-waits` in the log say which. Names that are claimed are not concerned."
      starts      = local.told_by_second_look
      metrics     = { records = ["MeshDNS", "DeletesWaiting", local.function_metric, "Sum"] }
      above       = 0
      period      = local.sweep_period_seconds
      periods     = 2
      of          = 3
    }
    zone-denied = {
      description = "A zone is denied (its token was revoked, or may not edit this zone, or the id is wrong, or there is no token in its secret yet), or did not answer for three sweep periods: nothing is written there, and other zones go on. The log line `zone unread` names it and what to check."
      starts      = local.told_by_sweep
      metrics     = { zones = ["MeshDNS", "ZonesDenied", local.function_metric, "Sum"] }
      above       = 0
      period      = local.sweep_period_seconds
      of          = 2
    }
    overdue = {
      description = "An account and region, the hub's own or one that joined, could not be read for three sweep periods (${3 * var.sweep.minutes} minutes): the function may not look there, cannot list all its load balancers, or no sweep of it arrives. The log line `overdue` names it. Deletes no longer wait for it. Check its permissions and, of a spoke, the schedule, rule and reader role; if a spoke is gone for good, forget its account and region."
      starts      = local.told_by_sweep
      metrics     = { scopes = ["MeshDNS", "ScopesOverdue", local.function_metric, "Maximum"] }
      above       = 0
      period      = local.sweep_period_seconds
      of          = 2
    }
    rule = {
      description = "EventBridge could not hand events to the topic ${var.name}-events: look at the topic's policy and key."
      metrics     = { failed = ["AWS/Events", "FailedInvocations", { RuleName = aws_cloudwatch_event_rule.events.name }, "Sum"] }
      above       = 0
      period      = 300
    }
    topic = {
      description = "The topic ${var.name}-events could not deliver to a subscriber: look at the queue's policy and key."
      metrics     = { failed = ["AWS/SNS", "NumberOfNotificationsFailed", { TopicName = aws_sns_topic.events.name }, "Sum"] }
      above       = 0
      period      = 300
    }
  }

  alarms_of_spokes = {
    spokes-rule = {
      description = "EventBridge could not hand what spokes sent to the topic ${var.name}-events: look at the topic's policy and key."
      metrics     = { failed = ["AWS/Events", "FailedInvocations", { EventBusName = var.name, RuleName = "${var.name}-spokes" }, "Sum"] } # both, for a rule that is not on the default bus
      above       = 0
      period      = 300
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "watch" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.description} Starts within ${each.value.starts} minutes, ends within ${local.alarm_ends[each.key]} minutes after it is over. ${each.value.made}"
  comparison_operator = can(each.value.below) ? "LessThanThreshold" : "GreaterThanThreshold"
  threshold           = coalesce(try(var.alarms[each.key].threshold, null), try(each.value.below, each.value.above))
  evaluation_periods  = coalesce(each.value.of, each.value.periods)
  datapoints_to_alarm = each.value.of == null ? null : each.value.periods
  treat_missing_data  = each.value.missing

  # One metric is in the alarm itself, several are behind an expression.
  namespace   = each.value.math == null ? one(values(each.value.metrics))[0] : null
  metric_name = each.value.math == null ? one(values(each.value.metrics))[1] : null
  dimensions  = each.value.math == null ? one(values(each.value.metrics))[2] : null
  statistic   = each.value.math == null ? one(values(each.value.metrics))[3] : null
  period      = each.value.math == null ? each.value.period : null

  dynamic "metric_query" {
    for_each = each.value.math == null ? {} : each.value.metrics
    content {
      id          = metric_query.key
      return_data = false

      metric {
        namespace   = metric_query.value[0]
        metric_name = metric_query.value[1]
        dimensions  = metric_query.value[2]
        stat        = metric_query.value[3]
        period      = each.value.period
      }
    }
  }

  dynamic "metric_query" {
    for_each = each.value.math[*]
    content {
      id          = "value"
      expression  = metric_query.value
      label       = each.key
      return_data = true
    }
  }

  # Nothing can tell the OK of a new alarm from the end of one; without `ok_actions`, incidents would stay open elsewhere.
  alarm_actions = try(coalesce(var.alarms[each.key].actions), var.alarm_actions)
  ok_actions    = try(coalesce(var.alarms[each.key].ok_actions), coalesce(var.alarms[each.key].actions), var.alarm_actions)
  tags          = local.tags
}
