export { createSubmitRequest } from './create-submit-request.ts';
export { createDispatcher } from './dispatcher.ts';
export { measureQueue, type QueueMeasure } from './measure-queue.ts';
export { createQueueWork } from './queue-work.ts';
export type { AsyncRequest, SubmitRequest } from './queued-request.ts';
