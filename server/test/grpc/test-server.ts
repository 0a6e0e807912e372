import { create } from '@bufbuild/protobuf';
import { defaultScope } from '@samovar/contract/default-scope';
import {
  TextGenerationService,
  TokenizerService,
} from '@samovar/contract/generated/yandex/cloud/ai/foundation_models/v1/text_generation/text_generation_service_pb';
import { asSamovarError, SamovarError } from '../../src/kernel/errors.ts';
import type {
  BoundGrpcMethod,
  MessageExchange,
  MessageRefusal,
} from '../../src/kernel/ports/message-exchange.ts';
import { authorize } from '../../src/modules/iam/index.ts';
import {
  createGrpcServer,
  type GrpcServer,
  type GrpcServerOptions,
} from '../../src/platform/grpc/grpc-server.ts';
import { silentLog } from '../silent-log.ts';
import { testPrincipal } from '../test-principal.ts';

export const unary = TokenizerService.method.tokenize;
export const streaming = TextGenerationService.method.completion;
export type UnaryExchange = MessageExchange<typeof unary>;
export type StreamingExchange = MessageExchange<typeof streaming>;

/** The key that may call, and one that may not. */
export const goodKey = 'smv_test';
export const poorKey = 'smv_poor';

export interface TestGrpcServer {
  readonly server: GrpcServer;
  readonly address: string;
  readonly refusals: MessageRefusal[];
}

export interface TestServerOptions {
  unary?(exchange: UnaryExchange): void;
  streaming?(exchange: StreamingExchange): void;
  readonly settings?: Partial<GrpcServerOptions['settings']>;
  readonly times?: GrpcServerOptions['times'];
  readonly certificate?: GrpcServerOptions['certificate'];
  readonly memoryBytes?: number;
  ready?(): boolean;
  endRunning?(error: SamovarError): void;
}

/** A gRPC server with one method of each kind; the unary one gives its text back when nothing else is asked for. */
export async function startTestGrpcServer(options: TestServerOptions = {}): Promise<TestGrpcServer> {
  const refusals: MessageRefusal[] = [];
  const refused = (refusal: MessageRefusal) => void refusals.push(refusal);
  const common = { permission: 'inference.invoke', audit: null } as const;
  const unaryMethod: BoundGrpcMethod<typeof unary> = {
    method: { ...common, id: 'test.unary', descriptor: unary, summary: 'One message' },
    handle: options.unary ?? answerText,
    refused,
  };
  const streamingMethod: BoundGrpcMethod<typeof streaming> = {
    method: { ...common, id: 'test.streaming', descriptor: streaming, summary: 'Many messages' },
    handle: options.streaming ?? (({ answer }) => answer.end()),
    refused,
  };
  const server = await createGrpcServer({
    methods: [unaryMethod, streamingMethod],
    authenticate(key) {
      if (key === null) throw new SamovarError('access.key_missing');
      if (key === poorKey) return testPrincipal('poor', defaultScope, []);
      if (key !== goodKey) throw new SamovarError('access.key_invalid');
      return testPrincipal('good');
    },
    newerPolicy: () => null,
    authorize,
    settings: {
      host: '127.0.0.1',
      grpcPort: 0,
      bodyLimitBytes: 1024 * 1024,
      connectionLimit: 100,
      ...options.settings,
    },
    certificate: options.certificate ?? null,
    ready: options.ready ?? (() => true),
    mapError: asSamovarError,
    endRunning: options.endRunning ?? (() => {}),
    log: silentLog,
    ...(options.times ? { times: options.times } : {}),
    ...(options.memoryBytes === undefined ? {} : { memoryBytes: options.memoryBytes }),
  });
  const address = `${server.host}:${server.port}`;
  return { server, address, refusals };
}

export function answerText({ request, answer }: UnaryExchange): void {
  answer.begin({});
  answer.message(create(unary.output, { tokens: [{ id: 1n, text: request.text }] }));
  answer.end();
}
