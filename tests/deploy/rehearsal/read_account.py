"""Everything that an account has in one region, of the services that this project uses, as JSON on stdout.

By type and physical id, with the properties spelled as in a template, so that both can be compared.
"""

import json
import os

import boto3

services = ["apigatewayv2", "cloudformation", "cloudwatch", "dynamodb", "events", "iam", "lambda", "logs", "s3", "sns", "sqs", "ssm"]
client = {name: boto3.client(name, endpoint_url=os.environ["AWS_ENDPOINT_URL"]) for name in services}
account = {}


def found(kind, name, **properties):
    account.setdefault(f"AWS::{kind}", {})[name] = properties


def every(service, operation, key, **given):
    """All pages of a listing."""
    if not client[service].can_paginate(operation):
        return getattr(client[service], operation)(**given).get(key, [])
    return [item for page in client[service].get_paginator(operation).paginate(**given) for item in page.get(key, [])]


def pascal(value):
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: pascal(item) for key, item in value.items()}
    return value


physical_ids = []
policy_resources = {}  # by role and name: the physical id of a policy that is a resource of its own
for stack in every("cloudformation", "describe_stacks", "Stacks"):
    name = stack["StackName"]
    resources = client["cloudformation"].describe_stack_resources(StackName=name)["StackResources"]
    ids = {r["LogicalResourceId"]: r.get("PhysicalResourceId") for r in resources}
    physical_ids += [id or "" for id in ids.values()]
    declared = client["cloudformation"].get_template(StackName=name)["TemplateBody"]["Resources"]
    for logical_id, resource in declared.items():
        if resource["Type"] == "AWS::IAM::Policy" and logical_id in ids:
            roles = [ids[role["Ref"]] for role in resource["Properties"]["Roles"]]
            policy_resources.update({(role, resource["Properties"]["PolicyName"]): ids[logical_id] for role in roles})
    found(
        "CloudFormation::Stack",
        name,
        Arn=stack["StackId"],
        Status=stack["StackStatus"],
        Protected=stack.get("EnableTerminationProtection", False),
        Outputs={output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])},
        Resources=ids,
    )

for api in every("apigatewayv2", "get_apis", "Items"):
    given = {"ApiId": api["ApiId"]}
    found("ApiGatewayV2::Api", api["ApiId"], **api)
    for stage in every("apigatewayv2", "get_stages", "Items", **given):
        found("ApiGatewayV2::Stage", f"{api['ApiId']} {stage['StageName']}", **given, **stage)
    routes = every("apigatewayv2", "get_routes", "Items", **given)
    for route in routes:
        found("ApiGatewayV2::Route", route["RouteId"], **given, **route)
    for authorizer in {route["AuthorizerId"] for route in routes if "AuthorizerId" in route}:  # moto lists none
        read = client["apigatewayv2"].get_authorizer(**given, AuthorizerId=authorizer)
        found("ApiGatewayV2::Authorizer", authorizer, **given, **read)
    for integration in every("apigatewayv2", "get_integrations", "Items", **given):
        found("ApiGatewayV2::Integration", integration["IntegrationId"], **given, **integration)

for function in every("lambda", "list_functions", "Functions"):
    name, arn = function["FunctionName"], function["FunctionArn"]
    found("Lambda::Function", name, **{**function, "Arn": arn})
    missing = client["lambda"].exceptions.ResourceNotFoundException
    try:
        for permission in json.loads(client["lambda"].get_policy(FunctionName=name)["Policy"])["Statement"]:
            found(
                "Lambda::Permission",
                permission["Sid"],
                FunctionName=arn,
                Action=permission["Action"],
                Principal=permission["Principal"]["Service"],
                SourceArn=permission.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn"),
            )
    except missing:
        pass
    try:
        config = client["lambda"].get_function_event_invoke_config(FunctionName=name)
        found("Lambda::EventInvokeConfig", f"{name}|$LATEST", **{**config, "FunctionName": name})
    except missing:
        pass

for mapping in every("lambda", "list_event_source_mappings", "EventSourceMappings"):
    enabled = mapping["State"] == "Enabled"
    found("Lambda::EventSourceMapping", mapping["UUID"], **mapping, FunctionName=mapping["FunctionArn"], Enabled=enabled)

for url in every("sqs", "list_queues", "QueueUrls"):
    queue = client["sqs"].get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    numbers = {key: int(queue[key]) for key in ["VisibilityTimeout", "MessageRetentionPeriod"]}
    policy = {"RedrivePolicy": json.loads(queue["RedrivePolicy"])} if "RedrivePolicy" in queue else {}
    encrypted = queue.get("SqsManagedSseEnabled") == "true"
    arn = queue["QueueArn"]
    name = arn.split(":")[-1]
    url = next((id for id in physical_ids if id.endswith(f"/{name}")), url)  # moto has another host there
    found("SQS::Queue", url, Arn=arn, QueueName=name, SqsManagedSseEnabled=encrypted, **numbers, **policy)

