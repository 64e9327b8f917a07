// A real OpenID provider for tests: people, their groups, and what goes wrong on purpose, given as JSON in the environment.
//
// People sign in by naming themselves in a form, without a password. The provider is certified software (oidc-provider); only the
// form, the people and the keys are ours. `shift` moves its clock, `keys` names its signing key, `verified: false` is per person.
const asked = JSON.parse(process.env.DESKBRIDGE_PROVIDER);
const now = Date.now.bind(Date);
Date.now = () => now() + (asked.shift ?? 0) * 1000;

const { generateKeyPairSync } = await import("node:crypto");
const { createServer } = await import("node:http");
const { Provider } = await import("oidc-provider");

const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
const key = { ...pair.privateKey.export({ format: "jwk" }), kid: asked.key ?? "first", alg: "ES256", use: "sig" };

const provider = new Provider(asked.issuer, {
  clients: [{
    client_id: "deskbridge",
    client_secret: asked.secret,
    redirect_uris: [`${asked.desk}/sign-on/return`],
    post_logout_redirect_uris: [`${asked.desk}/inbox/`],
    backchannel_logout_uri: `${asked.desk}/sign-on/ended`,
    id_token_signed_response_alg: "ES256",
  }],
  jwks: { keys: [key] },
  cookies: { keys: ["only-for-tests"] },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
  scopes: ["openid", "email", "profile", "groups"],
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true }, backchannelLogout: { enabled: true } },
  fetch: (url, { dispatcher: _, ...options }) => fetch(url, options), // it calls nobody on its own machine unless told
  interactions: { url: (_, interaction) => `/who/${interaction.uid}` },
  findAccount: (_, id) => {
    const person = asked.people[id];
    return person && { accountId: id, claims: () => ({ sub: id, email_verified: true, ...person }) };
  },
  loadExistingGrant: async (ctx) => {
    const grant = new provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope(ctx.oidc.params.scope);
    await grant.save();
    return grant;
  },
});

async function body(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return new URLSearchParams(text);
}

const rest = provider.callback();
createServer(async (request, response) => {
  if (request.url === "/favicon.ico") return response.writeHead(204).end();
  if (!request.url.startsWith("/who/")) return rest(request, response);
  try {
    if (request.method === "POST") {
      const who = (await body(request)).get("who");
      const result = asked.people[who] ? { login: { accountId: who } } : { error: "access_denied", error_description: "no" };
      return await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
    }
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.end(`<!doctype html><html lang="en"><title>Provider</title><main><h1>Who are you?</h1>
      <form method="post"><label>Your name here <input name="who" autofocus></label><button>Continue</button></form></main></html>`);
  } catch (error) {
    response.statusCode = 400;
    response.end(String(error));
  }
}).listen(asked.port, "127.0.0.1", () => console.log("listening"));
