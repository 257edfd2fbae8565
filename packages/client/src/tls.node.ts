import { CERTIFICATE_RULES, type Certificate, faultOf } from "@websockets-simple/engine/certificate";
import { checkOptions, describeThrown, type Rule, tableOf, unmet, WebsocketsSimpleError } from "@websockets-simple/shared";
import type { ClientTlsOptions, ServerCertificate } from "./platform.ts";

/** The code of the error that `checkServerIdentity` refused a certificate with. */
export const REFUSED_IDENTITY = "ERR_REFUSED_IDENTITY";

const RULES: Readonly<Record<string, Rule>> = {
  servername: "string",
  rejectUnauthorized: "boolean",
  checkServerIdentity: "function",
  ...CERTIFICATE_RULES,
};

/**
 * The rule of option `tls`, or of a proxy's: what Node would find wrong only when it connects is told by the constructor.
 *
 * @param option its name, for messages
 */
export function tlsRule(option: string): Rule {
  const invalid = (name: string, what: string, cause?: Error): WebsocketsSimpleError =>
    new WebsocketsSimpleError("INVALID_OPTION", `option ${option}${name && `.${name}`}: ${what}`, cause && { cause });
  return (value) => {
    if (typeof value !== "object" || !value) return "an object";
    for (const [name, rule] of Object.entries(CERTIFICATE_RULES)) {
      const part = (value as Record<string, unknown>)[name];
      // These may be secrets, which an error must not quote.
      const expected = part === undefined ? undefined : unmet(rule as Rule, part);
      if (expected) throw invalid(name, `expected ${expected}`);
    }
    const fault = faultOf(checkOptions<Certificate>(value, tableOf(RULES), `${option}.`));
    if (fault) throw invalid(fault.option, fault.why, fault.cause);
    return undefined;
  };
}

/** As Node takes them. */
export function tlsSettings({ checkServerIdentity: check, ...tls }: ClientTlsOptions = {}): object {
  return check ? { ...tls, checkServerIdentity: (host: string, shown: ServerCertificate) => judge(check, host, shown) } : tls;
}

/** Whatever is no plain yes is a no; and what is thrown here would end the process. */
function judge(
  check: (host: string, certificate: ServerCertificate) => unknown,
  host: string,
  certificate: ServerCertificate,
): Error | undefined {
  let why: unknown;
  try {
    why = check(host, certificate);
    if (why === undefined) return undefined;
    if (!(why instanceof Error)) why = "it must return undefined, or an Error, and at once";
  } catch (thrown) {
    why = thrown;
  }
  return Object.assign(new Error(describeThrown(why), { cause: why }), { code: REFUSED_IDENTITY });
}
