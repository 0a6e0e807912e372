import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import { boundaryRules } from './boundary-rules.ts';

const sourceRoots = ['server/src', 'cli/src', 'contract/src'];

export interface BoundaryReport {
  /** `rule: from → to`, one line a violation. */
  readonly violations: readonly string[];
  readonly modulesCruised: number;
}

/**
 * Checks the direction rules on `server/src`, `cli/src` and `contract/src` under a folder. Type-only imports count.
 * The number of modules cruised is reported because a parser that reads nothing finds no fault either.
 */
export async function checkBoundaries(root: string): Promise<BoundaryReport> {
  const result = await cruise(
    sourceRoots.filter((folder) => existsSync(join(root, folder))),
    {
      baseDir: root,
      validate: true,
      ruleSet: { forbidden: [...boundaryRules] },
      tsPreCompilationDeps: true,
      doNotFollow: { path: 'node_modules' },
      combinedDependencies: true,
    },
    {
      extensions: ['.ts', '.js', '.json'],
      conditionNames: ['import', 'types', 'node', 'default'],
      exportsFields: ['exports'],
    },
  );
  const output = result.output as ICruiseResult;
  return {
    violations: output.summary.violations.map(
      (violation) => `${violation.rule.name}: ${violation.from} → ${violation.to}`,
    ),
    modulesCruised: output.summary.totalCruised,
  };
}
