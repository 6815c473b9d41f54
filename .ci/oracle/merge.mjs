#!/usr/bin/env node
// Merges with the built binary, loads the result with the real session loader, takes the merge back, and compares.
//
//   npm ci --ignore-scripts && node merge.mjs CLAWFIX_BINARY FOLDER
//
// Takes every labelled split below FOLDER and several hundred generated chains of two to five sessions. Expected: the
// messages of all segments in order with their texts, images and tool calls; one root; the last entry as the leaf; the
// survivor's session id; and after `undo` every file byte for byte as it was, with its mode.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Score, args, open, random, runner, workDir } from './lib.mjs';

const GENERATED = 300;

const [binary, folder] = args(['CLAWFIX_BINARY', 'FOLDER']);
const work = workDir('merge');

/** What the loader makes of a transcript; it gets a copy, as it may rewrite the file. */
function load(file) {
  const manager = open(file, work);
  return {
    id: manager.getSessionId(),
    leaf: manager.getLeafId(),
    roots: manager.getTree().length,
    messages: manager.buildSessionContext().messages.map(message => JSON.stringify([message.role, message.content, message.toolCallId])),
  };
}

const run = runner(binary);

/** Mode and hash of every file and folder, the journal aside. */
function listing(dir, found = {}, root = dir) {
  for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
    if (entry.name === '.clawfix') continue;
    const full = path.join(dir, entry.name);
    const { mode } = fs.lstatSync(full);
    found[path.relative(root, full)] = [mode, entry.isDirectory() ? '' : crypto.createHash('sha256').update(fs.readFileSync(full)).digest('hex')];
    if (entry.isDirectory()) listing(full, found, root);
  }
  return found;
}

/** The first thing that is not as expected, or nothing. `files` are the segments in order. */
function wrong(home, files, args, closes = () => false) {
  const before = listing(home);
  const parts = files.map(load);
  const merged = run('merge', home, ...args, '--apply', '--format', 'json', '--quiet');
  if (merged.status !== 0) return `merge gave ${merged.status}: ${merged.stderr.trim()}`;
  const [plan, ...more] = JSON.parse(merged.stdout).plans;
  if (!plan || more.length > 0) return `${more.length + (plan ? 1 : 0)} plans instead of one`;
  const whole = load(plan.target);
  const last = fs.readFileSync(plan.target, 'utf8').trimEnd().split('\n').at(-1);
  const expected = parts.flatMap(part => part.messages);
  const seen = whole.messages.filter(message => !closes(message));
  if (whole.roots !== 1) return `${whole.roots} roots`;
  if (whole.leaf !== JSON.parse(last).id) return `the leaf is ${whole.leaf}, not the last entry`;
  if (whole.id !== plan.sources[plan.survivor].session_id) return `the session id is ${whole.id}`;
  if (seen.length !== expected.length) return `${seen.length} messages instead of ${expected.length}`;
  const at = expected.findIndex((message, index) => message !== seen[index]);
  if (at >= 0) return `message ${at + 1}: ${seen[at].slice(0, 150)} instead of ${expected[at].slice(0, 150)}`;
  const undone = run('undo', home);
  if (undone.status !== 0) return `undo gave ${undone.status}: ${undone.stderr.trim()}`;
  return JSON.stringify(listing(home)) === JSON.stringify(before) ? undefined : 'not as it was after undo';
}

// ---- the corpus

function* corpus() {
  for (const name of fs.readdirSync(folder).sort()) {
    const label = path.join(folder, name, 'label.json');
    if (!fs.existsSync(label)) continue;
    for (const split of JSON.parse(fs.readFileSync(label, 'utf8')).splits) {
      const home = path.join(work, name);
      fs.cpSync(path.join(folder, name), home, { recursive: true });
      const find = file => fs.readdirSync(home, { recursive: true }).map(String).find(inside => path.basename(inside) === file);
      yield { name, home, files: split.map(file => path.join(home, find(file))) };
    }
  }
}

// ---- generated chains

