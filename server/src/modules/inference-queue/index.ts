export type { AsyncRequest, CompletionResult, SubmitRequest } from './queued-request.ts';
