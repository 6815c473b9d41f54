#!/usr/bin/env node
// Asks the real session loader what the model sees of a transcript, and clawfix the same, and compares.
//
//   npm ci --ignore-scripts && node check.mjs CLAWFIX_BINARY FOLDER
//
// Takes every transcript below FOLDER and several hundred generated ones. The same messages in the same order are
// expected, with the same roles, images, tool calls and text; the last three are read from the lines that clawfix names.
// Left out of the generated ones: circles, on which the loader never returns; `leaf` and `reset` entries, which this
// release does not know; and bare numbers and strings as lines of version 1, on which it fails.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Score, args, open, random, workDir } from './lib.mjs';

const GENERATED = 400;

const [binary, folder] = args(['CLAWFIX_BINARY', 'FOLDER']);
const work = workDir('check');

// ---- what a message holds, in the form that is compared

const blocks = content => (Array.isArray(content) ? content : []);
const facts = (role, content) => ({
  role,
  text: typeof content === 'string' ? content : blocks(content).filter(b => b?.type === 'text').map(b => b.text).join('\n'),
  images: blocks(content).filter(b => b?.type === 'image').length,
  calls: blocks(content).filter(b => b?.type === 'toolCall').map(b => b.id),
});

function fromLoader(file) {
  try {
    const manager = open(file, work);
    return {
      roots: manager.getTree().length,
      messages: manager.buildSessionContext().messages.map(message => ({
        ...facts(role(message.role), message.content ?? message.summary),
        callId: message.toolCallId,
      })),
    };
  } catch {
    return { fails: true };
  }
}

const KNOWN = ['user', 'assistant', 'toolResult', 'bashExecution', 'custom', 'branchSummary', 'compactionSummary'];
// One name for what version 2 called otherwise; clawfix does not keep the names of roles that nobody knows.
const role = name => (name === 'hookMessage' ? 'custom' : KNOWN.includes(name) ? name : typeof name === 'string' ? 'other' : 'missing');

