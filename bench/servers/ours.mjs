/** Our server as users write it. node ours.mjs own|ws raw|packets|fan */
import { WebsocketServer } from "@websockets-simple/server";

const [engine, api] = process.argv.slice(2);
const server = new WebsocketServer({ host: "127.0.0.1", engine, sendQueue: { maxBytes: 268_435_456 } });
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
console.log(port);
