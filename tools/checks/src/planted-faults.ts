import { moduleGraph } from './boundary-rules.ts';

/** A small tree that breaks one rule: file → text. */
export interface PlantedFault {
  readonly rule: string;
  readonly files: Readonly<Record<string, string>>;
}

const leaf = 'export const leaf = 1;\n';

function imports(rule: string, from: string, to: string, specifier: string, typeOnly = false): PlantedFault {
  const text = typeOnly
    ? `import type { Leaf } from '${specifier}';\nexport type Own = Leaf;\n`
    : `import { leaf } from '${specifier}';\nexport const own = leaf;\n`;
  return { rule, files: { [from]: text, [to]: typeOnly ? 'export type Leaf = 1;\n' : leaf } };
}

function importsPackage(rule: string, from: string, name: string): PlantedFault {
  return {
    rule,
    files: {
      [from]: `import { leaf } from '${name}';\nexport const own = leaf;\n`,
      [`node_modules/${name}/package.json`]: `{ "name": "${name}", "version": "1.0.0", "main": "index.js" }`,
      [`node_modules/${name}/index.js`]: 'exports.leaf = 1;\n',
    },
  };
}

const src = 'server/src';

/** One fault for each rule; where a rule covers type-only imports, the fault is one. */
export const plantedFaults: readonly PlantedFault[] = [
  imports(
    'kernel-imports-nothing-of-ours',
    `${src}/kernel/a.ts`,
    `${src}/modules/iam/index.ts`,
    '../modules/iam/index.ts',
    true,
  ),
  imports(
    'module-stays-inside',
    `${src}/modules/iam/a.ts`,
    `${src}/platform/b.ts`,
    '../../platform/b.ts',
    true,
  ),
  importsPackage('module-without-frameworks', `${src}/modules/iam/a.ts`, 'fastify'),
  imports(
    'module-only-through-index',
    `${src}/modules/usage/a.ts`,
    `${src}/modules/iam/deep.ts`,
    '../iam/deep.ts',
    true,
  ),
  ...Object.keys(moduleGraph).map((name) =>
    imports(
      `module-graph-${name}`,
      `${src}/modules/${name}/a.ts`,
      `${src}/modules/stranger/index.ts`,
      '../stranger/index.ts',
      true,
    ),
  ),
  imports(
    'surface-calls-modules-only',
    `${src}/surfaces/openai/a.ts`,
    `${src}/platform/b.ts`,
    '../../platform/b.ts',
  ),
  imports(
    'surface-through-module-index',
    `${src}/surfaces/openai/a.ts`,
    `${src}/modules/iam/deep.ts`,
    '../../modules/iam/deep.ts',
    true,
  ),
  imports('surface-apart', `${src}/surfaces/openai/a.ts`, `${src}/surfaces/system/b.ts`, '../system/b.ts'),
  importsPackage('surface-without-sql', `${src}/surfaces/openai/a.ts`, 'kysely'),
  imports(
    'platform-implements-ports',
    `${src}/platform/a.ts`,
    `${src}/modules/iam/index.ts`,
    '../modules/iam/index.ts',
    true,
  ),
  imports('formats-are-pure', `${src}/formats/a.ts`, `${src}/platform/b.ts`, '../platform/b.ts'),
  imports(
    'grpc-speaks-http2-alone',
    `${src}/platform/http/a.ts`,
    `${src}/platform/http2/b.ts`,
    '../http2/b.ts',
  ),
  {
    rule: 'http2-is-our-own',
    files: {
      [`${src}/platform/grpc/a.ts`]:
        "import { createServer } from 'node:http2';\nexport const own = createServer;\n",
    },
  },
  importsPackage('grpc-without-packages', `${src}/platform/grpc/a.ts`, '@grpc/grpc-js'),
  imports(
    'engine-knows-models-only',
    `${src}/engines/onnx/a.ts`,
    `${src}/modules/iam/index.ts`,
    '../../modules/iam/index.ts',
    true,
  ),
  imports('only-roles-wire', `${src}/platform/a.ts`, `${src}/roles/api/b.ts`, '../roles/api/b.ts'),
  imports('config-read-by-roles-only', `${src}/platform/a.ts`, `${src}/config/b.ts`, '../config/b.ts', true),
  imports('cli-speaks-http', 'cli/src/a.ts', `${src}/kernel/b.ts`, '../../server/src/kernel/b.ts', true),
  imports(
    'contract-stands-alone',
    'contract/src/a.ts',
    `${src}/kernel/b.ts`,
    '../../server/src/kernel/b.ts',
    true,
  ),
  {
    rule: 'no-circle',
    files: {
      [`${src}/kernel/a.ts`]: "import type { B } from './b.ts';\nexport type A = B | 1;\n",
      [`${src}/kernel/b.ts`]: "import type { A } from './a.ts';\nexport type B = A | 2;\n",
    },
  },
];
