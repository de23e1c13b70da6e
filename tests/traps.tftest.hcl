# What the real AWS does and no emulator shows: each run holds one of its traps off.

mock_provider "aws" {
  source          = "./tests/setup"
  override_during = plan
}

# Two queues that can be told apart.
override_resource {
  target          = aws_sqs_queue.dead_letter
  override_during = plan
  values = {
    arn = "arn:aws:sqs:eu-west-1:111122223333:mesh-dns-dead-letter"
    url = "https://sqs.eu-west-1.amazonaws.com/111122223333/mesh-dns-dead-letter"
  }
}

variables {
  zones = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353" } } }
  trail = {}
}

run "eventbridge_may_publish_without_any_condition" {
  command = plan

  assert {
    condition = length([
      for statement in jsondecode(aws_sns_topic_policy.events.policy).Statement : statement
      if statement.Effect == "Allow" && try(statement.Principal.Service, "") == "events.amazonaws.com"
      && statement.Action == "sns:Publish" && statement.Resource == "arn:aws:sns:eu-west-1:111122223333:mesh-dns-events"
      && !can(statement.Condition)
    ]) == 1
    error_message = "EventBridge gives no condition keys on its way to SNS: a statement with a Condition never allows it."
  }
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_sns_topic_policy.events.policy).Statement :
      statement.Condition == { Bool = { "aws:SecureTransport" = "false" } } if statement.Effect == "Deny"
    ])
    error_message = "A Deny may look at TLS only, with Bool, which does not match where the key is absent."
  }
  assert {
    condition     = aws_cloudwatch_event_target.topic.role_arn == null && aws_cloudwatch_event_target.topic.arn == aws_sns_topic.events.arn
    error_message = "A topic is reached by its policy; a target with a role fails."
  }
}

run "the_topic_is_never_under_the_key_of_aws" {
  command = plan

  assert {
    condition     = aws_sns_topic.events.kms_master_key_id == null
    error_message = "EventBridge cannot publish to a topic under alias/aws/sns: no key by default."
  }
}

