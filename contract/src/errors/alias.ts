import { defineErrors } from '../error-entry.ts';

export const aliasErrors = defineErrors({
  'alias.task_changed': {
    httpStatus: 409,
    grpcStatus: 'FAILED_PRECONDITION',
    message: '`{alias}` does {task}, and its new target does {wanted}: its callers would break.',
    remedy: 'Point it at a model of the same kind, or say `force` when that is what you want.',
  },
  'alias.changed': {
    httpStatus: 409,
    grpcStatus: 'ABORTED',
    message: '`{alias}` was moved meanwhile: it is at revision {revision}, not {expected}.',
    remedy: '`samovar aliases show {alias}` tells how it is now. Decide anew, and send its revision.',
  },
  'alias.no_candidate': {
    httpStatus: 409,
    grpcStatus: 'FAILED_PRECONDITION',
    message: '`{alias}` has {targets}, so nobody can tell which is the candidate.',
    remedy: 'Name the model, or give the alias a second target first.',
  },
  'alias.nothing_to_roll_back': {
    httpStatus: 409,
    grpcStatus: 'FAILED_PRECONDITION',
    message: 'There is no earlier state of `{alias}` to go back to.',
    remedy: '`samovar aliases history {alias}` lists its moves.',
  },
  'alias.target_gone': {
    httpStatus: 409,
    grpcStatus: 'FAILED_PRECONDITION',
    message: '`{alias}` pointed at {target}, which is gone or archived.',
    remedy: 'Point the alias at something else with `samovar aliases set {alias}`.',
  },
  'alias.canary_running': {
    httpStatus: 409,
    grpcStatus: 'FAILED_PRECONDITION',
    message: 'A canary of `{alias}` is running.',
    remedy:
      '`samovar aliases canary {alias} --stop` ends it, `samovar aliases rollback {alias}` takes it back and `samovar aliases promote {alias}` finishes it.',
  },
  'alias.no_canary': {
    httpStatus: 409,
    grpcStatus: 'FAILED_PRECONDITION',
    message: 'No canary of `{alias}` is running.',
    remedy: '`samovar aliases history {alias}` tells how the last one ended.',
  },
  'alias.taken': {
    httpStatus: 409,
    grpcStatus: 'ALREADY_EXISTS',
    message: 'Another project shares the alias `{alias}` with the organization.',
    remedy: 'Choose another name, or make it an alias of your project alone.',
  },
});
