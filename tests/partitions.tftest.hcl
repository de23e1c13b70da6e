# Partitions and regions that lack something: plans as their users get them.

mock_provider "aws" {
  source          = "./tests/setup"
  override_during = plan
}

variables {
  zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353" } } }
  trail  = null
  spokes = {}
}

run "us_gov_west_1" {
  command = plan

  variables {
    kms_key_arn = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }

  override_data {
    target          = data.aws_partition.current
    override_during = plan
    values          = { partition = "aws-us-gov", dns_suffix = "amazonaws.com" }
  }
  override_data {
    target          = data.aws_region.current
    override_during = plan
    values          = { id = "us-gov-west-1", name = "us-gov-west-1" }
  }

  assert {
    condition     = length(aws_lambda_function_recursion_config.mesh_dns) == 0 && aws_lambda_event_source_mapping.queue.tags == null
    error_message = "Lambda in us-gov-west-1 knows neither the recursion setting nor tags of event source mappings."
  }
  assert {
    condition = length(setsubtract(
      regexall("arn:[a-z-]+:[a-z]+:[a-z0-9-]*:", join(" ", [aws_iam_role_policy.function.policy, aws_sqs_queue.dead_letter.policy, aws_sns_topic_policy.events.policy, jsonencode(output.hub)])),
      ["arn:aws-us-gov:iam::", "arn:aws-us-gov:kms:us-gov-west-1:", "arn:aws-us-gov:sqs:us-gov-west-1:", "arn:aws-us-gov:sns:us-gov-west-1:", "arn:aws-us-gov:logs:us-gov-west-1:", "arn:aws-us-gov:events:us-gov-west-1:", "arn:aws-us-gov:dynamodb:us-gov-west-1:"],
    )) == 0
    error_message = "Partition and region are derived, never written down."
  }
  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : statement.Condition.StringEquals["kms:ViaService"] if statement.Sid == "ServiceUsesTheKeyOfTheQueues"
    ] == [["sqs.us-gov-west-1.amazonaws.com"]]
    error_message = "KMS knows SQS by the common suffix, and by that of the partition."
  }
}

run "cn_north_1" {
  command = plan

  variables {
    kms_key_arn = "arn:aws-cn:kms:cn-north-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }

  override_data {
    target          = data.aws_partition.current
    override_during = plan
    values          = { partition = "aws-cn", dns_suffix = "amazonaws.com.cn" }
  }
  override_data {
    target          = data.aws_region.current
    override_during = plan
    values          = { id = "cn-north-1", name = "cn-north-1" }
  }

  assert {
    condition     = length(aws_lambda_function_recursion_config.mesh_dns) == 0 && aws_lambda_event_source_mapping.queue.tags == null
    error_message = "Lambda in cn-north-1 knows neither the recursion setting nor tags of event source mappings."
  }
  assert {
    condition = length(setsubtract(
      regexall("arn:[a-z-]+:[a-z]+:[a-z0-9-]*:", join(" ", [aws_iam_role_policy.function.policy, aws_sqs_queue.dead_letter.policy, aws_sns_topic_policy.events.policy, jsonencode(output.hub)])),
      ["arn:aws-cn:iam::", "arn:aws-cn:kms:cn-north-1:", "arn:aws-cn:sqs:cn-north-1:", "arn:aws-cn:sns:cn-north-1:", "arn:aws-cn:logs:cn-north-1:", "arn:aws-cn:events:cn-north-1:", "arn:aws-cn:dynamodb:cn-north-1:"],
    )) == 0
    error_message = "Partition and region are derived, never written down."
  }
  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : statement.Condition.StringEquals["kms:ViaService"] if statement.Sid == "ServiceUsesTheKeyOfTheQueues"
    ] == [["sqs.cn-north-1.amazonaws.com", "sqs.cn-north-1.amazonaws.com.cn"]]
    error_message = "KMS knows SQS by the common suffix, and by that of the partition."
  }
}

