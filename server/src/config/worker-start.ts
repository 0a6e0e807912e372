import { type WorkerStart, workerStartVariable } from '@samovar/contract/worker-protocol';

/** The start record that the engine host handed to this model worker. */
export function readWorkerStart(): WorkerStart {
  const text = process.env[workerStartVariable];
  if (text === undefined)
    throw new Error(`${workerStartVariable} is not set: model workers are started by the engine host`);
  return JSON.parse(text) as WorkerStart;
}
