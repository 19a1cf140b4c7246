// An authenticator app.

import { createHmac } from 'node:crypto';

/** RFC 6238, with what all apps support: SHA-1, six digits, 30 seconds. Each code is another one: none counts twice. */
export function authenticatorApp(key) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...key.replace(/\s/g, '')].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  let last = 0;
  return {
    /** The code of now, or of the next step if this one's was used. */
    code() {
      last = Math.max(Math.floor(Date.now() / 30_000), last + 1);
      const counter = Buffer.alloc(8);
      counter.writeBigUInt64BE(BigInt(last));
      const digest = createHmac('sha1', secret).update(counter).digest();
      const number = digest.readUInt32BE(digest.at(-1) & 15) & 0x7fff_ffff;
      return String(number % 1_000_000).padStart(6, '0');
    },
  };
}

/** The app that has scanned the key on a page. */
export const scan = async (page) => authenticatorApp(await page.locator('.secret').textContent());

/** The backup codes on a page. */
export const backupCodes = (page) => page.locator('.codes code').allTextContents();
