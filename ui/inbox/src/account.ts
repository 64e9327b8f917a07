// The patron's account beside a conversation: asked of the desk, held by this page only while it's shown.
import { get, send } from "./api";
import type { AccountDone, AccountLink, AccountSeen, AccountState } from "./schema";

const of = (conversation: string) => `/conversations/${encodeURIComponent(conversation)}/account`;

export const account = {
  state: (conversation: string) => get<AccountState>(of(conversation)),
  offer: (conversation: string) => send<AccountLink>("POST", `${of(conversation)}/offer`, {}),
  items: (conversation: string) => get<AccountSeen>(`${of(conversation)}/items`),
  renew: (conversation: string, id: string) => send<AccountDone>("POST", `${of(conversation)}/renew`, { id }),
  cancelHold: (conversation: string, id: string) => send<AccountDone>("POST", `${of(conversation)}/cancel-hold`, { id }),
  end: (conversation: string) => send<undefined>("POST", `${of(conversation)}/end`, {}),
};
