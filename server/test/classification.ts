import type { Classification, ClassificationRequest, Classify } from '../src/modules/classification/index.ts';
import { createClassify } from '../src/modules/classification/index.ts';
import type { StartInference } from '../src/modules/inference/index.ts';
import { plainAlias } from '../src/modules/registry/index.ts';
import { embeddingVersionId, type TestGateway } from './gateway.ts';
import { testPrincipal } from './test-principal.ts';

export interface TestClassifier {
  readonly classify: Classify;
  /** Classifies with the chat model unless told otherwise. */
  ask(more?: Partial<ClassificationRequest>, signal?: AbortSignal): Promise<Classification>;
}

/** Classification over a test's gateway: its chat model `m` and its embedding model `e`. */
export function classifierOver(
  gateway: TestGateway,
  start: StartInference = gateway.inference.start,
): TestClassifier {
  const { model, keyId } = gateway;
  const embedding = { ...model, name: 'e', task: 'embedding' as const, versionId: embeddingVersionId };
  const models = new Map([model, embedding].map((one) => [`${one.projectId}/${one.name}`, one]));
  const versions = new Map([model, embedding].map((one) => [one.versionId, one]));
  const classify = createClassify({
    start,
    models: () => ({
      models,
      versions,
      aliases: new Map([[`${model.projectId}/chat-default`, plainAlias('chat-default', model)]]),
      pending: new Map(),
      archived: new Map(),
      deprecated: new Map(),
    }),
  });
  return {
    classify,
    ask: async (more = {}, signal = new AbortController().signal) =>
      classify(
        {
          requestId: 'request-1',
          principal: testPrincipal(keyId, model),
          endpoint: 'foundation-models.classify',
          model: 'm',
          taskDescription: 'Tell what the text is about.',
          labels: ['sports', 'cooking', 'weather'],
          text: 'It rained the whole day, and the wind was cold.',
          samples: [],
          deadline: null,
          ...more,
        },
        signal,
      ),
  };
}
