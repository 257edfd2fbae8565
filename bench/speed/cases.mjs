/** What is measured. An id is for `--only` and for docs/performance.json: it stays what it is. */

/**
 * `load`: the load generator's mode, connections, messages in flight (or in a burst), bytes, and kind of message. `target`: how
 * many times less server CPU than ws ours is meant to take. `full`: left out of the short list.
 * @typedef {{
 *   id: string, name: string, group: string, api: "raw" | "packets" | "fan", load: [string, number, number, number, "text" | "binary"],
 *   message?: string, target?: number, tls?: boolean, compression?: boolean, full?: boolean
 * }} Case
 */

/** A packet of 100 bytes. */
const PACKET = JSON.stringify({ data: "x".repeat(46), timestamp: "2026-01-02T03:04:05.678Z" });

/** 1 KiB of the JSON that applications send: it compresses to about a third. */
const RECORDS = records(1_024);

const size = (bytes) => (bytes < 1_024 ? `${bytes} B` : `${bytes / 1_024} KiB`);
const number = (value) => value.toLocaleString("en");

/** @param {Partial<Case> & { kind?: "text" | "binary" }} more @returns {Case} */
function echo(id, bytes, connections, inFlight, { kind = "text", ...more } = {}) {
  const name = `echo ${kind}, ${size(bytes)}, ${number(connections)} connections, ${inFlight} in flight`;
  return { id, name, group: "Echo", api: "raw", load: ["echo", connections, inFlight, bytes, kind], ...more };
}

/** @param {Partial<Case>} more @returns {Case} */
function fan(id, connections, burst, more = {}) {
  const name = `broadcast to ${number(connections)}, ${burst === 1 ? "one by one" : `${burst} at once`}`;
  return { id, name, group: "Broadcast", api: "fan", load: ["fan", connections, burst, 20, "text"], ...more };
}

/** @type {readonly Case[]} */
const SHORT = [
  echo("raw16", 20, 100, 16, { target: 11 }),
  echo("raw64", 20, 100, 64, { target: 22 }),
  echo("raw512", 512, 100, 16, { target: 9 }),
  echo("raw1", 20, 100, 1, { target: 1.15 }),
  echo("binary16k", 16_384, 100, 16, { kind: "binary" }),
  {
    ...echo("packets", 100, 100, 16, { target: 7, message: PACKET }),
    name: "echo packets, 100 B, 100 connections, 16 in flight",
    api: "packets",
  },
  { ...echo("tls16", 20, 100, 16, { tls: true }), name: "echo text over TLS, 20 B, 100 connections, 16 in flight" },
  fan("fan4", 1_000, 4, { target: 3.6 }),
  fan("fan8", 1_000, 8, { target: 11 }),
  {
    ...fan("deflated", 500, 4, { target: 7, compression: true, message: RECORDS }),
    name: "compressed broadcast, 1 KiB to 500, 4 at once",
    load: ["fan", 500, 4, 1_024, "text"],
  },
  {
    id: "handshakes",
    name: "handshakes, 50 at a time",
    group: "Handshakes",
    api: "raw",
    load: ["open", 50, 0, 0, "text"],
    target: 1.2,
  },
];

/** More in flight than this is memory of the kernel, not speed of a server. */
const MAX_BYTES_IN_FLIGHT = 300_000_000;

/** Every size, kind and load of an echo, and the other broadcasts. @returns {Case[]} */
function matrix() {
  const cases = [fan("fan1", 1_000, 1), fan("fan1x5000", 5_000, 1), fan("fan8x5000", 5_000, 8)];
  for (const kind of ["text", "binary"])
    for (const bytes of [20, 512, 16_384])
      for (const connections of [1, 100, 1_000])
        for (const inFlight of [1, 16, 64])
          if (bytes * connections * inFlight <= MAX_BYTES_IN_FLIGHT)
            cases.push(echo(`${kind}${bytes}x${connections}x${inFlight}`, bytes, connections, inFlight, { kind }));
  const known = new Set(SHORT.map(({ name }) => name));
  return cases.filter(({ name }) => !known.has(name)).map((test) => ({ ...test, full: true }));
}

/** @type {readonly Case[]} */
export const CASES = [...SHORT, ...matrix()];

/**
 * What a connection costs in memory: `echoes` messages are answered on each before it is measured, `share` of the connections
 * are opened (TLS handshakes take long). `target`: bytes.
 * @type {readonly (Pick<Case, "id" | "name" | "message" | "target" | "tls" | "compression"> & { echoes: number, share: number })[]}
 */
export const MEMORY_CASES = [
  { id: "idle", name: "idle", echoes: 0, share: 1, target: 4_400 },
  { id: "used", name: "after one message", echoes: 1, share: 1 },
  { id: "idle-tls", name: "idle, over TLS", echoes: 0, share: 0.2, tls: true },
  {
    id: "used-deflated",
    name: "after one compressed message",
    echoes: 1,
    share: 0.2,
    compression: true,
    message: RECORDS,
  },
];

/** @param {number} bytes */
function records(bytes) {
  let text = "[";
  // The digits of a small generator: the same in every run, and no pattern that a compressor would find.
  for (let state = 1; text.length < bytes; ) {
    state = (state * 48_271) % 2_147_483_647;
    text += `{"id":${state},"user":"user-${state % 997}","price":${(state % 100_000) / 100},"open":${state % 2 === 0}},`;
  }
  return `${text.slice(0, bytes - 1)}]`;
}
