/** The opcodes of RFC 6455 section 5.2; all others are reserved. */
export const Opcode = Object.freeze({ continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 });

/** Bits of a frame's first byte, and of its second. */
export const FIN = 0x80;
export const RSV1 = 0x40;
export const RESERVED = 0x70;
export const OPCODE = 0x0f;
export const CONTROL = 0x08;
export const MASKED = 0x80;
export const LENGTH = 0x7f;

/** The largest payload of a control frame in bytes (section 5.5). */
export const MAX_CONTROL_BYTES = 125;

/** What a broken rule costs: the code that the connection is closed with, and which rule it was. */
export interface Fault {
  readonly code: number;
  readonly why: string;
}

/** A rule of the protocol that was broken. */
export function protocolFault(why: string): Fault {
  return Object.freeze({ code: FaultCode.protocol, why });
}

/** Close codes of section 7.4.1 that an engine itself decides on. */
export const FaultCode = Object.freeze({ protocol: 1002, badData: 1007, tooManyFragments: 1008, tooLarge: 1009 });
