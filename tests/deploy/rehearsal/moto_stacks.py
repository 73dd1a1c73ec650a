"""How CloudFormation handles a stack, where moto (5.2) does not: encryption, recovery, expiry and replacement of a table; policies
of a role and outputs of a stack in an update, without the policies that are resources of their own; termination protection.

ValidateTemplate refuses errors of cfn-lint, not warnings.
"""

import json
import threading

import moto.cloudformation.models as cloudformation
from moto.awslambda.models import EventSourceMapping
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.parsing import ResourceMap
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult
from moto.dynamodb.models import Table, dynamodb_backends
from moto.iam.models import Role, iam_backends
from moto.logs.models import LogGroup
from moto.utilities.utils import get_partition

lint = cloudformation.validate_template_cfn_lint
cloudformation.validate_template_cfn_lint = lambda template: [x for x in lint(template) if x.rule.severity == "error"]


def update_termination_protection(self):
    stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
    stack.enable_termination_protection = self._get_bool_param("EnableTerminationProtection")
    return ActionResult({"StackId": stack.stack_id})


def delete_unprotected_stack(self):
    stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
    if stack.enable_termination_protection:
        raise ValidationError(message=f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
    return delete_stack(self)


delete_stack = CloudFormationResponse.delete_stack
CloudFormationResponse.update_termination_protection = update_termination_protection
CloudFormationResponse.delete_stack = delete_unprotected_stack


def apply_with_outputs(self):
    apply(self)
    self.stack.template_dict = self.template_dict
    self.stack.output_map = self.stack._create_output_map()
    exports = cloudformation.cloudformation_backends[self.stack.account_id][self.stack.region_name].exports
    exports.update({export.name: export for export in self.stack.exports})


apply = cloudformation.ChangeSet.apply
cloudformation.ChangeSet.apply = apply_with_outputs


def get_or_create_once(self, logical_id):
    """moto creates a resource when it is first read: also when a request for the stack's events or resources reads it while
    another thread is creating it, which created a table twice."""
    with creating:
        return get_or_create(self, logical_id)


creating = threading.RLock()
get_or_create = ResourceMap.__getitem__
ResourceMap.__getitem__ = get_or_create_once


def update_and_forget(self, template, parameters=None):
    gone = set(self._resource_json_map) - set(template["Resources"])
    update(self, template, parameters)
    for logical_id in gone:  # otherwise moto does not create it again when a later template has it
        self._parsed_resources.pop(logical_id, None)


update = ResourceMap.update
ResourceMap.update = update_and_forget


def is_replaced_table(old, new):
    return new["Type"] == "AWS::DynamoDB::Table" and old["Properties"]["TableName"] != new["Properties"]["TableName"]


def without_order(resource):
    return {key: value for key, value in resource.items() if key != "DependsOn"}


def diff_with_dependents(self, template, parameters=None):
    """A replaced table comes first, and resources that refer to it are updated even if their text is the same. A resource that
    only depends on others than before is not updated."""
    actions = diff(self, template, parameters)
    old, new = self._resource_json_map, template["Resources"]
    actions["Modify"] = [name for name in actions["Modify"] if without_order(old[name]) != without_order(new[name])]
    replaced = [name for name in actions["Modify"] if is_replaced_table(old[name], new[name])]
    references = [text for table in replaced for text in (f'"{table}"', f"${{{table}.")]
    referring = [name for name in new if name in old and any(text in json.dumps(new[name]) for text in references)]
    actions["Modify"] = list(dict.fromkeys(replaced + actions["Modify"] + referring))
    return actions


diff = ResourceMap.build_resource_diff
ResourceMap.build_resource_diff = diff_with_dependents

# In CloudFormation, the ARN of a log group ends with its streams.
LogGroup.get_cfn_attribute = lambda self, name: f"{self.arn}:*"


def create_whole_table(cls, resource_name, cloudformation_json, account_id, region_name, **given):
    p = cloudformation_json["Properties"]
    if "SSESpecification" in p:  # the API has another name for it
        p["SSESpecification"]["Enabled"] = p["SSESpecification"].get("SSEEnabled")
    table = create_table(resource_name, cloudformation_json, account_id, region_name, **given)
    tables = dynamodb_backends[account_id][region_name]
    if "PointInTimeRecoverySpecification" in p:
        tables.update_continuous_backups(resource_name, p["PointInTimeRecoverySpecification"])
    if "TimeToLiveSpecification" in p:
        tables.update_time_to_live(resource_name, p["TimeToLiveSpecification"])
    return table


def replace_table(cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name):
    if original_resource.name == new_resource_name:
        raise NotImplementedError("no template of this project changes a table in place")
    table = cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)
    if cloudformation_json.get("UpdateReplacePolicy") != "Retain":
        dynamodb_backends[account_id][region_name].delete_table(original_resource.name)
    return table


create_table = Table.create_from_cloudformation_json
Table.create_from_cloudformation_json = classmethod(create_whole_table)
Table.update_from_cloudformation_json = classmethod(replace_table)


def replace_mapping(cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name):
    original_resource.delete(account_id, region_name)  # another source replaces the mapping
    return cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)


EventSourceMapping.update_from_cloudformation_json = classmethod(replace_mapping)


def put_policy_as_text(self, name, document):
    put_policy(self, name, document if isinstance(document, str) else json.dumps(document))


def update_role(cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name):
    policies = iam_backends[account_id][get_partition(region_name)].inline_policies.values()
    shared = {policy.policy_name for policy in policies if original_resource.name in policy.role_names}
    for name in set(original_resource.policies) - shared:
        original_resource.delete_policy(name)
    for policy in cloudformation_json["Properties"].get("Policies", []):
        original_resource.put_policy(policy["PolicyName"], policy["PolicyDocument"])
    return original_resource


put_policy = Role.put_policy
Role.put_policy = put_policy_as_text
Role.update_from_cloudformation_json = classmethod(update_role)
