import { accessErrors } from './errors/access.ts';
import { engineErrors } from './errors/engine.ts';
import { limitErrors } from './errors/limit.ts';
import { modelErrors } from './errors/model.ts';
import { operationErrors } from './errors/operation.ts';
import { requestErrors } from './errors/request.ts';
import { setupErrors } from './errors/setup.ts';
import { systemErrors } from './errors/system.ts';

/** The error catalogue: `area.reason` → statuses, public text and remedy. One docs page is generated per code. */
export const errorCatalogue = {
  ...accessErrors,
  ...engineErrors,
  ...limitErrors,
  ...modelErrors,
  ...operationErrors,
  ...requestErrors,
  ...setupErrors,
  ...systemErrors,
} as const;

export type ErrorCode = keyof typeof errorCatalogue;
