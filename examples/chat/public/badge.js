// @ts-check
/** @typedef {import("@websockets-simple/client").ClientConnectionEvent} ClientConnectionEvent */

const SPOKEN = {
  connecting: "Connecting",
  connected: "Connected",
  reconnecting: "The connection is lost. It is being restored.",
  disconnected: "Disconnected",
};

/**
 * Shows where the connection stands, counting down to the next attempt.
 *
 * @param {() => number | undefined} latencyMs the last measured round trip
 */
export function createBadge(latencyMs) {
  const badge = /** @type {HTMLElement} */ (document.getElementById("badge"));
  const text = /** @type {HTMLElement} */ (document.getElementById("badge-text"));
  const spoken = /** @type {HTMLElement} */ (document.getElementById("badge-spoken"));
  const latency = /** @type {HTMLElement} */ (document.getElementById("latency"));
  /** @type {ClientConnectionEvent["type"]} */
  let state = "connecting";
  let retryAt = 0;
  let wasLost = false;

  function draw() {
    const seconds = Math.ceil((retryAt - performance.now()) / 1000);
    text.textContent = state === "reconnecting" && seconds > 0 ? `reconnecting in ${seconds} s` : STATE_TEXT[state];
    const ms = state === "connected" ? latencyMs() : undefined;
    latency.textContent = ms === undefined ? "" : ms < 1 ? "under 1 ms" : `${Math.round(ms)} ms`;
    latency.title = "The last measured round trip to the server";
  }
  // The client tells neither each second nor a new measurement.
  setInterval(draw, 250);

  return {
    /** @param {ClientConnectionEvent} event */
    show({ type, retryInMs = 0 }) {
      state = type;
      badge.dataset.state = type;
      retryAt = performance.now() + retryInMs;
      draw();
      // A countdown read aloud would drown everything else, and so would each attempt: only what changed is said.
      if (type === "reconnecting") wasLost = true;
      if (type !== "connecting" || !wasLost) spoken.textContent = SPOKEN[type];
      if (type === "connected") wasLost = false;
    },
  };
}

const STATE_TEXT = {
  connecting: "connecting…",
  connected: "connected",
  reconnecting: "reconnecting…",
  disconnected: "disconnected",
};
