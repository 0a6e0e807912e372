import type { BoundRoute } from '../../kernel/ports/http-routes.ts';
import type { IamDependencies } from '../../modules/iam/index.ts';
import type { OperationAccess } from '../../modules/operations/index.ts';
import type { ImportRequests } from '../../modules/registry/index.ts';
import type { AliasApi } from './aliases/alias-access.ts';
import { aliasRoutes } from './aliases/alias-routes.ts';
import { type DeploymentApi, deploymentRoutes } from './deployments/deployment-routes.ts';
import { type EngineApi, engineRoutes } from './engines/engine-routes.ts';
import { type Installation, installationRoutes } from './installation/installation-routes.ts';
import { keyRoutes } from './keys/key-routes.ts';
import { checkRoutes } from './model-checks/check-routes.ts';
import { modelRoutes } from './models/model-routes.ts';
import { type RegistryApi, registryRoutes } from './models/registry-routes.ts';
import { operationRoutes } from './operations/operation-routes.ts';
import { usageRoutes } from './usage/usage-routes.ts';

export type ConsoleApi = IamDependencies &
  Installation &
  ImportRequests &
  AliasApi &
  DeploymentApi &
  EngineApi &
  RegistryApi & { readonly operations: OperationAccess };

/** The routes of the console API, `/api/*`: what none of the standards names. */
export function consoleApiRoutes(api: ConsoleApi): BoundRoute[] {
  return [
    ...keyRoutes(api),
    ...usageRoutes(api),
    ...modelRoutes(api),
    ...checkRoutes(api),
    ...registryRoutes(api),
    ...aliasRoutes(api),
    ...deploymentRoutes(api),
    ...engineRoutes(api),
    ...operationRoutes(api),
    ...installationRoutes(api),
  ];
}
