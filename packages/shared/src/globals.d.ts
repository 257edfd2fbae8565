/** The few web globals that browsers, workers and Node all have; declared here so that neither DOM nor Node types leak in. */
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes?: Uint8Array, options?: { stream?: boolean }): string;
}
declare class URLSearchParams {
  constructor(parameters: Record<string, string>);
  toString(): string;
}
declare class AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}
declare class ReadableStream<T> {
  constructor(
    source: {
      pull(controller: { enqueue(piece: T): void; close(): void }): Promise<void>;
      cancel(): unknown;
    },
    strategy: { highWaterMark: number },
  );
}
declare class WritableStream<T> {
  constructor(sink: {
    start(controller: { error(reason: unknown): void }): void;
    write(piece: T): Promise<void>;
    close(): Promise<void>;
    abort(reason: unknown): Promise<void>;
  });
}
declare function btoa(binary: string): string;
declare function atob(base64: string): string;
declare function queueMicrotask(run: () => void): void;
