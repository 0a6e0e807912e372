import { defineErrors } from '../error-entry.ts';

export const limitErrors = defineErrors({
  'limit.requests': {
    httpStatus: 429,
    grpcStatus: 'RESOURCE_EXHAUSTED',
    message: 'The key reached its limit of {limit} requests per minute.',
    remedy: 'Wait for the time in `Retry-After`, or raise the limit of the key.',
  },
  'limit.tokens': {
    httpStatus: 429,
    grpcStatus: 'RESOURCE_EXHAUSTED',
    message: 'The key reached its limit of {limit} tokens per minute; this request needs {requested}.',
    remedy: 'Wait for the time in `Retry-After`, ask for fewer tokens, or raise the limit of the key.',
  },
  'limit.parallel': {
    httpStatus: 429,
    grpcStatus: 'RESOURCE_EXHAUSTED',
    message: 'The key reached its limit of {limit} parallel requests.',
    remedy: 'Send fewer requests at a time, or raise the limit of the key.',
  },
  'limit.abandoned': {
    httpStatus: 429,
    grpcStatus: 'RESOURCE_EXHAUSTED',
    message: 'The key has abandoned {limit} requests that the engine has not let go of yet.',
    remedy: 'Wait for the time in `Retry-After`. Read answers to their end, or cancel more slowly.',
  },
  'limit.request_too_large': {
    httpStatus: 429,
    grpcStatus: 'RESOURCE_EXHAUSTED',
    message:
      'This request needs {requested} tokens, more than the whole limit of the key: {limit} tokens per minute.',
    remedy: 'Waiting does not help: shorten the input, ask for fewer tokens, or raise the limit of the key.',
  },
  'limit.followers': {
    httpStatus: 429,
    grpcStatus: 'RESOURCE_EXHAUSTED',
    message: 'There are already {limit} streams of events that are being followed.',
    remedy: 'Close streams that nobody reads, or read the present state without following it.',
  },
  'limit.queue_full': {
    httpStatus: 429,
    grpcStatus: 'RESOURCE_EXHAUSTED',
    message: 'The project already has {limit} asynchronous requests that wait or run.',
    remedy: 'Retry when some of them have ended, or raise SAMOVAR_QUEUE_LIMIT.',
  },
});
