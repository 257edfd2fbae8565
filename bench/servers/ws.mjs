/** The package ws by its best honest use. */
import { WebSocketServer } from "ws";
import { answerTo, api, compression, createWebServer, listening } from "./process.mjs";

const web = createWebServer();
const server = new WebSocketServer({ server: web, perMessageDeflate: compression });
const answer = {
  raw: (socket, data, isBinary) => socket.send(isBinary ? data : data.toString()),
  packets: (socket, data) => socket.send(JSON.stringify(answerTo(JSON.parse(data.toString())))),
  fan(_socket, data, isBinary) {
    for (const each of server.clients) each.send(data, { binary: isBinary });
  },
}[api];
server.on("connection", (socket) => {
  socket.on("error", () => {});
  socket.on("message", (data, isBinary) => answer(socket, data, isBinary));
});
web.listen(0, "127.0.0.1", () => listening(web.address().port));
