// What the checks with the real loader share: the loader, a folder to work in, numbers that are the same everywhere.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

// The session manager alone: the package's entry point brings a terminal UI along.
const manager = path.join(import.meta.dirname, 'node_modules/@mariozechner/pi-coding-agent/dist/core/session-manager.js');
export const { SessionManager } = await import(pathToFileURL(manager));

/** The two arguments that every check takes: the binary, and a folder of transcripts. */
export function args(names) {
  const given = process.argv.slice(2);
  if (given.length < names.length) {
    console.error(`usage: node ${path.basename(process.argv[1])} ${names.join(' ')}`);
    process.exit(2);
  }
  return given;
}

/** A folder that is gone when the check is over; in memory where there is such a place, since every run syncs its files. */
export function workDir(name) {
  const root = fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir();
  const dir = fs.mkdtempSync(path.join(root, `clawfix-${name}-`));
  process.on('exit', () => fs.rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Opens a copy of a transcript, as opening may rewrite the file. */
export function open(file, work) {
  const copy = path.join(work, 'copy.jsonl');
  fs.copyFileSync(file, copy);
  return SessionManager.open(copy);
}

export const runner = binary => (...given) => spawnSync(binary, given, { encoding: 'utf8', maxBuffer: 1 << 28 });

/** mulberry32: small, seeded, the same everywhere. */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Counts what passed and shows the first failures. */
export class Score {
  passed = 0;
  failed = 0;
  add(name, wrong) {
    if (wrong === undefined) this.passed += 1;
    else if ((this.failed += 1) <= 5) console.log(`${name}: ${wrong}`);
  }
  end(more = '') {
    console.log(`${this.passed} passed, ${this.failed} failed${more}`);
    process.exitCode = this.failed > 0 || this.passed === 0 ? 1 : 0;
  }
}
