import { create } from '@bufbuild/protobuf';
import {
  FewShotTextClassificationResponseSchema,
  TextClassificationService,
} from '@samovar/contract/generated/yandex/cloud/ai/foundation_models/v1/text_classification/text_classification_service_pb';
import { SamovarError } from '../../../kernel/errors.ts';
import type { Classification } from '../../../modules/classification/index.ts';
import type { ResolvedModel } from '../../../modules/registry/index.ts';
import { inOwnTerms } from '../error-terms.ts';
import type { FoundationModelsSurface } from '../foundation-models-surface.ts';
import { modelVersion } from '../model-version.ts';
import { missingField } from '../request-error.ts';
import { answerLater, type Call, inferenceMethod, type SurfaceMethod } from '../surface-method.ts';

type FewShotClassify = typeof TextClassificationService.method.fewShotClassify;
type Classify = typeof TextClassificationService.method.classify;

const endpoint = 'foundation-models.classify' as const;

/** `TextClassificationService.FewShotClassify`: classes that the request names, with samples or without. */
export function fewShotClassifyMethod(surface: FoundationModelsSurface): SurfaceMethod<FewShotClassify> {
  return inferenceMethod(surface, {
    method: {
      id: 'foundation-models.text-classification.few-shot-classify',
      descriptor: TextClassificationService.method.fewShotClassify,
      permission: 'inference.invoke',
      audit: null,
      summary: 'Classify a text by a description and samples',
    },
    endpoint,
    modelUriOf: (request) => request.modelUri,
    scheme: 'cls',
    begin: (call, model) => classify(surface, call, model),
  });
}

/** `TextClassificationService.Classify`: classes that a model was tuned for, which none here is. */
export function classifyMethod(surface: FoundationModelsSurface): SurfaceMethod<Classify> {
  return inferenceMethod(surface, {
    method: {
      id: 'foundation-models.text-classification.classify',
      descriptor: TextClassificationService.method.classify,
      permission: 'inference.invoke',
      audit: null,
      summary: 'Classify a text with a tuned classifier',
    },
    endpoint,
    modelUriOf: (request) => request.modelUri,
    scheme: 'cls',
    begin(call) {
      const { modelUri, text } = call.request;
      if (text === '') throw missingField('text');
      throw new SamovarError('model.not_a_classifier', { params: { model: modelUri }, field: 'modelUri' });
    },
  });
}

function classify(surface: FoundationModelsSurface, call: Call<FewShotClassify>, model: ResolvedModel): void {
  const { request, answer, requestId, principal, deadline } = call;
  const leaving = new AbortController();
  answer.onGone(() => leaving.abort());
  const { taskDescription, labels, text, samples } = request;
  const asked = {
    requestId,
    principal,
    endpoint,
    model: model.name,
    taskDescription,
    labels,
    text,
    samples,
    deadline,
  };
  const message = surface.classify(asked, leaving.signal).then((classified) => answerOf(classified, labels));
  answerLater(answer, { message, headers: {} }).catch((thrown: unknown) => {
    if (leaving.signal.aborted) return;
    const error = inOwnTerms(surface.mapError(thrown));
    if (error.code === 'system.internal')
      surface.log.error({ requestId, error: error.cause }, 'A classification failed');
    answer.error(error);
  });
}

function answerOf({ confidences, inputTokens, model }: Classification, labels: readonly string[]) {
  return create(FewShotTextClassificationResponseSchema, {
    predictions: labels.map((label, index) => ({ label, confidence: confidences[index] ?? 0 })),
    modelVersion: modelVersion(model.versionId),
    inputTokens: BigInt(inputTokens),
  });
}
