'use strict';

const { existsSync } = require('node:fs');
const { join } = require('node:path');

/**
 * The content of a file in `own/`, where an app has functions and resources of its own: this project never has files there, so
 * an upgrade does not conflict with them (docs/contributing.md).
 *
 * @param {'functions.yml' | 'resources.yml'} name
 * @param {(variable: string) => Promise<unknown>} resolveVariable
 * @returns {Promise<Record<string, unknown>>} empty where the file does not exist
 */
async function ownFile(name, resolveVariable) {
  if (!existsSync(join(__dirname, '../own', name))) return {};
  return /** @type {Record<string, unknown>} */ (await resolveVariable(`file(own/${name})`));
}

module.exports = { ownFile };
