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
  description = "The secret that holds the token; null with Vault."
  value       = local.secret_arn
}

output "owner" {
  description = "The owner mark: the first word in the comment of each record of this installation."
  value       = local.owner
}
