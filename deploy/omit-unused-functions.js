'use strict';

/**
 * Removes the functions in `notDeployed` of deploy/parameters.js, and the resources and outputs that begin with their names.
 *
 * A plugin, because serverless.yml has no conditions. Every command reads the functions right after the hook `initialize`.
 */
module.exports = class OmitUnusedFunctions {
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
