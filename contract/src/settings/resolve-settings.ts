import type { Setting } from './setting.ts';
import { type SettingName, settings } from './settings.ts';

type ValueOf<S extends Setting> = S['kind'] extends 'integer'
  ? S['default'] extends null
    ? number | null
    : number
  : S['kind'] extends 'boolean'
    ? boolean
    : S['kind'] extends 'list'
      ? readonly string[]
      : S['default'] extends null
        ? string | null
        : string;

/** The typed configuration: one field per setting. */
export type Settings = { readonly [N in SettingName]: ValueOf<(typeof settings)[N]> };

export type SettingSource = 'flag' | 'environment' | 'file' | 'default';

export interface SettingProblem {
  readonly name: string;
  readonly source: string;
  readonly reason: string;
}

export interface ResolvedSettings {
  readonly values: Settings;
  readonly sources: Readonly<Record<SettingName, SettingSource>>;
  /** Values that do not fit, and names in the file that no setting has. */
  readonly problems: readonly SettingProblem[];
}

export interface SettingInputs {
  readonly flags: Readonly<Partial<Record<SettingName, string>>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The parsed `samovar.yaml`, `{}` when there is none. */
  readonly file: Readonly<Record<string, unknown>>;
}

/** Flags win over the environment, that over the file, that over the defaults. An empty string counts as unset. */
export function resolveSettings(inputs: SettingInputs): ResolvedSettings {
  const values: Record<string, unknown> = {};
  const sources: Record<string, SettingSource> = {};
  const places: Partial<Record<SettingName, string>> = {};
  const problems: SettingProblem[] = [];
  const fromFile = new Map(valuesOf(inputs.file));
  for (const name of Object.keys(settings) as SettingName[]) {
    const setting: Setting = settings[name];
    const [text, source, place] = pick(name, setting, inputs, fromFile);
    sources[name] = source;
    places[name] = place;
    const misfit = source === 'file' ? misfitOf(setting, fromFile.get(setting.yaml)) : null;
    const parsed = misfit === null ? parse(setting, text) : { reason: misfit };
    if ('reason' in parsed) problems.push({ name: setting.env, source: place, reason: parsed.reason });
    values[name] = 'reason' in parsed ? null : parsed.value;
  }
  problems.push(
    ...unusedEndpoint(values, places),
    ...missingHalf(values, places),
    ...samePorts(values, places),
  );
  const known = new Set<string>(Object.values(settings).map((setting) => setting.yaml));
  for (const path of fromFile.keys()) {
    if (!known.has(path))
      problems.push({ name: path, source: 'samovar.yaml', reason: 'there is no such setting' });
  }
  return { values: values as Settings, sources: sources as Record<SettingName, SettingSource>, problems };
}

/** Who names an S3 server means files to lie or to be read there: without a bucket they would stay on the disk in silence. */
function unusedEndpoint(
  values: Readonly<Record<string, unknown>>,
  { s3Endpoint: place }: Readonly<Partial<Record<SettingName, string>>>,
): SettingProblem[] {
  const { s3Endpoint, s3Bucket, modelBuckets } = values;
  const isUsed = s3Bucket !== null || (Array.isArray(modelBuckets) && modelBuckets.length > 0);
  if (s3Endpoint === null || isUsed || place === undefined) return [];
  const reason = `it has no effect without ${settings.s3Bucket.env}, the bucket for files of this installation, or ${settings.modelBuckets.env}, those that models may come from`;
  return [{ name: settings.s3Endpoint.env, source: place, reason }];
}

/** A certificate and its key are one: half of them would leave connections plain in silence. */
function missingHalf(
  values: Readonly<Record<string, unknown>>,
  places: Readonly<Partial<Record<SettingName, string>>>,
): SettingProblem[] {
  return (['tlsCertFile', 'tlsKeyFile'] as const).flatMap((name) => {
    const other = name === 'tlsCertFile' ? 'tlsKeyFile' : 'tlsCertFile';
    if (values[name] === null || values[other] !== null) return [];
    const reason = `it has no effect without ${settings[other].env}`;
    return [{ name: settings[name].env, source: places[name] ?? '', reason }];
  });
}

