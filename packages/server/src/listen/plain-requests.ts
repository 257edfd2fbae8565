import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "../clock.ts";
import { answerHeaders, type Refusal } from "../http-answer.ts";

/** Answers plain HTTP requests; what it returns is only looked at where it is a promise that rejects. */
export type RequestListener = (request: IncomingMessage, response: ServerResponse) => unknown;

/** How many answers one connection may wait for. Few clients ask ahead, and those that do for a dozen. */
const MAX_ANSWERS = 128;

const FAILED: Refusal = { status: 500, reason: "The request could not be answered." };

/** Plain HTTP requests, which the application answers. */
export class PlainRequests {
  readonly #listener: RequestListener;
  readonly #failed: (thrown: unknown) => void;
  /** The answers that each connection waits for: a client may ask again before it has its answer. */
  readonly #waiting = new Map<Duplex, Set<ServerResponse>>();
  /** Called after each answer, once the server stops. */
  #answered: (() => void) | undefined;
  /** A connection is closed. Of its answers only the first is told of that by Node: those behind it never end. */
  readonly #gone: (this: Duplex) => void;

  constructor(listener: RequestListener, failed: (thrown: unknown) => void) {
    this.#listener = listener;
    this.#failed = failed;
    const closed = (socket: Duplex): void => {
      this.#waiting.get(socket)?.clear();
      this.#waiting.delete(socket);
      this.#answered?.();
    };
    this.#gone = function () {
      closed(this);
    };
  }

  /** Hands a request over. Never throws. */
  take(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const answers = this.#answersOf(socket);
    answers.add(response);
    response.once("close", () => {
      if (!answers.delete(response)) return;
      if (answers.size === 0) this.#forget(socket);
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

  /** Whether so many answers are under way there that a further request is too much: Node would take any number. */
  isFull(stream: Duplex): boolean {
    return (this.#waiting.get(stream)?.size ?? 0) >= MAX_ANSWERS;
  }

  /** Whether an answer is under way there. */
  isAnswering(stream: Duplex): boolean {
    return this.#waiting.has(stream);
  }

  /** The server stops: connections close after the answer that is under way. @param closeIdle closes those without one */
  stop(closeIdle: () => void): void {
    this.#answered = closeIdle;
    for (const answers of this.#waiting.values()) {
      for (const response of answers) if (!response.headersSent) response.setHeader("Connection", "close");
    }
    closeIdle();
  }

  /** Resolves when no answer is under way any more, or after so long. */
  finished(timeoutMs: number, clock: Clock): Promise<void> {
    const closeIdle = this.#answered;
    return new Promise((resolve) => {
      if (this.#waiting.size === 0) return void resolve();
      const cancel = clock.after(timeoutMs, resolve);
      this.#answered = () => {
        closeIdle?.();
        if (this.#waiting.size > 0) return;
        cancel();
        resolve();
      };
    });
  }

  #answersOf(socket: Duplex): Set<ServerResponse> {
    const known = this.#waiting.get(socket);
    if (known) return known;
    const answers = new Set<ServerResponse>();
    this.#waiting.set(socket, answers);
    socket.once("close", this.#gone);
    return answers;
  }

  #forget(socket: Duplex): void {
    this.#waiting.delete(socket);
    socket.off("close", this.#gone);
  }

  #fail(response: ServerResponse, thrown: unknown): void {
    this.#failed(thrown);
    if (response.writableEnded) return;
    if (response.headersSent) return void response.destroy();
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    response.writeHead(FAILED.status, answerHeaders(FAILED)).end(FAILED.reason);
  }
}
