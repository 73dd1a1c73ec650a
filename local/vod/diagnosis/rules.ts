/** A rule that a signature violates, and what its author must do. */
export interface Rule {
  readonly rule: string;
  readonly message: string;
}

/** Reports that a signature violates a rule, and what its author must do. */
export type Report = (rule: string, message: string) => void;

/** Collects the violations of a signature, and notes about what VOD accepts and should be corrected all the same. */
export function collectRules() {
  const violations: Rule[] = [];
  const notes: Rule[] = [];
  const addTo = (rules: Rule[]): Report => {
    return (rule, message) => {
      if (!rules.some((existing) => existing.message === message)) rules.push({ rule, message });
    };
  };
  return { violations, notes, report: addTo(violations), note: addTo(notes) };
}
