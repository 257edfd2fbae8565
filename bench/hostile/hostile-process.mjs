// Hostile sockets, in a process of its own: as many as asked for, of all kinds in turn; each that is thrown out comes again.
import { KINDS } from "./kinds.mjs";
import { dial } from "./wire.mjs";

const [port, sockets] = process.argv.slice(2).map(Number);
const kinds = Object.entries(KINDS);
/** How often each kind has connected. */
const attempts = Object.fromEntries(kinds.map(([name]) => [name, 0]));
/** How long one waits before it comes again, in milliseconds. */
const PAUSE_MS = 20;

function attack(index) {
  const [name, act] = kinds[index % kinds.length];
  attempts[name]++;
  const socket = dial(port);
  const timers = [];
  socket.once("connect", () => act(socket, (ms, again) => timers.push(setInterval(again, ms))));
  socket.once("close", () => {
    for (const timer of timers) clearInterval(timer);
    setTimeout(attack, PAUSE_MS, index);
  });
}

for (let index = 0; index < sockets; index++) attack(index);
process.on("message", () => process.send({ attempts }));
