output "topic_arn" {
  description = "The topic that carries load balancer calls and sweeps; others may subscribe."
  value       = aws_sns_topic.events.arn
}

output "queue_arn" {
  description = "The queue that the function works off."
  value       = aws_sqs_queue.events.arn
}

output "dead_letter_queue_arn" {
  description = "The queue that holds what could not be handled."
  value       = aws_sqs_queue.dead_letter.arn
}

output "function_name" {
  description = "The function's name, also the `service` dimension of its metrics."
  value       = aws_lambda_function.mesh_dns.function_name
}

output "function_arn" {
  description = "The function's ARN."
  value       = aws_lambda_function.mesh_dns.arn
}

output "function_role_arn" {
  description = "The function's role: what an existing secret or key in another account must let in."
  value       = aws_iam_role.function.arn
}

output "secret_arn" {
  description = "The secret that holds the default token; null with Vault, and where no zone uses the default token."
  value       = lookup(local.secret_arns, "default", null)
}

output "secret_arns" {
  description = "Token (`default`, or its key in `tokens`) => the secret that holds it; none for a token in Vault."
  value       = local.secret_arns
}

output "sweep_role_arn" {
  description = "The role of the schedule: it may put the sweep onto the default bus."
  value       = aws_iam_role.scheduler.arn
}

output "log_group_name" {
  description = "The log group of the function."
  value       = aws_cloudwatch_log_group.function.name
}

output "table_name" {
  description = "The table that holds which scopes are known, what became of names, and the accounts."
  value       = aws_dynamodb_table.memory.name
}

output "alarm_arns" {
  description = "Alarm => its ARN, for composite alarms and dashboards."
  value       = { for name, alarm in aws_cloudwatch_metric_alarm.watch : name => alarm.arn }
}

output "commands" {
  description = "The commands of docs/operations.md, by name. Pass it on as an output of your own: as one text for `terraform output -raw`, as in examples/complete, or as it is for `terraform output -json commands | jq -r .sweep`. What stands in `<>` is to be replaced."
  value       = local.commands
}

output "settings" {
  description = "What the function is told, except the id of its role and the URLs of its queues. Pass it on as an output of your own: each plan then shows which setting a change reaches, and an attribute that was misspelt reaches none. It says where tokens are, and holds none. It is there to be read and is no interface: what is in it may change with any version."
  value       = merge(local.settings, local.accounts_settings[local.accounts_place], { tokens = local.tokens.real })
}

output "owner" {
  description = "The owner mark: the first word in the comment of each record of this installation."
  value       = local.owner
}

output "hub" {
  description = "What `modules/spoke` needs to know, as one object: hub = module.mesh_dns.hub. Null without `spokes`. Nothing in it is secret."

  # From names and inputs, so that the plan of a spoke is whole before the hub exists.
  value = length(var.spokes[*]) == 0 ? null : {
    version              = 1 # of this object: raised when a spoke must change with it
    partition            = local.partition
    account              = local.account
    region               = local.region
    installation         = local.installation
    first_installation   = local.first_installation # a spoke's trail goes by it: a changed name replaces none
    owner                = local.owner
    bus_arn              = local.arn.bus
    function_role_arn    = local.arn.function_role
    role_path            = var.iam.path
    reader_role          = "${local.installation}-reader"
    external_id          = local.installation
    event_pattern        = local.event_pattern
    sweep_minutes        = var.sweep.minutes
    sweep_window_minutes = local.sweep_window_minutes
  }

  # A spoke's first sweep starts as soon as its schedule exists: it must find the way open.
  depends_on = [
    aws_cloudwatch_event_bus_policy.spokes,
    aws_cloudwatch_event_target.spokes,
    aws_sns_topic_subscription.queue,
    aws_lambda_event_source_mapping.queue,
    aws_iam_role_policy.function,
  ]
}
