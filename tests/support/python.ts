import { spawnSync } from 'node:child_process';

/**
 * Returns a Python 3 that can run this code, the one in the variable PYTHON or one on the PATH; undefined if there is none.
 *
 * @param code such as `import tencentcloud`; by default any Python 3 will do
 */
export function findPython(code = ''): string | undefined {
  const chosen = process.env['PYTHON'];
  const candidates = chosen === undefined || chosen === '' ? ['python3', 'python'] : [chosen];
  const check = `import sys; assert sys.version_info >= (3, 8)\n${code}`;
  return candidates.find((name) => spawnSync(name, ['-c', check], { timeout: 20_000 }).status === 0);
}

/** `test`, or where there is no such Python `test.skip`, with a line that says how to get it. */
export function testWithPython(python: string | undefined, advice: string): jest.It {
  if (python !== undefined) return test;
  process.stderr.write(`\nSKIPPED, no such Python was found: ${advice}\n`);
  return test.skip;
}
