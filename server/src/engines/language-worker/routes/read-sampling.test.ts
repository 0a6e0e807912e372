import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SamovarError } from '../../../kernel/errors.ts';
import { readStops } from './read-parameters.ts';
import { readSampling } from './read-sampling.ts';

test('every seed of 64 bits is taken and means the same each time', () => {
  const seedOf = (seed: number) => {
    const { options, reproducible } = readSampling({ seed }, {}, 10);
    assert.ok(reproducible);
    assert.ok(options.seed >= 0 && options.seed < 2 ** 32 - 1);
    return options.seed;
  };
  assert.equal(seedOf(7), 7);
  const large = [2 ** 63, 2 ** 63 - 2048, 2 ** 62, 2 ** 62 + 1024, -(2 ** 63), Number.MAX_SAFE_INTEGER];
  assert.deepEqual(large.map(seedOf), large.map(seedOf));
  assert.ok(new Set(large.map(seedOf)).size >= large.length - 1);
  for (const seed of [2 ** 64, 1.5, Number.NaN])
    assert.throws(() => readSampling({ seed }, {}, 10), SamovarError);
});

test('an empty list of stop strings means none; an empty stop string is refused', () => {
  assert.deepEqual(readStops({ stop: [] }), []);
  assert.throws(() => readStops({ stop: '' }), SamovarError);
  assert.throws(() => readStops({ stop: [''] }), SamovarError);
});
