import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createStopFilter } from './stop-filter.ts';

test('however a text is cut, it ends before its first stop string', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 30 });
  const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 2, maxLength: 4 }), {
    maxLength: 4,
  });
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 8 }), stops, (pieces, stopTexts) => {
      const filter = createStopFilter(stopTexts);
      let passed = '';
      let stopped = false;
      for (const piece of pieces) {
        const result = filter.push(piece);
        passed += result.text;
        stopped = result.stopped;
        if (stopped) break;
      }
      if (!stopped) passed += filter.finish();
      const whole = pieces.join('');
      assert.equal(
        stopped,
        stopTexts.some((stop) => whole.includes(stop)),
      );
      if (!stopped) assert.equal(passed, whole);
      else {
        assert.ok(whole.startsWith(passed));
        assert.ok(!stopTexts.some((stop) => passed.includes(stop)));
        assert.ok(stopTexts.some((stop) => whole.startsWith(passed + stop)));
      }
    }),
  );
});
