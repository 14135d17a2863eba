variable "name" {
  description = "Names everything here."
  type        = string
  default     = "whoran"
}

variable "vpc_id" {
  description = "The network."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets, one in each zone, with a way to AWS's and Microsoft's endpoints (a NAT gateway, or endpoints and a proxy)."
  type        = list(string)
}

variable "assign_public_ip" {
  description = "Whether the task gets a public address."
  type        = bool
  default     = false
}

variable "image" {
  description = "The image with your whoran.yaml in it (deploy/README.md), best by digest."
  type        = string
}

variable "config_file" {
  description = "The configuration in the image."
  type        = string
  default     = "/config/whoran.yaml"
}

variable "cpu" {
  description = "Fargate CPU units."
  type        = number
  default     = 1024
}

variable "memory" {
  description = "MiB."
  type        = number
  default     = 4096
}

variable "schedule_expression" {
  description = "In UTC."
  type        = string
  default     = "cron(30 2 * * ? *)"
}

variable "heartbeat_hours" {
  description = "The alarm goes off when no run was done for so many hours; longer than the schedule's interval and a run together."
  type        = number
  default     = 26

  validation {
    condition     = var.heartbeat_hours >= 2 && var.heartbeat_hours <= 167
    error_message = "2 to 167 hours: CloudWatch looks back a week at most."
  }
}

variable "alarm_topic_arn" {
  description = "An SNS topic to tell. Without one the alarm only shows."
  type        = string
  default     = null
}

variable "trail_bucket" {
  description = "The trail's bucket (source cloudtrail-s3)."
  type        = string
  default     = null
}

variable "trail_prefix" {
  description = "What the keys begin with, up to and with AWSLogs."
  type        = string
  default     = "AWSLogs"
}

variable "trail_key_arn" {
  description = "The KMS key that encrypts the trail, where one does."
  type        = string
  default     = null
}

variable "log_group_arns" {
  description = "Log groups of this account (source cloudwatch-logs), each as arn:aws:logs:…:log-group:NAME:*"
  type        = list(string)
  default     = []
}

variable "reader_role_arns" {
  description = "Roles in other accounts to assume (deploy/permissions/reader-role-trust.json)."
  type        = list(string)
  default     = []
}

variable "alert_topic_arns" {
  description = "SNS topics that alerts go to (channels of type sns)."
  type        = list(string)
  default     = []
}

variable "signing_key_arn" {
  description = "The KMS key that signs evidence bundles (evidence.kms_key_id), where one does."
  type        = string
  default     = null
}

variable "entra" {
  description = "The app that reads Entra, and a Secrets Manager secret with its client secret. Null where Entra is read elsewhere."
  type = object({
    tenant_id  = string
    client_id  = string
    secret_arn = string
  })
  default = null
}
