type WithoutUndefined<T> = { readonly [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  readonly [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** The properties whose value is not `undefined`, as a new object. */
export function omitUndefined<const T extends object>(value: T): WithoutUndefined<T> {
  // The mapped type describes exactly what the filter does, which the compiler cannot infer.
  return Object.fromEntries(
    Object.entries(value).filter(([, content]) => content !== undefined),
  ) as WithoutUndefined<T>;
}
