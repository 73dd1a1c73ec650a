'use strict';

const { transformSync, version } = require('esbuild');
const { createHash } = require('node:crypto');

// Compiles a file for jest. Types are checked by `npm run types`, so esbuild, which bundles the functions too, is enough.

const OPTIONS = {
  format: 'cjs',
  target: 'node20',
  supported: { 'dynamic-import': false }, // jest cannot load ES modules
  sourcemap: 'inline',
  sourcesContent: false,
};

module.exports = {
  process(source, file) {
    const loader = /\.[cm]?tsx?$/.test(file) ? 'ts' : 'js';
    return { code: transformSync(source, { ...OPTIONS, loader, sourcefile: file }).code };
  },
  getCacheKey(source, file, { instrument }) {
    return createHash('sha256')
      .update(JSON.stringify([version, OPTIONS, instrument, file, source]))
      .digest('hex');
  },
};
