import { SamovarError } from '../../kernel/errors.ts';

/** There is none of this id or model in the project, or it was removed. */
export function notFound(deploymentId: string): SamovarError {
  return new SamovarError('deployment.not_found', { params: { deployment: deploymentId.slice(0, 64) } });
}
