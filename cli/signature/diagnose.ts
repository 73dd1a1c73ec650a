import { diagnoseSignature, type Diagnosis, type OtherKey } from '../../local/vod/diagnosis/diagnose';
import { open } from '../../lib/vod/source-context';

export type { Diagnosis } from '../../local/vod/diagnosis/diagnose';

/** The keys that a signature is verified with; absent where they are unknown. */
export interface Keys {
  readonly secretId?: string | undefined;
  readonly secretKey?: string | undefined;
  readonly sealKeys: readonly string[];
  /** Keys for other purposes, to recognize a signature that was made with one of them. */
  readonly otherKeys?: readonly OtherKey[];
}

/**
 * Checks a signature against the vendor's rules (266/9221), and its source context against this deployment's seal; returns
 * each rule that it violates.
 */
export function diagnose(signature: string, keys: Keys, nowSeconds: number): Diagnosis {
  const { secretId, secretKey, sealKeys, otherKeys = [] } = keys;
  const diagnosis = diagnoseSignature(signature, {
    keyPairs: secretKey === undefined ? [] : [{ secretId, secretKey }],
    otherKeys: [...otherKeys, ...sealKeys.map((key) => ({ name: 'the seal key', key }))],
    nowSeconds,
    isLiteral: (sourceContext) => open(sourceContext, sealKeys).seal === 'valid',
  });
  return { ...diagnosis, violations: [...diagnosis.violations, ...sealViolations(diagnosis.parameters, sealKeys)] };
}

function sealViolations({ sourceContext = '', procedure = '' }: Diagnosis['parameters'], sealKeys: readonly string[]) {
  const { seal, signedProcedure } = open(sourceContext, sealKeys);
  if (seal === 'broken' && sealKeys.length > 0) {
    const message =
      'the source context has the marker of a seal, but was not sealed with a seal key of this deployment';
    return [{ rule: 'broken-seal', message }];
  }
  // A seal contains whether a procedure was signed with it: the service waits for that procedure, or does not.
  if (signedProcedure === undefined || signedProcedure === (procedure !== '')) return [];
  const sealed = signedProcedure
    ? 'a procedure is signed, and there is none'
    : 'no procedure is signed, and there is one';
  return [{ rule: 'seal-procedure', message: `the seal states that ${sealed}: seal and sign in one step` }];
}
