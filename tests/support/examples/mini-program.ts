import { cpSync, existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { renderWxml, type Rendered } from './wxml';

interface PackageJson {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly miniprogram?: string;
}

const readJson = (...path: string[]): unknown => JSON.parse(readFileSync(join(...path), 'utf8'));

/**
 * "构建 npm" of the developer tools: copies the folder that each dependency's package.json names as `miniprogram`. The real one
 * also bundles packages that have no such folder; the example has none.
 */
function buildNpm(app: string): void {
  const { dependencies } = readJson(app, 'package.json') as PackageJson;
  for (const name of Object.keys(dependencies)) {
    const installed = join(app, 'node_modules', name);
    const { miniprogram } = readJson(installed, 'package.json') as PackageJson;
    if (miniprogram === undefined) throw new Error(`${name} is not a package for mini programs`);
    cpSync(join(installed, miniprogram), join(app, 'miniprogram_npm', name), { recursive: true });
  }
}

/** `require` of a mini program, which knows neither `main` nor `exports` of a package.json. */
function createRequireOf(app: string): (file: string) => unknown {
  const modules = new Map<string, { exports: unknown }>();
  const load = (path: string): unknown => {
    const file = [`${path}.js`, join(path, 'index.js'), path].find((name) => name.endsWith('.js') && existsSync(name));
    if (file === undefined) throw new Error(`module '${path}.js' is not defined`);
    const known = modules.get(file);
    if (known) return known.exports;
    const module = { exports: {} };
    modules.set(file, module);
    const requireFrom = (name: string) =>
      load(name.startsWith('.') ? join(dirname(file), name) : join(app, 'miniprogram_npm', name));
    // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call -- of the example
    new Function('module', 'exports', 'require', readFileSync(file, 'utf8'))(module, module.exports, requireFrom);
    return module.exports;
  };
  return load;
}

type Handler = (event: { readonly currentTarget: { readonly dataset: Readonly<Record<string, unknown>> } }) => unknown;

export interface OpenedPage {
  /** The text that the page shows, a line for each element of the first level. */
  readonly texts: () => string[];
  /** Taps the button with this label, in the line that begins with `line` if it is given. */
  readonly tap: (label: string, line?: string) => void;
  readonly scrollToEnd: () => void;
  readonly close: () => void;
}

interface PageInstance {
  data: Record<string, unknown>;
  readonly onLoad: () => void;
  readonly onUnload: () => void;
  readonly onReachBottom: () => void;
  readonly [handler: string]: unknown;
}

/** Opens a page of the mini program in `app`, where npm has installed its dependencies. `wx` is defined already. */
export function openPage(app: string, name: string): OpenedPage {
  buildNpm(app);
  const { pages } = readJson(app, 'app.json') as { pages: readonly string[] };
  if (!pages.includes(name)) throw new Error(`app.json does not list ${name}`);
  readJson(app, `${name}.json`);
  let registered: object = {};
  Object.assign(globalThis, {
    App: () => undefined,
    Page: (options: object) => {
      registered = options;
    },
  });
  const load = createRequireOf(app);
  load(join(app, 'app'));
  load(join(app, name));
  const page = {
    ...registered,
    setData(patch: object) {
      page.data = { ...page.data, ...(copyData(patch) as object) };
    },
  } as PageInstance & { setData: (patch: object) => void };
  page.data = copyData(page.data) as Record<string, unknown>;
  page.onLoad();

  const template = readFileSync(join(app, `${name}.wxml`), 'utf8');
  const render = () => renderWxml(template, page.data).children;
  const handlerOf = (element: Rendered): Handler => {
    const handler = page[String(element.attributes.get('bindtap'))];
    if (typeof handler !== 'function') throw new Error(`The page has no handler for ${element.text}`);
    return handler.bind(page) as Handler;
  };
  // Every handler of the template exists, also of what is not shown now.
  for (const [, handler = ''] of template.matchAll(/bind\w+="(\w+)"/g)) {
    if (typeof page[handler] !== 'function') throw new Error(`The page has no handler ${handler}`);
  }
  return {
    texts: () => render().map(({ text }) => text),
    tap(label, line) {
      const within = line === undefined ? render() : render().filter(({ text }) => text.startsWith(line));
      const button = within
        .flatMap((each) => [each, ...each.children])
        .find(({ tag, text }) => tag === 'button' && text === label);
      if (!button)
        throw new Error(`No button ${label} in ${line ?? 'the page'}: ${within.map(({ text }) => text).join(' | ')}`);
      handlerOf(button)({ currentTarget: { dataset: datasetOf(button) } });
    },
    scrollToEnd: () => {
      page.onReachBottom();
    },
    close: () => {
      page.onUnload();
    },
  };
}

/** `data-index="{{0}}"` is `{ index: 0 }` in the event. */
function datasetOf({ attributes }: Rendered): Record<string, unknown> {
  const data = [...attributes].filter(([name]) => name.startsWith('data-'));
  return Object.fromEntries(data.map(([name, value]) => [name.slice('data-'.length), value]));
}

/** setData passes data to another thread. @throws Error for a function or undefined, which it does not take */
function copyData(value: unknown): unknown {
  if (value === undefined || typeof value === 'function') throw new Error('setData takes only data');
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyData);
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, copyData(part)]));
}
