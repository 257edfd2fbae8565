/** uWebSockets.js, when the environment's UWS is the path of its package or of its .node file: it is not on npm. */
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { answerTo, api, compression, listening, tlsFiles } from "./process.mjs";

if (!process.env.UWS) throw new Error("UWS, the path of its .node file, is not given");
const uws = createRequire(import.meta.url)(resolve(process.env.UWS));
const app = tlsFiles ? uws.SSLApp({ key_file_name: tlsFiles.key, cert_file_name: tlsFiles.cert }) : uws.App();
const text = (message) => Buffer.from(message).toString();
const answer = {
  raw: (socket, message, isBinary) => socket.send(isBinary ? message : text(message), isBinary),
  packets: (socket, message) => socket.send(JSON.stringify(answerTo(JSON.parse(text(message)))), false),
  fan: (_socket, message, isBinary) => app.publish("all", message, isBinary, compression),
}[api];
app.ws("/*", {
  compression: compression ? uws.SHARED_COMPRESSOR | uws.SHARED_DECOMPRESSOR : uws.DISABLED,
  maxPayloadLength: 1_048_576,
  maxBackpressure: 268_435_456,
  open: (socket) => socket.subscribe("all"),
  message: answer,
});
app.listen("127.0.0.1", 0, (token) => {
  if (!token) throw new Error("it does not listen");
  listening(uws.us_socket_local_port(token));
});
