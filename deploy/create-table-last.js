'use strict';

const TABLE = 'UploadsTable';

/**
 * Makes the table depend on every resource that does not need the table.
 *
 * The table has a fixed name and, in prod, a protection against deletion that no rollback lifts. So it is created after
 * everything that an account may refuse: a deploy that fails before it leaves nothing behind, and the name stays free.
 *
 * A plugin, because only the merged template shows what this deploy has.
 */
module.exports = class CreateTableLast {
  constructor(serverless) {
    this.hooks = {
      'after:aws:package:finalize:mergeCustomProviderResources': () => {
        const { Resources: resources } = serverless.service.provider.compiledCloudFormationTemplate;
        resources[TABLE].DependsOn = dependenciesOfLast(resources, TABLE);
      },
    };
  }
};

/**
 * The resources on which one must depend so that it is created after all others, but for those that need it themselves.
 *
 * @param {Record<string, object>} resources of a template @param {string} last a logical id
 * @returns {string[]} logical ids, without those on which another one of them depends
 */
function dependenciesOfLast(resources, last) {
  const needs = new Map(Object.entries(resources).map(([id, resource]) => [id, referencesIn(resource, resources)]));
  const after = new Set([last]);
  for (let size = 0; size < after.size;) {
    size = after.size;
    for (const [id, needed] of needs) if (needed.some((one) => after.has(one))) after.add(id);
  }
  const before = Object.keys(resources).filter((id) => !after.has(id));
  const implied = new Set(before.flatMap((id) => needs.get(id)));
  return before.filter((id) => !implied.has(id));
}

/**
 * The logical ids that a resource mentions, in DependsOn, Ref, GetAtt and Sub.
 *
 * @param {unknown} value @param {Record<string, object>} resources @returns {string[]}
 */
function referencesIn(value, resources) {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => {
    const texts = [member].flat().filter((item) => typeof item === 'string');
    const names = NAMES_IN.get(key)?.(texts) ?? [];
    return [...names.filter((name) => Object.hasOwn(resources, name)), ...referencesIn(member, resources)];
  });
}

/** By the key of a member that refers to other resources: their names in its texts. */
const NAMES_IN = new Map([
  ['DependsOn', (texts) => texts],
  ['Ref', (texts) => texts],
  ['Fn::GetAtt', ([first = '']) => [first.split('.')[0]]],
  ['Fn::Sub', ([template = '']) => [...template.matchAll(/\$\{(\w+)/g)].map(([, name]) => name)],
]);