function fromClawfix(file) {
  const run = spawnSync(binary, ['show', file, '--format', 'json', '--quiet'], { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (run.status !== 0) return { error: `exit code ${run.status}: ${run.stderr.trim()}` };
  const shown = JSON.parse(run.stdout).segments.find(segment => path.resolve(segment.path) === path.resolve(file));
  if (!shown) return { error: 'the file is not among the segments shown' };
  const { context } = shown;
  if (context.failure) return { fails: true, failure: context.failure };
  const lines = fs.readFileSync(file, 'utf8').split('\n');
  return {
    roots: context.roots,
    messages: context.messages.map(seen => {
      const entry = JSON.parse(lines[seen.line - 1].trim());
      const source = entry.type === 'message' ? entry.message : entry;
      return { ...facts(seen.role, source.content ?? source.summary), images: seen.images, callId: source.toolCallId };
    }),
  };
}

/** The first difference, or nothing. */
function difference(file) {
  const [real, ours] = [fromLoader(file), fromClawfix(file)];
  // What holds nothing is refused, which is an answer where the loader sees nothing either.
  if (ours.error) return real.fails || real.messages.length === 0 ? undefined : ours.error;
  if (real.fails) return ours.fails ? undefined : 'the loader fails, clawfix shows messages';
  // To the loader an empty session is one without messages; clawfix says why it is empty.
  if (ours.fails) return real.messages.length === 0 ? undefined : `clawfix sees nothing (${ours.failure}), the loader ${real.messages.length} messages`;
  if (real.roots !== ours.roots) return `${real.roots} roots, clawfix says ${ours.roots}`;
  if (real.messages.length !== ours.messages.length) return `${real.messages.length} messages, clawfix says ${ours.messages.length}`;
  for (const [at, message] of real.messages.entries()) {
    const [a, b] = [JSON.stringify(message), JSON.stringify(ours.messages[at])];
    if (a !== b) return `message ${at + 1}: ${a.slice(0, 200)}, clawfix says ${b.slice(0, 200)}`;
  }
  return undefined;
}

// ---- generated transcripts

function transcript(seed) {
  const next = random(seed);
  const below = n => Math.floor(next() * n);
  const chance = p => next() < p;
  const pick = list => list[below(list.length)];
  const time = at => new Date(Date.UTC(2026, 0, 29, 17, 0, at)).toISOString();
  const version = pick([3, 3, 3, 3, 2, 1, undefined]);
  const plain = (version ?? 1) < 2;
  const lines = [];
  const ids = [];
  let previous = null;

  const header = () => ({ type: 'session', ...(version === undefined ? {} : { version }), id: `session-${seed}`, timestamp: time(0), cwd: '/work' });
  const image = () => pick([{ type: 'image', data: 'aGFsbG8=', mimeType: 'image/png' }, { type: 'image', url: 'https://example.com/i.png' }]);
  const text = () => ({ type: 'text', text: pick(['ein Wort', 'two\nlines', 'a "quote" \\ and \u2028', 'emoji 😀', '']) });
  const call = () => ({ type: 'toolCall', id: pick([`call_${below(9)}`, 'exec:9', 'call_x|fc_x']), name: 'exec', arguments: { id: 'e1', parentId: 'e2', type: 'image' } });
  const content = () => pick([() => `said ${below(99)}`, () => [], () => [text()], () => [text(), image()], () => [image(), text(), call()], () => [call(), call()], () => [{ type: 'thinking', thinking: 'hm' }, text()]])();
  const anyId = () => (ids.length > 0 && chance(0.85) ? pick(ids) : pick(['nowhere', '', 'zz']));
  const kept = () => pick([() => ({ firstKeptEntryId: anyId() }), () => ({ firstKeptEntryId: anyId() }), () => ({}), () => ({ firstKeptEntryIndex: below(lines.length + 2) })])();
  const message = () => {
    const name = pick(['user', 'user', 'assistant', 'assistant', 'toolResult', 'bashExecution', 'custom', 'hookMessage']);
    return { type: 'message', message: { role: name, content: content(), ...(name === 'toolResult' ? { toolCallId: `call_${below(9)}`, toolName: 'exec' } : {}) } };
  };
  const others = [
    () => ({ type: 'compaction', summary: 'so far', tokensBefore: 100, ...kept() }),
    () => ({ type: 'branch_summary', fromId: anyId(), summary: pick(['left a branch', '', null]) }),
    () => ({ type: 'label', targetId: anyId(), ...(chance(0.5) ? { label: 'here' } : {}) }),
    () => ({ type: 'custom', customType: 'openclaw.cache-ttl', data: { message: { role: 'user', content: 'not this' } } }),
    () => ({ type: 'custom_message', customType: 'openclaw.runtime-context', content: content(), display: false }),
    () => ({ type: 'model_change', provider: 'p', modelId: 'm' }),
    () => ({ type: 'thinking_level_change', thinkingLevel: 'low' }),
    () => ({ type: 'session_info', name: 'n' }),
    () => ({ type: 'from_the_future', message: { role: 'user', content: 'not this either' } }),
    () => ({}),
  ];
  const raw = ['', '  ', 'not json', '{"type":"message","id":"torn', '\0\0\0', '[]', JSON.stringify({ ...header(), id: 'second' }), '{"type":"x"}{}'];

  const front = pick(['header', 'header', 'header', 'header', 'header', 'header', 'blank', 'torn', 'late', 'none', 'nameless']);
  if (front === 'blank') lines.push('');
  if (front === 'torn') lines.push('{"type":"sess');
  if (front === 'late') lines.push(JSON.stringify({ type: 'model_change', id: 'early', parentId: null, timestamp: time(0), provider: 'p', modelId: 'm' }));
  if (front === 'nameless') lines.push(JSON.stringify({ ...header(), id: undefined }));
  else if (front !== 'none') lines.push(JSON.stringify(header()));

  for (let at = 1, count = below(24); at <= count; at += 1) {
    if (chance(0.06)) {
      lines.push(pick(raw));
      continue;
    }
    const entry = { ...(chance(0.7) ? message() : pick(others)()), timestamp: time(at) };
    // A duplicate id may close a circle by pointing below itself, so it gets the first one's place: a root.
    const twice = ids.length > 0 && chance(0.04);
    const bare = !twice && chance(0.03);
    const id = twice ? pick(ids) : `e${at}`;
    const parent = twice ? null : chance(0.8) ? previous : chance(0.8) && ids.length > 0 ? pick(ids) : pick(['nowhere', null, undefined, '']);
    // Version 1 has no ids; some of these carry them all the same, as the loader gives new ones.
    if (!bare && !(plain && chance(0.9))) {
      entry.id = id;
      if (parent !== undefined) entry.parentId = parent;
      ids.push(id);
      previous = id;
    }
    if (chance(0.01)) delete entry.message;
    const keys = Object.keys(entry);
    lines.push(JSON.stringify(chance(0.5) ? entry : Object.fromEntries(keys.reverse().map(key => [key, entry[key]]))));
  }
  if (chance(0.03)) lines.push('null');
  return (chance(0.03) ? '\uFEFF' : '') + lines.join(chance(0.05) ? '\r\n' : '\n') + (chance(0.8) ? '\n' : '');
}

// ---- all of it

function* transcripts(dir) {
  for (const entry of fs.readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const full = path.join(dir, entry.name);
    if (entry.isDirectory()) yield* transcripts(full);
    else if (/\.jsonl(\.(reset|deleted|bak)\..*)?$/.test(entry.name) && !entry.name.includes('.trajectory')) yield full;
  }
}

function* generated() {
  for (let seed = 1; seed <= GENERATED; seed += 1) {
    // A folder for each, so that no transcript is taken for a part of another.
    const dir = path.join(work, String(seed));
    fs.mkdirSync(dir);
    const file = path.join(dir, `session-${seed}.jsonl`);
    fs.writeFileSync(file, transcript(seed));
    yield file;
  }
}

const score = new Score();
for (const source of [transcripts(folder), generated()]) {
  for (const file of source) {
    const name = path.relative(folder, file);
    score.add(name.startsWith('..') ? path.basename(file) : name, difference(file));
  }
}
score.end();
