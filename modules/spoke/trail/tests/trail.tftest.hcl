# As small as a trail gets, and open to nobody but its own service.

mock_provider "aws" {
  source          = "../../../tests/setup"
  override_during = plan
}

variables {
  name   = "mesh-dns"
  bucket = "mesh-dns-trail-111122223333-eu-west-1"
}

run "the_trail_is_as_small_as_a_trail_gets" {
  command = plan

  assert {
    condition = {
      for selector in one(aws_cloudtrail.events.advanced_event_selector).field_selector :
      selector.field => coalescelist(coalesce(selector.equals, []), coalesce(selector.not_equals, []))
      } == {
      eventCategory = tolist(["Management"])
      readOnly      = tolist(["false"])
      eventSource   = tolist(["kms.amazonaws.com", "rdsdata.amazonaws.com"])
    }
    error_message = "The selector of management events knows eventCategory, readOnly and eventSource (not kms, not rdsdata), nothing else."
  }
  assert {
    condition     = !aws_cloudtrail.events.is_multi_region_trail && !aws_cloudtrail.events.include_global_service_events
    error_message = "A trail of one region, without global services."
  }
  assert {
    condition     = !aws_s3_bucket.trail.force_destroy && aws_s3_bucket_lifecycle_configuration.trail.rule[0].expiration[0].days == 30
    error_message = "The bucket keeps its objects at destroy unless told otherwise, and they expire."
  }
}

run "a_bucket_can_be_destroyed_with_its_objects" {
  command = plan

  variables {
    force_destroy  = true
    retention_days = 1
  }

  assert {
    condition     = aws_s3_bucket.trail.force_destroy && aws_s3_bucket_lifecycle_configuration.trail.rule[0].expiration[0].days == 1
    error_message = "force_destroy and retention_days must reach the bucket."
  }
}

run "the_bucket_serves_this_trail_over_tls_and_nobody_else" {
  command = plan

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_s3_bucket_policy.trail.policy).Statement :
      statement.Principal == { Service = "cloudtrail.amazonaws.com" }
      && statement.Condition.StringEquals["aws:SourceArn"] == "arn:aws:cloudtrail:eu-west-1:111122223333:trail/mesh-dns"
      if statement.Effect == "Allow"
    ])
    error_message = "Only this installation's trail may use the bucket."
  }
  assert {
    condition = length([
      for statement in jsondecode(aws_s3_bucket_policy.trail.policy).Statement : statement
      if statement.Effect == "Deny" && statement.Action == "s3:*" && statement.Condition == { Bool = { "aws:SecureTransport" = "false" } }
    ]) == 1
    error_message = "The bucket must refuse whoever comes without TLS."
  }
  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.trail.block_public_acls, aws_s3_bucket_public_access_block.trail.block_public_policy,
      aws_s3_bucket_public_access_block.trail.ignore_public_acls, aws_s3_bucket_public_access_block.trail.restrict_public_buckets,
    ])
    error_message = "The bucket must block every kind of public access."
  }
}

run "a_customer_key_is_for_the_bucket_and_the_log_files" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }

  assert {
    condition = (
      aws_cloudtrail.events.kms_key_id == var.kms_key_arn
      && one(one(aws_s3_bucket_server_side_encryption_configuration.trail.rule).apply_server_side_encryption_by_default) == { kms_master_key_id = var.kms_key_arn, sse_algorithm = "aws:kms" }
    )
    error_message = "The key must reach CloudTrail, which writes, and the bucket, which holds."
  }
}

run "a_key_alias_is_refused" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:alias/mesh"
  }

  expect_failures = [var.kms_key_arn]
}

run "a_name_with_a_space_is_refused" {
  command = plan

  variables {
    name = "mesh dns"
  }

  expect_failures = [var.name]
}

run "a_bucket_with_a_capital_is_refused" {
  command = plan

  variables {
    bucket = "Mesh-dns"
  }

  expect_failures = [var.bucket]
}

run "objects_that_expire_at_once_are_refused" {
  command = plan

  variables {
    retention_days = 0
  }

  expect_failures = [var.retention_days]
}

run "a_tag_that_aws_would_refuse_is_refused" {
  command = plan

  variables {
    tags = { "aws:team" = "platform" }
  }

  expect_failures = [var.tags]
}
