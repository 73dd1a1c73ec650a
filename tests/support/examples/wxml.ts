/** The part of WXML that the example uses: elements, text, `{{expressions}}`, `wx:if` and `wx:for`. */

interface Element {
  readonly tag: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: (Element | string)[];
}

/** An element that a user sees and can tap. */
export interface Rendered {
  readonly tag: string;
  readonly attributes: ReadonlyMap<string, unknown>;
  /** The text inside, without what is inside of buttons. */
  readonly text: string;
  readonly children: readonly Rendered[];
}

type Scope = Readonly<Record<string, unknown>>;

const TOKEN = /<(\/?)([a-z-]+)((?:\s+[\w:-]+(?:="[^"]*")?)*)\s*(\/?)>|([^<]+)/y;

function parse(source: string): Element {
  const root: Element = { tag: 'page', attributes: new Map(), children: [] };
  const open = [root];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const start = TOKEN.lastIndex;
    const match = TOKEN.exec(source);
    if (!match) throw new SyntaxError(`WXML: ${source.slice(start, start + 60)}`);
    const [, isEnd, tag = '', attributes = '', isEmpty, text] = match;
    const parent = open.at(-1) ?? root;
    if (text !== undefined) parent.children.push(text);
    else if (isEnd) {
      if (open.pop()?.tag !== tag) throw new SyntaxError(`WXML: </${tag}> does not match`);
    } else {
      const pairs = [...attributes.matchAll(/([\w:-]+)(?:="([^"]*)")?/g)];
      const element = {
        tag,
        attributes: new Map(pairs.map(([, name = '', value = '']) => [name, value])),
        children: [],
      };
      parent.children.push(element);
      if (!isEmpty) open.push(element);
    }
  }
  if (open.length > 1) throw new SyntaxError(`WXML: <${open.at(-1)?.tag ?? ''}> is not closed`);
  return root;
}

/** @throws Error when an expression is undefined, which WXML shows as nothing */
function evaluate(expression: string, scope: Scope): unknown {
  // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call -- of the example
  const value = new Function(...Object.keys(scope), `return (${expression})`)(...Object.values(scope)) as unknown;
  if (value === undefined) throw new Error(`WXML: {{${expression}}} is undefined`);
  return value;
}

function interpolate(text: string, scope: Scope): unknown {
  const [, whole] = /^\{\{([^{}]+)\}\}$/.exec(text) ?? [];
  if (whole !== undefined) return evaluate(whole, scope);
  return text.replace(/\{\{([^{}]+)\}\}/g, (_, expression: string) => String(evaluate(expression, scope)));
}

function renderElement(element: Element, scope: Scope): Rendered[] {
  const { tag, attributes, children } = element;
  const list = attributes.get('wx:for');
  if (list !== undefined) {
    const single = { ...element, attributes: new Map([...attributes].filter(([name]) => name !== 'wx:for')) };
    const items = interpolate(list, scope) as unknown[];
    return items.flatMap((item, index) => renderElement(single, { ...scope, item, index }));
  }
  const condition = attributes.get('wx:if');
  if (condition !== undefined && !interpolate(condition, scope)) return [];
  const rendered = children.flatMap((child) => (typeof child === 'string' ? [] : renderElement(child, scope)));
  const texts = children.filter((child) => typeof child === 'string').map((text) => interpolate(text.trim(), scope));
  const inner = rendered.filter((child) => child.tag !== 'button').map(({ text }) => text);
  return [
    {
      tag,
      attributes: new Map([...attributes].map(([name, value]) => [name, interpolate(value, scope)])),
      text: [...texts, ...inner].join(''),
      children: rendered,
    },
  ];
}

/** Renders a page's template with its data. @throws Error when either is wrong */
export function renderWxml(source: string, data: Scope): Rendered {
  const [page] = renderElement(parse(source), data);
  if (!page) throw new Error('WXML: empty');
  return page;
}
