/** Figures and names as people read them, on the page and on the console. */

/** Which API our server ran. @param {{ id: string, api: string }} test */
export const apiOf = ({ id, api }) =>
  id === "handshakes" ? "none" : { raw: "raw (`sendRaw`)", packets: "packets (`send`)", fan: "raw (`broadcastRaw`)" }[api];

/** Whole or with as many digits as tell something. @param {number} value */
export const figure = (value) => {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en");
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
};

/** @param {import("./statistics.mjs").Spread} spread */
export const times = ({ median, min, max }) => `${figure(median)} × (${figure(min)}–${figure(max)})`;

/** Below this part of its core a server was not what held the messages up. */
const BUSY = 0.95;

/** Whether the server waited for a load generator that could do no more. @param {Record<string, import("./statistics.mjs").Spread>} figures */
export const isLoadTheLimit = ({ busy, loadBusy }) => busy.median < BUSY && loadBusy.median >= BUSY;

/** What keeps the rate from being the server's own, if something does. @param {Record<string, import("./statistics.mjs").Spread>} figures */
export function idleness({ busy, loadBusy }) {
  if (busy.median >= BUSY) return "";
  const part = `the server had ${Math.round(busy.median * 100)} % of its core to do`;
  return isLoadTheLimit({ busy, loadBusy }) ? `${part}: the load generator was the limit` : part;
}
