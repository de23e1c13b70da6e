output "bucket" {
  description = "The bucket's name."
  value       = aws_s3_bucket.trail.bucket
}
