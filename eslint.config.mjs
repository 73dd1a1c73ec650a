import js from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: [
      'lib/generated/',
      'client/dist/',
      'client/miniprogram_dist/',
      '.serverless/',
      '.esbuild/',
      '.local/',
      '.local-vod/',
      '.cache/',
      'bench/peers/',
      'coverage/',
      'examples/*/dist/',
      'examples/*/miniprogram_npm/',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
    },
  },
  {
    files: ['**/*.{ts,js,mjs,tsx}'],
    ignores: ['tests/**', 'local/page/strings/**'],
    rules: {
      'max-lines': ['error', 300],
      'max-lines-per-function': ['error', 60],
    },
  },
  // Jest's asymmetric matchers are typed any.
  { files: ['tests/**/*.ts'], rules: { '@typescript-eslint/no-unsafe-assignment': 'off' } },
  { files: ['**/*.mjs'], languageOptions: { globals: { fetch: 'readonly', process: 'readonly' } } },
  {
    files: ['**/*.js'],
    ignores: ['local/page/**', 'examples/**'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: Object.fromEntries(
        ['module', 'require', '__dirname', 'console', 'performance', 'process', 'setImmediate'].map((name) => [
          name,
          'writable',
        ]),
      ),
    },
  },
  // The page's modules run in a browser as they are.
  {
    files: ['local/page/**/*.js'],
    languageOptions: {
      sourceType: 'module',
      globals: Object.fromEntries(
        [
          'addEventListener',
          'document',
          'fetch',
          'getSelection',
          'localStorage',
          'location',
          'navigator',
          'clearTimeout',
          'performance',
          'setTimeout',
          'window',
          'Element',
          'Option',
          'URL',
          'XMLHttpRequest',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
  {
    files: ['examples/{express,react,vue}/**/*.{js,jsx}'],
    languageOptions: {
      parserOptions: { ecmaFeatures: { jsx: true } },
      globals: Object.fromEntries(
        ['console', 'document', 'fetch', 'location', 'process', 'URLSearchParams'].map((name) => [name, 'readonly']),
      ),
    },
  },
  {
    files: ['examples/mini-program/**/*.js'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: Object.fromEntries(['App', 'Page', 'wx'].map((name) => [name, 'readonly'])),
    },
  },
);
