# The function, its log group, and what feeds it.

locals {
  # Partitions and regions whose Lambda knows neither the recursion setting nor tags of event source mappings.
  new_lambda_api = local.partition == "aws" && !contains(["ap-southeast-6", "mx-central-1"], local.region)
}

resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.function.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = local.tags
}

resource "aws_lambda_function" "mesh_dns" {
  #checkov:skip=CKV_AWS_50:Each decision is a log line under the message's id; a trace would add a service and a permission.
  #checkov:skip=CKV_AWS_116:Nothing invokes it asynchronously; the queue in front has a dead-letter queue.
  #checkov:skip=CKV_AWS_173:The environment holds no secret; it is encrypted with the AWS-managed key where no other is given.
  #checkov:skip=CKV_AWS_272:The package is part of the module, and its hash is pinned in the plan.
  function_name = var.name
  description   = "Keeps the DNS records of ${local.owner} in step with tagged load balancers"
  role          = aws_iam_role.function.arn

  filename         = "${path.module}/lambda/package.zip"
  source_code_hash = filebase64sha256("${path.module}/lambda/package.zip")
  runtime          = "python3.13"
  handler          = "mesh_dns.handler.handler"
  architectures    = [var.function.architecture]
  memory_size      = var.function.memory_mb
  timeout          = var.function.timeout_seconds

  reserved_concurrent_executions = var.function.reserved_concurrency ? 1 : -1

  kms_key_arn = var.kms_key_arn # of the environment

  environment {
    variables = local.environment
  }

  dynamic "vpc_config" {
    for_each = var.function.vpc[*]
    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  tags = local.tags

  lifecycle {
    precondition {
      condition     = local.environment_bytes[local.accounts_place] <= 4096
      error_message = "The settings take ${nonsensitive(local.environment_bytes[local.accounts_place])} bytes of the function's environment, and AWS allows 4096. Shorten zones, tokens or required_tags."
    }
  }

  # Without its log group, Lambda would make one that keeps everything for ever.
  depends_on = [
    aws_cloudwatch_log_group.function,
    aws_dynamodb_table_item.accounts,
    aws_iam_role_policy.function,
    aws_iam_role_policy.token,
  ]
}

# Second looks go from the function to its own queue. AWS would take that for a loop and stop it after about 16
# rounds, without an error; the function counts its own rounds instead.
resource "aws_lambda_function_recursion_config" "mesh_dns" {
  count = local.new_lambda_api ? 1 : 0 # where it is missing, nothing stops a function that feeds itself

  function_name  = aws_lambda_function.mesh_dns.function_name
  recursive_loop = "Allow"
}

resource "aws_lambda_event_source_mapping" "queue" {
  event_source_arn        = aws_sqs_queue.events.arn
  function_name           = aws_lambda_function.mesh_dns.arn
  function_response_types = ["ReportBatchItemFailures"]

  # A burst becomes few batches: any number of events costs the provider one list and few writes.
  batch_size                         = 500
  maximum_batching_window_in_seconds = 2

  # Its minimum is 2, so it has no say when concurrency is reserved as 1.
  dynamic "scaling_config" {
    for_each = var.function.reserved_concurrency ? [] : [2]
    content {
      maximum_concurrency = scaling_config.value
    }
  }

  tags = local.new_lambda_api ? local.tags : null

  depends_on = [aws_iam_role_policy.function, aws_lambda_function_recursion_config.mesh_dns]
}
