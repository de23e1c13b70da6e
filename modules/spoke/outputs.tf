output "scope" {
  description = "The account and region that joined, as the function's log and the `forget` command name them."
  value       = { account = local.account, region = local.region }
}

output "reader_role_arn" {
  description = "The role that the hub's function assumes here."
  value       = aws_iam_role.reader.arn
}

output "undelivered_queue_arn" {
  description = "The queue that keeps what the hub's bus did not take, for 14 days, with the reason as an attribute."
  value       = aws_sqs_queue.undelivered.arn
}
