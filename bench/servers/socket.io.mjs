/** Socket.IO: its own protocol over WebSocket, one event for each message. */
import { Server } from "socket.io";
import { answerTo, api, compression, createWebServer, listening } from "./process.mjs";

const web = createWebServer();
const server = new Server(web, {
  transports: ["websocket"],
  serveClient: false,
  perMessageDeflate: compression,
  // Its first ping would come after the run has ended; here none comes into the counts of a longer one either.
  pingInterval: 600_000,
});
const answer = {
  raw: (socket, data) => socket.emit("m", data),
  packets: (socket, packet) => socket.emit("m", answerTo(packet)),
  fan: (_socket, data) => server.emit("m", data),
}[api];
server.on("connection", (socket) => {
  socket.on("m", (data) => answer(socket, data));
});
web.listen(0, "127.0.0.1", () => listening(web.address().port));
