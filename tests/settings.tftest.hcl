# What reaches the function, the outputs and the alarms.

mock_provider "aws" {
  source          = "./tests/setup"
  override_during = plan
}

# OpenTofu applies each run, and an installation keeps its first name: one name for all.
variables {
  name  = "eu-mesh"
  zones = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353" } } }
  trail = null
}

run "a_first_user_gets_the_defaults" {
  command = plan

  assert {
    condition = jsondecode(aws_lambda_function.mesh_dns.environment[0].variables.MESH_DNS_SETTINGS) == {
      owner                 = "mesh-dns/${substr(sha256("111122223333/eu-west-1/eu-mesh"), 0, 8)}"
      account               = "111122223333"
      region                = "eu-west-1"
      role_id               = "AROA0123456789ABCDEFG"
      queue_url             = "https://sqs.eu-west-1.amazonaws.com/111122223333/mocked"
      dead_letter_queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/mocked"
      table_name            = "eu-mesh"
      zones                 = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353" } } }
      tokens                = { default = { secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:mocked-AbCdEf" } }
      hostname_tag          = "hostname"
      required_tags         = {}
      internal_only         = true
      ttl                   = 60
      adopt                 = "none"
      policy                = "sync"
      mode                  = "apply"
      grace_seconds         = 600
      sweep_seconds         = 900
    }
    error_message = "The defaults must reach the function's settings."
  }
  assert {
    condition = alltrue([
      for key, value in output.settings : jsonencode(value) == jsonencode(jsondecode(aws_lambda_function.mesh_dns.environment[0].variables.MESH_DNS_SETTINGS)[key])
    ]) && length(output.settings) == 15
    error_message = "The output must show a reviewer what the function is told, ${length(output.settings)} settings."
  }
  assert {
    condition = (
      aws_lambda_function.mesh_dns.runtime == "python3.13" && aws_lambda_function.mesh_dns.handler == "mesh_dns.handler.handler"
      && aws_lambda_function.mesh_dns.architectures == tolist(["arm64"]) && aws_lambda_function.mesh_dns.timeout == 120
      && aws_lambda_function.mesh_dns.source_code_hash == filebase64sha256("lambda/package.zip")
    )
    error_message = "The function must be the package of this tree, on Python 3.13."
  }
  assert {
    condition     = aws_cloudwatch_log_group.function.name == "/aws/lambda/${aws_lambda_function.mesh_dns.function_name}" && aws_cloudwatch_log_group.function.retention_in_days == 365
    error_message = "The log group must be the one that the function writes to, and forget after a while."
  }
  assert {
    condition     = output.owner == "mesh-dns/${substr(sha256("111122223333/eu-west-1/eu-mesh"), 0, 8)}" && output.function_name == "eu-mesh" && length(output.owner) <= 17
    error_message = "The outputs must say what was made."
  }
}

run "every_input_reaches_the_function" {
  command = plan

  variables {
    owner          = "mesh-dns/1f0c9a3e"
    zones          = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353" } }, "eu.example.org" = { cloudflare = { zone_id = "353c0d2738a13ca9da8fece4f501e320", token = "eu" } } }
    token          = { existing = { secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cloudflare-AbCdEf", json_key = "token" } }
    tokens         = { eu = { existing = { secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:eu-AbCdEf" } } }
    trail          = {}
    accounts       = { "111122223333" = ["*"], "444455556666" = ["*.eu.example.org", "cluster9.mesh.example.com"] }
    load_balancers = { hostname_tag = "dns-name", internal_only = false }
    required_tags  = { stack = "kube-system/clustermesh-apiserver" }
    mode           = "dry-run"
    write_policy   = "upsert-only"
    adopt          = "matching"
    records        = { ttl = 300, grace_seconds = 0 }
    sweep          = { minutes = 5 }
    function       = { memory_mb = 512, timeout_seconds = 60, architecture = "x86_64", log_level = "DEBUG" }
    tags           = { team = "platform" }
  }

  assert {
    condition = jsondecode(aws_lambda_function.mesh_dns.environment[0].variables.MESH_DNS_SETTINGS) == {
      owner                 = "mesh-dns/1f0c9a3e"
      account               = "111122223333"
      region                = "eu-west-1"
      role_id               = "AROA0123456789ABCDEFG"
      queue_url             = "https://sqs.eu-west-1.amazonaws.com/111122223333/mocked"
      dead_letter_queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/mocked"
      table_name            = "eu-mesh"
      zones                 = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353" } }, "eu.example.org" = { cloudflare = { zone_id = "353c0d2738a13ca9da8fece4f501e320", token = "eu" } } }
      tokens = {
        default = { secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cloudflare-AbCdEf", json_key = "token" }
        eu      = { secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:eu-AbCdEf" }
      }
      accounts      = { "111122223333" = ["*"], "444455556666" = ["*.eu.example.org", "cluster9.mesh.example.com"] }
      hostname_tag  = "dns-name"
      required_tags = { stack = "kube-system/clustermesh-apiserver" }
      internal_only = false
      ttl           = 300
      adopt         = "matching"
      policy        = "upsert-only"
      mode          = "dry-run"
      grace_seconds = 0
      sweep_seconds = 300
    }
    error_message = "Every input must reach the function's settings."
  }
  assert {
    condition = (
      aws_lambda_function.mesh_dns.memory_size == 512 && aws_lambda_function.mesh_dns.timeout == 60
      && aws_lambda_function.mesh_dns.architectures == tolist(["x86_64"])
      && aws_lambda_function.mesh_dns.environment[0].variables.POWERTOOLS_LOG_LEVEL == "DEBUG"
    )
    error_message = "The function's own inputs must reach it."
  }
  assert {
    condition = alltrue([
      for name in [
        aws_sns_topic.events.name, aws_sqs_queue.events.name, aws_sqs_queue.dead_letter.name, aws_cloudwatch_event_rule.events.name,
        aws_lambda_function.mesh_dns.function_name, aws_scheduler_schedule.sweep.name, aws_iam_role.function.name, aws_iam_role.scheduler.name,
        module.trail[0].bucket, aws_cloudwatch_metric_alarm.watch["silence"].alarm_name, aws_dynamodb_table.memory.name,
      ] : startswith(name, "eu-mesh")
    ])
    error_message = "Every resource must carry the installation's name."
  }
  assert {
    condition = alltrue([
      for tags in [
        aws_sns_topic.events.tags, aws_sqs_queue.events.tags, aws_lambda_function.mesh_dns.tags, aws_iam_role.function.tags, aws_dynamodb_table.memory.tags,
        aws_lambda_event_source_mapping.queue.tags, aws_cloudwatch_metric_alarm.watch["silence"].tags, aws_scheduler_schedule_group.sweep.tags,
      ] : tags == tomap({ "mesh-dns" = "eu-mesh-${substr(sha256("111122223333/eu-west-1/eu-mesh"), 0, 8)}", team = "platform" })
    ])
    error_message = "Every resource must carry the tags."
  }
}

run "vault_reaches_the_function_without_empty_fields" {
  command = plan

  variables {
    token = {
      vault = {
        address = "https://vault.example.com", namespace = "platform", mount = "secret", path = "cloudflare", key = "token", kv_version = 1
        auth    = { aws_role = "mesh-dns", server_id = "vault.example.com" }
      }
    }
  }

  assert {
    condition = jsondecode(aws_lambda_function.mesh_dns.environment[0].variables.MESH_DNS_SETTINGS).tokens.default == {
      vault = {
        address = "https://vault.example.com", namespace = "platform", mount = "secret", path = "cloudflare", key = "token", kv_version = 1
        auth    = { aws_role = "mesh-dns", server_id = "vault.example.com" }
      }
    }
    error_message = "Vault's settings must reach the function, and nulls must not."
  }
}

run "the_token_goes_to_the_secret_and_stays_out_of_the_plan" {
  command = plan

  variables {
    token       = { version = 1 }
    token_value = "0123456789-0123456789"
  }

  assert {
    condition     = aws_secretsmanager_secret_version.token[0].secret_string_wo == null && aws_secretsmanager_secret_version.token[0].secret_string_wo_version == 1
    error_message = "The token must be a write-only argument."
  }
}

run "without_a_version_the_secret_is_left_alone" {
  command = plan

  assert {
    condition     = length(aws_secretsmanager_secret.token) == 1 && length(aws_secretsmanager_secret_version.token) == 0
    error_message = "A secret that the user fills must not be written to."
  }
}
