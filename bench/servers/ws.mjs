/** The package ws by its best honest use. node ws.mjs raw|packets|fan */
import { WebSocketServer } from "ws";

const [api] = process.argv.slice(2);
const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
const answer = {
  raw: (socket, data, isBinary) => socket.send(isBinary ? data : data.toString()),
  packets(socket, data) {
    const packet = JSON.parse(data.toString());
    packet.timestamp = new Date(packet.timestamp);
    socket.send(JSON.stringify({ data: packet.data, timestamp: new Date() }));
  },
  fan(_socket, data, isBinary) {
    for (const socket of server.clients) socket.send(data, { binary: isBinary });
  },
}[api];
server.on("connection", (socket) => {
  socket.on("error", () => {});
  socket.on("message", (data, isBinary) => answer(socket, data, isBinary));
});
server.on("listening", () => console.log(server.address().port));
