// A browser of the simplest kind: it keeps cookies, follows redirects, fills in forms, and runs no script.

import assert from 'node:assert/strict';

const MOST_STEPS = 12;

export class Browser {
  #cookies = new Map();
  #home;

  /** A browser with no history, to use at this provider. */
  constructor(issuer) {
    this.#home = new URL(issuer).origin;
  }

  /**
   * Opens a page of the provider and does what the person would, until the provider sends the browser elsewhere.
   * What comes back is what the client gets: a URL, or for `form_post` a Request.
   */
  async visit(url, { username, password, decision = 'allow' } = {}) {
    let { page, left } = await this.#open(new URL(url));
    for (let step = 0; left === undefined; step += 1) {
      assert.ok(step < MOST_STEPS, `too many pages; the last one was ${page.url}`);
      const form = parseForm(page);
      assert.ok(form, `${page.url} has no form: ${page.status} ${textOf(page.html)}`);
      if (form.action.origin !== this.#home) return post(form.action, form.hidden);
      const filled = new URLSearchParams(form.hidden);
      if (form.names.has('username')) {
        assert.ok(username, `nobody was expected to log in: ${textOf(page.html)}`);
        assert.ok(step === 0 || !page.html.includes('role="alert"'), textOf(page.html));
        filled.set('username', username);
        filled.set('password', password);
      }
      if (form.decisions.length > 0) {
        assert.ok(form.decisions.includes(decision), `no button for ${decision}: ${form.decisions}`);
        filled.set('decision', decision);
      }
      ({ page, left } = await this.#open(form.action, post(form.action, filled)));
    }
    return left;
  }

  /** Follows redirects; ends at a page of the provider, or where the browser would leave it. */
  async #open(url, request = new Request(url)) {
    for (let step = 0; step < MOST_STEPS; step += 1) {
      const headers = new Headers(request.headers);
      headers.set('accept', 'text/html');
      if (this.#cookies.size > 0) headers.set('cookie', this.#cookieHeader());
      const response = await fetch(new Request(request, { headers, redirect: 'manual' }));
      this.#keep(response);
      const location = response.headers.get('location');
      if (location === null) {
        return { page: { url, status: response.status, html: await response.text() } };
      }
      await response.arrayBuffer();
      url = new URL(location, url);
      if (url.origin !== this.#home) return { left: url };
      request = new Request(url);
    }
    throw new Error(`the provider redirects without end, the last time to ${url}`);
  }

  #keep(response) {
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value === '' || /;\s*max-age=0/i.test(line)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }

  #cookieHeader() {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }
}

function post(url, fields) {
  return new Request(url, { method: 'POST', body: new URLSearchParams(fields) });
}

/** The first form of a page. */
function parseForm({ url, html }) {
  const form = /<form\b([^>]*)>(.*?)<\/form>/s.exec(html);
  if (form === null) return undefined;
  const names = new Set();
  const hidden = [];
  const decisions = [];
  for (const [, tag, text] of form[2].matchAll(/<(input|button)\b([^>]*)>/g)) {
    const { name, type, value = '' } = attributes(text);
    if (name === undefined) continue;
    names.add(name);
    if (tag === 'button' && name === 'decision') decisions.push(value);
    if (type === 'hidden') hidden.push([name, value]);
  }
  return { action: new URL(attributes(form[1]).action, url), names, hidden, decisions };
}

function attributes(text) {
  const all = [...text.matchAll(/([\w-]+)="([^"]*)"/g)];
  return Object.fromEntries(all.map(([, name, value]) => [name, unescape(value)]));
}

const NAMED = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescape(text) {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return NAMED[name] ?? whole;
    return String.fromCodePoint(hex ? parseInt(hex, 16) : Number(decimal));
  });
}

function textOf(html) {
  return html.replace(/<style.*?<\/style>|<[^>]*>/gs, ' ').replace(/\s+/g, ' ').trim().slice(0, 500);
}
