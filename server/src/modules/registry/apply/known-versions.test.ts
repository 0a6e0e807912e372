import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { defaultScope } from '@samovar/contract/default-scope';
import type { KyselyPlugin } from 'kysely';
import { type ApplyBed, actionsOf, createApplyBed, declare } from '../../../../test/apply-bed.ts';
import { smallGguf } from '../../../../test/import-bed.ts';
import { planApply } from './plan-apply.ts';

let bed: ApplyBed;

before(async () => {
  bed = await createApplyBed();
});
after(() => bed.imports.stop());

test('a model of many versions is compared by two of them: what its name means, and what is declared', async () => {
  const weights = await smallGguf();
  await bed.upload(weights);
  const versions = Array.from({ length: 12 }, (_, index) =>
    declare(bed.manifestOf('many', weights, { description: `version ${index}` })),
  );
  for (const version of versions) await bed.apply(version);
  await bed.fetchFiles();
  let mostRows = 0;
  const counting: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    async transformResult({ result }) {
      mostRows = Math.max(mostRows, result.rows.length);
      return result;
    },
  };
  const dependencies = { ...bed.dependencies, database: bed.dependencies.database.withPlugin(counting) };
  const planned = await Promise.all(versions.map((each) => planApply(dependencies, defaultScope, each)));
  assert.deepEqual(planned.map((plan) => actionsOf(plan)[0]?.[1]).sort(), [
    ...versions.slice(1).map(() => 'make-current'),
    'unchanged',
  ]);
  assert.ok(mostRows <= 2, `${mostRows} rows`);
});
