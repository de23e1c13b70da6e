# What is refused about tokens and zones. A first plan knows no ids yet.

mock_provider "aws" {
  source = "./tests/setup"
}

variables {
  zones = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353" } } }
  trail = null
}

run "two_sources_of_a_token_are_refused" {
  command = plan

  variables {
    token = { existing = { secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cloudflare-AbCdEf" }, vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { aws_role = "mesh-dns" } } }
  }

  expect_failures = [var.token]
}

run "a_secret_arn_without_its_six_characters_is_refused" {
  command = plan

  variables {
    token = { existing = { secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cloudflare" } }
  }

  expect_failures = [var.token]
}

run "a_secret_name_instead_of_its_arn_is_refused_for_vault" {
  command = plan

  variables {
    token = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { token_secret_arn = "vault-token" } } }
  }

  expect_failures = [var.token]
}

run "a_key_alias_for_a_secret_is_refused" {
  command = plan

  variables {
    token = { existing = { secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cloudflare-AbCdEf", kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:alias/mesh" } }
  }

  expect_failures = [var.token]
}

run "a_vault_in_clear_text_is_refused" {
  command = plan

  variables {
    token = { vault = { address = "http://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { aws_role = "mesh-dns" } } }
  }

  expect_failures = [var.token]
}

run "a_vault_with_a_password_in_its_address_is_refused" {
  command = plan

  variables {
    token = { vault = { address = "https://mesh:secret@vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { aws_role = "mesh-dns" } } }
  }

  expect_failures = [var.token]
}

run "a_vault_elsewhere_that_looks_like_the_loopback_is_refused" {
  command = plan

  variables {
    token = { vault = { address = "http://localhost:secret@vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { aws_role = "mesh-dns" } } }
  }

  expect_failures = [var.token]
}

run "an_unknown_kv_version_is_refused" {
  command = plan

  variables {
    token = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", kv_version = 3, auth = { aws_role = "mesh-dns" } } }
  }

  expect_failures = [var.token]
}

run "a_vault_without_a_login_is_refused" {
  command = plan

  variables {
    token = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = {} } }
  }

  expect_failures = [var.token]
}

run "a_vault_with_two_logins_is_refused" {
  command = plan

  variables {
    token = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { aws_role = "mesh-dns", token_secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cloudflare-AbCdEf" } } }
  }

  expect_failures = [var.token]
}

run "a_jwt_role_without_an_audience_is_refused" {
  command = plan

  variables {
    token = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { jwt_role = "mesh-dns" } } }
  }

  expect_failures = [var.token]
}

run "two_sources_of_a_token_are_refused_among_tokens" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = { eu = { existing = { secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cloudflare-AbCdEf" }, vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { aws_role = "mesh-dns" } } } }
  }

  expect_failures = [var.tokens]
}

run "a_secret_arn_without_its_six_characters_is_refused_among_tokens" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = { eu = { existing = { secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cloudflare" } } }
  }

  expect_failures = [var.tokens]
}

run "a_secret_name_instead_of_its_arn_is_refused_among_tokens_for_vault" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = { eu = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { token_secret_arn = "vault-token" } } } }
  }

  expect_failures = [var.tokens]
}

run "a_key_alias_for_a_secret_is_refused_among_tokens" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = { eu = { existing = { secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cloudflare-AbCdEf", kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:alias/mesh" } } }
  }

  expect_failures = [var.tokens]
}

run "a_vault_in_clear_text_is_refused_among_tokens" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = { eu = { vault = { address = "http://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { aws_role = "mesh-dns" } } } }
  }

  expect_failures = [var.tokens]
}

run "a_vault_with_a_password_in_its_address_is_refused_among_tokens" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = { eu = { vault = { address = "https://mesh:secret@vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { aws_role = "mesh-dns" } } } }
  }

  expect_failures = [var.tokens]
}

run "an_unknown_kv_version_is_refused_among_tokens" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = { eu = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", kv_version = 3, auth = { aws_role = "mesh-dns" } } } }
  }

  expect_failures = [var.tokens]
}

run "a_vault_without_a_login_is_refused_among_tokens" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = { eu = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = {} } } }
  }

  expect_failures = [var.tokens]
}

run "a_vault_with_two_logins_is_refused_among_tokens" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = { eu = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { aws_role = "mesh-dns", token_secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cloudflare-AbCdEf" } } } }
  }

  expect_failures = [var.tokens]
}

run "a_jwt_role_without_an_audience_is_refused_among_tokens" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = { eu = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { jwt_role = "mesh-dns" } } } }
  }

  expect_failures = [var.tokens]
}

run "a_version_of_an_existing_secret_is_refused" {
  command = plan

  variables {
    token = { version = 1, existing = { secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cloudflare-AbCdEf" } }
  }

  expect_failures = [var.token]
}

run "a_version_of_a_further_token_is_refused" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = { eu = { version = 1 } }
  }

  expect_failures = [var.tokens]
}

run "a_default_token_that_no_zone_uses_is_refused" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    token  = { version = 1 }
    tokens = { eu = { existing = { secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cloudflare-AbCdEf" } } }
  }

  expect_failures = [var.token]
}

run "a_token_that_no_zone_names_is_refused" {
  command = plan

  variables {
    tokens = { eu = { existing = { secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cloudflare-AbCdEf" } } }
  }

  expect_failures = [var.tokens]
}

run "a_zone_whose_token_is_missing_is_refused" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = {}
  }

  expect_failures = [var.tokens]
}

run "a_further_token_that_is_null_is_refused" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = { eu = null }
  }

  expect_failures = [var.tokens]
}

run "a_further_token_by_the_name_of_the_default_one_is_refused" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "default" } } }
    tokens = { default = { existing = { secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cloudflare-AbCdEf" } } }
  }

  expect_failures = [var.tokens]
}

run "a_token_key_with_capitals_is_refused" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "EU" } } }
    tokens = { EU = { existing = { secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cloudflare-AbCdEf" } } }
  }

  expect_failures = [var.tokens]
}

run "a_zone_without_a_provider_is_refused" {
  command = plan

  variables {
    zones = { "mesh.example.com" = {} }
  }

  expect_failures = [var.zones]
}

run "two_tokens_for_one_zone_are_refused" {
  command = plan

  variables {
    zones = {
      "a.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353" } }
      "b.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } }
    }
    tokens = { eu = { existing = { secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cloudflare-AbCdEf" } } }
  }

  expect_failures = [var.zones]
}

run "a_version_below_one_is_refused" {
  command = plan

  variables {
    token = { version = 0 }
  }

  expect_failures = [var.token]
}

run "a_version_that_is_not_whole_is_refused" {
  command = plan

  variables {
    token = { version = 1.5 }
  }

  expect_failures = [var.token]
}

run "a_token_value_without_a_version_is_refused" {
  command = plan

  variables {
    token_value = "0123456789-0123456789"
  }

  expect_failures = [var.token_value]
}

run "a_bearer_prefix_is_refused" {
  command = plan

  variables {
    token       = { version = 1 }
    token_value = "Bearer 0123456789-0123456789"
  }

  expect_failures = [var.token_value]
}

run "a_token_value_with_a_line_end_is_refused" {
  command = plan

  variables {
    token       = { version = 1 }
    token_value = "0123456789-0123456789\n"
  }

  expect_failures = [var.token_value]
}
