import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { isWhole, transfer } from "../../bench/streams.mjs";
import { makeCertificates } from "../../testkit/certificates.ts";

const MIB = 1_048_576;

function tlsFiles(): { key: string; cert: string; ca: string } {
  const folder = mkdtempSync(join(tmpdir(), "streams-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { ca, localhost } = makeCertificates();
  const files = { key: join(folder, "key.pem"), cert: join(folder, "cert.pem"), ca: join(folder, "ca.pem") };
  writeFileSync(files.key, localhost.key);
  writeFileSync(files.cert, localhost.cert);
  writeFileSync(files.ca, ca);
  return files;
}

it.each([
  ["TCP", false],
  ["TLS", true],
])("a message of 256 MiB crosses both ways over %s, and neither process grows by 32 MiB", async (_, isSecure) => {
  const bytes = 256 * MIB;
  const result = await transfer(bytes, isSecure ? tlsFiles() : undefined);
  expect(isWhole(result, bytes)).toBe(true);
  expect([result.server.grownBytes < 32 * MIB, result.client.grownBytes < 32 * MIB]).toEqual([true, true]);
});
