'use strict';

const { ownFile } = require('./own');

/** For `${file(deploy/functions.js)}` in serverless.yml: the functions of this project and those of the app, see deploy/own.js. */
module.exports = async ({ resolveVariable }) => {
  const functions = await resolveVariable('file(deploy/functions.yml)');
  const { trigger } = await resolveVariable('self:custom.parameters.webhook');
  return {
    ...functions,
    vodEvents: { ...functions.vodEvents, ...trigger },
    ...(await ownFile('functions.yml', resolveVariable)),
  };
};
