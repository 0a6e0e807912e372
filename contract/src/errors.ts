import { accessErrors } from './errors/access.ts';
import { aliasErrors } from './errors/alias.ts';
import { deploymentErrors } from './errors/deployment.ts';
import { engineErrors } from './errors/engine.ts';
import { importErrors } from './errors/import.ts';
import { limitErrors } from './errors/limit.ts';
import { modelErrors } from './errors/model.ts';
import { operationErrors } from './errors/operation.ts';
import { registryErrors } from './errors/registry.ts';
import { remoteErrors } from './errors/remote.ts';
import { requestErrors } from './errors/request.ts';
import { setupErrors } from './errors/setup.ts';
import { systemErrors } from './errors/system.ts';
import { uploadErrors } from './errors/upload.ts';

/** The error catalogue: `area.reason` → statuses, public text and remedy. One docs page is generated per code. */
export const errorCatalogue = {
  ...accessErrors,
  ...aliasErrors,
  ...deploymentErrors,
  ...engineErrors,
  ...importErrors,
  ...limitErrors,
  ...modelErrors,
  ...operationErrors,
  ...registryErrors,
  ...remoteErrors,
  ...requestErrors,
  ...setupErrors,
  ...systemErrors,
  ...uploadErrors,
} as const;

export type ErrorCode = keyof typeof errorCatalogue;
