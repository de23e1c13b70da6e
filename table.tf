# The function's memory: which scopes joined and when they were last read, and what became of each name. If it is lost, history is lost
# and nothing else: records carry what matters, and no record is deleted while what it knows of scopes is young. Long `accounts` are kept
# here too: without them the function stops (alarm `errors`) until an apply writes them again.

resource "aws_dynamodb_table" "memory" {
  #checkov:skip=CKV_AWS_28:A backup of it would be of no use: the function fills it anew within three sweeps.
  #checkov:skip=CKV_AWS_119:Encrypted by DynamoDB's own key, or by kms_key_arn where one is given.
  name         = local.kept_name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "kind"
  range_key    = "key"
  tags         = local.tags

  attribute {
    name = "kind"
    type = "S"
  }
  attribute {
    name = "key"
    type = "S"
  }

  ttl {
    attribute_name = "expires"
    enabled        = true
  }

  # Written out in any case: without the block, a table whose key was taken away would stay under it, and the function may no longer use it.
  server_side_encryption {
    enabled     = var.kms_key_arn != null # or by a key that DynamoDB owns
    kms_key_arn = var.kms_key_arn
  }
}

# Who may claim which names, for the function to read where its settings have no room; written in any case, because a first plan may not
# know the accounts yet, and whether there is a resource must not depend on them.
resource "aws_dynamodb_table_item" "accounts" {
  table_name = aws_dynamodb_table.memory.name
  hash_key   = aws_dynamodb_table.memory.hash_key
  range_key  = aws_dynamodb_table.memory.range_key

  item = jsonencode({
    kind  = { S = "settings" }
    key   = { S = "accounts" }
    value = { M = { for account, patterns in coalesce(var.accounts, { (local.account) = ["*"] }) : account => { L = [for pattern in patterns : { S = pattern }] } } }
  })
}
