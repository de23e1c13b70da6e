# What an example does with values that its own test does not give it.

mock_provider "aws" {
  source = "./tests/setup"
}

mock_provider "aws" {
  alias  = "blue_frankfurt"
  source = "./tests/setup"
}

mock_provider "aws" {
  alias  = "green_virginia"
  source = "./tests/setup"
}

run "an_account_under_two_names_may_have_the_names_under_both" {
  command = plan

  module {
    source = "./examples/multi-account"
  }

  providers = {
    aws                = aws
    aws.blue_frankfurt = aws.blue_frankfurt
    aws.green_virginia = aws.green_virginia
  }

  override_data {
    target = module.spoke_blue_frankfurt.data.aws_caller_identity.current
    values = { account_id = "444455556666" }
  }
  override_data {
    target = module.spoke_green_virginia.data.aws_caller_identity.current
    values = { account_id = "444455556666" }
  }

  variables {
    zones           = { "mesh.example.com" = "023e105f4ecef8ad9ca31a8372d0c353" }
    organization_id = "o-a1b2c3d4e5"
    accounts        = { blue = "444455556666", green = "444455556666" }
  }

  assert {
    condition = output.settings.accounts["444455556666"] == tolist([
      "*.blue.mesh.example.com", "*.shared.mesh.example.com", "*.green.mesh.example.com",
    ])
    error_message = "The account must have the names under both."
  }
}
