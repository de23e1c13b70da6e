# The hub's account and region: where your credentials lead to.
provider "aws" {
  region = "eu-west-1"
}

provider "aws" {
  alias  = "blue_frankfurt"
  region = "eu-central-1"

  assume_role {
    role_arn = "arn:aws:iam::${var.accounts.blue}:role/OrganizationAccountAccessRole"
  }
}

provider "aws" {
  alias  = "green_virginia"
  region = "us-east-1"

  assume_role {
    role_arn = "arn:aws:iam::${var.accounts.green}:role/OrganizationAccountAccessRole"
  }
}
