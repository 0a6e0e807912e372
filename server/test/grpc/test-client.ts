import {
  create,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import {
  type CallOptions,
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { ErrorInfoSchema } from '@samovar/contract/generated/google/rpc/error_details_pb';
import { StatusSchema } from '@samovar/contract/generated/google/rpc/status_pb';
import { goodKey } from './test-server.ts';

export interface Outcome<Message> {
  readonly message: Message | null;
  readonly error: ServiceError | null;
  /** Of the headers, then of the trailers where the call failed. */
  readonly headers: Record<string, unknown>;
  readonly trailers: Record<string, unknown>;
}

export interface TestClient {
  unary<Method extends DescMethod>(
    method: Method,
    request: MessageInitShape<Method['input']>,
    more?: CallExtras,
  ): Promise<Outcome<MessageShape<Method['output']>>>;
  stream<Method extends DescMethod>(
    method: Method,
    request: MessageInitShape<Method['input']>,
    more?: CallExtras,
  ): ClientReadableStream<MessageShape<Method['output']>>;
  readonly raw: Client;
  close(): void;
}

export interface CallExtras {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly options?: CallOptions;
}

/** The official client, with the messages of our contract and the good key. */
export function createTestClient(
  address: string,
  channel: ChannelCredentials = credentials.createInsecure(),
  options: ChannelOptions = {},
): TestClient {
  const raw = new Client(address, channel, { 'grpc.use_local_subchannel_pool': 1, ...options });
  return {
    raw,
    unary: (method, request, more = {}) =>
      new Promise((resolve) => {
        let headers: Record<string, unknown> = {};
        const call = raw.makeUnaryRequest(
          pathOf(method),
          serialiser(method),
          deserialiser(method),
          request,
          metadataOf(more),
          more.options ?? {},
          (error, message) =>
            resolve({
              message: message ?? null,
              error,
              headers,
              trailers: error?.metadata?.getMap() ?? {},
            }),
        );
        call.on('metadata', (metadata: Metadata) => {
          headers = metadata.getMap();
        });
      }),
    stream: (method, request, more = {}) =>
      raw.makeServerStreamRequest(
        pathOf(method),
        serialiser(method),
        deserialiser(method),
        request,
        metadataOf(more),
        more.options ?? {},
      ),
    close: () => raw.close(),
  };
}

/** The code of ours in the details of an error, `null` without one. */
export function codeOf(error: ServiceError | null): string | null {
  const [details] = error?.metadata.get('grpc-status-details-bin') ?? [];
  if (!(details instanceof Buffer)) return null;
  const [first] = fromBinary(StatusSchema, details).details;
  return first ? (fromBinary(ErrorInfoSchema, first.value).metadata.code ?? null) : null;
}

/** All messages of a stream, and the error that it ended with. */
export async function collect<Message>(
  stream: ClientReadableStream<Message>,
): Promise<{ readonly messages: Message[]; readonly error: ServiceError | null }> {
  const messages: Message[] = [];
  try {
    for await (const message of stream) messages.push(message as Message);
    return { messages, error: null };
  } catch (error) {
    return { messages, error: error as ServiceError };
  }
}

export function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

function serialiser<Method extends DescMethod>(method: Method) {
  return (request: MessageInitShape<Method['input']>) =>
    Buffer.from(toBinary(method.input, create(method.input, request)));
}

function deserialiser<Method extends DescMethod>(method: Method) {
  return (bytes: Buffer) => fromBinary(method.output, bytes) as MessageShape<Method['output']>;
}

function metadataOf({ metadata = {} }: CallExtras): Metadata {
  const all = new Metadata();
  for (const [name, value] of Object.entries({ authorization: `Bearer ${goodKey}`, ...metadata }))
    all.set(name, value);
  return all;
}