/** Told as what it is: the second of two servers on one port would find it in use by the first. */
function samePorts(
  { port, grpcPort }: Readonly<Record<string, unknown>>,
  places: Readonly<Partial<Record<SettingName, string>>>,
): SettingProblem[] {
  if (port === 0 || port === null || port !== grpcPort) return [];
  const reason = `it is the port of ${settings.port.env} too, and each needs its own`;
  return [{ name: settings.grpcPort.env, source: places.grpcPort ?? '', reason }];
}

function pick(
  name: SettingName,
  setting: Setting,
  inputs: SettingInputs,
  fromFile: ReadonlyMap<string, unknown>,
): [string | null, SettingSource, string] {
  const flag = inputs.flags[name];
  if (flag !== undefined) return [flag, 'flag', 'the command line'];
  const variable = inputs.environment[setting.env];
  if (variable !== undefined && variable !== '') return [variable, 'environment', 'the environment'];
  const inFile = fromFile.get(setting.yaml);
  if (inFile !== undefined)
    return [Array.isArray(inFile) ? inFile.join(',') : String(inFile), 'file', 'samovar.yaml'];
  return [setting.default, 'default', 'its default'];
}

function parse(setting: Setting, text: string | null): { value: unknown } | { reason: string } {
  if (setting.kind === 'list')
    return {
      value: (text ?? '')
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    };
  if (text === null) return { value: null };
  if (setting.choices && !setting.choices.includes(text))
    return { reason: `it must be one of ${setting.choices.join(', ')}` };
  if (setting.path && /^~(\/|$)/.test(text))
    return { reason: '`~` is not understood here: write the whole path' };
  if (setting.address && !isAddress(setting.address, text)) return { reason: addressForms[setting.address] };
  if (setting.kind === 'boolean') return parseBoolean(text);
  if (setting.kind === 'integer') return parseInteger(setting, text);
  return { value: text };
}

const addressForms = {
  http: 'it must be an address that begins with http:// or https://',
  'host-port': 'it must be a host and a port, as in models.example:17004',
  postgres: 'it must be an address that begins with postgres:// or postgresql://',
} as const;

function isAddress(form: keyof typeof addressForms, text: string): boolean {
  // A socket's address (`postgres://user@/name?host=/folder`) is none that `URL` knows.
  if (form === 'postgres') return /^postgres(ql)?:\/\/./i.test(text);
  if (form === 'host-port') return /^[^\s/@:]+:\d{1,5}$|^\[[\da-f:.]+\]:\d{1,5}$/i.test(text);
  return /^https?:\/\/./i.test(text) && URL.canParse(text);
}

function parseBoolean(text: string): { value: boolean } | { reason: string } {
  if (['true', '1', 'yes', 'on'].includes(text.toLowerCase())) return { value: true };
  if (['false', '0', 'no', 'off'].includes(text.toLowerCase())) return { value: false };
  return { reason: 'it must be true or false' };
}

function parseInteger(setting: Setting, text: string): { value: number } | { reason: string } {
  if (!/^-?\d+$/.test(text.trim())) return { reason: 'it must be a whole number' };
  const value = Number(text);
  if (setting.minimum !== undefined && value < setting.minimum)
    return { reason: `it must be at least ${setting.minimum}` };
  if (setting.maximum !== undefined && value > setting.maximum)
    return { reason: `it must be at most ${setting.maximum}` };
  return { value };
}

/** Why a value of the file cannot be what was meant; `null` when it may. A text stands for every kind, as elsewhere. */
function misfitOf({ kind }: Setting, value: unknown): string | null {
  if (typeof value === 'string') return null;
  if (Array.isArray(value)) {
    if (kind !== 'list') return 'it must be one value, not a list';
    return value.every(isScalar) ? null : 'each of the list must be a text';
  }
  if (kind === 'integer') return typeof value === 'number' ? null : 'it must be a whole number';
  if (kind === 'boolean') return typeof value === 'boolean' ? null : 'it must be true or false';
  return `it must be a text: write it in quotes ("${String(value)}")`;
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number';
}

/** The values of the file by their paths (`s3.bucket`). */
function* valuesOf(file: Readonly<Record<string, unknown>>, prefix = ''): Iterable<[string, unknown]> {
  for (const [key, value] of Object.entries(file)) {
    if (value === null || value === undefined) continue;
    if (typeof value === 'object' && !Array.isArray(value))
      yield* valuesOf(value as Record<string, unknown>, `${prefix}${key}.`);
    else yield [prefix + key, value];
  }
}
