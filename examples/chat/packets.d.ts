import type { Packet } from "@websockets-simple/client";

/** From a page: I say `data`. The page chooses the id, so that a message sent twice is known as one. */
export interface SayPacket extends Packet {
  type: "say";
  id: string;
}

/** From a page: sever my connection without a goodbye, as a tunnel or a dead router would. */
export interface CutPacket extends Packet {
  type: "cut";
}

/** To all pages: somebody said `data`; `timestamp` is the server's. */
export interface ChatMessagePacket extends Packet {
  type: "chat";
  id: string;
  from: string;
}

/** To a page that has just connected: who it is, and what was said before. */
export interface HistoryPacket extends Packet {
  type: "history";
  you: string;
  /** Only a packet's own timestamp becomes a Date; these come as JSON left them. */
  messages: (Omit<ChatMessagePacket, "timestamp"> & { timestamp: Date | string })[];
}

/** To all pages: who is here, and in how many tabs. */
export interface PeoplePacket extends Packet {
  type: "people";
  people: { name: string; tabs: number }[];
}

/** To all other pages: somebody came with a first tab, or went with the last one. */
export interface JoinedPacket extends Packet {
  type: "joined";
  name: string;
}
export interface LeftPacket extends Packet {
  type: "left";
  name: string;
}

/** Everything that travels here. */
export type ChatPacket = SayPacket | CutPacket | ChatMessagePacket | HistoryPacket | PeoplePacket | JoinedPacket | LeftPacket;

declare global {
  /** What the `<script>` tag of the UMD build leaves behind. */
  const WebsocketsSimple: typeof import("@websockets-simple/client");
}
