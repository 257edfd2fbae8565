import { WebsocketsSimpleError } from "@websockets-simple/shared";

/** Starts telling of messages, and once of the end; the returned function stops it. */
export type Subscribe<Message> = (message: (message: Message) => void, end: () => void) => () => void;

/**
 * Messages for `for await`, from now on. It ends with the connection, and when more than `maxQueued` messages wait unread
 * it fails with OVERFLOW rather than lose any in silence. No generator: one that was never read would never let go.
 */
export function iterateMessages<Message>(subscribe: Subscribe<Message>, maxQueued: number): AsyncIterableIterator<Message, void> {
  const queue: Message[] = [];
  const readers: ((result: IteratorResult<Message, void> | Promise<never>) => void)[] = [];
  let ended = false;
  let failure: Promise<never> | undefined;
  const done: IteratorResult<Message, void> = { done: true, value: undefined };
  const end = (): void => {
    ended = true;
    unsubscribe();
    for (const read of readers.splice(0)) read(done);
  };
  const unsubscribe = subscribe((value) => {
    if (ended) return;
    const read = readers.shift();
    if (read) read({ done: false, value });
    else if (queue.push(value) > maxQueued) {
      const error = new WebsocketsSimpleError(
        "OVERFLOW",
        `more than ${maxQueued} messages wait unread (option maxQueuedMessages)`,
      );
      queue.length = 0;
      failure = Promise.reject(error);
      // Whoever reads on is told; that nobody does is no crime.
      failure.catch(() => {});
      end();
    }
  }, end);

  return {
    next() {
      const told = failure;
      failure = undefined;
      if (told) return told;
      if (queue.length > 0) return Promise.resolve({ done: false, value: queue.shift() as Message });
      return ended ? Promise.resolve(done) : new Promise((resolve) => readers.push(resolve));
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
