import { type Decoded, type Packet, WebsocketsSimpleError } from "@websockets-simple/shared";
import type { Connection } from "./connection.ts";

/**
 * Turns received texts into packets, and with option `codec` bytes as well. Subclass it and override `messageReceived` to take decoding over; give one
 * instance to one server.
 */
export class WebsocketHandler<P extends Packet = Packet, D = undefined> {
  #decode: ((message: string | Uint8Array) => Decoded<P>) | undefined;

  /**
   * Reads one message that is no heartbeat: a text, or with option `codec` bytes. What it returns is the `packet` of the `message` event; undefined:
   * no event. What it throws is reported as `error`, and the message is not delivered.
   *
   * @throws WebsocketsSimpleError `INVALID_PACKET` when the `packet` schema refuses it
   */
  protected messageReceived(message: string | Uint8Array, _connection: Connection<P, D>): P | undefined {
    const { packet, error } = this.#decoded(message);
    if (error) throw error;
    return packet;
  }

  /** For the server: how messages are read. */
  bind(decode: (message: string | Uint8Array) => Decoded<P>): void {
    this.#decode = decode;
  }

  /** For the server: whether texts are read as without a handler. */
  get isUsual(): boolean {
    return this.messageReceived === WebsocketHandler.prototype.messageReceived;
  }

  /** For the server: what to tell listeners; undefined: nothing. Without a packet, the message fits no schema and is told raw. */
  receive(message: string | Uint8Array, connection: Connection<P, D>): { packet?: P } | undefined {
    if (this.isUsual) {
      const { packet, error } = this.#decoded(message);
      if (error) throw error;
      return packet === undefined ? {} : { packet };
    }
    const packet = this.messageReceived(message, connection);
    return packet === undefined ? undefined : { packet };
  }

  #decoded(message: string | Uint8Array): Decoded<P> {
    if (!this.#decode)
      throw new WebsocketsSimpleError("INVALID_STATE", "handler: give it to a server by the option `handler` first");
    return this.#decode(message);
  }
}
