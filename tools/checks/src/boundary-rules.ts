import type { IForbiddenRuleType } from 'dependency-cruiser';

/** Module → modules it may call. The graph of ARCHITECTURE.md. */
export const moduleGraph: Readonly<Record<string, readonly string[]>> = {
  audit: [],
  classification: ['inference', 'registry'],
  iam: ['audit'],
  idempotency: [],
  inference: ['serving', 'registry', 'iam', 'usage'],
  'inference-queue': ['inference', 'operations', 'serving', 'registry', 'usage'],
  'model-checks': ['inference', 'registry', 'serving', 'audit'],
  operations: ['audit'],
  registry: ['audit'],
  rollout: ['registry', 'usage', 'audit'],
  'remote-engines': ['serving', 'registry', 'audit'],
  serving: ['registry', 'audit'],
  usage: ['iam'],
};

const frameworks =
  '^(node_modules/)?(fastify|@fastify/|express|hono|@grpc/|pg|pg-boss|undici|@aws-sdk/)(/|$)';
const contract = '^contract/src/';

/** One rule a fact of ARCHITECTURE.md, "Rules". Paths are relative to the checked tree. */
export const boundaryRules: readonly IForbiddenRuleType[] = [
  rule('kernel-imports-nothing-of-ours', '^server/src/kernel/', '^(server/src/(?!kernel/)|cli/)'),
  rule('module-stays-inside', '^server/src/modules/', '^server/src/(?!kernel/|modules/)'),
  rule('module-without-frameworks', '^server/src/modules/', frameworks),
  rule(
    'module-only-through-index',
    '^server/src/modules/([^/]+)/',
    '^server/src/modules/([^/]+)/(?!index\\.ts$)',
    {
      pathNot: '^server/src/modules/$1/',
    },
  ),
  ...Object.entries(moduleGraph).map(([name, callees]) =>
    rule(`module-graph-${name}`, `^server/src/modules/${name}/`, '^server/src/modules/', {
      pathNot: `^server/src/modules/(${[name, ...callees].join('|')})/`,
    }),
  ),
  rule('surface-calls-modules-only', '^server/src/surfaces/', '^server/src/(?!kernel/|modules/|surfaces/)'),
  rule('surface-through-module-index', '^server/src/surfaces/', '^server/src/modules/[^/]+/(?!index\\.ts$)'),
  rule('surface-apart', '^server/src/surfaces/([^/]+)/', '^server/src/surfaces/([^/]+)/', {
    pathNot: '^server/src/surfaces/$1/',
  }),
  rule('surface-without-sql', '^server/src/surfaces/', '^(node_modules/)?(kysely|pg)(/|$)'),
  rule('platform-implements-ports', '^server/src/platform/', '^server/src/(?!kernel/|platform/|formats/)'),
  rule('formats-are-pure', '^server/src/formats/', '^server/src/(?!kernel/|formats/)'),
  rule('grpc-speaks-http2-alone', '^server/src/(?!platform/(grpc|http2)/)', '^server/src/platform/http2/'),
  rule('http2-is-our-own', '^server/src/', '^(node:)?http2$'),
  rule('grpc-without-packages', '^server/src/', '^(node_modules/)?(@grpc/|grpc-)'),
  rule('engine-knows-models-only', '^server/src/engines/', '^server/src/(?!kernel/|engines/|formats/)'),
  rule('only-roles-wire', '^server/src/(?!roles/|main\\.ts$)', '^server/src/roles/'),
  rule('config-read-by-roles-only', '^server/src/(?!roles/|config/|main\\.ts$)', '^server/src/config/'),
  rule('cli-speaks-http', '^cli/', '^server/'),
  rule('contract-stands-alone', contract, '^(server|cli)/'),
  {
    name: 'no-circle',
    severity: 'error',
    from: {},
    to: { circular: true },
  },
];

function rule(name: string, from: string, to: string, extra: { pathNot?: string } = {}): IForbiddenRuleType {
  return {
    name,
    severity: 'error',
    from: { path: from, pathNot: '\\.test\\.ts$' },
    to: { path: to, ...extra },
  };
}
