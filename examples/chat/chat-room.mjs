// @ts-check
import { WebsocketServerAuth } from "@websockets-simple/server";

/** @typedef {import("./packets.d.ts").ChatPacket} ChatPacket */
/** @typedef {import("./packets.d.ts").ChatMessagePacket} ChatMessagePacket */

const KEPT_MESSAGES = 50;
const MAX_NAME_LENGTH = 24;
const MAX_TEXT_LENGTH = 2_000;

/**
 * The WebSocket side of the demo: who is here, and what they say.
 *
 * @param {number} port
 */
export function createChatRoom(port) {
  /** @type {WebsocketServerAuth<string, ChatPacket>} */
  const server = new WebsocketServerAuth(
    {
      port,
      maxPayload: 16_384,
      rateLimit: { messagesPerSecond: 10, burst: 50 },
      // A phone that went out of range leaves the list of people within half a minute.
      pingIntervalMs: 15_000,
      closeTimeoutMs: 2_000,
    },
    // A demo believes whoever says a name; yours would look a session up and answer null for strangers.
    { getId: cleanName },
  );
  /** @type {ChatMessagePacket[]} */
  const history = [];

  server.on("connection", ({ type, connection }) => {
    const name = connection.userId;
    const tabs = server.identities.get(name)?.connections.size ?? 0;
    if (type === "connected") {
      void connection.send({ type: "history", data: `welcome, ${name}`, you: name, messages: history });
      if (tabs === 1) void server.broadcast({ type: "joined", data: `${name} joined`, name }, { except: connection });
      tellPeople();
    } else if (type === "disconnected") {
      if (tabs === 0) void server.broadcast({ type: "left", data: `${name} left`, name });
      tellPeople();
    }
  });

  server.on("message", ({ type, packet, connection }) => {
    if (type !== "received") return;
    if (packet?.type === "cut") connection.terminate();
    else if (packet?.type === "say") say(packet, connection);
  });

  server.on("error", ({ error }) => console.error(error.message));

  function tellPeople() {
    const people = [...server.identities.values()].map(({ userId, connections }) => ({ name: userId, tabs: connections.size }));
    void server.broadcast({ type: "people", data: `${people.length} here`, people });
  }

  /**
   * What comes off the wire has the fields of a packet; of ours it may have anything.
   *
   * @param {import("./packets.d.ts").SayPacket} packet
   * @param {import("@websockets-simple/server").AuthConnection<string, ChatPacket>} connection
   */
  function say({ id, data }, connection) {
    if (typeof id !== "string" || id.length > 40 || data.length > MAX_TEXT_LENGTH) return;
    const from = connection.userId;
    const known = history.find((message) => message.id === id && message.from === from);
    // A page that doubts whether a message arrived says it again: it is told so, the others are not.
    if (known) return void connection.send(known);
    /** @type {ChatMessagePacket} */
    const message = { type: "chat", id, from, data, timestamp: new Date() };
    history.push(message);
    if (history.length > KEPT_MESSAGES) history.shift();
    void server.broadcast(message);
  }

  return server;
}

/**
 * One line without what could disguise it: control characters and marks that turn the direction of writing.
 *
 * @param {string} name
 * @returns {string | null} null when nothing is left
 */
function cleanName(name) {
  const visible = name.normalize("NFC").replace(/[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, " ");
  const text = visible.replace(/\s+/g, " ").trim();
  return [...text].slice(0, MAX_NAME_LENGTH).join("").trim() || null;
}
