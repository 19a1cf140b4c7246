// The steps of README.md, run as they are written: each block of commands, each file.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test as bare } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { send } from './stage/dev.js';
import { allow, client, dev, getsCode, launch, logIn, person, request, sees, temporaryFolder, test } from './stage/index.js';
import { BINARY, freePort, start } from './stage/provider.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
const README = await readFile(join(ROOT, 'README.md'), 'utf8');

/** The blocks of a section in this language. */
function blocks(heading, language) {
  const [, section] = README.split(`\n## ${heading}\n`);
  assert.ok(section, `README.md has no section ${heading}`);
  const [text] = section.split('\n## ');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, block]) => block);
}

/** A shell in which `cardea` is the binary under test. */
const shell = (script, cwd) =>
  run('sh', ['-euc', script], { cwd, env: { ...process.env, PATH: `${dirname(BINARY)}:${process.env.PATH}` } });

bare('n14: each block of commands sets the variables that it uses', () => {
  const all = [...README.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block);
  assert.ok(all.length >= 8);
  for (const block of all) {
    for (const [, name] of block.matchAll(/\$\{?([A-Za-z_]\w*)/g)) {
      assert.match(block, new RegExp(`^${name}=`, 'm'), `${name} in\n${block}`);
    }
  }
});

test('n14: from nothing to the first login at the user’s own provider', async (t) => {
  const folder = await temporaryFolder();
  t.after(() => rm(folder, { recursive: true, force: true }));
  const port = await freePort();
  const issuer = `http://localhost:${port}`;
  const [configure, addUser, serve] = blocks('Run your own provider', 'sh').map((block) => block.replaceAll('9000', port));
  await shell(configure, folder);
  await shell(addUser, folder);
  assert.equal(serve.trim(), 'cardea serve');
  const running = await start(['serve'], { issuer, folder });
  t.after(running.stop);
  const browser = await launch();
  t.after(() => browser.close());

  const { page } = await person(t, browser);
  await page.goto(`${issuer}/account`);
  await page.getByLabel('User name').fill('ada');
  await page.locator('input[name=password]').fill(/echo '(.*)'/.exec(addUser)[1]);
  await page.keyboard.press('Enter');
  await sees(page, 'Your account');
});

test('n14: the user’s own client logs in at `cardea dev --client`', async (t) => {
  const site = await client();
  t.after(site.stop);
  const [, command] = blocks('Look at it', 'sh');
  const words = ownClient(command, site.neighbour);
  const running = await dev({ more: words });
  t.after(running.stop);
  const browser = await launch();
  t.after(() => browser.close());

  const { page } = await person(t, browser);
  const asked = request(running.issuer, {
    client_id: 'my-app',
    redirect_uri: `${site.neighbour}/callback`,
    scope: 'openid profile orders:read',
  });
  await page.goto(asked.url);
  await logIn(page, 'alice', PASSWORD);
  await allow(page, 'my-app');
  const { code } = await getsCode(page, asked, running.issuer);
  const { status, access_token: token } = await asked.redeem(code);
  assert.equal(status, 200);
  const orders = await send(running.orders, { headers: { Authorization: `Bearer ${token}` } });
  assert.equal(orders.status, 200);
});

// It compiles an API: minutes on a machine that has not built the kit yet.
bare('n14: the user’s own API answers with a token of the demo', { timeout: 900_000 }, async (t) => {
  const running = await dev();
  t.after(running.stop);
  const folder = join(ROOT, 'target', 'readme', 'my-api');
  const port = await freePort();
  const [add, call] = blocks('Protect an API', 'sh').map((block) => block.replaceAll('http://localhost:9000', running.issuer));
  const [main] = blocks('Protect an API', 'rust');
  await project(folder, add);
  await writeFile(
    join(folder, 'src', 'main.rs'),
    main.replaceAll('http://localhost:9000', running.issuer).replaceAll('4001', port),
  );
  await run('cargo', ['build', '--quiet'], { cwd: folder, env: cargoEnvironment(), maxBuffer: 2 ** 26 });
  const api = spawn(join(ROOT, 'target', 'debug', 'my-api'), { stdio: 'inherit' });
  t.after(() => api.kill());
  await answers(api, `http://127.0.0.1:${port}/orders`);

  const { stdout } = await shell(call.replaceAll('4001', port), folder);
  const [, expected] = /^It answers `([^`]*)`\.$/m.exec(README);
  assert.equal(stdout, `${expected}\n`);
  assert.equal((await send(`http://127.0.0.1:${port}/orders`)).status, 401);
});

