/**
 * Maps items that come one after the other, several at a time, and gives the results in the order of the items.
 * At most `inFlight` results are being made or wait to be taken, so memory stays bounded when the taker is slow.
 * After a failure no further item is taken; all that was started has ended when the generator ends.
 */
export async function* mapInOrder<In, Out>(
  items: AsyncIterable<In> | Iterable<In>,
  map: (item: In) => Promise<Out>,
  options: { readonly inFlight: number },
): AsyncGenerator<Out, void, undefined> {
  const started: Promise<Out>[] = [];
  try {
    for await (const item of items) {
      const result = map(item);
      // A failure is reported when its turn comes; until then it must not count as unhandled.
      result.catch(() => undefined);
      started.push(result);
      if (started.length >= options.inFlight) yield await (started.shift() as Promise<Out>);
    }
    while (started.length > 0) yield await (started.shift() as Promise<Out>);
  } finally {
    await Promise.allSettled(started);
  }
}
