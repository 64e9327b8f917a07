// Asks for what the first list needs while the page's own script is still on its way: a script of its own, so small that it's there at once.
// `api.ts` takes the answers. Without a session there is nothing to ask.
const FIRST = ["/me", "/conversations?view=waiting", "/conversations?view=mine", "/conversations?view=open"];

function ask(path: string): [string, Promise<Response>] {
  const address = `/api/v1${path}`;
  const headers = { Accept: "application/json", "X-Deskbridge": "1" };
  const answer = fetch(address, { headers, credentials: "same-origin", cache: "no-store", redirect: "error" });
  answer.catch(() => undefined); // who takes it hears of it
  return [address, answer];
}

if (document.documentElement.dataset["session"] === "yes") Object.assign(globalThis, { deskEarly: new Map(FIRST.map(ask)) });

export {};
