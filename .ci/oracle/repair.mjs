#!/usr/bin/env node
// Repairs with the built binary and asks the real session loader before and after.
//
//   npm ci --ignore-scripts && node repair.mjs CLAWFIX_BINARY RULES_FOLDER CORPUS_FOLDER
//
// First every rule's own bad transcripts, each with that rule's fix; then ten thousand transcripts of the corpus that were
// cut, spliced, flipped, doubled and shuffled, with all safe fixes. Expected: never fewer messages, never an error that was
// not there before; a second repair changes nothing; and after `undo` every file is byte for byte as it was.
import fs from 'node:fs';
import path from 'node:path';
import { Score, args, open, random, runner, workDir } from './lib.mjs';

const FILES = Number(process.env.CLAWFIX_MUTATED ?? 10000);
const FOLDER = 250;

const [binary, rules, corpus] = args(['CLAWFIX_BINARY', 'RULES_FOLDER', 'CORPUS_FOLDER']);
const work = workDir('repair');
const run = runner(binary);

function* files(dir, wanted) {
  for (const entry of fs.readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const full = path.join(dir, entry.name);
    if (entry.isDirectory() && entry.name !== '.clawfix') yield* files(full, wanted);
    else if (entry.isFile() && wanted(entry.name)) yield full;
  }
}
const isTranscript = name => /\.jsonl$/.test(name) && !name.includes('.trajectory');

/** Messages that the loader sees in each transcript of a folder; an error is told by its text. */
function seen(home, circles) {
  const found = {};
  for (const file of files(home, isTranscript)) {
    try {
      // On a circle the loader never returns.
      found[file] = circles.has(path.basename(file)) ? 'never returns' : open(file, work).buildSessionContext().messages.length;
    } catch (error) {
      found[file] = `fails: ${error.message}`;
    }
  }
  return found;
}

/** Transcripts whose parent links run in a circle, as clawfix sees it. */
function circles(home) {
  const report = JSON.parse(run('scan', home, '--format', 'json', '--quiet', '--all').stdout);
  const segments = [...report.conversations.flatMap(c => c.segments), ...report.machine_sessions.map(m => m.segment)];
  return new Set(segments.filter(s => s.context.failure?.includes('circle')).map(s => path.basename(s.path)));
}

const contents = home => Object.fromEntries([...files(home, () => true)].map(file => [file, fs.readFileSync(file, 'latin1')]));

let [mended, errorsBefore, errorsAfter] = [0, 0, 0];

/** What is wrong with the repair of a folder. */
function wrong(home, options) {
  const before = seen(home, circles(home));
  const original = contents(home);
  const applied = run('repair', home, ...options, '--apply', '--format', 'json', '--quiet');
  // 1: something was left as it is, and the report says why.
  if (applied.status === null || applied.status > 2) return `repair: exit code ${applied.status}: ${applied.stderr}`;
  if (applied.stderr.includes('panicked')) return applied.stderr;
  const repairs = JSON.parse(applied.stdout).repairs;
  const changed = repairs.reduce((sum, repair) => sum + repair.files.length + repair.steps.length, 0);
  mended += changed;
  const after = seen(home, circles(home));
  for (const [file, was] of Object.entries(before)) {
    const now = after[file];
    const name = path.basename(file);
    errorsBefore += typeof was === 'string';
    errorsAfter += typeof now === 'string';
    if (typeof now === 'string' && typeof was === 'number') return `${name}: the loader saw ${was} messages, now it ${now}`;
    if (now < was) return `${name}: the loader saw ${was} messages, now ${now}`;
  }
  const again = JSON.parse(run('repair', home, ...options, '--format', 'json', '--quiet').stdout).repairs;
  if (again.some(repair => repair.files.length + repair.steps.length > 0)) return `a second repair changes ${JSON.stringify(again).slice(0, 400)}`;
  if (changed > 0) {
    const undone = run('undo', home);
    if (undone.status !== 0) return `undo: ${undone.stderr}`;
  }
  const restored = contents(home);
  const odd = Object.keys(original).find(file => original[file] !== restored[file]);
  return odd === undefined ? undefined : `${path.basename(odd)} is not as it was`;
}

// ---- the rules' own transcripts

const score = new Score();
for (const name of fs.readdirSync(rules)) {
  const bad = path.join(rules, name, 'bad');
  const setup = path.join(rules, name, 'setup.json');
  const needs = fs.existsSync(setup) ? Object.keys(JSON.parse(fs.readFileSync(setup, 'utf8')).bad ?? {}) : [];
  // What git cannot keep is left to the tests of the program itself.
  if (!fs.existsSync(bad) || needs.some(key => key !== 'sees')) continue;
  const home = path.join(work, name);
  const state = fs.existsSync(path.join(bad, 'agents')) ? home : path.join(home, 'agents/main/sessions');
  fs.cpSync(bad, state, { recursive: true });
  score.add(name, wrong(home, ['--select', name, '--unsafe-fixes']));
  fs.rmSync(home, { recursive: true });
}

// ---- whatever may happen to a file

const sources = [...files(corpus, isTranscript)].map(file => fs.readFileSync(file)).filter(bytes => bytes.length < 64 * 1024);

function mutated(next) {
  const below = n => Math.floor(next() * n);
  const pick = list => list[below(list.length)];
  let bytes = Buffer.from(pick(sources));
  for (let times = 1 + below(4); times > 0; times -= 1) {
    const lines = bytes.toString('latin1').split(/(?<=\n)/);
    const at = below(lines.length);
    const joined = () => Buffer.from(lines.join(''), 'latin1');
    bytes = pick([
      () => bytes.subarray(0, below(bytes.length + 1)),
      () => Buffer.concat([bytes.subarray(0, below(bytes.length)), bytes.subarray(below(bytes.length))]),
      () => Buffer.concat([bytes.subarray(0, below(bytes.length)), pick(sources).subarray(below(4000), below(4000)), bytes.subarray(below(bytes.length))]),
      () => {
        const copy = Buffer.from(bytes);
        for (let flips = below(8); flips >= 0 && copy.length > 0; flips -= 1) copy[below(copy.length)] ^= 1 << below(8);
        return copy;
      },
      () => (lines.splice(below(lines.length + 1), 0, pick(lines)), joined()),
      () => (([lines[at], lines[0]] = [lines[0], lines[at]]), joined()),
      () => (lines.splice(at, 1), joined()),
      () => ((lines[at] = lines[at].replace(/\n$/, '')), joined()),
      () => (lines.splice(at, 0, pick(['undefined\n', 'null\n', '[]\n', '\xef\xbb\xbf', '\0\0\0\n', '{}\n', '\xff'])), joined()),
      () => (lines.sort(() => next() - 0.5), joined()),
    ])();
  }
  return bytes;
}

for (let seed = 1; seed <= FILES / FOLDER; seed += 1) {
  const next = random(seed);
  const home = path.join(work, `mutated-${seed}`);
  const dir = path.join(home, 'agents/main/sessions');
  fs.mkdirSync(dir, { recursive: true });
  for (let at = 0; at < FOLDER; at += 1) {
    const hex = (seed * 65536 + at).toString(16).padStart(12, '0');
    fs.writeFileSync(path.join(dir, `0000abcd-0000-4000-8000-${hex}.jsonl`), mutated(next));
  }
  score.add(`seed ${seed}`, wrong(home, []));
  fs.rmSync(home, { recursive: true });
}
score.end(`; ${mended} files mended, ${errorsBefore} that the loader fails on before, ${errorsAfter} after`);
