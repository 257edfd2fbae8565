/** The few web globals that browsers, workers and Node all have; declared here so that neither DOM nor Node types leak in. */
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes: Uint8Array): string;
}
declare class URLSearchParams {
  constructor(parameters: Record<string, string>);
  toString(): string;
}
declare function btoa(binary: string): string;
declare function atob(base64: string): string;