function chain(seed) {
  const next = random(seed);
  const below = n => Math.floor(next() * n);
  const chance = p => next() < p;
  const pick = list => list[below(list.length)];
  const home = path.join(work, `chain-${seed}`);
  const dir = path.join(home, 'agents/main/sessions');
  fs.mkdirSync(dir, { recursive: true });
  const count = 2 + below(4);
  const files = [];
  const names = [];
  for (let part = 0; part < count; part += 1) {
    const id = crypto.createHash('sha256').update(`${seed} ${part}`).digest('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, '$1-$2-$3-$4-$5');
    const version = pick([3, 3, 3, 2, 1]);
    const stamp = at => new Date(Date.UTC(2026, 2, 1, part * 3, 0, at)).toISOString();
    const lines = [{ type: 'session', ...(version === 1 ? {} : { version }), id, timestamp: stamp(0), cwd: '/work' }];
    let last = null;
    let user = null;
    for (let at = 1, end = 1 + below(12); at <= end; at += 1) {
      // The same ids in every part, now and then.
      const own = chance(0.3) ? `0000000${at % 10}${at}`.slice(-8) : `${part}${seed}x${at}`;
      const text = { type: 'text', text: `chain ${seed} part ${part} line ${at} "\u2028" ${'y'.repeat(below(40))}` };
      const image = { type: 'image', data: Buffer.from(`${seed}${part}${at}`).toString('base64'), mimeType: 'image/png' };
      const call = { type: 'toolCall', id: 'exec:9', name: 'exec', arguments: { id: own, parentId: last } };
      let entry = pick([
        () => ({ type: 'message', message: { role: 'user', content: pick([[text], [text, image], text.text]) } }),
        () => ({ type: 'message', message: { role: 'assistant', content: [text], stopReason: 'stop' } }),
        () => ({ type: 'message', message: { role: 'assistant', content: [text, call], stopReason: 'toolUse' } }),
        () => ({ type: 'message', message: { role: 'toolResult', toolCallId: 'exec:9', toolName: 'exec', content: [text, image], isError: false } }),
        () => ({ type: 'model_change', provider: 'p', modelId: 'm' }),
        () => ({ type: 'custom', customType: 'x', data: { parentId: own } }),
      ])();
      entry = { ...entry, timestamp: stamp(at) };
      if (version > 1) {
        // Branches: back to the last user turn, and on from there.
        const parent = user !== null && chance(0.1) ? user : last;
        entry = chance(0.5) ? { id: own, parentId: parent, ...entry } : { ...entry, parentId: parent, id: own };
        last = own;
        if (entry.message?.role === 'user') user = own;
      }
      lines.push(entry);
    }
    const text = lines.map(line => JSON.stringify(line)).join(chance(0.1) ? '\r\n' : '\n');
    const archive = part < count - 1 && chance(0.3) ? `.${pick(['reset', 'deleted'])}.2026-03-0${2 + part}T10-22-33.123Z` : '';
    const file = path.join(dir, `${id}.jsonl${archive}`);
    fs.writeFileSync(file, text + (chance(0.8) ? '\n' : ''));
    fs.chmodSync(file, pick([0o600, 0o644]));
    files.push(file);
    names.push(id);
  }
  fs.writeFileSync(path.join(dir, 'sessions.json'), JSON.stringify({ 'agent:main:main': { sessionId: names.at(-1), updatedAt: 1 }, other: { sessionId: names[0] } }));
  return { name: `chain ${seed}`, home, files, names };
}

function* generated() {
  for (let seed = 1; seed <= GENERATED; seed += 1) yield chain(seed);
}

/** The error result that closes a call which was open at a seam. */
const closes = message => message.includes('The session was cut before this tool call returned');

const score = new Score();
for (const source of [corpus(), generated()]) {
  for (const { name, home, files, names } of source) {
    let found;
    try {
      found = wrong(home, files, names ?? ['--min-level', 'probable', path.basename(files[0]).slice(0, 36)], closes);
    } catch (error) {
      found = String(error);
    }
    score.add(name, found);
    fs.rmSync(home, { recursive: true, force: true });
  }
}
score.end();
