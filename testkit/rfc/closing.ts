import { frame, Opcode } from "../raw-socket.ts";
import { AFTER, close, type RfcCase, refusal, rfcCase, text } from "./case.ts";

const VALID = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3001, 3999, 4000, 4401, 4999];
const INVALID = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 9999, 32_768, 65_535];

function* codes(): Generator<RfcCase> {
  yield rfcCase("5.5.1: a close frame without a code", [text("a"), close()], {
    messages: ["a"],
    code: 1005,
    closing: { code: 1005, reason: "" },
  });
  for (const code of VALID) {
    for (const reason of ["", "enough é"]) {
      yield rfcCase(`7.4: close code ${code}${reason && " with a reason"}`, [close(code, reason)], {
        code,
        closing: { code, reason },
      });
    }
  }
  for (const code of INVALID) {
    yield refusal(`7.4: close code ${code}, which is never sent`, [close(code)], 1002);
    yield refusal(`7.4: close code ${code}, which is never sent, with a reason`, [close(code, "why")], 1002);
  }
}

function* payloads(): Generator<RfcCase> {
  yield refusal("5.5.1: a close frame of one byte", [frame(Opcode.close, Uint8Array.of(3))], 1002);
  for (const reason of ["r".repeat(123), "é".repeat(61), "🐢".repeat(30)]) {
    yield rfcCase(`5.5.1: a reason of ${Buffer.byteLength(reason)} bytes`, [close(4000, reason)], {
      code: 4000,
      closing: { code: 4000, reason },
    });
  }
  for (const bad of [[0xff], [0xc3], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x61, 0x80]]) {
    const shown = Buffer.from(bad).toString("hex");
    yield refusal(`5.5.1: a reason that is no UTF-8: ${shown}`, [close(1000, Uint8Array.from(bad))], 1007);
  }
  yield rfcCase("1.4: what comes after a close frame is dropped", [close(4000), text(AFTER), frame(15, "nonsense")], {
    code: 4000,
    closing: { code: 4000, reason: "" },
  });
  yield rfcCase("1.4: a second close frame is dropped", [close(4000, "first"), close(4001, "second")], {
    code: 4000,
    closing: { code: 4000, reason: "first" },
  });
  yield rfcCase("1.4: a ping after a close frame is not answered", [close(4000), frame(Opcode.ping, "too late")], {
    code: 4000,
    closing: { code: 4000, reason: "" },
  });
}

/** Sections 5.5.1 and 7: the close handshake. */
export const CLOSING: readonly RfcCase[] = [...codes(), ...payloads()];
