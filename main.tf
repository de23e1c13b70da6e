# Names, tags and settings: what everything else is built from.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}
data "aws_partition" "current" {}

# The first value stays, whatever `name` becomes: the owner mark, by which the installation knows its records, and the name of what holds
# the token, the table and the trail's log files. So a changed name loses none of them.
resource "terraform_data" "first_name_and_owner" {
  input = {
    name  = var.name
    owner = "mesh-dns/${substr(sha256("${local.account}/${local.region}/${var.name}"), 0, 8)}"
  }

  lifecycle {
    ignore_changes = [input]
  }
}

locals {
  account   = data.aws_caller_identity.current.account_id
  region    = data.aws_region.current.id # `name` is deprecated from provider 6
  partition = data.aws_partition.current.partition

  # Two installations never share an owner mark by accident: it hashes where each one lives.
  owner = coalesce(var.owner, terraform_data.first_name_and_owner.input.owner)

  # What holds something that nobody can make again keeps the name that it was made with.
  kept_name = terraform_data.first_name_and_owner.input.name

  # Tells installations apart in the names of what lies in other scopes, where two hubs may meet, and in every tag.
  installation = "${var.name}-${substr(sha256("${local.account}/${local.region}/${var.name}"), 0, 8)}"

  # The same with the first name: for a spoke's trail and bucket, which hold log files.
  first_installation = "${local.kept_name}-${substr(sha256("${local.account}/${local.region}/${local.kept_name}"), 0, 8)}"

  tags = merge(var.tags, { "mesh-dns" = local.installation })

  # Policies are built from names, not from resources, for two reasons: a first plan shows them whole instead of
  # "(known after apply)", and a key policy that names these resources needs none of them to exist.
  arn = {
    bus            = "arn:${local.partition}:events:${local.region}:${local.account}:event-bus/${var.name}"
    default_bus    = "arn:${local.partition}:events:${local.region}:${local.account}:event-bus/default"
    dead_letter    = "arn:${local.partition}:sqs:${local.region}:${local.account}:${var.name}-dead-letter"
    function_role  = "arn:${local.partition}:iam::${local.account}:role${var.iam.path}${local.function_role}"
    function       = "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${var.name}"
    log_group      = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/lambda/${var.name}"
    queue          = "arn:${local.partition}:sqs:${local.region}:${local.account}:${var.name}-events"
    rule           = "arn:${local.partition}:events:${local.region}:${local.account}:rule/${var.name}-events"
    spokes_rule    = "arn:${local.partition}:events:${local.region}:${local.account}:rule/${var.name}/${var.name}-spokes"
    schedule_group = "arn:${local.partition}:scheduler:${local.region}:${local.account}:schedule-group/${var.name}"
    table          = "arn:${local.partition}:dynamodb:${local.region}:${local.account}:table/${local.kept_name}"
    topic          = "arn:${local.partition}:sns:${local.region}:${local.account}:${var.name}-events"
  }

  function_role = "${var.name}-${local.region}-function"

  # The settings that are known at plan. Their schema is lambda/src/mesh_dns/schemas/settings.json.
  settings = {
    for key, value in {
      owner         = local.owner
      account       = local.account
      region        = local.region
      table_name    = local.kept_name
      zones         = local.zone_settings
      hostname_tag  = var.load_balancers.hostname_tag
      required_tags = var.required_tags
      internal_only = var.load_balancers.internal_only
      ttl           = var.records.ttl
      adopt         = var.adopt
      policy        = var.write_policy
      mode          = var.mode
      grace_seconds = var.records.grace_seconds
      sweep_seconds = var.sweep.minutes * 60
      spokes        = local.spoke_settings
    } : key => value if value != null
  }

  # Accounts go into the settings if they fit, and else into the table, where the function finds them by their hash.
  accounts_settings = {
    inline = { for key, value in { accounts = var.accounts } : key => value if value != null }
    item   = { accounts_item = sha256(jsonencode(var.accounts)) }
  }
  accounts_place = local.environment_bytes.inline <= 4096 ? "inline" : "item"

  # Suffix => zone, by provider, without nulls.
  zone_settings = {
    for suffix, zone in var.zones : suffix => {
      cloudflare = { for name, value in zone.cloudflare : name => value if value != null }
    }
  }

  environment = merge(local.environment_known, {
    MESH_DNS_SETTINGS = jsonencode(merge(local.settings, local.accounts_settings[local.accounts_place], {
      role_id               = aws_iam_role.function.unique_id
      queue_url             = aws_sqs_queue.events.url
      dead_letter_queue_url = aws_sqs_queue.dead_letter.url
      tokens                = local.tokens.real
    }))
  })

  # Not by Lambda's own log levels: they would drop the lines that carry metrics as well.
  environment_known = { POWERTOOLS_LOG_LEVEL = var.function.log_level }

  # AWS measures the environment as one JSON object. Before the first apply four values are unknown: stand-ins of their
  # greatest length take their place, so that the plan already knows whether the settings fit.
  environment_bytes = {
    for place, accounts in local.accounts_settings : place => ceil(length(base64encode(jsonencode(merge(local.environment_known, {
      MESH_DNS_SETTINGS = jsonencode(merge(local.settings, accounts, {
        role_id               = "AROA${substr(sha256(""), 0, 17)}"
        queue_url             = local.queue_url_stand_in
        dead_letter_queue_url = local.queue_url_stand_in
        tokens                = local.tokens.measured
      }))
    })))) * 3 / 4) # characters are not bytes
  }
  queue_url_stand_in = "https://sqs.${local.region}.${data.aws_partition.current.dns_suffix}/${local.account}/${var.name}-dead-letter"
}