run "a_customer_key_covers_topic_queues_log_and_secret" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }

  assert {
    condition = alltrue([
      for key in [
        aws_sns_topic.events.kms_master_key_id, aws_sqs_queue.events.kms_master_key_id, aws_sqs_queue.dead_letter.kms_master_key_id,
        aws_cloudwatch_log_group.function.kms_key_id, aws_secretsmanager_secret.token["default"].kms_key_id,
      ] : key == "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    ])
    error_message = "The customer key must cover the topic, both queues, the log group and the secret."
  }
}

run "a_trail_that_exists_is_used" {
  command = plan

  variables {
    trail = null
  }

  assert {
    condition     = length(module.trail) == 0
    error_message = "trail = null must make neither trail nor bucket."
  }
}

run "throttled_messages_neither_come_back_early_nor_die" {
  command = plan

  variables {
    function = { timeout_seconds = 200 }
  }

  assert {
    condition     = aws_sqs_queue.events.visibility_timeout_seconds == 1200
    error_message = "The visibility timeout must be six times the function's timeout."
  }
  assert {
    condition     = jsondecode(aws_sqs_queue.events.redrive_policy).maxReceiveCount >= 20
    error_message = "Throttles count as receives: maxReceiveCount must be generous."
  }
  assert {
    condition     = aws_sqs_queue.events.message_retention_seconds > 30 * aws_sqs_queue.events.visibility_timeout_seconds
    error_message = "A message must reach the dead-letter queue before it expires."
  }
}

run "one_writer_by_reservation" {
  command = plan

  assert {
    condition     = aws_lambda_function.mesh_dns.reserved_concurrent_executions == 1
    error_message = "One writer: reserved concurrency 1."
  }
  assert {
    condition     = length(aws_lambda_event_source_mapping.queue.scaling_config) == 0
    error_message = "maximum_concurrency must be unset when concurrency is reserved as 1: its minimum is 2."
  }
}

run "two_writers_where_nothing_can_be_reserved" {
  command = plan

  variables {
    function = { reserved_concurrency = false }
  }

  assert {
    condition     = aws_lambda_function.mesh_dns.reserved_concurrent_executions == -1
    error_message = "Without reservation the function must not ask for one."
  }
  assert {
    condition     = one(aws_lambda_event_source_mapping.queue.scaling_config).maximum_concurrency == 2
    error_message = "Without reservation maximum_concurrency must be 2, its minimum."
  }
}

run "batches_are_large_and_fail_by_message" {
  command = plan

  assert {
    condition     = aws_lambda_event_source_mapping.queue.batch_size > 10 && aws_lambda_event_source_mapping.queue.maximum_batching_window_in_seconds >= 1
    error_message = "A batch of more than 10 needs a window of a second or more."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.queue.function_response_types == toset(["ReportBatchItemFailures"])
    error_message = "A message that fails alone must fail alone."
  }
}

run "the_function_may_feed_itself" {
  command = plan

  assert {
    condition     = aws_lambda_function_recursion_config.mesh_dns[0].recursive_loop == "Allow"
    error_message = "Second looks are rounds through the function's own queue: recursion detection would stop them in silence."
  }
}

run "no_queue_policy_denies_by_source" {
  command = plan

  assert {
    condition = alltrue([
      for statement in flatten([for policy in [aws_sqs_queue.events.policy, aws_sqs_queue.dead_letter.policy] : jsondecode(policy).Statement]) :
      statement.Condition == { Bool = { "aws:SecureTransport" = "false" } } if statement.Effect == "Deny"
    ])
    error_message = "A Deny by aws:SourceArn would block the function's own messages: deny only what comes without TLS."
  }
  assert {
    condition = [
      for statement in jsondecode(aws_sqs_queue.events.policy).Statement :
      [statement.Principal.Service, statement.Action, statement.Condition.ArnEquals["aws:SourceArn"]] if statement.Effect == "Allow"
    ] == [["sns.amazonaws.com", "sqs:SendMessage", "arn:aws:sns:eu-west-1:111122223333:mesh-dns-events"]]
    error_message = "Only the topic may send to the queue by policy; the function does by its role."
  }
}

run "what_gets_stuck_anywhere_is_kept" {
  command = plan

  assert {
    condition = [
      for arn in [
        jsondecode(aws_sns_topic_subscription.queue.redrive_policy).deadLetterTargetArn,
        jsondecode(aws_sqs_queue.events.redrive_policy).deadLetterTargetArn,
      ] : arn == "arn:aws:sqs:eu-west-1:111122223333:${aws_sqs_queue.dead_letter.name}"
    ] == [true, true] && one(aws_cloudwatch_event_target.topic.dead_letter_config).arn == aws_sqs_queue.dead_letter.arn
    error_message = "The rule's target, the subscription and the queue must each leave what is stuck in the dead-letter queue."
  }
  assert {
    condition = {
      for statement in jsondecode(aws_sqs_queue.dead_letter.policy).Statement :
      statement.Principal.Service => statement.Condition.ArnEquals["aws:SourceArn"] if statement.Effect == "Allow"
      } == {
      "events.amazonaws.com" = ["arn:aws:events:eu-west-1:111122223333:rule/mesh-dns-events"]
      "sns.amazonaws.com"    = "arn:aws:sns:eu-west-1:111122223333:mesh-dns-events"
    }
    error_message = "The dead-letter queue must let in this rule and this topic, and nobody else."
  }
  assert {
    condition = jsondecode(aws_sqs_queue.dead_letter.redrive_allow_policy) == {
      redrivePermission = "byQueue", sourceQueueArns = ["arn:aws:sqs:eu-west-1:111122223333:mesh-dns-events"]
    }
    error_message = "Only this installation's queue may use its dead-letter queue."
  }
  assert {
    condition     = aws_sqs_queue.dead_letter.message_retention_seconds == 1209600
    error_message = "Dead letters must be kept for 14 days, the longest that SQS offers."
  }
}

run "queues_are_encrypted_without_a_key_too" {
  command = plan

  assert {
    condition     = aws_sqs_queue.events.sqs_managed_sse_enabled && aws_sqs_queue.dead_letter.sqs_managed_sse_enabled
    error_message = "Without a customer key the queues use SSE-SQS."
  }
}

run "each_sweep_goes_the_way_of_every_event" {
  command = plan

  variables {
    sweep = { minutes = 30 }
  }

  assert {
    condition = (
      aws_scheduler_schedule.sweep.target[0].arn == "arn:aws:events:eu-west-1:111122223333:event-bus/default"
      && aws_scheduler_schedule.sweep.target[0].eventbridge_parameters[0].source == "mesh-dns"
      && aws_scheduler_schedule.sweep.target[0].eventbridge_parameters[0].detail_type == "Mesh DNS Sweep"
    )
    error_message = "The sweep must be put onto the default bus of its own account and region."
  }
  assert {
    condition = contains(jsondecode(aws_cloudwatch_event_rule.events.event_pattern)["$or"], {
      source      = ["mesh-dns"]
      detail-type = ["Mesh DNS Sweep"]
      detail      = { owner = [jsondecode(aws_scheduler_schedule.sweep.target[0].input).owner] }
    })
    error_message = "The rule of the load balancer calls must take the sweep that the schedule puts, by its owner."
  }
  assert {
    condition     = aws_scheduler_schedule.sweep.schedule_expression == "rate(30 minutes)" && aws_scheduler_schedule.sweep.flexible_time_window[0].maximum_window_in_minutes == 20
    error_message = "The sweep must run every sweep.minutes, spread over two thirds of the period."
  }
  assert {
    condition     = aws_scheduler_schedule.sweep.target[0].retry_policy[0].maximum_event_age_in_seconds == 1800
    error_message = "A sweep that is older than a period is worth nothing."
  }
}

run "a_sweep_each_minute_is_spelled_in_the_singular" {
  command = plan

  variables {
    sweep = { minutes = 1 }
  }

  assert {
    condition     = aws_scheduler_schedule.sweep.schedule_expression == "rate(1 minute)" && aws_scheduler_schedule.sweep.flexible_time_window[0].maximum_window_in_minutes == 1
    error_message = "A rate of one has a unit in the singular, and a window of a minute at least."
  }
}

run "only_this_schedule_may_put_only_a_sweep" {
  command = plan

  assert {
    condition = jsondecode(aws_iam_role.scheduler.assume_role_policy).Statement == [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = {
          "aws:SourceAccount" = "111122223333"
          "aws:SourceArn"     = "arn:aws:scheduler:eu-west-1:111122223333:schedule-group/mesh-dns"
        }
      }
    }]
    error_message = "Scheduler must not be a confused deputy: it names its account and its group."
  }
  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.scheduler.policy).Statement : [statement.Action, statement.Resource, statement.Condition]] == [[
      "events:PutEvents", "arn:aws:events:eu-west-1:111122223333:event-bus/default", { StringEquals = { "events:source" = "mesh-dns" } },
    ]]
    error_message = "The schedule's role may put events of our own source onto the default bus, nothing else."
  }
}