// It compiles an app: minutes on a machine that has not built the kit yet.
bare('n14: the user’s own app logs users in', { timeout: 900_000 }, async (t) => {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const heading = 'Log users in to an app';
  const [, before] = /`(cardea dev --client [^`]*)` running/.exec(README.split(`\n## ${heading}\n`)[1]);
  const running = await dev({ more: ownClient(before, origin) });
  t.after(running.stop);
  const folder = join(ROOT, 'target', 'readme', 'my-app');
  const [add, start] = blocks(heading, 'sh');
  const [main] = blocks(heading, 'rust');
  await project(folder, add);
  await writeFile(
    join(folder, 'src', 'main.rs'),
    main.replaceAll('http://localhost:9000', running.issuer).replaceAll('3000', port),
  );
  await run('cargo', ['build', '--quiet'], { cwd: folder, env: cargoEnvironment(), maxBuffer: 2 ** 26 });
  assert.match(start, / cargo run$/m);
  const app = spawn('sh', ['-euc', start.replace('cargo run', `exec '${join(ROOT, 'target', 'debug', 'my-app')}'`)], { stdio: 'inherit' });
  t.after(() => app.kill());
  await answers(app, `http://127.0.0.1:${port}/`);
  const browser = await launch();
  t.after(() => browser.close());

  const { page } = await person(t, browser);
  await page.goto(`${origin}/`);
  await logIn(page, 'alice', PASSWORD);
  await allow(page, 'my-app');
  await page.getByText(/^Hello Alice/).waitFor();
  assert.equal(page.url(), `${origin}/`);
});

/** The password of alice in `cardea dev`, as README.md has it. */
const [, PASSWORD] = /log in as `alice` with the password `([^`]+)`/.exec(README.replaceAll('\n', ' '));

/** The options of `cardea dev --client …`, for an app at this origin. */
function ownClient(command, origin) {
  const [, words] = /^cardea dev (--client \S+)$/.exec(command.trim());
  return words.replace('http://localhost:3000', origin).split(' ');
}

/** A package as `cargo new` and `cargo add` make it, resolved as the workspace is, so that nothing has to be fetched. */
async function project(folder, commands) {
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, 'src'), { recursive: true });
  const dependencies = [...commands.matchAll(/^cargo add (.*)$/gm)].map(([, words]) => {
    const path = /--path \.\.\/cardea\/(\S+)/.exec(words)?.[1];
    if (path) return `cardea-${path.split('/').pop()} = { path = "${join(ROOT, path)}" }`;
    const [name] = words.split(' ');
    const features = /--features (\S+)/.exec(words)?.[1].split(',') ?? [];
    return `${name} = { version = "*", features = ${JSON.stringify(features)} }`;
  });
  const manifest = await readFile(join(ROOT, 'Cargo.toml'), 'utf8');
  const [profiles] = /^\[profile\.dev\]$.*?(?=^\[profile\.release\]$)/ms.exec(manifest);
  await writeFile(
    join(folder, 'Cargo.toml'),
    `[workspace]\n\n[package]\nname = "${commands.match(/cargo new (\S+)/)[1]}"\nedition = "2024"\n\n[dependencies]\n${dependencies.join('\n')}\n\n${profiles}`,
  );
  await cp(join(ROOT, 'Cargo.lock'), join(folder, 'Cargo.lock'));
}

const cargoEnvironment = () => ({ ...process.env, CARGO_TARGET_DIR: join(ROOT, 'target') });

/** Waits until a server answers, with any status. */
async function answers(server, url) {
  for (;;) {
    assert.equal(server.exitCode, null, 'the server has ended');
    const answer = await send(url).catch((error) => {
      if (error.code !== 'ECONNREFUSED') throw error;
    });
    if (answer) return answer;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
