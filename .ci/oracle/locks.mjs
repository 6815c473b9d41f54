#!/usr/bin/env node
// Plays a gateway beside `merge --apply` and `undo`: it takes the locks as OpenClaw does, appends a turn, updates the
// store by rename, and reads in a loop, while clawfix works on the same folder.
//
//   node locks.mjs CLAWFIX_BINARY
//
// Expected: no reader ever meets a file that is half-written or a key that leads nowhere; no appended line is lost, and
// none is there twice; clawfix either does its work or refuses with exit code 2 because a lock is held or a file changed.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Worker, isMainThread, workerData } from 'node:worker_threads';

const ROUNDS = 24;
const STALE = { transcript: 30 * 60_000, store: 30_000 };
const pause = ms => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
const alive = pid => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

/** Takes a lock the way the gateway does, waiting for whoever holds it. */
function locked(file, kind, body, work) {
  const lock = `${file}.lock`;
  for (const until = Date.now() + 20_000; ; pause(2)) {
    try {
      fs.writeFileSync(lock, JSON.stringify({ pid: process.pid, ...body() }), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      try {
        const held = JSON.parse(fs.readFileSync(lock, 'utf8'));
        const since = typeof held.startedAt === 'number' ? held.startedAt : Date.parse(held.createdAt);
        if (Date.now() - since > STALE[kind] || (kind === 'transcript' && !alive(held.pid))) fs.rmSync(lock, { force: true });
      } catch {
        // Gone or still being written.
      }
      if (Date.now() > until) throw new Error(`${path.basename(lock)} was never free`);
    }
  }
  try {
    return work();
  } finally {
    fs.rmSync(lock, { force: true });
  }
}

const readStore = store => JSON.parse(fs.readFileSync(store, 'utf8'));

/** The live transcript, as the store names it, held by its lock and looked up again under it. */
function onLive(sessions, work) {
  const store = path.join(sessions, 'sessions.json');
  for (;;) {
    const id = readStore(store)['agent:main:main'].sessionId;
    const file = path.join(sessions, `${id}.jsonl`);
    const done = locked(file, 'transcript', () => ({ createdAt: new Date().toISOString() }), () => {
      if (readStore(store)['agent:main:main'].sessionId !== id) return false;
      work(file, id);
      return true;
    });
    if (done) return;
  }
}

const parse = text => text.split('\n').filter(line => line !== '').map(line => JSON.parse(line));

/** A gateway: appends turns until it is told to stop, and says what it wrote and what was wrong. */
function gateway({ sessions, flag, name }) {
  const stop = new Int32Array(flag);
  const store = path.join(sessions, 'sessions.json');
  const wrote = [];
  const wrong = [];
  for (let turn = 0; Atomics.load(stop, 0) === 0; turn += 1) {
    try {
      onLive(sessions, file => {
        const text = fs.readFileSync(file, 'utf8');
        const lines = parse(text);
        if (lines[0]?.type !== 'session') wrong.push(`${path.basename(file)} has no header`);
        if (!text.endsWith('\n')) wrong.push(`${path.basename(file)} ends in half a line`);
        const id = `${name}${turn}`;
        wrote.push(id);
        fs.appendFileSync(file, `${JSON.stringify({ type: 'message', id, parentId: lines.at(-1).id, timestamp: new Date().toISOString(), message: { role: 'user', content: id } })}\n`);
      });
      locked(store, 'store', () => ({ startedAt: Date.now() }), () => {
        const entries = readStore(store);
        entries['agent:main:main'].updatedAt = Date.now();
        fs.writeFileSync(`${store}.tmp`, JSON.stringify(entries));
        fs.renameSync(`${store}.tmp`, store);
      });
    } catch (error) {
      wrong.push(String(error.stack ?? error));
    }
    pause(8 + (turn % 7) * 9);
  }
  fs.writeFileSync(path.join(path.dirname(sessions), `${name}.json`), JSON.stringify({ wrote, wrong }));
}

/** A reader without locks: whatever has a transcript's name is whole at any time. */
function reader({ sessions, flag, name }) {
  const stop = new Int32Array(flag);
  const wrong = [];
  let reads = 0;
  while (Atomics.load(stop, 0) === 0) {
    for (const file of fs.readdirSync(sessions)) {
      if (file.startsWith('.') || !/\.jsonl$|^sessions\.json$/.test(file)) continue;
      let text;
      try {
        text = fs.readFileSync(path.join(sessions, file), 'utf8');
      } catch (error) {
        if (error.code !== 'ENOENT') wrong.push(String(error));
        continue;
      }
      reads += 1;
      try {
        if (file === 'sessions.json') JSON.parse(text);
        else if (parse(text.slice(0, text.lastIndexOf('\n') + 1))[0]?.type !== 'session') wrong.push(`${file} without a header`);
      } catch (error) {
        wrong.push(`${file}: ${error}`);
      }
    }
  }
  if (reads === 0) wrong.push('nothing was read');
  fs.writeFileSync(path.join(path.dirname(sessions), `${name}.json`), JSON.stringify({ wrote: [], wrong }));
}

const clawfix = (binary, args) =>
  new Promise(resolve => {
    const child = spawn(binary, args);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (said += data));
    child.on('close', status => resolve({ status, said }));
  });