run "unrelated_tags_do_not_wake_the_function" {
  command = plan

  variables {
    load_balancers = { hostname_tag = "dns-name" }
    required_tags  = { "service.k8s.aws/stack" = "kube-system/clustermesh-apiserver" }
  }

  assert {
    condition = [
      for alternative in jsondecode(aws_cloudwatch_event_rule.events.event_pattern)["$or"] : alternative.detail
      if alternative.source == ["aws.elasticloadbalancing"] && alternative.detail-type == ["AWS API Call via CloudTrail"]
      ] == [
      { eventName = ["CreateLoadBalancer", "DeleteLoadBalancer"] },
      { eventName = ["AddTags", "RemoveTags"], requestParameters = { tags = { key = ["dns-name", "service.k8s.aws/stack"] } } },
      { eventName = ["RemoveTags"], requestParameters = { tagKeys = ["dns-name", "service.k8s.aws/stack"] } },
    ]
    error_message = "Create and delete always pass; tagging passes by tag key: tags[{key}] of both generations, tagKeys[] of RemoveTags v2."
  }
}

run "a_deleted_secret_does_not_hold_the_name" {
  command = plan

  assert {
    condition     = aws_secretsmanager_secret.token["default"].name_prefix == "mesh-dns-token-"
    error_message = "A deleted secret's name is held for its recovery window: use a prefix."
  }
}
