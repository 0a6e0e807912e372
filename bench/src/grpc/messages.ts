import { create, type DescMessage, fromBinary, toBinary } from '@bufbuild/protobuf';
import { EmbeddingsService } from '@samovar/contract/generated/yandex/cloud/ai/foundation_models/v1/embedding/embedding_service_pb';
import { Alternative_AlternativeStatus } from '@samovar/contract/generated/yandex/cloud/ai/foundation_models/v1/text_common_pb';
import {
  TextGenerationService,
  TokenizerService,
} from '@samovar/contract/generated/yandex/cloud/ai/foundation_models/v1/text_generation/text_generation_service_pb';

/** As long as those of the packaged embedding model, of numbers as short as it writes them. */
export const vector: readonly number[] = Array.from({ length: 384 }, (_, index) =>
  Number((Math.sin(index + 1) / 14).toFixed(9)),
);

/** The calls that are measured, each with the request of the client and the answer that a bare echo gives. */
export const calls = {
  completion: {
    descriptor: TextGenerationService.method.completion,
    request: create(TextGenerationService.method.completion.input, {
      modelUri: 'gpt://0/smollm2-135m-instruct',
      completionOptions: { maxTokens: 64n, temperature: 0.7 },
      messages: [
        message('system', 'You are a helpful assistant. Answer briefly and honestly.'),
        message('user', 'What is the capital of France?'),
      ],
    }),
    answer: create(TextGenerationService.method.completion.output, {
      alternatives: [
        {
          message: message('assistant', 'The capital of France is Paris.'),
          status: Alternative_AlternativeStatus.FINAL,
        },
      ],
      usage: {
        inputTextTokens: 31n,
        completionTokens: 9n,
        totalTokens: 40n,
        completionTokensDetails: { reasoningTokens: 0n },
      },
      modelVersion: '0198f0c0',
    }),
  },
  tokenize: {
    descriptor: TokenizerService.method.tokenize,
    request: create(TokenizerService.method.tokenize.input, {
      modelUri: 'gpt://0/smollm2-135m-instruct',
      text: 'What is the capital of France?',
    }),
    answer: create(TokenizerService.method.tokenize.output, {
      tokens: [1, 2, 3, 4, 5, 6, 7].map((id) => ({ id: BigInt(id), text: ' token' })),
      modelVersion: '0198f0c0',
    }),
  },
  textEmbedding: {
    descriptor: EmbeddingsService.method.textEmbedding,
    request: create(EmbeddingsService.method.textEmbedding.input, {
      modelUri: 'emb://0/all-minilm-l6-v2',
      text: 'What is the capital of France?',
    }),
    answer: create(EmbeddingsService.method.textEmbedding.output, {
      embedding: [...vector],
      numTokens: 9n,
      modelVersion: '0198f0c0',
    }),
  },
} as const;

export type CallName = keyof typeof calls;

export function pathOf(name: CallName): string {
  const { descriptor } = calls[name];
  return `/${descriptor.parent.typeName}/${descriptor.name}`;
}

/** How a generated client or server reads and writes messages of this type. */
export function codecOf<Descriptor extends DescMessage>(descriptor: Descriptor) {
  return {
    write: (value: Parameters<typeof toBinary<Descriptor>>[1]) => Buffer.from(toBinary(descriptor, value)),
    read: (bytes: Buffer) => fromBinary(descriptor, bytes),
  };
}

function message(role: string, text: string) {
  return { role, Content: { case: 'text' as const, value: text } };
}
