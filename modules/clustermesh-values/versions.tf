terraform {
  # 1.9 is the first version whose validations may look at other variables. No provider is needed.
  required_version = ">= 1.9"
}
