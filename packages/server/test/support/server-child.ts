import { WebsocketServer } from "../../src/index.ts";

// An echo server in a process of its own: prints its port, stops when its input ends.
const server = new WebsocketServer({ host: "127.0.0.1" });
server.on("message", ({ type, message, connection }) => void (type === "received" && connection.send(message as string)));
const { port } = await server.start();
process.stdout.write(`${port}\n`);
process.stdin.resume().once("end", () => void server.stop());
