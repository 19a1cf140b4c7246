// A minimal browser: it keeps cookies, follows redirects, fills in forms, and runs no script.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { text } from 'node:stream/consumers';

const MOST_STEPS = 12;

export class Browser {
  /** The cookies of each origin. */
  #cookies = new Map();
  #provider;

  /** A browser with no history, to use at this provider and with these apps. */
  constructor(issuer, ...apps) {
    this.#provider = new URL(issuer).origin;
    for (const place of [issuer, ...apps]) this.#cookies.set(new URL(place).origin, new Map());
  }

  /**
   * Opens a page and completes the pages of the provider like a user, until the browser is redirected to another origin. Returns
   * the page of an app; for an app that the browser does not open, the request: a URL, or for `form_post` a Request. `code` gives the
   * code of a second factor for the page that asks for one.
   */
  async visit(url, { username, password, code, decision = 'allow' } = {}) {
    let { page, left } = await this.#open(new URL(url));
    for (let step = 0; left === undefined; step += 1) {
      assert.ok(step < MOST_STEPS, `too many pages; the last one was ${page.url}`);
      if (page.url.origin !== this.#provider) return page;
      const form = parseForm(page);
      const onwards = form === undefined ? linkOf(page) : undefined;
      if (onwards !== undefined) {
        ({ page, left } = await this.#open(onwards));
        continue;
      }
      assert.ok(form, `${page.url} has no form: ${page.status} ${textOf(page.html)}`);
      if (form.action.origin !== this.#provider) return post(form.action, form.hidden);
      const filled = new URLSearchParams(form.hidden);
      if (form.names.has('username')) {
        assert.ok(username, `no login was expected: ${textOf(page.html)}`);
        assert.ok(step === 0 || !page.html.includes('role="alert"'), textOf(page.html));
        filled.set('username', username);
        filled.set('password', password);
      }
      if (form.names.has('code')) {
        assert.ok(code, `no second factor was expected: ${textOf(page.html)}`);
        assert.ok(!page.html.includes('role="alert"'), textOf(page.html));
        filled.set('code', code(page.html));
      }
      if (form.decisions.length > 0) {
        assert.ok(form.decisions.includes(decision), `no button for ${decision}: ${form.decisions}`);
        filled.set('decision', decision);
      }
      ({ page, left } = await this.#open(form.action, post(form.action, filled)));
    }
    return left;
  }

  /** Follows redirects; ends at a page, or before another origin. */
  async #open(url, request = new Request(url)) {
    for (let step = 0; step < MOST_STEPS; step += 1) {
      const cookies = this.#cookies.get(url.origin);
      const response = await navigate(request, cookies);
      keep(cookies, response);
      const { location } = response.headers;
      if (location === undefined) {
        return { page: { url, status: response.statusCode, html: await text(response) } };
      }
      response.resume();
      url = new URL(location, url);
      if (!this.#cookies.has(url.origin)) return { left: url };
      request = new Request(url);
    }
    throw new Error(`the provider redirects without end, the last time to ${url}`);
  }
}

/** A request as a browser makes it for a navigation; `fetch` marks its requests as those of a script, and gets other answers. */
async function navigate(request, cookies) {
  const headers = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  if (cookies.size > 0) headers.cookie = cookieHeader(cookies);
  const body = await request.text();
  if (body) headers['content-type'] = request.headers.get('content-type');
  const sent = http.request(request.url, { method: request.method, headers, agent: false });
  sent.end(body);
  const [response] = await once(sent, 'response');
  return response;
}

function keep(cookies, response) {
  for (const line of response.headers['set-cookie'] ?? []) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
    if (value === '' || /;\s*max-age=0/i.test(line)) cookies.delete(name);
    else cookies.set(name, value);
  }
}

function cookieHeader(cookies) {
  return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
}

function post(url, fields) {
  return new Request(url, { method: 'POST', body: new URLSearchParams(fields) });
}

/** The link with which a page that has no form goes on. */
function linkOf({ url, html }) {
  const link = /<a class="primary"([^>]*)>/.exec(html);
  return link === null ? undefined : new URL(attributes(link[1]).href, url);
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
