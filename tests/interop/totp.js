// An authenticator app.

import { createHmac } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** An app that has scanned a key: RFC 6238 with SHA-1, six digits, 30 seconds. Each code is another one: none counts twice. */
export function app(key) {
  const bits = [...key].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  let last = 0;
  return () => {
    last = Math.max(Math.floor(Date.now() / 30_000), last + 1);
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(last));
    const digest = createHmac('sha1', secret).update(counter).digest();
    const number = digest.readUInt32BE(digest.at(-1) & 15) & 0x7fff_ffff;
    return String(number % 1_000_000).padStart(6, '0');
  };
}

/** A second factor that is set up where a page asks for it: reads the key of the page, or gives a code of the app there is. */
export function secondFactor() {
  let code;
  return (html) => {
    const key = /class="secret">(.*?)<\/code>/s.exec(html)?.[1].replace(/<[^>]*>|\s/g, '');
    if (key !== undefined) code = app(key);
    return code();
  };
}
