import { defineErrors } from '../error-entry.ts';

/** Of connections to engines that run elsewhere. */
export const remoteErrors = defineErrors({
  'remote.not_found': {
    httpStatus: 404,
    grpcStatus: 'NOT_FOUND',
    message: 'There is no connected engine {engine} in this project.',
    remedy: '`samovar remotes` lists them.',
  },
  'remote.exists': {
    httpStatus: 409,
    grpcStatus: 'ALREADY_EXISTS',
    message: 'An engine named {engine} is connected already.',
    remedy: 'Choose another name, or change that one with `samovar remotes set {engine}`.',
  },
  'remote.runs_elsewhere': {
    httpStatus: 409,
    grpcStatus: 'FAILED_PRECONDITION',
    message: 'The model {model} runs on a connected engine, which alone decides how it is kept in memory.',
    remedy:
      '`samovar remotes` shows the engines; `samovar remotes set ENGINE --disable` sends nothing there any more.',
  },
  'remote.adapters_unsupported': {
    httpStatus: 409,
    grpcStatus: 'FAILED_PRECONDITION',
    message: 'The engine {engine} is not known to load adapters while it runs.',
    remedy:
      'A vLLM does, when it was started with `--enable-lora` and VLLM_ALLOW_RUNTIME_LORA_UPDATING=1. `samovar remotes probe {engine}` looks again what it is.',
  },
});
