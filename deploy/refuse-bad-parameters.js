'use strict';

/**
 * Stops before anything is packaged when a parameter cannot work, with the one sentence of deploy/parameters.js.
 * A plugin, because what a `${file(...)}` throws comes out with its stack, once for each line that uses it.
 * Commands that only look at or remove what is there (info, logs, remove) run without parameters.
 */
module.exports = class RefuseBadParameters {
  constructor(serverless) {
    const refuse = (command) => () => {
      const { problem } = serverless.service.custom.parameters;
      if (problem) throw new serverless.classes.Error(`Cannot ${command}: ${problem}`, 'BAD_PARAMETER');
    };
    this.hooks = {
      'before:print:print': refuse('print'),
      'before:package:cleanup': refuse('package'),
      'before:deploy:function:initialize': refuse('deploy'),
    };
  }
};
