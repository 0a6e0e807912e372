import { type Selectable, sql } from 'kysely';
import type { Database } from '../../kernel/ports/database.ts';
import type { Scope } from '../../kernel/principal.ts';

export type UsageGrouping = 'day' | 'model' | 'key' | 'endpoint';

export interface UsageTotals {
  readonly requests: number;
  /** Requests that ended with a status of 400 or more. */
  readonly failedRequests: number;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
}

export interface UsageGroup extends UsageTotals {
  /** The day as `2026-11-23` (UTC), the model's name (`(none)` where a refused request named none), the key's id, or the endpoint. */
  readonly group: string;
}

export interface UsageReport {
  readonly groups: readonly UsageGroup[];
  readonly totals: UsageTotals;
}

type UsageTables = {
  usage_records: {
    started_at: Date;
    organization_id: string;
    project_id: string;
    key_id: string;
    requested_model: string;
    model_name: string | null;
    endpoint: string;
  };
};

type SumRow = Selectable<{
  group: string;
  requests: string;
  failed: string;
  input: string;
  cached: string;
  output: string;
  reasoning: string;
}>;

const groupings = {
  day: sql<string>`to_char(started_at at time zone 'UTC', 'YYYY-MM-DD')`,
  model: sql<string>`coalesce(model_name, nullif(requested_model, ''), '(none)')`,
  key: sql<string>`key_id::text`,
  endpoint: sql<string>`endpoint`,
};

/** Sums of a project's requests that began in `[from, to)`, by group; days in order, other groups largest first. */
export async function queryUsage(
  database: Database,
  scope: Scope,
  query: { readonly from: Date; readonly to: Date; readonly groupBy: UsageGrouping },
): Promise<UsageReport> {
  const group = groupings[query.groupBy];
  const rows: SumRow[] = await database
    .withTables<UsageTables>()
    .selectFrom('usage_records')
    .select([
      group.as('group'),
      sql<string>`count(*)`.as('requests'),
      sql<string>`count(*) filter (where status >= 400)`.as('failed'),
      sql<string>`coalesce(sum(input_tokens), 0)`.as('input'),
      sql<string>`coalesce(sum(cached_input_tokens), 0)`.as('cached'),
      sql<string>`coalesce(sum(output_tokens), 0)`.as('output'),
      sql<string>`coalesce(sum(reasoning_tokens), 0)`.as('reasoning'),
    ])
    .where('organization_id', '=', scope.organizationId)
    .where('project_id', '=', scope.projectId)
    .where('started_at', '>=', query.from)
    .where('started_at', '<', query.to)
    .groupBy(group)
    .orderBy(query.groupBy === 'day' ? sql`1` : sql`count(*) desc, 1`)
    .execute();
  const groups = rows.map((row) => ({ group: row.group, ...totalsOf(row) }));
  return { groups, totals: groups.reduce<UsageTotals>(add, nothing) };
}

const nothing: UsageTotals = {
  requests: 0,
  failedRequests: 0,
  inputTokens: 0,
  cachedInputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
};

function totalsOf(row: SumRow): UsageTotals {
  return {
    requests: Number(row.requests),
    failedRequests: Number(row.failed),
    inputTokens: Number(row.input),
    cachedInputTokens: Number(row.cached),
    outputTokens: Number(row.output),
    reasoningTokens: Number(row.reasoning),
  };
}

function add(left: UsageTotals, right: UsageTotals): UsageTotals {
  return {
    requests: left.requests + right.requests,
    failedRequests: left.failedRequests + right.failedRequests,
    inputTokens: left.inputTokens + right.inputTokens,
    cachedInputTokens: left.cachedInputTokens + right.cachedInputTokens,
    outputTokens: left.outputTokens + right.outputTokens,
    reasoningTokens: left.reasoningTokens + right.reasoningTokens,
  };
}
