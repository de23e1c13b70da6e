# The trail that carries load balancer calls to EventBridge, for accounts that have none.

module "trail" {
  source = "./modules/spoke/trail"
  count  = length(var.trail[*])

  name           = local.kept_name
  bucket         = "${local.kept_name}-trail-${local.account}-${local.region}"
  retention_days = var.trail.retention_days
  force_destroy  = var.trail.force_destroy
  kms_key_arn    = var.kms_key_arn
  tags           = local.tags
}
