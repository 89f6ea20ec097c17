const e = {
    Core: `urn:ietf:params:jmap:core`,
    Mailbox: `urn:ietf:params:jmap:mail`,
    Thread: `urn:ietf:params:jmap:mail`,
    Email: `urn:ietf:params:jmap:mail`,
    SearchSnippet: `urn:ietf:params:jmap:mail`,
    Identity: `urn:ietf:params:jmap:submission`,
    EmailSubmission: `urn:ietf:params:jmap:submission`,
    VacationResponse: `urn:ietf:params:jmap:vacationresponse`,
  },
  t = /^(\w+)\//;
function n({ methodNames: n, availableCapabilities: r }) {
  let i = new Set([e.Core]);
  for (let e of n) {
    let n = t.exec(e)?.[1];
    if (n) {
      let e = r.get(n);
      e && i.add(e);
    }
  }
  return i;
}
function r(e, t) {
  let n = e;
  for (let [r, i] of Object.entries(t)) {
    let t = `{${r}}`;
    if (!n.includes(t))
      throw Error(`Template "${e}" is missing parameter: ${r}`);
    n = n.replaceAll(t, i);
  }
  return new URL(n);
}
function i(e) {
  return e[0] === `error`;
}
function a(e) {
  return i(e) ? e[1] : null;
}
function o(e, { returnErrors: t }) {
  return Object.fromEntries(
    e.map(([e, n, r]) =>
      t
        ? e === `error`
          ? [r, { data: null, error: n }]
          : [r, { data: n, error: null }]
        : [r, n],
    ),
  );
}
const s = Symbol(`Result Reference`);
var c = class e {
  #e;
  constructor(e) {
    this.#e = e;
  }
  $ref(e) {
    return { [s]: { path: e, invocation: this.#e } };
  }
  static isRef(e) {
    return typeof e == `object` && !!e && s in e;
  }
  static createInvocationsFromDrafts(t) {
    let n = new Set(),
      r = new Map();
    return {
      methodCalls: Object.entries(t).map(([t, i]) => {
        let [a, o] = i.#e;
        return (
          r.set(i.#e, t),
          n.add(a),
          [
            a,
            Object.fromEntries(
              Object.entries(o).map(([t, n]) => {
                if (e.isRef(n)) {
                  let { invocation: e, path: i } = n[s];
                  return [`#${t}`, { name: e[0], resultOf: r.get(e), path: i }];
                }
                return [t, n];
              }),
            ),
            t,
          ]
        );
      }),
      methodNames: n,
    };
  }
};
function l(e) {
  let t = e(
    new Proxy(
      {},
      {
        get: (e, t) =>
          new Proxy({}, { get: (e, n) => (e) => new c([`${t}/${n}`, e]) }),
      },
    ),
  );
  return c.createInvocationsFromDrafts(t);
}
var u = class t {
  constructor(n) {
    ((this.authHeader = `Bearer ${n.bearerToken}`),
      (this.capabilities = new Map([
        ...Object.entries(n.customCapabilities ?? {}),
        ...Object.entries(e),
      ])),
      (this.session = t.loadSession(n.sessionUrl, this.authHeader)));
  }
  static loadSession(e, t) {
    return fetch(e, {
      headers: { Authorization: t, Accept: `application/json` },
      cache: `no-cache`,
    }).then((e) => e.json());
  }
  async request([e, t], r) {
    let { using: i = [], fetchInit: o, createdIds: s } = r ?? {},
      c = [e, t, `r1`],
      l = {
        using: [
          ...n({ methodNames: [e], availableCapabilities: this.capabilities }),
          ...i,
        ],
        methodCalls: [c],
        createdIds: s,
      },
      { apiUrl: u } = await this.session,
      d = await fetch(u, {
        method: `POST`,
        headers: {
          Authorization: this.authHeader,
          Accept: `application/json`,
          "Content-Type": `application/json`,
        },
        body: JSON.stringify(l),
        ...o,
      });
    if (!d.ok) {
      let e;
      throw (
        (e = d.headers.get(`Content-Type`)?.includes(`json`)
          ? await d.json()
          : await d.text()),
        e
      );
    }
    let {
        methodResponses: [f],
        sessionState: p,
        createdIds: m,
      } = await d.json(),
      h = a(f);
    if (h) throw h;
    return [f[1], { sessionState: p, createdIds: m, response: d }];
  }
  async requestMany(e, t = {}) {
    let { using: r = [], fetchInit: i, createdIds: s } = t,
      { methodCalls: c, methodNames: u } = l(e),
      d = {
        using: [
          ...n({ methodNames: u, availableCapabilities: this.capabilities }),
          ...r,
        ],
        methodCalls: c,
        createdIds: s,
      },
      { apiUrl: f } = await this.session,
      p = await fetch(f, {
        method: `POST`,
        headers: {
          Authorization: this.authHeader,
          Accept: `application/json`,
          "Content-Type": `application/json`,
        },
        body: JSON.stringify(d),
        ...i,
      });
    if (!p.ok) {
      let e;
      throw (
        (e = p.headers.get(`Content-Type`)?.includes(`json`)
          ? await p.json()
          : await p.text()),
        e
      );
    }
    let { methodResponses: m, sessionState: h, createdIds: g } = await p.json(),
      _ = { sessionState: h, createdIds: g, response: p },
      v = m.map((e) => a(e)).filter((e) => e !== null);
    if (v.length > 0) throw v;
    return [o(m, { returnErrors: !1 }), _];
  }
  async getPrimaryAccount() {
    return (await this.session).primaryAccounts?.[`urn:ietf:params:jmap:mail`];
  }
  async uploadBlob(e, t, n = {}) {
    let { uploadUrl: i } = await this.session,
      a = r(i, { accountId: e });
    try {
      let e = await fetch(a, {
        method: `POST`,
        headers: { Authorization: this.authHeader, Accept: `application/json` },
        body: t,
        ...n,
      });
      if (!e.ok)
        throw e.headers.get(`Content-Type`)?.includes(`json`)
          ? await e.json()
          : await e.text();
      return await e.json();
    } catch (e) {
      throw Error(`Failed to upload blob`, { cause: e });
    }
  }
  async downloadBlob(e, t = {}) {
    let { downloadUrl: n } = await this.session,
      i = r(n, {
        accountId: e.accountId,
        blobId: e.blobId,
        type: e.mimeType,
        name: e.fileName,
      });
    try {
      let e = await fetch(i, {
        method: `GET`,
        headers: { Authorization: this.authHeader },
        ...t,
      });
      if (!e.ok)
        throw e.headers.get(`Content-Type`)?.includes(`json`)
          ? await e.json()
          : await e.text();
      return e;
    } catch (e) {
      throw Error(`Failed to download blob`, { cause: e });
    }
  }
  async connectEventSource(e) {
    let t = {
        types: e.types === `*` ? `*` : e.types.join(`,`),
        closeafter: e.closeafter ?? `no`,
        ping: `${e.ping}`,
      },
      { eventSourceUrl: n } = await this.session,
      i = r(n, t);
    return new EventSource(i);
  }
  get api() {
    return new Proxy(
      {},
      {
        get: (e, t) =>
          new Proxy(
            {},
            {
              get: (e, n) => (e, r) => {
                let i = `${t}/${n}`;
                return this.request([i, e], r);
              },
            },
          ),
      },
    );
  }
  static isProblemDetails(e) {
    return typeof e == `object` && !!e && `type` in e;
  }
};
export { u as JamClient, u as default };
