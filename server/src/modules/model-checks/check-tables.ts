import type { ColumnType } from 'kysely';
import type { MeasuredSetup } from '../serving/index.ts';
import type { CheckFailure, CheckKind, CheckResult, CheckState, SpeedWish } from './model-check.ts';

type Json<Value> = ColumnType<Value, string, string>;
type Written = ColumnType<Date, never, Date>;

/** A type alias, not an interface: Kysely's table sets need an implicit index signature. */
export type CheckTables = {
  model_checks: {
    id: string;
    organization_id: string;
    project_id: string;
    version_id: string;
    model_name: string;
    kind: CheckKind;
    state: CheckState;
    wanted: Json<SpeedWish | null>;
    actor_kind: 'api-key' | 'system';
    actor_id: string;
    attempt: ColumnType<number, number | undefined, number>;
    progress: ColumnType<number, number | undefined, number>;
    step: string | null;
    setup: ColumnType<MeasuredSetup | null, string | null | undefined, string | null>;
    result: ColumnType<CheckResult | null, string | null | undefined, string | null>;
    failure: ColumnType<CheckFailure | null, string | null | undefined, string | null>;
    input_tokens: ColumnType<string, number | undefined, number>;
    output_tokens: ColumnType<string, number | undefined, number>;
    created_at: Written;
    updated_at: Written;
    started_at: ColumnType<Date | null, never, Date>;
    ended_at: ColumnType<Date | null, never, Date>;
  };
};