async function round(binary, work, at) {
  const home = path.join(work, String(at));
  const sessions = path.join(home, 'agents/main/sessions');
  fs.mkdirSync(sessions, { recursive: true });
  const ids = ['a', 'b'].map(mark => `${mark.repeat(8)}-1111-4222-8333-00000000${String(at).padStart(4, '0')}`);
  for (const [part, id] of ids.entries()) {
    const stamp = `2026-03-01T1${part}:00:00.000Z`;
    const lines = [{ type: 'session', version: 3, id, timestamp: stamp, cwd: '/' }];
    for (let line = 0; line < 40; line += 1) {
      lines.push({ type: 'message', id: `${part}x${line}`, parentId: line > 0 ? `${part}x${line - 1}` : null, timestamp: stamp, message: { role: line % 2 ? 'assistant' : 'user', content: 'z'.repeat(3000 * (line % 3)) } });
    }
    fs.writeFileSync(path.join(sessions, `${id}.jsonl`), lines.map(line => `${JSON.stringify(line)}\n`).join(''));
  }
  fs.writeFileSync(path.join(sessions, 'sessions.json'), JSON.stringify({ 'agent:main:main': { sessionId: ids[1], updatedAt: 1 } }));

  const flag = new SharedArrayBuffer(4);
  const workers = ['gateway', 'reader'].map(name => new Worker(new URL(import.meta.url), { workerData: { role: name, name, sessions, flag } }));
  const ends = workers.map(worker => new Promise(resolve => worker.on('exit', resolve)));
  const wrong = [];
  const done = { merge: 0, undo: 0, refused: 0 };
  const into = ['live', 'new', 'first'][at % 3];
  // Long enough that some of the attempts meet the lock and others do not.
  for (let attempt = 0; attempt < 12 && done.undo < 2; attempt += 1) {
    const merging = done.merge === done.undo;
    const args = merging ? ['merge', home, ...ids, '--into', into, '--apply', '--quiet'] : ['undo', home];
    const { status, said } = await clawfix(binary, args);
    if (status === 0) done[merging ? 'merge' : 'undo'] += 1;
    else if (status === 2 && /held by process|changed (after|while)|try again/.test(said)) done.refused += 1;
    else wrong.push(`${args[0]} gave ${status}: ${said}`);
    await new Promise(resolve => setTimeout(resolve, 40));
  }
  Atomics.store(new Int32Array(flag), 0, 1);
  await Promise.all(ends);

  const reports = ['gateway', 'reader'].map(name => JSON.parse(fs.readFileSync(path.join(path.dirname(sessions), `${name}.json`), 'utf8')));
  wrong.push(...reports.flatMap(report => report.wrong));
  const files = fs.readdirSync(sessions).filter(file => file.endsWith('.jsonl') && !file.startsWith('.'));
  const there = files.flatMap(file => parse(fs.readFileSync(path.join(sessions, file), 'utf8'))).map(line => line.id);
  for (const id of reports[0].wrote) {
    const count = there.filter(other => other === id).length;
    if (count !== 1) wrong.push(`line ${id} is there ${count} times`);
  }
  const left = fs.readdirSync(sessions).filter(file => file.endsWith('.lock') || file.includes('.clawfix-'));
  if (left.length > 0) wrong.push(`left behind: ${left}`);
  return { wrong, done, wrote: reports[0].wrote.length };
}

async function main() {
  const [binary] = process.argv.slice(2);
  if (!binary) {
    console.error('usage: node locks.mjs CLAWFIX_BINARY');
    process.exit(2);
  }
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'clawfix-locks-'));
  let [passed, failed] = [0, 0];
  const sum = { merge: 0, undo: 0, refused: 0, lines: 0 };
  for (let at = 0; at < ROUNDS; at += 1) {
    const { wrong, done, wrote } = await round(path.resolve(binary), work, at);
    for (const key of Object.keys(done)) sum[key] += done[key];
    sum.lines += wrote;
    if (wrong.length === 0) passed += 1;
    else {
      failed += 1;
      console.log(`round ${at}: ${wrong.slice(0, 3).join('\n  ')}`);
    }
  }
  fs.rmSync(work, { recursive: true, force: true });
  console.log(`${sum.merge} merges, ${sum.undo} undos, ${sum.refused} refused, beside ${sum.lines} lines`);
  if (sum.merge === 0 || sum.undo === 0) failed += 1;
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

if (isMainThread) await main();
else (workerData.role === 'gateway' ? gateway : reader)(workerData);
