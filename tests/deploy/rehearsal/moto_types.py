"""CloudFormation's types that moto (5.2) lacks, as resources of moto's own services, so that AWS's API returns them: ApiGatewayV2,
CloudWatch::Alarm, Logs::MetricFilter and Lambda::EventInvokeConfig.

Stub: S3::BucketPolicy. moto would enforce it, and the framework's policy refuses plain HTTP, the only protocol of moto.
"""

import re

from moto.apigatewayv2.models import apigatewayv2_backends
from moto.awslambda.models import lambda_backends
from moto.cloudformation.exceptions import ValidationError
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.common_models import CloudFormationModel
from moto.logs.models import logs_backends


def lower(value):
    """CloudFormation's PascalCase properties in the camelCase of the services' own API."""
    if isinstance(value, dict):
        # The names of tags and routes are the user's own.
        own = {"Tags": lambda tags: tags, "RouteSettings": lambda routes: {k: lower(v) for k, v in routes.items()}}
        return {k[:1].lower() + k[1:]: own.get(k, lower)(v) for k, v in value.items()}
    return [lower(item) for item in value] if isinstance(value, list) else value


def model(type_name, create, delete=lambda self, account, region: None, update=None):
    """A CloudFormation type. `create` returns its physical id, and its attributes by name."""

    class Model(CloudFormationModel):  # moto finds the direct subclasses of CloudFormationModel
        __module__ = "moto.rehearsal"  # moto takes a service's name from here

        def __init__(self, properties, account, region, logical_id):
            self.type = type_name
            self.properties = properties
            self.physical_resource_id, self.attributes = create(properties, account, region, logical_id)

        cloudformation_type = staticmethod(lambda: type_name)
        cloudformation_name_type = staticmethod(lambda: "")
        has_cfn_attr = classmethod(lambda cls, name: True)

        def get_cfn_attribute(self, name):
            return self.attributes[name]

        def delete(self, account, region):
            try:
                delete(self, account, region)
            except KeyError:
                pass  # it went with its API

        @classmethod
        def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, LogicalId, **_):
            return cls(cloudformation_json.get("Properties", {}), account_id, region_name, LogicalId)

        @classmethod
        def update_from_cloudformation_json(
            cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name
        ):
            if update:
                update(original_resource, cloudformation_json["Properties"], account_id, region_name)
                return original_resource
            original_resource.delete(account_id, region_name)
            logical_id = original_resource.logical_resource_id
            return cls(cloudformation_json["Properties"], account_id, region_name, logical_id)

        @classmethod
        def delete_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name):
            raise NotImplementedError

    Model.__name__ = re.sub(r"\W", "", type_name)
    return Model


def api(properties, account, region):
    return apigatewayv2_backends[account][region].apis[properties["ApiId"]]


def create_api(p, account, region, _):
    q = lower(p)
    made = apigatewayv2_backends[account][region].create_api(
        api_key_selection_expression="",
        cors_configuration=q.get("corsConfiguration"),
        description=q.get("description", ""),
        disable_schema_validation="",
        disable_execute_api_endpoint=q.get("disableExecuteApiEndpoint", ""),
        name=q["name"],
        protocol_type=q["protocolType"],
        route_selection_expression="",
        tags=q.get("tags") or {},
        version="",
    )
    return made.api_id, {"ApiEndpoint": made.api_endpoint, "ApiId": made.api_id}


def update_api(self, p, account, region):
    q = lower(p)
    made = apigatewayv2_backends[account][region].apis[self.physical_resource_id]
    made.name, made.cors_configuration = q["name"], q.get("corsConfiguration")


def create_stage(p, account, region, _):
    return api(p, account, region).create_stage(lower({k: v for k, v in p.items() if k != "ApiId"})).name, {}


def create_authorizer(p, account, region, _):
    q = lower(p)
    made = api(p, account, region).create_authorizer(
        None, None, None, q["authorizerType"], None, None, q.get("identitySource"), None, q.get("jwtConfiguration"), q["name"]
    )
    return made.id, {"AuthorizerId": made.id}


