// What few pages ask about signing in: second factors, passkeys, open sessions, the audit of accounts.
import { get, send } from "./api";
import type * as s from "./schema";

const ADD = "/second-factor/add";
const SHOW = "/second-factor/show";

/** The browser's own question was left without an answer. */
export class NoPasskey extends Error {}

async function answered(ask: Promise<Credential | null>): Promise<string> {
  try {
    const found = await ask;
    if (found instanceof PublicKeyCredential) return JSON.stringify(found.toJSON());
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
  throw new NoPasskey();
}

type Creation = Parameters<typeof PublicKeyCredential.parseCreationOptionsFromJSON>[0];
type Request = Parameters<typeof PublicKeyCredential.parseRequestOptionsFromJSON>[0];

export const signing = {
  factors: () => get<s.SecondFactorsView>("/second-factor"),
  showCode: (code: string) => send<s.Me>("POST", `${SHOW}/code`, { code }),
  async showPasskey(): Promise<s.Me> {
    const { token, options } = await send<s.PasskeyBegun>("POST", `${SHOW}/passkey/begin`, {});
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(options) as Request);
    return send<s.Me>("POST", `${SHOW}/passkey`, { token, credential: await answered(navigator.credentials.get({ publicKey })) });
  },
  beginCodes: () => send<s.CodesBegun>("POST", `${ADD}/codes/begin`, {}),
  addCodes: (asked: s.CodesAsked) => send<s.FactorAdded>("POST", `${ADD}/codes`, asked),
  async addPasskey(name: string): Promise<s.FactorAdded> {
    const { token, options } = await send<s.PasskeyBegun>("POST", `${ADD}/passkey/begin`, {});
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(options) as Creation);
    return send<s.FactorAdded>("POST", `${ADD}/passkey`, { token, name, credential: await answered(navigator.credentials.create({ publicKey })) });
  },
  removeFactor: (id: string) => send<undefined>("DELETE", `/second-factor/${encodeURIComponent(id)}`, {}),
  renewRecovery: () => send<s.RecoveryCodes>("POST", "/second-factor/recovery", {}),
  resetFactors: (library: string, librarian: string) =>
    send<undefined>("DELETE", `/organisation/${encodeURIComponent(library)}/people/${encodeURIComponent(librarian)}/second-factor`, {}),
  unlink: (library: string, librarian: string) =>
    send<undefined>("DELETE", `/organisation/${encodeURIComponent(library)}/people/${encodeURIComponent(librarian)}/identity`, {}),
  sessions: () => get<s.OpenSessions>("/sessions"),
  endSession: (id: string) => send<undefined>("DELETE", `/sessions/${encodeURIComponent(id)}`, {}),
  endOtherSessions: () => send<undefined>("POST", "/sessions/end-others", {}),
  events: (asked: Record<string, string>) => get<s.AccountEventPage>("/account-events", asked),
  /** The address of the same events as a file. */
  file: (asked: Record<string, string>) => `/api/v1/account-events/file?${new URLSearchParams(asked).toString()}`,
};

export const passkeysWork = () => typeof PublicKeyCredential !== "undefined" && "parseCreationOptionsFromJSON" in PublicKeyCredential;
