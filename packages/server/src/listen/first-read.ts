import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { UpgradeHead } from "../socket.ts";
import { type PlainLimits, readPlainUpgrade } from "./plain-upgrade.ts";

const NOTHING = Buffer.alloc(0);

/** How connections come to a server: for TLS they do when their handshake is done. */
export type Arrival = "connection" | "secureConnection";

/** Puts a decision before what Node does with a new connection. Returns what Node does. */
export function decideBefore(server: Server, event: Arrival, decide: (socket: Socket) => void): (socket: Duplex) => void {
  const listeners = server.listeners(event) as ((socket: Duplex) => void)[];
  server.removeAllListeners(event);
  server.on(event, decide);
  return (socket) => {
    for (const listener of listeners) listener.call(server, socket);
  };
}

/**
 * Reads what a connection says first. A plain upgrade request is told at once; else Node's HTTP server gets the connection,
 * with what was read.
 *
 * Its listeners are shared by all connections: one that waits costs none of its own.
 */
export function firstReads(
  limits: PlainLimits,
  upgrade: (request: UpgradeHead, stream: Duplex, head: Buffer) => void,
  toNode: (stream: Duplex) => void,
): (stream: Duplex) => void {
  function read(this: Duplex, chunk: Buffer): void {
    letGo(this);
    const plain = readPlainUpgrade(chunk, limits);
    if (plain) {
      const { head, length } = plain;
      const behind = length < chunk.length ? chunk.subarray(length) : NOTHING;
      // What comes next is behind that; where there is nothing, whoever takes it over goes on reading at once.
      if (behind.length > 0) this.pause();
      upgrade(head, this, behind);
    } else {
      toNode(this);
      this.unshift(chunk);
    }
  }

  /** It leaves without a word. */
  function end(this: Duplex): void {
    this.destroy();
  }

  function letGo(stream: Duplex): void {
    stream.off("data", read).off("end", end).off("error", ignore);
  }

  return (stream) => void stream.on("data", read).on("end", end).on("error", ignore);
}

/** It is closed, too. */
function ignore(): void {}
