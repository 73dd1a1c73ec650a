import type { Action } from './vod-calls';

/** The load of a simulation. */
export interface Load {
  /** Uploads a second, after a ramp from 0. */
  readonly rate: number;
  /** Signatures that the client requests for one upload: 3 by the Web SDK, 1 by the SDK for mini programs. */
  readonly signatures: number;
  readonly hasProcedure: boolean;
  /** Calls of VOD for one file besides DescribeMediaInfos: when it was uploaded, and when its procedure has ended. */
  readonly callsAtUpload: readonly Action[];
  readonly callsAtEnd: readonly Action[];
  /** Whether all uploads have one uploader or one source context. */
  readonly hasOneIndexKey: boolean;
}

export const USUAL_LOAD: Omit<Load, 'rate'> = {
  signatures: 3,
  hasProcedure: true,
  callsAtUpload: ['DescribeTasks'],
  callsAtEnd: ['DescribeTaskDetail'],
  hasOneIndexKey: false,
};

/** Phases of a simulation, in milliseconds: the rate grows, the first procedures end, and what follows is measured. */
export const RAMP = 60_000;
export const MEASURED_FROM = 130_000;
export const END = 250_000;

/** Uploads a second at this time of a simulation. */
export function rateAt(time: number, rate: number): number {
  return rate * Math.min(1, time / RAMP);
}
