// @ts-check
import { createBadge } from "./badge.js";
import { createConversation } from "./conversation.js";
import { showPeople } from "./people.js";

/** @typedef {import("../packets.d.ts").ChatPacket} ChatPacket */
/** @typedef {import("@websockets-simple/client").WebsocketClient<ChatPacket>} Client */

const { WebsocketClient } = WebsocketsSimple;
const $ = (/** @type {string} */ id) => /** @type {HTMLInputElement & HTMLButtonElement} */ (document.getElementById(id));

const HINTS = {
  connecting: "What you write now waits for the connection.",
  connected: "",
  reconnecting: "What you write now waits, and is sent when the connection is back.",
  disconnected: "Nothing can be sent until you connect again.",
};

/** @type {Client | undefined} */
let client;
let me = "";
const badge = createBadge(() => client?.latencyMs);
const conversation = createConversation(send);

/** @param {string} name the name is the token: whoever says it, is it */
async function join(name) {
  $("join-problem").textContent = "";
  let config;
  try {
    config = await (await fetch("/config.json")).json();
  } catch {
    $("join-problem").textContent = "The server does not answer. Is it running?";
    return;
  }
  me = name;
  remember(name);
  client?.dispose();
  client = new WebsocketClient(
    {
      url: `${location.protocol}//${location.hostname}:${config.wsPort}`,
      // In a browser there is no heartbeat unless asked for; here it is quick, for the latency to be seen.
      heartbeat: { intervalMs: 2_000, timeoutMs: 5_000 },
      // Slower than the defaults, so that the countdown is seen, but not slower still for whoever cuts again and again;
      // and a forgotten tab gives up after some minutes.
      reconnect: { baseDelayMs: 5_000, maxDelayMs: 15_000, settleMs: 1_000, maxAttempts: 30 },
    },
    name,
  );
  client.on("connection", connectionChanged);
  client.on("message", ({ type, packet }) => type === "received" && packet && received(packet));
  // What a listener of `connection` is told is enough here; the promise would tell the same.
  client.connect().catch(() => {});
  showChat(config.elsewhere);
}

/** @param {import("@websockets-simple/client").ClientConnectionEvent} event */
function connectionChanged(event) {
  const { type, reason, error } = event;
  badge.show(event);
  $("chat").dataset.state = type;
  const isConnected = type === "connected";
  // Not `disabled`, which would take the keyboard's focus away.
  $("cut").ariaDisabled = String(!isConnected);
  $("again").hidden = type !== "disconnected";
  $("cut").hidden = type === "disconnected";
  $("hint").textContent = HINTS[type];
  if (type === "reconnecting" || type === "disconnected") {
    for (const entry of conversation.unconfirmed()) conversation.mark(entry, "unsure");
  }
  if (type === "disconnected" && error?.code === "UNAUTHORIZED") {
    leave();
    $("join-problem").textContent = "The server does not take this name. Try another one.";
  } else if (type === "disconnected" && reason) conversation.note(`The server said goodbye: ${reason}`);
}

/** @param {ChatPacket} packet */
function received(packet) {
  switch (packet.type) {
    case "history": {
      me = packet.you;
      conversation.catchUp(() => {
        for (const message of packet.messages) conversation.said(message, message.from === me);
      });
      // The classic wire promises that bytes were handed to the socket, not that they arrived. Those that did are
      // confirmed by now; the others are said again, and the server knows by their ids what it has.
      for (const entry of conversation.unconfirmed()) if (entry.status === "unsure") void send(entry);
      break;
    }
    case "chat":
      conversation.said(packet, packet.from === me);
      break;
    case "people":
      showPeople(packet.people, me);
      break;
    case "joined":
    case "left":
      conversation.note(packet.data);
      break;
  }
}

/** Sends a message, or lets it wait, and says truthfully what became of it. @param {import("./conversation.js").Entry} entry */
async function send(entry) {
  conversation.mark(entry, "waiting");
  try {
    await client?.send({ type: "say", id: entry.id, data: entry.text });
    if (entry.status === "waiting") conversation.mark(entry, "sent");
  } catch (error) {
    const { code, message } = /** @type {import("@websockets-simple/client").WebsocketsSimpleError} */ (error);
    conversation.mark(entry, "failed", code === "NOT_SENT" ? "there was no connection" : message);
  }
}

function leave() {
  client?.disconnect().catch(() => {});
  client?.dispose();
  client = undefined;
  remember("");
  conversation.clear();
  $("chat").hidden = true;
  $("join").hidden = false;
  $("name").focus();
}

/** @param {string | null} elsewhere where other devices find this page */
function showChat(elsewhere) {
  const isHere = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
  $("elsewhere").textContent = isHere && elsewhere ? `, or ${elsewhere} on your phone` : "";
  $("join").hidden = true;
  $("chat").hidden = false;
  $("text").focus();
}

/**
 * Each tab is a person of its own, and stays so when it is reloaded. Where storage is forbidden, it is forgotten.
 *
 * @param {string} name
 */
function remember(name) {
  try {
    sessionStorage.setItem("name", name);
  } catch {}
}
function remembered() {
  try {
    return sessionStorage.getItem("name") ?? "";
  } catch {
    return "";
  }
}

const text = $("text");
const composer = /** @type {HTMLFormElement} */ (document.getElementById("composer"));
function textChanged() {
  $("send").disabled = text.value.trim() === "";
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight + text.offsetHeight - text.clientHeight}px`;
}
text.addEventListener("input", textChanged);
text.addEventListener("keydown", (event) => {
  // While a word is being composed (Japanese, say), Enter ends the word.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  composer.requestSubmit();
});
composer.addEventListener("submit", (event) => {
  event.preventDefault();
  const said = text.value.trim();
  if (!said) return;
  text.value = "";
  textChanged();
  text.focus();
  void send(conversation.write(said, me));
});
$("join-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = $("name").value.trim();
  if (name) void join(name);
  else $("join-problem").textContent = "A name needs at least one letter.";
});
$("cut").addEventListener("click", () => {
  if (client?.state === "connected") client.send({ type: "cut", data: "cut" }).catch(() => {});
});
$("again").addEventListener("click", () => void client?.connect().catch(() => {}));
$("leave").addEventListener("click", leave);

// Whoever was quicker than this script has sent the form in the way of forms: by the address.
const name = new URLSearchParams(location.search).get("name")?.trim() || remembered();
history.replaceState(null, "", location.pathname);
if (name) {
  $("name").value = name;
  void join(name);
} else $("name").focus();
