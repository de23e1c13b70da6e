# Each fault has its alarm, and each alarm can be tuned or left out.

mock_provider "aws" {
  source          = "./tests/setup"
  override_during = plan
}

variables {
  zones         = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353" } } }
  trail         = null
  sweep         = { minutes = 5 }
  alarm_actions = ["arn:aws:sns:eu-west-1:111122223333:on-call"]
}

run "each_fault_has_its_alarm" {
  command = plan

  variables {
    spokes = {}
  }

  assert {
    condition = {
      for key, alarm in aws_cloudwatch_metric_alarm.watch :
      key => join(" ", concat(
        [for part in [alarm.namespace, alarm.metric_name] : part if part != null],
        [for dimension, value in coalesce(alarm.dimensions, {}) : "${dimension}=${value}"],
        [for part in [alarm.statistic] : part if part != null],
        flatten([for query in alarm.metric_query : [
          [for text in [query.expression] : text if text != null],
          [for metric in query.metric : ["${query.id}:", metric.namespace, metric.metric_name, [for dimension, value in metric.dimensions : "${dimension}=${value}"], metric.stat, "${metric.period}s"]],
        ]]),
        [alarm.comparison_operator, alarm.threshold, "in", coalesce(alarm.datapoints_to_alarm, alarm.evaluation_periods), "of", alarm.evaluation_periods],
        [for period in [alarm.period] : "x ${period}s" if period != null],
        ["missing is", alarm.treat_missing_data],
      ))
      } == {
      dead-letter     = "AWS/SQS ApproximateNumberOfMessagesVisible QueueName=mesh-dns-dead-letter Maximum GreaterThanThreshold 0 in 1 of 1 x 60s missing is notBreaching"
      errors          = "FILL(errors, 0) + FILL(faults, 0) errors: AWS/Lambda Errors FunctionName=mesh-dns Sum 300s faults: MeshDNS Faults service=mesh-dns Sum 300s GreaterThanThreshold 0 in 1 of 1 missing is notBreaching"
      failing         = "MeshDNS OldestFailedMessageAge service=mesh-dns Maximum GreaterThanThreshold 900 in 1 of 2 x 900s missing is notBreaching"
      backlog         = "AWS/SQS ApproximateAgeOfOldestMessage QueueName=mesh-dns-events Maximum GreaterThanThreshold 3600 in 1 of 1 x 300s missing is notBreaching"
      silence         = "FILL(sweeps, 0) sweeps: MeshDNS SweepCompleted service=mesh-dns Sum 300s LessThanThreshold 1 in 3 of 3 missing is breaching"
      guard           = "MeshDNS DeletesStopped service=mesh-dns Sum GreaterThanThreshold 0 in 1 of 2 x 300s missing is notBreaching"
      deletes-waiting = "MeshDNS DeletesWaiting service=mesh-dns Sum GreaterThanThreshold 0 in 2 of 3 x 300s missing is notBreaching"
      zone-denied     = "MeshDNS ZonesDenied service=mesh-dns Sum GreaterThanThreshold 0 in 1 of 2 x 300s missing is notBreaching"
      rule            = "AWS/Events FailedInvocations RuleName=mesh-dns-events Sum GreaterThanThreshold 0 in 1 of 1 x 300s missing is notBreaching"
      topic           = "AWS/SNS NumberOfNotificationsFailed TopicName=mesh-dns-events Sum GreaterThanThreshold 0 in 1 of 1 x 300s missing is notBreaching"
      overdue         = "MeshDNS ScopesOverdue service=mesh-dns Maximum GreaterThanThreshold 0 in 1 of 2 x 300s missing is notBreaching"
      spokes-rule     = "AWS/Events FailedInvocations EventBusName=mesh-dns RuleName=mesh-dns-spokes Sum GreaterThanThreshold 0 in 1 of 1 x 300s missing is notBreaching"
    }
    error_message = "Each fault must have its alarm, and only a path that died in silence alarms without data."
  }
  assert {
    condition = {
      for key, alarm in aws_cloudwatch_metric_alarm.watch :
      key => regex(" Starts within (\\d+) minutes, ends within (\\d+) minutes after it is over\\. When it is made it (notifies once that it is OK|starts at once, and ends with the first completed sweep, within 5 minutes as a rule)\\.$", alarm.alarm_description)
      } == {
      dead-letter     = ["20", "8", "notifies once that it is OK"]
      errors          = ["5", "10", "notifies once that it is OK"]
      failing         = ["35", "65", "notifies once that it is OK"]
      backlog         = ["65", "20", "notifies once that it is OK"]
      silence         = ["20", "5", "starts at once, and ends with the first completed sweep, within 5 minutes as a rule"]
      guard           = ["5", "25", "notifies once that it is OK"]
      deletes-waiting = ["23", "30", "notifies once that it is OK"]
      zone-denied     = ["13", "25", "notifies once that it is OK"]
      rule            = ["5", "20", "notifies once that it is OK"]
      topic           = ["5", "20", "notifies once that it is OK"]
      overdue         = ["13", "25", "notifies once that it is OK"]
      spokes-rule     = ["5", "20", "notifies once that it is OK"]
    }
    error_message = "Each description must say within how many minutes its alarm starts and ends, and what a new one notifies of."
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.watch : length(alarm.alarm_description) <= 1024])
    error_message = "AWS takes 1024 characters."
  }
  assert {
    condition = alltrue([
      for alarm in aws_cloudwatch_metric_alarm.watch :
      alarm.alarm_actions == toset(["arn:aws:sns:eu-west-1:111122223333:on-call"]) && alarm.ok_actions == toset(["arn:aws:sns:eu-west-1:111122223333:on-call"])
    ])
    error_message = "alarm_actions must hear of the start and the end of each alarm."
  }
}