def create_integration(p, account, region, _):
    q = lower(p)
    made = api(p, account, region).create_integration(
        q.get("connectionType"),
        q.get("description"),
        q.get("integrationMethod"),
        q["integrationType"],
        q.get("integrationUri"),
        payload_format_version=q.get("payloadFormatVersion"),
        timeout_in_millis=q.get("timeoutInMillis"),
    )
    return made.id, {}


def create_route(p, account, region, _):
    if not re.fullmatch(r"\$default|(ANY|GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) /\S*", p["RouteKey"]):
        raise ValidationError(message=f"The provided route key is not formatted properly: {p['RouteKey']}")
    made = api(p, account, region).create_route(
        False,
        p.get("AuthorizationScopes", []),
        p["RouteKey"],
        p.get("Target"),
        p.get("AuthorizationType"),
        p.get("AuthorizerId"),
    )
    return made.route_id, {}


def create_alarm(p, account, region, logical_id):
    made = cloudwatch_backends[account][region].put_metric_alarm(
        p.get("AlarmName") or logical_id,
        p["Namespace"],
        p["MetricName"],
        p["ComparisonOperator"],
        int(p["EvaluationPeriods"]),
        int(p["Period"]),
        float(p["Threshold"]),
        p.get("Statistic"),
        p.get("AlarmDescription", ""),
        p.get("Dimensions", []),
        p.get("AlarmActions", []),
        treat_missing_data=p.get("TreatMissingData"),
    )
    return made.name, {"Arn": made.alarm_arn}


def create_filter(p, account, region, logical_id):
    name = p.get("FilterName") or f"{p['LogGroupName']}-{logical_id}"
    logs = logs_backends[account][region]
    if p["LogGroupName"] not in logs.groups:
        raise ValidationError(message=f"The specified log group does not exist: {p['LogGroupName']}")
    # Of a filter's dimensions a map in the API makes a list of pairs in CloudFormation.
    transformations = [
        {**lower(t), **({"dimensions": {d["Key"]: d["Value"] for d in t["Dimensions"]}} if "Dimensions" in t else {})}
        for t in p["MetricTransformations"]
    ]
    logs.put_metric_filter(name, p["FilterPattern"], p["LogGroupName"], transformations)
    return name, {}


def create_retries(p, account, region, _):
    config = {k: v for k, v in p.items() if k not in ("FunctionName", "Qualifier")}
    lambda_backends[account][region].put_function_event_invoke_config(p["FunctionName"], config)
    return f"{p['FunctionName']}|{p['Qualifier']}", {}


MODELS = [  # kept: moto's own list of them is weak
    model(
        "AWS::ApiGatewayV2::Api",
        create_api,
        lambda self, account, region: apigatewayv2_backends[account][region].delete_api(self.physical_resource_id),
        update_api,
    ),
    *[
        model(
            f"AWS::ApiGatewayV2::{name}",
            create,
            # The default argument holds this turn's collection.
            lambda self, account, region, things=things: getattr(api(self.properties, account, region), things).pop(
                self.physical_resource_id
            ),
        )
        for name, create, things in [
            ("Stage", create_stage, "stages"),
            ("Authorizer", create_authorizer, "authorizers"),
            ("Integration", create_integration, "integrations"),
            ("Route", create_route, "routes"),
        ]
    ],
    model(
        "AWS::CloudWatch::Alarm",
        create_alarm,
        lambda self, account, region: cloudwatch_backends[account][region].delete_alarms([self.physical_resource_id]),
    ),
    model(
        "AWS::Logs::MetricFilter",
        create_filter,
        lambda self, account, region: logs_backends[account][region].delete_metric_filter(
            self.physical_resource_id, self.properties["LogGroupName"]
        ),
    ),
    model("AWS::Lambda::EventInvokeConfig", create_retries),
    model("AWS::S3::BucketPolicy", lambda p, account, region, logical_id: (f"{p['Bucket']}-policy", {})),
]
