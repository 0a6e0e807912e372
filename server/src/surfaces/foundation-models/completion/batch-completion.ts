import { TextGenerationBatchService } from '@samovar/contract/generated/yandex/cloud/ai/foundation_models/v1/text_generation/text_generation_service_pb';
import { SamovarError } from '../../../kernel/errors.ts';
import type { FoundationModelsSurface } from '../foundation-models-surface.ts';
import { ownMethod, type SurfaceMethod } from '../surface-method.ts';

type BatchCompletion = typeof TextGenerationBatchService.method.completion;

/** `TextGenerationBatchService.Completion`: part of the API, answered with what to use instead. */
export function batchCompletionMethod(
  surface: Pick<FoundationModelsSurface, 'mapError' | 'log'>,
): SurfaceMethod<BatchCompletion> {
  return ownMethod(surface, {
    method: {
      id: 'foundation-models.text-generation.completion-batch',
      descriptor: TextGenerationBatchService.method.completion,
      permission: 'inference.invoke',
      audit: null,
      summary: 'Generate texts for a data set (not served)',
    },
    async answer() {
      throw new SamovarError('request.not_implemented', {
        params: {
          method: 'TextGenerationBatchService.Completion',
          reason:
            'there are no data sets here; send each request with TextGenerationAsyncService.Completion.',
        },
      });
    },
  });
}
