import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { samovarCommand } from '../test/run-samovar.ts';

const [program = '', ...main] = samovarCommand;

/** Runs a command whose standard output or error is a device without room. */
function runWithoutRoom(words: readonly string[], full: 'out' | 'err') {
  const device = openSync('/dev/full', 'w');
  try {
    const stdio =
      full === 'out' ? (['ignore', device, 'pipe'] as const) : (['ignore', 'pipe', device] as const);
    return spawnSync(program, [...main, ...words], { stdio: [...stdio], encoding: 'utf8' });
  } finally {
    closeSync(device);
  }
}

test('output that finds no room is one sentence with its remedy and a failure, no stack', () => {
  for (const words of [['help'], ['config', '--json']]) {
    const { status, stderr } = runWithoutRoom(words, 'out');
    assert.equal(status, 1, words.join(' '));
    assert.match(
      stderr,
      /^The output could not be written: ENOSPC.*\nMake room there, or send it elsewhere\.\n$/,
    );
  }
});

test('news that find no room do not end the work', () => {
  const { status, stdout } = runWithoutRoom(['config', 'get', 'moon'], 'err');
  assert.deepEqual([status, stdout], [2, '']);
});
