import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { RemoteFlavour } from '../serving/index.ts';
import type { EngineState } from './engine-state.ts';
import type { Capability, EngineKind, EngineLimits, EngineTimeouts, ModelMapping } from './remote-engine.ts';

/** The tables of this module, as Kysely types them. */
export type RemoteTables = {
  readonly remote_engines: {
    id: string;
    organization_id: string;
    project_id: string;
    name: string;
    kind: EngineKind;
    base_url: string;
    sealed_secrets: Buffer | null;
    has_key: boolean;
    header_names: string[];
    ca_pem: string | null;
    limits: JSONColumnType<EngineLimits, string, string>;
    timeouts: JSONColumnType<EngineTimeouts, string, string>;
    discover: boolean;
    mapping: ColumnType<ModelMapping[], string, string>;
    enabled: boolean;
    revision: Generated<number>;
    state: Generated<EngineState>;
    reason: Generated<string | null>;
    flavour: Generated<RemoteFlavour>;
    engine_version: Generated<string | null>;
    missed_probes: Generated<number>;
    since: Generated<Date>;
    probed_at: Generated<Date | null>;
    next_probe_at: Generated<Date>;
    probe_token: Generated<string | null>;
    probe_until: Generated<Date | null>;
    created_at: Generated<Date>;
  };
  readonly remote_models: {
    id: string;
    organization_id: string;
    project_id: string;
    engine_id: string;
    upstream_name: string;
    model_name: string;
    serving: boolean;
    problem: string | null;
    task: 'chat' | 'embedding';
    lane: 'pass-through' | 'normalise';
    lane_reason: string | null;
    context_tokens: number;
    parameters: ColumnType<string, number, number>;
    capabilities: Capability[];
    answers_as: string[];
    dimensions: number | null;
    parent: string | null;
    fingerprint: string;
    checked_at: Date;
    joined_version_id: string | null;
  };
  readonly remote_versions: {
    organization_id: string;
    project_id: string;
    version_id: string;
    model_name: string;
    /** `null`: any. */
    upstream_names: string[] | null;
  };
  readonly remote_adapters: {
    organization_id: string;
    project_id: string;
    engine_id: string;
    name: string;
    path: string;
    state: Generated<AdapterState>;
    error: Generated<string | null>;
    created_at: Generated<Date>;
  };
  readonly remote_engine_events: {
    id: string;
    organization_id: string;
    project_id: string;
    engine_id: string;
    at: Generated<Date>;
    kind: string;
    detail: string;
  };
};

/** `wanted` shall be loaded, `unwanted` shall be unloaded. */
export type AdapterState = 'wanted' | 'loaded' | 'failed' | 'unwanted';
