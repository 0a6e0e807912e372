import { asSamovarError, SamovarError } from '../../kernel/errors.ts';
import type { ConfigVersion } from '../../kernel/ports/config-version.ts';
import type { Database } from '../../kernel/ports/database.ts';
import type { JobDefinition } from '../../kernel/ports/job-queue.ts';
import type { Log } from '../../kernel/ports/log.ts';
import type { StartInference } from '../inference/index.ts';
import { getServedVersion, type ServedModel } from '../registry/index.ts';
import { type MeasuredSetup, selectMeasurements } from '../serving/index.ts';
import { AnswerTooSlow, type AskedModel, createAskedModel } from './asked-model.ts';
import { awaitRoom, type CheckRoom, NoRoomBeside } from './await-room.ts';
import { type CheckEnd, endCheck, noteProgress, startCheck, tidyChecks } from './check-store.ts';
import { runSuite } from './conformance/run-suite.ts';
import { type CheckFailure, type CheckResult, type ModelCheck, usualWish } from './model-check.ts';
import { type ModelCheckPayload, modelCheckJobKind } from './request-check.ts';
import { measureSpeed } from './speed/measure-speed.ts';

export interface ModelCheckDependencies {
  readonly database: Database;
  readonly configVersion: ConfigVersion;
  /** Of a data path whose requests are nobody's: `createCheckInference`. */
  readonly start: StartInference;
  readonly room: CheckRoom;
  readonly log: Log;
}

/** Another attempt has the check by now. */
class CheckTaken extends Error {}

/**
 * Works on one check. A lost process's check begins anew, and what the former attempt still writes is void. A model that
 * cannot be asked ends the check as failed, with the reason.
 */
export function createModelCheckJob(deps: ModelCheckDependencies): JobDefinition<ModelCheckPayload> {
  const { database, log } = deps;
  return {
    ...modelCheckJobKind,
    async handle({ checkId }, { attempt, signal }) {
      const check = await startCheck(database, checkId, attempt);
      if (check === null) return;
      const about = { check: check.id, kind: check.kind, model: check.modelName };
      const model = await getServedVersion(database, check, check.versionId);
      // What a person asked for is loaded as for any request.
      const isOwn = check.actor.kind === 'system';
      const admit = async () => {
        if (isOwn && model !== null) await awaitRoom(deps.room, model, signal);
      };
      const asked = model && createAskedModel(deps.start, model, signal, admit);
      try {
        const end = asked ? await workOn(deps, check, asked, attempt) : goneEnd(check);
        await write(deps, check, attempt, end);
        log.info({ ...about, ...asked?.used }, 'a model was checked');
      } catch (error) {
        // A process that drains leaves it to the next attempt.
        if (signal.aborted) throw error;
        if (error instanceof CheckTaken) return;
        const failure = failureOf(error);
        log.warn({ ...about, error }, 'a model could not be checked');
        const used = asked?.used ?? { inputTokens: 0, outputTokens: 0 };
        await write(deps, check, attempt, { event: 'fail', failure, setup: null, ...used });
      }
    },
  };
}

async function workOn(
  { database }: ModelCheckDependencies,
  check: ModelCheck,
  asked: AskedModel,
  attempt: number,
): Promise<CheckEnd> {
  const tell = async (done: number, of: number, step: string): Promise<void> => {
    if (!(await noteProgress(database, check.id, attempt, { progress: done / of, step })))
      throw new CheckTaken();
  };
  const result: CheckResult =
    check.kind === 'conformance'
      ? { findings: await runSuite(asked, tell) }
      : { levels: await measureSpeed(asked, check.wanted ?? usualWish, tell) };
  return { event: 'finish', result, setup: await setupOf(database, asked.model), ...asked.used };
}

/** What answers at present: the setup whose worker was loaded last. `null` of a connected engine, which tells none. */
async function setupOf(
  database: Database,
  { versionId, manifest }: ServedModel,
): Promise<MeasuredSetup | null> {
  if (manifest.engine === 'remote') return null;
  const [latest] = await selectMeasurements(database, [versionId]);
  return latest ? { hardware: latest.hardware, engine: latest.engine, options: latest.options } : null;
}

async function write(
  { database, configVersion }: ModelCheckDependencies,
  check: ModelCheck,
  attempt: number,
  end: CheckEnd,
): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    const written = await endCheck(transaction, check.id, attempt, end);
    // The badge is shown by every api process from memory.
    if (written && check.kind === 'conformance') await configVersion.bump(transaction, 'replicas');
  });
}

function goneEnd({ modelName, versionId }: ModelCheck): CheckEnd {
  const error = new SamovarError('model.version_gone', { params: { model: modelName, version: versionId } });
  return { event: 'fail', failure: failureOf(error), setup: null, inputTokens: 0, outputTokens: 0 };
}

function failureOf(thrown: unknown): CheckFailure {
  if (thrown instanceof AnswerTooSlow)
    return {
      code: 'engine.deadline_passed',
      message: `The model is too slow here: ${thrown.message}.`,
      remedy: 'Ask for fewer requests at a time, or for shorter answers.',
    };
  if (thrown instanceof NoRoomBeside)
    return {
      code: 'engine.load_failed',
      message: `The model was not loaded to be checked: ${thrown.message}.`,
      remedy: '`samovar models check` loads it as for any request, and what is idle makes room.',
    };
  const { code, message, remedy } = asSamovarError(thrown);
  return { code, message, remedy };
}

/** Silent for longer than the slowest step may take. */
const silentMinutes = 60;
const keptOfVersion = 20;

/** Ends checks that nobody works on any more, and forgets old ones; schedule it under its name. */
export function tidyModelChecksJob(database: Database): JobDefinition<Record<string, never>> {
  return {
    name: 'model-checks-tidy',
    retryLimit: 3,
    retryDelaySeconds: 60,
    heartbeatSeconds: 60,
    handle: () =>
      tidyChecks(database, {
        silentMinutes,
        kept: keptOfVersion,
        failure: failureOf(new SamovarError('engine.worker_lost')),
      }),
  };
}
