/** Notes that a signature violates a rule, and what its author must do. */
export type Report = (rule: string, message: string) => void;
