import { ConditionalCheckFailedException, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { DynamoDBClient, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { describe } from '../platform/log';
import { below, CONTEXT, settle, SHARED, type Change, type Row } from './upload';

/** `repeated`: the row had it all; `contradicted`: part of it stands beside the row as a claim. */
export type Outcome = 'recorded' | 'repeated' | 'contradicted';

export interface TableEdge {
  readonly dynamodb: Pick<DynamoDBClient, 'send'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** 0 to 1, spreads the retries of many instances. */
  readonly random: () => number;
}

/** Longest wait for one answer of the table, and between two tries, in milliseconds. */
const ANSWER_TIMEOUT = 3_000;
const MAX_PAUSE = 1_000;
/** Asking again cannot help: the condition failed, or the request itself is wrong. */
const FINAL = ['ConditionalCheckFailedException', 'ValidationException'];

/**
 * A function that makes a change durable: with one write when it raises the row's status, with at most one more when it
 * does not. It keeps trying while the table does not answer, and throws what the table said last once `deadline`
 * (milliseconds since 1970) has come.
 */
export function recorder({ dynamodb, tableName, now, sleep, random }: TableEdge & { readonly tableName: string }) {
  async function persist(input: UpdateItemCommandInput, deadline: number): Promise<void> {
    for (let pause = 50; ; pause = Math.min(pause * 2, MAX_PAUSE)) {
      try {
        const timeout = Math.max(1, Math.min(ANSWER_TIMEOUT, deadline - now()));
        await dynamodb.send(new UpdateItemCommand(input), { abortSignal: AbortSignal.timeout(timeout) });
        return;
      } catch (error) {
        const wait = pause * (0.5 + random() / 2);
        if (FINAL.includes(describe(error).error) || now() + wait >= deadline) throw error;
        await sleep(wait);
      }
    }
  }

  return async (change: Change, deadline: number): Promise<Outcome> => {
    let made: Change | undefined = change;
    do {
      try {
        await persist(update(tableName, made, new Date(now()).toISOString()), deadline);
        return made.claim === undefined ? 'recorded' : 'contradicted';
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        // The table holds what this file wrote, and nothing else.
        made = error.Item ? settle(unmarshall(error.Item, { wrapNumbers: Number }) as Row, change) : change;
        if (made === undefined) return 'repeated';
      }
    } while (now() < deadline);
    throw new Error('Cannot record event: others changed the row whenever it was written');
  };
}

/**
 * The write that makes a change, on condition that nothing in the row speaks against it; see {@link settle} for what is
 * left of the change when something does.
 */
function update(tableName: string, change: Change, now: string): UpdateItemCommandInput {
  const names: Record<string, string> = {};
  const values: Record<string, unknown> = {};
  const name = (attribute: string, key = `#${attribute}`) => {
    names[key] = attribute;
    return key;
  };
  const value = (of: unknown) => {
    const key = `:${Object.keys(values).length}`;
    values[key] = of;
    return key;
  };
  const [set, add, onlyIf]: [string[], string[], string[]] = [[], [], []];
  const setOnce = (attribute: string, of: unknown) =>
    set.push(`${attribute} = if_not_exists(${attribute}, ${value(of)})`);

  const { status, facts, authority, task, claim, truncated, sortTime, seen } = change;
  const current = name('status');
  const lower = status && below(status).map((of) => ` OR ${current} = ${value(of)}`);
  onlyIf.push(lower ? `attribute_not_exists(${current})${lower.join('')}` : `attribute_exists(${current})`);
  if (status) set.push(`${current} = ${value(status)}`);

  for (const [fact, said] of Object.entries(facts)) {
    const attribute = name(fact);
    const is = said === undefined ? undefined : value(said);
    const witness = CONTEXT.includes(fact) ? name('seal') : attribute;
    const isShared = SHARED.includes(fact);
    const stated = isShared ? `contains(${name('stated')}, ${value(fact)})` : `attribute_exists(${witness})`;
    const unknown = `attribute_not_exists(${attribute})`;
    const same = is === undefined ? unknown : `${attribute} = ${is}`;
    onlyIf.push(authority ? `NOT ${stated} OR ${same}` : `${stated} OR ${unknown} OR ${same}`);
    const free = `NOT ${name('trust')} = ${value('confirmed')}`;
    onlyIf.push(`${free} OR ${authority ? same : `attribute_exists(${attribute})`}`);
    if (is) set.push(`${attribute} = ${authority ? is : `if_not_exists(${attribute}, ${is})`}`);
  }
  const stated = Object.keys(facts).filter((fact) => authority && SHARED.includes(fact));
  if (stated.length > 0) add.push(`${name('stated')} ${value(new Set(stated))}`);

  if (task?.state.status === 'PROCESSING') {
    setOnce(name(`task:${task.id}`, '#task'), task.state);
  } else if (task) {
    set.push(`${name(`task:${task.id}`, '#task')} = ${value(task.state)}`);
    onlyIf.push(`attribute_not_exists(#task) OR #task.${current} = ${value(task.replaces)}`);
  }
  if (claim !== undefined) add.push(`${name('claims')} ${value(new Set([claim]))}`);
  if (seen !== undefined) onlyIf.push(`${name('updatedAt')} = ${value(seen)}`);
  if (truncated) set.push(`${name('truncated')} = ${value(true)}`);
  if (sortTime !== undefined) setOnce(name('sortTime'), sortTime);
  setOnce(name('trust'), 'pushed');
  set.push(`${name('unchecked')} = ${value('yes')}`);
  setOnce(name('firstSeenAt'), now);
  set.push(`${name('updatedAt')} = ${value(now)}`);

  return {
    TableName: tableName,
    Key: marshall({ fileId: change.fileId }),
    UpdateExpression: `SET ${set.join(', ')}${add.length > 0 ? ` ADD ${add.join(', ')}` : ''}`,
    ConditionExpression: onlyIf.map((condition) => `(${condition})`).join(' AND '),
    ExpressionAttributeNames: names,
    // 2^53 is a number that we keep, and one above what the marshaller calls safe.
    ExpressionAttributeValues: marshall(values, { allowImpreciseNumbers: true }),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}
