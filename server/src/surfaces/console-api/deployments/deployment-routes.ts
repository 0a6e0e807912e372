import { engineCapabilities } from '@samovar/contract/engine-capabilities';
import Type from 'typebox';
import { SamovarError } from '../../../kernel/errors.ts';
import { withoutPrefix } from '../../../kernel/ids.ts';
import type { BoundRoute } from '../../../kernel/ports/http-routes.ts';
import type { Principal } from '../../../kernel/principal.ts';
import { auditContextOf } from '../../../modules/audit/index.ts';
import { getServedVersion } from '../../../modules/registry/index.ts';
import {
  changeDeployment,
  createDeployment,
  type DeploymentChange,
  type DeploymentStatus,
  measurementsOf,
  pageDeployments,
  removeDeployment,
  type ServingDependencies,
} from '../../../modules/serving/index.ts';
import { consoleRoute } from '../console-route.ts';
import { findModel } from '../models/shown-model.ts';
import { oneOf, pageQuery, pageReply, pageRequestOf } from '../page-query.ts';
import { changedDeploymentExample } from './deployment-examples.ts';
import { deploymentEventsRoute, deploymentLogsRoute, type FollowingApi } from './deployment-following.ts';
import { deploymentObjectOf, measurementObjectOf } from './deployment-object.ts';
import {
  deploymentChange,
  deploymentObject,
  deploymentPage,
  newDeployment,
  residencies,
  shownDeployment,
  workerStates,
} from './deployment-schema.ts';
import { namedDeployment, deploymentParams as params } from './named-deployment.ts';

export type DeploymentApi = ServingDependencies & FollowingApi;

const tag = 'Deployments';
const path = '/api/deployments/{id}';

/** `/api/deployments`: versions on compute. */
export function deploymentRoutes(api: DeploymentApi): BoundRoute[] {
  return [
    listRoute(api),
    createRoute(api),
    getRoute(api),
    changeRoute(api),
    removeRoute(api),
    deploymentEventsRoute(api),
    deploymentLogsRoute(api),
  ];
}

function listRoute({ database }: DeploymentApi): BoundRoute {
  return consoleRoute(
    {
      id: 'console.deployments.list',
      method: 'GET',
      path: '/api/deployments',
      permission: 'models.read',
      audit: null,
      tag,
      summary: 'List deployments with their state, in the order of their creation',
      query: pageQuery({
        model: Type.Optional(Type.String({ maxLength: 256 })),
        state: Type.Optional(Type.Enum([...workerStates])),
        residency: Type.Optional(Type.Enum([...residencies])),
      }),
      responses: { 200: { description: 'A page of deployments.', schema: deploymentPage } },
    },
    async ({ principal, query }) => {
      const state = oneOf(workerStates, query.state);
      const residency = oneOf(residencies, query.residency);
      const filter = {
        ...(typeof query.model === 'string' && { modelName: query.model }),
        ...(state && { state }),
        ...(residency && { residency }),
      };
      const page = await pageDeployments(database, principal, filter, pageRequestOf(query));
      return pageReply(page, (status) => deploymentObjectOf(status, principal));
    },
  );
}

function createRoute(api: DeploymentApi): BoundRoute {
  return consoleRoute(
    {
      id: 'console.deployments.create',
      method: 'POST',
      path: '/api/deployments',
      permission: 'models.manage',
      audit: 'deployment.set',
      tag,
      summary: 'Deploy a version of a model',
      description:
        'Versions are deployed on demand by themselves when they are ready; this is for one whose deployment was removed, and for older versions.',
      body: newDeployment,
      idempotent: true,
      responses: { 201: { description: 'The deployment.', schema: deploymentObject } },
    },
    async ({ principal, requestId, body }) => {
      const { model, version, ...given } = body as NewDeploymentBody;
      const chosen = await versionOf(api, principal, model, version);
      const change = await changeOf(api, principal, given);
      const id = await createDeployment(api, auditContextOf(principal, requestId), chosen, change);
      return {
        status: 201,
        body: deploymentObjectOf(await namedDeployment(api.database, principal, id), principal),
      };
    },
  );
}

