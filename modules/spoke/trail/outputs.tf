output "bucket" {
  description = "The bucket's name."
  value       = aws_s3_bucket.trail.bucket
}

output "kms_key_arn" {
  description = "The customer key of the bucket and its log files; null without one."
  value       = aws_cloudtrail.events.kms_key_id
}
