# The commands of the operations document, with the names of this installation.

locals {
  invoke = "aws lambda invoke --region ${local.region} --function-name ${var.name} --cli-binary-format raw-in-base64-out --cli-read-timeout 300 --payload"

  commands = merge(
    {
      sweep           = "${local.invoke} '{\"action\":\"sweep\"}' /dev/stdout"
      override_guard  = "${local.invoke} '{\"action\":\"sweep\",\"override_guard\":true,\"reason\":\"<why>\"}' /dev/stdout"
      forget_hostname = "${local.invoke} '{\"action\":\"forget\",\"hostname\":\"<hostname>\"}' /dev/stdout"
      forget_scope    = "${local.invoke} '{\"action\":\"forget\",\"account\":\"<account>\",\"region\":\"<region>\"}' /dev/stdout"
      follow_log      = "aws logs tail /aws/lambda/${var.name} --region ${local.region} --follow --format short"
      dead_letters    = "aws sqs receive-message --region ${local.region} --queue-url $(aws sqs get-queue-url --region ${local.region} --queue-name ${var.name}-dead-letter --query QueueUrl --output text) --message-attribute-names All --visibility-timeout 0 --max-number-of-messages 10 --query 'Messages[].[MessageId,MessageAttributes,Body]'"
      redrive         = "aws sqs start-message-move-task --region ${local.region} --source-arn ${local.arn.dead_letter} --destination-arn ${local.arn.queue}"
    },
    { for key in local.made_tokens : "fill_token_${key}" => "aws secretsmanager put-secret-value --region ${local.region} --secret-id ${aws_secretsmanager_secret.token[key].arn} --secret-string file://token.txt" },
  )
}
