/**
 * Does something with every item at once; results are in the order of the items. When one fails, the others are
 * aborted, and the first failure is thrown once all have stopped: nothing goes on behind the caller's back.
 */
export async function allOrNone<T, R>(
  items: readonly T[],
  signal: AbortSignal,
  use: (item: T, signal: AbortSignal) => Promise<R>,
): Promise<R[]> {
  const controller = new AbortController();
  const combined = AbortSignal.any([signal, controller.signal]);
  let failure: { readonly error: unknown } | undefined;
  const results = await Promise.all(
    items.map(async (item) => {
      try {
        return await use(item, combined);
      } catch (error) {
        failure ??= { error };
        controller.abort(error);
        return undefined;
      }
    }),
  );
  if (failure !== undefined) throw failure.error;
  return results as R[];
}
