/**
 * A WebSocket class that does only what the test says, for the client's option `webSocket`. Every instance is kept; the
 * test plays the network: `open`, `receive`, `breakOff`.
 */
export class ScriptedWebSocket {
  /** All that were made since `forget`, oldest first. */
  static readonly all: ScriptedWebSocket[] = [];
  /** The newest. */
  static get last(): ScriptedWebSocket {
    const last = ScriptedWebSocket.all.at(-1);
    if (!last) throw new Error("no socket was made yet");
    return last;
  }
  static forget(): void {
    ScriptedWebSocket.all.length = 0;
  }

  binaryType = "blob";
  readyState = 0;
  protocol = "";
  bufferedAmount = 0;
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  /** What was sent, in order. */
  readonly sent: (string | Uint8Array)[] = [];
  /** The close that the client asked for. */
  closed: [code?: number, reason?: string] | undefined;
  readonly url: string;
  readonly protocols: string[];

  constructor(url: string, protocols: string | string[] = []) {
    this.url = url;
    this.protocols = [protocols].flat();
    ScriptedWebSocket.all.push(this);
  }

  send(message: string | Uint8Array): void {
    if (this.readyState !== 1) throw new Error("InvalidStateError");
    this.sent.push(message);
  }

  close(...how: [code?: number, reason?: string]): void {
    this.closed ??= how;
    if (this.readyState < 2) this.readyState = 2;
  }

  /** The server accepts. */
  open(protocol = ""): void {
    this.readyState = 1;
    this.protocol = protocol;
    this.onopen?.({} as never);
  }

  /** A message arrives. */
  receive(data: string | ArrayBuffer): void {
    this.onmessage?.({ data } as never);
  }

  /** The connection ends. */
  breakOff(code = 1006, reason = ""): void {
    this.readyState = 3;
    this.onerror?.({} as never);
    this.onclose?.({ code, reason } as never);
  }
}
