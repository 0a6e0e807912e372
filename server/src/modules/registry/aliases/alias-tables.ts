import type { ColumnType, Generated } from 'kysely';
import type { RegistryTables } from '../registry-tables.ts';
import type { AliasAction, AliasState } from './alias-state.ts';
import type { CanaryPlan, CanarySides, CanaryState, CanaryView } from './canary.ts';
import type { AliasScope } from './served-alias.ts';

export type AliasTables = Omit<RegistryTables, 'model_aliases'> & {
  model_aliases: RegistryTables['model_aliases'] & {
    scope: Generated<AliasScope>;
    description: Generated<string>;
    deprecated_at: Generated<Date | null>;
    sunset_at: Generated<Date | null>;
    successor: Generated<string | null>;
    revision: ColumnType<string, number | undefined, number>;
    changed: ColumnType<string, string | undefined, string>;
    created_at: Generated<Date>;
  };
  alias_targets: {
    organization_id: string;
    project_id: string;
    alias: string;
    role: 'target' | 'fallback';
    place: number;
    model_id: string;
    version_id: string | null;
    weight: Generated<number>;
    errors: Generated<string[]>;
  };
  alias_moves: {
    id: string;
    seq: ColumnType<string, never, never>;
    organization_id: string;
    project_id: string;
    alias: string;
    action: AliasAction;
    before: ColumnType<AliasState | null, string | null, never>;
    after: ColumnType<AliasState | null, string | null, never>;
    undoes: string | null;
    canary_id: string | null;
    reason: string | null;
    actor_kind: string;
    actor_id: string;
    request_id: string | null;
    changed: string;
    created_at: Generated<Date>;
  };
  alias_canaries: {
    id: string;
    organization_id: string;
    project_id: string;
    alias: string;
    state: Generated<CanaryState>;
    plan: ColumnType<CanaryPlan, string, never>;
    sides: ColumnType<CanarySides, string, never>;
    step: Generated<number>;
    step_started_at: ColumnType<Date, never, Date>;
    seen: ColumnType<CanaryView | null, never, string | null>;
    reason: Generated<string | null>;
    started_at: Generated<Date>;
    ended_at: Generated<Date | null>;
  };
};
