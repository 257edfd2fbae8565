// A server of its own, to be killed: node server-process.mjs PORT. It echoes and says when it listens.
import { WebsocketServer } from "@websockets-simple/server";

const server = new WebsocketServer({ port: Number(process.argv[2]), host: "127.0.0.1" });
server.on("message", ({ type, packet, connection }) => {
  if (type === "received") connection.send(`echo ${packet.data}`);
});
const { port } = await server.start();
process.stdout.write(`${port}\n`);
