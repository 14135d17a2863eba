# whoran as a scheduled Fargate task: EventBridge Scheduler starts `whoran run`, its data folder lies on EFS, and an alarm tells when
# no run was done for longer than a day.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.40, < 7.0"
    }
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.name
  metric     = "${var.name}-runs-done"
}

# The data folder.
resource "aws_efs_file_system" "data" {
  encrypted       = true
  throughput_mode = "elastic"
  tags            = { Name = "${var.name}-data" }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_efs_backup_policy" "data" {
  file_system_id = aws_efs_file_system.data.id

  backup_policy {
    status = "ENABLED"
  }
}

resource "aws_efs_access_point" "data" {
  file_system_id = aws_efs_file_system.data.id

  posix_user {
    uid = 1000
    gid = 1000
  }

  root_directory {
    path = "/whoran"

    creation_info {
      owner_uid   = 1000
      owner_gid   = 1000
      permissions = "0700"
    }
  }
}

resource "aws_efs_mount_target" "data" {
  for_each        = toset(var.subnet_ids)
  file_system_id  = aws_efs_file_system.data.id
  subnet_id       = each.value
  security_groups = [aws_security_group.data.id]
}

resource "aws_security_group" "task" {
  name        = "${var.name}-task"
  description = "The task of whoran - nobody calls it, it calls services over https and its data folder"
  vpc_id      = var.vpc_id
}

resource "aws_security_group" "data" {
  name        = "${var.name}-data"
  description = "The data folder of whoran - only from its task"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.task.id
  description       = "AWS and Microsoft over https"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_vpc_security_group_egress_rule" "nfs" {
  security_group_id            = aws_security_group.task.id
  description                  = "NFS to the data folder"
  ip_protocol                  = "tcp"
  from_port                    = 2049
  to_port                      = 2049
  referenced_security_group_id = aws_security_group.data.id
}

resource "aws_vpc_security_group_ingress_rule" "nfs" {
  security_group_id            = aws_security_group.data.id
  description                  = "NFS from the task"
  ip_protocol                  = "tcp"
  from_port                    = 2049
  to_port                      = 2049
  referenced_security_group_id = aws_security_group.task.id
}

resource "aws_cloudwatch_log_group" "runs" {
  name              = "/whoran/${var.name}"
  retention_in_days = 90
}

data "aws_iam_policy_document" "ecs_tasks" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }
}

# What whoran itself may do: deploy/permissions, source by source.
resource "aws_iam_role" "task" {
  name               = "${var.name}-task"
  assume_role_policy = data.aws_iam_policy_document.ecs_tasks.json
}