run "mx_central_1" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:mx-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }

  override_data {
    target          = data.aws_partition.current
    override_during = plan
    values          = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  override_data {
    target          = data.aws_region.current
    override_during = plan
    values          = { id = "mx-central-1", name = "mx-central-1" }
  }

  assert {
    condition     = length(aws_lambda_function_recursion_config.mesh_dns) == 0 && aws_lambda_event_source_mapping.queue.tags == null
    error_message = "Lambda in mx-central-1 knows neither the recursion setting nor tags of event source mappings."
  }
  assert {
    condition = length(setsubtract(
      regexall("arn:[a-z-]+:[a-z]+:[a-z0-9-]*:", join(" ", [aws_iam_role_policy.function.policy, aws_sqs_queue.dead_letter.policy, aws_sns_topic_policy.events.policy, jsonencode(output.hub)])),
      ["arn:aws:iam::", "arn:aws:kms:mx-central-1:", "arn:aws:sqs:mx-central-1:", "arn:aws:sns:mx-central-1:", "arn:aws:logs:mx-central-1:", "arn:aws:events:mx-central-1:", "arn:aws:dynamodb:mx-central-1:"],
    )) == 0
    error_message = "Partition and region are derived, never written down."
  }
  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : statement.Condition.StringEquals["kms:ViaService"] if statement.Sid == "ServiceUsesTheKeyOfTheQueues"
    ] == [["sqs.mx-central-1.amazonaws.com"]]
    error_message = "KMS knows SQS by the common suffix, and by that of the partition."
  }
}

run "ap_southeast_6" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:ap-southeast-6:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }

  override_data {
    target          = data.aws_partition.current
    override_during = plan
    values          = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  override_data {
    target          = data.aws_region.current
    override_during = plan
    values          = { id = "ap-southeast-6", name = "ap-southeast-6" }
  }

  assert {
    condition     = length(aws_lambda_function_recursion_config.mesh_dns) == 0 && aws_lambda_event_source_mapping.queue.tags == null
    error_message = "Lambda in ap-southeast-6 knows neither the recursion setting nor tags of event source mappings."
  }
  assert {
    condition = length(setsubtract(
      regexall("arn:[a-z-]+:[a-z]+:[a-z0-9-]*:", join(" ", [aws_iam_role_policy.function.policy, aws_sqs_queue.dead_letter.policy, aws_sns_topic_policy.events.policy, jsonencode(output.hub)])),
      ["arn:aws:iam::", "arn:aws:kms:ap-southeast-6:", "arn:aws:sqs:ap-southeast-6:", "arn:aws:sns:ap-southeast-6:", "arn:aws:logs:ap-southeast-6:", "arn:aws:events:ap-southeast-6:", "arn:aws:dynamodb:ap-southeast-6:"],
    )) == 0
    error_message = "Partition and region are derived, never written down."
  }
  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : statement.Condition.StringEquals["kms:ViaService"] if statement.Sid == "ServiceUsesTheKeyOfTheQueues"
    ] == [["sqs.ap-southeast-6.amazonaws.com"]]
    error_message = "KMS knows SQS by the common suffix, and by that of the partition."
  }
}

run "eu_south_2" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-south-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }

  override_data {
    target          = data.aws_partition.current
    override_during = plan
    values          = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  override_data {
    target          = data.aws_region.current
    override_during = plan
    values          = { id = "eu-south-2", name = "eu-south-2" }
  }

  assert {
    condition     = length(aws_lambda_function_recursion_config.mesh_dns) == 1 && length(aws_lambda_event_source_mapping.queue.tags) > 0
    error_message = "Where Lambda knows them, the recursion setting and tags of the mapping must be there."
  }
  assert {
    condition = length(setsubtract(
      regexall("arn:[a-z-]+:[a-z]+:[a-z0-9-]*:", join(" ", [aws_iam_role_policy.function.policy, aws_sqs_queue.dead_letter.policy, aws_sns_topic_policy.events.policy, jsonencode(output.hub)])),
      ["arn:aws:iam::", "arn:aws:kms:eu-south-2:", "arn:aws:sqs:eu-south-2:", "arn:aws:sns:eu-south-2:", "arn:aws:logs:eu-south-2:", "arn:aws:events:eu-south-2:", "arn:aws:dynamodb:eu-south-2:"],
    )) == 0
    error_message = "Partition and region are derived, never written down."
  }
  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : statement.Condition.StringEquals["kms:ViaService"] if statement.Sid == "ServiceUsesTheKeyOfTheQueues"
    ] == [["sqs.eu-south-2.amazonaws.com"]]
    error_message = "KMS knows SQS by the common suffix, and by that of the partition."
  }
}
