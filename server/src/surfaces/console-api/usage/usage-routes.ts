import Type from 'typebox';
import type { Clock } from '../../../kernel/clock.ts';
import { SamovarError } from '../../../kernel/errors.ts';
import { withPrefix } from '../../../kernel/ids.ts';
import type { Database } from '../../../kernel/ports/database.ts';
import type { BoundRoute } from '../../../kernel/ports/http-routes.ts';
import { queryUsage, type UsageGrouping } from '../../../modules/usage/index.ts';
import { consoleRoute, parseTime } from '../console-route.ts';
import { usageExample } from './usage-examples.ts';

const groupings: readonly UsageGrouping[] = ['day', 'model', 'key', 'endpoint'];
const dayMs = 86_400_000;

const totals = {
  requests: Type.Integer(),
  /** Requests that ended with a status of 400 or more. */
  failedRequests: Type.Integer(),
  inputTokens: Type.Integer(),
  cachedInputTokens: Type.Integer(),
  outputTokens: Type.Integer(),
  reasoningTokens: Type.Integer(),
};

const usageReport = Type.Object(
  {
    from: Type.String(),
    to: Type.String(),
    groupBy: Type.Enum([...groupings]),
    groups: Type.Array(Type.Object({ group: Type.String(), ...totals }, { additionalProperties: false })),
    totals: Type.Object(totals, { additionalProperties: false }),
  },
  { additionalProperties: false, examples: [usageExample] },
);

/** `/api/usage`: what the caller's project used. */
export function usageRoutes({ database, clock }: { database: Database; clock: Clock }): BoundRoute[] {
  return [
    consoleRoute(
      {
        id: 'console.usage.read',
        method: 'GET',
        path: '/api/usage',
        permission: 'usage.read',
        audit: null,
        tag: 'Usage',
        summary: 'Read usage by day, model, key or endpoint',
        description:
          'Requests that began from `from` on (30 days ago when left out) and before `to` (now): every one of a valid key ' +
          'to an inference route, refused and cancelled ones too.',
        query: Type.Object(
          {
            from: Type.Optional(Type.String({ description: 'A date, or a time with its zone.' })),
            to: Type.Optional(Type.String({ description: 'A date, or a time with its zone; not included.' })),
            groupBy: Type.Optional(Type.Enum([...groupings])),
          },
          { additionalProperties: false },
        ),
        responses: { 200: { description: 'Sums by group, and of all.', schema: usageReport } },
      },
      async ({ principal, query }) => {
        const to = typeof query.to === 'string' ? parseTime('to', query.to) : new Date(clock.now() + 1);
        const from =
          typeof query.from === 'string'
            ? parseTime('from', query.from)
            : new Date((Math.floor(to.getTime() / dayMs) - 29) * dayMs);
        if (from >= to)
          throw new SamovarError('request.invalid', {
            params: { parameter: 'from', reason: 'it must be before `to`.' },
            field: 'from',
          });
        const groupBy = groupings.find((grouping) => grouping === query.groupBy) ?? 'day';
        const report = await queryUsage(database, principal, { from, to, groupBy });
        const groups =
          groupBy === 'key'
            ? report.groups.map((group) => ({ ...group, group: withPrefix('key', group.group) }))
            : report.groups;
        return {
          status: 200,
          body: { from: from.toISOString(), to: to.toISOString(), groupBy, groups, totals: report.totals },
        };
      },
    ),
  ];
}
