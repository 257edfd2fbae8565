import { checkSignal } from "./arguments.ts";
import { WebsocketsSimpleError } from "./errors.ts";

/** Starts telling of messages, and once of the end; the returned function stops it. */
export type Subscribe<Message> = (message: (message: Message) => void, end: () => void) => () => void;

/**
 * Messages for `for await`, from now on. It ends with the connection, and when more than `maxQueued` messages wait unread
 * it fails with OVERFLOW, after those that wait, rather than lose any in silence. No generator: one that was never read would never let go.
 */
export function iterateMessages<Message>(subscribe: Subscribe<Message>, maxQueued: number): AsyncIterableIterator<Message, void> {
  const queue: Promise<IteratorResult<Message, void>>[] = [];
  const readers: ((result: IteratorResult<Message, void>) => void)[] = [];
  let ended = false;
  const done: IteratorResult<Message, void> = { done: true, value: undefined };
  const end = (): void => {
    ended = true;
    unsubscribe();
    for (const read of readers.splice(0)) read(done);
  };
  const unsubscribe = subscribe((value) => {
    if (ended) return;
    const result = { done: false, value } as const;
    const read = readers.shift();
    if (read) read(result);
    else if (queue.push(Promise.resolve(result)) > maxQueued) {
      const why = `more than ${maxQueued} messages wait unread (option maxQueuedMessages)`;
      const failure = Promise.reject(new WebsocketsSimpleError("OVERFLOW", why));
      // Whoever reads on is told; that nobody does is no crime.
      failure.catch(() => {});
      queue.splice(-1, 1, failure);
      end();
    }
  }, end);

  return {
    next() {
      return queue.shift() ?? (ended ? Promise.resolve(done) : new Promise((resolve) => readers.push(resolve)));
    },
    return() {
      queue.length = 0;
      end();
      return Promise.resolve(done);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** The same items until a signal is aborted: then it fails with ABORTED, and what waits is dropped. */
export function abortable<Item>(
  call: string,
  items: AsyncIterableIterator<Item, void>,
  signal: AbortSignal | undefined,
): AsyncIterableIterator<Item, void> {
  checkSignal(call, signal);
  if (!signal) return items;
  let isTold = false;
  const forget = (): void => signal.removeEventListener("abort", abort);
  const abort = (): void => {
    forget();
    void items.return?.();
  };
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort);
  return {
    async next() {
      const step = await items.next();
      if (step.done) forget();
      if (!signal.aborted || isTold) return step;
      isTold = true;
      throw new WebsocketsSimpleError("ABORTED", `${call}: signal is aborted`, { cause: signal.reason });
    },
    async return() {
      isTold = true;
      forget();
      await items.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
