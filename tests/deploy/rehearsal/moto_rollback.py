"""How CloudFormation creates the resources of an update, and rolls back a change set that fails; moto (5.2) does neither.

Order: CloudFormation keeps to DependsOn and references, and to nothing else. Here a table is created as early as they allow,
the worst that may happen to what depends on an order.
Roll back, by the documents of DeletionPolicy: what the operation created is deleted in the reverse order, unless its policy is
Retain. RetainExceptOnCreate retains in every operation but the one that created the resource. A resource that cannot be deleted,
such as a protected table, stays behind, and is in no stack.
"""

import json
import re

import moto.cloudformation.models as cloudformation
import moto.cloudformation.parsing as parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.parsing import ResourceMap

failing = set()


def fail(resource):
    """Makes the creation of one resource fail, "<stack> <logical id>"; '' for none."""
    failing.clear()
    failing.add(resource)


def create_or_fail(logical_id, resource_json, resources_map, **given):
    try:
        if f"{resources_map['AWS::StackName']} {logical_id}" in failing:
            raise ValidationError(message="The account refuses it, says the rehearsal")
        return create(logical_id, resource_json, resources_map, **given)
    except Exception as error:
        error.failed_resource = getattr(error, "failed_resource", logical_id)
        raise


create = parsing.parse_and_create_resource
parsing.parse_and_create_resource = create_or_fail


def needed_by(resource, resources):
    """The logical ids in DependsOn, Ref, GetAtt and Sub."""
    depends_on = resource.get("DependsOn", [])
    text = json.dumps({key: value for key, value in resource.items() if key != "DependsOn"})
    referred = [a or b for a, b in re.findall(r'"(?:Ref": |Fn::GetAtt": \[)"(\w+)"|\$\{(\w+)', text)]
    names = ([depends_on] if isinstance(depends_on, str) else depends_on) + referred
    return [name for name in names if name in resources]


def creation_order(resources, added):
    """The added resources in an order that CloudFormation may choose: tables as early as possible."""
    order = {}

    def visit(name):
        if name in order:
            return
        for needed in needed_by(resources[name], resources):
            visit(needed)
        order[name] = True

    for name in sorted(added, key=lambda name: resources[name]["Type"] != "AWS::DynamoDB::Table"):
        visit(name)
    return [name for name in order if name in added]


def diff_in_order(self, template, parameters=None):
    actions = diff(self, template, parameters)
    actions["Add"] = creation_order(template["Resources"], actions["Add"])
    return actions


diff = ResourceMap.build_resource_diff
ResourceMap.build_resource_diff = diff_in_order


def execute_or_roll_back(self, change_set_name, stack_name=None):
    change_set = self.describe_change_set(change_set_name)
    stack = self.stacks[change_set.stack_id]
    resources = stack.resource_map
    before = (dict(resources._parsed_resources), resources._resource_json_map, resources._template)
    changes = diff(resources, change_set.template_dict)
    try:
        execute(self, change_set_name, stack_name)
    except Exception as error:
        if change_set.change_set_type != "UPDATE" or changes["Modify"] or changes["Remove"]:
            raise  # only what a first deploy adds is rolled back here
        add_event(stack, error.failed_resource, change_set.template_dict, "CREATE_FAILED", str(error))
        roll_back(stack, change_set.template_dict, before)
        change_set.execution_status = "EXECUTE_FAILED"


execute = cloudformation.CloudFormationBackend.execute_change_set
cloudformation.CloudFormationBackend.execute_change_set = execute_or_roll_back


def roll_back(stack, template, before):
    resources = stack.resource_map
    parsed, resources._resource_json_map, resources._template = before
    stack._add_stack_event("UPDATE_ROLLBACK_IN_PROGRESS", "a resource could not be created")
    created = [name for name in resources._parsed_resources if name not in parsed and name in template["Resources"]]
    for name in reversed(created):
        declared = template["Resources"][name]
        if declared.get("DeletionPolicy") != "Retain":
            try:
                resources._delete_resource(resources._parsed_resources[name], declared)
            except Exception as error:
                add_event(stack, name, template, "DELETE_FAILED", str(error))
        del resources._parsed_resources[name]
    stack._add_stack_event("UPDATE_ROLLBACK_COMPLETE")
    stack.status = "UPDATE_ROLLBACK_COMPLETE"


def add_event(stack, name, template, status, reason):
    kind = template["Resources"][name]["Type"]
    stack.events.append(cloudformation.Event(stack.stack_id, stack.name, name, name, kind, status, reason, None))


def delete_but_retained(self):
    """Deletes a stack: RetainExceptOnCreate retains."""
    for resource in self._resource_json_map.values():
        if resource.get("DeletionPolicy") == "RetainExceptOnCreate":
            resource["DeletionPolicy"] = "Retain"
    delete(self)


delete = ResourceMap.delete
ResourceMap.delete = delete_but_retained
