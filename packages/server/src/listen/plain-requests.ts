import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "../clock.ts";
import { answerHeaders, type Refusal } from "../http-answer.ts";

/** Answers plain HTTP requests; what it returns is only looked at where it is a promise that rejects. */
export type RequestListener = (request: IncomingMessage, response: ServerResponse) => unknown;

const FAILED: Refusal = { status: 500, reason: "The request could not be answered." };

/** Plain HTTP requests, which the application answers. */
export class PlainRequests {
  readonly #listener: RequestListener;
  readonly #failed: (thrown: unknown) => void;
  readonly #answering = new Set<ServerResponse>();
  /** How many answers each connection waits for: a client may ask again before it has its answer. */
  readonly #waiting = new Map<Duplex, number>();
  /** Called after each answer, once the server stops. */
  #answered: (() => void) | undefined;

  constructor(listener: RequestListener, failed: (thrown: unknown) => void) {
    this.#listener = listener;
    this.#failed = failed;
  }

  /** Hands a request over. Never throws. */
  take(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    this.#answering.add(response);
    this.#waiting.set(socket, (this.#waiting.get(socket) ?? 0) + 1);
    response.once("close", () => {
      this.#answering.delete(response);
      const left = (this.#waiting.get(socket) ?? 1) - 1;
      if (left > 0) this.#waiting.set(socket, left);
      else this.#waiting.delete(socket);
      this.#answered?.();
    });
    if (this.#answered) response.setHeader("Connection", "close");
    const fail = (thrown: unknown): void => this.#fail(response, thrown);
    try {
      const work = this.#listener(request, response);
      if (work instanceof Promise) work.catch(fail);
    } catch (thrown) {
      fail(thrown);
    }
  }

  /** Whether an answer is under way there. */
  isAnswering(stream: Duplex): boolean {
    return this.#waiting.has(stream);
  }

  /** The server stops: connections close after the answer that is under way. @param closeIdle closes those without one */
  stop(closeIdle: () => void): void {
    this.#answered = closeIdle;
    for (const response of this.#answering) if (!response.headersSent) response.setHeader("Connection", "close");
    closeIdle();
  }

  /** Resolves when no answer is under way any more, or after so long. */
  finished(timeoutMs: number, clock: Clock): Promise<void> {
    const closeIdle = this.#answered;
    return new Promise((resolve) => {
      if (this.#answering.size === 0) return void resolve();
      const cancel = clock.after(timeoutMs, resolve);
      this.#answered = () => {
        closeIdle?.();
        if (this.#answering.size > 0) return;
        cancel();
        resolve();
      };
    });
  }

  #fail(response: ServerResponse, thrown: unknown): void {
    this.#failed(thrown);
    if (response.writableEnded) return;
    if (response.headersSent) return void response.destroy();
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    response.writeHead(FAILED.status, answerHeaders(FAILED)).end(FAILED.reason);
  }
}
