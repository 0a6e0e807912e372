import { SamovarError } from '../../../kernel/errors.ts';
import { newId } from '../../../kernel/ids.ts';
import type { ConfigVersion } from '../../../kernel/ports/config-version.ts';
import type { DatabaseTransaction } from '../../../kernel/ports/database.ts';
import type { JobSender } from '../../../kernel/ports/job-queue.ts';
import { type AuditContext, recordAudit } from '../../audit/index.ts';
import { setAlias } from '../aliases/set-alias.ts';
import { manifestDigest } from '../manifest-digest.ts';
import { insertModel, insertVersion } from '../model-store.ts';
import { nextVersionState, type VersionState } from '../model-version.ts';
import { publishVersion } from '../publish-version.ts';
import { queueImport } from '../queue-import.ts';
import type { RegistryTables } from '../registry-tables.ts';
import { changeVersion } from '../versions/change-model.ts';
import { listVersions } from '../versions/list-versions.ts';
import type { ApplyPlan, DeclaredDeployment, DeclaredModel, DeclaredSet, PlanItem } from './declared-set.ts';
import { type PlanDependencies, planApply } from './plan-apply.ts';

export interface ApplyDependencies extends PlanDependencies {
  readonly configVersion: ConfigVersion;
  readonly jobs: JobSender;
  /** Deployments belong to another module. */
  deploy(context: AuditContext, declared: DeclaredDeployment): Promise<void>;
}

/**
 * Makes what is declared so: versions are registered and their files fetched by jobs, aliases and deployments of
 * models that are ready are set. Doing it twice does nothing the second time; what waits for files (`later`) is done
 * by applying again. `agreed`: the digest of the plan that somebody looked at. Throws `registry.plan_changed` when
 * it would do something else now, `registry.files_missing` for files that are nowhere.
 */
export async function applyDeclared(
  dependencies: ApplyDependencies,
  context: AuditContext,
  declared: DeclaredSet,
  agreed: string | null,
): Promise<ApplyPlan> {
  const plan = await planApply(dependencies, context.scope, declared);
  if (agreed !== null && plan.digest !== agreed) throw new SamovarError('registry.plan_changed');
  for (const { name, missing } of plan.items)
    if (missing.length > 0)
      throw new SamovarError('registry.files_missing', {
        params: { model: name, files: missing.map((file) => file.name).join(', ') },
      });
  for (const item of plan.items) await applyItem(dependencies, context, declared, item);
  return plan;
}

async function applyItem(
  dependencies: ApplyDependencies,
  context: AuditContext,
  declared: DeclaredSet,
  item: PlanItem,
): Promise<void> {
  if (item.action === 'unchanged' || item.action === 'later') return;
  if (item.kind === 'alias') {
    const model = declared.aliases[item.name] ?? '';
    await setAlias(dependencies, context, item.name, { targets: [{ model }] });
  } else if (item.kind === 'deployment') {
    const deployment = declared.deployments.find(({ model }) => model === item.name);
    if (deployment) await dependencies.deploy(context, deployment);
  } else {
    const model = declared.models.find(({ manifest }) => manifest.name === item.name);
    if (model && item.action === 'make-current') await makeCurrent(dependencies, context, model);
    else if (model) await register(dependencies, context, model);
  }
}

async function makeCurrent(
  dependencies: ApplyDependencies,
  context: AuditContext,
  { manifest }: DeclaredModel,
): Promise<void> {
  const versions = await listVersions(dependencies.database, context.scope, manifest.name);
  const version = versions.find(({ digest }) => digest === manifestDigest(manifest));
  if (version)
    await changeVersion(
      dependencies,
      context,
      { name: manifest.name, versionId: version.versionId },
      { current: true },
    );
}

/** A version and the job that fetches its files; the job finds out what is here already. */
async function register(
  { database, jobs, configVersion }: ApplyDependencies,
  context: AuditContext,
  { manifest, folder }: DeclaredModel,
): Promise<void> {
  const { scope } = context;
  await database.transaction().execute(async (transaction) => {
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
    await rememberFolder(transaction, versionId, folder);
    // A ready version that has lost files: they are fetched again.
    const lost = nextVersionState(state, 'files-lost');
    if (lost !== null) await moveVersion(transaction, versionId, lost);
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

async function rememberFolder(
  transaction: DatabaseTransaction,
  versionId: string,
  folder: string | null,
): Promise<void> {
  await transaction
    .withTables<RegistryTables>()
    .updateTable('model_imports')
    .set({ extra_sources: folder === null ? [] : [folder] })
    .where('version_id', '=', versionId)
    .execute();
}

async function moveVersion(
  transaction: DatabaseTransaction,
  versionId: string,
  state: VersionState,
): Promise<void> {
  await transaction
    .withTables<RegistryTables>()
    .updateTable('model_versions')
    .set({ state })
    .where('id', '=', versionId)
    .execute();
}
