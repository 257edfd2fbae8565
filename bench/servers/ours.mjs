/** Our server as users write it, on either engine. */
import { WebsocketServer } from "@websockets-simple/server";
import { api, compression, engine, listening, tls } from "./process.mjs";

const server = new WebsocketServer({
  host: "127.0.0.1",
  engine,
  tls,
  sendQueue: { maxBytes: 268_435_456 },
  ...(compression && { compression: true }),
});
server.on("error", ({ error }) => console.error(error));
const answer = {
  raw: (message, connection) => connection.sendRaw(message),
  packets: (message, connection) => connection.send(message),
  fan: (message) => server.broadcastRaw(message),
}[api];
server.on("message", ({ type, message, connection }) => {
  if (type === "received") answer(message, connection);
});
const { port } = await server.start();
listening(port);
