// @ts-check
import { avatarOf } from "./people.js";

/** What became of a message of one's own: `unsure` is one that was under way when the connection broke. */
/** @typedef {"waiting" | "sent" | "unsure" | "failed"} Status */
/**
 * @typedef {object} Entry
 * @property {string} id
 * @property {string} text
 * @property {HTMLLIElement} item
 * @property {Status} [status] only of one's own
 * @property {boolean} confirmed whether the server has it
 */

const MAX_SHOWN = 500;
const STATUS_TEXT = { waiting: "waiting", sent: "sent", unsure: "checking", failed: "not sent" };
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const calendar = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

/**
 * The list of messages. All text goes in as `textContent`: nobody's message is ever markup.
 *
 * @param {(entry: Entry) => void} resend called when a failed message shall be sent again
 */
export function createConversation(resend) {
  const list = byId("messages");
  const scroller = byId("scroller");
  const newer = byId("newer");
  /** @type {Map<string, Entry>} */
  const entries = new Map();

  const isAtEnd = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 60;
  function scrollToEnd() {
    scroller.scrollTop = scroller.scrollHeight;
    newer.hidden = true;
  }
  newer.addEventListener("click", scrollToEnd);
  let wasAtEnd = true;
  scroller.addEventListener("scroll", () => {
    wasAtEnd = isAtEnd();
    if (wasAtEnd) newer.hidden = true;
  });
  // The keyboard of a phone takes half the room; the last message stays in sight.
  new ResizeObserver(() => wasAtEnd && scrollToEnd()).observe(scroller);

  /** @param {HTMLLIElement} item @param {HTMLLIElement} [before] */
  function insert(item, before, follow = false) {
    const stay = follow || isAtEnd();
    list.insertBefore(item, before ?? null);
    while (list.children.length > MAX_SHOWN) forget(/** @type {HTMLElement} */ (list.firstElementChild));
    group(item);
    if (item.nextElementSibling) group(item.nextElementSibling);
    if (stay) scrollToEnd();
    else if (item.dataset.from) newer.hidden = false;
    wasAtEnd = stay;
  }

  /** What the server has not seen yet comes after what it has: the same order for all. */
  const firstPending = () =>
    [...entries.values()].find(({ status, confirmed }) => status && status !== "failed" && !confirmed)?.item;

  /** @param {HTMLElement} item */
  function forget(item) {
    entries.delete(item.dataset.id ?? "");
    item.remove();
  }

  return {
    /**
     * Shows a message that was said, or confirms one of one's own.
     *
     * @param {{ id: string, from: string, data: string, timestamp: Date | string }} message @param {boolean} isOwn
     */
    said({ id, from, data, timestamp }, isOwn) {
      const known = entries.get(id);
      if (known) {
        if (!known.confirmed) this.mark(known, "sent");
        known.confirmed = true;
        return;
      }
      const item = draw(from, data, new Date(timestamp), isOwn);
      item.dataset.id = id;
      insert(item, firstPending());
      entries.set(id, { id, text: data, item, confirmed: true });
    },

    /** Shows a message of one's own that is on its way. @param {string} text @param {string} me @returns {Entry} */
    write(text, me) {
      const id = randomId();
      const item = draw(me, text, new Date(), true);
      item.dataset.id = id;
      insert(item, undefined, true);
      /** @type {Entry} */
      const entry = { id, text, item, confirmed: false };
      entries.set(id, entry);
      return entry;
    },

    /** Says what became of a message. @param {Entry} entry @param {Status} status @param {string} [why] */
    mark(entry, status, why) {
      entry.status = status;
      entry.item.dataset.status = status;
      const place = /** @type {HTMLElement} */ (entry.item.querySelector(".status"));
      place.textContent = why ? `${STATUS_TEXT[status]}: ${why}` : STATUS_TEXT[status];
      if (status !== "failed") return;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Send again";
      button.addEventListener("click", () => {
        list.append(entry.item);
        group(entry.item);
        resend(entry);
      });
      place.append(" ", button);
      if (wasAtEnd) scrollToEnd();
    },

    /** The messages that were handed to the network and are not known to have arrived. */
    unconfirmed: () =>
      [...entries.values()].filter(({ status, confirmed }) => !confirmed && (status === "sent" || status === "unsure")),

    /** Shows that something happened. @param {string} text */
    note(text) {
      const item = document.createElement("li");
      item.className = "note";
      item.textContent = text;
      insert(item, firstPending());
    },

    /** Shows what was said before, without having all of it read aloud. @param {() => void} show */
    catchUp(show) {
      if (list.children.length > 0) return show();
      scroller.ariaLive = "off";
      show();
      setTimeout(() => {
        scroller.ariaLive = "polite";
      }, 1_000);
    },

    clear() {
      list.replaceChildren();
      entries.clear();
      newer.hidden = true;
    },
  };
}

/** @param {string} from @param {string} text @param {Date} time @param {boolean} isOwn */
function draw(from, text, time, isOwn) {
  const item = document.createElement("li");
  item.className = isOwn ? "message own" : "message";
  item.dataset.from = from;
  item.dataset.time = String(time.getTime());
  const name = make("span", "from", isOwn ? "You" : from);
  const bubble = make("p", "bubble", text);
  // Right-to-left scripts stand on their own side, whatever the page's language is.
  name.dir = bubble.dir = "auto";
  const when = document.createElement("time");
  when.dateTime = time.toISOString();
  when.title = calendar.format(time);
  when.textContent = clock.format(time);
  const foot = make("span", "foot");
  foot.append(when, make("span", "status"));
  item.append(avatarOf(from), name, bubble, foot);
  return item;
}

/** Marks an item that goes on where the one before it left off: it needs no name of its own. @param {Element} item */
function group(item) {
  const { from, time } = /** @type {HTMLElement} */ (item).dataset;
  const before = /** @type {HTMLElement | null} */ (item.previousElementSibling)?.dataset;
  const isSoon = Number(time) - Number(before?.time) < 120_000;
  item.classList.toggle("more", isSoon && from === before?.from);
}

/** `crypto.randomUUID` is missing where the page comes over plain HTTP from another device. */
function randomId() {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((number) => number.toString(36)).join("-");
}

/** @param {string} tag @param {string} className @param {string} [text] */
function make(tag, className, text = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

/** @param {string} id */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}
