'use strict';

/**
 * Stops before packaging when a deploy parameter is invalid, with the sentence of deploy/parameters.js.
 *
 * A plugin, because the framework prints an error of `${file(...)}` with its stack, once for each line that uses the file.
 * Commands that only read or remove a deploy (info, logs, remove) run without parameters.
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
