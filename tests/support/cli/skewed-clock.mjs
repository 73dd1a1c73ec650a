// For `node --import`: a machine whose clock is SKEW_MS ahead.
const Real = Date;
const skew = Number(process.env.SKEW_MS);
globalThis.Date = class extends Real {
  constructor(...given) {
    super(...(given.length === 0 ? [Real.now() + skew] : given));
  }
  static now() {
    return Real.now() + skew;
  }
};