run "sweeps_as_far_apart_as_can_be_are_waited_for" {
  command = plan

  variables {
    spokes = {}
    sweep  = {}
  }

  assert {
    condition = {
      for key in ["zone-denied", "overdue", "deletes-waiting"] :
      key => regex(" Starts within (\\d+) minutes", aws_cloudwatch_metric_alarm.watch[key].alarm_description)[0]
    } == { zone-denied = "30", overdue = "30", deletes-waiting = "40" }
    error_message = "By default 15 minutes, a window of 10, and for what a second look tells a grace of 10."
  }
}

run "an_alarm_can_be_left_out_or_have_actions_and_a_threshold_of_its_own" {
  command = plan

  variables {
    alarms = {
      topic   = { enabled = false }
      backlog = { threshold = 7200 }
      guard   = { actions = ["arn:aws:sns:eu-west-1:111122223333:dns-team"] }
      errors  = { ok_actions = [] }
    }
  }

  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.watch)) == toset(["dead-letter", "errors", "failing", "backlog", "silence", "guard", "deletes-waiting", "zone-denied", "overdue", "rule"])
    error_message = "The one that is switched off, and those of spokes, must not be made."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.watch["backlog"].threshold == 7200 && aws_cloudwatch_metric_alarm.watch["silence"].threshold == 1
    error_message = "A threshold of its own must reach its alarm, and no other."
  }
  assert {
    condition     = length(regexall("is older than 120 minutes .* Starts within 125 minutes", aws_cloudwatch_metric_alarm.watch["backlog"].alarm_description)) == 1
    error_message = "What a description says must follow the threshold."
  }
  assert {
    condition = [
      for key in ["guard", "errors", "rule"] : [
        [for arn in aws_cloudwatch_metric_alarm.watch[key].alarm_actions : reverse(split(":", arn))[0]],
        [for arn in coalesce(aws_cloudwatch_metric_alarm.watch[key].ok_actions, []) : reverse(split(":", arn))[0]],
      ]
    ] == [[["dns-team"], ["dns-team"]], [["on-call"], []], [["on-call"], ["on-call"]]]
    error_message = "Actions of its own take the place of alarm_actions, at the start and at the end; those of the end can be told apart."
  }
}

run "an_alarm_that_does_not_exist_is_refused" {
  command = plan

  variables {
    alarms = { gaurd = { enabled = false } }
  }

  expect_failures = [var.alarms]
}

run "a_negative_threshold_is_refused" {
  command = plan

  variables {
    alarms = { backlog = { threshold = -1 } }
  }

  expect_failures = [var.alarms]
}

run "silence_that_would_never_start_is_refused" {
  command = plan

  variables {
    alarms = { silence = { threshold = 0 } }
  }

  expect_failures = [var.alarms]
}

run "silence_that_would_never_end_is_refused" {
  command = plan

  variables {
    alarms = { silence = { threshold = 2 } }
  }

  expect_failures = [var.alarms]
}

run "an_alarm_that_is_null_is_refused" {
  command = plan

  variables {
    alarms = { guard = null }
  }

  expect_failures = [var.alarms]
}

run "an_action_that_is_no_arn_is_refused_for_one_alarm" {
  command = plan

  variables {
    alarms = { guard = { actions = ["on-call@example.com"] } }
  }

  expect_failures = [var.alarms]
}

run "six_actions_of_every_alarm_are_refused" {
  command = plan

  variables {
    alarm_actions = [for each in range(6) : "arn:aws:sns:eu-west-1:111122223333:on-call-${each}"]
  }

  expect_failures = [var.alarm_actions]
}

run "six_actions_of_one_alarm_are_refused" {
  command = plan

  variables {
    alarms = { guard = { actions = [for each in range(6) : "arn:aws:sns:eu-west-1:111122223333:on-call-${each}"] } }
  }

  expect_failures = [var.alarms]
}

run "six_notices_of_the_end_of_an_alarm_are_refused" {
  command = plan

  variables {
    alarms = { guard = { ok_actions = [for each in range(6) : "arn:aws:sns:eu-west-1:111122223333:on-call-${each}"] } }
  }

  expect_failures = [var.alarms]
}

run "an_alarm_takes_five_actions" {
  command = plan

  variables {
    alarm_actions = [for each in range(5) : "arn:aws:sns:eu-west-1:111122223333:on-call-${each}"]
  }
}
