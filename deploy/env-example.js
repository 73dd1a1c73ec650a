'use strict';

// Writes .env.example: `node deploy/env-example.js`. A test compares the file with this output.

const { writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { AWS_REGION, PARAMETERS } = require('./parameter-list');

const WIDTH = 125;
/** Defaults that depend on the stage are shown for this one. */
const STAGE = 'dev';

const HEAD = `Deploy parameters. Copy this file to .env and change the values you need to change. Variables of the shell take precedence over .env; for the stage prod, .env.prod is read in place of .env if it exists. With the values below, \`npx serverless package --stage dev\` works without an account and without a network; prod refuses the values that are only examples.
Do not put secrets here: the functions read them from SSM, and this file contains their names.
A commented-out line shows the default; a default that depends on the stage is shown for ${STAGE}.`;

/** @returns {string} the content of .env.example */
function envExample() {
  const lines = comment(HEAD);
  let section = '';
  for (const parameter of [...PARAMETERS, AWS_REGION]) {
    if (parameter.section !== section) {
      section = parameter.section;
      lines.push('', '', `# --- ${section} ---`);
    }
    lines.push('', ...comment(parameter.description), assignment(parameter));
  }
  return `${lines.join('\n')}\n`;
}

/** @param {{name: string, default: string | ((stage: string) => string), placeholder?: string}} parameter */
function assignment({ name, default: value, placeholder }) {
  if (typeof value === 'function') return `# ${name}=${value(STAGE)}`;
  // The region of the shell counts unless this file names one.
  return name === AWS_REGION.name ? `# ${name}=${value}` : `${name}=${placeholder ?? value}`;
}

/** @param {string} text paragraphs @returns {string[]} lines of comments */
function comment(text) {
  return text.split('\n').flatMap((paragraph) => {
    const lines = [];
    let line = '#';
    for (const word of paragraph.split(' ')) {
      if (`${line} ${word}`.length > WIDTH) {
        lines.push(line);
        line = '#';
      }
      line += ` ${word}`;
    }
    return [...lines, line];
  });
}

if (require.main === module) writeFileSync(join(__dirname, '..', '.env.example'), envExample());

module.exports = { envExample };
