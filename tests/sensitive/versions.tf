terraform {
  required_version = ">= 1.11"

  required_providers {
    # tflint-ignore: terraform_unused_required_providers # the modules that are called here use it, and so it can be mocked
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}
