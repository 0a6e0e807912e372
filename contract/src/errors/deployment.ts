import { defineErrors } from '../error-entry.ts';

export const deploymentErrors = defineErrors({
  'deployment.not_found': {
    httpStatus: 404,
    grpcStatus: 'NOT_FOUND',
    message: 'The deployment `{deployment}` does not exist or you do not have access to it.',
    remedy: '`samovar deployments` lists those of this project.',
  },
  'deployment.several': {
    httpStatus: 409,
    grpcStatus: 'FAILED_PRECONDITION',
    message: 'The alias {alias} shares its requests out among several models: {models}.',
    remedy: 'Name one of these models.',
  },
  'deployment.exists': {
    httpStatus: 409,
    grpcStatus: 'ALREADY_EXISTS',
    message: 'The model {model} is deployed already.',
    remedy: 'Change its deployment: `samovar deployments set {model}`.',
  },
  'deployment.base_mismatch': {
    httpStatus: 409,
    grpcStatus: 'FAILED_PRECONDITION',
    message: 'The adapter {adapter} was trained on {lineage}, and {base} is not made of that.',
    remedy:
      'Choose a model that is made of the same weights; `force` runs it all the same, which is recorded, and its answers may be nonsense.',
  },
});
