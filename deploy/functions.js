'use strict';

const { ownFile } = require('./own');

/** For `${file(deploy/functions.js)}` in serverless.yml: the functions of this project and those of the app, see deploy/own.js. */
module.exports = async ({ resolveVariable }) => ({
  ...(await resolveVariable('file(deploy/functions.yml)')),
  ...(await ownFile('functions.yml', resolveVariable)),
});