function getRoute({ database }: DeploymentApi): BoundRoute {
  return consoleRoute(
    {
      id: 'console.deployments.get',
      method: 'GET',
      path,
      permission: 'models.read',
      audit: null,
      tag,
      summary: 'Read a deployment, with what was measured of its version',
      params,
      responses: { 200: { description: 'The deployment as it is now.', schema: shownDeployment } },
    },
    async ({ principal, params: { id = '' } }) => {
      const status = await namedDeployment(database, principal, id);
      const measured = await measurementsOf(database, status);
      const version = await getServedVersion(database, principal, status.versionId);
      const engine = status.engine ?? version?.manifest.engine ?? null;
      return {
        status: 200,
        body: {
          ...deploymentObjectOf(status, principal),
          capability: engine && { engine, ...engineCapabilities[engine] },
          measured: measured.map(measurementObjectOf),
        },
      };
    },
  );
}

function changeRoute(api: DeploymentApi): BoundRoute {
  return consoleRoute(
    {
      id: 'console.deployments.change',
      method: 'PATCH',
      path,
      permission: 'models.manage',
      audit: 'deployment.set',
      tag,
      summary: 'Set how a version is kept in memory, and how its worker is started',
      params,
      body: deploymentChange,
      responses: {
        200: {
          description: 'The deployment after this.',
          schema: deploymentObject,
          example: changedDeploymentExample,
        },
      },
    },
    async ({ principal, requestId, params: { id = '' }, body }) => {
      const { deploymentId } = await namedDeployment(api.database, principal, id);
      const change = await changeOf(api, principal, body as ChangeBody);
      await changeDeployment(api, auditContextOf(principal, requestId), { deploymentId }, change);
      const after = await namedDeployment(api.database, principal, deploymentId);
      return { status: 200, body: deploymentObjectOf(after, principal) };
    },
  );
}

function removeRoute(api: DeploymentApi): BoundRoute {
  return consoleRoute(
    {
      id: 'console.deployments.remove',
      method: 'DELETE',
      path,
      permission: 'models.manage',
      audit: 'deployment.remove',
      tag,
      summary: 'Take a version off the machines',
      description:
        'It is unloaded once its running answers have ended, and no request loads it until it is deployed again. The version and its files stay.',
      params,
      responses: { 200: { description: 'The deployment as it was.', schema: deploymentObject } },
    },
    async ({ principal, requestId, params: { id = '' } }) => {
      const status: DeploymentStatus = await namedDeployment(api.database, principal, id);
      await removeDeployment(api, auditContextOf(principal, requestId), status.deploymentId);
      return { status: 200, body: deploymentObjectOf(status, principal) };
    },
  );
}

type ChangeBody = Type.Static<typeof deploymentChange>;
type NewDeploymentBody = Type.Static<typeof newDeployment>;

/** Names of bases become versions. */
async function changeOf(
  { database }: DeploymentApi,
  principal: Principal,
  { base, ...change }: ChangeBody,
): Promise<DeploymentChange> {
  if (base === undefined || base === null) return { ...change, ...(base === null && { base }) };
  const { versionId } = await namedDeployment(database, principal, base);
  return { ...change, base: versionId };
}

async function versionOf(
  api: DeploymentApi,
  principal: Principal,
  model: string,
  version: string | undefined,
): Promise<{ readonly versionId: string; readonly name: string }> {
  const found = await findModel(api, principal, model);
  if (version === undefined) return found;
  const versionId = withoutPrefix('ver', version);
  const chosen = versionId === null ? null : await getServedVersion(api.database, principal, versionId);
  if (chosen === null || chosen.modelId !== found.modelId)
    throw new SamovarError('model.not_found', { params: { model: `${model} ${version}` }, field: 'version' });
  return chosen;
}
