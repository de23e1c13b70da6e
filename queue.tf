# The topic that others may subscribe to, the queue that buffers, and the queue for what cannot be handled.

resource "aws_sns_topic" "events" {
  name              = "${var.name}-events"
  kms_master_key_id = var.kms_key_arn # or none: EventBridge cannot publish under the AWS-managed key
  tags              = local.tags
}

resource "aws_sns_topic_policy" "events" {
  arn = aws_sns_topic.events.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # Without a Condition: EventBridge gives none on its way to SNS, and a statement with one would never allow. So anybody's
        # rule might reach the topic. An event is only a trigger to look at a scope that the function knows.
        Sid       = "EventBridgePublishes"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = local.arn.topic
      },
      {
        # `Bool` does not match where the key is absent, so this cannot hit EventBridge.
        Sid       = "NobodyPublishesWithoutTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = local.arn.topic
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "queue" {
  topic_arn            = aws_sns_topic.events.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.events.arn
  raw_message_delivery = true
  redrive_policy       = jsonencode({ deadLetterTargetArn = local.arn.dead_letter })

  depends_on = [aws_sqs_queue.dead_letter]
}

locals {
  # No Deny on a source: it would block the function's own messages.
  tls_only = {
    for name in ["queue", "dead_letter"] : name => {
      Sid       = "NobodyComesWithoutTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = local.arn[name]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }
  }
}

resource "aws_sqs_queue" "events" {
  name = "${var.name}-events"

  # AWS asks for six times the function's timeout. The event source mapping does not know of reserved concurrency: what it
  # could not hand over was throttled, stays invisible for this long, and counts as one receive. Hence the generous maxReceiveCount.
  visibility_timeout_seconds = 6 * var.function.timeout_seconds
  redrive_policy             = jsonencode({ deadLetterTargetArn = local.arn.dead_letter, maxReceiveCount = 30 })

  # 30 receives take about six hours: a failure waits for 900 s at most, a throttle for six times the function's timeout (with the longest
  # timeout nearly two days).
  message_retention_seconds = 7 * 24 * 3600 # a message that moves to the dead-letter queue keeps its age

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TopicDelivers"
        Effect    = "Allow"
        Principal = { Service = "sns.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = local.arn.queue
        Condition = { ArnEquals = { "aws:SourceArn" = local.arn.topic } }
      },
      local.tls_only.queue,
    ]
  })

  kms_master_key_id       = var.kms_key_arn
  sqs_managed_sse_enabled = var.kms_key_arn == null ? true : null
  tags                    = local.tags

  depends_on = [aws_sqs_queue.dead_letter]
}

# One dead-letter queue for all three ways a message can get stuck (EventBridge to topic, topic to queue, queue to function), and for
# what the function rejects: one place to look, one alarm, and the function understands each of them when it is put back into the queue.
resource "aws_sqs_queue" "dead_letter" {
  name                      = "${var.name}-dead-letter"
  message_retention_seconds = 14 * 24 * 3600 # the longest that SQS offers

  redrive_allow_policy = jsonencode({ redrivePermission = "byQueue", sourceQueueArns = [local.arn.queue] })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "RulesLeaveWhatTheTopicRefused"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = local.arn.dead_letter
        Condition = { ArnEquals = { "aws:SourceArn" = length(var.spokes[*]) == 0 ? [local.arn.rule] : [local.arn.rule, local.arn.spokes_rule] } }
      },
      {
        Sid       = "TopicLeavesWhatTheQueueRefused"
        Effect    = "Allow"
        Principal = { Service = "sns.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = local.arn.dead_letter
        Condition = { ArnEquals = { "aws:SourceArn" = local.arn.topic } }
      },
      local.tls_only.dead_letter,
    ]
  })

  kms_master_key_id       = var.kms_key_arn
  sqs_managed_sse_enabled = var.kms_key_arn == null ? true : null
  tags                    = local.tags
}
