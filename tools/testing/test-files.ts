import { globSync } from 'node:fs';
import { join } from 'node:path';

/** Groups that `./samovar test` knows; `default` is what CI runs. */
export const testGroups = [
  'default',
  'checks',
  'server',
  'cli',
  'docs',
  'clients',
  'conformance',
  'chaos',
  'deep',
] as const;

export type TestGroup = (typeof testGroups)[number];

const patterns: Readonly<Record<Exclude<TestGroup, 'default'>, readonly string[]>> = {
  checks: ['tools/**/*.test.ts', 'contract/src/**/*.test.ts', 'bench/src/**/*.test.ts'],
  server: [
    'server/src/**/*.test.ts',
    'server/test/*.test.ts',
    'server/test/apart/*.test.ts',
    'server/test/foundation-models/**/*.test.ts',
  ],
  conformance: ['server/test/conformance/**/*.test.ts'],
  chaos: ['server/test/chaos/*.test.ts'],
  clients: ['server/test/openai-clients/**/*.test.ts', 'server/test/foundation-models-clients/**/*.test.ts'],
  cli: ['cli/src/**/*.test.ts'],
  docs: ['server/test/docs/**/*.test.ts'],
  deep: [
    'server/**/*.deep.test.ts',
    'cli/**/*.deep.test.ts',
    'docs/**/*.deep.test.ts',
    'bench/**/*.deep.test.ts',
    'tools/**/*.deep.test.ts',
  ],
};

const defaultGroups: readonly Exclude<TestGroup, 'default'>[] = [
  'checks',
  'server',
  'conformance',
  'clients',
  'chaos',
  'cli',
  'docs',
];

/** Absolute paths of a group's test files, quick checks first. Deep files belong to `deep` alone. */
export function testFilesOf(group: TestGroup, root: string): string[] {
  if (group === 'default') return defaultGroups.flatMap((name) => testFilesOf(name, root));
  const found = patterns[group].flatMap((pattern) =>
    globSync(pattern, { cwd: root, exclude: ['**/node_modules/**'] }),
  );
  return found
    .filter((path) => path.endsWith('.deep.test.ts') === (group === 'deep'))
    .sort()
    .map((path) => join(root, path));
}
