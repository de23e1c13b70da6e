# Every input that may be sensitive: one call of the module for each in tests/sensitive. One run for all, because each run validates every
# call: a complaint names the call.

mock_provider "aws" {
  source = "./tests/setup"
}

run "nothing_counts_on_what_is_sensitive" {
  command = plan

  module {
    source = "./tests/sensitive"
  }

  assert {
    condition     = issensitive(module.zone_id.settings) && !issensitive(module.organization.hub)
    error_message = "The values must arrive as sensitive ones, and the object for spokes must not be one."
  }
}
