import { sql } from 'kysely';
import type { ConfigVersion } from '../../kernel/ports/config-version.ts';
import type { DatabaseTransaction } from '../../kernel/ports/database.ts';
import { systemAuditContext } from '../audit/index.ts';
import { appendEngineEvent } from './engine-events.ts';
import {
  type EngineEvent,
  type EngineState,
  missedEvent,
  nextEngineState,
  probePauseSeconds,
  takesRequests,
} from './engine-state.ts';
import { engineOf, updateEngine } from './engine-store.ts';
import { lockModelNames } from './model-rows.ts';
import type { ProbeOutcome } from './probe/probe-engine.ts';
import { publishModel } from './publish-models.ts';
import type { RemoteEngine } from './remote-engine.ts';
import type { RemoteTables } from './remote-tables.ts';
import { writeModels } from './write-models.ts';

/**
 * Writes what a probe has found out, in one transaction: state, models, versions and events. Nothing when the
 * connection was changed or removed meanwhile, or when another process probes it by now.
 */
export async function applyProbe(
  transaction: DatabaseTransaction,
  configVersion: ConfigVersion,
  probed: RemoteEngine,
  token: string,
  outcome: ProbeOutcome,
): Promise<void> {
  const row = await transaction
    .withTables<RemoteTables>()
    .selectFrom('remote_engines')
    .selectAll()
    .where('id', '=', probed.id)
    .where('probe_token', '=', token)
    .forUpdate()
    .executeTakeFirst();
  if (!row) return;
  const engine = engineOf(row);
  if (engine.revision !== probed.revision) {
    await updateEngine(transaction, engine, engine.id, { probe_token: null, probe_until: null });
    return;
  }
  if (outcome.kind === 'answered') await lockModelNames(transaction, engine);
  const found = outcome.kind === 'answered' ? await writeModels(transaction, engine, outcome.models) : null;
  const state = await writeState(transaction, engine, outcome, found?.problems ?? []);
  const context = systemAuditContext(engine, 'remote-engines');
  for (const name of found?.names ?? []) await publishModel(transaction, configVersion, context, name);
  const flavourChanged = outcome.kind === 'answered' && outcome.flavour !== engine.flavour;
  const isSeen = takesRequests(state) || takesRequests(engine.state);
  if (isSeen && (takesRequests(state) !== takesRequests(engine.state) || found?.changed || flavourChanged))
    await configVersion.bump(transaction, 'replicas');
}

async function writeState(
  transaction: DatabaseTransaction,
  engine: RemoteEngine,
  outcome: ProbeOutcome,
  problems: readonly string[],
): Promise<EngineState> {
  const missed = outcome.kind === 'missed' ? engine.missedProbes + 1 : 0;
  const told =
    outcome.kind === 'missed'
      ? [outcome.reason]
      : [...(outcome.problem ? [outcome.problem] : []), ...problems];
  const reason = told.length === 0 ? null : told.join('; ');
  const event: EngineEvent =
    outcome.kind === 'missed' ? missedEvent(missed) : reason === null ? 'good' : 'partial';
  const state = nextEngineState(engine.state, event);
  const now = sql<Date>`now()`;
  await transaction
    .withTables<RemoteTables>()
    .updateTable('remote_engines')
    .set({
      state,
      reason,
      missed_probes: missed,
      probed_at: now,
      next_probe_at: sql<Date>`now() + make_interval(secs => ${probePauseSeconds(missed)})`,
      probe_token: null,
      probe_until: null,
      ...(state === engine.state ? {} : { since: now }),
      ...(outcome.kind === 'answered' ? { flavour: outcome.flavour, engine_version: outcome.version } : {}),
    })
    .where('id', '=', engine.id)
    .execute();
  if (state !== engine.state || reason !== engine.reason)
    await appendEngineEvent(
      transaction,
      engine,
      'state',
      `${engine.state} → ${state}${reason === null ? '' : `: ${reason}`}`,
    );
  return state;
}
