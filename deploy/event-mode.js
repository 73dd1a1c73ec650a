'use strict';

/**
 * Leaves out the functions that deploy/parameters.js calls `notDeployed`, and what belongs to one of them alone: the
 * resources and outputs whose names begin with the function's.
 * A plugin, because serverless.yml knows no condition that drops a member. The functions are read right after the hook
 * `initialize`, by every command.
 */
module.exports = class EventMode {
  constructor(serverless) {
    this.hooks = {
      initialize: () => {
        const { functions, resources, custom } = serverless.service;
        for (const name of custom.parameters.notDeployed) {
          delete functions[name];
          const owner = name.charAt(0).toUpperCase() + name.slice(1);
          for (const section of [resources.Resources, resources.Outputs]) {
            for (const id of Object.keys(section)) if (id.startsWith(owner)) delete section[id];
          }
        }
      },
    };
  }
};
