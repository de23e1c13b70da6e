# Every input whose value a first plan does not know: one call of the module for each group in tests/unknown.

run "nothing_counts_on_what_a_first_plan_does_not_know" {
  command = plan

  module {
    source = "./tests/unknown"
  }

  assert {
    condition     = terraform_data.unknown.input == "known after apply"
    error_message = "The value must be that of a resource."
  }
}
