# Brings ECS's events (task state changes, service actions, deployments, container instances) into a log group that whoran reads
# (source cloudwatch-logs, holds ecs_events). One of these in each account and region that has clusters.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.40, < 7.0"
    }
  }
}

variable "log_group_name" {
  description = "A name below /aws/events/, where EventBridge may write."
  type        = string
  default     = "/aws/events/whoran-ecs"

  validation {
    condition     = startswith(var.log_group_name, "/aws/events/")
    error_message = "The name begins with /aws/events/."
  }
}

variable "retention_days" {
  description = "How long the events are kept here; whoran keeps its own copy."
  type        = number
  default     = 90
}

resource "aws_cloudwatch_log_group" "ecs_events" {
  name              = var.log_group_name
  retention_in_days = var.retention_days
}

# EventBridge writes to log groups by a policy of theirs; it takes no role for this target.
data "aws_iam_policy_document" "eventbridge" {
  statement {
    sid       = "EventBridgeWritesEcsEvents"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.ecs_events.arn}:*"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com", "delivery.logs.amazonaws.com"]
    }
  }
}

resource "aws_cloudwatch_log_resource_policy" "eventbridge" {
  policy_name     = "whoran-ecs-events"
  policy_document = data.aws_iam_policy_document.eventbridge.json
}

resource "aws_cloudwatch_event_rule" "ecs_events" {
  name        = "whoran-ecs-events"
  description = "ECS events for whoran"
  event_pattern = jsonencode({
    source = ["aws.ecs"]
    detail-type = [
      "ECS Task State Change",
      "ECS Service Action",
      "ECS Deployment State Change",
      "ECS Container Instance State Change",
    ]
  })
}

resource "aws_cloudwatch_event_target" "log_group" {
  rule      = aws_cloudwatch_event_rule.ecs_events.name
  target_id = "log-group"
  arn       = aws_cloudwatch_log_group.ecs_events.arn

  depends_on = [aws_cloudwatch_log_resource_policy.eventbridge]
}

output "log_group" {
  description = "The name for `groups` in whoran.yaml."
  value       = aws_cloudwatch_log_group.ecs_events.name
}

output "log_group_arn" {
  description = "What logs:FilterLogEvents has to be granted on."
  value       = "${aws_cloudwatch_log_group.ecs_events.arn}:*"
}
