// A mail server of others, npm's smtp-server, for the tests of `crates/server/tests/it/mail/foreign.rs`.
//
//   node smtp-server.js CERTIFICATE KEY [implicit]
//
// It requires TLS and the password of one user. Its first line is `ready PORT`; each mail that it takes is a line of JSON. What happens
// to a mail is in the address: `busy@` is put off once, `unknown@` is refused, `cut@` loses its connection once in the middle of DATA.

import { readFileSync } from 'node:fs';

import { SMTPServer } from 'smtp-server';

const USER = 'cardea@mail.example';
const PASSWORD = 'a long pass/word';
const [certificate, key, implicit] = process.argv.slice(2);

const seen = new Set();
/** Whether it is the first time that a mail comes to this address. */
const first = (address) => !seen.has(address) && seen.add(address);

const refused = (code, text) => Object.assign(new Error(text), { responseCode: code });

const server = new SMTPServer({
  secure: implicit !== undefined,
  cert: readFileSync(certificate),
  key: readFileSync(key),
  authMethods: ['PLAIN', 'LOGIN'],
  onAuth({ username, password }, session, done) {
    if (username === USER && password === PASSWORD) done(null, { user: username });
    else done(refused(535, 'wrong user or password'));
  },
  onRcptTo({ address }, session, done) {
    if (address.startsWith('unknown@')) done(refused(550, `<${address}>: unknown`));
    else if (address.startsWith('busy@') && first(address)) done(refused(451, 'busy'));
    else done();
  },
  onData(stream, session, done) {
    const [{ address }] = session.envelope.rcptTo;
    const cut = address.startsWith('cut@') && first(address);
    let mail = '';
    stream.on('data', (chunk) => {
      mail += chunk;
      if (cut) server.connections.forEach((connection) => connection._socket.destroy());
    });
    stream.on('end', () => {
      if (cut) return;
      const id = /^Message-ID: (.*)$/im.exec(mail)?.[1];
      const { secure, user } = session;
      process.stdout.write(`${JSON.stringify({ to: address, id, secure, user, mail })}\n`);
      done();
    });
  },
});
server.on('error', () => {});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`ready ${server.server.address().port}\n`);
});
