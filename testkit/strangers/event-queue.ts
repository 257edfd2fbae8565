import { createInterface } from "node:readline";
import type { Child } from "../browsers/child-process.ts";

/** Events that a child process writes to its stdout as JSON lines, taken one by one. */
export interface EventQueue<E extends { readonly event: string }> {
  /**
   * The first event of this name that nobody took yet; others stay for later. Rejects after `timeoutMs`, or at once
   * when the process has ended without it, with what did arrive.
   */
  next<N extends E["event"]>(name: N, timeoutMs?: number): Promise<Extract<E, { event: N }>>;
}

interface Waiting {
  readonly name: string;
  resolve(event: unknown): void;
  reject(error: Error): void;
}

/** Read the child's events from now on. */
export function readEvents<E extends { readonly event: string }>(child: Child): EventQueue<E> {
  const untaken: E[] = [];
  const waiting: Waiting[] = [];
  let end: string | undefined;

  const failure = (name: string, why: string) => new Error(`No "${name}" event: ${why}. Not taken: ${JSON.stringify(untaken)}`);

  createInterface({ input: child.stdout }).on("line", (line) => {
    const event = JSON.parse(line) as E;
    const index = waiting.findIndex(({ name }) => name === event.event);
    if (index < 0) untaken.push(event);
    else waiting.splice(index, 1)[0]?.resolve(event);
  });
  void child.ended.then((how) => {
    end = how;
    for (const { name, reject } of waiting.splice(0)) reject(failure(name, how));
  });

  return {
    next(name, timeoutMs = 10_000) {
      const index = untaken.findIndex(({ event }) => event === name);
      const taken = index < 0 ? undefined : untaken.splice(index, 1)[0];
      if (taken) return Promise.resolve(taken as never);
      if (end !== undefined) return Promise.reject(failure(name, end));
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.splice(waiting.indexOf(entry), 1);
          reject(failure(name, `none within ${timeoutMs} ms`));
        }, timeoutMs);
        const entry: Waiting = {
          name,
          resolve(event) {
            clearTimeout(timer);
            resolve(event as never);
          },
          reject(error) {
            clearTimeout(timer);
            reject(error);
          },
        };
        waiting.push(entry);
      });
    },
  };
}
