# The commands of the operations document, with the names of this installation. Written out and not by jsonencode, which would turn
# the "<" and ">" around what is to be replaced into escapes.

locals {
  invoke = "aws lambda invoke --region ${local.region} --function-name ${var.name} --cli-binary-format raw-in-base64-out --cli-read-timeout 300 --payload"

  dead_letter_url = "$(aws sqs get-queue-url --region ${local.region} --queue-name ${var.name}-dead-letter --query QueueUrl --output text)"

  query_table = "aws dynamodb query --region ${local.region} --table-name ${local.kept_name}"

  # The last day; the answer takes a moment.
  query_log = {
    for name, query in local.log_queries : name => join(" ", [
      "id=$(aws logs start-query --region ${local.region} --log-group-name /aws/lambda/${var.name}",
      "--start-time $(($(date +%s) - 86400)) --end-time $(date +%s) --query-string '${query}' --query queryId --output text)",
      "&& sleep 10 && aws logs get-query-results --region ${local.region} --query-id \"$id\" --query 'results[].[*][].value' --output text",
    ])
  }

  log_queries = {
    log_of_name    = "filter message = \"decision\" and hostname = \"<hostname>\" | fields @timestamp, reason, load_balancer, outcome, detail | sort @timestamp desc"
    log_refusals   = "filter reason in [\"name-taken\", \"claimed-by\", \"incumbent-unreadable\", \"not-allowed\", \"invalid-hostname\", \"outside-zones\", \"delegated\", \"zone-denied\", \"provider-refuses\"] | stats count(*) as times, latest(detail) as why by reason, hostname, load_balancer | sort times desc"
    log_writes     = "filter outcome = \"done\" | fields @timestamp, reason, hostname, load_balancer, detail | sort @timestamp desc"
    log_failures   = "filter outcome like /^failed/ or message = \"retried\" | fields coalesce(outcome, detail) as why | stats count(*) as times, max(@timestamp) as last by why | sort last desc"
    log_of_message = "filter message_id = \"<message id>\" | fields @timestamp, message, detail, delay_seconds"
  }

  commands = merge(
    {
      sweep                   = "${local.invoke} '{\"action\":\"sweep\"}' /dev/stdout"
      sweep_scope             = "${local.invoke} '{\"action\":\"sweep\",\"account\":\"<account>\",\"region\":\"<region>\"}' /dev/stdout"
      override_guard          = "${local.invoke} '{\"action\":\"sweep\",\"override_guard\":true,\"why\":\"<why>\"}' /dev/stdout"
      override_guard_of_scope = "${local.invoke} '{\"action\":\"sweep\",\"account\":\"<account>\",\"region\":\"<region>\",\"override_guard\":true,\"why\":\"<why>\"}' /dev/stdout"
      forget_scope            = "${local.invoke} '{\"action\":\"forget\",\"account\":\"<account>\",\"region\":\"<region>\"}' /dev/stdout"
      forget_scope_confirm    = "${local.invoke} '{\"action\":\"forget\",\"account\":\"<account>\",\"region\":\"<region>\",\"confirm\":true,\"why\":\"<why>\"}' /dev/stdout"
      forget_name             = "${local.invoke} '{\"action\":\"forget\",\"hostname\":\"<hostname>\"}' /dev/stdout"
      forget_name_confirm     = "${local.invoke} '{\"action\":\"forget\",\"hostname\":\"<hostname>\",\"confirm\":true,\"why\":\"<why>\"}' /dev/stdout"

      show_name      = "${local.query_table} --key-condition-expression '#kind = :kind AND #key = :key' --expression-attribute-names '{\"#kind\":\"kind\",\"#key\":\"key\"}' --expression-attribute-values '{\":kind\":{\"S\":\"name\"},\":key\":{\"S\":\"<hostname>\"}}' --query 'Items[0]'"
      show_not_right = "${local.query_table} --key-condition-expression '#kind = :kind' --filter-expression 'reason <> :right' --expression-attribute-names '{\"#kind\":\"kind\"}' --expression-attribute-values '{\":kind\":{\"S\":\"name\"},\":right\":{\"S\":\"in-sync\"}}' --query 'Items[].[key.S,reason.S,load_balancer.S,detail.S]' --output table"
      show_scopes    = "${local.query_table} --key-condition-expression '#kind = :kind' --expression-attribute-names '{\"#kind\":\"kind\"}' --expression-attribute-values '{\":kind\":{\"S\":\"scope\"}}' --query 'Items[].[key.S,announced.N,read.N]' --output table"

      dead_letters       = "aws sqs receive-message --region ${local.region} --queue-url ${local.dead_letter_url} --message-attribute-names All --visibility-timeout 0 --max-number-of-messages 10 --query 'Messages[].[MessageId,MessageAttributes,Body]'"
      dead_letters_back  = "aws sqs start-message-move-task --region ${local.region} --source-arn ${local.arn.dead_letter} --destination-arn ${local.arn.queue}"
      dead_letters_purge = "aws sqs purge-queue --region ${local.region} --queue-url ${local.dead_letter_url}"

      follow_log         = "aws logs tail /aws/lambda/${var.name} --region ${local.region} --follow --format short"
      concurrency        = "aws lambda get-function-concurrency --region ${local.region} --function-name ${var.name}"
      leave_vpc          = "aws lambda update-function-configuration --region ${local.region} --function-name ${var.name} --vpc-config SubnetIds=[],SecurityGroupIds=[]"
      network_interfaces = "aws ec2 describe-network-interfaces --region ${local.region} --filters \"Name=description,Values=AWS Lambda VPC ENI-${var.name}-????????-????-????-????-????????????\" --query 'NetworkInterfaces[].NetworkInterfaceId'"
    },
    local.query_log,
    { for key in local.made_tokens : "fill_token_${key}" => "aws secretsmanager put-secret-value --region ${local.region} --secret-id ${aws_secretsmanager_secret.token[key].arn} --secret-string file://token.txt" },
  )
}
