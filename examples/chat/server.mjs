// @ts-check
import { once } from "node:events";
import { networkInterfaces } from "node:os";
import { createChatRoom } from "./chat-room.mjs";
import { createWebServer } from "./web-server.mjs";

const wantedPort = readPort("PORT", 3000);
const room = createChatRoom(readPort("WS_PORT", wantedPort > 0 && wantedPort < 65_535 ? wantedPort + 1 : 0));
const config = { wsPort: 0, elsewhere: /** @type {string | null} */ (null) };
const web = createWebServer(config);

try {
  await once(web.listen(wantedPort), "listening");
} catch (error) {
  fail(error, `PORT ${wantedPort}`, "PORT=8080 npm start");
}
try {
  config.wsPort = (await room.start()).port;
} catch (error) {
  fail(error, "WS_PORT, where the page's WebSockets go (PORT + 1 unless you say otherwise),", "WS_PORT=8081 npm start");
}

const { port } = /** @type {import("node:net").AddressInfo} */ (web.address());
const address = Object.values(networkInterfaces())
  .flat()
  .find((found) => found?.family === "IPv4" && !found.internal)?.address;
if (address) config.elsewhere = `http://${address}:${port}`;
const hint = address ? ` · on other devices ${config.elsewhere}` : "";
console.log(`Chat: http://localhost:${port}${hint} · Ctrl-C stops it`);

// Once: a second Ctrl-C ends the process at once.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, stop);

async function stop() {
  web.close();
  await room.dispose();
  web.closeAllConnections();
}

/** @param {string} name @param {number} usual */
function readPort(name, usual) {
  const text = process.env[name]?.trim();
  if (!text) return usual;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  console.error(`${name} is "${text}"; expected a port from 0 (any free one) to 65535.`);
  process.exit(1);
}

/** @param {unknown} error @param {string} what @param {string} remedy @returns {never} */
function fail(error, what, remedy) {
  const { code, message, cause } = /** @type {Error & { code?: string, cause?: { code?: string } }} */ (error);
  const isTaken = [code, cause?.code].includes("EADDRINUSE");
  console.error(isTaken ? `${what} is in use. Choose another one: ${remedy}` : `Cannot listen on ${what}: ${message}`);
  process.exit(1);
}
