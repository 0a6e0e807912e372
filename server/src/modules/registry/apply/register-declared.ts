import { newId } from '../../../kernel/ids.ts';
import type { ConfigVersion } from '../../../kernel/ports/config-version.ts';
import type { Database, DatabaseTransaction } from '../../../kernel/ports/database.ts';
import type { JobSender } from '../../../kernel/ports/job-queue.ts';
import { type AuditContext, recordAudit } from '../../audit/index.ts';
import { rememberAcceptance } from '../licenses/license-acceptances.ts';
import { manifestDigest } from '../manifest-digest.ts';
import { insertModel, insertVersion } from '../model-store.ts';
import { nextVersionState } from '../model-version.ts';
import { publishVersion } from '../publish-version.ts';
import { queueImport } from '../queue-import.ts';
import type { RegistryTables } from '../registry-tables.ts';
import type { DeclaredModel, PlanItem } from './declared-set.ts';

export interface Registration {
  readonly database: Database;
  readonly configVersion: ConfigVersion;
  readonly jobs: JobSender;
}

export interface Acceptance {
  /** Those that are known before the files are. */
  readonly terms: PlanItem['terms'];
  /** Whatever they turn out to be. */
  readonly acceptLicense: boolean;
}

/** A version and the job that fetches its files; the job finds out what is here already. */
export async function registerDeclared(
  { database, jobs, configVersion }: Registration,
  context: AuditContext,
  { manifest, folder }: DeclaredModel,
  acceptance: Acceptance,
): Promise<void> {
  const { scope } = context;
  await database.transaction().execute(async (transaction) => {
    if (acceptance.acceptLicense) await accept(transaction, context, manifest.name, acceptance.terms);
    if (manifest.files.length === 0) {
      await publishVersion(transaction, configVersion, context, manifest);
      return;
    }
    const modelId = await insertModel(transaction, scope, manifest.name);
    const { versionId, state } = await insertVersion(transaction, scope, {
      versionId: newId(),
      modelId,
      manifest,
      manifestSha256: manifestDigest(manifest),
    });
    const tables = transaction.withTables<RegistryTables>();
    await tables
      .updateTable('model_imports')
      .set({
        extra_sources: folder === null ? [] : [folder],
        // What failed before is tried anew.
        failure: null,
        ...(acceptance.acceptLicense && {
          acceptance: JSON.stringify({ by: context.actor, at: new Date().toISOString(), terms: null }),
        }),
      })
      .where('version_id', '=', versionId)
      .where('project_id', '=', scope.projectId)
      .execute();
    // A ready version that has lost files: they are fetched again.
    const lost = nextVersionState(state, 'files-lost');
    if (lost !== null)
      await tables
        .updateTable('model_versions')
        .set({ state: lost })
        .where('id', '=', versionId)
        .where('project_id', '=', scope.projectId)
        .where('state', '=', state)
        .execute();
    await queueImport(jobs, transaction, scope, versionId);
    await recordAudit(transaction, {
      ...context,
      action: 'model.apply',
      target: { kind: 'model-version', id: versionId },
      detail: { name: manifest.name },
    });
    await configVersion.bump(transaction);
  });
}

async function accept(
  transaction: DatabaseTransaction,
  context: AuditContext,
  model: string,
  terms: Acceptance['terms'],
): Promise<void> {
  if (terms === null) return;
  const acceptance = { by: context.actor, at: new Date().toISOString(), terms: { ...terms, gated: false } };
  await rememberAcceptance(transaction, context.scope, model, acceptance);
  await recordAudit(transaction, {
    ...context,
    action: 'model.accept-license',
    target: { kind: 'model', id: model },
    detail: { name: model, terms },
  });
}