data "aws_iam_policy_document" "task" {
  statement {
    sid       = "DataFolder"
    actions   = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
    resources = [aws_efs_file_system.data.arn]

    condition {
      test     = "StringEquals"
      variable = "elasticfilesystem:AccessPointArn"
      values   = [aws_efs_access_point.data.arn]
    }
  }

  dynamic "statement" {
    for_each = var.trail_bucket == null ? [] : [var.trail_bucket]

    content {
      sid       = "ListTrailObjects"
      actions   = ["s3:ListBucket"]
      resources = ["arn:${local.partition}:s3:::${statement.value}"]

      condition {
        test     = "StringLike"
        variable = "s3:prefix"
        values   = ["${var.trail_prefix}/*"]
      }
    }
  }

  dynamic "statement" {
    for_each = var.trail_bucket == null ? [] : [var.trail_bucket]

    content {
      sid       = "ReadTrailObjects"
      actions   = ["s3:GetObject"]
      resources = ["arn:${local.partition}:s3:::${statement.value}/${var.trail_prefix}/*"]
    }
  }

  dynamic "statement" {
    for_each = var.trail_key_arn == null ? [] : [var.trail_key_arn]

    content {
      sid       = "DecryptTrailObjects"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = length(var.alert_topic_arns) == 0 ? [] : [var.alert_topic_arns]

    content {
      sid       = "PublishAlerts"
      actions   = ["sns:Publish"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = var.signing_key_arn == null ? [] : [var.signing_key_arn]

    content {
      sid       = "SignBundles"
      actions   = ["kms:GetPublicKey", "kms:Sign"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = length(var.log_group_arns) == 0 ? [] : [var.log_group_arns]

    content {
      sid       = "ReadConfiguredGroups"
      actions   = ["logs:FilterLogEvents"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = length(var.log_group_arns) == 0 ? [] : [local.account_id]

    content {
      sid       = "FindConfiguredGroups"
      actions   = ["logs:DescribeLogGroups"]
      resources = ["arn:${local.partition}:logs:*:${statement.value}:log-group:*"]
    }
  }

  dynamic "statement" {
    for_each = length(var.reader_role_arns) == 0 ? [] : [var.reader_role_arns]

    content {
      sid       = "AssumeReaderRoles"
      actions   = ["sts:AssumeRole"]
      resources = statement.value
    }
  }
}

resource "aws_iam_role_policy" "task" {
  name   = "whoran"
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.task.json
}

# What ECS may do to start it: fetch the image, write the log, read the secret.
resource "aws_iam_role" "execution" {
  name               = "${var.name}-execution"
  assume_role_policy = data.aws_iam_policy_document.ecs_tasks.json
}

resource "aws_iam_role_policy_attachment" "execution" {
  role       = aws_iam_role.execution.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

data "aws_iam_policy_document" "secret" {
  count = var.entra == null ? 0 : 1

  statement {
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.entra.secret_arn]
  }
}

resource "aws_iam_role_policy" "secret" {
  count  = var.entra == null ? 0 : 1
  name   = "entra-secret"
  role   = aws_iam_role.execution.id
  policy = data.aws_iam_policy_document.secret[0].json
}

resource "aws_ecs_cluster" "this" {
  name = var.name
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  task_role_arn            = aws_iam_role.task.arn
  execution_role_arn       = aws_iam_role.execution.arn

  volume {
    name = "data"

    efs_volume_configuration {
      file_system_id     = aws_efs_file_system.data.id
      transit_encryption = "ENABLED"

      authorization_config {
        access_point_id = aws_efs_access_point.data.id
        iam             = "ENABLED"
      }
    }
  }

  volume {
    name = "tmp"
  }

  container_definitions = jsonencode([{
    name                   = "whoran"
    image                  = var.image
    command                = ["run", "--config", var.config_file]
    essential              = true
    user                   = "1000:1000"
    readonlyRootFilesystem = true
    stopTimeout            = 30
    linuxParameters        = { initProcessEnabled = true }
    environment = concat(
      [{ name = "WHORAN_DATA", value = "/data" }],
      var.entra == null ? [] : [
        { name = "AZURE_TENANT_ID", value = var.entra.tenant_id },
        { name = "AZURE_CLIENT_ID", value = var.entra.client_id },
      ],
    )
    secrets = var.entra == null ? [] : [{ name = "AZURE_CLIENT_SECRET", valueFrom = var.entra.secret_arn }]
    mountPoints = [
      { sourceVolume = "data", containerPath = "/data", readOnly = false },
      { sourceVolume = "tmp", containerPath = "/tmp", readOnly = false },
    ]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.runs.name
        awslogs-region        = local.region
        awslogs-stream-prefix = "run"
      }
    }
  }])

  depends_on = [aws_efs_mount_target.data]
}

data "aws_iam_policy_document" "scheduler_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }
}

data "aws_iam_policy_document" "scheduler" {
  statement {
    actions = ["ecs:RunTask"]
    # Whatever revision of this one task definition.
    resources = ["${aws_ecs_task_definition.this.arn_without_revision}:*"]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [aws_ecs_cluster.this.arn]
    }
  }

  statement {
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.task.arn, aws_iam_role.execution.arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "scheduler" {
  name               = "${var.name}-scheduler"
  assume_role_policy = data.aws_iam_policy_document.scheduler_trust.json
}

resource "aws_iam_role_policy" "scheduler" {
  name   = "start-whoran"
  role   = aws_iam_role.scheduler.id
  policy = data.aws_iam_policy_document.scheduler.json
}

resource "aws_scheduler_schedule" "run" {
  name                         = var.name
  description                  = "Starts whoran run"
  schedule_expression          = var.schedule_expression
  schedule_expression_timezone = "UTC"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_ecs_cluster.this.arn
    role_arn = aws_iam_role.scheduler.arn

    retry_policy {
      maximum_retry_attempts       = 5
      maximum_event_age_in_seconds = 3600
    }

    ecs_parameters {
      task_definition_arn = aws_ecs_task_definition.this.arn
      launch_type         = "FARGATE"
      platform_version    = "LATEST"
      task_count          = 1

      network_configuration {
        subnets          = var.subnet_ids
        security_groups  = [aws_security_group.task.id]
        assign_public_ip = var.assign_public_ip
      }
    }
  }
}

# One data point for each run that was done, out of the line with which it ends.
resource "aws_cloudwatch_log_metric_filter" "runs_done" {
  name           = local.metric
  log_group_name = aws_cloudwatch_log_group.runs.name
  pattern        = "{ ($.run_id = \"*\") && ($.outcome = \"done\") }"

  metric_transformation {
    namespace = "whoran"
    name      = local.metric
    value     = "1"
    unit      = "Count"
  }
}

resource "aws_cloudwatch_metric_alarm" "no_run_done" {
  alarm_name          = "${var.name}-no-run-done"
  alarm_description   = "whoran: no run was done in ${var.heartbeat_hours} hours. See ${aws_cloudwatch_log_group.runs.name}, and deploy/README.md."
  namespace           = "whoran"
  metric_name         = local.metric
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = var.heartbeat_hours
  datapoints_to_alarm = var.heartbeat_hours
  threshold           = 1
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  ok_actions          = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
}
