import { SamovarError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import type { OutboundGuard } from '../../kernel/ports/outbound-guard.ts';
import { type AuditContext, recordAudit } from '../audit/index.ts';
import { checkCa, checkMapping, checkSecrets, readBaseUrl } from './check-connection.ts';
import { appendEngineEvent } from './engine-events.ts';
import { sealSecrets } from './engine-secrets.ts';
import { findEngine, insertEngine } from './engine-store.ts';
import type { RemoteEngineDependencies } from './remote-dependencies.ts';
import type { EngineConnection, EngineSecrets, RemoteEngine } from './remote-engine.ts';

/** A connection that somebody wants; `baseUrl` as it was written. */
export interface NewEngine extends Omit<EngineConnection, 'enabled'> {
  readonly secrets: EngineSecrets;
}

/**
 * Keeps a new connection, which is probed at once. Throws `request.invalid`, `request.address_refused` for an internal
 * address that is not allowed, and `remote.exists`.
 */
export async function connectEngine(
  deps: RemoteEngineDependencies,
  context: AuditContext,
  wanted: NewEngine,
): Promise<RemoteEngine> {
  const { scope } = context;
  const baseUrl = readBaseUrl(wanted.baseUrl);
  checkSecrets(wanted.secrets);
  checkMapping(wanted);
  checkCa(wanted.ca);
  await checkAddress(deps.guard, baseUrl);
  const id = newId();
  return await deps.database.transaction().execute(async (transaction) => {
    const inserted = await insertEngine(transaction, {
      id,
      organization_id: scope.organizationId,
      project_id: scope.projectId,
      name: wanted.name,
      kind: wanted.kind,
      base_url: baseUrl,
      sealed_secrets: sealSecrets(deps.sealing, id, wanted.secrets),
      has_key: wanted.secrets.key !== null,
      header_names: Object.keys(wanted.secrets.headers),
      ca_pem: wanted.ca,
      limits: JSON.stringify(wanted.limits),
      timeouts: JSON.stringify(wanted.timeouts),
      discover: wanted.discover,
      mapping: JSON.stringify(wanted.mapping),
      enabled: true,
    });
    const engine = inserted ? await findEngine(transaction, scope, wanted.name) : null;
    if (engine === null)
      throw new SamovarError('remote.exists', { params: { engine: wanted.name }, field: 'name' });
    await appendEngineEvent(transaction, engine, 'connection', `connected to ${baseUrl}`);
    await recordAudit(transaction, {
      ...context,
      action: 'engine.connect',
      target: { kind: 'remote-engine', id },
      detail: { name: wanted.name, kind: wanted.kind, baseUrl, hasKey: wanted.secrets.key !== null },
    });
    return engine;
  });
}

/** Tells of a refused address now rather than with each probe. A name that is unknown today may be known tomorrow. */
export async function checkAddress(guard: OutboundGuard, baseUrl: string): Promise<void> {
  const url = new URL(baseUrl);
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  try {
    await guard.resolve(url.hostname, port);
  } catch (error) {
    if (error instanceof SamovarError) throw error;
  }
}
