import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import ts from 'typescript';

const FOLDER = resolve(__dirname, '../../../local/vod');

/** Which argument of a constructor or function is the reason of a refusal. */
const REASONS: Readonly<Record<string, number>> = {
  StorageError: 2,
  ApiError: 1,
  UploadError: 1,
  PlayError: 1,
  MediaError: 1,
  LocalError: 1,
  invalidRequest: 0,
  invalidValue: 1,
  invalidParameter: 1,
  signatureFailure: 0,
  signatureDoesNotMatch: 0,
  invalid: 0,
};
/** A reason that `diagnose` replaces with a longer one; its own tests are about all of those. */
const REPLACED = 'upload-signature.ts';
const MIN_LENGTH = 8;

/** A place in the local VOD that refuses a request. */
export interface RefusalSite {
  readonly file: string;
  /** The longest constant text of its reason. */
  readonly text: string;
}

/** Every place of the local VOD that refuses a request with a reason that is written there. */
export function refusalSites(): RefusalSite[] {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return files.flatMap((name) => sitesOf(join(FOLDER, name)));
}

function sitesOf(path: string): RefusalSite[] {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const file = relative(FOLDER, path);
  const sites: RefusalSite[] = [];
  const visit = (node: ts.Node): void => {
    const isThrown = ts.isNewExpression(node) || ts.isCallExpression(node);
    const index = isThrown && ts.isIdentifier(node.expression) ? REASONS[node.expression.text] : undefined;
    const reason = isThrown && index !== undefined ? node.arguments?.[index] : undefined;
    const text = reason && longestText(reason);
    if (text !== undefined && text.length >= MIN_LENGTH && file !== REPLACED) sites.push({ file, text });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return sites;
}

function longestText(reason: ts.Expression): string | undefined {
  if (ts.isStringLiteralLike(reason)) return reason.text;
  if (ts.isIdentifier(reason)) {
    const value = valueOf(reason);
    return value && longestText(value);
  }
  if (!ts.isTemplateExpression(reason)) return undefined;
  const texts = [reason.head.text, ...reason.templateSpans.map(({ literal }) => literal.text)];
  return texts.sort((a, b) => b.length - a.length)[0];
}

/** The initializer of a constant of the same function. */
function valueOf({ text, parent }: ts.Identifier): ts.Expression | undefined {
  for (let scope: ts.Node = parent; !ts.isSourceFile(scope); scope = scope.parent) {
    if (!ts.isBlock(scope)) continue;
    for (const statement of scope.statements) {
      if (!ts.isVariableStatement(statement)) continue;
      const declaration = statement.declarationList.declarations.find(({ name }) => name.getText() === text);
      if (declaration?.initializer) return declaration.initializer;
    }
  }
  return undefined;
}