roles = {role["RoleName"]: role for role in every("iam", "list_roles", "Roles")}
policies = {
    name: {
        policy: client["iam"].get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        for policy in every("iam", "list_role_policies", "PolicyNames", RoleName=name)
    }
    for name in roles
}
# IAM keeps a policy that is a resource of its own as a copy in each of its roles, under one name.
for id in set(policy_resources.values()):
    copies = [(role, policy) for (role, policy), owner in policy_resources.items() if owner == id and policy in policies[role]]
    documents = [policies[role][policy] for role, policy in copies]
    found(
        "IAM::Policy",
        id,
        PolicyName=copies[0][1] if copies else None,
        PolicyDocument=documents[0] if documents else None,
        Roles=sorted(role for role, policy in copies if policies[role][policy] == documents[0]),
    )
for name, role in roles.items():
    found(
        "IAM::Role",
        name,
        Arn=role["Arn"],
        AssumeRolePolicyDocument=role["AssumeRolePolicyDocument"],
        Policies=[
            {"PolicyName": policy, "PolicyDocument": document}
            for policy, document in policies[name].items()
            if (name, policy) not in policy_resources
        ],
        ManagedPolicyArns=[
            policy["PolicyArn"] for policy in every("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=name)
        ],
    )

for name in every("dynamodb", "list_tables", "TableNames"):
    table = client["dynamodb"].describe_table(TableName=name)["Table"]
    backups = client["dynamodb"].describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    expiry = client["dynamodb"].describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    found(
        "DynamoDB::Table",
        name,
        **{key: table[key] for key in ["TableName", "KeySchema", "AttributeDefinitions", "DeletionProtectionEnabled"]},
        Arn=table["TableArn"],
        StreamArn=table.get("LatestStreamArn"),
        BillingMode=table["BillingModeSummary"]["BillingMode"],
        GlobalSecondaryIndexes=[
            {key: index[key] for key in ["IndexName", "KeySchema", "Projection"]} for index in table["GlobalSecondaryIndexes"]
        ],
        StreamSpecification={"StreamViewType": table.get("StreamSpecification", {}).get("StreamViewType")},
        SSESpecification={"SSEEnabled": table.get("SSEDescription", {}).get("Status") == "ENABLED"},
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": recovery == "ENABLED"},
        TimeToLiveSpecification={
            "AttributeName": expiry.get("AttributeName"),
            "Enabled": expiry["TimeToLiveStatus"] == "ENABLED",
        },
    )

for alarm in every("cloudwatch", "describe_alarms", "MetricAlarms"):
    found("CloudWatch::Alarm", alarm["AlarmName"], **{**alarm, "Arn": alarm["AlarmArn"]})

for log in every("logs", "describe_metric_filters", "metricFilters"):
    for transformation in log["metricTransformations"]:
        if "dimensions" in transformation:
            dimensions = transformation["dimensions"].items()
            transformation["dimensions"] = [{"Key": key, "Value": value} for key, value in dimensions]
    transformations = [pascal(transformation) for transformation in log["metricTransformations"]]
    found("Logs::MetricFilter", log["filterName"], **{**pascal(log), "MetricTransformations": transformations})

for group in every("logs", "describe_log_groups", "logGroups"):
    found("Logs::LogGroup", group["logGroupName"], **pascal(group))

for rule in every("events", "list_rules", "Rules"):
    targets = every("events", "list_targets_by_rule", "Targets", Rule=rule["Name"])
    found("Events::Rule", rule["Name"], **rule, Targets=targets)

for parameter in every("ssm", "describe_parameters", "Parameters"):
    value = client["ssm"].get_parameter(Name=parameter["Name"])["Parameter"]["Value"]
    found("SSM::Parameter", parameter["Name"], Name=parameter["Name"], Type=parameter["Type"], Value=value)

for bucket in every("s3", "list_buckets", "Buckets"):
    found("S3::Bucket", bucket["Name"])

# The project creates none of these.
for kind, service, operation, key, given in [
    ("IAM::ManagedPolicy", "iam", "list_policies", "Policies", {"Scope": "Local"}),
    ("SNS::Topic", "sns", "list_topics", "Topics", {}),
]:
    for thing in every(service, operation, key, **given):
        found(kind, json.dumps(thing, default=str))

print(json.dumps(account, default=str))
