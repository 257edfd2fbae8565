/** crossws by its adapter for Node. */
import crossws from "crossws/adapters/node";
import { answerTo, api, compression, createWebServer, listening } from "./process.mjs";

const own = (message) => (typeof message.rawData === "string" ? message.text() : message.uint8Array());
const answer = {
  raw: (peer, message) => peer.send(own(message)),
  packets: (peer, message) => peer.send(JSON.stringify(answerTo(message.json()))),
  fan(peer, message) {
    const data = own(message);
    // A topic leaves out who publishes.
    peer.publish("all", data);
    peer.send(data);
  },
}[api];
const { handleUpgrade } = crossws({
  serverOptions: { perMessageDeflate: compression },
  hooks: {
    open: (peer) => peer.subscribe("all"),
    message: (peer, message) => answer(peer, message),
  },
});
const web = createWebServer();
web.on("upgrade", (request, socket, head) => void handleUpgrade(request, socket, head));
web.listen(0, "127.0.0.1", () => listening(web.address().port));
