import { defineErrors } from '../error-entry.ts';

export const modelErrors = defineErrors({
  'model.not_found': {
    httpStatus: 404,
    grpcStatus: 'NOT_FOUND',
    message: 'The model `{model}` does not exist or you do not have access to it.',
    remedy: '`GET /v1/models` lists the models that this key can call.',
  },
  'model.wrong_task': {
    httpStatus: 400,
    grpcStatus: 'INVALID_ARGUMENT',
    message: 'The model `{model}` does {task}, which this endpoint does not serve.',
    remedy: 'Choose another model, or another endpoint.',
  },
  'model.not_ready': {
    httpStatus: 503,
    grpcStatus: 'UNAVAILABLE',
    message: 'The model `{model}` is not ready: {state}.',
    remedy: 'Its files are still being fetched or checked. `samovar models` shows the progress.',
  },
});
