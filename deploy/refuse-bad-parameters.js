'use strict';

const { environmentProblem } = require('./environment-size');

/**
 * Stops before packaging when the stage, the region or a deploy parameter is invalid, with the message of
 * deploy/parameters.js.
 *
 * A plugin, because the framework prints an error of `${file(...)}` with its stack, once for each line that uses the file.
 * Commands that only read or remove a deploy (info, logs, remove) run whatever the parameters are.
 */
module.exports = class RefuseBadParameters {
  constructor(serverless) {
    const refuse = (command) => () => {
      const { custom, functions } = serverless.service;
      const { stage, problem: first } = custom.parameters;
      const problem = stageProblem(command, stage) || first || environmentProblem(functions);
      if (problem) throw new serverless.classes.Error(`Cannot ${command}: ${problem}`, 'BAD_PARAMETER');
    };
    this.hooks = {
      'before:print:print': refuse('print'),
      'before:package:cleanup': refuse('package'),
      'before:deploy:function:initialize': refuse('deploy'),
    };
  }
};

/** The local run only prints. @param {string} command @param {string} stage */
function stageProblem(command, stage) {
  if (stage !== 'local' || command === 'print') return '';
  return 'the stage "local" is reserved for npm start, which accepts values that must not be deployed: use another stage, for example --stage dev';
}
