import type { ServerSettings } from '../../config/load-settings.ts';
import { systemClock } from '../../kernel/clock.ts';
import type { SamovarError } from '../../kernel/errors.ts';
import type { Database } from '../../kernel/ports/database.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { Notifications } from '../../kernel/ports/notifications.ts';
import {
  createQueueWork,
  createSubmitRequest,
  type SubmitRequest,
} from '../../modules/inference-queue/index.ts';
import { createOperationAccess, type OperationAccess } from '../../modules/operations/index.ts';
import type { KeyLimiter } from '../../modules/usage/index.ts';
import { listenNotifications } from '../../platform/postgres/listen-notifications.ts';
import type { PolicySnapshot } from '../policy/policy-snapshot.ts';
import { requiredPostgresUrl } from '../required-postgres-url.ts';

export interface AsyncRequestParts {
  readonly settings: ServerSettings;
  readonly log: Log;
  readonly database: Database;
  policy(): PolicySnapshot;
  readonly limiter: KeyLimiter;
  mapError(thrown: unknown): SamovarError;
}

/** What surfaces need for requests that are answered later. */
export interface AsyncRequests {
  readonly submit: SubmitRequest;
  readonly operations: OperationAccess;
  /** What other processes tell, for all who follow something. */
  readonly notifications: Notifications;
  /** When the process begins to stop, `operations.stop` ends the waiting; when all requests have ended, this the rest. */
  stop(): Promise<void>;
}

export function openAsyncRequests(parts: AsyncRequestParts): AsyncRequests {
  const { settings, log, database, policy, limiter, mapError } = parts;
  const url = requiredPostgresUrl(settings, 'api');
  const notifications = listenNotifications({ url, caFile: settings.caFile, log });
  const clock = systemClock;
  const works = { completion: createQueueWork(clock) };
  const operations = createOperationAccess({ database, notifications, works, clock, log, settings });
  const submission = createSubmitRequest({ database, policy, limiter, clock, mapError, settings });
  return {
    submit: submission.submit,
    operations,
    notifications,
    async stop() {
      operations.stop();
      await submission.stop();
      await notifications.stop();
    },
  };
}
