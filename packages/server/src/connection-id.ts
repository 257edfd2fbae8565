const TEXT = Buffer.alloc(36);

/** A random UUID. Node puts its text together from twenty parts, and keeps them all: this one is in one piece. */
export function newConnectionId(): string {
  TEXT.write(crypto.randomUUID(), "latin1");
  return TEXT.toString("latin1");
}
