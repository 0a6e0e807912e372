import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { boundaryRules } from './boundary-rules.ts';
import { checkBoundaries } from './check-boundaries.ts';
import { type PlantedFault, plantedFaults } from './planted-faults.ts';
import { repositoryRoot } from './repository-root.ts';

test('no file crosses a boundary', async () => {
  const report = await checkBoundaries(repositoryRoot);
  assert.deepEqual(report.violations, []);
  assert.ok(report.modulesCruised > 50, `only ${report.modulesCruised} modules were read`);
});

test('every rule has a planted fault', () => {
  assert.deepEqual(
    plantedFaults.map((fault) => fault.rule).sort(),
    boundaryRules.map((rule) => rule.name ?? '').sort(),
  );
});

for (const fault of plantedFaults) {
  test(`the rule ${fault.rule} finds its planted fault`, async () => {
    const root = await plant(fault);
    try {
      const report = await checkBoundaries(root);
      const rules = report.violations.map((line) => line.split(':')[0]);
      assert.ok(rules.includes(fault.rule), `found only: ${report.violations.join('; ') || 'nothing'}`);
    } finally {
      await rm(root, { recursive: true });
    }
  });
}

async function plant(fault: PlantedFault): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'samovar-fault-'));
  for (const [path, text] of Object.entries(fault.files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}
