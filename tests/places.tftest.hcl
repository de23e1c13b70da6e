# One run per place of a token that is refused, for the default token and for a further one: what the function's settings do not take,
# and what Terraform itself would only complain of without a word of advice.

mock_provider "aws" {
  source = "./tests/setup"
}

variables {
  zones = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353" } } }
  trail = null
}

run "an_existing_secret_without_an_arn_is_refused" {
  command = plan

  variables {
    token = { existing = { secret_arn = "" } }
  }

  expect_failures = [var.token]
}

run "an_existing_secret_without_an_arn_is_refused_among_tokens" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = { eu = { existing = { secret_arn = "" } } }
  }

  expect_failures = [var.tokens]
}

run "an_existing_secret_of_null_is_refused" {
  command = plan

  variables {
    token = { existing = { secret_arn = null } }
  }

  expect_failures = [var.token]
}

run "an_existing_secret_of_null_is_refused_among_tokens" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = { eu = { existing = { secret_arn = null } } }
  }

  expect_failures = [var.tokens]
}

run "an_empty_key_of_an_existing_secret_is_refused" {
  command = plan

  variables {
    token = { existing = { secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cloudflare-AbCdEf", kms_key_arn = "" } }
  }

  expect_failures = [var.token]
}

run "an_empty_key_of_an_existing_secret_is_refused_among_tokens" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = { eu = { existing = { secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cloudflare-AbCdEf", kms_key_arn = "" } } }
  }

  expect_failures = [var.tokens]
}

run "a_vault_without_a_mount_is_refused" {
  command = plan

  variables {
    token = { vault = { address = "https://vault.example.com", mount = null, path = "cloudflare", key = "token", auth = { aws_role = "mesh-dns" } } }
  }

  expect_failures = [var.token]
}

run "a_vault_without_a_mount_is_refused_among_tokens" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = { eu = { vault = { address = "https://vault.example.com", mount = null, path = "cloudflare", key = "token", auth = { aws_role = "mesh-dns" } } } }
  }

  expect_failures = [var.tokens]
}

run "a_vault_with_an_empty_path_is_refused" {
  command = plan

  variables {
    token = { vault = { address = "https://vault.example.com", mount = "secret", path = "", key = "token", auth = { aws_role = "mesh-dns" } } }
  }

  expect_failures = [var.token]
}

run "a_vault_with_an_empty_path_is_refused_among_tokens" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = { eu = { vault = { address = "https://vault.example.com", mount = "secret", path = "", key = "token", auth = { aws_role = "mesh-dns" } } } }
  }

  expect_failures = [var.tokens]
}

run "a_vault_without_a_key_is_refused" {
  command = plan

  variables {
    token = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = null, auth = { aws_role = "mesh-dns" } } }
  }

  expect_failures = [var.token]
}

run "a_vault_without_a_key_is_refused_among_tokens" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = { eu = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = null, auth = { aws_role = "mesh-dns" } } } }
  }

  expect_failures = [var.tokens]
}

run "a_vault_without_a_login_is_refused" {
  command = plan

  variables {
    token = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = null } }
  }

  expect_failures = [var.token]
}

run "a_vault_without_a_login_is_refused_among_tokens" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = { eu = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = null } } }
  }

  expect_failures = [var.tokens]
}

run "a_vault_login_of_an_empty_role_is_refused" {
  command = plan

  variables {
    token = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { aws_role = "" } } }
  }

  expect_failures = [var.token]
}

run "a_vault_login_of_an_empty_role_is_refused_among_tokens" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = { eu = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { aws_role = "" } } } }
  }

  expect_failures = [var.tokens]
}

run "a_vault_login_of_an_empty_token_secret_is_refused" {
  command = plan

  variables {
    token = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { token_secret_arn = "" } } }
  }

  expect_failures = [var.token]
}

run "a_vault_login_of_an_empty_token_secret_is_refused_among_tokens" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = { eu = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { token_secret_arn = "" } } } }
  }

  expect_failures = [var.tokens]
}

run "a_vault_login_for_an_empty_audience_is_refused" {
  command = plan

  variables {
    token = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { jwt_role = "mesh-dns", audience = "" } } }
  }

  expect_failures = [var.token]
}

run "a_vault_login_for_an_empty_audience_is_refused_among_tokens" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = { eu = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { jwt_role = "mesh-dns", audience = "" } } } }
  }

  expect_failures = [var.tokens]
}

run "a_vault_login_for_an_audience_of_1001_characters_is_refused" {
  command = plan

  variables {
    token = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { jwt_role = "mesh-dns", audience = join("", [for each in range(1001) : "a"]) } } }
  }

  expect_failures = [var.token]
}

run "a_vault_login_for_an_audience_of_1001_characters_is_refused_among_tokens" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = { eu = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { jwt_role = "mesh-dns", audience = join("", [for each in range(1001) : "a"]) } } } }
  }

  expect_failures = [var.tokens]
}

run "a_vault_login_with_a_role_and_a_server_id_of_the_other_method_is_refused" {
  command = plan

  variables {
    token = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { jwt_role = "mesh-dns", audience = "https://vault.example.com", server_id = "vault.example.com" } } }
  }

  expect_failures = [var.token]
}

run "a_vault_login_with_a_role_and_a_server_id_of_the_other_method_is_refused_among_tokens" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = { eu = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { jwt_role = "mesh-dns", audience = "https://vault.example.com", server_id = "vault.example.com" } } } }
  }

  expect_failures = [var.tokens]
}

run "a_vault_login_with_a_role_and_a_mount_of_the_other_method_is_refused" {
  command = plan

  variables {
    token = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { jwt_role = "mesh-dns", audience = "https://vault.example.com", aws_mount = "aws" } } }
  }

  expect_failures = [var.token]
}

run "a_vault_login_with_a_role_and_a_mount_of_the_other_method_is_refused_among_tokens" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = { eu = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { jwt_role = "mesh-dns", audience = "https://vault.example.com", aws_mount = "aws" } } } }
  }

  expect_failures = [var.tokens]
}

run "a_vault_login_by_aws_with_a_mount_of_tokens_is_refused" {
  command = plan

  variables {
    token = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { aws_role = "mesh-dns", jwt_mount = "jwt" } } }
  }

  expect_failures = [var.token]
}

run "a_vault_login_by_aws_with_a_mount_of_tokens_is_refused_among_tokens" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = { eu = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { aws_role = "mesh-dns", jwt_mount = "jwt" } } } }
  }

  expect_failures = [var.tokens]
}

run "a_vault_login_by_aws_with_the_key_of_a_secret_is_refused" {
  command = plan

  variables {
    token = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { aws_role = "mesh-dns", token_kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab" } } }
  }

  expect_failures = [var.token]
}

run "a_vault_login_by_aws_with_the_key_of_a_secret_is_refused_among_tokens" {
  command = plan

  variables {
    zones  = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "eu" } } }
    tokens = { eu = { vault = { address = "https://vault.example.com", mount = "secret", path = "cloudflare", key = "token", auth = { aws_role = "mesh-dns", token_kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab" } } } }
  }

  expect_failures = [var.tokens]
}

run "a_zone_with_an_empty_token_is_refused" {
  command = plan

  variables {
    zones = { "mesh.example.com" = { cloudflare = { zone_id = "023e105f4ecef8ad9ca31a8372d0c353", token = "" } } }
  }

  expect_failures = [var.tokens]
}
